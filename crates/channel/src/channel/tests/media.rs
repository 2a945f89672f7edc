//! Lengths, keys, initialisation sections and byte ranges.

use std::collections::BTreeMap;
use std::time::Duration;

use super::origin::Odd;
use super::scene::{Scene, live, live_from, scene};
use crate::channel::{Effect, Input};
use crate::failure::Trouble;
use crate::segment::Container;
use crate::snapshot::Phase;
use crate::testing::stream;

fn with(odd: impl FnOnce(&Scene, u64) -> Odd) -> Scene {
    let mut scene = live();
    let number = scene.coming();
    let odd = odd(&scene, number);
    scene.origin.odd.insert(number, odd);
    scene.play(2);
    scene
}

#[test]
fn a_length_is_measured_and_a_stated_lie_is_ignored() {
    let scene = with(|_, _| Odd {
        stated: Some("1.000000"),
        ..Odd::default()
    });
    assert_eq!(scene.lengths().last(), Some(&2.0));
    let scene = with(|scene, number| {
        let fit = scene.origin.media(number, Duration::from_millis(1_960));
        Odd {
            fit: Some(fit),
            ..Odd::default()
        }
    });
    assert_eq!(scene.lengths().last(), Some(&1.96));
}

#[test]
fn a_clock_that_jumps_within_a_segment_does_not_make_it_long() {
    let scene = with(|scene, number| {
        let mut fit = scene.origin.media(number, Duration::from_secs(30));
        let facts = fit.facts.as_mut().expect("a transport stream");
        facts.longest_step = Some(Duration::from_secs(28));
        Odd {
            fit: Some(fit),
            ..Odd::default()
        }
    });
    assert_eq!(scene.lengths().last(), Some(&2.0));
}

#[test]
fn an_absurd_stated_length_is_not_taken_over() {
    let mut scene = scene();
    scene.origin.opaque = true;
    for number in 590..610 {
        let odd = Odd {
            stated: Some("86000.0"),
            ..Odd::default()
        };
        scene.origin.odd.insert(number, odd);
    }
    scene.tell(Input::ViewerArrived);
    assert!(scene.list().target_duration <= Duration::from_secs(300));
}

#[test]
fn a_segment_that_is_too_long_is_cut_and_the_target_duration_stays() {
    let mut scene = with(|_, _| Odd {
        fit: Some(stream(50, 6)),
        ..Odd::default()
    });
    assert_eq!(scene.lengths()[3..], [2.0, 2.0, 2.0]);
    let first = scene.list().segments[3].sequence;
    assert_eq!(scene.breaks(), [first], "the parts join one another");
    let window = &scene.channel.window;
    for part in window.held().skip(window.held().len() - 3) {
        assert_eq!(part.body.len() % ts::PACKET_BYTES, 0);
        assert!(
            ts::inspect(part.body.chunks())
                .expect("a stream")
                .starts_with_tables
        );
    }
    scene.play(20);
    assert_eq!(scene.list().target_duration, Duration::from_secs(2));
}

#[test]
fn a_segment_that_is_too_long_and_cannot_be_cut_is_skipped() {
    let mut scene = with(|scene, number| {
        let mut fit = scene.origin.media(number, Duration::from_secs(6));
        fit.container = Container::FragmentedMp4;
        Odd {
            fit: Some(fit),
            ..Odd::default()
        }
    });
    let next = scene.channel.window.next().0;
    scene.play(2);
    assert_eq!(scene.breaks(), [next]);
    assert_eq!(scene.list().target_duration, Duration::from_secs(2));
}

#[test]
fn the_target_duration_is_no_less_than_what_the_first_list_holds() {
    let mut scene = scene();
    for number in 595..=600 {
        let fit = scene.origin.media(number, Duration::from_millis(2_600));
        scene.origin.odd.insert(
            number,
            Odd {
                fit: Some(fit),
                ..Odd::default()
            },
        );
    }
    scene.tell(Input::ViewerArrived);
    assert_eq!(scene.list().target_duration, Duration::from_secs(3));
}

const KEY: &str = "#EXT-X-KEY:METHOD=AES-128,URI=\"http://source/key/1\"\n";

fn encrypted() -> Scene {
    live_from(|scene| {
        scene.origin.head = KEY;
        scene.origin.opaque = true;
    })
}

#[test]
fn a_key_is_in_every_list_with_the_number_of_the_source_as_its_vector() {
    let mut scene = encrypted();
    for _ in 0..20 {
        let list = scene.list();
        for segment in &list.segments {
            let key = segment.key.as_ref().expect("every segment has its key");
            // Our first, 1000, is number 596 of the source.
            assert_eq!(key.iv, Some(u128::from(segment.sequence - 1_000 + 596)));
            assert!(
                key.uri
                    .as_deref()
                    .is_some_and(|uri| uri.starts_with("key/")),
                "{key:?}"
            );
        }
        scene.play(1);
    }
    assert_eq!(scene.count("load"), 1);
}

#[test]
fn a_stated_vector_and_the_keys_of_licence_systems_are_passed_on_as_they_are() {
    let scene = live_from(|scene| {
        scene.origin.head = "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://licence\",KEYFORMAT=\"com.apple.streamingkeydelivery\",KEYFORMATVERSIONS=\"1\"\n";
        scene.origin.opaque = true;
    });
    let list = scene.list();
    let key = list.segments[0].key.as_ref().expect("a key");
    assert_eq!((key.uri.as_deref(), key.iv), (Some("skd://licence"), None));
    assert_eq!(scene.count("load"), 0);
}

