//! Continuous MPEG-TS: where it begins, that nothing of it is missing, and who is counted.

use std::time::Duration;

use futures_util::future::join_all;
use http::{Method, StatusCode};
use serde_json::Value;
use simulator::fault::Session;
use simulator::origin::{Options, Packaging};

use crate::listener::Listener;
use crate::plain::{Plain, media};
use crate::raw::say;
use crate::slow_viewers::until_tasks;
use crate::stage::{Stage, later, request, within};
use crate::undisturbed::viewer_of;

/// Longer than a test waits for anything.
const NEVER: Duration = Duration::from_secs(600);

impl Stage {
    /// Where the first channel is played as a continuous stream.
    pub(crate) fn continuous(&self) -> String {
        format!("/ace/getstream?id={}&mode=ts", self.ids[0])
    }

    /// A player of the first channel as a continuous stream, that has been let in.
    pub(crate) async fn listener(&self) -> Listener {
        let listener = Listener::open(self.address(), &self.continuous()).await;
        assert_eq!(listener.status, StatusCode::OK);
        listener
    }
}

#[tokio::test]
async fn a_stream_begins_with_its_tables_and_a_key_frame_and_nothing_of_it_is_missing() {
    let stage = Stage::fast(|_| {}).await;
    let mut listener = stage.listener().await;
    listener.more(15).await;
    listener.assert_unbroken();
    assert_eq!(listener.header("content-type"), "video/mp2t");
    assert_eq!(listener.header("cache-control"), "no-store");
    assert_eq!(listener.header("access-control-allow-origin"), "*");
    for absent in ["content-length", "accept-ranges"] {
        assert_eq!(listener.header(absent), "", "{absent}");
    }
}

#[tokio::test]
async fn viewers_of_both_kinds_share_one_session_and_each_segment_is_fetched_once() {
    let stage = Stage::fast(|_| {}).await;
    let mut watcher = viewer_of(&stage, 0).await;
    let mut listener = stage.listener().await;
    tokio::join!(listener.more(8), watcher.more(8));
    listener.assert_unbroken();
    watcher.assert_unbroken();
    let metrics = stage.engine.metrics();
    assert_eq!((metrics.starts_all(), metrics.sessions_max), (1, 1));
    assert!(metrics.segments.values().all(|fetches| *fetches == 1));
    let state = stage.channel(|it| it["viewers"] == 2).await;
    assert_eq!(state["mode"], "HLS+TS", "{state:#}");
}

#[tokio::test]
async fn a_viewer_of_a_continuous_stream_is_counted_while_it_is_connected_and_no_longer() {
    // Nobody who polls would be taken off in this time.
    let stage = Stage::fast(|config| config.viewer_idle = NEVER).await;
    let mut listener = stage.listener().await;
    listener.more(4).await;
    let state = stage
        .channel(|it| it["clients"][0]["bytes_sent"].as_u64() > Some(60_000))
        .await;
    assert_eq!(
        (&state["viewers"], &state["mode"]),
        (&1.into(), &"TS".into())
    );
    let client = &state["clients"][0];
    assert_eq!(client["mode"], "TS");
    assert_eq!(client["user_agent"], "continuous player");
    assert_eq!(client["skips"], 0);
    drop(listener);
    stage.until_empty().await;
    until_tasks(&stage, 1).await;
    let metrics = stage.engine_until(|metrics| metrics.sessions == 0).await;
    assert_eq!(metrics.stops, 1);
}

