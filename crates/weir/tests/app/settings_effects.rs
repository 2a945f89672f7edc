//! Each setting has its effect on a service that runs: it is changed by a call, and something changes.

use std::net::SocketAddr;
use std::time::Duration;

use http::StatusCode;
use simulator::engine::{Channel, Options};
use simulator::fault::{Listing, Session};
use simulator::media::{Marked, Media};
use socket2::{Domain, Socket, Type};
use tokio::net::TcpStream;
use weir::config::Config;

use crate::slow_viewers::{heavy, newest, unread, until_tasks};
use crate::stage::{Answer, Player, Stage, fast_engine, later, quick_engine, within};
use crate::undisturbed::viewer_of;
use crate::watcher::Watcher;

/// Longer than a test waits for anything.
const NEVER: Duration = Duration::from_secs(600);

/// A channel with segments of a second that somebody watches.
async fn watched(change: impl FnOnce(&mut Config)) -> (Stage, Watcher) {
    let stage = Stage::with(quick_engine(), |config| {
        // Whoever watches may look away for a while.
        config.settings.channel_shutdown_delay = NEVER;
        change(config);
    })
    .await;
    let watcher = viewer_of(&stage, 0).await;
    (stage, watcher)
}

/// A channel whose engine has six segments of five seconds, and never more. The session would be
/// replaced after three and a half of them, and another one has six more.
async fn with_six_segments(change: impl FnOnce(&mut Config)) -> Stage {
    let media = Media::marked(Marked {
        stream: 1,
        duration: Duration::from_secs(5),
        bytes: 20_000,
    });
    let options = Options {
        channels: vec![Channel::numbered(1, media)],
        ..quick_engine()
    };
    let stage = Stage::with(options, change).await;
    stage.engine.faults().add(Listing::Stall);
    stage
}

/// A channel for which nothing ever comes.
async fn without_media(change: impl FnOnce(&mut Config)) -> Stage {
    let stage = Stage::fast(change).await;
    stage.engine.faults().add(Session::NoPeers);
    stage
}

/// Somebody waits for the first list although six segments are there; a change lets them in.
async fn lets_in(stage: &Stage, change: &str) {
    let waiting = stage.viewer();
    let state = stage.channel(|it| it["segments"] == 6).await;
    assert_eq!(state["state"], "starting", "{state:#}");
    assert!(!waiting.is_finished());
    stage.set(change).await;
    let answer = within(waiting).await.expect("an answer");
    let player = Player::of(stage.address(), &answer);
    assert!(3 <= player.poll().await.segments.len());
    let state = stage.channel(|_| true).await;
    let told = "it was let in by more segments, not by the change";
    assert_eq!(state["upstream"]["sessions"], 1, "{told}: {state:#}");
}

/// Somebody waits for what never comes; a change ends it, and the answer tells why.
async fn is_given_up(stage: &Stage, change: &str, told: &str) -> Answer {
    let waiting = stage.viewer();
    stage.channel(|it| it["state"] == "starting").await;
    assert!(!waiting.is_finished());
    stage.set(change).await;
    let answer = within(waiting).await.expect("an answer");
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.text().contains(told), "{}", answer.text());
    answer
}

#[tokio::test]
async fn hls_max_segments_gives_memory_back_at_once_and_bounds_what_is_held() {
    let (stage, mut watcher) = watched(|_| {}).await;
    stage.channel(|it| Some(8) <= it["segments"].as_u64()).await;
    stage
        .set("hls_max_segments=5&hls_window_size=3&hls_max_initial_segments=5")
        .await;
    stage.channel(|it| it["segments"] == 5).await;
    watcher.more(3).await;
    stage.channel(|it| it["segments"] == 5).await;
    stage.set("hls_max_segments=8").await;
    watcher.more(3).await;
    stage.channel(|it| it["segments"] == 8).await;
    assert_eq!(watcher.discontinuities(), 0);
}

