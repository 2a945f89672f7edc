//! Rules of the segmenter over built streams: what comes out is what went in, cut where it must be, however it comes.

use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use ts::segment::{Break, Ended, Event, Options, Segment, Segmenter, Trouble};
use ts::table::Program;
use ts::write::{self, Writer};
use ts::{LooksLike, Timestamp, inspect};

use crate::built::{self, PMT_PID, Segment as Stream, VIDEO_PID, stream};

/// What came out of a body.
#[derive(Debug, Default)]
pub(crate) struct Out {
    pub(crate) segments: Vec<Segment>,
    pub(crate) troubles: Vec<Trouble>,
}

impl Out {
    fn take(&mut self, events: Vec<Event>) {
        for event in events {
            match event {
                Event::Cut(segment) => self.segments.push(segment),
                Event::Noticed(trouble) => self.troubles.push(trouble),
            }
        }
    }

    pub(crate) fn media(&self) -> Vec<u8> {
        let media = |segment: &Segment| segment.media.concat();
        self.segments.iter().flat_map(media).collect()
    }

    fn millis(&self) -> Vec<u128> {
        let millis = |segment: &Segment| segment.duration.as_millis();
        self.segments.iter().map(millis).collect()
    }

    fn breaks(&self) -> Vec<Option<Break>> {
        let breaks = |segment: &Segment| segment.opening.discontinuity;
        self.segments.iter().map(breaks).collect()
    }

    fn left_out(&self) -> u64 {
        let left_out = |segment: &Segment| segment.opening.left_out;
        self.segments.iter().map(left_out).sum()
    }
}

/// Cuts a body that comes in chunks of these sizes, one after the other and again from the first.
pub(crate) fn cut(body: &[u8], sizes: &[usize], options: Options) -> Out {
    let (mut segmenter, mut out) = (Segmenter::new(options), Out::default());
    let mut rest = Bytes::copy_from_slice(body);
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let chunk = rest.split_to((*size).clamp(1, rest.len()));
        out.take(segmenter.push(&chunk));
    }
    out.take(segmenter.finish());
    out
}

fn seconds(target: u64, longest: u64) -> Options {
    Options {
        target: Duration::from_secs(target),
        longest: Duration::from_secs(longest),
        ..Options::default()
    }
}

/// 20 seconds with a key frame every two.
fn stream_of_20_s() -> Stream {
    Stream {
        frames: 500,
        ..Stream::default()
    }
}

/// The same from another beginning of time.
fn at(first: u64, frames: u64) -> Stream {
    Stream {
        frames,
        first,
        ..Stream::default()
    }
}

#[test]
fn segments_begin_with_tables_and_a_key_frame_and_are_as_long_as_they_say() {
    let body = stream_of_20_s().bytes();
    let out = cut(&body, &[1460], Options::default());
    assert_eq!(out.millis(), [4000; 5]);
    assert_eq!(out.troubles, []);
    assert_eq!(out.left_out(), 2);
    assert_eq!(out.media(), body[2 * 188..]);
    for (index, segment) in out.segments.iter().enumerate() {
        let facts = inspect(&segment.chunks()).expect("a sound segment");
        assert!(facts.starts_with_tables && facts.starts_with_key_frame);
        assert_eq!(facts.duration, Some(segment.duration));
        assert_eq!(facts.start, segment.opening.begin.pts);
        assert_eq!(facts.end, segment.end());
        assert_eq!(segment.keys.len(), 2);
        assert!(segment.opening.independent && segment.opening.discontinuity.is_none());
        let last = index + 1 == out.segments.len();
        assert_eq!(
            segment.ended,
            if last { Ended::Body } else { Ended::KeyFrame }
        );
    }
}

#[test]
fn all_segments_one_after_the_other_have_no_continuity_error() {
    for tables_every in [0, 7, 50, 333] {
        let body = Stream {
            tables_every,
            ..stream_of_20_s()
        };
        let out = cut(&body.bytes(), &[4000], Options::default());
        let chunks: Vec<Bytes> = out.segments.iter().flat_map(Segment::chunks).collect();
        assert_eq!(inspect(&chunks).expect("packets").continuity_errors, 0);
    }
}

