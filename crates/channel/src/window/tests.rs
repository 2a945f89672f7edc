use super::*;
use crate::testing::{draft, wall};

fn window() -> Window {
    Window::new(Numbering {
        sequence: MediaSequence(10),
        discontinuities: 4,
        continues: false,
        date: None,
    })
}

fn filled(count: u64, settings: &Settings) -> Window {
    let mut window = window();
    window.fix_target(Duration::from_secs(2), &Settings::default());
    for second in 0..count {
        window.push(at(2 * second, draft(2000)), wall(2 * second), settings);
    }
    window
}

fn at(second: u64, draft: Draft) -> Draft {
    Draft {
        published_at: Moment(Duration::from_secs(second)),
        ..draft
    }
}

fn listed(window: &Window) -> Vec<u64> {
    window.listed().map(|segment| segment.sequence.0).collect()
}

#[test]
fn a_segment_stays_available_after_it_has_left_the_list() {
    let window = filled(20, &Settings::default());
    assert_eq!(listed(&window), [24, 25, 26, 27, 28, 29]);
    assert!(window.segment(MediaSequence(10)).is_some());
    assert!(window.segment(MediaSequence(9)).is_none());
    assert!(window.segment(MediaSequence(30)).is_none());
    assert!(window.segment(MediaSequence(u64::MAX)).is_none());
}

#[test]
fn memory_is_bounded_in_segments_and_in_bytes() {
    let window = filled(50, &Settings::default());
    assert_eq!(window.held().len(), 20);
    let tight = Settings {
        bytes_max: 3 * draft(2000).body.len(),
        ..Settings::default()
    };
    let window = filled(50, &tight);
    assert_eq!(window.held().len(), 3);
    assert!(window.bytes() <= tight.bytes_max);
}

#[test]
fn the_list_never_holds_less_than_three_target_durations_of_what_is_there() {
    let settings = Settings {
        window_size: 3,
        ..Settings::default()
    };
    let mut window = window();
    window.fix_target(Duration::from_secs(4), &Settings::default());
    for second in 0..12 {
        window.push(at(2 * second, draft(2000)), wall(2 * second), &settings);
    }
    assert_eq!(window.listed().count(), 6);
}

#[test]
fn fewer_segments_to_keep_never_take_from_the_list_what_it_must_have() {
    let few = Settings {
        window_size: 3,
        segments_max: 5,
        ..Settings::default()
    };
    let mut window = window();
    window.fix_target(Duration::from_secs(4), &Settings::default());
    for second in 0..12 {
        window.push(at(second, draft(1000)), wall(second), &Settings::default());
    }
    window.fit(&few);
    let held: Duration = window.held().map(|it| it.duration).sum();
    assert_eq!(held, Duration::from_secs(12));
    window.push(at(12, draft(1000)), wall(12), &few);
    assert_eq!(window.held().len(), 12);
    let tight = Settings {
        bytes_max: 1,
        ..few
    };
    window.fit(&tight);
    assert_eq!(window.held().len(), 3, "memory has the last word");
}

/// When the last of the clips comes, and the source with it, in tenths of a second.
const BACK: u64 = 337;

/// Segments of four seconds, then four clips as time goes by, and with the last of them so many segments of the source.
/// And the newest number that is listed, by the tenth of a second until then.
fn back(count: usize) -> (Window, Vec<Option<u64>>) {
    let settings = Settings::default();
    let mut window = window();
    window.fix_target(Duration::from_secs(5), &settings);
    let mut known = Vec::new();
    for tenth in 0..=BACK {
        let published_at = Moment(Duration::from_millis(100 * tenth));
        let (slate, duration) = match tenth {
            0..280 if tenth % 40 == 0 => (false, 4000),
            280.. if (tenth - 280) % 19 == 0 => (true, 1900),
            _ => {
                known.push(newest(&window));
                continue;
            }
        };
        let draft = Draft {
            published_at,
            slate,
            ..draft(duration)
        };
        window.push(draft, wall(tenth / 10), &settings);
        known.push(newest(&window));
    }
    for number in 0..count {
        let live = Draft {
            discontinuity: number == 0,
            published_at: Moment(Duration::from_millis(100 * BACK)),
            ..draft(2000)
        };
        window.push(live, wall(BACK / 10), &settings);
    }
    (window, known)
}

