//! Streams as the registry shows them: what their engines say, and the stories of those that have ended.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use simulator::fault::{Endpoint, Rule, Session};
use weir::app::{Service, Staged};
use weir::config::Config;

use crate::stage::{Stage, eventually, request};

impl Stage {
    /// The one stream that runs.
    pub(crate) async fn running(&self) -> Value {
        eventually("a stream runs", async || {
            let streams = self.get("/streams?status=started").await.json();
            streams.as_array()?.first().cloned()
        })
        .await
    }

    /// The stories of streams that have ended, as soon as there are so many.
    pub(crate) async fn stories(&self, count: usize) -> Value {
        eventually("the stories are written", async || {
            let ended = self.get("/api/v1/streams/ended").await.json();
            (ended["total"] == count).then_some(ended)
        })
        .await
    }

    /// Stops a stream, and waits until its channel is gone.
    async fn end(&self, id: &str) {
        let path = format!("/streams/{id}");
        let answer = request(self.address(), Method::DELETE, &path, &[]).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        self.until_empty().await;
    }

    /// What an engine said of a stream, as soon as it is as wanted.
    pub(crate) async fn stats(&self, id: &str, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        eventually("statistics are collected", async || {
            let stats = self.get(&format!("/streams/{id}/stats")).await.json();
            let stats = stats.as_array()?.clone();
            wanted(&stats).then_some(stats)
        })
        .await
    }
}

/// A viewer who does not poll stays here for as long as a test lasts.
async fn stage(change: impl FnOnce(&mut Config)) -> Stage {
    Stage::fast(|config| {
        config.viewer_idle = Duration::from_secs(60);
        change(config);
    })
    .await
}

fn id_of(stream: &Value) -> &str {
    stream["id"].as_str().expect("an id")
}

#[tokio::test]
async fn what_the_engine_says_is_collected_as_numbers_oldest_first() {
    let stage = stage(|_| {}).await;
    let _player = stage.player().await;
    let stream = stage.running().await;
    let flows = |stats: &[Value]| 4 <= stats.len() && !stats[stats.len() - 1]["livepos"].is_null();
    let stats = stage.stats(id_of(&stream), flows).await;
    let times: Vec<_> = stats
        .iter()
        .map(|it| it["ts"].as_str().expect("a time"))
        .collect();
    assert!(times.is_sorted(), "{times:?}");
    let last = &stats[stats.len() - 1];
    assert_eq!((&last["status"], &last["peers"]), (&json!("dl"), &json!(4)));
    // The engine says these as texts.
    for name in [
        "pos",
        "live_first",
        "live_last",
        "first_ts",
        "last_ts",
        "buffer_pieces",
    ] {
        assert!(last["livepos"][name].is_u64(), "{name}: {last}");
    }
    for name in ["speed_down", "speed_up", "downloaded", "uploaded"] {
        assert!(last[name].is_u64(), "{name}: {last}");
    }
    let since = times[1];
    let newer = stage
        .get(&format!("/streams/{}/stats?since={since}", stage.ids[0]))
        .await
        .json();
    assert_eq!(newer[0]["ts"], since);
    let shown = stage.running().await;
    assert_eq!(shown["peers"], 4);
    // The engine gives a ninth of what it receives.
    for told in [last, &shown] {
        let [down, up] = ["speed_down", "speed_up"].map(|name| told[name].as_u64());
        assert_eq!(down.map(|down| down / 9), up, "{told}");
        assert!(Some(0) < up, "{told}");
    }
}

#[tokio::test]
async fn no_more_readings_are_kept_than_the_operator_wants() {
    let stage = stage(|config| config.stats_history_max = 3).await;
    let _player = stage.player().await;
    let stream = stage.running().await;
    let first = stage.stats(id_of(&stream), |stats| !stats.is_empty()).await;
    let gone = first[0]["ts"].clone();
    let wanted = |stats: &[Value]| stats.len() == 3 && stats.iter().all(|it| it["ts"] != gone);
    stage.stats(id_of(&stream), wanted).await;
}

#[tokio::test]
async fn numbers_and_a_livepos_that_is_missing_are_no_trouble() {
    let stage = stage(|_| {}).await;
    let faults = stage.engine.faults();
    faults.always(Endpoint::Any, Session::LiveposNumber);
    let _player = stage.player().await;
    let stream = stage.running().await;
    let flows = |stats: &[Value]| stats.last().is_some_and(|it| it["livepos"]["pos"].is_u64());
    stage.stats(id_of(&stream), flows).await;
    faults.add(Rule::new(Session::LiveposAbsent));
    let absent = |stats: &[Value]| stats.last().is_some_and(|it| it["livepos"].is_null());
    stage.stats(id_of(&stream), absent).await;
    let path = format!("/streams/{}/livepos", id_of(&stream));
    let position = eventually("no position is shown", async || {
        let position = stage.get(&path).await.json();
        (position["has_livepos"] == false).then_some(position)
    })
    .await;
    assert_eq!(position["livepos"], Value::Null);
    assert_eq!(position["performance"]["status"], "dl");
}

