//! When a source is given up, where the next one is opened, and how a channel moves while it plays.

use std::time::Duration;

use super::scene::{Scene, live, live_from, scene};
use crate::channel::{Effect, Input};
use crate::event::Event;
use crate::failure::{OpenFailure, Trouble};
use crate::pulse::{Measure, Numbers};
use crate::snapshot::Phase;
use crate::source::{Intake, PullId, SourceKind, Where};
use crate::testing::Broadcast;
use crate::time::Moment;

const FLOWING: fn(Moment) -> Measure = |now| told(now.0.as_secs());
const FROZEN: fn(Moment) -> Measure = |_| told(7);
const COLLECTING: fn(Moment) -> Measure = |_| {
    Measure::Told(Numbers {
        collecting: true,
        peers: Some(3),
        ..Numbers::default()
    })
};

fn told(downloaded: u64) -> Measure {
    Measure::Told(Numbers {
        peers: Some(4),
        downloaded: Some(downloaded),
        ..Numbers::default()
    })
}

/// A channel that has read a body for half a minute, on an engine that says this.
struct Body {
    scene: Scene,
    broadcast: Broadcast,
}

impl Body {
    fn on(measure: fn(Moment) -> Measure, elsewhere: bool) -> Self {
        let mut scene = scene();
        scene.origin.kind = SourceKind::Session;
        scene.origin.intake = Some(Intake::Continuous);
        scene.origin.measure = measure;
        scene.origin.elsewhere = elsewhere;
        scene.tell(Input::ViewerArrived);
        let mut body = Self {
            scene,
            broadcast: Broadcast::default(),
        };
        body.play(30);
        assert_eq!(body.scene.phase(), Phase::Live);
        body
    }

    fn play(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.scene.play(1);
            self.burst(1);
        }
    }

    fn burst(&mut self, seconds: u64) {
        let pull = self.scene.reading.expect("a body is read");
        let chunks = vec![self.broadcast.seconds(seconds)];
        self.scene.tell(Input::Received { pull, chunks });
    }

    /// How long it is silent before another source is asked for, in milliseconds.
    fn silence(mut self) -> u128 {
        let since = self.scene.now;
        self.scene.play(50);
        let opened = self.scene.times("open");
        let next = opened.get(1).expect("another source");
        next.since(since).as_millis()
    }
}

fn breaks_off(scene: &mut Scene, trouble: Trouble) {
    let polls = scene.count("poll");
    scene.origin.poll_trouble = Some(trouble);
    while scene.count("open") == 1 {
        scene.play_for(Duration::from_millis(100));
        assert!(scene.count("poll") < polls + 10, "it is not given up");
    }
    scene.origin.poll_trouble = None;
}

#[test]
fn statistics_that_stand_still_are_no_fault_while_media_comes() {
    let mut body = Body::on(FROZEN, true);
    body.play(60);
    assert_eq!(body.scene.count("open"), 1);
}

#[test]
fn a_silence_is_believed_by_what_the_engine_says_meanwhile() {
    // Segments of four seconds, a target duration of five.
    assert_eq!(Body::on(FROZEN, true).silence(), 5_000);
    assert_eq!(Body::on(|_| Measure::Nothing, true).silence(), 7_500);
    assert_eq!(Body::on(FLOWING, true).silence(), 17_500);
    assert_eq!(Body::on(COLLECTING, true).silence(), 17_500);
    assert_eq!(Body::on(|_| Measure::Unanswered, true).silence(), 5_000);
}

#[test]
fn the_only_engine_is_kept_while_it_waits_for_its_peers() {
    assert_eq!(Body::on(COLLECTING, false).silence(), 30_000);
}

#[test]
fn an_engine_that_is_gone_is_left_while_nobody_listens_to_it() {
    let mut body = Body::on(FLOWING, true);
    body.burst(15);
    let (now, settings) = (body.scene.now, body.scene.settings.clone());
    assert!(!body.scene.channel.wants_more(now, &settings), "it rests");
    body.scene.origin.measure = |_| Measure::Refused;
    assert!(body.silence() < 1_500);
}

