//! Engines whose continuous body ends, breaks off, falls silent or was never one: viewers of both kinds go on, one
//! session at a time is asked for, and the one before is told to stop.

use std::time::Duration;

use futures_util::future::join_all;
use simulator::fault::{Ending, Endpoint, Fault, Http, Listing, Rule, Session};
use simulator::lint::{self, watch};
use weir::config::Config;

use crate::audience::{Audience, assert_one_at_a_time};
use crate::continuous_source::engine;
use crate::stage::{Stage, within};

/// How long an engine that dies refuses connections.
const AWAY: Duration = Duration::from_millis(300);

/// What becomes of a session that is being read.
#[derive(Clone, Debug)]
enum Blow {
    /// Its body ends in this way.
    Ends(Ending),
    /// It ends, and so does the next one, with something else than media in its place.
    EndsAndThen(Http),
    /// The engine goes, with all it knows.
    Crash,
    /// Somebody else plays the same content.
    TakenOver,
    /// The engine has forgotten it.
    Unknown,
    /// Nothing comes any more, and the connection stays.
    Silent,
    /// It says of itself that it is broken.
    Broken,
}

impl Blow {
    fn strike(&self, stage: &Stage) {
        let faults = stage.engine.faults();
        let cut = |ending| Http::Cut { after: 0, ending };
        match self {
            Self::Ends(ending) => {
                faults.next(1, Endpoint::Stream, cut(*ending));
            }
            Self::EndsAndThen(instead) => {
                // Bodies that run know no other fault than the cut.
                faults.next(1, Endpoint::Stream, instead.clone());
                faults.next(1, Endpoint::Stream, cut(Ending::Fin));
            }
            Self::Crash => stage.engine.crash(AWAY),
            Self::TakenOver => {
                let content = stage.engine.metrics().starts.into_keys().next();
                let (infohash, _) = content.expect("a content is played");
                assert!(stage.engine.supersede(&infohash));
            }
            Self::Unknown => stage.engine.expire(),
            Self::Silent => {
                let silence = Http::Silence {
                    after: 0,
                    lasting: None,
                };
                faults.next(1, Endpoint::Stream, silence);
            }
            Self::Broken => {
                let broken = Session::Broken("no more peers".into());
                faults.add(Rule::new(broken).times(1));
            }
        }
    }

    /// Sessions that it costs.
    fn sessions(&self) -> u64 {
        match self {
            Self::EndsAndThen(_) => 2,
            _ => 1,
        }
    }
}

