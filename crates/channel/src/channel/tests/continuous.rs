//! Sources that are one body without an end.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::scene::{Scene, scene};
use crate::channel::Input;
use crate::event::Event;
use crate::failure::Trouble;
use crate::growing::Growing;
use crate::pulse::{Measure, Numbers};
use crate::segment::MediaSequence;
use crate::snapshot::Phase;
use crate::source::{Intake, PullId, SourceKind};
use crate::testing::Broadcast;
use crate::time::Moment;

/// A channel on such a source, and what it sends.
struct Stage {
    scene: Scene,
    broadcast: Broadcast,
}

impl Stage {
    fn of(kind: SourceKind) -> Self {
        Self::with(kind, |_| {})
    }

    fn with(kind: SourceKind, set: impl FnOnce(&mut Scene)) -> Self {
        let mut scene = scene();
        set(&mut scene);
        scene.origin.kind = kind;
        scene.origin.intake = None;
        scene.tell(Input::ViewerArrived);
        Self {
            scene,
            broadcast: Broadcast::default(),
        }
    }

    /// One that has been live for a while, at its own pace.
    fn live() -> Self {
        Self::live_with(|_| {})
    }

    fn live_with(set: impl FnOnce(&mut Scene)) -> Self {
        let mut stage = Self::with(SourceKind::Session, set);
        stage.play(30);
        assert_eq!(stage.scene.phase(), Phase::Live);
        stage
    }

    /// So much comes at once.
    fn burst(&mut self, seconds: u64) {
        let chunks = vec![self.broadcast.seconds(seconds)];
        let pull = self.scene.reading.expect("a body is read");
        self.scene.tell(Input::Received { pull, chunks });
    }

    /// So much comes as time goes by.
    fn play(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.scene.play(1);
            self.burst(1);
        }
    }

    fn end(&mut self, end: Result<(), Trouble>) {
        let pull = self.scene.reading.expect("a body is read");
        self.scene.tell(Input::BodyEnded { pull, end });
    }

    /// What viewers were shown, in milliseconds.
    fn shown(&self) -> Vec<u128> {
        let shown = self.scene.shown.as_ref().expect("something is shown");
        let held = shown.window.held();
        held.map(|segment| segment.duration.as_millis()).collect()
    }

    fn newest(&self) -> MediaSequence {
        let shown = self.scene.shown.as_ref().expect("something is shown");
        shown.window.next()
    }

    fn begin_of(&self, number: MediaSequence) -> Option<ts::Timestamp> {
        let shown = self.scene.shown.as_ref().expect("something is shown");
        let part = shown.window.segment(number).map(|it| it.part());
        part.expect("it is held").expect("a part").opening.begin.dts
    }

    fn open(&self) -> Option<&Arc<Growing>> {
        self.scene.shown.as_ref()?.open.as_ref()
    }

    /// What operators were told of the source.
    fn flaws(&self) -> Vec<&str> {
        let flaws = self.scene.events.iter().filter_map(|it| match it {
            Event::SourceFlawed { what } => Some(what.as_str()),
            _ => None,
        });
        flaws.collect()
    }

    /// Nothing comes any more until the start has failed; what viewers are told then.
    fn fails(&mut self) -> String {
        self.scene.play(31);
        match self.scene.phase() {
            Phase::Failed { failure, .. } => failure.to_string(),
            phase => panic!("it should have failed, and is {phase:?}"),
        }
    }

    fn breaks(&self) -> Vec<u64> {
        let shown = self.scene.shown.as_ref().expect("something is shown");
        let held = shown.window.held();
        let breaks = held.filter(|segment| segment.discontinuity);
        breaks.map(|segment| segment.sequence.0).collect()
    }
}

#[test]
fn a_body_is_cut_at_key_frames_and_published_as_it_comes() {
    let stage = Stage::live();
    // Until viewers are served segments are shorter, so that they are served sooner.
    let shown = stage.shown();
    assert_eq!(shown[..5], [2000; 5]);
    assert_eq!(shown[5..], [4000; 4]);
    assert_eq!(stage.breaks(), []);
    let words: Vec<&str> = stage
        .scene
        .asked
        .iter()
        .map(|(_, it)| it.as_str())
        .collect();
    assert_eq!(words, ["open 0", "read 0"], "nothing is polled or fetched");
}