#[test]
fn key_frames_are_found_where_the_segment_says_they_are() {
    let out = cut(&stream_of_20_s().bytes(), &[777], seconds(10, 12));
    for segment in &out.segments {
        assert_eq!(segment.keys.len(), 5);
        for key in &segment.keys {
            let tables = vec![segment.opening.packets.clone()];
            let facts = inspect(&[tables, segment.media_from(key.at)].concat())
                .expect("packets from a key frame on");
            assert!(facts.starts_with_key_frame);
            assert_eq!(facts.start, key.times.pts);
            let begin = segment.opening.begin.pts.expect("a time");
            assert_eq!(begin.plus(key.elapsed), key.times.pts.expect("a time"));
        }
    }
}

#[test]
fn what_is_being_received_can_be_followed_packet_by_packet() {
    let body = stream_of_20_s().bytes();
    let (mut segmenter, mut followed) = (Segmenter::new(Options::default()), vec![]);
    let mut seen = 0;
    let mut behind_max = 0;
    let mut rest = body.clone();
    while !rest.is_empty() {
        let chunk = rest.split_to(188.min(rest.len()));
        for event in segmenter.push(&chunk) {
            if let Event::Cut(segment) = event {
                followed.extend(segment.media[seen..].concat());
                seen = 0;
            }
        }
        let Some(open) = segmenter.open() else {
            continue;
        };
        followed.extend(open.media[seen..].concat());
        seen = open.media.len();
        assert!(open.media.iter().all(|chunk| chunk.len() % 188 == 0));
        behind_max = behind_max.max(body.len() - rest.len() - followed.len());
    }
    // The tables in front, and packets by which the first ones are judged.
    assert!(behind_max <= 10 * 188, "{behind_max} bytes were held back");
    assert_eq!(body[2 * 188..][..followed.len()], followed);
}

#[test]
fn a_segment_that_is_broken_off_ends_with_a_whole_frame() {
    let body = stream_of_20_s().bytes();
    for packets in (400..460).chain([1_001, 1_777]) {
        let mut segmenter = Segmenter::new(Options::default());
        let came = body.slice(..packets * 188);
        let mut events = segmenter.push(&came);
        events.extend(segmenter.interrupt());
        let mut media = vec![];
        let mut duration = Duration::ZERO;
        for event in events {
            if let Event::Cut(segment) = event {
                media.extend(segment.media.concat());
                duration += segment.duration;
            }
        }
        assert_eq!(body[2 * 188..][..media.len()], media, "{packets} packets");
        assert!(media.len() < came.len());
        let next = &body[2 * 188 + media.len()..];
        assert_eq!(next[1] & 0x40, 0x40, "a frame begins behind it");
        assert_eq!(duration.as_millis() % 40, 0, "{duration:?}");
        assert!(segmenter.finish().is_empty());
    }
}

#[test]
fn without_a_key_frame_in_reach_a_segment_ends_at_the_longest_and_says_so() {
    let body = Stream {
        key_every: 10_000,
        ..stream_of_20_s()
    };
    let out = cut(&body.bytes(), &[5000], seconds(4, 6));
    assert_eq!(out.millis(), [6000, 6000, 6000, 2000]);
    let independent: Vec<bool> = out
        .segments
        .iter()
        .map(|segment| segment.opening.independent)
        .collect();
    assert_eq!(independent, [true, false, false, false]);
    assert_eq!(out.segments[0].ended, Ended::Longest);
    assert_eq!(out.breaks(), [None; 4]);
}

#[test]
fn a_body_that_begins_between_key_frames_is_taken_from_the_first_one_on() {
    let body = Stream {
        first_key: 30,
        ..stream_of_20_s()
    };
    let out = cut(&body.bytes(), &[3000], Options::default());
    assert!(
        out.segments
            .iter()
            .all(|segment| segment.opening.independent)
    );
    assert_eq!(
        out.segments[0].opening.begin.pts,
        Some(Timestamp(90_000 + 30 * 3600))
    );
    let left_out = usize::try_from(out.left_out()).expect("few") * 188;
    assert_eq!(out.media(), body.bytes()[left_out..]);
}

