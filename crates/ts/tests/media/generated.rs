//! Rules of `inspect` and `split` over built streams, well formed and not.

use std::time::Duration;

use crate::built::{self, Segment, chunks_of, media_packets};
use bytes::Bytes;
use proptest::prelude::*;
use ts::table::Program;
use ts::write::{self, Writer};
use ts::{Codec, Invalid, LooksLike, Timestamp, inspect, split};

fn facts(segment: &Segment) -> ts::Facts {
    inspect(&[segment.bytes()]).expect("a sound segment")
}

#[test]
fn a_segment_tells_its_times_streams_and_beginning() {
    let facts = facts(&Segment {
        frames: 50,
        ..Segment::default()
    });
    assert_eq!(facts.start, Some(Timestamp(90_000)));
    assert_eq!(facts.end, Some(Timestamp(270_000)));
    assert_eq!(facts.duration, Some(Duration::from_secs(2)));
    assert_eq!(facts.frame, Some(Duration::from_millis(40)));
    assert_eq!(facts.longest_step, facts.frame);
    assert!(facts.starts_with_key_frame && facts.starts_with_tables && !facts.scrambled);
    let streams: Vec<_> = facts
        .streams
        .iter()
        .map(|s| (s.pid, s.stream_type, s.codec))
        .collect();
    assert_eq!(streams, [(256, 0x1b, Codec::H264), (257, 0x0f, Codec::Aac)]);
    assert_eq!(facts.continuity_errors, 0);
}

#[test]
fn frames_sent_out_of_order_do_not_change_the_duration() {
    let facts = facts(&Segment {
        frames: 50,
        reorder: true,
        ..Segment::default()
    });
    assert_eq!(facts.start, Some(Timestamp(90_000)));
    assert_eq!(facts.duration, Some(Duration::from_secs(2)));
}

#[test]
fn a_segment_across_the_wrap_is_as_long_as_any() {
    let first = (1 << 33) - 30_000;
    let facts = facts(&Segment {
        frames: 50,
        first,
        reorder: true,
        ..Segment::default()
    });
    assert_eq!(facts.start, Some(Timestamp(first)));
    assert_eq!(facts.end, Some(Timestamp(150_000)));
    assert_eq!(facts.duration, Some(Duration::from_secs(2)));
}

#[test]
fn a_segment_that_begins_inside_a_group_says_so() {
    let facts = facts(&Segment {
        first_key: 3,
        ..Segment::default()
    });
    assert!(!facts.starts_with_key_frame);
}

#[test]
fn sound_alone_leads_and_every_frame_of_it_is_a_key_frame() {
    let facts = facts(&Segment {
        video: false,
        frames: 100,
        ..Segment::default()
    });
    assert!(facts.starts_with_key_frame);
    assert_eq!(facts.duration, Some(Duration::from_secs(4)));
}

#[test]
fn what_is_sent_instead_of_media_is_named() {
    let reject = |body: &'static [u8]| inspect(&[Bytes::from_static(body)]).expect_err("no stream");
    assert_eq!(reject(b""), Invalid::Empty);
    for (body, looks_like) in [
        (&b"<html>bad gateway</html>"[..], LooksLike::Html),
        (b"{\"response\":null}", LooksLike::Json),
        (b"download not found", LooksLike::Text),
        (b"Gateway Timeout", LooksLike::Text),
        (&[0; 376], LooksLike::Junk),
    ] {
        assert_eq!(reject(body), Invalid::NotTransportStream { looks_like });
    }
    assert_eq!(
        reject(b"G\x01\x00\x10\xff"),
        Invalid::PartialPacket { bytes: 5 }
    );
}

#[test]
fn a_broken_transfer_is_named_by_what_broke() {
    let whole = Segment::default().bytes();
    let reject = |bytes: Vec<u8>| inspect(&[bytes.into()]).expect_err("a broken segment");
    assert_eq!(
        reject(whole[..1000].to_vec()),
        Invalid::PartialPacket { bytes: 60 }
    );
    assert_eq!(
        reject([&[9; 77], &whole[..]].concat()),
        Invalid::Misaligned { bytes: 77 }
    );
    let hole = [&whole[..1880], &whole[1900..]].concat();
    assert_eq!(reject(hole), Invalid::LostSync { at: 1880 });
    let untabled = whole[376..].to_vec();
    let packets = untabled.len() / 188;
    assert_eq!(reject(untabled), Invalid::NoPat { packets });
    assert_eq!(
        reject([&whole[..188], &whole[376..]].concat()),
        Invalid::NoPmt { pid: 4096 }
    );
    let mut wrong = whole.to_vec();
    wrong[17] ^= 1;
    assert!(matches!(reject(wrong), Invalid::NoPat { .. }));
}

#[test]
fn a_lost_packet_is_counted() {
    let whole = Segment::default().bytes();
    let lossy = [&whole[..1880], &whole[2068..]].concat();
    assert_eq!(
        inspect(&[lossy.into()]).expect("packets").continuity_errors,
        1
    );
}

#[test]
fn tables_behind_the_first_media_are_found_and_told() {
    let whole = Segment::default().bytes();
    let late = [&whole[376..1880], &whole[..376], &whole[1880..]].concat();
    let facts = inspect(&[late.into()]).expect("a segment with late tables");
    assert!(!facts.starts_with_tables);
    assert_eq!(facts.duration, Some(Duration::from_secs(2)));
}

