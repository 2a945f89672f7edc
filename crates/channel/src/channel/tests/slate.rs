//! Clips in the place of media that does not come.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::origin::Odd;
use super::scene::{Scene, live_from, scene, status};
use crate::channel::{Effect, Input};
use crate::event::{EndReason, Event};
use crate::failure::{Failure, OpenFailure};
use crate::segment::Segment;
use crate::settings::Settings;
use crate::slate::{Clip, LENGTH};
use crate::snapshot::Phase;
use crate::source::Intake;
use crate::testing::{stream, wall};
use crate::time::Moment;

/// A channel whose viewers are shown clips, and whose source takes for ever to be opened.
fn slow() -> Scene {
    let mut scene = scene();
    scene.settings.slate = true;
    scene.held_back = |effect| matches!(effect, Effect::Open { .. });
    scene.tell(Input::ViewerArrived);
    scene
}

/// The same before a source that lists what it has and never sends it.
fn starved(target: u64) -> Scene {
    let mut scene = scene();
    scene.settings.slate = true;
    scene.origin.target = target;
    scene.held_back = |effect| matches!(effect, Effect::Fetch { .. });
    scene.tell(Input::ViewerArrived);
    scene
}

/// Plays until `millis` after a moment.
fn play_until(scene: &mut Scene, since: Moment, millis: u64) {
    let until = since + Duration::from_millis(millis);
    scene.play_for(until.since(scene.now));
}

/// The source has only just begun, and stops behind so many segments.
fn stops_behind(scene: &mut Scene, segments: u64) {
    scene.origin.first = 0;
    scene.origin.began = scene.now;
    scene.now = scene.now + Duration::from_secs(segments * 2 - 2);
    scene.origin.frozen = Some(scene.now);
}

/// A channel that is live, with clips for when it is not.
fn live() -> Scene {
    live_from(|scene| scene.settings.slate = true)
}

/// A letter for each segment: `s` for a clip, `m` for media; a break stands before what it is before.
fn letters<'a>(segments: impl Iterator<Item = &'a Arc<Segment>>) -> String {
    let letter = |it: &Arc<Segment>| match (it.discontinuity, it.slate) {
        (false, false) => "m",
        (false, true) => "s",
        (true, false) => "|m",
        (true, true) => "|s",
    };
    segments.map(letter).collect()
}

/// What viewers' list holds.
fn listed(scene: &Scene) -> String {
    let shown = scene.shown.as_ref().expect("something was shown");
    letters(shown.window.listed())
}

/// All that is held.
fn held(scene: &Scene) -> String {
    letters(scene.channel.snapshot(&scene.settings).window.held())
}

fn shown(scene: &Scene) -> Vec<Clip> {
    let clips = scene.events.iter().filter_map(|event| match event {
        Event::SlateShown { clip } => Some(*clip),
        _ => None,
    });
    clips.collect()
}

fn slates(scene: &Scene) -> u64 {
    scene
        .channel
        .snapshot(&scene.settings)
        .counters
        .slate_segments
}

/// When segments were appended, since a moment.
fn times(scene: &Scene, since: Moment) -> Vec<u128> {
    let snapshot = scene.channel.snapshot(&scene.settings);
    let held = snapshot.window.held().filter(|it| since <= it.published_at);
    held.map(|it| it.published_at.since(since).as_millis())
        .collect()
}

#[test]
fn a_start_that_takes_eight_seconds_shows_a_list_that_players_start_from() {
    let mut scene = slow();
    scene.play_for(Duration::from_millis(7_999));
    assert!(!scene.has_list());
    scene.play_for(Duration::from_millis(1));
    assert_eq!(listed(&scene), "sssss");
    assert_eq!(scene.list().target_duration, Duration::from_secs(5));
    assert_eq!(scene.phase(), Phase::Starting);
    assert_eq!(shown(&scene), [Clip::Starting]);
    assert!(scene.channel.snapshot(&scene.settings).on_slate);
}

