//! Engines and sources that cannot be reached, stall, break off or refuse: one chain of tries asks
//! them, nothing is shown in part, and what stopped comes back.

use std::time::Duration;

use futures_util::future::join_all;
use http::StatusCode;
use simulator::fault::{Ending, Endpoint, Fault, Http, Listing, Rule};
use simulator::metrics::Metrics;
use simulator::origin::Options;
use tokio::time::Instant;
use weir::clock::Clock;
use weir::config::Config;

use crate::plain::{Plain, media};
use crate::stage::{Answer, Player, Stage, eventually, within};
use crate::watcher::Watcher;

/// What an answer may take longer on a machine that is busy with other tests.
const SLACK: Duration = Duration::from_secs(5);

fn detail(answer: &Answer) -> String {
    let json = answer.json();
    json["detail"].as_str().expect("a detail").to_owned()
}

/// A first wait of three seconds at most, and an answer as soon as it is over.
fn three_seconds(config: &mut Config) {
    config.settings.hls_first_segment_timeout = Duration::from_secs(3);
    config.settings.hls_buffer_ready_timeout = Duration::from_secs(20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_many_wait_a_dead_engine_is_asked_one_at_a_time_and_ever_more_rarely() {
    let stage = Stage::fast(three_seconds).await;
    let late = Duration::from_millis(50);
    let faults = stage.engine.faults();
    faults.always(Endpoint::Start, Http::Delay(late));
    faults.always(Endpoint::Start, Http::Drop(Ending::Reset));
    let waiting: Vec<_> = (0..100).map(|_| stage.viewer()).collect();
    for answer in join_all(waiting).await {
        let answer = answer.expect("an answer");
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        let text = detail(&answer);
        assert!(text.starts_with("Engine communication error: "), "{text}");
    }
    let tries = starts(&stage.engine.metrics());
    assert!(2 <= tries.len(), "{} tries in three seconds", tries.len());
    // Waits of 0.25 s, 0.5 s, 1 s and so on, each shortened by a quarter at most, and none before the engine is done.
    let mut wait = Duration::from_millis(250);
    for (before, next) in tries.iter().zip(&tries[1..]) {
        let gap = *next - *before;
        assert!(late + wait * 3 / 4 <= gap, "{gap:?} for {wait:?}");
        wait *= 2;
    }
}

/// When the engine was asked to begin.
fn starts(metrics: &Metrics) -> Vec<Instant> {
    let starts = (metrics.log.iter()).filter(|it| it.target.starts_with("/ace/manifest.m3u8"));
    starts.map(|it| it.at).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_comes_up_late_serves_all_who_waited_from_one_session() {
    let stage = Stage::fast(|_| {}).await;
    stage.engine.crash(Duration::from_secs(1));
    let waiting: Vec<_> = (0..50).map(|_| stage.viewer()).collect();
    for answer in join_all(waiting).await {
        let answer = answer.expect("an answer");
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    }
    let metrics = stage.engine.metrics();
    assert_eq!((metrics.starts_all(), metrics.sessions_max), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_cannot_be_reached_says_what_is_wrong() {
    let meet = async |change: fn(&str) -> String, why: &str| {
        let plain = Plain::with(Options::of(media()), |config| {
            let url = change(config.sources[0].url.as_str());
            config.sources[0].url = url.parse().expect("an address");
        })
        .await;
        let answer = plain.enter().await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        let text = detail(&answer);
        assert!(text.starts_with("Source communication error: "), "{text}");
        assert!(text.contains(why), "{text}");
    };
    tokio::join!(
        meet(|_| "http://127.0.0.1:1/live.m3u8".into(), "refused"),
        meet(
            |_| "http://no-such-name.invalid/live.m3u8".into(),
            "no-such-name.invalid"
        ),
        meet(|url| url.replace("http:", "https:"), "no secure connection"),
    );
}

/// What may stop on its way without breaking off.
fn stalls() -> [Http; 4] {
    [
        Http::Silence {
            after: 9_400,
            lasting: None,
        },
        Http::Pace(100),
        Http::SlowHeader(Duration::from_secs(1)),
        Http::Hang,
    ]
}

/// What may become of one segment on its way, and is noticed at once.
fn broken_bodies() -> Vec<Vec<Http>> {
    let cut = |ending| Http::Cut {
        after: 9_400,
        ending,
    };
    vec![
        vec![Http::Drop(Ending::Fin)],
        vec![cut(Ending::Fin)],
        vec![cut(Ending::Reset)],
        vec![Http::Chunked, cut(Ending::Fin)],
        vec![Http::Chunked, cut(Ending::Reset)],
        vec![Http::Truncate(9_400)],
        vec![Http::Endless],
        vec![Http::EndlessHeader],
        vec![Http::GzipBomb(100 << 20)],
        vec![Http::Html],
        vec![Http::Empty],
        vec![Http::Replace(b"{\"error\":\"no\"}".as_slice().into())],
        vec![Http::Status(503)],
        vec![Http::RedirectLoop],
    ]
}

/// The segment that breaks while the channel is being watched.
const BROKEN: u64 = 14;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_segment_that_breaks_once_is_asked_for_again_and_shown_whole() {
    let meet = async |faults: Vec<Http>| {
        let plain = Plain::new().await;
        let mut watcher = plain.watcher().await;
        watcher.look().await;
        let shown = format!("{faults:?}");
        let rule = |fault| Rule::new(fault).on(Endpoint::Segment).segment(BROKEN);
        let faults = faults
            .into_iter()
            .map(|fault| plain.origin.faults().add(rule(fault).times(1)));
        let faults: Vec<_> = faults.collect();
        // The watcher checks each segment's bytes: a part would not pass.
        watcher.until_mark(BROKEN + 3).await;
        assert_eq!(plain.origin.faults().used(faults[0]), 1, "{shown}");
        assert_eq!(watcher.discontinuities(), 0, "{shown}");
        watcher.assert_unbroken();
    };
    join_all(broken_bodies().into_iter().map(meet)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_segment_that_stays_broken_is_left_out_with_one_break_and_the_next_are_shown() {
    let meet = async |faults: Vec<Http>| {
        let plain = Plain::new().await;
        let mut watcher = plain.watcher().await;
        watcher.look().await;
        let shown = format!("{faults:?}");
        let rule = |fault| Rule::new(fault).on(Endpoint::Segment).segment(BROKEN);
        for fault in faults {
            plain.origin.faults().add(rule(fault));
        }
        watcher.until_mark(BROKEN + 3).await;
        let numbers = watcher.source_numbers();
        assert!(!numbers.contains(&BROKEN), "{shown}: {numbers:?}");
        assert_eq!(watcher.discontinuities(), 1, "{shown}: {numbers:?}");
        let around = [BROKEN - 1, BROKEN + 1];
        let kept = around.iter().all(|number| numbers.contains(number));
        assert!(kept, "{shown}: {numbers:?}");
    };
    let stalls = stalls().map(|fault| vec![fault]);
    join_all(broken_bodies().into_iter().chain(stalls).map(meet)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_segment_that_stalls_once_holds_the_next_ones_up_for_ten_seconds_at_most() {
    let meet = async |fault: Http| {
        let plain = Plain::new().await;
        let mut watcher = plain.watcher().await;
        watcher.look().await;
        let shown = format!("{fault:?}");
        let rule = Rule::new(fault).on(Endpoint::Segment).segment(BROKEN);
        let fault = plain.origin.faults().add(rule.times(1));
        within(plain.origin.faults().until_used(fault, 1)).await;
        let clock = Clock::start();
        watcher.until_mark(BROKEN + 1).await;
        let waited = clock.now().0;
        let most = Duration::from_secs(10) + SLACK;
        assert!(waited < most, "{shown}: {waited:?}");
        assert!(watcher.discontinuities() <= 1, "{shown}");
    };
    join_all(stalls().map(meet)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_that_stalls_or_trickles_in_is_asked_for_again_and_nothing_is_lost() {
    let meet = async |fault: Http| {
        let plain = Plain::with(Options::of(media()), |config| {
            config.settings.hls_max_segments = 41;
        })
        .await;
        let mut watcher = plain.watcher().await;
        watcher.look().await;
        let shown = format!("{fault:?}");
        let fault = plain.origin.faults().next(1, Endpoint::Playlist, fault);
        within(plain.origin.faults().until_used(fault, 1)).await;
        watcher.more(6).await;
        assert!(watcher.discontinuities() <= 1, "{shown}");
    };
    let [_, _, late, never] = stalls();
    let part = Http::Silence {
        after: 40,
        lasting: None,
    };
    join_all([part, Http::Pace(5), late, never].map(meet)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_content_type_or_a_chain_of_five_redirects_hides_nothing() {
    let meet = async |fault: Http| {
        let plain = Plain::new().await;
        let fault = plain.origin.faults().add(fault);
        let mut watcher = plain.watcher().await;
        watcher.look().await;
        watcher.more(4).await;
        // Its list at least twice, and each segment.
        let used = plain.origin.faults().used(fault);
        assert!(watcher.seen.len() as u64 + 2 <= used, "{used}");
        watcher.assert_unbroken();
    };
    let odd = [
        Http::ContentType(Some("text/html".into())),
        Http::ContentType(Some("application/json".into())),
        Http::ContentType(None),
        Http::Redirects(5),
    ];
    join_all(odd.map(meet)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_asks_for_rest_gets_it_up_to_two_target_durations() {
    let meet = async |status: u16, wished: &str| {
        let plain = Plain::new().await;
        let mut watcher = plain.watcher().await;
        watcher.look().await;
        let rest = Http::Respond {
            status,
            headers: vec![("Retry-After".into(), wished.into())],
            body: "later".into(),
        };
        // Without the wish it would be asked every 50 ms.
        let fault = plain.origin.faults().add(
            Rule::new(rest)
                .on(Endpoint::Playlist)
                .lasting(Duration::from_secs(3)),
        );
        within(plain.origin.faults().until_used(fault, 1)).await;
        watcher.more(8).await;
        watcher.assert_unbroken();
        let tries = plain.origin.faults().used(fault);
        assert!((1..=4).contains(&tries), "{tries} tries in three seconds");
    };
    tokio::join!(meet(503, "1"), meet(429, "1"), meet(503, "86400"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_is_refused_is_begun_anew_once_and_plays_on() {
    let meet = async |status: u16, times: u64| {
        let stage = Stage::fast(|_| {}).await;
        let mut watcher = Watcher::new(stage.player().await);
        watcher.more(1).await;
        let faults = stage.engine.faults();
        faults.next(times, Endpoint::Playlist, Http::Status(status));
        stage
            .engine_until(|metrics| metrics.starts_all() == 2)
            .await;
        watcher.more(6).await;
        let metrics = stage.engine.metrics();
        assert_eq!((metrics.starts_all(), metrics.sessions), (2, 1), "{status}");
        assert_eq!(watcher.discontinuities(), 1, "{status}");
    };
    tokio::join!(meet(401, 1), meet(403, 1), meet(410, 1), meet(404, 2));
}

/// A channel that is given up after four seconds without a segment.
fn four_seconds(config: &mut Config) {
    config.settings.no_data_timeout_checks = 40;
    config.settings.no_data_check_interval = Duration::from_millis(100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sources_that_fail_for_too_long_end_the_list_and_come_back_under_rising_numbers() {
    let meet = async |fault: Fault| {
        let plain = Plain::with(Options::of(media()), four_seconds).await;
        let mut watcher = plain.watcher().await;
        watcher.more(2).await;
        let shown = format!("{fault:?}");
        plain.origin.faults().add(fault);
        let end = watcher.player.poll_until(|list| list.ended).await;
        assert!(3 <= end.segments.len(), "{shown}");
        let last = end.segments.last().expect("a segment").sequence;
        plain.origin.faults().clear();
        let again = eventually("it plays again", async || {
            let answer = plain.enter().await;
            (answer.status == StatusCode::OK).then_some(answer)
        })
        .await;
        let mut again = Watcher::new(Player::of(plain.weir.address(), &again));
        again.more(4).await;
        assert!(again.seen.keys().all(|number| last < *number), "{shown}");
    };
    let outages = [
        Fault::from(Listing::Stall),
        Http::Status(404).into(),
        Http::Status(403).into(),
        Http::Hang.into(),
        Http::Drop(Ending::Reset).into(),
    ];
    join_all(outages.map(meet)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_while_a_source_is_given_up_is_told_why_and_the_source_is_left_in_peace() {
    let plain = Plain::with(Options::of(media()), four_seconds).await;
    let mut watcher = plain.watcher().await;
    watcher.more(1).await;
    let gone = plain
        .origin
        .faults()
        .always(Endpoint::Playlist, Http::Status(404));
    watcher.player.poll_until(|list| list.ended).await;
    let tried = plain.origin.faults().used(gone);
    assert!(tried < 40, "{tried} tries in four seconds");
    for _ in 0..20 {
        let answer = plain.enter().await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.text().contains("404"), "{}", answer.text());
        let pause: u64 = answer.header("retry-after").parse().expect("seconds");
        assert!((1..=60).contains(&pause));
    }
    assert_eq!(plain.origin.faults().used(gone), tried);
}
