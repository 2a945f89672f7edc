//! Engines that answer wrongly, late or never: viewers are told what is wrong, in time, and a
//! channel beside it plays on.

use std::time::Duration;

use futures_util::future::join_all;
use http::StatusCode;
use simulator::engine::{Channel, Engine, Options};
use simulator::fault::{Ending, Endpoint, Fault, Http, Listing, Malformed, Rule, Session};
use simulator::media::{Marked, Media};
use weir::clock::Clock;
use weir::config::Config;

use crate::canary::Canary;
use crate::stage::{Answer, Stage, fast, fast_engine};
use crate::undisturbed::{undisturbed, viewer_of};
use crate::watcher::Watcher;

/// How long a first request may wait on this stage.
const PATIENCE: Duration = Duration::from_secs(2);

/// What such an answer may take on a machine that is busy with other tests.
const SLACK: Duration = Duration::from_secs(3);

/// An engine with many channels: the first one stays healthy, each other one may have a fault.
fn crowded_engine() -> Options {
    let shape = |stream| Marked {
        stream,
        duration: Duration::from_millis(500),
        bytes: 20_000,
    };
    let channels = 1..=20;
    Options {
        channels: channels
            .map(|n| Channel::numbered(n, Media::marked(shape(n as u32))))
            .collect(),
        // What it has not told the way to stop is gone by itself.
        idle_after: Duration::from_secs(3),
        ..fast_engine()
    }
}

fn impatient(config: &mut Config) {
    fast(config);
    config.settings.max_streams_per_engine = 20;
    config.settings.hls_first_segment_timeout = PATIENCE;
    config.settings.hls_buffer_ready_timeout = PATIENCE + SLACK;
}

fn infohash(channel: usize) -> String {
    Channel::numbered(channel as u64 + 1, Media::marked(Marked::default())).infohash
}

/// A fault for one channel of the engine.
fn rule(fault: impl Into<Fault>, endpoint: Endpoint) -> Rule {
    Rule::new(fault).on(endpoint)
}