fn newest(window: &Window) -> Option<u64> {
    listed(window).last().copied()
}

#[test]
fn who_asks_once_a_target_duration_finds_three_new_ones_behind_clips_at_most() {
    let (mut window, mut known) = back(2);
    known.pop();
    let last = window.next().0 - 1;
    for tenth in BACK..BACK + 60 {
        window.show(Moment(Duration::from_millis(100 * tenth)));
        known.push(newest(&window));
    }
    assert_eq!(known.last(), Some(&Some(last)), "nothing waits for long");
    for (before, after) in known.iter().zip(&known[50..]) {
        let new = after.expect("a list") - before.expect("a list");
        assert!(new <= 3, "{new} at once");
    }
}

#[test]
fn a_burst_is_listed_whole_until_every_player_has_asked_again() {
    let settings = Settings {
        window_size: 3,
        ..Settings::default()
    };
    let mut window = filled(3, &settings);
    window.fix_target(Duration::from_secs(2), &settings);
    for _ in 0..10 {
        window.push(at(30, draft(2000)), wall(30), &settings);
    }
    assert!(window.listed().count() > 9);
    window.push(at(36, draft(2000)), wall(36), &settings);
    assert_eq!(window.listed().count(), 3);
}

#[test]
fn who_leaves_out_the_clips_before_a_break_comes_to_its_beginning() {
    let (window, _) = back(3);
    assert_eq!(newest(&window), Some(window.next().0 - 1));
    assert_eq!(window.next_due(), None);
}

#[test]
fn what_waits_is_listed_when_nothing_follows_and_when_its_room_is_needed() {
    let (mut window, _) = back(2);
    assert!(newest(&window) < Some(window.next().0 - 1));
    window.set_ended(true);
    window.show(Moment(Duration::from_millis(100 * BACK)));
    assert_eq!(newest(&window), Some(window.next().0 - 1));
    let (mut window, _) = back(2);
    let tight = Settings {
        bytes_max: 1,
        ..Settings::default()
    };
    window.fit(&tight);
    assert_eq!(listed(&window).len(), 3);
}

#[test]
fn a_larger_window_setting_never_brings_back_what_was_removed() {
    let mut window = filled(20, &Settings::default());
    let larger = Settings {
        window_size: 12,
        ..Settings::default()
    };
    window.push(at(40, draft(2000)), wall(40), &larger);
    assert_eq!(listed(&window), [24, 25, 26, 27, 28, 29, 30]);
}

#[test]
fn the_target_duration_is_rounded_up_and_never_changes() {
    let mut window = window();
    window.push(draft(4100), wall(0), &Settings::default());
    window.fix_target(Duration::from_secs(4), &Settings::default());
    assert_eq!(window.target(), Some(5));
    window.fix_target(Duration::from_secs(9), &Settings::default());
    assert_eq!(window.target(), Some(5));
}

#[test]
fn the_discontinuity_sequence_counts_what_has_left_the_list() {
    let settings = Settings {
        window_size: 3,
        ..Settings::default()
    };
    let mut window = window();
    for number in 0..6 {
        let discontinuity = number == 2;
        window.push(
            Draft {
                discontinuity,
                ..draft(2000)
            },
            wall(number),
            &settings,
        );
    }
    let sequences: Vec<_> = window
        .held()
        .map(|it| it.discontinuity_sequence())
        .collect();
    assert_eq!(sequences, [4, 4, 4, 5, 5, 5]);
}

#[test]
fn a_life_that_begins_again_keeps_the_numbering_and_breaks() {
    let mut window = filled(5, &Settings::default());
    window.clear();
    assert_eq!(window.held().len(), 0);
    let segment = window.push(draft(2000), wall(30), &Settings::default());
    assert_eq!(segment.sequence, MediaSequence(15));
    assert!(segment.discontinuity);
}
