//! Every rule of the lint, broken once and by its smallest fault; beside it, what breaks none.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use simulator::lint::{Checker, FINDINGS_MAX, REMEMBERED_MAX, Rule, SegmentAnswer, SegmentFacts};
use simulator::media::{Marked, Media};

const SECOND: Duration = Duration::from_secs(1);
const TWO: Duration = Duration::from_secs(2);

/// A list of segments of two seconds, numbered from `first`, with dates that say so.
fn list(first: u64, segments: u64) -> hls::Media {
    hls::Media {
        version: 3,
        target_duration: TWO,
        media_sequence: first,
        discontinuity_sequence: 0,
        independent_segments: false,
        ended: false,
        segments: (first..first + segments).map(segment).collect(),
    }
}

fn segment(number: u64) -> hls::Segment {
    let date = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(2 * number.cast_signed());
    hls::Segment {
        sequence: number,
        uri: format!("segment/{number}.ts?v=token"),
        duration: TWO,
        duration_stated: true,
        discontinuity: false,
        gap: false,
        program_date_time: Some(date),
        byte_range: None,
        key: None,
        map: None,
        tags: vec![],
    }
}

fn key(vector: Option<u128>) -> Arc<hls::Key> {
    Arc::new(hls::Key {
        method: "AES-128".into(),
        uri: Some("key/1.key".into()),
        iv: vector,
        key_format: None,
        key_format_versions: None,
    })
}

fn map(uri: &str) -> Arc<hls::Map> {
    Arc::new(hls::Map {
        uri: uri.into(),
        byte_range: None,
    })
}

/// A list, and what becomes of it.
fn with(mut list: hls::Media, change: impl FnOnce(&mut hls::Media)) -> hls::Media {
    change(&mut list);
    list
}

fn rules(checker: &Checker) -> Vec<Rule> {
    checker.findings().iter().map(|it| it.rule).collect()
}

/// What these revisions break, two seconds from each to the next.
fn broken(revisions: &[hls::Media]) -> Vec<Rule> {
    let mut checker = Checker::new();
    for (turn, list) in (0..).zip(revisions) {
        checker.revision(TWO * turn, list);
    }
    rules(&checker)
}

/// What a change of the second of two revisions breaks.
fn changed(change: impl FnOnce(&mut hls::Media)) -> Vec<Rule> {
    broken(&[list(5, 6), with(list(6, 6), change)])
}

#[test]
fn a_list_that_slides_as_it_should_breaks_nothing_also_over_a_restart_that_is_marked() {
    let mut revisions: Vec<_> = (5..20).map(|first| list(first, 6)).collect();
    revisions.push(with(list(1_000, 4), |list| {
        list.segments[0].discontinuity = true;
        list.discontinuity_sequence = 40;
    }));
    revisions.push(with(list(1_000, 5), |list| {
        list.segments[0].discontinuity = true;
        list.discontinuity_sequence = 40;
    }));
    revisions.push(with(list(1_002, 4), |list| {
        list.discontinuity_sequence = 41;
    }));
    assert_eq!(broken(&revisions), []);
}

#[test]
fn numbers_that_fall_are_found() {
    assert_eq!(broken(&[list(5, 6), list(4, 7)]), [Rule::MediaSequenceFell]);
    assert_eq!(broken(&[list(5, 6), list(5, 5)]), [Rule::EndFell]);
    let counted = |first, count| with(list(first, 6), |list| list.discontinuity_sequence = count);
    let fallen = broken(&[counted(5, 3), counted(6, 2)]);
    let expected = [Rule::DiscontinuitySequenceFell, Rule::DiscontinuityCount];
    assert_eq!(fallen, expected);
}

#[test]
fn a_list_that_leaves_all_behind_without_a_mark_is_found() {
    assert_eq!(broken(&[list(5, 6), list(30, 6)]), [Rule::Jump]);
    let uncounted = with(list(30, 6), |list| list.discontinuity_sequence = 1);
    let breaks = with(list(5, 6), |list| {
        list.segments[1].discontinuity = true;
        list.segments[3].discontinuity = true;
    });
    assert_eq!(broken(&[breaks, uncounted]), [Rule::DiscontinuityCount]);
}

#[test]
fn who_looks_seldom_takes_no_jump_for_one() {
    let mut checker = Checker::new();
    checker.revision(Duration::ZERO, &list(5, 6));
    checker.outage(Duration::ZERO, SECOND * 30);
    checker.revision(SECOND * 30, &list(30, 6));
    assert_eq!(rules(&checker), []);
}