#[tokio::test]
async fn where_a_stream_is_and_what_it_plays_is_told() {
    let stage = stage(|_| {}).await;
    let _player = stage.player().await;
    let stream = stage.running().await;
    let path = format!("/streams/{}/livepos", stage.ids[0]);
    let position = eventually("a position is known", async || {
        let position = stage.get(&path).await.json();
        (position["has_livepos"] == true).then_some(position)
    })
    .await;
    assert_eq!(position["stream_id"], stream["id"]);
    assert_eq!(position["is_live"], true);
    let (livepos, performance) = (&position["livepos"], &position["performance"]);
    assert_eq!(performance["live_delay_seconds"], 30);
    assert_eq!(performance["dvr_window_seconds"], 1_800);
    let age = performance["live_last_age_seconds"]
        .as_i64()
        .expect("an age");
    assert!((-5..60).contains(&age), "{livepos} {performance}");
    let path = format!(
        "/streams/{}/extended-stats",
        stream["id"].as_str().expect("an id")
    );
    let content = stage.get(&path).await.json();
    let infohash = format!("{:040x}", 0xf00d_0000_0000_u64 + 1);
    let expected = json!({
        "stream_id": stream["id"], "available": true, "title": "Channel 1", "infohash": infohash,
        "content_type": "live", "transport_type": "bt", "is_live": true,
    });
    assert_eq!(content, expected);
}

#[tokio::test]
async fn a_stream_that_has_ended_keeps_its_story_and_its_figures_over_a_restart() {
    let stage = stage(|_| {}).await;
    let player = stage.player().await;
    let list = player.poll().await;
    player.fetch(&list.segments[0]).await;
    let stream = stage.running().await;
    let id = id_of(&stream).to_owned();
    stage
        .stats(&id, |stats| stats.iter().any(|it| it["peers"] == 4))
        .await;
    stage.get(&format!("/streams/{id}/extended-stats")).await;
    stage.end(&id).await;
    let ended = stage.stories(1).await;
    let story = &ended["streams"][0];
    let expected = [
        ("id", json!(id)),
        ("status", json!("ended")),
        ("end_reason", json!("stopped")),
        ("channel", json!(stage.ids[0])),
        ("title", json!("Channel 1")),
        ("own", json!(true)),
        ("sources", json!(1)),
        ("failovers", json!(0)),
        ("viewers_max", json!(1)),
        ("segments_lost", json!(0)),
        ("peers", json!(4)),
    ];
    for (name, value) in expected {
        assert_eq!(story[name], value, "{name}: {story:#}");
    }
    for name in ["bytes_in", "bytes_out"] {
        assert!(
            story[name].as_u64().is_some_and(|bytes| 0 < bytes),
            "{name}: {story:#}"
        );
    }
    let ran = story["duration_seconds"].as_f64().expect("a duration");
    assert!(0.0 < ran && ran < 60.0);
    let Stage {
        weir,
        config,
        folder,
        engine,
        ..
    } = stage;
    weir.stop().await;
    let weir = Service::start(config, Staged::default())
        .await
        .expect("a service");
    let get = async |path: &str| request(weir.address(), Method::GET, path, &[]).await;
    let kept = get("/api/v1/streams/ended").await.json();
    assert_eq!(kept, ended);
    // What is thinned stands for the whole minute.
    let stats = get(&format!("/streams/{id}/stats")).await.json();
    let stats = stats.as_array().expect("readings");
    assert!((1..=2).contains(&stats.len()), "{stats:?}");
    assert_eq!(stats[0]["status"], "dl");
    let state = get("/streams?status=ended").await.json();
    assert_eq!(state[0]["id"], json!(id));
    weir.stop().await;
    drop((folder, engine));
}

#[tokio::test]
async fn a_disk_that_fails_disturbs_no_stream_and_leaves_what_is_known_without_it() {
    let stage = stage(|config| {
        let file = config.data_dir.join("history.sqlite");
        std::fs::create_dir_all(file).expect("a folder in its place");
    })
    .await;
    let player = stage.player().await;
    let list = player.poll().await;
    assert_eq!(player.fetch(&list.segments[0]).await.status, StatusCode::OK);
    let stream = stage.running().await;
    let id = id_of(&stream);
    stage.stats(id, |stats| 2 <= stats.len()).await;
    stage.end(id).await;
    let ended = stage.stories(1).await;
    let story = &ended["streams"][0];
    assert_eq!(
        (&story["id"], &story["end_reason"]),
        (&stream["id"], &json!("stopped"))
    );
    assert_eq!(story["bytes_in"], Value::Null);
    // What was at hand has gone with it, and nothing is kept.
    stage.stats(id, <[Value]>::is_empty).await;
}