#[test]
fn what_is_kept_back_is_spent_on_waiting() {
    let mut body = Body::on(FLOWING, true);
    body.burst(8);
    body.scene.origin.measure = FROZEN;
    assert_eq!(body.silence(), 5_250);
}

#[test]
fn how_long_a_silence_was_is_told_from_the_media_that_came_last_however_long_that_was_shown() {
    let mut body = Body::on(|_| Measure::Nothing, true);
    body.burst(8);
    let since = body.scene.now;
    body.scene.play(50);
    let lost = body.scene.times("open")[1].since(since).as_secs();
    let begin = format!("nothing new for {lost} s: ");
    let told =
        |event: &Event| matches!(event, Event::SourceLost { cause } if cause.starts_with(&begin));
    assert_eq!(body.scene.told(told), 1, "{begin}");
}

#[test]
fn a_list_that_stands_still_is_given_up_sooner_or_later_by_what_the_engine_says() {
    let waited = |measure| {
        let mut scene = live_from(|scene| scene.origin.measure = measure);
        scene.origin.frozen = Some(scene.now);
        let frozen = scene.channel.last_segment_at;
        scene.play(12);
        scene.times("open")[1].since(frozen).as_secs()
    };
    assert_eq!((waited(FROZEN), waited(FLOWING)), (3, 7));
}

#[test]
fn a_session_that_is_gone_is_begun_anew_where_it_was_and_then_elsewhere() {
    let mut scene = live();
    breaks_off(&mut scene, Trouble::Gone("403".into()));
    assert_eq!(scene.places, [Where::Anywhere, Where::Again]);
    scene.origin.frozen = Some(Moment::ZERO);
    scene.play(12);
    assert_eq!(scene.places[2], Where::Elsewhere);
}

#[test]
fn an_engine_that_nothing_is_heard_of_is_not_tried_first() {
    let mut scene = live();
    breaks_off(
        &mut scene,
        Trouble::Unreachable("connection refused".into()),
    );
    assert_eq!(scene.places, [Where::Anywhere, Where::Elsewhere]);
    let mut frozen = Body::on(COLLECTING, true);
    frozen.scene.play(20);
    assert_eq!(frozen.scene.places[1], Where::Elsewhere);
}

#[test]
fn sources_that_die_after_each_segment_are_replaced_twelve_times_a_minute_at_most() {
    let mut body = Body::on(FLOWING, true);
    let before = body.scene.count("open");
    for _ in 0..300 {
        if body.scene.channel.source.open_pull().is_some() {
            body.burst(5);
            let pull = body.scene.reading.expect("a body is read");
            body.scene.tell(Input::BodyEnded { pull, end: Ok(()) });
        }
        body.scene.play_for(Duration::from_millis(200));
    }
    let opened = body.scene.count("open") - before;
    assert!((10..=13).contains(&opened), "{opened} in a minute");
}

fn drain(scene: &mut Scene) {
    scene.tell(Input::MoveAway {
        cause: Some("it drains".into()),
    });
}

fn words(scene: &Scene) -> Vec<&str> {
    let asked = scene.asked.iter().map(|(_, text)| text.as_str());
    asked
        .filter(|it| it.starts_with("open") || it.starts_with("close"))
        .collect()
}

#[test]
fn a_channel_that_must_move_plays_on_until_the_next_source_has_given_a_list() {
    let mut scene = live();
    scene.held_back = |effect| matches!(effect, Effect::Open { .. });
    drain(&mut scene);
    let before = scene.channel.window.next();
    scene.play(10);
    assert!(before < scene.channel.window.next(), "it plays on");
    assert_eq!(words(&scene), ["open 0", "open 1"]);
    scene.held_back = |effect| matches!(effect, Effect::Poll { pull: PullId(1) });
    let opening = scene.waiting.remove(0);
    let opened = scene.answer(opening).expect("it is opened");
    scene.tell(opened);
    scene.play(3);
    assert_eq!(words(&scene), ["open 0", "open 1"]);
    scene.release();
    assert_eq!(words(&scene), ["open 0", "open 1", "close 0"]);
    let last = scene.channel.window.next();
    scene.play(10);
    assert!(last < scene.channel.window.next());
    assert_eq!(scene.channel.counters.segments_lost, 0);
    assert_eq!(scene.channel.counters.failovers, 1);
    let moved =
        |event: &Event| matches!(event, Event::SourceMoved { cause } if cause == "it drains");
    assert_eq!(scene.told(moved), 1);
    assert_eq!(scene.places, [Where::Anywhere, Where::Beside]);
}