#[test]
fn a_number_that_becomes_another_segment_is_found_and_told_once() {
    let new_path = |list: &mut hls::Media| list.segments[0].uri = "segment/6b.ts".into();
    assert_eq!(changed(new_path), [Rule::Changed]);
    let longer = |list: &mut hls::Media| list.segments[0].duration += Duration::from_millis(1);
    assert_eq!(changed(longer), [Rule::Changed]);
    let later = |list: &mut hls::Media| {
        let date = &mut list.segments[0].program_date_time;
        *date = date.map(|date| date + SignedDuration::from_millis(1));
    };
    assert_eq!(changed(later), [Rule::Changed]);
    let part = |list: &mut hls::Media| {
        let (length, offset) = (188, 0);
        list.segments[0].byte_range = Some(hls::ByteRange { length, offset });
    };
    assert_eq!(changed(part), [Rule::Changed]);
    let token = |list: &mut hls::Media| list.segments[0].uri = "segment/6.ts?v=other".into();
    assert_eq!(changed(token), []);
}

#[test]
fn discontinuities_that_are_miscounted_are_found() {
    let breaks = with(list(5, 6), |list| list.segments[0].discontinuity = true);
    let counted = with(list(6, 6), |list| list.discontinuity_sequence = 1);
    assert_eq!(broken(&[breaks.clone(), counted]), []);
    assert_eq!(broken(&[breaks, list(6, 6)]), [Rule::DiscontinuityCount]);
    let sprung = |list: &mut hls::Media| list.segments[2].discontinuity = true;
    assert_eq!(changed(sprung), [Rule::DiscontinuityCount]);
}

#[test]
fn keys_and_maps_that_are_not_said_again_are_found() {
    let sealed = |first| {
        with(list(first, 6), |list| {
            for segment in &mut list.segments {
                segment.key = Some(key(Some(1)));
                segment.map = Some(map("init/1.mp4?v=token"));
            }
        })
    };
    assert_eq!(broken(&[sealed(5), sealed(6)]), []);
    let keyless = with(sealed(6), |list| list.segments[0].key = None);
    assert_eq!(broken(&[sealed(5), keyless]), [Rule::KeyChanged]);
    let rekeyed = with(sealed(6), |list| list.segments[0].key = Some(key(Some(2))));
    assert_eq!(broken(&[sealed(5), rekeyed]), [Rule::KeyChanged]);
    let mapless = with(sealed(6), |list| list.segments[0].map = None);
    assert_eq!(broken(&[sealed(5), mapless]), [Rule::MapChanged]);
    let remapped = with(sealed(6), |list| {
        list.segments[0].map = Some(map("init/2.mp4"));
    });
    assert_eq!(broken(&[sealed(5), remapped]), [Rule::MapChanged]);
}

#[test]
fn a_list_that_goes_on_after_its_end_is_found_and_a_new_one_is_not() {
    let ended = with(list(5, 6), |list| list.ended = true);
    assert_eq!(broken(&[ended.clone(), list(6, 6)]), [Rule::EndTakenBack]);
    let longer = with(list(5, 7), |list| list.ended = true);
    assert_eq!(broken(&[ended.clone(), longer]), [Rule::EndTakenBack]);
    let other = with(list(11, 3), |list| {
        list.target_duration = SECOND * 3;
        list.segments[0].discontinuity = true;
    });
    assert_eq!(broken(&[ended.clone(), ended.clone(), other]), []);
    let short = with(list(10, 1), |list| list.ended = true);
    assert_eq!(broken(&[list(5, 6), short]), []);
}

#[test]
fn durations_keep_to_a_target_that_stays() {
    let raised = |list: &mut hls::Media| list.target_duration = SECOND * 3;
    assert_eq!(changed(raised), [Rule::TargetChanged]);
    let long = |list: &mut hls::Media| {
        list.segments[5].duration = Duration::from_millis(2_500);
    };
    assert_eq!(changed(long), [Rule::TargetExceeded]);
    let rounded = |list: &mut hls::Media| {
        list.segments[5].duration = Duration::from_millis(2_499);
    };
    assert_eq!(changed(rounded), []);
    let untold = |list: &mut hls::Media| list.segments[5].duration_stated = false;
    assert_eq!(changed(untold), [Rule::DurationWrong]);
}

#[test]
fn a_window_that_is_too_short_is_found() {
    assert_eq!(broken(&[list(0, 2)]), [Rule::WindowShort]);
    assert_eq!(broken(&[list(0, 0)]), [Rule::WindowShort]);
    let wide = |first, segments| {
        with(list(first, segments), |list| {
            list.target_duration = SECOND * 3;
        })
    };
    let starts = [wide(0, 3), wide(0, 4), wide(0, 5), wide(1, 5)];
    assert_eq!(broken(&starts), []);
    assert_eq!(broken(&[wide(0, 4), wide(1, 4)]), [Rule::WindowShort]);
}