#[test]
fn without_slate_a_start_shows_nothing() {
    let mut scene = slow();
    scene.settings.slate = false;
    scene.play(20);
    assert!(!scene.has_list());
}

/// Follows a list of clips for 40 s from when it is eight seconds old: its end stays `lead` ahead of whoever began
/// with it, and no more than a clip further once what it began with is played.
fn stays_ahead(mut scene: Scene, target: Duration, lead: Duration) {
    scene.settings.buffer_ready_timeout = Duration::from_secs(120);
    scene.settings.first_segment_timeout = Duration::from_secs(120);
    scene.settings.segments_max = 100;
    scene.play(8);
    let began = scene.now;
    assert_eq!(scene.list().target_duration, target);
    for step in 0..400 {
        let published = LENGTH * u32::try_from(slates(&scene)).expect("few");
        let ahead = published.saturating_sub(scene.now.since(began));
        assert!(lead < ahead, "{ahead:?} at {step}");
        let first = LENGTH * 5;
        let most = (lead + LENGTH).max(first.saturating_sub(scene.now.since(began)));
        assert!(ahead <= most, "{ahead:?} at {step}");
        scene.play_for(Duration::from_millis(100));
    }
}

#[test]
fn the_list_s_end_stays_a_target_duration_ahead_of_whoever_began_with_it() {
    for target in [5, 7, 12] {
        let lead = Duration::from_secs(target);
        stays_ahead(starved(target), lead, lead);
    }
}

#[test]
fn before_a_source_that_will_send_a_burst_the_list_s_end_is_nearer() {
    let mut scene = slow();
    scene.settings.engine_intake = Some(Intake::Continuous);
    stays_ahead(scene, Duration::from_secs(5), Duration::from_secs(3));
}

#[test]
fn a_list_of_clips_never_stands_still_for_longer_than_one_and_a_half_target_durations() {
    let mut scene = starved(2);
    scene.play(8);
    let began = scene.now;
    scene.play(15);
    let times = times(&scene, began);
    assert_eq!(times[..7], [0, 0, 0, 0, 0, 3_000, 6_000]);
    let longest = times.windows(2).map(|it| it[1] - it[0]).max();
    assert_eq!(longest, Some(3_000));
}

#[test]
fn the_first_segment_goes_in_as_soon_as_it_is_there_behind_a_break() {
    let mut scene = slow();
    scene.play(12);
    scene.origin.began = scene.now;
    scene.origin.first = 0;
    scene.release();
    assert_eq!(scene.phase(), Phase::Live);
    let text = listed(&scene);
    assert!(text.ends_with("ss|m"), "{text}");
    let left = |event: &Event| *event == Event::SlateLeft;
    assert_eq!(scene.told(left), 1);
    assert_eq!(scene.told(|event| *event == Event::WentLive), 1);
    assert!(!scene.channel.snapshot(&scene.settings).on_slate);
    let before = slates(&scene);
    scene.play(10);
    assert_eq!(slates(&scene), before);
    assert_eq!(shown(&scene), [Clip::Starting]);
}

#[test]
fn too_few_segments_for_a_first_list_are_shown_with_clips_behind_them() {
    let mut scene = slow();
    let asked = scene.now;
    stops_behind(&mut scene, 2);
    scene.release();
    play_until(&mut scene, asked, 7_999);
    assert!(!scene.has_list());
    play_until(&mut scene, asked, 8_000);
    assert_eq!(scene.phase(), Phase::Live);
    assert_eq!(listed(&scene), "mm|ss");
}

#[test]
fn three_segments_are_enough_when_viewers_have_waited_for_eight_seconds() {
    let mut scene = slow();
    scene.settings.initial_buffer = Duration::from_secs(60);
    let asked = scene.now;
    stops_behind(&mut scene, 3);
    scene.release();
    play_until(&mut scene, asked, 8_000);
    assert_eq!(scene.phase(), Phase::Live);
    assert_eq!(listed(&scene)[..3], *"mmm");
}