#[test]
fn a_body_takes_the_place_of_another_with_its_first_segment() {
    let mut body = Body::on(FLOWING, true);
    let old = body.scene.reading.expect("a body is read");
    body.play(2);
    drain(&mut body.scene);
    let new = body.scene.reading.expect("a body is read");
    assert_ne!(old, new);
    let before = body.scene.channel.window.next();
    // It began at 28 s, where the first had come to 32 s.
    let mut other = Broadcast::default();
    let _ = other.seconds(28);
    for second in 0..3 {
        assert_eq!(words(&body.scene), ["open 0", "open 1"], "after {second} s");
        let chunks = vec![other.seconds(1)];
        body.scene.tell(Input::Received { pull: new, chunks });
    }
    assert_eq!(words(&body.scene), ["open 0", "open 1", "close 0"]);
    body.broadcast = other;
    body.play(12);
    let window = &body.scene.channel.window;
    let breaks = window.held().filter(|it| it.discontinuity);
    let breaks: Vec<_> = breaks.map(|it| it.sequence).collect();
    assert!(breaks.len() == 1 && before <= breaks[0], "{breaks:?}");
}

#[test]
fn a_channel_that_finds_no_other_place_stays_and_is_moved_at_last() {
    let mut scene = live();
    scene.origin.open_failure = Some(OpenFailure::AllEnginesFull { per_engine: 1 });
    drain(&mut scene);
    scene.play(119);
    assert_eq!(scene.count("close"), 0);
    assert_eq!(scene.count("open"), 1 + 24, "every five seconds");
    assert_eq!(scene.phase(), Phase::Live);
    scene.origin.open_failure = None;
    scene.origin.measure = FLOWING;
    scene.play(6);
    assert_eq!(scene.count("close"), 1);
    assert_eq!(scene.channel.counters.failovers, 1);
}

#[test]
fn after_its_patience_a_move_is_made_without_another_source() {
    let mut scene = live();
    scene.held_back = |effect| {
        matches!(
            effect,
            Effect::Open {
                at: Where::Beside,
                ..
            }
        )
    };
    drain(&mut scene);
    scene.play(121);
    assert_eq!(
        words(&scene)[..4],
        ["open 0", "open 1", "close 1", "close 0"]
    );
    assert_eq!(scene.places[2], Where::Elsewhere);
}

#[test]
fn a_source_that_dies_while_another_is_opened_beside_it_is_replaced_by_that_one() {
    let mut scene = live();
    scene.held_back = |effect| matches!(effect, Effect::Open { .. });
    drain(&mut scene);
    breaks_off_beside(&mut scene);
    assert_eq!(words(&scene), ["open 0", "open 1", "close 0"]);
    scene.release();
    let before = scene.channel.window.next();
    scene.play(6);
    assert_eq!(words(&scene), ["open 0", "open 1", "close 0"]);
    assert!(before < scene.channel.window.next());
}

fn breaks_off_beside(scene: &mut Scene) {
    scene.origin.poll_trouble = Some(Trouble::Gone("403".into()));
    scene.play(2);
    scene.origin.poll_trouble = None;
}

#[test]
fn a_move_that_is_called_off_leaves_nothing_behind() {
    let mut scene = live();
    scene.held_back = |effect| matches!(effect, Effect::Poll { pull: PullId(1) });
    drain(&mut scene);
    scene.tell(Input::MoveAway { cause: None });
    scene.release();
    scene.play(130);
    assert_eq!(words(&scene), ["open 0", "open 1", "close 1"]);
    assert_eq!(scene.channel.counters.failovers, 0);
}
