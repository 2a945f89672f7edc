//! Engines that are read as one continuous stream: both kinds of viewers from one body, however it comes.

use std::time::Duration;

use simulator::engine::{Channel, Options};
use simulator::fault::{Endpoint, Http, Session};
use simulator::media::{Marked, Media};
use weir::clock::Clock;
use weir::config::Config;
use weir::settings::EngineStream;

use crate::audience::{Audience, assert_one_at_a_time};
use crate::listener::Listener;
use crate::stage::{Stage, eventually, fast, fast_engine, later, within};
use crate::undisturbed::viewer_of;
use crate::watcher::Watcher;

impl Stage {
    /// An engine that is read as one continuous stream, its media cut into pieces of half a second.
    pub(crate) async fn read_on(options: Options, change: impl FnOnce(&mut Config)) -> Self {
        Self::with(options, |config| {
            fast(config);
            config.settings.engine_stream = EngineStream::Ts;
            config.settings.segment_seconds = Duration::from_millis(500);
            change(config);
        })
        .await
    }
}

/// Three seconds come at once.
pub(crate) fn engine() -> Options {
    Options {
        burst: 120_000,
        ..fast_engine()
    }
}

/// Segments of two seconds, each with one key frame, and no burst.
fn slow_engine() -> Options {
    let shape = Marked {
        stream: 1,
        duration: Duration::from_secs(2),
        bytes: SLOW_SEGMENT_BYTES,
    };
    Options {
        channels: vec![Channel::numbered(1, Media::marked(shape))],
        burst: 0,
        ..fast_engine()
    }
}

const SLOW_SEGMENT_BYTES: usize = 80_000;

/// Segments of two seconds are shown as such, and continuous viewers begin with the newest.
fn slow(config: &mut Config) {
    config.settings.segment_seconds = Duration::from_secs(2);
    config.settings.ts_join_seconds = Duration::ZERO;
}

#[tokio::test]
async fn both_kinds_of_viewers_are_served_from_one_continuous_body() {
    let stage = Stage::read_on(engine(), |_| {}).await;
    let mut watcher = viewer_of(&stage, 0).await;
    let mut listener = stage.listener().await;
    tokio::join!(listener.more(8), watcher.more(8));
    listener.assert_unbroken();
    watcher.assert_unbroken();
    let metrics = stage.engine.metrics();
    assert_eq!((metrics.starts_all(), metrics.streams), (1, 1));
    assert_eq!(metrics.fetches_all(), 0, "no segment is fetched");
    let state = stage.channel(|it| it["viewers"] == 2).await;
    assert_eq!(state["upstream"]["stream"], "ts", "{state:#}");
    let audience = Audience { watcher, listener };
    let metrics = audience.leave(&stage).await;
    assert_eq!(metrics.stops, 1);
    assert_one_at_a_time(&metrics);
}

#[tokio::test]
async fn while_an_engine_collects_it_is_asked_for_its_body_once_and_how_it_is_doing_meanwhile() {
    let stage = Stage::read_on(engine(), |_| {}).await;
    let nobody = stage.engine.faults().add(Session::NoPeers);
    let (viewer, listener) = (stage.viewer(), later_head(&stage, stage.continuous()));
    let waiting = stage.engine_until(|it| 5 <= it.stats).await;
    assert_eq!((waiting.streams, waiting.starts_all()), (0, 1));
    assert_eq!(stage.status().await["channels"][0]["state"], "starting");
    stage.engine.faults().remove(nobody);
    assert_eq!(within(viewer).await.expect("an answer").status, 200);
    let mut listener = listener.await.expect("a stream");
    listener.more(4).await;
    listener.assert_unbroken();
    let metrics = stage.engine.metrics();
    let asked = metrics
        .log
        .iter()
        .filter(|it| it.target.starts_with("/ace/r/"));
    assert_eq!((asked.count(), metrics.streams), (1, 1));
    assert_one_at_a_time(&metrics);
}

/// A continuous viewer who may have to wait to be let in.
#[expect(clippy::disallowed_methods, reason = "a test's own task ends with it")]
fn later_head(stage: &Stage, path: String) -> tokio::task::JoinHandle<Listener> {
    let address = stage.address();
    tokio::spawn(async move { Listener::open(address, &path).await })
}

/// By so much a list may be ahead of the time that has gone by: what is held when it is first served, what comes with
/// the read that brought the last of it, and what may be shown early.
const AHEAD_MAX: Duration = Duration::from_secs(9);