#[test]
fn a_burst_makes_the_channel_ready_at_once() {
    let mut stage = Stage::of(SourceKind::Session);
    stage.burst(13);
    assert_eq!(stage.scene.phase(), Phase::Live);
    assert_eq!(stage.shown(), [2000; 6]);
}

#[test]
fn a_burst_fills_buffers_with_three_target_durations_at_once() {
    let mut stage = Stage::of(SourceKind::Session);
    stage.burst(13);
    let target = stage.scene.list().target_duration;
    assert_eq!(
        (target, stage.shown().len()),
        (Duration::from_secs(5), 6),
        "12 s were enough to begin"
    );
    stage.burst(8);
    assert_eq!(stage.shown().iter().sum::<u128>(), 16_000);
    let reserve = stage.scene.channel.snapshot(&stage.scene.settings).reserve;
    assert_eq!(reserve, Duration::from_secs(4));
}

#[test]
fn what_comes_behind_the_gate_in_a_burst_is_shown_at_the_streams_own_pace() {
    let mut stage = Stage::of(SourceKind::Session);
    stage.burst(17);
    let gate = stage.newest();
    stage.burst(8);
    assert_eq!(stage.newest(), gate, "nobody is thrown forward");
    let reserve = |stage: &Stage| stage.scene.channel.snapshot(&stage.scene.settings).reserve;
    assert_eq!(reserve(&stage), Duration::from_secs(8));
    stage.scene.play(8);
    assert_eq!(stage.newest().0, gate.0 + 2);
    assert_eq!(reserve(&stage), Duration::ZERO);
}

#[test]
fn a_burst_behind_clips_fills_buffers_at_once_and_the_rest_comes_at_the_streams_own_pace() {
    let mut stage = Stage::with(SourceKind::Session, |scene| {
        scene.settings.slate = true;
        scene.origin.measure = collecting;
    });
    stage.scene.play(9);
    let snapshot = |stage: &Stage| stage.scene.channel.snapshot(&stage.scene.settings);
    assert!(snapshot(&stage).on_slate);
    stage.burst(21);
    let shown = snapshot(&stage);
    let media = shown.window.held().filter(|segment| !segment.slate);
    let media: Duration = media.map(|segment| segment.duration).sum();
    assert_eq!((media.as_secs(), shown.reserve.as_secs()), (16, 4));
    stage.scene.play(10);
    assert_eq!(snapshot(&stage).reserve, Duration::ZERO);
}

#[test]
fn a_source_that_sends_faster_than_time_goes_by_is_not_read_on() {
    let mut stage = Stage::of(SourceKind::Plain);
    let mut received = 0;
    for _ in 0..600 {
        let (now, settings) = (stage.scene.now, stage.scene.settings.clone());
        while stage.scene.channel.wants_more(now, &settings) {
            stage.burst(2);
            received += 2;
        }
        stage.scene.play(1);
    }
    // A thousandth more than time has gone by, and what is held ahead.
    assert!((600..=635).contains(&received), "{received} s in 600 s");
    assert!(stage.breaks().is_empty());
    assert!(
        stage
            .scene
            .events
            .iter()
            .all(|it| !matches!(it, Event::SourceLost { .. }))
    );
}

#[test]
fn the_reserve_covers_a_silence_of_the_source() {
    let mut stage = Stage::of(SourceKind::Session);
    stage.burst(17);
    let gate = stage.newest();
    stage.burst(9);
    stage.scene.play(8);
    assert_eq!(stage.newest().0, gate.0 + 2, "shown on while nothing comes");
}

#[test]
fn a_short_hitch_is_caught_up_with_at_once() {
    let mut stage = Stage::live();
    let before = stage.newest();
    stage.scene.play(4);
    stage.burst(4);
    assert_eq!(stage.newest().0, before.0 + 1);
}

#[test]
fn the_segment_in_the_making_can_be_followed_and_becomes_one_of_the_window_byte_for_byte() {
    let mut stage = Stage::live();
    stage.play(1);
    let open = Arc::clone(stage.open().expect("a segment in the making"));
    assert_eq!(open.sequence(), stage.newest());
    let mut media = Vec::new();
    let mut at = 0;
    while stage.newest() == open.sequence() {
        let mut pieces = Vec::new();
        open.media_from(at, &mut pieces);
        at += pieces.iter().map(Bytes::len).sum::<usize>();
        media.extend(pieces);
        stage.play(1);
    }
    assert!(0 < at);
    let shown = stage.scene.shown.as_ref().expect("something is shown");
    let whole = shown.window.segment(open.sequence()).expect("it is whole");
    let part = whole.part().expect("a part of continuous bodies");
    assert!(part.media.concat().starts_with(&media.concat()));
    assert!(Arc::ptr_eq(&part.opening, open.opening()));
    assert_eq!(whole.seam, open.seam());
}

