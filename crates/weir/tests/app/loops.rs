//! Channels whose sources show old media again and again: found, stopped, refused, and let in again.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use simulator::engine::Options;
use weir::app::{Service, Staged};
use weir::config::{Config, Secret};

use crate::stage::{Answer, Stage, eventually, fast, fast_engine, post, request};
use crate::streams_of_others::{report, session_on};

const KEY: &str = "open sesame";
const CONFIG: &str = "/stream-loop-detection/config";
const LIST: &str = "/looping-streams";

fn keyed(config: &mut Config) {
    fast(config);
    config.api_key = Some(Secret::new(KEY.into()));
    // A viewer who does not poll stays for as long as a test lasts.
    config.viewer_idle = Duration::from_secs(60);
}

/// An engine whose newest media is two hours old.
async fn looping() -> Stage {
    let options = Options {
        behind: Duration::from_hours(2),
        ..fast_engine()
    };
    Stage::with(options, keyed).await
}

impl Stage {
    async fn detect(&self, change: &Value) -> Answer {
        post(self.address(), CONFIG, Some(KEY), change).await
    }

    async fn looping(&self, count: usize) -> Value {
        eventually("the list is as long", async || {
            let list = self.get(LIST).await.json();
            let ids = list["stream_ids"].as_array()?.len();
            (ids == count).then_some(list)
        })
        .await
    }

    async fn forget(&self, id: &str, key: &[(&str, &str)]) -> Answer {
        request(self.address(), Method::DELETE, &format!("{LIST}/{id}"), key).await
    }
}

#[tokio::test]
async fn a_stream_that_shows_old_media_is_stopped_and_refused_until_it_is_taken_off_the_list() {
    let stage = looping().await;
    stage.player().await.poll().await;
    stage
        .stats(&stage.ids[0], |stats| {
            stats.iter().any(|it| !it["livepos"].is_null())
        })
        .await;
    assert_eq!(stage.get(LIST).await.json()["stream_ids"], json!([]));
    let set = stage.detect(&json!({ "enabled": true })).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.text());
    let list = stage.looping(1).await;
    let id = &stage.ids[0];
    assert_eq!(list["stream_ids"], json!([id]));
    assert!(list["streams"][id].is_string(), "{list:#}");
    assert_eq!(
        (
            &list["retention_minutes"],
            &list["looping"][0]["refused_until"]
        ),
        (&json!(0), &Value::Null)
    );
    stage.until_empty().await;
    let story = stage.stories(1).await;
    assert_eq!(story["streams"][0]["end_reason"], "looping");
    let infohash = list["looping"][0]["infohash"]
        .as_str()
        .expect("an infohash");
    let entries = [
        format!("/ace/manifest.m3u8?id={id}"),
        format!("/ace/getstream?id={id}&mode=ts"),
        format!("/ace/manifest.m3u8?infohash={infohash}"),
    ];
    for entry in &entries {
        let refused = stage.get(entry).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{entry}");
        let detail = &refused.json()["detail"];
        assert_eq!(
            (&detail["error"], &detail["code"]),
            (&json!("stream_blacklisted"), &json!("looping_stream"))
        );
        assert!(
            detail["message"]
                .as_str()
                .is_some_and(|it| it.contains("old media"))
        );
    }
    assert_eq!(stage.engine.metrics().starts.values().sum::<u64>(), 1);
    let bearer = format!("Bearer {KEY}");
    let key = [("authorization", bearer.as_str())];
    assert_eq!(stage.forget(id, &[]).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        stage.forget("nobody", &key).await.status,
        StatusCode::NOT_FOUND
    );
    let removed = stage.forget(id, &key).await;
    assert_eq!(
        removed.json(),
        json!({ "message": format!("Stream {id} removed from looping list") })
    );
    stage.looping(0).await;
    // What is left is the rest of every channel that was stopped, by whatever name.
    for entry in &entries {
        let resting = stage.get(entry).await;
        assert_eq!(resting.status, StatusCode::SERVICE_UNAVAILABLE, "{entry}");
        assert!(resting.text().contains("stopped just now"), "{entry}");
    }
}