async fn goes_on(blow: Blow) {
    let stage = Stage::read_on(engine(), |_| {}).await;
    let mut audience = Audience::of(&stage).await;
    audience.more(2).await;
    blow.strike(&stage);
    let sessions = 1 + blow.sessions();
    audience
        .meanwhile(stage.channel(|it| Some(sessions) <= it["upstream"]["sessions"].as_u64()))
        .await;
    audience.more(8).await;
    let replaced = stage.engine.metrics().starts_all();
    audience.assert_went_on(replaced as usize);
    let metrics = audience.leave(&stage).await;
    assert_one_at_a_time(&metrics);
    let untold = match blow {
        // Nobody was there to be told; or one of the starts was somebody else's.
        Blow::Crash | Blow::TakenOver => 1,
        _ => 0,
    };
    let stops = metrics.stops + untold;
    assert!(metrics.starts_all() <= stops, "{blow:?}: {metrics:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_a_body_ends_viewers_of_both_kinds_go_on_with_the_next_session() {
    let blows = [
        Blow::Ends(Ending::Fin),
        Blow::Ends(Ending::Reset),
        Blow::Crash,
        Blow::TakenOver,
        Blow::Unknown,
        Blow::Silent,
        Blow::Broken,
    ];
    join_all(blows.map(goes_on)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn something_else_in_the_place_of_a_body_is_passed_over_and_never_shown() {
    let json = br#"{"response":null,"error":"unknown playback session id"}"#;
    let instead = [
        Http::Html,
        Http::Replace(json.as_slice().into()),
        Http::Replace(b"start timeout".as_slice().into()),
        Http::Empty,
        Http::Status(500),
        Http::Status(403),
        Http::Drop(Ending::Reset),
    ];
    join_all(instead.map(|it| goes_on(Blow::EndsAndThen(it)))).await;
}

/// Segments of a second, so that a silence is believed after seven.
fn patient(config: &mut Config) {
    config.settings.segment_seconds = Duration::from_secs(1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_short_silence_is_a_pause_and_nothing_else() {
    let stage = Stage::read_on(engine(), patient).await;
    let mut audience = Audience::of(&stage).await;
    audience.more(2).await;
    let silence = Http::Silence {
        after: 0,
        lasting: Some(Duration::from_secs(2)),
    };
    let silence = stage.engine.faults().next(1, Endpoint::Stream, silence);
    audience.meanwhile(stage.until_struck(silence, 1)).await;
    audience.more(6).await;
    assert_eq!(audience.watcher.discontinuities(), 0);
    audience.listener.assert_unbroken();
    let metrics = audience.leave(&stage).await;
    assert_eq!((metrics.starts_all(), metrics.stops), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn media_that_is_lost_or_begins_anew_within_a_body_is_a_break_in_the_list_and_none_in_the_stream()
 {
    let meet = async |fault: Listing| {
        let stage = Stage::read_on(engine(), |_| {}).await;
        let mut audience = Audience::of(&stage).await;
        audience.more(2).await;
        let struck = stage.engine.faults().add(fault.clone());
        audience.meanwhile(stage.until_struck(struck, 1)).await;
        audience.more(8).await;
        assert_eq!(audience.watcher.discontinuities(), 1, "{fault:?}");
        audience.listener.assert_smooth();
        let metrics = audience.leave(&stage).await;
        assert_eq!(
            metrics.starts_all(),
            1,
            "{fault:?} is no reason to begin anew"
        );
    };
    let faults = [
        Listing::Lose(4),
        Listing::Reset,
        Listing::Jump(20),
        Listing::Discontinuity { tagged: false },
    ];
    join_all(faults.map(meet)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_fails_to_start_again_is_asked_ever_more_rarely_while_viewers_stay() {
    let stage = Stage::read_on(engine(), |_| {}).await;
    let mut audience = Audience::of(&stage).await;
    audience.more(2).await;
    let failing = stage.engine.faults().add(Session::FailedToStart);
    Blow::Ends(Ending::Fin).strike(&stage);
    let tries = stage.engine_until(|it| 5 <= it.starts_all());
    audience.meanwhile(tries).await;
    stage.engine.faults().remove(failing);
    audience.more(8).await;
    let metrics = stage.engine.metrics();
    audience.assert_went_on(metrics.starts_all() as usize);
    let metrics = audience.leave(&stage).await;
    assert_one_at_a_time(&metrics);
    assert_eq!(
        metrics.starts_all(),
        metrics.stops,
        "each one is told to stop"
    );
}

#[tokio::test]
async fn a_cold_start_that_never_gets_a_body_is_told_why() {
    let stage = Stage::read_on(engine(), |config| {
        config.settings.hls_first_segment_timeout = Duration::from_secs(2);
    })
    .await;
    stage.engine.faults().add(Session::FailedToStart);
    for path in [stage.entry(), stage.continuous()] {
        let answer = stage.get(&path).await;
        assert_eq!(answer.status, 503);
        let text = answer.text();
        assert!(text.contains("status 500"), "{text}");
        assert_ne!(answer.header("retry-after"), "");
    }
    let metrics = stage.engine_until(|it| it.sessions == 0).await;
    assert_eq!(
        (metrics.starts_all(), metrics.sessions_max),
        (metrics.stops, 1)
    );
}

/// How long the lint watches: a fault, what becomes of it, and segments that leave the list for good.
const WATCHED: Duration = Duration::from_secs(8);

/// When a fault begins: the first lists are there by then.
const BEGINS: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_made_of_a_continuous_body_keep_every_rule_whatever_becomes_of_it() {
    let once = |fault: Fault| Rule::new(fault).on(Endpoint::Stream).times(1);
    let cut = |ending| Http::Cut { after: 0, ending };
    let silence = Http::Silence {
        after: 0,
        lasting: None,
    };
    let cases = [
        vec![],
        vec![once(cut(Ending::Fin).into())],
        vec![once(cut(Ending::Reset).into()), once(Http::Html.into())],
        vec![once(silence.into())],
        vec![once(Listing::Lose(3).into())],
        vec![once(Listing::Discontinuity { tagged: false }.into())],
    ];
    let meet = async |faults: Vec<Rule>| {
        let shown = format!("{faults:?}");
        let stage = Stage::read_on(engine(), |config| {
            config.settings.hls_max_segments = 41;
        })
        .await;
        for fault in faults {
            stage.engine.faults().add(fault.after(BEGINS));
        }
        let options = lint::Options {
            duration: WATCHED,
            // Nothing is said of pace: the machine may be busy.
            outages: vec![(Duration::ZERO, WATCHED)],
            ..lint::Options::of(format!("http://{}{}", stage.address(), stage.entry()))
        };
        let report = within(watch(&options)).await.expect("a list");
        assert!(report.is_clean(), "{shown}: {report}");
        assert!(6 <= report.segments, "{shown}: {report}");
    };
    join_all(cases.map(meet)).await;
}