/// Watches a channel from its first request on; its list may not run ahead of time, nor hold more than it should.
async fn keeps_the_pace(options: Options) -> (Stage, Audience) {
    let stage = Stage::read_on(options, |_| {}).await;
    let clock = Clock::start();
    let mut audience = Audience::of(&stage).await;
    audience.watcher.look().await;
    let first = audience.watcher.seen.len();
    while audience.watcher.seen.len() < first + 12 {
        audience.more(1).await;
        let shown: Duration = audience.watcher.seen.values().map(|it| it.duration).sum();
        let passed = clock.now().0;
        assert!(shown < passed + AHEAD_MAX, "{shown:?} after {passed:?}");
        let state = &stage.status().await["channels"][0];
        let reserve = state["reserve_seconds"].as_f64().expect("seconds");
        assert!(reserve < AHEAD_MAX.as_secs_f64(), "{state:#}");
        let held = state["buffer_bytes"].as_u64().expect("a count");
        assert!(held <= 20 * 20_000, "{state:#}");
    }
    audience.assert_unbroken();
    (stage, audience)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_a_minute_makes_the_list_ready_at_once_and_is_then_shown_at_the_streams_pace() {
    let minute = Options {
        burst: 120 * 20_000,
        ..fast_engine()
    };
    let (stage, audience) = keeps_the_pace(minute).await;
    assert_eq!(stage.engine.metrics().starts_all(), 1);
    assert_one_at_a_time(&audience.leave(&stage).await);
}

/// More than systems buffer between two sockets here, and what is held.
const TAKEN_BYTES_MAX: u64 = 32 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_comes_as_fast_as_it_is_read_is_read_no_faster_than_it_is_shown() {
    let endless = Options {
        burst: u64::MAX,
        ..fast_engine()
    };
    let (stage, audience) = keeps_the_pace(endless).await;
    let metrics = stage.engine.metrics();
    assert_eq!(metrics.starts_all(), 1, "not reading is no silence");
    assert!(metrics.bytes < TAKEN_BYTES_MAX, "{}", metrics.bytes);
    assert_one_at_a_time(&audience.leave(&stage).await);
}

#[tokio::test]
async fn who_begins_on_a_cold_channel_gets_tables_and_a_key_frame_before_there_is_a_list() {
    let some = Options {
        burst: SLOW_SEGMENT_BYTES as u64 * 3 / 2,
        ..slow_engine()
    };
    let stage = Stage::read_on(some, slow).await;
    let frozen = stage.engine.faults().add(Session::Freeze);
    let mut listener = stage.listener().await;
    listener.until(|report| report.last.is_some()).await;
    let state = stage.channel(|it| it["viewers"] == 1).await;
    assert_eq!(
        (&state["segments"], &state["state"]),
        (&1.into(), &"starting".into())
    );
    assert!(listener.report().tables_first);
    stage.engine.faults().remove(frozen);
    listener.more(3).await;
    listener.assert_unbroken();
    assert_eq!(stage.engine.metrics().starts_all(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_continuous_viewer_is_ahead_of_the_list_and_misses_and_doubles_nothing_when_it_catches_up()
 {
    let stage = Stage::read_on(slow_engine(), slow).await;
    let mut listener = stage.listener().await;
    listener.more(1).await;
    let mut watcher = Watcher::new(stage.player().await);
    for _ in 0..3 {
        let ahead = async || {
            listener.read().await;
            watcher.look().await;
            (watcher.newest().segment < listener.last()).then_some(())
        };
        eventually("the stream is ahead of the list", ahead).await;
        listener.more(1).await;
    }
    listener.assert_unbroken();
    watcher.assert_unbroken();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_joins_at_whatever_point_of_a_segment_begins_with_its_key_frame() {
    let stage = Stage::read_on(slow_engine(), slow).await;
    let mut first = stage.listener().await;
    first.more(1).await;
    let mut joined = Vec::new();
    for _ in 0..10 {
        // A fifth of a segment further on each time.
        let read = first.report().packets + 80;
        first.until(|report| read <= report.packets).await;
        joined.push((first.last(), stage.listener().await));
    }
    for (newest, listener) in &mut joined {
        listener.more(2).await;
        listener.assert_unbroken();
        assert!(*newest <= listener.first(), "it began with an old segment");
    }
    first.more(1).await;
    first.assert_unbroken();
    let metrics = stage.engine.metrics();
    assert_eq!((metrics.starts_all(), metrics.streams), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_begins_inside_a_packet_is_shown_from_its_first_key_frame_on() {
    let stage = Stage::read_on(engine(), |_| {}).await;
    let skip = Http::Misaligned(188 * 30 + 77);
    stage.engine.faults().always(Endpoint::Stream, skip);
    let mut audience = Audience::of(&stage).await;
    audience.more(4).await;
    audience.assert_unbroken();
}

#[tokio::test]
async fn a_path_to_a_body_may_have_no_redirect_one_or_two() {
    for hops in 0..=2 {
        let stage = Stage::read_on(
            Options {
                redirect_hops: hops,
                ..engine()
            },
            |_| {},
        )
        .await;
        let mut listener = stage.listener().await;
        listener.more(2).await;
        listener.assert_unbroken();
        assert_eq!(stage.engine.metrics().streams, 1, "{hops} redirects");
    }
}

#[tokio::test]
async fn who_only_asks_for_a_page_of_a_stream_that_is_read_starts_no_second_session() {
    let stage = Stage::read_on(engine(), |_| {}).await;
    let answers = (0..20).map(|_| later(stage.address(), stage.entry()));
    for answer in futures_util::future::join_all(answers).await {
        assert_eq!(answer.expect("an answer").status, 200);
    }
    let metrics = stage.engine.metrics();
    assert_eq!((metrics.starts_all(), metrics.streams), (1, 1));
}