#[tokio::test]
async fn nothing_is_stopped_while_nobody_wants_it_or_the_media_is_new() {
    let stage = looping().await;
    stage.player().await.poll().await;
    let started = stage.running().await["started_at"].clone();
    // As old as it is, it may be three hours old.
    let set = stage
        .detect(&json!({ "enabled": true, "threshold_seconds": 10_800 }))
        .await;
    assert_eq!(set.status, StatusCode::OK);
    let off = stage
        .detect(&json!({ "enabled": false, "threshold_seconds": 60 }))
        .await;
    assert_eq!(off.json()["enabled"], false);
    let before = stage
        .stats(&stage.ids[0], |stats| !stats.is_empty())
        .await
        .len();
    let player = stage.player().await;
    stage
        .stats(&stage.ids[0], |stats| before + 5 <= stats.len())
        .await;
    player.poll().await;
    assert_eq!(stage.running().await["started_at"], started);
    assert_eq!(stage.get(LIST).await.json()["stream_ids"], json!([]));
}

#[tokio::test]
async fn what_is_set_and_what_was_found_survives_a_restart() {
    let stage = looping().await;
    stage.player().await.poll().await;
    stage
        .stats(&stage.ids[0], |stats| {
            stats.iter().any(|it| !it["livepos"].is_null())
        })
        .await;
    let change = json!({
        "enabled": true, "threshold_seconds": 120, "check_interval_seconds": 5, "retention_minutes": 30,
    });
    let set = stage.detect(&change).await.json();
    assert_eq!(
        set["message"],
        "Stream loop detection configuration updated and persisted"
    );
    stage.looping(1).await;
    let read = stage.get(CONFIG).await.json();
    let list = stage.get(LIST).await.json();
    assert!(list["looping"][0]["refused_until"].is_string());
    let Stage {
        weir,
        config,
        folder,
        engine,
        ids,
    } = stage;
    weir.stop().await;
    let weir = Service::start(config, Staged::default())
        .await
        .expect("a service");
    let get = async |path: &str| request(weir.address(), Method::GET, path, &[]).await;
    assert_eq!(get(CONFIG).await.json(), read);
    assert_eq!(get(LIST).await.json(), list);
    let entry = format!("/ace/manifest.m3u8?id={}", ids[0]);
    assert_eq!(get(&entry).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let cleared = post(
        weir.address(),
        "/looping-streams/clear",
        Some(KEY),
        &json!({}),
    )
    .await;
    assert_eq!(
        cleared.json(),
        json!({ "message": "All looping streams cleared" })
    );
    assert_eq!(get(LIST).await.json()["stream_ids"], json!([]));
    assert_eq!(get(&entry).await.status, StatusCode::OK);
    weir.stop().await;
    drop((folder, engine));
}

#[tokio::test]
async fn what_is_set_is_saved_when_it_is_answered_whether_anything_loops_or_not() {
    let stage = Stage::with(fast_engine(), keyed).await;
    stage.detect(&json!({ "threshold_seconds": 900 })).await;
    let read = stage.get(CONFIG).await.json();
    let Stage {
        weir,
        config,
        folder,
        ..
    } = stage;
    weir.stop().await;
    let weir = Service::start(config, Staged::default()).await;
    let weir = weir.expect("a service");
    let again = request(weir.address(), Method::GET, CONFIG, &[]).await;
    assert_eq!(again.json(), read);
    assert_eq!(read["threshold_seconds"], 900);
    drop(folder);
}

#[tokio::test]
async fn it_is_off_until_it_is_set_and_takes_parameters_and_json() {
    let stage = Stage::with(fast_engine(), keyed).await;
    let read = stage.get(CONFIG).await.json();
    let expected = json!({
        "enabled": false, "threshold_seconds": 3_600, "threshold_minutes": 60.0, "threshold_hours": 1.0,
        "check_interval_seconds": 10, "retention_minutes": 0,
    });
    assert_eq!(read, expected);
    let path = format!("{CONFIG}?enabled=true&threshold_seconds=7200");
    let bearer = format!("Bearer {KEY}");
    let key = [("authorization", bearer.as_str())];
    let set = request(stage.address(), Method::POST, &path, &key)
        .await
        .json();
    assert_eq!(
        (&set["enabled"], &set["threshold_hours"]),
        (&json!(true), &json!(2.0))
    );
    let set = stage
        .detect(&json!({ "retention_minutes": 5 }))
        .await
        .json();
    assert_eq!(
        (&set["enabled"], &set["retention_minutes"]),
        (&json!(true), &json!(5))
    );
}

#[tokio::test]
async fn a_bad_change_is_told_field_by_field_and_changes_nothing() {
    let stage = Stage::with(fast_engine(), keyed).await;
    let before = stage.get(CONFIG).await.json();
    let table = [
        (
            json!({ "threshold_seconds": 59 }),
            &["threshold_seconds"][..],
        ),
        (
            json!({ "check_interval_seconds": 4 }),
            &["check_interval_seconds"],
        ),
        (json!({ "retention_minutes": -1 }), &["retention_minutes"]),
        (json!({ "threshold_seconds": 60.5 }), &["threshold_seconds"]),
        (json!({ "enabled": "maybe" }), &["enabled"]),
        (
            json!({ "enabled": 7, "threshold": 60 }),
            &["enabled", "threshold"],
        ),
        (
            json!({ "enabled": true, "threshold_seconds": 1, "check_interval_seconds": 1 }),
            &["threshold_seconds", "check_interval_seconds"],
        ),
        (json!({}), &["body"]),
        (json!([]), &["body"]),
    ];
    for (change, wanted) in table {
        let answer = stage.detect(&change).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{change}");
        let answer = answer.json();
        let errors = answer["errors"].as_array().expect("errors");
        let fields: Vec<_> = errors
            .iter()
            .filter_map(|it| it["field"].as_str())
            .collect();
        assert_eq!(fields, wanted, "{answer}");
        assert_eq!(answer["detail"], errors[0]["message"]);
    }
    let without = post(stage.address(), CONFIG, None, &json!({ "enabled": true })).await;
    assert_eq!(without.status, StatusCode::UNAUTHORIZED);
    let clear = post(
        stage.address(),
        "/looping-streams/clear",
        Some("x"),
        &json!({}),
    )
    .await;
    assert_eq!(clear.status, StatusCode::FORBIDDEN);
    assert_eq!(stage.get(CONFIG).await.json(), before);
}

#[tokio::test]
async fn a_looping_stream_of_another_proxy_is_stopped_on_an_engine_of_ours() {
    let stage = looping().await;
    let session = session_on(stage.engine.address(), &stage.ids[1]).await;
    let event = report("theirs", &session["stat_url"], &session["command_url"]);
    let started = post(stage.address(), "/events/stream_started", Some(KEY), &event).await;
    assert_eq!(started.status, StatusCode::OK, "{}", started.text());
    let known = |stats: &[Value]| stats.iter().any(|it| !it["livepos"].is_null());
    stage.stats("theirs", known).await;
    stage.detect(&json!({ "enabled": true })).await;
    let list = stage.looping(1).await;
    assert_eq!(list["stream_ids"][0], event["stream"]["key"]);
    stage.engine_until(|it| it.stops_done == 1).await;
    let story = stage.stories(1).await;
    let story = &story["streams"][0];
    assert_eq!(
        (&story["id"], &story["end_reason"]),
        (&json!("theirs"), &json!("looping"))
    );
}

#[tokio::test]
async fn what_cannot_be_saved_is_refused_and_changes_nothing() {
    let stage = Stage::with(fast_engine(), |config| {
        keyed(config);
        // Whoever runs this may write everywhere, so the file's place is taken instead.
        let file = config.data_dir.join("history.sqlite");
        std::fs::create_dir_all(file).expect("a folder in its place");
    })
    .await;
    let before = stage.get(CONFIG).await.json();
    let refused = stage.detect(&json!({ "enabled": true })).await;
    assert_eq!(refused.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(
        refused.text().contains("cannot be saved"),
        "{}",
        refused.text()
    );
    assert_eq!(stage.get(CONFIG).await.json(), before);
}

#[tokio::test]
async fn what_the_file_does_not_take_is_refused_though_the_disk_works() {
    let stage = Stage::with(fast_engine(), keyed).await;
    let before = stage.get(CONFIG).await.json();
    let file = stage.folder.path().join("history.sqlite");
    let file = rusqlite::Connection::open(file).expect("the file");
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON loop_detection BEGIN SELECT RAISE(ABORT, 'not here'); END";
    file.execute_batch(refuse).expect("a table");
    let refused = stage.detect(&json!({ "enabled": true })).await;
    assert_eq!(refused.status, StatusCode::INTERNAL_SERVER_ERROR);
    let why = refused.text();
    assert!(why.contains("does not take it: not here"), "{why}");
    assert_eq!(stage.get(CONFIG).await.json(), before);
    file.execute_batch("DROP TRIGGER refuse").expect("there");
    let set = stage.detect(&json!({ "enabled": true })).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.text());
}