#[tokio::test]
async fn who_comes_back_while_the_channel_lingers_finds_it_running() {
    let stage = Stage::fast(|config| config.settings.channel_shutdown_delay = NEVER).await;
    let mut listener = stage.listener().await;
    listener.more(2).await;
    drop(listener);
    stage.channel(|it| it["state"] == "lingering").await;
    let mut listener = stage.listener().await;
    listener.more(2).await;
    listener.assert_unbroken();
    assert_eq!(stage.engine.metrics().starts_all(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_viewers_at_once_on_a_cold_channel_are_one_session() {
    let stage = Stage::fast(|_| {}).await;
    let listeners = join_all((0..50).map(|_| stage.listener())).await;
    stage.channel(|it| it["viewers"] == 50).await;
    let watch = async |mut listener: Listener| {
        listener.more(6).await;
        listener.assert_unbroken();
    };
    join_all(listeners.into_iter().map(watch)).await;
    let metrics = stage.engine.metrics();
    assert_eq!((metrics.starts_all(), metrics.sessions_max), (1, 1));
    assert!(metrics.segments.values().all(|fetches| *fetches == 1));
    stage.until_empty().await;
    until_tasks(&stage, 1).await;
}

#[tokio::test]
async fn ts_join_seconds_is_how_far_back_the_next_viewer_begins() {
    let stage = Stage::fast(|config| config.settings.ts_join_seconds = Duration::ZERO).await;
    let _keeps_it = stage.listener().await;
    stage
        .channel(|it| Some(14) <= it["segments"].as_u64())
        .await;
    let mut near = stage.listener().await;
    near.more(1).await;
    stage.set("ts_join_seconds=5").await;
    let mut far = stage.listener().await;
    far.more(1).await;
    // Ten segments are five seconds; meanwhile some more have come, on a busy machine many.
    let further = (near.first() + 1).saturating_sub(far.first());
    assert!((2..=10).contains(&further), "{further}");
    near.assert_unbroken();
    far.assert_unbroken();
}

#[tokio::test]
async fn a_request_chooses_its_mode_and_the_setting_is_for_those_that_do_not() {
    let stage = Stage::fast(|_| {}).await;
    let plain = format!("/ace/getstream?id={}", stage.ids[0]);
    let kind = async |path: &str| {
        let listener = Listener::open(stage.address(), path).await;
        assert_eq!(listener.status, StatusCode::OK);
        listener.header("content-type").to_owned()
    };
    let (hls, ts) = ("application/vnd.apple.mpegurl", "video/mp2t");
    assert_eq!(kind(&plain).await, hls);
    assert_eq!(kind(&format!("{plain}&mode=TS")).await, ts);
    stage.set("stream_mode=TS").await;
    assert_eq!(kind(&plain).await, ts);
    assert_eq!(kind(&format!("{plain}&mode=hls")).await, hls);
    assert_eq!(kind(&stage.entry()).await, hls);
    stage.set("stream_mode=HLS").await;
    assert_eq!(kind(&plain).await, hls);
    let answer = stage.get(&format!("{plain}&mode=dash")).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let detail = answer.json()["detail"].clone();
    assert_eq!(detail, "mode must be hls or ts (it is \"dash\")");
}

#[tokio::test]
async fn a_path_that_ends_in_ts_plays_ids_and_names_and_says_what_is_none() {
    let plain = Plain::new().await;
    let mut listener = Listener::open(plain.weir.address(), "/ace/stream/cam.ts").await;
    assert_eq!(listener.header("content-type"), "video/mp2t");
    listener.more(4).await;
    listener.assert_unbroken();
    let stage = Stage::fast(|_| {}).await;
    let path = format!("/ace/stream/{}.ts", stage.ids[0].to_uppercase());
    Listener::open(stage.address(), &path).await.more(1).await;
    let bad = stage.get("/ace/stream/other.ts").await;
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
    let bad = stage
        .get(&format!("/ace/stream/{}.mp4", stage.ids[0]))
        .await;
    assert_eq!(bad.status, StatusCode::NOT_FOUND);
    assert!(bad.text().contains("must end in .ts"), "{}", bad.text());
}

#[tokio::test]
async fn head_options_and_browsers_that_ask_in_advance_start_nothing() {
    let stage = Stage::fast(|_| {}).await;
    let paths = [
        stage.continuous(),
        format!("/ace/stream/{}.ts", stage.ids[0]),
    ];
    for path in &paths {
        let head = request(stage.address(), Method::HEAD, path, &[]).await;
        assert_eq!(head.status, StatusCode::OK);
        assert_eq!(head.header("content-type"), "video/mp2t");
        assert_eq!(head.header("content-length"), "");
        assert_eq!(head.header("accept-ranges"), "");
        let options = request(stage.address(), Method::OPTIONS, path, &[]).await;
        assert_eq!(options.status, StatusCode::NO_CONTENT);
        let purpose = [("sec-purpose", "prefetch")];
        let early = request(stage.address(), Method::GET, path, &purpose).await;
        assert_eq!(early.status, StatusCode::SERVICE_UNAVAILABLE);
    }
    let bad = request(stage.address(), Method::HEAD, "/ace/stream/other.ts", &[]).await;
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
    let none = |state: &Value| state["channels"].as_array().is_some_and(Vec::is_empty);
    assert!(none(&stage.status().await));
    assert_eq!(stage.engine.metrics().starts_all(), 0);
}

#[tokio::test]
async fn an_old_client_that_asks_for_a_range_is_served_the_whole_until_it_is_over() {
    let stage = Stage::fast(|_| {}).await;
    let path = stage.continuous();
    let asked = format!("GET {path} HTTP/1.0\r\nHost: weir\r\nRange: bytes=188-400\r\n\r\n");
    let address = stage.address();
    let heard = say(address, asked);
    let ends = async {
        stage
            .channel(|it| it["clients"][0]["bytes_sent"].as_u64() > Some(60_000))
            .await;
        within(stage.weir.stop()).await;
    };
    let (said, ()) = tokio::join!(heard, ends);
    let head = said.head();
    assert!(head.starts_with("http/1.0 200"), "{head}");
    for absent in ["content-length", "transfer-encoding", "content-range"] {
        assert!(!head.contains(&format!("\n{absent}:")), "{head}");
    }
    let body_at = said.0.windows(4).position(|it| it == b"\r\n\r\n");
    let body = &said.0[body_at.expect("a head") + 4..];
    assert_eq!(body.len() % ts::PACKET_BYTES, 0);
    assert!(body.iter().step_by(ts::PACKET_BYTES).all(|it| *it == 0x47));
}

#[tokio::test]
async fn what_is_no_transport_stream_or_encrypted_is_refused_with_the_reason() {
    let refused = async |packaging: Packaging, why: &str| {
        let options = Options {
            packaging,
            ..Options::of(media())
        };
        let plain = Plain::with(options, |_| {}).await;
        let answer = plain.get("/ace/getstream?id=cam&mode=ts").await;
        assert_eq!(answer.status, StatusCode::NOT_ACCEPTABLE);
        let detail = answer.json()["detail"].clone();
        let detail = detail.as_str().expect("a text");
        assert!(detail.contains(why) && detail.contains("HLS"), "{detail}");
        let state = plain.get("/proxy/status").await.json();
        assert_eq!(state["total_viewers"], 0, "{state:#}");
        assert_eq!(plain.enter().await.status, StatusCode::OK);
    };
    tokio::join!(
        refused(Packaging::Encrypted, "it is encrypted"),
        refused(Packaging::Fragmented, "it is fragmented MP4"),
    );
}

#[tokio::test]
async fn initial_data_wait_timeout_ends_the_wait_for_a_stream_with_a_status() {
    let stage = Stage::fast(|config| {
        config.settings.initial_data_wait_timeout = NEVER;
        config.settings.hls_first_segment_timeout = NEVER;
    })
    .await;
    stage.engine.faults().add(Session::NoPeers);
    let waiting = later(stage.address(), stage.continuous());
    stage.channel(|it| it["viewers"] == 1).await;
    assert!(!waiting.is_finished());
    stage.set("initial_data_wait_timeout=1").await;
    let answer = within(waiting).await.expect("an answer");
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_ne!(answer.header("retry-after"), "");
    assert!(
        answer.text().contains("not ready within 1 s"),
        "{}",
        answer.text()
    );
    stage.until_empty().await;
}

#[tokio::test]
async fn who_was_told_to_come_again_finds_the_start_that_it_waited_for() {
    let stage = Stage::fast(|config| {
        config.settings.initial_data_wait_timeout = Duration::from_secs(1);
        config.settings.channel_shutdown_delay = Duration::from_millis(100);
    })
    .await;
    stage.engine.faults().add(Session::NoPeers);
    let refused = stage.get(&stage.continuous()).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    let pause: u64 = refused.header("retry-after").parse().expect("seconds");
    assert_eq!(stage.status().await["channels"][0]["viewers"], 0);
    // A player may well be a little earlier than it was told.
    tokio::time::sleep(Duration::from_millis(pause * 1_000 - 200)).await;
    stage.engine.faults().clear();
    let mut listener = stage.listener().await;
    listener.more(1).await;
    assert_eq!(stage.engine.metrics().starts_all(), 1, "it began anew");
    drop(listener);
    stage.until_empty().await;
}