#[test]
fn a_body_without_key_frames_begins_without_one_after_the_longest_wait() {
    let body = Stream {
        first_key: 10_000,
        ..stream_of_20_s()
    };
    let out = cut(&body.bytes(), &[3000], seconds(4, 6));
    let waited = Duration::from_secs(6);
    assert!(out.troubles.contains(&Trouble::NoKeyFrame { waited }));
    assert_eq!(out.millis(), [6000, 6000, 2000]);
    assert!(!out.segments[0].opening.independent);
}

#[test]
fn the_wrap_of_the_clock_is_no_break() {
    let body = at((1 << 33) - 900_000, 500).bytes();
    let out = cut(&body, &[1000], Options::default());
    assert_eq!(out.millis(), [4000; 5]);
    assert_eq!(out.breaks(), [None; 5]);
}

#[test]
fn a_jump_of_time_ends_the_segment_and_is_told_with_the_next() {
    for (first, second) in [
        (90_000, 90_000_000),
        (90_000_000, 90_000),
        (90_000, 2 * 90_000),
    ] {
        let body = [at(first, 100).bytes(), at(second, 100).bytes()].concat();
        let out = cut(&body, &[2000], Options::default());
        assert_eq!(out.millis(), [4000, 4000]);
        let from = Timestamp(first + 99 * 3600);
        let jump = Break::TimeJump {
            from,
            to: Timestamp(second),
        };
        assert_eq!(out.breaks(), [None, Some(jump)]);
        assert_eq!(out.segments[0].ended, Ended::Break);
    }
}

#[test]
fn half_a_second_back_is_a_jump_where_frames_say_when_they_are_decoded() {
    let half_back = 90_000 + 100 * 3600 - 45_000;
    let bodies = [at(90_000, 100), at(half_back, 100)].map(|stream| Stream {
        decoded_before: Some(0),
        ..stream
    });
    let body: Vec<u8> = bodies.iter().flat_map(Stream::bytes).collect();
    let out = cut(&body, &[2000], Options::default());
    assert_eq!(out.millis(), [4000, 4000]);
    assert!(matches!(out.breaks()[1], Some(Break::TimeJump { .. })));
}

#[test]
fn what_comes_behind_a_jump_is_left_out_up_to_the_next_key_frame() {
    let second = Stream {
        first_key: 20,
        ..at(90_000_000, 120)
    };
    let body = [at(90_000, 120).bytes(), second.bytes()].concat();
    let out = cut(&body, &[2000], Options::default());
    assert_eq!(out.millis(), [4000, 800, 4000]);
    assert!(
        out.segments
            .iter()
            .all(|segment| segment.opening.independent)
    );
    let begin = Timestamp(90_000_000 + 20 * 3600);
    assert_eq!(out.segments[2].opening.begin.pts, Some(begin));
}

#[test]
fn sound_that_jumps_before_the_video_does_is_not_left_in_the_old_segment() {
    let second = at(90_000_000, 100).bytes();
    // The first packets behind the restart are sound of the new time.
    let sound: Vec<u8> = built::packets_of(&second, built::AUDIO_PID)[..2].concat();
    let first = at(90_000, 100).bytes();
    let body = [&first[..], &sound, &second].concat();
    let out = cut(&body, &[2000], Options::default());
    assert_eq!(out.millis(), [4000, 4000]);
    assert_eq!(out.segments[0].media.concat(), first[2 * 188..]);
    // Two packets of sound, and the tables before the first frame of either.
    assert_eq!(out.left_out(), 2 + 2 + 2);
}