#[tokio::test]
async fn hls_initial_segments_lets_in_who_waits_for_more() {
    let stage = with_six_segments(|config| config.settings.hls_initial_segments = 7).await;
    lets_in(&stage, "hls_initial_segments=6").await;
}

#[tokio::test]
async fn hls_initial_buffer_seconds_lets_in_who_waits_for_more() {
    let stage = with_six_segments(|config| {
        config.settings.hls_initial_buffer_seconds = Duration::from_secs(60);
    })
    .await;
    lets_in(&stage, "hls_initial_buffer_seconds=29.5").await;
}

#[tokio::test]
async fn hls_max_initial_segments_is_enough_for_who_waits_for_more() {
    let stage = with_six_segments(|config| {
        config.settings.hls_initial_buffer_seconds = Duration::from_secs(60);
    })
    .await;
    lets_in(&stage, "hls_max_initial_segments=6").await;
}

#[tokio::test]
async fn slate_lets_in_who_waits_for_a_source_that_gives_nothing() {
    let stage = without_media(|config| config.slate_after = Duration::ZERO).await;
    let waiting = stage.viewer();
    let state = stage.channel(|it| it["upstream"]["sessions"] == 1).await;
    assert_eq!(state["slate_segments"], 0, "{state:#}");
    assert!(!waiting.is_finished());
    stage.set("slate=hls").await;
    let answer = within(waiting).await.expect("an answer");
    let list = Player::of(stage.address(), &answer).poll().await;
    assert_eq!(list.segments.len(), 4);
    let state = stage.channel(|it| it["on_slate"] == true).await;
    assert_eq!(
        (&state["state"], &state["segments"]),
        (&"starting".into(), &5.into())
    );
}

#[tokio::test]
async fn hls_window_size_is_the_length_of_the_list_from_the_next_poll_on() {
    let (stage, mut watcher) = watched(|_| {}).await;
    let listed = async |watcher: &mut Watcher, count| {
        watcher
            .until_list(|list| list.segments.len() == count)
            .await
    };
    listed(&mut watcher, 6).await;
    stage.set("hls_window_size=3").await;
    listed(&mut watcher, 3).await;
    stage.set("hls_window_size=9").await;
    listed(&mut watcher, 9).await;
    watcher.assert_unbroken();
}

#[tokio::test]
async fn hls_buffer_ready_timeout_ends_the_wait_of_who_waits_already() {
    let stage = without_media(|config| {
        config.settings.hls_buffer_ready_timeout = NEVER;
        config.settings.hls_first_segment_timeout = NEVER;
    })
    .await;
    is_given_up(&stage, "hls_buffer_ready_timeout=5", "not ready within 5 s").await;
}

#[tokio::test]
async fn hls_first_segment_timeout_ends_a_start_under_way() {
    let stage = without_media(|config| {
        config.settings.hls_buffer_ready_timeout = NEVER;
        config.settings.hls_first_segment_timeout = NEVER;
    })
    .await;
    is_given_up(&stage, "hls_first_segment_timeout=5", "within 5 s").await;
    stage.engine_until(|metrics| metrics.sessions == 0).await;
}

#[tokio::test]
async fn hls_segment_fetch_interval_changes_how_often_the_engine_is_asked() {
    let (stage, mut watcher) = watched(|config| {
        config.settings.hls_segment_fetch_interval = 2.0;
    })
    .await;
    let mut polls_during_four_segments = async || {
        let before = stage.engine.metrics().playlists;
        watcher.more(4).await;
        stage.engine.metrics().playlists - before
    };
    let rare = polls_during_four_segments().await;
    stage.set("hls_segment_fetch_interval=0.1").await;
    let often = polls_during_four_segments().await;
    assert!(rare * 3 < often, "{rare} and then {often}");
    watcher.assert_unbroken();
}

