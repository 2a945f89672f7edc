//! Segments that are missing, doubled, or do not join the one before.

use std::time::Duration;

use super::origin::{Odd, SEGMENT};
use super::scene::{Scene, live, live_from, status};
use crate::event::Event;
use crate::examine::Fit;
use crate::testing;

/// A live channel whose next segment but one is odd; with the number it would get.
fn with(odd: impl FnOnce(&Scene, u64) -> Odd) -> (Scene, u64) {
    let mut scene = live();
    let number = scene.coming() + 1;
    let odd = odd(&scene, number);
    scene.origin.odd.insert(number, odd);
    let next = scene.channel.window.next().0 + 1;
    (scene, next)
}

fn fit(scene: &Scene, number: u64, change: impl FnOnce(&mut Fit)) -> Odd {
    let mut fit = scene.origin.media(number, SEGMENT);
    change(&mut fit);
    Odd {
        fit: Some(fit),
        ..Odd::default()
    }
}

#[test]
fn a_lost_segment_is_skipped_with_a_break_and_consecutive_numbers() {
    let (mut scene, next) = with(|_, _| Odd {
        trouble: Some(status("404")),
        ..Odd::default()
    });
    // Without times of its own, media shows no break.
    scene.origin.opaque = true;
    scene.play(12);
    assert_eq!(scene.breaks(), [next]);
    let numbers = testing::numbers(&scene.list().segments);
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1));
    assert_eq!(
        scene.told(|event| matches!(event, Event::SegmentsLost { count: 1, .. })),
        1
    );
}

#[test]
fn a_segment_that_comes_at_the_second_try_is_not_lost() {
    let (mut scene, _) = with(|_, _| Odd {
        trouble: Some(status("503")),
        ..Odd::default()
    });
    scene.play(4);
    scene.origin.odd.clear();
    scene.play(8);
    assert!(scene.breaks().is_empty());
    assert_eq!(scene.channel.counters.segments_lost, 0);
}

#[test]
fn a_segment_that_never_answers_does_not_hold_the_others_up_for_long() {
    let mut scene = live();
    scene.held_back = |effect| match effect {
        crate::Effect::Fetch { segment, .. } => segment.sequence == 617,
        _ => false,
    };
    assert!(scene.coming() < 617);
    let next = scene.channel.window.next().0 + 617 - scene.coming();
    scene.play(16);
    assert_eq!(scene.breaks(), [next]);
    assert_eq!(scene.count("open"), 1);
}

#[test]
fn a_gap_in_the_list_of_the_source_is_skipped_with_a_break() {
    let (mut scene, next) = with(|_, _| Odd {
        tags: "#EXT-X-GAP\n",
        ..Odd::default()
    });
    // Without times of its own, media shows no break.
    scene.origin.opaque = true;
    scene.play(8);
    assert_eq!(scene.breaks(), [next]);
    assert!(!scene.text().contains("GAP"));
}

#[test]
fn the_break_of_a_gap_stands_behind_what_is_still_on_its_way() {
    let (mut scene, next) = with(|_, _| Odd {
        tags: "#EXT-X-GAP\n",
        ..Odd::default()
    });
    // Without times of its own, media shows no break.
    scene.origin.opaque = true;
    scene.held_back = |effect| matches!(effect, crate::Effect::Fetch { .. });
    scene.play(4);
    scene.release();
    scene.play(4);
    assert_eq!(scene.breaks(), [next]);
}

#[test]
fn a_segment_sent_twice_is_shown_once() {
    let (mut scene, next) = with(|scene, number| Odd {
        fit: Some(scene.origin.media(number - 1, SEGMENT)),
        ..Odd::default()
    });
    scene.play(6);
    assert_eq!(scene.channel.counters.repeats, 1);
    assert_eq!(scene.breaks(), [next], "the clock has moved on meanwhile");
}

#[test]
fn a_hole_that_a_repeat_fills_is_a_break() {
    let mut scene = live_from(|scene| scene.origin.opaque = true);
    let number = scene.coming();
    let next = scene.channel.window.next().0;
    // The number stands for what was shown two segments before, so its own media is missing.
    let old = scene.origin.media(number - 2, SEGMENT);
    let fit = Some(Fit { facts: None, ..old });
    let odd = Odd {
        fit,
        ..Odd::default()
    };
    scene.origin.odd.insert(number, odd);
    scene.play(4);
    assert_eq!(scene.channel.counters.repeats, 1);
    assert_eq!(scene.breaks(), [next]);
}