#[test]
fn a_start_on_clips_is_over_when_the_buffer_should_be_ready() {
    let mut scene = slow();
    scene.settings.buffer_ready_timeout = Duration::from_secs(20);
    scene.play_for(Duration::from_millis(19_999));
    assert_eq!(scene.phase(), Phase::Starting);
    scene.play_for(Duration::from_millis(1));
    let Phase::Failed { failure, .. } = scene.phase() else {
        panic!("{:?}", scene.phase());
    };
    let wanted = "not ready within 20 s: nothing has come from the source yet";
    assert_eq!(failure.to_string(), wanted);
    assert_eq!(shown(&scene), [Clip::Starting, Clip::Ended]);
    assert!(scene.list().ended);
    assert_eq!(scene.breaks(), [0_u64; 0]);
    assert_eq!(scene.ends(), [EndReason::StartFailed]);
    assert!(!scene.channel.snapshot(&scene.settings).on_slate);
}

#[test]
fn a_start_that_is_to_be_over_before_clips_are_due_shows_none() {
    let mut scene = slow();
    scene.settings.buffer_ready_timeout = Duration::from_secs(5);
    scene.play(20);
    assert_eq!((scene.phase(), slates(&scene)), (Phase::Starting, 0));
}

#[test]
fn a_start_that_is_told_late_to_show_clips_is_over_if_its_time_is() {
    let mut scene = slow();
    scene.settings.slate = false;
    scene.settings.buffer_ready_timeout = Duration::from_secs(15);
    scene.play(20);
    assert_eq!(scene.phase(), Phase::Starting);
    scene.settings.slate = true;
    scene.tell(Input::Deadline);
    assert!(matches!(scene.phase(), Phase::Failed { .. }));
    assert_eq!(slates(&scene), 0);
}

#[test]
fn a_source_that_is_over_after_two_segments_is_shown_no_clips() {
    let mut scene = slow();
    stops_behind(&mut scene, 2);
    scene.origin.ended = true;
    scene.release();
    scene.play(20);
    assert_eq!(slates(&scene), 0);
}

#[test]
fn the_first_segment_s_own_time_ends_a_start_on_clips_too() {
    let mut scene = slow();
    scene.settings.first_segment_timeout = Duration::from_secs(15);
    scene.play(15);
    let failed = matches!(
        scene.phase(),
        Phase::Failed {
            failure: Failure::NoFirstSegment { .. },
            ..
        }
    );
    assert!(failed, "{:?}", scene.phase());
    assert!(scene.list().ended);
}

#[test]
fn a_source_that_falls_silent_is_replaced_by_clips_at_the_pace_of_time() {
    let mut scene = live();
    let last = scene.channel.last_segment_at;
    scene.origin.frozen = Some(scene.now);
    scene.origin.open_failure = Some(OpenFailure::Unreachable("refused".into()));
    play_until(&mut scene, last, 2_999);
    assert_eq!(slates(&scene), 0);
    play_until(&mut scene, last, 13_000);
    assert_eq!(
        times(&scene, last + Duration::from_millis(1)),
        [3_000, 4_920, 6_840, 8_760, 10_680, 12_600].map(|it| it - 1)
    );
    assert_eq!(shown(&scene), [Clip::Lost]);
    let text = held(&scene);
    assert!(text.ends_with("mm|ssssss"), "{text}");
}

#[test]
fn the_source_that_comes_back_follows_on_the_clips_behind_a_break() {
    let mut scene = live();
    scene.origin.frozen = Some(scene.now);
    scene.play(6);
    assert_eq!(shown(&scene), [Clip::Lost]);
    scene.origin.frozen = None;
    scene.play(3);
    let text = held(&scene);
    assert!(text.contains("mm|sss|m"), "{text}");
    let before = slates(&scene);
    scene.play(20);
    assert_eq!(slates(&scene), before, "media comes, and clips with it");
    assert_eq!(scene.told(|event| *event == Event::SlateLeft), 1);
}