#[test]
fn the_rest_of_a_frame_behind_a_restart_is_not_left_in_the_old_segment() {
    let first = at(90_000, 100).bytes();
    let second = Stream {
        frame_bytes: 2000,
        ..at(90_000_000, 100)
    };
    let second = second.bytes();
    let packets = built::packets_of(&second, VIDEO_PID).into_iter();
    let rest: Vec<u8> = packets.skip(3).take(4).flatten().copied().collect();
    let mut announced = rest[..188].to_vec();
    // Only an adaptation field, which announces a new beginning.
    announced[3] = 0x20 | (announced[3].wrapping_sub(1) & 0x0f);
    announced[4..6].copy_from_slice(&[183, 0x80]);
    for rest in [rest, announced] {
        let body = [&first[..], &rest, &second].concat();
        let out = cut(&body, &[2000], Options::default());
        assert_eq!(out.millis(), [4000, 4000]);
        assert_eq!(out.segments[0].media.concat(), first[2 * 188..]);
    }
}

#[test]
fn bytes_that_are_lost_make_a_break_at_the_next_key_frame() {
    let body = stream_of_20_s().bytes();
    let place = 20_077;
    let lossy = [&body[..place], &body[place + 1000..]].concat();
    let out = cut(&lossy, &[1460], Options::default());
    assert_eq!(out.breaks()[..3], [None, Some(Break::Loss), None]);
    assert!(
        out.segments
            .iter()
            .all(|segment| segment.opening.independent)
    );
    assert!(0 < out.segments[0].continuity_errors);
    assert!(matches!(
        out.troubles[0],
        Trouble::LostBytes { bytes: 1..188 }
    ));
}

#[test]
fn a_packet_that_is_lost_is_counted_and_no_break() {
    let body = stream_of_20_s().bytes();
    let lossy = [&body[..188 * 300], &body[188 * 301..]].concat();
    let out = cut(&lossy, &[1460], Options::default());
    assert_eq!(out.breaks(), [None; 5]);
    let errors: usize = out
        .segments
        .iter()
        .map(|segment| segment.continuity_errors)
        .sum();
    assert_eq!(errors, 1);
    assert_eq!(out.media(), lossy[2 * 188..]);
}

#[test]
fn other_streams_in_the_table_are_a_break_at_the_next_key_frame() {
    let body = stream_of_20_s().bytes();
    let streams = [
        stream(0x1b, VIDEO_PID),
        stream(0x0f, 257),
        stream(0x81, 258),
    ];
    let mut writer = Writer::default();
    writer.section(PMT_PID, &write::pmt(1, VIDEO_PID, &streams), 15);
    let place = body.len() / 188 / 2 * 188;
    let changed = [&body[..place], &writer.into_bytes(), &body[place..]].concat();
    let out = cut(&changed, &[1460], Options::default());
    assert_eq!(
        out.breaks()
            .iter()
            .filter(|found| **found == Some(Break::Streams))
            .count(),
        1
    );
    let last = out.segments.last().expect("segments");
    assert_eq!(last.opening.tables.pmt.streams, streams);
    assert_eq!(out.media(), changed[2 * 188..]);
}

#[test]
fn another_coding_of_the_video_ends_the_segment_at_once() {
    let other = Stream {
        video_type: 0x02,
        ..at(90_000 + 120 * 3600, 100)
    };
    let body = [at(90_000, 120).bytes(), other.bytes()].concat();
    let out = cut(&body, &[1460], Options::default());
    assert_eq!(out.millis(), [4000, 800, 4000]);
    assert_eq!(out.breaks(), [None, None, Some(Break::Streams)]);
}

#[test]
fn pictures_of_another_size_are_a_break() {
    let other = Stream {
        profile: 0x64,
        ..at(90_000 + 125 * 3600, 100)
    };
    let body = [at(90_000, 125).bytes(), other.bytes()].concat();
    let out = cut(&body, &[1460], Options::default());
    assert_eq!(out.millis(), [4000, 1000, 4000]);
    assert_eq!(out.breaks(), [None, None, Some(Break::Format)]);
}

#[test]
fn sound_alone_is_cut_at_its_frames() {
    let body = Stream {
        video: false,
        ..stream_of_20_s()
    };
    let out = cut(&body.bytes(), &[1460], Options::default());
    assert_eq!(out.millis(), [3600, 3600, 3600, 3600, 3600, 2000]);
    assert!(
        out.segments
            .iter()
            .all(|segment| segment.opening.independent)
    );
}