#[tokio::test]
async fn ended_streams_come_page_by_page_and_from_a_time_on() {
    let stage = stage(|_| {}).await;
    for id in &stage.ids {
        let path = format!("/ace/manifest.m3u8?id={id}");
        stage.get(&path).await;
        stage.end(id).await;
    }
    let all = stage.stories(3).await;
    let key = |streams: &Value, at: usize| streams["streams"][at]["key"].clone();
    let newest_first: Vec<_> = (0..3).map(|at| key(&all, at)).collect();
    let expected: Vec<_> = stage.ids.iter().rev().map(|id| json!(id)).collect();
    assert_eq!(newest_first, expected);
    let page = stage
        .get("/api/v1/streams/ended?limit=1&offset=1")
        .await
        .json();
    assert_eq!(
        (key(&page, 0), &page["total"]),
        (json!(stage.ids[1]), &json!(3))
    );
    assert_eq!(page["streams"].as_array().map(Vec::len), Some(1));
    let since = all["streams"][1]["ended_at"].as_str().expect("a time");
    let newer = stage
        .get(&format!("/api/v1/streams/ended?since={since}"))
        .await
        .json();
    assert_eq!(newer["total"], 2);
    let states = stage.get("/streams?status=ended&limit=2").await;
    assert_eq!(states.header("x-total-count"), "3");
    assert_eq!(states.json().as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn who_names_nothing_or_something_wrong_is_told_what() {
    let stage = stage(|_| {}).await;
    for tail in ["stats", "livepos", "extended-stats"] {
        let answer = stage.get(&format!("/streams/nobody/{tail}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{tail}");
        assert!(
            answer.json()["detail"]
                .as_str()
                .is_some_and(|it| it.contains("nobody"))
        );
    }
    assert_eq!(
        stage.get("/proxy/sessions/nobody").await.status,
        StatusCode::NOT_FOUND
    );
    for (path, field) in [
        ("/streams?status=new", "status"),
        ("/streams?limit=0", "limit"),
        ("/streams?offset=x", "offset"),
        ("/streams/any/stats?since=yesterday", "since"),
        ("/api/v1/streams/ended?limit=1001", "limit"),
        ("/api/v1/streams/ended?offset=-1", "offset"),
        ("/api/v1/streams/ended?since=2026-13-01T00:00:00Z", "since"),
    ] {
        let answer = stage.get(path).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        let answer = answer.json();
        assert_eq!(answer["errors"][0]["field"], field, "{answer}");
        assert_eq!(answer["errors"][0]["message"], answer["detail"]);
    }
}

#[tokio::test]
async fn sessions_and_the_whole_are_shown_with_what_they_carry() {
    let stage = stage(|_| {}).await;
    let idle = stage.get("/orchestrator/status").await.json();
    assert_eq!(idle["status"], "healthy");
    assert_eq!(
        idle["capacity"],
        json!({ "total": 3, "used": 0, "available": 3, "max_streams_per_engine": 3 })
    );
    assert_eq!(
        stage.get("/proxy/sessions").await.json(),
        json!({ "sessions": [] })
    );
    let player = stage.player().await;
    player.poll().await;
    let stream = stage.running().await;
    let sessions = stage.get("/proxy/sessions").await.json();
    let session = &sessions["sessions"][0];
    let engine = stage.engine.address();
    let expected = [
        ("ace_id", json!(stage.ids[0])),
        ("stream_id", stream["id"].clone()),
        ("status", json!("live")),
        ("mode", json!("HLS")),
        ("engine_host", json!("127.0.0.1")),
        ("engine_port", json!(engine.port())),
        ("playback_session_id", stream["playback_session_id"].clone()),
        ("client_count", json!(1)),
    ];
    for (name, value) in expected {
        assert_eq!(session[name], value, "{name}: {session:#}");
    }
    assert_eq!(session["clients"][0]["user_agent"], "test player");
    // Nobody has asked for it but Weir.
    let path = format!("/proxy/sessions/{}", stage.ids[0]);
    let titled = eventually("the title is known", async || {
        let session = stage.get(&path).await.json();
        session["title"].is_string().then_some(session)
    })
    .await;
    assert_eq!(titled["title"], "Channel 1");
    let by_id = stage
        .get(&format!("/proxy/sessions/{}", id_of(&stream)))
        .await
        .json();
    let by_key = stage
        .get(&format!("/proxy/sessions/{}", stage.ids[0]))
        .await
        .json();
    assert_eq!(
        (&by_id["stream_id"], &by_key["stream_id"]),
        (&stream["id"], &stream["id"])
    );
    let busy = stage.get("/orchestrator/status").await.json();
    assert_eq!(
        busy["streams"],
        json!({ "active": 1, "reported": 0, "viewers": 1 })
    );
    assert_eq!(
        busy["capacity"],
        json!({ "total": 3, "used": 1, "available": 2, "max_streams_per_engine": 3 })
    );
}
