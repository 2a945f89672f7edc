//! From the last viewer to the end.

use super::scene::{live, scene};
use crate::channel::{Effect, Input};
use crate::event::{EndReason, Event};
use crate::snapshot::Phase;

#[test]
fn a_channel_outlives_its_last_viewer_for_the_linger_time() {
    let mut scene = live();
    scene.tell(Input::LastViewerLeft);
    scene.play(4);
    assert_eq!(scene.phase(), Phase::Lingering);
    assert!(scene.has_list());
    scene.play(1);
    assert_eq!(scene.ends(), [EndReason::LastViewerLeft]);
    assert_eq!((scene.count("close"), scene.finished), (1, 1));
}

#[test]
fn a_viewer_who_comes_in_the_linger_time_cancels_the_stop() {
    let mut scene = live();
    scene.tell(Input::LastViewerLeft);
    scene.play(4);
    scene.tell(Input::ViewerArrived);
    assert_eq!(scene.phase(), Phase::Live);
    scene.play(60);
    assert_eq!((scene.count("open"), scene.count("close")), (1, 0));
    scene.tell(Input::LastViewerLeft);
    scene.play(4);
    assert_eq!(scene.phase(), Phase::Lingering, "the whole time anew");
}

#[test]
fn a_start_that_everybody_leaves_is_stopped_and_its_source_closed() {
    let mut scene = scene();
    scene.held_back = |effect| matches!(effect, Effect::Open { .. });
    scene.tell(Input::ViewerArrived);
    scene.tell(Input::LastViewerLeft);
    scene.play(5);
    assert_eq!((scene.count("close"), scene.finished), (1, 1));
}

#[test]
fn a_lingering_start_goes_live_when_a_viewer_comes_back() {
    let mut scene = scene();
    scene.held_back = |effect| matches!(effect, Effect::Open { .. });
    scene.tell(Input::ViewerArrived);
    scene.tell(Input::LastViewerLeft);
    scene.release();
    assert_eq!(scene.phase(), Phase::Lingering);
    scene.tell(Input::ViewerArrived);
    assert_eq!(scene.phase(), Phase::Live);
}

#[test]
fn the_end_comes_only_after_the_pull_is_closed() {
    let mut scene = live();
    scene.held_back = |effect| matches!(effect, Effect::Close { .. });
    scene.tell(Input::Stop {
        reason: EndReason::Shutdown,
    });
    assert_eq!(scene.ends(), [EndReason::Shutdown]);
    assert!(scene.list().ended, "viewers are told that nothing follows");
    scene.play(60);
    assert_eq!(scene.finished, 0);
    scene.release();
    assert_eq!(scene.finished, 1);
    assert_eq!(scene.channel.window.held().len(), 0, "nothing is kept");
}

#[test]
fn the_end_is_told_once_whatever_comes_after_it() {
    let mut scene = live();
    scene.tell(Input::Stop {
        reason: EndReason::Stopped,
    });
    scene.tell(Input::Stop {
        reason: EndReason::Shutdown,
    });
    scene.tell(Input::Deadline);
    scene.tell(Input::LastViewerLeft);
    assert_eq!(scene.finished, 1);
    assert_eq!(scene.ends(), [EndReason::Stopped]);
}

#[test]
fn a_viewer_who_comes_while_it_stops_begins_a_new_life_with_rising_numbers() {
    let mut scene = live();
    scene.held_back = |effect| matches!(effect, Effect::Close { .. });
    scene.tell(Input::LastViewerLeft);
    scene.play(5);
    let last = scene.list().segments.last().expect("a list").sequence;
    scene.tell(Input::ViewerArrived);
    assert_eq!(scene.count("open"), 1, "the old pull is still closing");
    scene.release();
    assert_eq!(scene.phase(), Phase::Live);
    assert_eq!((scene.count("open"), scene.finished), (2, 0));
    assert_eq!(scene.list().media_sequence, last + 1);
    assert_eq!(scene.breaks(), [last + 1]);
    assert_eq!(scene.told(|event| *event == Event::Started), 2);
}

#[test]
fn a_new_life_shows_no_list_before_its_own_gate() {
    let mut scene = live();
    scene.held_back = |effect| matches!(effect, Effect::Close { .. });
    scene.tell(Input::LastViewerLeft);
    scene.play(5);
    scene.tell(Input::ViewerArrived);
    let began = scene.now;
    scene.origin = super::origin::Origin {
        began,
        first: 0,
        ..super::origin::Origin::new("b")
    };
    scene.release();
    scene.play(6);
    assert_eq!(scene.channel.window.held().len(), 4);
    assert!(!scene.has_list());
    scene.play(2);
    assert_eq!(scene.list().segments.len(), 5);
}

#[test]
fn a_stop_outweighs_who_came_before_it() {
    let mut scene = live();
    scene.held_back = |effect| matches!(effect, Effect::Close { .. });
    scene.tell(Input::LastViewerLeft);
    scene.play(5);
    scene.tell(Input::ViewerArrived);
    scene.tell(Input::Stop {
        reason: EndReason::Shutdown,
    });
    scene.release();
    assert_eq!((scene.count("open"), scene.finished), (1, 1));
}

#[test]
fn somebody_who_comes_and_goes_while_it_stops_does_not_bring_it_back() {
    let mut scene = live();
    scene.held_back = |effect| matches!(effect, Effect::Close { .. });
    scene.tell(Input::Stop {
        reason: EndReason::Stopped,
    });
    scene.tell(Input::ViewerArrived);
    scene.tell(Input::LastViewerLeft);
    scene.release();
    assert_eq!((scene.count("open"), scene.finished), (1, 1));
}

#[test]
fn a_channel_that_is_over_can_begin_again() {
    let mut scene = live();
    scene.tell(Input::Stop {
        reason: EndReason::Stopped,
    });
    assert_eq!(scene.finished, 1);
    scene.tell(Input::ViewerArrived);
    assert_eq!(scene.phase(), Phase::Live);
}
