//! What happens is listed in words, newest first, over restarts and without a disk.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use simulator::orchestrator::{Mood, Orchestrator};
use weir::app::{Service, Staged};
use weir::config::Secret;

use crate::stage::{Stage, eventually, post, quick_config, request};

const KEY: &str = "open sesame";

/// All events that fit a query, oldest first.
async fn events(address: std::net::SocketAddr, query: &str) -> Vec<Value> {
    let path = format!("/events?limit=1000&{query}");
    let answer = request(address, Method::GET, &path, &[]).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let mut events = answer.json().as_array().expect("a list").clone();
    events.reverse();
    events
}

fn kinds(events: &[Value]) -> Vec<&str> {
    let kinds = events.iter().map(|event| event["event_type"].as_str());
    kinds.map(|kind| kind.expect("a text")).collect()
}

fn ids(events: &[Value]) -> Vec<u64> {
    let ids = events.iter().map(|event| event["id"].as_u64());
    ids.map(|id| id.expect("a number")).collect()
}

/// One viewer comes, sees the channel live, and goes.
async fn life(stage: &Stage) {
    stage.player().await.poll().await;
    stage.until_empty().await;
}

#[tokio::test]
async fn the_life_of_a_channel_is_listed_with_its_viewer_and_its_engine() {
    let stage = Stage::fast(|_| {}).await;
    life(&stage).await;
    let told = events(stage.address(), "category=stream").await;
    assert_eq!(
        kinds(&told),
        ["stream_started", "stream_live", "stream_ended"]
    );
    let stream = told[0]["stream_id"].as_str().expect("an id");
    let engine = stage.engine.address().to_string();
    for event in &told {
        assert_eq!(event["stream_id"], stream);
        assert_eq!(event["container_id"], engine.as_str());
        assert_eq!(event["severity"], "info");
        let at = event["timestamp"].as_str().expect("a time");
        assert!(at.ends_with('Z') && at.contains('.'), "{at}");
        assert!(event["message"].as_str().is_some_and(|it| 5 < it.len()));
    }
    let came = events(stage.address(), "category=viewer").await;
    assert_eq!(kinds(&came), ["viewer_joined", "viewer_left"]);
    assert_eq!(came[1]["details"]["agent"], "test player");
    assert_eq!(came[1]["details"]["mode"], "HLS");
    assert_eq!(came[1]["channel"], told[0]["channel"]);
}