#[test]
fn a_body_that_breaks_off_is_replaced_and_its_rest_is_shown() {
    let mut stage = Stage::live();
    stage.play(3);
    let before = stage.newest();
    stage.end(Err(Trouble::Unfit("the connection broke".into())));
    assert_eq!(stage.newest().0, before.0 + 1);
    assert_eq!(
        stage.scene.reading.map(|it| it.0),
        Some(1),
        "another is opened at once"
    );
    stage.play(7);
    assert_eq!(stage.breaks(), [before.0 + 1]);
}

#[test]
fn what_a_new_session_sends_once_more_is_not_shown_once_more() {
    let mut stage = Stage::live();
    stage.play(2);
    stage.end(Err(Trouble::Unfit("the connection broke".into())));
    let before = stage.newest();
    // It ended at 32 s; the next session begins at 20 s.
    stage.broadcast.back(12);
    stage.burst(16);
    stage.play(12);
    let shown = stage.scene.shown.as_ref().expect("something is shown");
    let first = shown.window.segment(before).expect("the next");
    assert!(first.discontinuity);
    assert_eq!(shown.counters.repeats, 6);
    let end = ts::Timestamp(900_000 + 32 * 90_000);
    assert_eq!(stage.begin_of(before), Some(end));
}

#[test]
fn what_a_session_beside_the_first_sends_once_more_is_not_shown_once_more() {
    let mut stage = Stage::live();
    stage.scene.tell(Input::MoveAway {
        cause: Some("it drains".into()),
    });
    // The first plays on until 34 s. The second has begun at 10 s meanwhile, in the middle of a segment of the first.
    let second = stage.scene.reading.replace(PullId(0));
    assert_eq!(second, Some(PullId(1)), "both are open");
    stage.play(4);
    let before = stage.newest();
    stage.scene.reading = second;
    stage.broadcast.back(24);
    stage.burst(30);
    stage.play(12);
    // What the first had come to in its last segment is shown before.
    let first = MediaSequence(before.0 + 1);
    let end = ts::Timestamp(900_000 + 34 * 90_000);
    assert_eq!(stage.begin_of(first), Some(end));
    assert_eq!(stage.breaks(), [first.0]);
}

#[test]
fn a_session_that_begins_in_the_middle_of_what_was_shown_goes_on_at_the_key_frame_that_is_nearest()
{
    let mut stage = Stage::live();
    stage.play(3);
    stage.end(Ok(()));
    let before = stage.newest();
    // It ended at 33 s; key frames come at even seconds, and segments of four seconds would begin at 30 s or at 34 s.
    stage.broadcast.back(11);
    stage.burst(16);
    stage.play(12);
    let begin = ts::Timestamp(900_000 + 32 * 90_000);
    assert_eq!(stage.begin_of(before), Some(begin));
}

#[test]
fn a_session_that_sends_what_it_holds_slowly_is_waited_for_as_long_as_it_catches_up() {
    let mut stage = Stage::live();
    stage.end(Ok(()));
    let before = stage.newest();
    stage.broadcast.back(24);
    for _ in 0..10 {
        stage.scene.play(1);
        stage.burst(3);
    }
    stage.play(8);
    let begin = stage.begin_of(before).expect("it is held");
    assert_eq!(begin, ts::Timestamp(900_000 + 30 * 90_000));
}

#[test]
fn a_session_that_is_behind_and_does_not_catch_up_is_shown_from_where_it_is() {
    let mut stage = Stage::live();
    stage.end(Ok(()));
    let before = stage.newest();
    stage.broadcast.back(24);
    stage.play(20);
    let begin = stage.begin_of(before).expect("it is held");
    let seconds = (begin.0 - 900_000) / 90_000;
    assert!((8..=14).contains(&seconds), "it goes on at {seconds} s");
}

