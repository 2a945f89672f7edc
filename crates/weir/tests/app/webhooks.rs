//! Webhooks: receivers get the news they want in order and at least once, whatever they, Weir and the others do.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use weir::app::{Service, Staged};
use weir::config::Secret;

use crate::hook::{Got, Hook, taken};
use crate::stage::{Answer, Stage, eventually, post, request, send};

const KEY: &str = "open sesame";

async fn add(address: std::net::SocketAddr, body: &Value) -> String {
    let answer = post(address, "/api/v1/webhooks", None, body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
    answer.json()["id"].as_str().expect("an id").to_owned()
}

async fn put(address: std::net::SocketAddr, id: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json")];
    let path = format!("/api/v1/webhooks/{id}");
    send(
        address,
        Method::PUT,
        &path,
        &headers,
        body.to_string().into(),
    )
    .await
}

/// Changes a setting, so that there is news.
async fn change(address: std::net::SocketAddr, window: u32) {
    let path = format!("/proxy/config?hls_window_size={window}");
    let answer = request(address, Method::POST, &path, &[]).await;
    assert_eq!(answer.status, StatusCode::OK);
}

fn windows(got: &[Got]) -> Vec<&str> {
    let changes = got.iter().filter(|it| it.kind == "settings_changed");
    let windows = changes.map(|it| it.body["details"]["hls_window_size"].as_str());
    windows.map(|it| it.expect("a change")).collect()
}

#[tokio::test]
async fn news_arrives_as_it_is_listed_signed_and_in_order() {
    let stage = Stage::fast(|_| {}).await;
    let mut hook = Hook::new().await;
    let body = json!({ "url": hook.url(), "secret": KEY, "name": "phone" });
    add(stage.address(), &body).await;
    stage.player().await.poll().await;
    stage.until_empty().await;
    let ended = |got: &Vec<Got>| got.iter().any(|it| it.kind == "stream_ended");
    let got = hook.until(ended).await;
    assert!(got.is_sorted_by_key(|it| it.id));
    let listed = stage.get("/events?limit=1000").await.json();
    let listed = listed.as_array().expect("a list");
    for one in &got {
        assert!(listed.contains(&one.body), "{one:?}");
        assert_eq!(one.body["id"], one.id);
        // Whoever shares the secret finds the signature right, and any other wrong.
        let signature = one.signature.as_deref().expect("a signature");
        let time = signature.trim_start_matches("t=").split(',').next();
        let time = time.and_then(|it| it.parse().ok()).expect("a time");
        assert_eq!(webhook::signature(KEY, time, &one.text), signature);
        assert_ne!(webhook::signature("a guess", time, &one.text), signature);
        let forged = format!("{} ", one.text);
        assert_ne!(webhook::signature(KEY, time, &forged), signature);
    }
}

#[tokio::test]
async fn a_receiver_that_was_away_gets_everything_in_order_and_holds_nobody_up() {
    let stage = Stage::fast(|_| {}).await;
    let address = stage.address();
    let (mut away, mut well) = (Hook::new().await, Hook::new().await);
    away.answer(503);
    let kinds = json!(["settings_changed"]);
    let id = add(address, &json!({ "url": away.url(), "kinds": kinds })).await;
    add(address, &json!({ "url": well.url(), "kinds": kinds })).await;
    for window in [4, 5, 7] {
        change(address, window).await;
    }
    let wanted = ["6 → 4", "4 → 5", "5 → 7"];
    well.until(|got| windows(&taken(got)) == wanted).await;
    let path = format!("/api/v1/webhooks/{id}/deliveries");
    let failed = eventually("the failure is listed", async || {
        let all = stage.get(&path).await.json();
        all["deliveries"].get(0).cloned()
    })
    .await;
    assert_eq!(
        (&failed["status"], &failed["ok"]),
        (&json!(503), &json!(false))
    );
    let shown = stage.get("/api/v1/webhooks").await.json();
    assert_eq!(shown["webhooks"][0]["waiting"], 3);
    assert!(
        shown["webhooks"][0]["trouble"]
            .as_str()
            .is_some_and(|it| it.contains("503"))
    );
    assert_eq!(shown["webhooks"][1]["waiting"], 0);
    away.answer(200);
    let got = away.until(|got| windows(&taken(got)) == wanted).await;
    // Each attempt at the same news had the same id.
    let first = got.first().expect("an attempt");
    assert!(got.iter().filter(|it| it.id == first.id).count() > 1);
    eventually("nothing waits, and nothing stands against it", async || {
        let shown = stage.get("/api/v1/webhooks").await.json();
        let one = &shown["webhooks"][0];
        (one["waiting"] == 0 && one["trouble"].is_null() && one["delivered"] == 3).then_some(())
    })
    .await;
    let told = stage.get("/events?event_type=webhook_resumed").await.json();
    assert_eq!(told.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_place_in_the_news_survives_a_restart() {
    let stage = Stage::fast(|_| {}).await;
    let mut hook = Hook::new().await;
    let kinds = json!(["settings_changed", "weir_stopped", "weir_started"]);
    add(
        stage.address(),
        &json!({ "url": hook.url(), "kinds": kinds }),
    )
    .await;
    change(stage.address(), 4).await;
    hook.until(|got| windows(got) == ["6 → 4"]).await;
    hook.answer(500);
    change(stage.address(), 5).await;
    hook.until(|got| got.iter().any(|it| it.status == 500))
        .await;
    let Stage {
        weir,
        config,
        folder,
        ..
    } = stage;
    weir.stop().await;
    hook.answer(200);
    let weir = Service::start(config, Staged::default())
        .await
        .expect("a service");
    change(weir.address(), 7).await;
    hook.until(|got| windows(&taken(got)).len() == 3).await;
    let taken = hook.taken();
    assert_eq!(windows(&taken), ["6 → 4", "4 → 5", "5 → 7"]);
    let kinds: Vec<_> = taken.iter().map(|it| it.kind.as_str()).collect();
    let whole = [
        "settings_changed",
        "settings_changed",
        "weir_stopped",
        "weir_started",
        "settings_changed",
    ];
    assert_eq!(kinds, whole);
    assert!(taken.is_sorted_by(|one, other| one.id < other.id));
    weir.stop().await;
    drop(folder);
}

#[tokio::test]
async fn what_is_refused_for_good_is_given_up_and_the_next_arrives() {
    let stage = Stage::fast(|_| {}).await;
    let mut hook = Hook::new().await;
    hook.answer(422);
    add(stage.address(), &json!({ "url": hook.url() })).await;
    change(stage.address(), 4).await;
    hook.until(|got| !windows(got).is_empty()).await;
    hook.answer(200);
    change(stage.address(), 5).await;
    hook.until(|got| windows(&taken(got)) == ["4 → 5"]).await;
    let told = stage
        .get("/events?event_type=webhook_given_up")
        .await
        .json();
    assert_eq!(told[0]["severity"], "error");
    // A receiver is not sent news of receivers, or its refusals would never end.
    assert!(hook.taken().iter().all(|it| it.kind != "webhook_given_up"));
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_a_mended_address_is_used_at_once() {
    let stage = Stage::fast(|_| {}).await;
    let (mut wrong, mut right) = (Hook::new().await, Hook::new().await);
    wrong.answer(302);
    let id = add(stage.address(), &json!({ "url": wrong.url() })).await;
    change(stage.address(), 4).await;
    wrong.until(|got| !got.is_empty()).await;
    eventually("the redirect is told of", async || {
        let shown = stage.get("/api/v1/webhooks").await.json();
        let trouble = shown["webhooks"][0]["trouble"].as_str()?.to_owned();
        trouble.contains("redirect").then_some(())
    })
    .await;
    // The next attempt is a minute away, unless something is changed.
    let answer = put(stage.address(), &id, &json!({ "url": right.url() })).await;
    assert_eq!(answer.status, StatusCode::OK);
    right.until(|got| windows(got) == ["6 → 4"]).await;
}

#[tokio::test]
async fn one_that_is_off_is_sent_nothing_and_begins_anew_when_it_is_on() {
    let stage = Stage::fast(|_| {}).await;
    let address = stage.address();
    let mut hook = Hook::new().await;
    let id = add(address, &json!({ "url": hook.url(), "enabled": false })).await;
    change(address, 4).await;
    put(address, &id, &json!({ "enabled": true })).await;
    change(address, 5).await;
    let got = hook.until(|got| !windows(got).is_empty()).await;
    assert_eq!(windows(&got), ["4 → 5"]);
    let path = format!("/api/v1/webhooks/{id}");
    let removed = request(address, Method::DELETE, &path, &[]).await;
    assert_eq!(removed.status, StatusCode::OK);
    assert_eq!(
        stage.get("/api/v1/webhooks").await.json(),
        json!({ "webhooks": [] })
    );
    for (method, path) in [
        (Method::DELETE, path.clone()),
        (Method::PUT, path.clone()),
        (Method::POST, format!("{path}/test")),
        (Method::GET, format!("{path}/deliveries")),
    ] {
        let headers = [("content-type", "application/json")];
        let body = if method == Method::PUT { "{}" } else { "" };
        let answer = send(address, method, &path, &headers, body.into()).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_test_says_what_came_of_it() {
    let stage = Stage::fast(|_| {}).await;
    let hook = Hook::new().await;
    let id = add(
        stage.address(),
        &json!({ "url": hook.url(), "enabled": false }),
    )
    .await;
    let path = format!("/api/v1/webhooks/{id}/test");
    let tried = post(stage.address(), &path, None, &json!({})).await.json();
    assert_eq!(
        (&tried["ok"], &tried["status"]),
        (&json!(true), &json!(200))
    );
    hook.answer(404);
    let tried = post(stage.address(), &path, None, &json!({})).await.json();
    assert_eq!(
        (&tried["ok"], &tried["status"]),
        (&json!(false), &json!(404))
    );
    let path = format!("/api/v1/webhooks/{id}/deliveries?limit=1");
    let kept = stage.get(&path).await.json();
    assert_eq!(kept, json!({ "deliveries": [tried] }));
}

#[tokio::test]
async fn secrets_never_come_out_and_nobody_looks_without_the_key() {
    let stage = Stage::fast(|config| config.api_key = Some(Secret::new(KEY.into()))).await;
    let body = json!({ "url": "http://10.0.0.5/x", "secret": "between us", "enabled": false });
    let added = post(stage.address(), "/api/v1/webhooks", Some(KEY), &body).await;
    assert_eq!(added.status, StatusCode::CREATED);
    assert_eq!(added.json()["secret_set"], true);
    let bearer = format!("Bearer {KEY}");
    let headers = [("authorization", bearer.as_str())];
    let path = "/api/v1/webhooks";
    let listed = request(stage.address(), Method::GET, path, &headers).await;
    let events = stage.get("/events").await;
    for answer in [&added, &listed, &events] {
        assert!(!answer.text().contains("between us"));
    }
    assert_eq!(listed.json()["webhooks"][0]["url"], "http://10.0.0.5/x");
    assert!(!events.text().contains("10.0.0.5"));
    for (method, body) in [(Method::GET, ""), (Method::POST, "{}")] {
        let headers = [("content-type", "application/json")];
        let answer = send(stage.address(), method, path, &headers, body.into()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn what_cannot_be_a_webhook_is_refused_and_there_is_room_for_sixteen() {
    let stage = Stage::fast(|_| {}).await;
    let address = stage.address();
    for (body, field) in [
        (json!({}), "url"),
        (json!({ "url": "ftp://x" }), "url"),
        (json!({ "url": "http://x/", "kinds": ["rain"] }), "kinds"),
        (json!({ "url": "http://x/", "enabled": 1 }), "enabled"),
        (json!({ "url": "http://x/", "secrets": "s" }), "secrets"),
        (json!([]), "body"),
    ] {
        let answer = post(address, "/api/v1/webhooks", None, &body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(answer.json()["errors"][0]["field"], field, "{body}");
    }
    let body = json!({ "url": "http://127.0.0.1:1/", "enabled": false });
    for _ in 0..16 {
        add(address, &body).await;
    }
    let answer = post(address, "/api/v1/webhooks", None, &body).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
}
