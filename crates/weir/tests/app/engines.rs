//! Engines as an operator sees them: probed, shown, added, removed, drained, and kept over restarts.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use simulator::engine::Engine;
use simulator::fault::{Ending, Endpoint, Http};
use weir::config::Secret;

use crate::house::House;
use crate::stage::{Player, fast_engine, post, within};

const ENGINES: &str = "/api/v1/engines";

fn added(engine: &Engine) -> Value {
    let address = engine.address();
    json!({ "host": address.ip().to_string(), "port": address.port(), "name": "attic" })
}

#[tokio::test]
async fn engines_are_probed_and_shown_with_what_they_carry() {
    let house = House::of(2, |_| {}).await;
    house.until_well().await;
    let _player = house.player(0).await;
    let carrying = house.on(0).await;
    let engine = house.engine(carrying).await;
    assert_eq!(engine["container_id"], house.name(carrying));
    assert_eq!(engine["version"], "3.2.11");
    assert_eq!(engine["origin"], "configured");
    assert_eq!(
        (engine["channels"].as_u64(), engine["places"].as_u64()),
        (Some(1), Some(3))
    );
    assert_eq!(engine["streams"].as_array().map(Vec::len), Some(1));
    assert!(engine["last_seen"].is_string() && engine["last_stream_usage"].is_string());
    assert_eq!(engine["not_chosen"], Value::Null);
    let idle = house.engine(1 - carrying).await;
    assert_eq!(
        (&idle["streams"], &idle["last_stream_usage"]),
        (&json!([]), &Value::Null)
    );
    let all = house.get("/engines").await.json();
    assert_eq!(all.as_array().map(Vec::len), Some(2));
    let list = house.get(ENGINES).await.json();
    assert_eq!(list["engines"].as_array().map(Vec::len), Some(2));
    for unknown in ["127.0.0.1:1", "nobody", "%5B::1%5D:6878"] {
        let answer = house.get(&format!("/engines/{unknown}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{unknown}");
    }
}

#[tokio::test]
async fn an_engine_that_stops_answering_is_passed_over_and_used_again_at_once_when_it_is_back() {
    let house = House::of(2, |config| config.settings.max_streams_per_engine = 2).await;
    house.until_well().await;
    let fault = house.engines[0]
        .faults()
        .always(Endpoint::Service, Http::Drop(Ending::Reset));
    let ill = house
        .until(0, |it| it["health_status"] == "unhealthy")
        .await;
    let why = ill["not_chosen"].as_str().expect("a sentence");
    assert!(why.contains("probe(s) in a row were not answered"), "{why}");
    let health = house.get("/health/status").await.json();
    assert_eq!(health["engines"][0]["health_status"], "unhealthy");
    assert_eq!(
        health["status"], "healthy",
        "one of two is no reason to worry"
    );
    let _players = [house.player(0).await, house.player(1).await];
    assert_eq!((house.on(0).await, house.on(1).await), (1, 1));
    house.engines[0].faults().remove(fault);
    house.until(0, |it| it["health_status"] == "healthy").await;
    let _player = house.player(2).await;
    assert_eq!(house.on(2).await, 0);
}

#[tokio::test]
async fn an_engine_is_added_used_and_removed_while_weir_runs() {
    let house = House::of(0, |_| {}).await;
    let refused = house.get(&house.entry(0)).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.json()["detail"], "No engines available");
    let engine = Engine::start(fast_engine()).await.expect("an engine");
    let name = engine.address().to_string();
    let state = house
        .call(Method::POST, ENGINES, Some(added(&engine)))
        .await;
    assert_eq!(state.status, StatusCode::CREATED, "{}", state.text());
    let state = state.json();
    assert_eq!(
        (&state["origin"], &state["container_name"]),
        (&json!("added"), &json!("attic"))
    );
    let again = house
        .call(Method::POST, ENGINES, Some(added(&engine)))
        .await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    let player = house.player(1).await;
    let house = house.restart().await;
    let address = house.weir.address();
    Player { address, ..player }.poll().await;
    let kept = house.get(&format!("/engines/{name}")).await.json();
    assert_eq!(
        (&kept["container_name"], &kept["first_seen"]),
        (&json!("attic"), &state["first_seen"])
    );
    let path = format!("{ENGINES}/{name}");
    let removed = house.call(Method::DELETE, &path, None).await.json();
    assert_eq!(removed, json!({ "removed": true, "note": null }));
    let gone = house.call(Method::DELETE, &path, None).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    let refused = house.get(&house.entry(2)).await;
    assert_eq!(refused.json()["detail"], "No engines available");
    let house = house.restart().await;
    assert_eq!(house.get("/engines").await.json(), json!([]));
}

#[tokio::test]
async fn a_configured_engine_that_is_removed_is_back_after_a_restart_and_the_answer_says_so() {
    let house = House::of(1, |_| {}).await;
    let path = format!("{ENGINES}/{}", house.name(0));
    let removed = house.call(Method::DELETE, &path, None).await.json();
    let note = removed["note"].as_str().expect("a note");
    assert!(note.contains("next start"), "{note}");
    assert_eq!(house.get("/engines").await.json(), json!([]));
    let house = house.restart().await;
    assert_eq!(house.engine(0).await["origin"], "configured");
}

