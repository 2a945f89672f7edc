//! A source that is lost, stuck, ended or counts anew, while the window is served.

use std::time::Duration;

use super::origin::{Odd, Origin};
use super::scene::{live, live_from, scene, status};
use crate::channel::{Effect, Input};
use crate::event::{EndReason, Event};
use crate::failure::{OpenFailure, Trouble};
use crate::snapshot::Phase;
use crate::source::{PullId, SourceKind};

#[test]
fn a_lost_session_is_replaced_with_a_break_while_the_window_is_served() {
    let mut scene = live_from(|scene| scene.origin.opaque = true);
    let before = scene.list();
    scene.origin = Origin {
        began: scene.now,
        first: 5,
        opaque: true,
        ..Origin::new("b")
    };
    scene.tell(Input::Sick {
        pull: PullId(0),
        cause: "the engine gave up".into(),
    });
    assert_eq!(scene.phase(), Phase::Live);
    let last = before.segments.last().expect("a list").sequence;
    let list = scene.list();
    assert_eq!(list.segments.last().expect("a list").sequence, last + 5);
    assert!(
        list.media_sequence <= last + 1,
        "what came at once is listed whole"
    );
    scene.play(1);
    assert_eq!(scene.breaks(), [last + 1]);
    assert_eq!((scene.count("open"), scene.count("close")), (2, 1));
    assert_eq!(
        scene.told(|event| matches!(event, Event::SourceOpened { opened: 2 })),
        1
    );
}

#[test]
fn a_session_that_is_gone_is_replaced_at_once() {
    let mut scene = live();
    scene.origin.poll_trouble = Some(Trouble::Gone("403".into()));
    let at = scene
        .channel
        .deadline(&scene.settings)
        .expect("a next poll");
    scene.held_back = |effect| matches!(effect, Effect::Open { .. });
    scene.play_for(at.since(scene.now));
    assert_eq!(scene.times("open").last(), Some(&at));
}

#[test]
fn a_session_that_answers_with_errors_twice_is_replaced() {
    let mut scene = live();
    let polls = scene.count("poll");
    scene.origin.poll_trouble = Some(status("500"));
    scene.held_back = |effect| matches!(effect, Effect::Open { .. });
    scene.play(3);
    assert_eq!(scene.count("poll"), polls + 2);
    assert_eq!(scene.count("open"), 2);
}

#[test]
fn sessions_that_bring_nothing_are_opened_ever_more_rarely() {
    let mut scene = live();
    scene.origin.poll_trouble = Some(Trouble::Gone("403".into()));
    scene.play(55);
    let times = scene.times("open");
    let waits: Vec<_> = times[1..]
        .windows(2)
        .map(|pair| pair[1].since(pair[0]))
        .collect();
    assert!(times.len() < 20, "{waits:?}");
    assert!(Duration::from_secs(3) < waits[waits.len() - 1], "{waits:?}");
}

#[test]
fn a_plain_source_that_fails_is_asked_again_without_losing_its_place() {
    let mut scene = live_from(|scene| scene.origin.kind = SourceKind::Plain);
    let fetched = scene.count("fetch");
    scene.origin.poll_trouble = Some(status("500"));
    scene.play(3);
    assert_eq!(
        scene.count("open"),
        2,
        "four failures, and it is looked up anew"
    );
    scene.origin.poll_trouble = None;
    scene.play(6);
    assert!(scene.breaks().is_empty());
    let fetches = scene
        .asked
        .iter()
        .filter(|(_, text)| text.starts_with("fetch"))
        .skip(fetched);
    let mut numbers: Vec<_> = fetches.map(|(_, text)| text.clone()).collect();
    let all = numbers.len();
    numbers.dedup();
    assert_eq!(numbers.len(), all, "nothing is fetched twice");
}

#[test]
fn what_a_plain_source_had_not_delivered_is_fetched_again_after_it_was_opened_anew() {
    let mut scene = live_from(|scene| scene.origin.kind = SourceKind::Plain);
    scene.held_back = |effect| matches!(effect, Effect::Fetch { .. });
    scene.play(2);
    scene.tell(Input::Sick {
        pull: PullId(0),
        cause: "its connection broke".into(),
    });
    scene.waiting.clear();
    scene.release();
    scene.play(4);
    assert!(scene.breaks().is_empty());
    assert_eq!(scene.channel.counters.segments_lost, 0);
}

#[test]
fn a_frozen_list_is_replaced_when_viewers_have_no_more_to_spare() {
    let mut scene = live();
    scene.origin.frozen = Some(scene.now);
    let frozen = scene.channel.last_segment_at;
    scene.play(12);
    let waited = scene.times("open")[1].since(frozen);
    assert_eq!(waited, Duration::from_secs(4));
}

#[test]
fn a_list_that_moves_without_segments_to_be_had_is_replaced_too() {
    let mut scene = live();
    for number in scene.coming()..scene.coming() + 40 {
        let odd = Odd {
            trouble: Some(status("404")),
            ..Odd::default()
        };
        scene.origin.odd.insert(number, odd);
    }
    scene.play(20);
    assert_eq!(scene.count("open"), 2);
    assert_eq!(scene.phase(), Phase::Live);
}

#[test]
fn a_source_that_asks_for_rest_gets_it_for_two_target_durations_at_most() {
    let mut scene = live();
    let text = "503".into();
    let retry_after = Duration::from_secs(600);
    scene.origin.poll_trouble = Some(Trouble::Busy { text, retry_after });
    let polls = scene.count("poll");
    scene.play_for(Duration::from_millis(4_900));
    assert_eq!(scene.count("poll"), polls + 1);
    scene.origin.poll_trouble = None;
    scene.play(4);
    assert_eq!(scene.count("open"), 1, "it is not taken for broken");
}