#[test]
fn a_list_that_stands_still_is_found_once_unless_the_source_was_out() {
    let still = |outage: Option<(u64, u64)>, until: u64| {
        let mut checker = Checker::new();
        checker.revision(Duration::ZERO, &list(5, 6));
        if let Some((from, to)) = outage {
            checker.outage(SECOND * from as u32, SECOND * to as u32);
        }
        for second in 1..=until {
            checker.revision(SECOND * second as u32, &list(5, 6));
        }
        rules(&checker)
    };
    assert_eq!(still(None, 3), []);
    assert_eq!(still(None, 9), [Rule::Cadence]);
    assert_eq!(still(Some((1, 9)), 12), []);
    assert_eq!(still(Some((1, 9)), 13), [Rule::Cadence]);
    // A list that was late before the source went out has no excuse.
    assert_eq!(still(Some((4, 9)), 4), [Rule::Cadence]);
}

#[test]
fn dates_go_on_as_the_durations_say() {
    let moved = |by: i64| {
        changed(move |list| {
            let date = &mut list.segments[5].program_date_time;
            *date = date.map(|date| date + SignedDuration::from_millis(by));
        })
    };
    assert_eq!(moved(900), []);
    assert_eq!(moved(1_100), [Rule::DateDrift]);
    assert_eq!(moved(-1_100), [Rule::DateDrift]);
    assert_eq!(moved(-3_600_000), [Rule::DateBack]);
    let hole = changed(|list| {
        let last = &mut list.segments[5];
        last.discontinuity = true;
        last.program_date_time = last
            .program_date_time
            .map(|date| date + SignedDuration::from_hours(1));
    });
    assert_eq!(hole, []);
    let slow = |list: &mut hls::Media| {
        for segment in &mut list.segments {
            let by = 300 * segment.sequence.cast_signed();
            let date = &mut segment.program_date_time;
            *date = date.map(|date| date + SignedDuration::from_millis(by));
        }
    };
    assert_eq!(broken(&[with(list(0, 6), slow)]), [Rule::DateDrift]);
}

#[test]
fn addresses_are_relative_and_say_what_they_lead_to() {
    let at = |uri: &'static str| changed(|list| list.segments[5].uri = uri.into());
    assert_eq!(at("http://a.example/11.ts"), [Rule::AbsoluteAddress]);
    assert_eq!(at("//a.example/11.ts"), [Rule::AbsoluteAddress]);
    assert_eq!(at("/11.ts"), [Rule::AbsoluteAddress]);
    assert_eq!(at("segment/11.ts?u=http://a.example"), []);
    assert_eq!(at("segment/11"), [Rule::Extension]);
    assert_eq!(at("segment/11.jpg?x=.ts"), [Rule::Extension]);
    assert_eq!(at("segment/11.m4s"), [Rule::MapMissing]);
    let unkeyed = changed(|list| list.segments[5].key = Some(key(None)));
    assert_eq!(unkeyed, [Rule::VectorMissing]);
    let gap = changed(|list| list.segments[5].gap = true);
    assert_eq!(gap, [Rule::Gap]);
}

#[test]
fn another_server_is_not_held_to_what_is_ours_to_promise() {
    let mut checker = Checker::of_any_server();
    let list = with(list(0, 6), |list| {
        list.segments[0].uri = "http://a.example/0.ts".into();
        list.segments[1].gap = true;
        list.segments[2].key = Some(key(None));
        list.segments[3].uri = "segment/3".into();
    });
    checker.revision(Duration::ZERO, &list);
    assert_eq!(rules(&checker), [Rule::Extension]);
}

#[test]
fn a_text_is_read_by_itself_and_what_stays_wrong_is_told_once() {
    let good = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:5\n\
        #EXTINF:2.0,\n5.ts\n#EXTINF:2.0,\n6.ts\n#EXTINF:2.0,\n7.ts\n";
    let mut checker = Checker::new();
    checker.text(Duration::ZERO, good.as_bytes());
    assert_eq!(checker.findings(), []);
    for turn in 1..4 {
        checker.text(SECOND * turn / 2, format!("\u{feff}{good}").as_bytes());
    }
    assert_eq!(rules(&checker), [Rule::Text]);
    for text in [
        "<html>",
        "",
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n",
    ] {
        let mut checker = Checker::new();
        checker.text(Duration::ZERO, text.as_bytes());
        assert!(rules(&checker).contains(&Rule::Unreadable), "{text}");
    }
}