#[test]
fn the_newest_segment_sent_again_is_no_break() {
    let mut scene = live_from(|scene| scene.origin.opaque = true);
    let number = scene.coming();
    let newest = scene.origin.media(number - 1, SEGMENT);
    let fit = Some(Fit {
        facts: None,
        ..newest
    });
    let odd = Odd {
        fit,
        ..Odd::default()
    };
    scene.origin.odd.insert(number, odd);
    scene.play(4);
    assert_eq!(scene.channel.counters.repeats, 1);
    assert!(scene.breaks().is_empty());
}

#[test]
fn a_jump_of_the_clock_is_a_break() {
    let (mut scene, next) = with(|scene, number| {
        fit(scene, number, |fit| {
            let facts = fit.facts.as_mut().expect("a transport stream");
            let jump = Duration::from_secs(100);
            facts.start = facts.start.map(|start| start.plus(jump));
            facts.end = facts.end.map(|end| end.plus(jump));
        })
    });
    scene.play(8);
    assert_eq!(scene.breaks(), [next, next + 1], "there and back");
}

#[test]
fn a_hole_as_long_as_a_short_segment_is_a_break_and_none_between_long_ones() {
    let late = |length: u64| {
        with(move |scene, number| {
            fit(scene, number, |fit| {
                let facts = fit.facts.as_mut().expect("a transport stream");
                let length = Duration::from_millis(length);
                let hole = Duration::from_millis(500);
                facts.start = facts.start.map(|start| start.plus(hole));
                facts.end = facts.start.map(|start| start.plus(length));
                facts.duration = Some(length);
            })
        })
    };
    let (mut short, next) = late(500);
    short.play(8);
    assert_eq!(short.breaks(), [next]);
    let (mut long, _) = late(2_000);
    long.play(8);
    assert!(long.breaks().is_empty());
}

#[test]
fn a_change_of_tracks_is_a_break() {
    let mut scene = live();
    let next = scene.channel.window.next().0 + 1;
    let number = scene.coming() + 1;
    for number in number..number + 20 {
        let odd = fit(&scene, number, |fit| {
            let facts = fit.facts.as_mut().expect("a transport stream");
            let codec = ts::Codec::of(0x0f, &[]);
            facts.streams.push(ts::Stream {
                pid: 257,
                stream_type: 0x0f,
                codec,
            });
        });
        scene.origin.odd.insert(number, odd);
    }
    scene.play(8);
    assert_eq!(scene.breaks(), [next]);
}

#[test]
fn the_wrap_of_the_clock_is_no_break() {
    let mut scene = live_from(|scene| {
        let wrap = (1_u64 << 33) / 90;
        for number in 580..640 {
            // It wraps within 620.
            let start = wrap - 1_000 + number * 2_000 - 620 * 2_000;
            let fit = testing::media(number, start, 2_000);
            scene.origin.odd.insert(
                number,
                Odd {
                    fit: Some(fit),
                    ..Odd::default()
                },
            );
        }
    });
    scene.play(20);
    assert!(620 < scene.origin.newest(scene.now));
    assert!(scene.breaks().is_empty());
}

#[test]
fn a_break_that_the_source_tells_of_is_passed_on() {
    let (mut scene, next) = with(|_, _| Odd {
        tags: "#EXT-X-DISCONTINUITY\n",
        ..Odd::default()
    });
    scene.play(6);
    assert_eq!(scene.breaks(), [next]);
}

#[test]
fn a_break_is_counted_when_it_has_left_the_list() {
    let (mut scene, _) = with(|_, _| Odd {
        tags: "#EXT-X-DISCONTINUITY\n",
        ..Odd::default()
    });
    let before = scene.list().discontinuity_sequence;
    scene.play(6);
    assert_eq!(scene.list().discontinuity_sequence, before);
    scene.play(20);
    assert_eq!(scene.list().discontinuity_sequence, before + 1);
}

#[test]
fn dates_never_go_back_whatever_the_source_says() {
    let (mut scene, _) = with(|_, _| Odd {
        tags: "#EXT-X-PROGRAM-DATE-TIME:2001-01-01T00:00:00Z\n",
        ..Odd::default()
    });
    scene.play(8);
    let dates: Vec<_> = scene
        .list()
        .segments
        .iter()
        .map(|it| it.program_date_time)
        .collect();
    assert!(
        dates.iter().all(Option::is_some) && dates.is_sorted(),
        "{dates:?}"
    );
}