#[test]
fn sound_goes_on_where_the_video_falls_silent_and_the_video_leads_again_when_it_is_back() {
    let whole = stream_of_20_s().bytes();
    let silent = |index: usize| (200..350).contains(&index);
    let body = built::without_video(&whole, silent);
    let out = cut(&body, &[1460], Options::default());
    let pid = VIDEO_PID;
    assert!(out.troubles.contains(&Trouble::VideoSilent { pid }));
    let silence = out
        .breaks()
        .iter()
        .filter(|found| **found == Some(Break::Silence))
        .count();
    assert_eq!(silence, 2, "{:?}", out.breaks());
    assert_eq!(out.media(), body[2 * 188..]);
    let total: Duration = out.segments.iter().map(|segment| segment.duration).sum();
    assert_eq!(total, Duration::from_secs(20));
}

#[test]
fn a_picture_now_and_then_beside_the_sound_makes_no_breaks() {
    let whole = Stream {
        key_every: 1,
        ..stream_of_20_s()
    };
    let body = built::without_video(&whole.bytes(), |index| !index.is_multiple_of(125));
    let out = cut(&body, &[1460], Options::default());
    let breaks = out.breaks();
    assert_eq!(breaks.iter().flatten().count(), 1, "{breaks:?}");
    let total: Duration = out.segments.iter().map(|segment| segment.duration).sum();
    assert_eq!(total, Duration::from_secs(20));
}

#[test]
fn a_second_jump_while_a_key_frame_is_waited_for_does_not_end_the_wait() {
    let hidden = |first| Stream {
        first_key: 1000,
        ..at(first, 20)
    };
    let parts = [
        at(90_000, 100),
        hidden(90_000_000),
        hidden(900_000_000),
        at(90_000_000, 100),
    ];
    let body: Vec<u8> = parts.iter().flat_map(Stream::bytes).collect();
    let out = cut(&body, &[1460], Options::default());
    assert_eq!(out.millis(), [4000, 4000]);
    assert!(
        out.segments
            .iter()
            .all(|segment| segment.opening.independent)
    );
    assert_eq!(out.troubles, []);
}

#[test]
fn of_two_programmes_the_first_with_video_is_taken_and_the_other_left_out() {
    let whole = stream_of_20_s().bytes();
    let radio = Program {
        number: 7,
        pmt_pid: 0x70,
    };
    let tv = Program {
        number: 9,
        pmt_pid: PMT_PID,
    };
    let mut writer = Writer::default();
    writer.section(0, &write::pat(&[radio, tv]), 0);
    writer.section(0x70, &write::pmt(7, 0x71, &[stream(0x0f, 0x71)]), 0);
    let streams = [stream(0x1b, VIDEO_PID), stream(0x0f, 257)];
    writer.section(PMT_PID, &write::pmt(9, VIDEO_PID, &streams), 0);
    let radio_frame = built::packet(0x71, 0);
    let mut body = writer.into_bytes();
    for packet in whole[2 * 188..].chunks(188) {
        body.extend_from_slice(packet);
        body.extend_from_slice(&radio_frame);
    }
    let out = cut(&body, &[4321], Options::default());
    assert_eq!(out.media(), whole[2 * 188..]);
    let facts = inspect(&out.segments[0].chunks()).expect("a sound segment");
    assert_eq!(facts.streams, streams);
    assert_eq!(out.millis(), [4000; 5]);
}

#[test]
fn a_programme_whose_table_never_comes_is_not_waited_for_without_end() {
    let missing = Program {
        number: 7,
        pmt_pid: 0x70,
    };
    let present = Program {
        number: 1,
        pmt_pid: PMT_PID,
    };
    let mut writer = Writer::default();
    writer.section(0, &write::pat(&[missing, present]), 14);
    let whole = Stream {
        frame_bytes: 3000,
        tables_every: 10,
        ..stream_of_20_s()
    };
    let whole = whole.bytes();
    // The stream's own PATs would name it alone.
    let rest = whole
        .chunks(188)
        .filter(|packet| packet[1] & 0x1f != 0 || packet[2] != 0);
    let again = writer.into_bytes();
    let body: Vec<u8> = [again.clone(), rest.collect::<Vec<_>>().concat()].concat();
    let out = cut(&body, &[10_000], Options::default());
    let first = out.segments.first().expect("segments");
    assert_eq!(first.opening.tables.program, present);
    assert!((5000..6000).contains(&first.opening.left_out));
    let facts = inspect(&first.chunks()).expect("a sound segment");
    assert_eq!(facts.streams.len(), 2);
}