#[test]
fn findings_read_as_sentences_with_time_and_clause() {
    let mut checker = Checker::new();
    checker.revision(SECOND * 12, &list(17, 6));
    checker.revision(Duration::from_millis(12_340), &list(3, 6));
    let text = checker.findings()[0].to_string();
    let expected = "12.3 s: MEDIA-SEQUENCE fell from 17 to 3 \
        (MediaSequenceFell: RFC 8216 4.3.3.2, 6.2.2)";
    assert_eq!(text, expected);
}

#[test]
fn every_rule_has_a_name_of_its_own_and_words() {
    let mut names: Vec<_> = Rule::ALL.iter().map(|rule| rule.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Rule::ALL.len());
    // What a list breaks is remembered in as many bits.
    assert!(Rule::ALL.len() <= 64);
    for rule in Rule::ALL {
        let words = [rule.sentence(), rule.clause(), rule.breaks()];
        assert!(words.iter().all(|it| !it.is_empty()), "{rule:?}");
    }
}

#[test]
fn what_is_kept_is_bounded() {
    let mut checker = Checker::new();
    for turn in 0..3 * FINDINGS_MAX as u64 {
        let list = list(turn % 2, 6);
        checker.revision(Duration::from_millis(turn), &list);
    }
    assert_eq!(checker.findings().len(), FINDINGS_MAX);
    assert!(0 < checker.findings_left_out());
    let mut checker = Checker::new();
    let end = REMEMBERED_MAX as u64 + 10;
    for first in 0..end {
        checker.revision(TWO * first as u32, &list(first, 6));
    }
    assert_eq!(rules(&checker), []);
    assert_eq!(checker.kept_until(0), None);
    assert!(checker.kept_until(end).is_some());
    // What came last is remembered, also where its numbers are the lowest.
    checker.revision(TWO * end as u32, &list(0, 6));
    assert!(checker.kept_until(0).is_some());
}

/// A checker that knows segments 0 to 5 of marked media.
fn watching() -> Checker {
    let mut checker = Checker::new();
    checker.revision(Duration::ZERO, &list(0, 6));
    checker
}

fn media() -> Media {
    Media::marked(Marked {
        bytes: 20_000,
        ..Marked::default()
    })
}

fn answer(checker: &mut Checker, number: u64, status: u16, body: &Bytes) {
    let answer = SegmentAnswer {
        status,
        declared: Some(body.len() as u64),
        body: std::slice::from_ref(body),
    };
    checker.segment(SECOND, number, &answer);
}

/// What these bytes break as the bodies of the numbers from 0 on.
fn bodies(bodies: &[Bytes]) -> Vec<Rule> {
    let mut checker = watching();
    for (number, body) in (0..).zip(bodies) {
        answer(&mut checker, number, 200, body);
    }
    rules(&checker)
}

#[test]
fn sound_segments_break_nothing_in_any_order_and_across_the_wrap_of_the_clock() {
    let wrap = media();
    // The clock of 33 bits wraps within segment 47,716.
    let segments: Vec<_> = (47_713..47_719).map(|it| wrap.segment(it)).collect();
    assert_eq!(bodies(&segments), []);
    let mut checker = watching();
    for number in [3, 1, 2, 0, 5, 4] {
        answer(&mut checker, number, 200, &segments[number as usize]);
    }
    assert_eq!(rules(&checker), []);
}

#[test]
fn answers_that_are_no_whole_segment_are_found() {
    let good = media().segment(0);
    assert_eq!(bodies(&[Bytes::from("<html>no</html>")]), [Rule::NotMedia]);
    assert_eq!(bodies(&[Bytes::new()]), [Rule::NotMedia]);
    assert_eq!(bodies(&[good.slice(..1000)]), [Rule::NotMedia]);
    assert_eq!(bodies(&[good.slice(4..)]), [Rule::NotMedia]);
    let mut checker = watching();
    let cut = SegmentAnswer {
        status: 200,
        declared: Some(20_000),
        body: &[good.slice(..188 * 10)],
    };
    checker.segment(SECOND, 0, &cut);
    assert_eq!(rules(&checker), [Rule::SegmentCut]);
    let mut checker = watching();
    for status in [404, 503, 206] {
        answer(&mut checker, 0, status, &good);
    }
    assert_eq!(rules(&checker), [Rule::SegmentRefused; 3]);
}