#[test]
fn a_source_that_asks_for_rest_from_the_start_is_asked_ever_more_rarely() {
    let mut scene = scene();
    let text = "503".into();
    let retry_after = Duration::from_secs(1);
    scene.origin.poll_trouble = Some(Trouble::Busy { text, retry_after });
    scene.tell(Input::ViewerArrived);
    // The waits come to more than two target durations, which is the most that it can ask for.
    scene.play(29);
    assert_eq!(scene.phase(), Phase::Starting);
    assert!((5..15).contains(&scene.count("poll")));
}

#[test]
fn late_answers_of_an_earlier_pull_change_nothing() {
    let mut scene = live();
    scene.held_back = |effect| !matches!(effect, Effect::Close { .. });
    scene.play(2);
    let late = std::mem::take(&mut scene.waiting);
    scene.tell(Input::Sick {
        pull: PullId(0),
        cause: "gone".into(),
    });
    let published = scene.channel.window.next();
    for effect in late {
        if let Some(input) = scene.answer(effect) {
            scene.tell(input);
        }
    }
    scene.tell(Input::Closed { pull: PullId(0) });
    scene.tell(Input::OpenFailed {
        pull: PullId(0),
        failure: OpenFailure::NoEngines,
    });
    assert_eq!(scene.channel.window.next(), published);
    assert_eq!(scene.phase(), Phase::Live);
    assert_eq!(scene.count("open"), 2);
}

#[test]
fn an_end_is_believed_after_three_target_durations() {
    let mut scene = live();
    scene.origin.frozen = Some(scene.now);
    scene.origin.ended = true;
    scene.play(5);
    assert!(!scene.list().ended);
    scene.play(3);
    assert!(scene.list().ended);
    assert_eq!(scene.ends(), [EndReason::SourceEnded]);
    assert_eq!(scene.count("open"), 1);
}

#[test]
fn an_end_waits_for_the_segments_before_it() {
    let mut scene = live();
    scene.held_back = |effect| matches!(effect, Effect::Fetch { .. });
    scene.play(2);
    scene.origin.frozen = Some(scene.now);
    scene.origin.ended = true;
    scene.play(8);
    assert!(scene.ends().is_empty());
    scene.release();
    assert_eq!(scene.ends(), [EndReason::SourceEnded]);
    assert_eq!(scene.channel.counters.segments_lost, 0);
}

#[test]
fn an_end_that_is_taken_back_never_reaches_viewers() {
    let mut scene = live();
    scene.origin.ended = true;
    scene.play(1);
    scene.origin.ended = false;
    scene.play(20);
    assert!(!scene.list().ended && scene.ends().is_empty());
}

#[test]
fn a_source_that_says_it_is_over_and_goes_on_is_not_over() {
    let mut scene = live();
    scene.origin.ended = true;
    scene.play(60);
    assert!(!scene.list().ended && scene.ends().is_empty());
}

#[test]
fn a_source_that_stays_away_too_long_ends_the_list() {
    let mut scene = live();
    scene.origin.open_failure = Some(OpenFailure::Unreachable("connection refused".into()));
    scene.origin.poll_trouble = Some(Trouble::Gone("403".into()));
    let last = scene.channel.last_segment_at;
    let until = last + Duration::from_secs(59);
    scene.play_for(until.since(scene.now));
    assert_eq!(scene.phase(), Phase::Live);
    scene.play(1);
    assert!(scene.list().ended);
    assert_eq!(scene.ends(), [EndReason::SourceLost]);
}

#[test]
fn a_life_after_a_lost_source_goes_on_with_rising_numbers() {
    let mut scene = live();
    scene.origin.frozen = Some(scene.now);
    scene.play(100);
    let last = scene.list().segments.last().expect("a list").sequence;
    scene.origin = Origin::new("b");
    scene.tell(Input::ViewerArrived);
    assert_eq!(scene.list().media_sequence, last + 1);
    assert!(!scene.list().ended);
    assert_eq!(scene.told(|event| *event == Event::Started), 2);
}

#[test]
fn a_source_that_counts_anew_is_a_break_with_consecutive_numbers() {
    let mut scene = live_from(|scene| scene.origin.opaque = true);
    let last = scene.list().segments.last().expect("a list").sequence;
    scene.origin = Origin {
        first: 3,
        began: scene.now,
        opaque: true,
        ..Origin::new("b")
    };
    scene.play(4);
    assert_eq!(scene.breaks(), [last + 1]);
    assert_eq!(scene.told(|event| *event == Event::SourceRestarted), 1);
    assert_eq!(scene.count("open"), 1);
}

#[test]
fn a_hole_in_the_numbers_of_the_source_is_a_break_and_counted() {
    let mut scene = live_from(|scene| scene.origin.opaque = true);
    let last = scene.list().segments.last().expect("a list").sequence;
    scene.origin.first += 8;
    scene.play(1);
    assert_eq!(scene.breaks(), [last + 1]);
    assert_eq!(
        scene.told(|event| matches!(event, Event::SegmentsLost { count: 2, .. })),
        1
    );
}

#[test]
fn an_end_of_counting_is_survived() {
    let mut scene = scene();
    scene.origin.first = u64::MAX - 520;
    scene.tell(Input::ViewerArrived);
    scene.play(30);
    assert_eq!(scene.phase(), Phase::Live);
}