#[test]
fn a_programme_that_is_no_longer_named_gives_way_to_the_one_that_is() {
    let other = Program {
        number: 2,
        pmt_pid: 0x200,
    };
    let streams = [stream(0x1b, VIDEO_PID), stream(0x81, 257)];
    let mut writer = Writer::default();
    writer.section(0, &write::pat(&[other]), 15);
    writer.section(0x200, &write::pmt(2, VIDEO_PID, &streams), 0);
    let second = at(90_000 + 120 * 3600, 100).bytes();
    let body = [
        &at(90_000, 120).bytes()[..],
        &writer.into_bytes(),
        &second[2 * 188..],
    ]
    .concat();
    let out = cut(&body, &[1460], Options::default());
    assert_eq!(out.millis(), [4000, 800, 4000]);
    assert_eq!(out.breaks(), [None, None, Some(Break::Streams)]);
    assert_eq!(out.segments[2].opening.tables.program, other);
    assert_eq!(out.media(), body[2 * 188..]);
}

#[test]
fn tables_of_many_packets_are_read_and_sent_before_every_segment() {
    let program = Program {
        number: 1,
        pmt_pid: PMT_PID,
    };
    let others = (0..190).map(|index| stream(0x06, 0x300 + index));
    let streams: Vec<_> = [stream(0x1b, VIDEO_PID), stream(0x0f, 257)]
        .into_iter()
        .chain(others)
        .collect();
    let tables = |pat: u8, pmt: u8| {
        let mut writer = Writer::default();
        writer.section(0, &write::pat(&[program]), pat);
        writer.null();
        writer.section(PMT_PID, &write::pmt(1, VIDEO_PID, &streams), pmt);
        writer.into_bytes()
    };
    let (head, again) = (tables(7, 12), tables(8, 2));
    assert_eq!(head.len(), (1 + 1 + 6) * 188);
    let media = stream_of_20_s().bytes();
    let place = media.len() / 188 / 2 * 188;
    let body = [&head[..], &media[2 * 188..place], &again, &media[place..]].concat();
    let out = cut(&body, &[100], Options::default());
    assert_eq!(out.millis(), [4000; 5]);
    let chunks: Vec<Bytes> = out.segments.iter().flat_map(Segment::chunks).collect();
    assert_eq!(inspect(&chunks).expect("packets").continuity_errors, 0);
    let facts = inspect(&out.segments[4].chunks()).expect("a sound segment");
    assert_eq!(facts.streams, streams);
}

#[test]
fn a_table_with_a_wrong_checksum_is_not_believed() {
    let body = stream_of_20_s().bytes();
    let mut writer = Writer::default();
    let mut section = write::pmt(1, VIDEO_PID, &[stream(0x02, VIDEO_PID)]);
    section[12] ^= 1;
    writer.section(PMT_PID, &section, 15);
    let place = body.len() / 188 / 2 * 188;
    let changed = [&body[..place], &writer.into_bytes(), &body[place..]].concat();
    let out = cut(&changed, &[1460], Options::default());
    assert_eq!(out.breaks(), [None; 5]);
}

#[test]
fn packets_that_only_fill_the_line_stay_where_they_are() {
    let mut writer = Writer::default();
    writer.null();
    let null = writer.into_bytes();
    let whole = stream_of_20_s().bytes();
    let body: Vec<u8> = whole
        .chunks(188)
        .flat_map(|packet| [packet, &null].concat())
        .collect();
    let out = cut(&body, &[65_536], Options::default());
    assert_eq!(out.millis(), [4000; 5]);
    assert_eq!(out.media(), body[4 * 188..]);
}