#[test]
fn a_removed_segment_may_go_when_its_time_is_over() {
    let mut checker = watching();
    checker.revision(TWO, &list(1, 6));
    // Listed last at 0 s: 2 s of its own, 12 s of the list.
    assert_eq!(checker.kept_until(0), Some(SECOND * 14));
    let gone = SegmentAnswer {
        status: 404,
        declared: None,
        body: &[],
    };
    checker.segment(SECOND * 15, 0, &gone);
    assert_eq!(rules(&checker), []);
    checker.segment(SECOND * 14, 0, &gone);
    assert_eq!(rules(&checker), [Rule::SegmentGone]);
}

#[test]
fn segments_are_other_than_each_other_and_the_same_as_ever() {
    let media = media();
    let twice = [media.segment(0), media.segment(0)];
    assert_eq!(bodies(&twice), [Rule::SameBytes, Rule::TimestampJump]);
    let mut checker = watching();
    answer(&mut checker, 0, 200, &media.segment(0));
    answer(&mut checker, 0, 200, &media.segment(0));
    assert_eq!(rules(&checker), []);
    answer(&mut checker, 0, 200, &media.segment(1));
    assert_eq!(rules(&checker), [Rule::BytesChanged]);
}

#[test]
fn a_hole_in_time_needs_its_mark() {
    let media = media();
    let hole = [media.segment(0), media.segment(2)];
    assert_eq!(bodies(&hole), [Rule::TimestampJump]);
    let mut checker = Checker::new();
    let marked = with(list(0, 6), |list| list.segments[1].discontinuity = true);
    checker.revision(Duration::ZERO, &marked);
    answer(&mut checker, 0, 200, &hole[0]);
    answer(&mut checker, 1, 200, &hole[1]);
    assert_eq!(rules(&checker), []);
}

#[test]
fn what_a_segment_says_of_itself_is_held_against_the_list() {
    let sound = SegmentFacts::of(
        &ts::inspect(&[media().segment(0)]).expect("a sound segment"),
        1,
    );
    let broken = |change: fn(&mut SegmentFacts)| {
        let mut facts = sound.clone();
        change(&mut facts);
        let mut checker = watching();
        checker.facts(SECOND, 0, &facts);
        rules(&checker)
    };
    let frame = sound.frame.expect("a frame");
    assert_eq!(frame, Duration::from_millis(40));
    assert_eq!(broken(|_| {}), []);
    assert_eq!(
        broken(|it| it.duration = Some(Duration::from_millis(2_040))),
        []
    );
    assert_eq!(
        broken(|it| it.duration = Some(Duration::from_millis(2_041))),
        [Rule::DurationWrong]
    );
    assert_eq!(broken(|it| it.duration = None), []);
    assert_eq!(broken(|it| it.tables_first = false), [Rule::TablesFirst]);
    assert_eq!(
        broken(|it| it.key_frame_first = false),
        [Rule::KeyFrameFirst]
    );
    let mut checker = watching();
    checker.facts(SECOND, 0, &sound);
    let mut other = SegmentFacts::of(&ts::inspect(&[media().segment(1)]).expect("sound"), 2);
    other.streams[0].stream_type = 0x24;
    checker.facts(SECOND, 1, &other);
    assert_eq!(rules(&checker), [Rule::TracksChanged]);
}

#[test]
fn sealed_and_fragmented_segments_are_looked_at_as_far_as_they_can_be() {
    let sealed = |bytes: &'static [u8]| {
        let mut checker = Checker::new();
        let list = with(list(0, 6), |list| {
            for segment in &mut list.segments {
                segment.key = Some(key(Some(1)));
            }
        });
        checker.revision(Duration::ZERO, &list);
        answer(&mut checker, 0, 200, &Bytes::from_static(bytes));
        rules(&checker)
    };
    assert_eq!(sealed(&[7; 32]), []);
    assert_eq!(sealed(&[7; 33]), [Rule::NotMedia]);
    let fragmented = |bytes: &'static [u8]| {
        let mut checker = Checker::new();
        let list = with(list(0, 6), |list| {
            for segment in &mut list.segments {
                segment.uri = format!("segment/{}.m4s", segment.sequence);
                segment.map = Some(map("init/1.mp4"));
            }
        });
        checker.revision(Duration::ZERO, &list);
        answer(&mut checker, 0, 200, &Bytes::from_static(bytes));
        rules(&checker)
    };
    assert_eq!(fragmented(b"\0\0\0\x18stypmsdh\0\0\0\0msdhmsix"), []);
    assert_eq!(fragmented(b"<html>"), [Rule::NotMedia]);
}