#[test]
fn a_new_key_is_fetched_and_both_are_served_as_long_as_segments_need_them() {
    let mut scene = encrypted();
    let tags = "#EXT-X-KEY:METHOD=AES-128,URI=\"http://source/key/2\",IV=0x1234\n";
    let number = scene.coming();
    for number in number..number + 20 {
        scene.origin.odd.insert(
            number,
            Odd {
                tags,
                ..Odd::default()
            },
        );
    }
    scene.play(2);
    let list = scene.list();
    let keys: Vec<_> = list
        .segments
        .iter()
        .map(|it| it.key.clone().expect("a key"))
        .collect();
    assert_eq!(keys[5].iv, Some(0x1234));
    assert_ne!(keys[4].uri, keys[5].uri);
    scene.play(14);
    assert!(
        scene
            .list()
            .segments
            .iter()
            .all(|it| it.key.as_ref() == Some(&keys[5]))
    );
}

#[test]
fn a_missing_key_holds_its_segments_back_and_then_they_are_skipped() {
    let mut scene = encrypted();
    let tags = "#EXT-X-KEY:METHOD=AES-128,URI=\"http://source/key/2\"\n";
    scene.origin.load_trouble = Some(Trouble::Status("404".into()));
    let number = scene.coming();
    scene.origin.odd.insert(
        number,
        Odd {
            tags,
            ..Odd::default()
        },
    );
    scene.origin.odd.insert(
        number + 1,
        Odd {
            tags: KEY,
            ..Odd::default()
        },
    );
    let next = scene.channel.window.next().0;
    scene.play(4);
    assert_eq!(scene.channel.window.next().0, next, "nothing overtakes it");
    scene.play(4);
    assert!(next < scene.channel.window.next().0);
    assert_eq!(scene.breaks(), [next]);
    let loads = scene.count("load");
    scene.play(30);
    assert_eq!(scene.count("load"), loads, "nobody needs it any more");
}

#[test]
fn a_key_that_comes_late_loses_nothing() {
    let mut scene = encrypted();
    let tags = "#EXT-X-KEY:METHOD=AES-128,URI=\"http://source/key/2\"\n";
    scene.origin.load_trouble = Some(Trouble::Status("503".into()));
    let number = scene.coming();
    for number in number..number + 9 {
        scene.origin.odd.insert(
            number,
            Odd {
                tags,
                ..Odd::default()
            },
        );
    }
    scene.play(4);
    scene.origin.load_trouble = None;
    scene.play(4);
    assert!(scene.breaks().is_empty());
    assert_eq!(scene.phase(), Phase::Live);
}

#[test]
fn a_key_for_each_segment_is_fetched_for_each() {
    let scene = live_from(|scene| {
        scene.settings.initial_segments_max = 20;
        scene.settings.initial_buffer = Duration::from_secs(60);
        scene.origin.opaque = true;
        let texts: BTreeMap<u64, &'static str> = (500..620)
            .map(|number| {
                let text = format!("#EXT-X-KEY:METHOD=AES-128,URI=\"http://source/{number}\"\n");
                (number, &*Box::leak(text.into_boxed_str()))
            })
            .collect();
        for (number, tags) in texts {
            scene.origin.odd.insert(
                number,
                Odd {
                    tags,
                    ..Odd::default()
                },
            );
        }
        scene.tell(Input::ViewerArrived);
        scene.play(60);
    });
    assert_eq!(scene.channel.counters.segments_lost, 0);
}

#[test]
fn an_initialisation_section_is_in_every_list_for_those_who_come_late() {
    let mut scene = live_from(|scene| {
        scene.origin.head = "#EXT-X-MAP:URI=\"http://source/init.mp4\"\n";
        scene.origin.opaque = true;
    });
    for _ in 0..20 {
        let list = scene.list();
        for segment in &list.segments {
            let map = segment.map.as_ref().expect("every segment has its map");
            let number = map.uri.trim_start_matches("init/").split('.').next();
            let number = number.and_then(|it| it.parse().ok()).expect("a number");
            assert!(scene.channel.window.resource(number).is_some());
        }
        scene.play(1);
    }
    assert_eq!(scene.count("load"), 1);
}

#[test]
fn segments_without_an_initialisation_section_never_follow_ones_with_it() {
    let mut scene = live_from(|scene| {
        scene.origin.head = "#EXT-X-MAP:URI=\"http://source/init.mp4\"\n";
        scene.origin.opaque = true;
    });
    scene.origin.head = "";
    scene.play(70);
    assert!(
        scene
            .list()
            .segments
            .iter()
            .all(|segment| segment.map.is_some())
    );
    scene.tell(Input::ViewerArrived);
    assert_eq!(scene.phase(), Phase::Live, "another life can do without");
    assert!(
        scene
            .list()
            .segments
            .iter()
            .all(|segment| segment.map.is_none())
    );
}

#[test]
fn byte_ranges_are_asked_for_and_whole_segments_are_served() {
    let mut scene = live();
    scene.held_back = |effect| matches!(effect, Effect::Fetch { .. });
    let number = scene.coming();
    scene.origin.odd.insert(
        number,
        Odd {
            tags: "#EXT-X-BYTERANGE:500@1000\n",
            ..Odd::default()
        },
    );
    scene.play(2);
    let Some(Effect::Fetch { segment, .. }) = scene.waiting.first() else {
        panic!("a segment is asked for");
    };
    assert_eq!(
        segment.byte_range,
        Some(hls::ByteRange {
            length: 500,
            offset: 1_000
        })
    );
    scene.release();
    assert!(!scene.text().contains("BYTERANGE"));
}