/// Gives each fault a channel of its own, asks for all of them at once, and checks status and text
/// while another channel is watched.
async fn are_refused(faults: Vec<Rule>, status: StatusCode, text: &str) -> Vec<Answer> {
    let stage = Stage::with(crowded_engine(), impatient).await;
    let mut watcher = viewer_of(&stage, 0).await;
    let shown: Vec<_> = faults.iter().map(|rule| format!("{rule:?}")).collect();
    for (n, rule) in faults.into_iter().enumerate() {
        stage.engine.faults().add(rule.content(&infohash(n + 1)));
    }
    let clock = Clock::start();
    let ask = |n: usize| {
        let path = format!("/ace/manifest.m3u8?id={}", stage.ids[n + 1]);
        let stage = &stage;
        async move { (stage.get(&path).await, clock.now().0) }
    };
    let asked = join_all((0..shown.len()).map(ask));
    let answers = undisturbed(&mut watcher, asked).await;
    for (fault, (answer, waited)) in shown.iter().zip(&answers) {
        assert_eq!(answer.status, status, "{fault}: {}", answer.text());
        let json = answer.json();
        let detail = json["detail"].as_str().expect("a detail");
        assert!(detail.starts_with(text), "{fault}: {detail}");
        assert!(*waited < PATIENCE + SLACK, "{fault}: {waited:?}");
        let pause = answer.header("retry-after").parse::<u64>();
        assert_eq!(pause.is_ok(), status == StatusCode::SERVICE_UNAVAILABLE);
    }
    stage.engine.faults().clear();
    // What was started for them is stopped again.
    stage.engine.until(|metrics| metrics.sessions == 1).await;
    answers.into_iter().map(|(answer, _)| answer).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_to_a_start_that_makes_no_sense_is_502_that_says_so() {
    let wrong = [
        Malformed::Truncated,
        Malformed::Html,
        Malformed::Empty,
        Malformed::WrongTypes,
        Malformed::EmptyResponse,
        Malformed::Missing("playback_url".into()),
        Malformed::Text("playback_url".into(), String::new()),
        Malformed::Text("playback_url".into(), "file:///etc/passwd".into()),
        Malformed::Text("playback_url".into(), "javascript:alert(1)".into()),
    ];
    let mut faults: Vec<_> = wrong
        .map(|kind| rule(Session::Malformed(kind), Endpoint::Start))
        .into();
    faults.push(rule(Http::Html, Endpoint::Start));
    faults.push(rule(Http::Empty, Endpoint::Start));
    faults.push(rule(Http::Status(500), Endpoint::Start));
    faults.push(rule(Http::RedirectLoop, Endpoint::Start));
    let deep = format!("{{\"response\":{}", "[".repeat(100_000));
    faults.push(rule(Http::Replace(deep.into()), Endpoint::Start));
    are_refused(faults, StatusCode::BAD_GATEWAY, "AceStream engine error: ").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_s_own_words_reach_the_viewer_as_text_and_nothing_else() {
    let fails = Session::StartFails {
        error: "no \"peers\"\r\nSet-Cookie: a=b <script>".into(),
        extra: None,
    };
    let faults = vec![rule(fails, Endpoint::Start)];
    let answers = are_refused(
        faults,
        StatusCode::BAD_GATEWAY,
        "AceStream engine error: no ",
    )
    .await;
    assert_eq!(answers[0].header("set-cookie"), "");
    assert_eq!(answers[0].header("content-type"), "application/json");
    assert_eq!(answers[0].header("x-content-type-options"), "nosniff");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_that_breaks_off_is_503_that_says_so() {
    let second = Duration::from_secs(1);
    let faults = [
        Http::Drop(Ending::Fin),
        Http::Drop(Ending::Reset),
        Http::EndlessHeader,
        Http::Oversized(10 << 20),
        Http::Endless,
        Http::GzipBomb(100 << 20),
        Http::Truncate(10),
    ];
    let faults = faults.map(|fault| rule(fault, Endpoint::Start)).into();
    let text = "Engine communication error: ";
    are_refused(faults, StatusCode::SERVICE_UNAVAILABLE, text).await;
    let late = [Http::Hang, Http::SlowHeader(second)];
    let late = late.map(|fault| rule(fault, Endpoint::Start)).into();
    let text = "Timeout waiting for stream buffer: ";
    are_refused(late, StatusCode::SERVICE_UNAVAILABLE, text).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_playlist_that_cannot_be_used_is_503_that_says_so() {
    let faults = [
        Http::Html,
        Http::Empty,
        Http::Replace(vec![0xff; 5_000].into()),
        Http::Oversized(10 << 20),
        Http::Endless,
        Http::GzipBomb(100 << 20),
        Http::EndlessHeader,
        Http::SlowHeader(Duration::from_secs(1)),
        Http::RedirectLoop,
        Http::Hang,
        Http::Drop(Ending::Reset),
        Http::Silence {
            after: 20,
            lasting: None,
        },
        Http::Status(204),
        Http::Status(500),
    ];
    let mut faults: Vec<_> = faults.map(|fault| rule(fault, Endpoint::Playlist)).into();
    faults.push(rule(Listing::Empty, Endpoint::Playlist));
    faults.push(rule(Listing::Oversized(10 << 20), Endpoint::Playlist));
    let text = "Timeout waiting for stream buffer: no playable segment within 2 s: ";
    let answers = are_refused(faults, StatusCode::SERVICE_UNAVAILABLE, text).await;
    assert_eq!(answers[0].header("content-type"), "application/json");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn segments_that_cannot_be_used_are_503_that_says_so() {
    let faults = [
        Http::Html,
        Http::Empty,
        Http::Oversized(200 << 20),
        Http::Gzip,
        Http::GzipBomb(100 << 20),
        Http::Truncate(5_000),
        Http::EndlessHeader,
        Http::SlowHeader(Duration::from_secs(1)),
        Http::RedirectLoop,
        Http::Hang,
        Http::Drop(Ending::Reset),
        Http::Status(404),
    ];
    let faults = faults.map(|fault| rule(fault, Endpoint::Segment)).into();
    let text = "Timeout waiting for stream buffer: no playable segment within 2 s: ";
    are_refused(faults, StatusCode::SERVICE_UNAVAILABLE, text).await;
}

/// Resident memory of this process.
fn resident_bytes() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").expect("figures");
    let pages = text.split(' ').nth(1).expect("a second figure");
    pages.parse::<usize>().expect("a number") * 4096
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn segments_without_an_end_take_a_bounded_share_of_memory() {
    let stage = Stage::with(crowded_engine(), impatient).await;
    let mut watcher = viewer_of(&stage, 0).await;
    let endless = rule(Http::Endless, Endpoint::Segment).content(&infohash(1));
    let fault = stage.engine.faults().add(endless);
    let before = resident_bytes();
    let most = std::cell::Cell::new(before);
    let path = format!("/ace/manifest.m3u8?id={}", stage.ids[1]);
    let measured = async {
        let mut answer = std::pin::pin!(stage.get(&path));
        loop {
            tokio::select! {
                answer = &mut answer => return answer,
                () = tokio::time::sleep(Duration::from_millis(5)) => {
                    most.set(resident_bytes().max(most.get()));
                }
            }
        }
    };
    let answer = undisturbed(&mut watcher, measured).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(0 < stage.engine.faults().used(fault));
    // Four downloads of 64 MiB at most, and whatever other tests need meanwhile.
    let taken = most.get().saturating_sub(before);
    assert!(taken < 450 << 20, "{} MiB", taken >> 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_that_name_another_host_are_asked_of_the_engine_alone() {
    let canary = Canary::new();
    let stage = Stage::fast(|_| {}).await;
    let host = canary.address().to_string();
    stage.engine.faults().add(Session::BadHost(host));
    let mut watcher = Watcher::new(stage.player().await);
    watcher.more(6).await;
    drop(watcher);
    // The stop names the other host as well.
    stage.engine.until(|metrics| 0 < metrics.stops_done).await;
    assert!(0 < stage.engine.metrics().stats);
    assert!(!canary.was_asked());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redirects_to_another_host_are_asked_of_the_engine_alone() {
    let canary = Canary::new();
    let elsewhere = format!("{}/x", canary.url());
    let playback = Malformed::Text("playback_url".into(), elsewhere.clone());
    let text = "Timeout waiting for stream buffer: no playable segment within 2 s: ";
    let faults = vec![
        rule(Http::RedirectTo(canary.address()), Endpoint::Playlist),
        rule(Http::Redirect(elsewhere.clone()), Endpoint::Playlist),
        rule(Http::RedirectTo(canary.address()), Endpoint::Segment),
        rule(Http::Redirect(elsewhere.clone()), Endpoint::Segment),
        rule(
            Http::Redirect(format!("//{}/x", canary.address())),
            Endpoint::Segment,
        ),
        rule(Listing::Prefix(canary.url() + "/x"), Endpoint::Playlist),
        rule(Session::Malformed(playback), Endpoint::Start),
    ];
    are_refused(faults, StatusCode::SERVICE_UNAVAILABLE, text).await;
    let start = vec![rule(Http::Redirect(elsewhere), Endpoint::Start)];
    are_refused(start, StatusCode::BAD_GATEWAY, "AceStream engine error: ").await;
    assert!(!canary.was_asked());
}

/// A stage whose first engine is not its only one.
async fn with_a_second_engine() -> (Stage, Engine) {
    let second = Engine::start(fast_engine()).await.expect("an engine");
    let address = second.address().to_string().parse().expect("an address");
    let stage = Stage::fast(|config| config.engines.push(address)).await;
    (stage, second)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_dead_engine_is_passed_over_for_the_next_one() {
    let (stage, second) = with_a_second_engine().await;
    let mut watcher = viewer_of(&stage, 1).await;
    let fault = second.faults().add(Http::HalfDead);
    undisturbed(&mut watcher, async {
        let mut viewer = viewer_of(&stage, 0).await;
        viewer.more(2).await;
    })
    .await;
    assert!(0 < second.faults().used(fault));
    assert_eq!(stage.engine.metrics().starts_all(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_turns_half_dead_is_replaced_while_its_viewers_are_served() {
    let (stage, second) = with_a_second_engine().await;
    let mut watcher = viewer_of(&stage, 0).await;
    stage.engine.faults().add(Http::HalfDead);
    stage.engine.crash(Duration::ZERO);
    second.until(|metrics| metrics.starts_all() == 1).await;
    watcher.more(6).await;
    assert_eq!(watcher.discontinuities(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statistics_that_make_no_sense_never_hurt_what_plays() {
    let stage = Stage::with(crowded_engine(), impatient).await;
    let wrong = [
        Malformed::Truncated,
        Malformed::Html,
        Malformed::Empty,
        Malformed::WrongTypes,
        Malformed::EmptyResponse,
        Malformed::StringNumbers,
        Malformed::UnknownKeys,
        Malformed::Missing("status".into()),
        Malformed::Text("status".into(), "\u{0}what?".repeat(50)),
    ];
    let mut faults: Vec<Fault> = wrong.map(|kind| Session::Malformed(kind).into()).into();
    let http = [
        Http::Hang,
        Http::Html,
        Http::Status(500),
        Http::Drop(Ending::Reset),
        Http::Oversized(10 << 20),
        Http::RedirectLoop,
    ];
    faults.extend(http.map(Fault::from));
    let watch = async |n: usize, fault: Fault| {
        let shown = format!("{fault:?}");
        let struck = Rule::new(fault).on(Endpoint::Stat).content(&infohash(n));
        let fault = stage.engine.faults().add(struck);
        let mut watcher = viewer_of(&stage, n).await;
        watcher.more(8).await;
        assert!(0 < stage.engine.faults().used(fault), "{shown}");
        assert_eq!(watcher.discontinuities(), 0, "{shown}");
        let starts = stage.engine.metrics().starts_of(&infohash(n));
        assert_eq!(starts, 1, "{shown}");
    };
    join_all(faults.into_iter().enumerate().map(|(n, it)| watch(n, it))).await;
}