#[test]
fn a_source_that_is_opened_while_clips_are_shown_breaks_nothing_but_with_them() {
    let mut scene = live();
    scene.origin.frozen = Some(scene.now);
    scene.play(20);
    assert!(2 < scene.count("open"));
    let text = held(&scene);
    assert!(text.contains("m|s"), "{text}");
    assert_eq!(text.matches('|').count(), 1, "{text}");
}

#[test]
fn no_two_clips_have_the_same_bytes() {
    let mut scene = live();
    scene.settings.segments_max = 100;
    for _ in 0..3 {
        scene.origin.frozen = Some(scene.now);
        scene.play(6);
        scene.origin.frozen = None;
        scene.play(6);
    }
    let snapshot = scene.channel.snapshot(&scene.settings);
    let clips: Vec<_> = snapshot.window.held().filter(|it| it.slate).collect();
    let bodies: BTreeSet<_> = clips.iter().map(|it| it.body.chunks().concat()).collect();
    assert_eq!((clips.len(), bodies.len()), (9, 9));
}

#[test]
fn clips_do_not_hide_that_a_source_is_silent() {
    let mut scene = live();
    let mut plain = super::scene::live();
    for scene in [&mut scene, &mut plain] {
        scene.origin.frozen = Some(scene.now);
        scene.play(120);
    }
    assert_eq!(scene.times("open")[..3], plain.times("open")[..3]);
    assert_eq!(scene.times("close"), plain.times("close"));
    assert_eq!(scene.ends(), [EndReason::SourceLost]);
    assert_eq!(shown(&scene), [Clip::Lost, Clip::Ended]);
}

#[test]
fn a_life_that_ends_for_want_of_media_ends_with_a_clip_that_says_so() {
    let mut scene = live();
    scene.settings.no_data_timeout = Duration::from_secs(20);
    scene.origin.frozen = Some(scene.now);
    scene.play(25);
    assert!(scene.list().ended);
    assert_eq!(shown(&scene).last(), Some(&Clip::Ended));
    let after = slates(&scene);
    scene.play_for(Duration::from_millis(500));
    assert_eq!(slates(&scene), after);
}

#[test]
fn clips_outlast_all_media_and_the_life_still_ends_in_time() {
    let mut scene = live();
    scene.settings.segments_max = 5;
    scene.settings.window_size = 3;
    scene.origin.frozen = Some(scene.now);
    scene.origin.open_failure = Some(OpenFailure::Unreachable("refused".into()));
    scene.play(50);
    assert!(listed(&scene).chars().all(|it| it == 's'));
    assert_eq!(scene.phase(), Phase::Live);
    scene.play(15);
    assert_eq!(scene.ends(), [EndReason::SourceLost]);
}

#[test]
fn what_is_on_its_way_is_waited_for_a_target_duration_longer() {
    let mut scene = live();
    let last = scene.channel.last_segment_at;
    scene.held_back = |effect| matches!(effect, Effect::Fetch { .. });
    play_until(&mut scene, last, 4_999);
    assert_eq!(slates(&scene), 0);
    play_until(&mut scene, last, 5_000);
    assert_eq!(slates(&scene), 1);
}

#[test]
fn a_source_that_says_that_it_is_over_is_not_called_lost() {
    let mut scene = live();
    scene.origin.frozen = Some(scene.now);
    scene.origin.ended = true;
    scene.play(30);
    assert_eq!(scene.ends(), [EndReason::SourceEnded]);
    assert_eq!(slates(&scene), 0);
}

#[test]
fn long_segments_are_no_silence_though_the_list_was_begun_with_a_shorter_target() {
    let mut scene = slow();
    scene.play(9);
    scene.origin.seconds = 10;
    scene.origin.target = 10;
    for number in scene.coming() - 10..scene.coming() + 10 {
        let fit = Some(stream(number * 10, 10));
        let odd = Odd {
            fit,
            ..Odd::default()
        };
        scene.origin.odd.insert(number, odd);
    }
    scene.release();
    scene.play(60);
    assert_eq!(scene.phase(), Phase::Live);
    assert_eq!(shown(&scene), [Clip::Starting]);
}