#[test]
fn a_segment_has_no_more_bytes_than_it_may() {
    let body = stream_of_20_s().bytes();
    let options = Options {
        bytes_max: 64 << 10,
        ..seconds(4, 6)
    };
    let out = cut(&body, &[9000], options);
    assert!(
        out.segments
            .iter()
            .any(|segment| segment.ended == Ended::Bytes)
    );
    let bytes = |segment: &Segment| segment.chunks().concat().len();
    assert!(
        out.segments
            .iter()
            .all(|segment| bytes(segment) <= 64 << 10)
    );
    assert!(
        out.segments
            .iter()
            .all(|segment| Duration::ZERO < segment.duration)
    );
    assert_eq!(out.media(), body[2 * 188..]);
}

#[test]
fn what_is_no_stream_is_named() {
    let troubles = |body: &[u8]| cut(body, &[1000], Options::default()).troubles;
    let html = b"<html>not today</html>".repeat(5000);
    let looks_like = LooksLike::Html;
    for page in [&html[..], &html[..22]] {
        assert_eq!(troubles(page), [Trouble::NotTransportStream { looks_like }]);
    }
    let whole = stream_of_20_s().bytes();
    assert!(matches!(
        troubles(&whole[376..])[..],
        [Trouble::NoPat { .. }]
    ));
    let no_pmt = [&whole[..188], &whole[376..]].concat();
    assert_eq!(troubles(&no_pmt), [Trouble::NoPmt { pid: PMT_PID }]);
    let mut encrypted = whole.to_vec();
    for packet in encrypted.chunks_mut(188).skip(2) {
        packet[3] |= 0x80;
    }
    let pid = VIDEO_PID;
    let repeated = [&encrypted[..], &encrypted, &encrypted, &encrypted].concat();
    assert_eq!(troubles(&repeated), [Trouble::Encrypted { pid }]);
    let mut subtitles = Writer::default();
    let program = Program {
        number: 1,
        pmt_pid: PMT_PID,
    };
    subtitles.section(0, &write::pat(&[program]), 0);
    subtitles.section(PMT_PID, &write::pmt(1, 0x100, &[stream(0x06, 0x100)]), 0);
    assert_eq!(troubles(&subtitles.into_bytes()), [Trouble::NoMedia]);
    assert_eq!(troubles(b""), []);
}

#[test]
fn frames_that_never_say_when_they_are_due_are_told_and_not_cut() {
    let mut body = stream_of_20_s().bytes().to_vec();
    for packet in body.chunks_mut(188).filter(|packet| packet[1] & 0x40 != 0) {
        let adaptation = usize::from(packet[3] >> 5 & 1) * (1 + usize::from(packet[4]));
        let head = 4 + adaptation;
        // The flags of a frame's head; tables have none.
        if packet[head..].starts_with(&[0, 0, 1]) {
            packet[head + 7] = 0;
        }
    }
    let out = cut(&body, &[1460], Options::default());
    assert!(out.segments.is_empty());
    assert_eq!(out.troubles, [Trouble::NoTimestamps { pid: VIDEO_PID }]);
}

#[test]
fn a_head_torn_over_two_packets_begins_a_segment_too() {
    let torn = built::tear_first_head(&stream_of_20_s().bytes());
    let out = cut(&torn, &[100], Options::default());
    assert_eq!(out.millis(), [4000; 5]);
    assert_eq!(out.media(), torn[2 * 188..]);
}

/// Everything that viewers could notice: what is said of each segment with its media, and what was wrong.
fn summary(out: &Out) -> (Vec<(String, Vec<u8>)>, &[Trouble]) {
    let line = |segment: &Segment| {
        let Segment {
            opening,
            media,
            media_bytes,
            keys,
            duration,
            ended,
            continuity_errors,
        } = segment;
        let media = media.concat();
        assert_eq!(media.len(), *media_bytes);
        let said = format!("{opening:?} {keys:?} {duration:?} {ended:?} {continuity_errors}");
        (said, media)
    };
    (out.segments.iter().map(line).collect(), &out.troubles)
}

