//! From the first viewer to the first list.

use std::time::Duration;

use super::scene::{live, scene};
use crate::channel::{Effect, Input};
use crate::event::{EndReason, Event};
use crate::failure::{Failure, OpenFailure, Trouble};
use crate::snapshot::Phase;

fn failure_of(phase: Phase) -> String {
    match phase {
        Phase::Failed { failure, .. } => failure.to_string(),
        other => panic!("{other:?} is no failure"),
    }
}

#[test]
fn many_viewers_arriving_at_once_open_one_source() {
    let mut scene = scene();
    scene.held_back = |effect| matches!(effect, Effect::Open { .. });
    for _ in 0..100 {
        scene.tell(Input::ViewerArrived);
    }
    scene.release();
    scene.tell(Input::ViewerArrived);
    scene.play(10);
    assert_eq!(scene.count("open"), 1);
    assert_eq!(scene.told(|event| *event == Event::Started), 1);
}

#[test]
fn a_source_with_enough_listed_is_live_at_once() {
    let mut scene = scene();
    scene.tell(Input::ViewerArrived);
    assert_eq!(scene.phase(), Phase::Live);
    assert_eq!(scene.list().segments.len(), 5);
    assert_eq!(scene.told(|event| *event == Event::WentLive), 1);
}

#[test]
fn no_list_is_shown_before_the_gate_opens() {
    let mut scene = scene();
    scene.origin.began = scene.now;
    scene.origin.first = 0;
    scene.tell(Input::ViewerArrived);
    for _ in 0..7 {
        assert!(!scene.has_list());
        scene.play(1);
    }
    scene.play(1);
    assert!(scene.has_list(), "five segments are ten seconds");
}

#[test]
fn fewer_initial_segments_than_players_need_act_as_three() {
    let mut scene = scene();
    scene.origin.began = scene.now;
    scene.origin.first = 0;
    scene.settings.initial_segments = 1;
    scene.settings.initial_segments_max = 1;
    scene.settings.initial_buffer = Duration::ZERO;
    scene.tell(Input::ViewerArrived);
    scene.play(3);
    assert!(!scene.has_list());
    scene.play(1);
    assert_eq!(scene.list().segments.len(), 3);
}

#[test]
fn the_first_segment_of_a_first_life_breaks_with_nothing() {
    let mut scene = scene();
    scene.tell(Input::ViewerArrived);
    assert!(scene.breaks().is_empty());
}

#[test]
fn without_a_first_segment_in_time_waiting_viewers_are_told_the_last_trouble() {
    let mut scene = scene();
    scene.origin.kind = crate::SourceKind::Plain;
    scene.origin.poll_trouble = Some(Trouble::Unfit("the answer is an HTML page".into()));
    scene.tell(Input::ViewerArrived);
    scene.play(29);
    assert_eq!(scene.phase(), Phase::Starting);
    scene.play(1);
    let told = failure_of(scene.phase());
    assert_eq!(
        told,
        "no playable segment within 30 s: the answer is an HTML page"
    );
    assert_eq!(scene.ends(), [EndReason::StartFailed]);
    assert_eq!(scene.count("open"), scene.count("close"));
}

#[test]
fn a_source_that_hangs_while_it_is_opened_is_given_up_in_time() {
    let mut scene = scene();
    scene.held_back = |effect| matches!(effect, Effect::Open { .. });
    scene.tell(Input::ViewerArrived);
    scene.play(30);
    assert!(matches!(
        scene.phase(),
        Phase::Failed {
            failure: Failure::NoFirstSegment { .. },
            ..
        }
    ));
    assert_eq!(scene.count("close"), 1);
}

#[test]
fn the_first_segment_has_its_time_however_viewers_come_and_go() {
    let mut scene = scene();
    scene.held_back = |effect| matches!(effect, Effect::Open { .. });
    scene.settings.linger = Duration::from_secs(60);
    scene.tell(Input::ViewerArrived);
    scene.play(20);
    scene.tell(Input::LastViewerLeft);
    scene.tell(Input::ViewerArrived);
    scene.play(9);
    scene.tell(Input::LastViewerLeft);
    assert_eq!(scene.phase(), Phase::Starting);
    scene.play(1);
    assert_eq!(scene.ends(), [EndReason::StartFailed]);
}

#[test]
fn a_source_that_says_no_twice_fails_with_its_own_words() {
    let mut scene = scene();
    scene.origin.open_failure = Some(OpenFailure::Refused("cannot load transport file".into()));
    scene.tell(Input::ViewerArrived);
    assert_eq!(scene.phase(), Phase::Starting);
    scene.play(1);
    assert_eq!(failure_of(scene.phase()), "cannot load transport file");
    assert_eq!(scene.count("open"), 2);
}