#[tokio::test]
async fn an_engine_that_drains_gets_nothing_new_also_after_a_restart_until_it_is_told_otherwise() {
    let house = House::of(2, |_| {}).await;
    house.until_well().await;
    let state = house.drain(0, true).await.json();
    assert_eq!(state["draining"], true);
    let why = state["not_chosen"].as_str().expect("a sentence");
    assert!(why.starts_with("draining"), "{why}");
    let house = house.restart().await;
    house.until_well().await;
    let _players = [house.player(0).await, house.player(1).await];
    assert_eq!((house.on(0).await, house.on(1).await), (1, 1));
    assert_eq!(
        house.drain(0, false).await.json()["not_chosen"],
        Value::Null
    );
    let _player = house.player(2).await;
    assert_eq!(house.on(2).await, 0);
}

#[tokio::test]
async fn what_is_wrong_with_an_engine_to_be_added_is_named_by_its_field() {
    let house = House::of(1, |_| {}).await;
    let table = [
        (json!({ "port": 1 }), "host"),
        (json!({ "host": 7, "port": 1 }), "host"),
        (json!({ "host": "", "port": 1 }), "host"),
        (json!({ "host": "http://engine", "port": 1 }), "host"),
        (json!({ "host": "user@engine", "port": 1 }), "host"),
        (json!({ "host": "engine/path", "port": 1 }), "host"),
        (json!({ "host": "engine", "port": 0 }), "port"),
        (json!({ "host": "engine", "port": "6878" }), "port"),
        (json!({ "host": "engine" }), "port"),
        (
            json!({ "host": "engine", "port": 1, "name": "x".repeat(101) }),
            "name",
        ),
        (
            json!({ "host": "engine", "port": 1, "forwarded": "yes" }),
            "forwarded",
        ),
        (
            json!({ "host": "engine", "port": 1, "colour": "red" }),
            "colour",
        ),
    ];
    for (body, field) in table {
        let answer = house.call(Method::POST, ENGINES, Some(body.clone())).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(answer.json()["errors"][0]["field"], field, "{body}");
    }
    let path = format!("{ENGINES}/{}/drain", house.name(0));
    for body in [json!({}), json!({ "draining": 1 })] {
        let answer = house.call(Method::POST, &path, Some(body)).await;
        assert_eq!(answer.json()["errors"][0]["field"], "draining");
    }
    for body in [json!([]), json!("engine")] {
        let answer = house.call(Method::POST, ENGINES, Some(body)).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    }
    assert_eq!(
        house.get("/engines").await.json().as_array().map(Vec::len),
        Some(1)
    );
}

#[tokio::test]
async fn who_has_no_key_changes_no_engine() {
    let house = House::of(1, |config| {
        config.api_key = Some(Secret::new("sesame".into()));
    })
    .await;
    let name = house.name(0);
    let engine = json!({ "host": "engine", "port": 1 });
    let drain = format!("{ENGINES}/{name}/drain");
    let calls = [
        house.call(Method::POST, ENGINES, Some(engine)).await,
        house
            .call(Method::DELETE, &format!("{ENGINES}/{name}"), None)
            .await,
        house
            .call(Method::POST, &drain, Some(json!({ "draining": true })))
            .await,
    ];
    for answer in calls {
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(house.engine(0).await["draining"], false);
    let body = json!({ "draining": true });
    let answer = post(house.weir.address(), &drain, Some("sesame"), &body).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn the_engine_of_another_proxy_is_called_only_where_the_operator_allows_it() {
    let report = |engine: &Engine| {
        let address = engine.address();
        json!({
            "engine": { "host": address.ip().to_string(), "port": address.port() },
            "stream": { "key_type": "infohash", "key": "ab".repeat(20) },
            "session": { "playback_session_id": "s1", "stat_url": "", "command_url": "", "is_live": 1 },
        })
    };
    let path = "/events/stream_started";
    for allowed in [false, true] {
        let house = House::of(0, |config| config.learn_engines = allowed).await;
        let theirs = Engine::start(fast_engine()).await.expect("an engine");
        let name = theirs.address().to_string();
        let told = house.call(Method::POST, path, Some(report(&theirs))).await;
        assert_eq!(told.status, StatusCode::OK, "{}", told.text());
        let known = house.get("/engines").await.json();
        if !allowed {
            assert_eq!(known, json!([]));
            assert_eq!(theirs.metrics().connections, 0, "nobody may call it");
            continue;
        }
        assert_eq!(
            (&known[0]["container_id"], &known[0]["origin"]),
            (&json!(name), &json!("learnt"))
        );
        within(theirs.until(|metrics| 0 < metrics.services)).await;
        let _player = house.player(0).await;
    }
}