fn shape() -> impl Strategy<Value = Stream> {
    let numbers = (
        2_u64..200,
        0_usize..40,
        1_usize..90,
        0_u64..1 << 33,
        0_usize..4,
    );
    (
        numbers,
        any::<bool>(),
        proptest::bool::weighted(0.8),
        proptest::option::of(0_u64..4),
    )
        .prop_map(
            |(
                (frames, first_key, key_every, first, tables_every),
                reorder,
                video,
                decoded_before,
            )| Stream {
                frames,
                first_key,
                key_every,
                first,
                tables_every: tables_every * 13,
                reorder,
                video,
                decoded_before,
                ..Stream::default()
            },
        )
}

/// Some streams, one after the other, with jumps between them.
fn body() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(shape(), 1..4)
        .prop_map(|streams| streams.iter().flat_map(Stream::bytes).collect())
}

fn options() -> impl Strategy<Value = Options> {
    (100_u64..3000, 1_u64..5, 60_usize..600).prop_map(|(target, times, kilobytes)| Options {
        target: Duration::from_millis(target),
        longest: Duration::from_millis(target * times),
        bytes_max: kilobytes << 10,
    })
}

/// That the media is the body's packets in order, without those that were left out.
fn assert_in_order(out: &Out, body: &[u8]) -> Result<(), TestCaseError> {
    let mut packets = body.chunks(188);
    for packet in out.media().chunks(188) {
        prop_assert!(
            packets.any(|sent| sent == packet),
            "a packet is doubled or out of order"
        );
    }
    let media = out.media().len();
    let rest = packets.count();
    let left_out = usize::try_from(out.left_out()).expect("few") * 188;
    prop_assert!(media + left_out <= body.len());
    prop_assert_eq!(media + left_out + rest * 188, body.len());
    Ok(())
}

proptest! {
    #[test]
    fn media_is_the_bodys_packets_in_order_without_loss_or_doubling(
        body in body(),
        size in prop_oneof![1_usize..400, 400_usize..1 << 20],
        options in options(),
    ) {
        let out = cut(&body, &[size], options);
        assert_in_order(&out, &body)?;
        for segment in &out.segments {
            prop_assert!(Duration::ZERO < segment.duration);
            prop_assert!(segment.duration <= options.longest);
            prop_assert!(segment.media_bytes + segment.opening.packets.len() <= options.bytes_max.max(64 << 10));
            let facts = inspect(&segment.chunks()).expect("a sound segment");
            prop_assert!(facts.starts_with_tables);
            prop_assert!(!segment.opening.independent || facts.starts_with_key_frame);
        }
    }

    #[test]
    fn chunks_never_change_what_is_cut(
        body in body(),
        sizes in proptest::collection::vec(1_usize..3000, 1..6),
        holes in proptest::collection::vec((any::<prop::sample::Index>(), 1_usize..500), 0..4),
        options in options(),
    ) {
        let mut body = body;
        for (place, length) in holes {
            let from = place.index(body.len());
            body.drain(from..(from + length).min(body.len()));
        }
        let whole = cut(&body, &[usize::MAX], options);
        let parts = cut(&body, &sizes, options);
        prop_assert!(summary(&parts) == summary(&whole), "{parts:?} {whole:?}");
    }

    #[test]
    fn no_changed_bytes_make_it_panic_or_break_its_promises(
        body in body(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..300),
        in_heads in any::<bool>(),
        options in options(),
    ) {
        let mut body = body;
        for (place, value) in changes {
            let at = place.index(body.len());
            let at = if in_heads { at / 188 * 188 + 1 + at % 30 } else { at };
            body[at] = value;
        }
        let out = cut(&body, &[5000], options);
        for segment in &out.segments {
            prop_assert!(Duration::ZERO < segment.duration && segment.duration <= options.longest);
            prop_assert!(segment.media_bytes <= options.bytes_max.max(64 << 10));
        }
        prop_assert!(out.media().len() <= body.len());
    }

    #[test]
    fn no_bytes_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..9000), size in 1_usize..3000) {
        prop_assert!(cut(&body, &[size], Options::default()).segments.is_empty());
    }
}