#[test]
fn media_that_does_not_fit_a_list_begun_without_it_ends_the_life_and_the_next_start_shows_no_clips()
{
    let mut scene = slow();
    scene.play(9);
    // What is encrypted cannot be cut.
    scene.origin.opaque = true;
    scene.origin.odd.insert(
        scene.coming() - 1,
        Odd {
            stated: Some("9.000"),
            ..Odd::default()
        },
    );
    scene.release();
    let Phase::Failed { failure, .. } = scene.phase() else {
        panic!("{:?}", scene.phase());
    };
    let wanted = "the list was begun before the source told how long its segments are: a segment \
                  of 9.000 s does not fit the target duration of 5 s";
    assert_eq!(failure.to_string(), wanted);
    assert!(scene.list().ended);
    scene.origin.odd.clear();
    scene.play(5);
    scene.held_back = |effect| matches!(effect, Effect::Open { .. });
    scene.tell(Input::ViewerArrived);
    let before = slates(&scene);
    scene.play(20);
    assert_eq!((scene.phase(), slates(&scene)), (Phase::Starting, before));
}

#[test]
fn a_list_with_an_initialisation_section_shows_no_clips() {
    let mut scene = live_from(|scene| {
        scene.settings.slate = true;
        scene.origin.head = "#EXT-X-MAP:URI=\"http://source/init.mp4\"\n";
        scene.origin.opaque = true;
    });
    scene.origin.frozen = Some(scene.now);
    scene.play(70);
    assert_eq!(slates(&scene), 0);
    assert_eq!(scene.ends(), [EndReason::SourceLost]);
}

#[test]
fn dates_of_clips_are_not_ahead_of_the_clock() {
    let mut scene = slow();
    scene.play(8);
    for _ in 0..20 {
        let snapshot = scene.channel.snapshot(&scene.settings);
        let newest = snapshot.window.held().next_back().expect("clips");
        let end = newest.program_date_time + newest.duration;
        let clock = wall(0) + scene.now.0 + LENGTH;
        assert!(end <= clock, "{end} after {clock}");
        scene.play(1);
    }
}

#[test]
fn a_list_that_was_stopped_with_weir_goes_on_without_making_up_for_it() {
    let mut scene = slow();
    scene.settings.buffer_ready_timeout = Duration::from_secs(100_000);
    scene.settings.first_segment_timeout = Duration::from_secs(100_000);
    scene.play(10);
    let before = slates(&scene);
    scene.now = scene.now + Duration::from_secs(3_600);
    scene.tell(Input::Deadline);
    assert!(slates(&scene) - before <= 4, "{}", slates(&scene));
}

#[test]
fn where_clips_may_come_the_target_duration_is_one_that_they_fit() {
    let mut scene = scene();
    scene.settings = Settings {
        slate: true,
        initial_buffer: Duration::ZERO,
        ..Settings::default()
    };
    scene.origin.seconds = 1;
    scene.origin.target = 1;
    scene.tell(Input::ViewerArrived);
    assert_eq!(scene.list().target_duration, Duration::from_secs(2));
}

#[test]
fn no_engine_at_all_is_told_at_once_and_not_by_a_clip() {
    let mut scene = scene();
    scene.settings.slate = true;
    scene.origin.open_failure = Some(OpenFailure::NoEngines);
    scene.tell(Input::ViewerArrived);
    assert!(matches!(scene.phase(), Phase::Failed { .. }));
    assert_eq!(slates(&scene), 0);
}

#[test]
fn a_source_that_answers_with_errors_is_no_reason_to_leave_the_clips() {
    let mut scene = live();
    scene.origin.poll_trouble = Some(status("502"));
    scene.play(30);
    assert_eq!(shown(&scene), [Clip::Lost]);
    assert!(10 < slates(&scene));
}