#[test]
fn a_broadcast_that_begins_anew_is_shown_from_its_beginning() {
    let mut stage = Stage::live();
    stage.play(35);
    stage.end(Ok(()));
    stage.broadcast.back(65);
    let before = stage.newest();
    stage.burst(16);
    stage.play(12);
    assert_eq!(stage.begin_of(before), Some(ts::Timestamp(900_000)));
}

#[test]
fn a_silent_body_of_which_nothing_is_known_is_given_up_after_one_and_a_half_target_durations() {
    let mut stage = Stage::live();
    stage.scene.play(7);
    assert_eq!(stage.scene.reading.map(|it| it.0), Some(0));
    stage.scene.play(1);
    assert_eq!(stage.scene.reading.map(|it| it.0), Some(1));
}

#[test]
fn an_engine_that_gives_no_continuous_body_is_asked_for_a_playlist_where_that_may_be() {
    let mut stage = Stage::of(SourceKind::Session);
    stage.end(Err(Trouble::Status("500: failed to start".into())));
    let intake = |stage: &Stage| stage.scene.channel.snapshot(&stage.scene.settings).intake;
    stage.scene.play(1);
    assert_eq!(intake(&stage), Some(Intake::Playlist));
    let mut stage = Stage::of(SourceKind::Session);
    stage.scene.settings.engine_intake = Some(Intake::Continuous);
    stage.end(Ok(()));
    stage.scene.play(1);
    assert_eq!(intake(&stage), Some(Intake::Continuous));
}

#[test]
fn a_page_in_place_of_a_stream_is_told_in_words_and_ends_the_start() {
    let mut stage = Stage::of(SourceKind::Plain);
    for _ in 0..40 {
        let pull = stage.scene.reading.expect("a body is read");
        let chunks = vec![Bytes::from_static(b"<html>no such channel</html>")];
        stage.scene.tell(Input::Received { pull, chunks });
        stage.end(Ok(()));
        stage.scene.play(1);
        if matches!(stage.scene.phase(), Phase::Failed { .. }) {
            break;
        }
    }
    let Phase::Failed { failure, .. } = stage.scene.phase() else {
        panic!("it should have failed");
    };
    let why = "the stream came to an end: what comes is not MPEG-TS, it looks like HTML";
    assert!(failure.to_string().contains(why), "{failure}");
    assert!(stage.flaws()[0].contains("HTML"), "{:?}", stage.flaws());
}

#[test]
fn no_segment_is_longer_than_the_target_duration_that_stands() {
    let mut stage = Stage::live();
    let target = stage.scene.shown.as_ref().and_then(|it| it.window.target());
    assert_eq!(target, Some(5));
    stage.broadcast.keys_stay_away = true;
    stage.play(30);
    assert!(
        stage.shown().iter().all(|it| *it <= 5400),
        "{:?}",
        stage.shown()
    );
    assert_eq!(stage.breaks(), []);
}

#[test]
fn a_start_without_a_segment_says_what_was_wrong_with_what_came() {
    let mut empty = Stage::of(SourceKind::Plain);
    assert_eq!(
        empty.fails(),
        "no playable segment within 30 s: it was empty"
    );
    let mut broken_off = Stage::of(SourceKind::Plain);
    let packets = broken_off.broadcast.seconds(2);
    let pull = broken_off.scene.reading.expect("a body is read");
    // Without the tables in front.
    let chunks = vec![packets.slice(376..)];
    broken_off.scene.tell(Input::Received { pull, chunks });
    let text = broken_off.fails();
    assert!(text.contains("none says what is in the stream"), "{text}");
    assert_eq!(broken_off.flaws().len(), 1);
}

#[test]
fn a_stream_without_key_frames_is_shown_all_the_same_and_that_is_told_once() {
    let mut stage = Stage::of(SourceKind::Session);
    stage.broadcast.keys_stay_away = true;
    let mut tables = Broadcast::default().seconds(1);
    tables.truncate(376);
    let pull = stage.scene.reading.expect("a body is read");
    let chunks = vec![tables];
    stage.scene.tell(Input::Received { pull, chunks });
    stage.play(60);
    assert_eq!(stage.scene.phase(), Phase::Live);
    let [flaw] = stage.flaws()[..] else {
        panic!("{:?}", stage.flaws());
    };
    assert!(flaw.starts_with("no key frame came in 12.0 s"), "{flaw}");
}

