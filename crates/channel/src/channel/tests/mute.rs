//! Engines that begin a body and send nothing of it.

use std::time::Duration;

use super::scene::{Scene, scene};
use crate::channel::{Effect, Input};
use crate::event::Event;
use crate::pulse::{Measure, Numbers};
use crate::source::{Intake, SourceKind, Where};
use crate::testing::Broadcast;
use crate::time::Moment;

const FLOWING: fn(Moment) -> Measure = |now| told(false, now.0.as_secs());
const FROZEN: fn(Moment) -> Measure = |_| told(false, 7);
const COLLECTING: fn(Moment) -> Measure = |_| told(true, 0);
const NOTHING: fn(Moment) -> Measure = |_| Measure::Nothing;

fn told(collecting: bool, downloaded: u64) -> Measure {
    Measure::Told(Numbers {
        collecting,
        peers: Some(4),
        downloaded: Some(downloaded),
        newest: None,
    })
}

/// A viewer waits for a channel whose engine has begun a body.
fn begun(measure: fn(Moment) -> Measure) -> Scene {
    begun_with(measure, |_| {})
}

fn begun_with(measure: fn(Moment) -> Measure, set: impl FnOnce(&mut Scene)) -> Scene {
    let mut scene = scene();
    scene.origin.kind = SourceKind::Session;
    scene.origin.intake = None;
    scene.origin.measure = measure;
    set(&mut scene);
    scene.tell(Input::ViewerArrived);
    assert_eq!(intake(&scene), Some(Intake::Continuous));
    scene
}

fn intake(scene: &Scene) -> Option<Intake> {
    scene.channel.snapshot(&scene.settings).intake
}

/// Lets time go by until another source was asked for, and says how long that took.
fn waits(scene: &mut Scene) -> Option<Duration> {
    let (since, sources) = (scene.now, scene.count("open"));
    let step = Duration::from_millis(100);
    for waited in 1..=290 {
        scene.play_for(step);
        if sources < scene.count("open") {
            return Some(step * waited);
        }
    }
    assert!(scene.now <= since + Duration::from_secs(30));
    None
}

#[test]
fn a_body_that_begins_and_is_silent_gives_way_to_a_playlist_long_before_players_give_up() {
    for (measure, seconds) in [(FLOWING, 3), (FROZEN, 3), (NOTHING, 5)] {
        let mut scene = begun(measure);
        assert_eq!(waits(&mut scene), Some(Duration::from_secs(seconds)));
        assert_eq!(intake(&scene), Some(Intake::Playlist));
        assert_eq!(scene.places, [Where::Anywhere, Where::Again]);
        let words: Vec<_> = scene.asked.iter().map(|(_, it)| it.as_str()).collect();
        let order = ["open 0", "read 0", "close 0", "open 1"];
        assert_eq!(words[..4], order, "never two on one engine");
        assert!(scene.has_list(), "viewers are served");
    }
}

#[test]
fn what_was_wrong_with_it_is_told() {
    let mut scene = begun(FLOWING);
    waits(&mut scene);
    let is_told = |it: &Event| match it {
        Event::SourceLost { cause } => {
            cause.starts_with("the stream began and nothing of it came in 3 s: the engine says")
        }
        _ => false,
    };
    assert_eq!(scene.told(is_told), 1, "{:?}", scene.events);
}

#[test]
fn an_engine_that_has_begun_early_and_still_collects_is_waited_for() {
    let mut scene = begun(COLLECTING);
    assert_eq!(waits(&mut scene), None);
    // It has collected at last, and has its three seconds from then on.
    let mut scene = begun(COLLECTING);
    scene.play(20);
    scene.origin.measure = FLOWING;
    let waited = waits(&mut scene).expect("a playlist");
    assert!((2_900..=4_100).contains(&waited.as_millis()), "{waited:?}");
}

#[test]
fn an_engine_that_holds_its_answer_back_is_waited_for() {
    let mut scene = begun_with(FLOWING, |scene| {
        scene.held_back = |effect| matches!(effect, Effect::Read { .. });
    });
    assert_eq!(waits(&mut scene), None);
}

#[test]
fn a_first_byte_in_time_keeps_the_body() {
    let mut scene = begun(FLOWING);
    scene.play_for(Duration::from_millis(2_900));
    let pull = scene.reading.expect("a body is read");
    let chunks = vec![Broadcast::default().seconds(1)];
    scene.tell(Input::Received { pull, chunks });
    assert_eq!(waits(&mut scene), None);
}

#[test]
fn an_engine_that_answers_nothing_more_is_left_for_another_and_not_for_a_playlist() {
    let mut scene = begun(|_| Measure::Unanswered);
    assert_eq!(waits(&mut scene), Some(Duration::from_secs(5)));
    assert_eq!(scene.places, [Where::Anywhere, Where::Elsewhere]);
    assert_eq!(intake(&scene), Some(Intake::Continuous));
}

#[test]
fn where_no_playlist_may_be_asked_for_the_body_is_waited_for() {
    let mut scene = begun_with(FLOWING, |scene| {
        scene.settings.engine_intake = Some(Intake::Continuous);
    });
    assert_eq!(waits(&mut scene), None);
    let mut scene = begun_with(FLOWING, |scene| {
        scene.origin.kind = SourceKind::Plain;
        scene.origin.intake = Some(Intake::Continuous);
    });
    assert_eq!(waits(&mut scene), None);
}

#[test]
fn a_session_in_the_place_of_another_that_begins_and_is_silent_gives_way_as_well() {
    let mut scene = begun(FLOWING);
    let mut broadcast = Broadcast::default();
    for _ in 0..30 {
        scene.play(1);
        let pull = scene.reading.expect("a body is read");
        let chunks = vec![broadcast.seconds(1)];
        scene.tell(Input::Received { pull, chunks });
    }
    let pull = scene.reading.expect("a body is read");
    scene.tell(Input::BodyEnded { pull, end: Ok(()) });
    assert_eq!(intake(&scene), Some(Intake::Continuous));
    let waited = waits(&mut scene).expect("another");
    assert!(waited <= Duration::from_millis(3_500), "{waited:?}");
    scene.play(1);
    assert_eq!(intake(&scene), Some(Intake::Playlist));
}