#[test]
fn without_an_engine_or_with_all_full_the_failure_is_told_at_once() {
    for failure in [
        OpenFailure::NoEngines,
        OpenFailure::AllEnginesFull { per_engine: 3 },
    ] {
        let mut scene = scene();
        scene.origin.open_failure = Some(failure.clone());
        scene.tell(Input::ViewerArrived);
        assert_eq!(failure_of(scene.phase()), failure.to_string());
        assert_eq!(scene.count("close"), 0);
    }
}

#[test]
fn a_source_out_of_reach_is_tried_with_growing_waits_and_then_given_up() {
    let mut scene = scene();
    scene.origin.open_failure = Some(OpenFailure::Unreachable("connection refused".into()));
    scene.tell(Input::ViewerArrived);
    scene.play(20);
    let times = scene.times("open");
    let waits: Vec<_> = times
        .windows(2)
        .map(|pair| pair[1].since(pair[0]))
        .collect();
    assert!(waits.is_sorted() && 4 < waits.len(), "{waits:?}");
    assert!(waits.iter().all(|wait| *wait <= Duration::from_secs(5)));
    assert_eq!(scene.told(|event| matches!(event, Event::Failed { .. })), 1);
}

#[test]
fn a_start_that_stays_short_of_the_gate_does_not_wait_for_ever() {
    let mut scene = scene();
    scene.origin.first = 1;
    scene.origin.began = scene.now;
    scene.origin.frozen = Some(scene.now);
    scene.tell(Input::ViewerArrived);
    scene.play(7);
    assert_eq!(scene.count("open"), 2, "a frozen source is replaced");
    scene.play(60);
    assert_eq!(scene.ends(), [EndReason::SourceLost]);
}

#[test]
fn a_short_recording_is_played_although_it_never_fills_the_buffer() {
    let mut scene = scene();
    scene.origin.first = 2;
    scene.origin.began = scene.now;
    scene.origin.frozen = Some(scene.now);
    scene.origin.ended = true;
    scene.tell(Input::ViewerArrived);
    assert_eq!(scene.phase(), Phase::Live);
    assert_eq!(scene.list().segments.len(), 3);
    scene.play(6);
    assert_eq!(scene.ends(), [EndReason::SourceEnded]);
    assert!(scene.list().ended);
}

#[test]
fn a_failed_channel_refuses_and_is_asked_again_after_its_pause() {
    let mut scene = scene();
    scene.origin.open_failure = Some(OpenFailure::NoEngines);
    scene.tell(Input::ViewerArrived);
    scene.origin.open_failure = None;
    scene.tell(Input::ViewerArrived);
    assert_eq!(scene.count("open"), 1, "it refuses");
    scene.play(2);
    assert_eq!(scene.phase(), Phase::Idle);
    scene.tell(Input::ViewerArrived);
    assert_eq!(scene.phase(), Phase::Live);
}

#[test]
fn each_failed_life_in_a_row_makes_the_pause_longer() {
    let mut scene = scene();
    scene.origin.open_failure = Some(OpenFailure::NoEngines);
    let mut pauses = Vec::new();
    for _ in 0..6 {
        scene.tell(Input::ViewerArrived);
        let Phase::Failed { until, .. } = scene.phase() else {
            panic!("it fails")
        };
        pauses.push(until.since(scene.now).as_secs());
        scene.play_for(until.since(scene.now));
    }
    assert_eq!(pauses, [2, 4, 8, 16, 30, 30]);
}

#[test]
fn a_failed_channel_that_nobody_asks_for_again_is_over_after_its_pause() {
    let mut scene = scene();
    scene.origin.open_failure = Some(OpenFailure::NoEngines);
    scene.tell(Input::ViewerArrived);
    scene.tell(Input::LastViewerLeft);
    scene.play(2);
    assert_eq!(scene.finished, 1);
}

#[test]
fn a_new_life_does_not_open_while_the_old_pull_is_still_closing() {
    let mut scene = live();
    scene.held_back = |effect| matches!(effect, Effect::Close { .. });
    scene.origin.frozen = Some(scene.now);
    scene.play(120);
    assert_eq!(scene.phase(), Phase::Idle);
    scene.tell(Input::ViewerArrived);
    scene.origin = super::origin::Origin::new("b");
    scene.play(5);
    assert_eq!(scene.count("open"), 1);
    scene.release();
    scene.play(1);
    assert_eq!(scene.count("open"), 2);
    assert_eq!(scene.phase(), Phase::Live);
}

#[test]
fn what_an_earlier_life_has_shown_can_be_shown_again() {
    let mut scene = live();
    let newest = scene.list().segments.last().expect("a list").sequence;
    scene.origin.frozen = Some(scene.now);
    scene.tell(Input::Stop {
        reason: EndReason::Stopped,
    });
    scene.tell(Input::ViewerArrived);
    assert_eq!(scene.phase(), Phase::Live);
    assert_eq!(scene.list().media_sequence, newest + 1);
    assert_eq!(scene.breaks(), [newest + 1]);
}