#[test]
fn of_several_programmes_the_first_with_a_pmt_counts_and_tables_may_take_several_packets() {
    let streams: Vec<_> = (0..60).map(|n| built::stream(0x1b, 256 + n)).collect();
    let missing = Program {
        number: 9,
        pmt_pid: 0x99,
    };
    let present = Program {
        number: 4,
        pmt_pid: 0x44,
    };
    let network = Program {
        number: 0,
        pmt_pid: 0x10,
    };
    let mut writer = Writer::default();
    writer.section(0, &write::pat(&[network, missing, present]), 0);
    writer.null();
    writer.section(0x44, &write::pmt(4, 256, &streams), 0);
    let mut bytes = writer.into_bytes();
    assert_eq!(bytes.len(), 4 * 188);
    bytes.extend_from_slice(
        &Segment {
            tables: false,
            ..Segment::default()
        }
        .bytes(),
    );
    let facts = inspect(&[bytes.into()]).expect("a segment of the second programme");
    assert_eq!(facts.streams, streams);
    assert!(facts.starts_with_tables);
}

#[test]
fn a_head_torn_over_two_packets_is_read() {
    let whole = Segment::default().bytes();
    let torn = built::tear_first_head(&whole);
    let facts = inspect(&[torn.into()]).expect("a segment with a torn head");
    assert_eq!(facts.start, Some(Timestamp(90_000)));
    assert_eq!(facts.duration, Some(Duration::from_secs(2)));
    assert!(facts.starts_with_key_frame);
}

#[test]
fn scrambled_media_is_told_and_has_no_times() {
    let mut bytes = Segment::default().bytes().to_vec();
    for packet in bytes.chunks_mut(188).skip(2) {
        packet[3] |= 0x80;
    }
    let facts = inspect(&[bytes.into()]).expect("packets");
    assert!(facts.scrambled);
    assert_eq!((facts.start, facts.duration), (None, None));
}

#[test]
fn a_segment_that_is_short_enough_is_left_alone() {
    let chunks = chunks_of(&Segment::default().bytes(), &[1000]);
    assert_eq!(
        split(&chunks, Duration::from_secs(2)).expect("a sound segment"),
        [chunks]
    );
}

#[test]
fn parts_begin_at_key_frames_where_there_are_any_in_reach() {
    let segment = Segment {
        frames: 250,
        key_every: 50,
        tables_every: 30,
        ..Segment::default()
    };
    let parts = split(&[segment.bytes()], Duration::from_secs(5)).expect("a sound segment");
    let facts: Vec<_> = parts
        .iter()
        .map(|part| inspect(part).expect("a sound part"))
        .collect();
    let durations: Vec<_> = facts
        .iter()
        .map(|f| f.duration.expect("times").as_secs())
        .collect();
    assert_eq!(durations, [4, 4, 2]);
    assert!(
        facts
            .iter()
            .all(|f| f.starts_with_key_frame && f.starts_with_tables)
    );
    assert_eq!(
        inspect(&parts.concat())
            .expect("all parts")
            .continuity_errors,
        0
    );
}

#[test]
fn parts_begin_at_frames_where_no_key_frame_is_in_reach() {
    let segment = Segment {
        frames: 100,
        key_every: 1000,
        ..Segment::default()
    };
    let parts = split(&[segment.bytes()], Duration::from_millis(1500)).expect("a sound segment");
    let facts: Vec<_> = parts
        .iter()
        .map(|part| inspect(part).expect("a sound part"))
        .collect();
    let millis: Vec<_> = facts
        .iter()
        .map(|f| f.duration.expect("times").as_millis())
        .collect();
    assert_eq!(millis, [1480, 1480, 1040]);
}

fn shape() -> impl Strategy<Value = Segment> {
    (
        2_u64..120,
        1_usize..60,
        any::<bool>(),
        any::<bool>(),
        0_u64..1 << 33,
        0_usize..3,
    )
        .prop_map(
            |(frames, key_every, reorder, video, first, tables_every)| Segment {
                frames,
                key_every,
                reorder,
                video,
                first,
                tables_every: tables_every * 7,
                ..Segment::default()
            },
        )
}

proptest! {
    #[test]
    fn chunk_boundaries_never_change_the_answer(
        segment in shape(),
        cuts in proptest::collection::vec(0_usize..900, 0..60),
        longest in 100_u64..3000,
    ) {
        let (whole, longest) = (segment.bytes(), Duration::from_millis(longest));
        let chunks = chunks_of(&whole, &cuts);
        prop_assert_eq!(inspect(&chunks), inspect(std::slice::from_ref(&whole)));
        let joined = |chunks: &[Bytes]| -> Vec<Vec<u8>> {
            let parts = split(chunks, longest).expect("a sound segment");
            parts.iter().map(|part| part.concat()).collect()
        };
        prop_assert_eq!(joined(&chunks), joined(&[whole]));
    }

    #[test]
    fn parts_are_sound_short_enough_and_together_the_whole(segment in shape(), longest in 80_u64..3000) {
        let (whole, longest) = (segment.bytes(), Duration::from_millis(longest));
        let parts = split(std::slice::from_ref(&whole), longest).expect("a sound segment");
        for part in &parts {
            let facts = inspect(part).expect("a sound part");
            prop_assert!(facts.starts_with_tables);
            prop_assert!(facts.duration.is_none_or(|duration| duration <= longest));
        }
        prop_assert_eq!(media_packets(&parts.concat()), media_packets(&[whole]));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..3000)) {
        let _ = split(&[bytes.into()], Duration::from_millis(100));
    }

    #[test]
    fn no_changed_bytes_make_it_panic(
        segment in shape(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..200),
        in_heads in any::<bool>(),
    ) {
        let mut bytes = segment.bytes().to_vec();
        for (place, value) in changes {
            let at = place.index(bytes.len());
            let at = if in_heads { at / 188 * 188 + 1 + at % 30 } else { at };
            bytes[at] = value;
        }
        let chunks = [Bytes::from(bytes)];
        let _ = (inspect(&chunks), split(&chunks, Duration::from_millis(300)));
    }
}