#[test]
fn bodies_that_end_at_once_are_asked_for_ever_more_rarely_though_each_gives_a_little() {
    let mut stage = Stage::live();
    stage.scene.settings.engine_intake = Some(Intake::Continuous);
    for _ in 0..60 {
        if stage.scene.reading.is_some() {
            stage.broadcast = Broadcast::default();
            stage.burst(1);
            stage.end(Ok(()));
        }
        stage.scene.play(1);
    }
    let opened = stage.scene.channel.snapshot(&stage.scene.settings);
    let opened = opened.counters.opened;
    assert!((10..=25).contains(&opened), "{opened} in a minute");
}

#[test]
fn what_a_next_body_repeats_of_the_one_before_is_shown_once() {
    let mut stage = Stage::live();
    let before = stage.newest();
    stage.end(Ok(()));
    // A session begins with what its engine has held, here from the tenth second on.
    stage.broadcast = Broadcast::default();
    let _ = stage.broadcast.seconds(10);
    stage.burst(16);
    assert!(
        stage.open().is_none(),
        "nobody follows what was shown before"
    );
    stage.play(14);
    assert_eq!(stage.newest().0, before.0 + 3);
    let repeats = stage.scene.channel.snapshot(&stage.scene.settings);
    assert_eq!(repeats.counters.repeats, 10);
    assert!(stage.open().is_some());
}

/// An engine that receives media.
fn collecting(_: Moment) -> Measure {
    Measure::Told(Numbers {
        collecting: true,
        peers: Some(4),
        ..Numbers::default()
    })
}

fn flowing(now: Moment) -> Measure {
    Measure::Told(Numbers {
        downloaded: Some(now.0.as_secs()),
        ..Numbers::default()
    })
}

/// Clips and media, oldest first.
fn clips(stage: &Stage) -> Vec<bool> {
    let shown = stage.scene.shown.as_ref().expect("something is shown");
    shown.window.held().map(|it| it.slate).collect()
}

#[test]
fn clips_take_the_place_of_a_silent_body_and_what_had_come_of_a_segment_is_shown_before_them() {
    let mut stage = Stage::live_with(|scene| scene.settings.slate = true);
    stage.scene.origin.measure = flowing;
    stage.play(3);
    let before = stage.newest();
    let known = stage.shown().len();
    stage.scene.play(14);
    let shown = &clips(&stage)[known.min(20)..];
    assert!(shown.starts_with(&[false, true]), "{shown:?}");
    let media = stage.shown()[known];
    assert!((1000..4000).contains(&media), "{media} ms of a segment");
    assert_eq!(stage.breaks(), [before.0 + 1]);
    assert_eq!(
        stage.scene.reading.map(|it| it.0),
        Some(0),
        "it is waited for"
    );
    stage.play(8);
    assert_eq!(clips(&stage).last(), Some(&false));
    assert_eq!(stage.breaks().len(), 2);
}

#[test]
fn a_body_that_only_begins_to_flow_is_shown_without_clips() {
    let mut stage = Stage::with(SourceKind::Plain, |scene| scene.settings.slate = true);
    stage.play(30);
    assert_eq!(stage.scene.phase(), Phase::Live);
    assert!(
        clips(&stage).iter().all(|clip| !clip),
        "{:?}",
        clips(&stage)
    );
    assert_eq!(stage.breaks(), []);
}

#[test]
fn a_body_that_is_long_in_coming_is_waited_for_with_clips() {
    let mut stage = Stage::with(SourceKind::Session, |scene| {
        scene.settings.slate = true;
        scene.origin.measure = collecting;
    });
    stage.scene.play(25);
    assert!(clips(&stage).iter().all(|clip| *clip));
    stage.play(12);
    let shown = clips(&stage);
    assert!(
        !shown[shown.len() - 2] && !shown[shown.len() - 1],
        "{shown:?}"
    );
    assert_eq!(stage.breaks().len(), 1);
}

#[test]
fn what_comes_at_the_streams_pace_can_be_followed_all_the_time_wherever_the_gate_opened() {
    let mut stage = Stage::with(SourceKind::Plain, |scene| scene.settings.slate = true);
    // So that the newest segment is two seconds old when the start is let through.
    stage.burst(1);
    stage.play(20);
    for second in 0..20 {
        stage.play(1);
        assert!(stage.open().is_some(), "second {second}");
    }
}