/// A running channel whose engine goes away for good; a change ends the channel.
async fn ends_without_data(change: &str) {
    let (stage, watcher) = watched(|_| {}).await;
    stage.engine.crash(NEVER);
    stage.set(change).await;
    let state = stage.channel(|it| it["state"] == "failed").await;
    let failure = state["failure"].as_str().expect("a failure");
    assert!(failure.contains("has been silent"), "{failure}");
    let list = watcher.player.poll().await;
    assert!(list.ended, "{list:#?}");
}

#[tokio::test]
async fn no_data_timeout_checks_end_a_channel_whose_engine_is_gone() {
    ends_without_data("no_data_timeout_checks=5").await;
}

#[tokio::test]
async fn no_data_check_interval_ends_a_channel_whose_engine_is_gone() {
    ends_without_data("no_data_check_interval=0.05").await;
}

/// A port where connecting never ends: its queue is full, and nobody takes from it.
fn full_port() -> (Socket, SocketAddr, Vec<Socket>) {
    let socket = || Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let listener = socket();
    let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
    listener.bind(&any.into()).expect("a port");
    listener.listen(0).expect("a listener");
    let address = listener.local_addr().expect("an address").as_socket();
    let address = address.expect("an IP address");
    let waiting = (0..4).map(|_| {
        let waiting = socket();
        waiting.set_nonblocking(true).expect("a socket");
        // It is under way; more is not wanted.
        let _ = waiting.connect(&address.into());
        waiting
    });
    let waiting = waiting.collect();
    (listener, address, waiting)
}

#[tokio::test]
async fn connection_timeout_bounds_the_connections_made_after_a_change() {
    let (_listener, address, _waiting) = full_port();
    let early = tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(address)).await;
    assert!(early.is_err(), "the port is not full");
    let stage = Stage::fast(|config| {
        config.engines = vec![address.to_string().parse().expect("an address")];
        config.settings.connection_timeout = NEVER;
        config.settings.hls_buffer_ready_timeout = NEVER;
        config.settings.hls_first_segment_timeout = NEVER;
    })
    .await;
    stage.set("connection_timeout=5").await;
    let answer = within(stage.viewer()).await.expect("an answer");
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let text = answer.text();
    assert!(text.contains("Engine communication error"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stream_timeout_drops_a_viewer_who_has_stopped_reading_already() {
    let (stage, watcher) = heavy(NEVER).await;
    until_tasks(&stage, 2).await;
    let path = newest(&watcher).await;
    let _stalled = unread(stage.address(), &path).await;
    crate::stage::eventually("it is being served", async || {
        (3 <= stage.weir.tasks()).then_some(())
    })
    .await;
    stage.set("stream_timeout=10").await;
    until_tasks(&stage, 2).await;
}

#[tokio::test]
async fn channel_shutdown_delay_ends_a_channel_that_lingers_already() {
    let stage = Stage::fast(|config| config.settings.channel_shutdown_delay = NEVER).await;
    stage.player().await.poll().await;
    stage.channel(|it| it["state"] == "lingering").await;
    stage.set("channel_shutdown_delay=1").await;
    stage.until_empty().await;
    assert_eq!(stage.engine.metrics().stops, 1);
}

#[tokio::test]
async fn max_streams_per_engine_makes_room_for_another_channel() {
    let options = Options {
        initial: 6,
        ..fast_engine()
    };
    let stage = Stage::with(options, |config| {
        crate::stage::fast(config);
        config.settings.max_streams_per_engine = 1;
    })
    .await;
    let mut watcher = viewer_of(&stage, 0).await;
    let other = format!("/ace/manifest.m3u8?id={}", stage.ids[1]);
    let full = stage.get(&other).await;
    assert_eq!(full.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(full.text().contains("(1 streams per engine)"));
    stage.set("max_streams_per_engine=2").await;
    let second = async {
        loop {
            let answer = later(stage.address(), other.clone()).await;
            // The refusal before is remembered for a while.
            if answer.expect("an answer").status == StatusCode::OK {
                return;
            }
            watcher.look().await;
        }
    };
    within(second).await;
    watcher.more(1).await;
    assert_eq!(stage.engine.metrics().sessions_max, 2);
}