#[tokio::test]
async fn events_are_filtered_and_come_in_pages() {
    let stage = Stage::fast(|_| {}).await;
    life(&stage).await;
    life(&stage).await;
    let all = events(stage.address(), "").await;
    let stream = all
        .iter()
        .find_map(|event| event["stream_id"].as_str())
        .expect("a stream");
    let at = all[3]["timestamp"].as_str().expect("a time");
    let engine = stage.engine.address();
    for (query, wanted) in [
        (format!("stream_id={stream}"), ("stream_id", json!(stream))),
        (
            format!("container_id={engine}"),
            ("container_id", json!(engine.to_string())),
        ),
        (
            "event_type=stream_live".into(),
            ("event_type", json!("stream_live")),
        ),
        ("category=system".into(), ("category", json!("system"))),
    ] {
        let found = events(stage.address(), &query).await;
        let fitting = all.iter().filter(|event| event[wanted.0] == wanted.1);
        assert_eq!(found, fitting.cloned().collect::<Vec<_>>(), "{query}");
        assert!(!found.is_empty() && found.len() < all.len(), "{query}");
    }
    let since = events(stage.address(), &format!("since={at}")).await;
    assert!(since.contains(&all[3]) && since.len() < all.len());
    let page = stage.get("/events?limit=2&offset=1").await;
    let total = all.len();
    assert_eq!(page.header("x-total-count"), total.to_string());
    let newest_first = [&all[total - 2], &all[total - 3]];
    let page = page.json();
    let page: Vec<_> = page.as_array().expect("a list").iter().collect();
    assert_eq!(page, newest_first);
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused_with_its_name() {
    let stage = Stage::fast(|_| {}).await;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("offset=-1", "offset"),
        ("category=weather", "category"),
        ("event_type=rain", "event_type"),
        ("since=yesterday", "since"),
        ("limit=5&since=1e99", "since"),
    ] {
        let answer = stage.get(&format!("/events?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(answer.json()["errors"][0]["field"], field, "{query}");
    }
    let both = stage.get("/events?limit=x&offset=x").await.json();
    assert_eq!(both["errors"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn events_and_their_ids_go_on_over_a_restart() {
    let stage = Stage::fast(|_| {}).await;
    life(&stage).await;
    let Stage {
        weir,
        config,
        folder,
        ..
    } = stage;
    let before = events(weir.address(), "").await;
    weir.stop().await;
    let weir = Service::start(config, Staged::default())
        .await
        .expect("a service");
    let after = events(weir.address(), "").await;
    assert_eq!(after[..before.len()], before);
    let system = events(weir.address(), "category=system").await;
    let own = ["weir_started", "weir_stopping", "weir_stopped"];
    assert_eq!(kinds(&system), [&own[..], &own[..1]].concat());
    assert!(ids(&after).is_sorted_by(|one, other| one < other));
    drop(folder);
}

#[tokio::test]
async fn a_life_that_was_broken_off_is_told_by_the_next() {
    let folder = tempfile::tempdir().expect("a folder");
    let start = async || {
        let service = Service::start(quick_config(&folder), Staged::default()).await;
        service.expect("a service")
    };
    let first = start().await;
    let disk = store::History::open(folder.path());
    eventually("its start is on the disk", async || {
        disk.newest().await.ok().flatten()
    })
    .await;
    // As a kill: it never comes to say that it stops.
    let second = start().await;
    let told = events(second.address(), "category=system").await;
    assert_eq!(
        kinds(&told),
        ["weir_started", "weir_crashed", "weir_started"]
    );
    assert_eq!(told[1]["severity"], "warning");
    second.stop().await;
    drop(first);
}

#[tokio::test]
async fn without_a_disk_the_newest_events_are_listed() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("history.sqlite")).expect("a folder in its place");
    let weir = Service::start(quick_config(&folder), Staged::default())
        .await
        .expect("a service");
    let told = events(weir.address(), "").await;
    assert_eq!(kinds(&told), ["weir_started"]);
    let path = "/proxy/config?hls_window_size=5";
    request(weir.address(), Method::POST, path, &[]).await;
    let told = events(weir.address(), "").await;
    assert_eq!(kinds(&told), ["weir_started", "settings_changed"]);
    weir.stop().await;
}

#[tokio::test]
async fn a_change_of_settings_says_who_and_from_what_to_what() {
    let stage = Stage::fast(|config| config.api_key = Some(Secret::new(KEY.into()))).await;
    let change = json!({ "hls_window_size": 5, "hls_max_segments": 20, "stream_mode": "TS" });
    let answer = post(stage.address(), "/proxy/config", Some(KEY), &change).await;
    assert_eq!(answer.status, StatusCode::OK);
    // The same again changes nothing, and a refused one neither.
    post(stage.address(), "/proxy/config", Some(KEY), &change).await;
    post(stage.address(), "/proxy/config", None, &change).await;
    let told = events(stage.address(), "event_type=settings_changed").await;
    let [told] = &told[..] else {
        panic!("not one: {told:#?}")
    };
    assert_eq!(
        told["details"],
        json!({ "who": "the API key", "hls_window_size": "6 → 5", "stream_mode": "HLS → TS" })
    );
    assert!(!told.to_string().contains(KEY));
}

#[tokio::test]
async fn what_other_proxies_report_is_told() {
    let stage = Stage::fast(|_| {}).await;
    let start = json!({
        "container_id": "far:6878", "engine": { "host": "far", "port": 6878 },
        "stream": { "key_type": "content_id", "key": "abc" },
        "session": { "playback_session_id": "s", "stat_url": "", "command_url": "", "is_live": 1 },
        "labels": { "stream_id": "theirs" },
    });
    let end = json!({ "stream_id": "theirs", "reason": "bored" });
    post(stage.address(), "/events/stream_started", None, &start).await;
    for _ in 0..2 {
        post(stage.address(), "/events/stream_ended", None, &end).await;
    }
    let told = events(stage.address(), "stream_id=theirs").await;
    assert_eq!(
        kinds(&told),
        ["reported_stream_started", "reported_stream_ended"]
    );
    assert_eq!(told[0]["container_id"], "far:6878");
    assert!(
        told[1]["message"]
            .as_str()
            .is_some_and(|it| it.contains("bored"))
    );
}

#[tokio::test]
async fn an_orchestrator_that_is_away_and_comes_back_is_told_of() {
    let orchestrator = Orchestrator::start(0, None).await.expect("a port");
    orchestrator.set(Mood::Answering(500));
    let url = orchestrator.url().parse().expect("an address");
    let stage = Stage::fast(|config| config.orchestrator_url = Some(url)).await;
    life(&stage).await;
    let until = async |kind: &str| {
        eventually(kind, async || {
            let query = format!("event_type={kind}");
            events(stage.address(), &query).await.pop()
        })
        .await
    };
    let held = until("events_held_back").await;
    assert_eq!(held["severity"], "warning");
    orchestrator.set(Mood::Well);
    post(stage.address(), "/api/v1/outbox/retry", None, &json!({})).await;
    until("events_resumed").await;
}

#[tokio::test]
async fn news_that_the_disk_will_never_have_is_told_and_counted() {
    let stage = Stage::fast(|_| {}).await;
    let file = stage.folder.path().join("history.sqlite");
    let file = rusqlite::Connection::open(file).expect("the file");
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON entries WHEN NEW.kind = 'settings_changed' \
                  BEGIN SELECT RAISE(ABORT, 'not here'); END";
    file.execute_batch(refuse).expect("a table");
    let change = json!({ "hls_window_size": 9 });
    let changed = post(stage.address(), "/proxy/config", None, &change).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text());
    let told = eventually("the loss is told", async || {
        let told = events(stage.address(), "event_type=records_lost").await;
        told.into_iter().next()
    })
    .await;
    assert_eq!(told["details"]["records"], "1");
    let numbers = stage.get("/metrics").await.text();
    assert!(numbers.contains("\nweir_history_records_lost_total 1.0\n"));
    // The word of the loss is on the disk behind what is not there.
    assert!(kinds(&events(stage.address(), "category=system").await).contains(&"records_lost"));
}
