//! Rules of a viewer's continuous body: behind a seam time and counters go on, and nothing is changed that need not be.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use ts::continuity::Counters;
use ts::frame::{Frames, Head, HeadRead, Look};
use ts::packet::Packet;
use ts::rebase::{Rebase, Seamless};
use ts::segment::{Options, Segment, Times, whole};
use ts::{Codec, Invalid, Timestamp, inspect};

use crate::built::{self, AUDIO_PID, Segment as Stream, VIDEO_PID, chunks_of};
use crate::cut::cut;
use crate::real::{made, probed};
use crate::real_cut::complaints;

fn segments(body: &[u8]) -> Vec<Segment> {
    let options = Options {
        target: Duration::from_secs(2),
        ..Options::default()
    };
    cut(body, &[5000], options).segments
}

/// The bodies as a viewer gets them, the later ones joined to the earlier.
fn joined(bodies: &[&[u8]]) -> Vec<Bytes> {
    let (mut viewer, mut out) = (Seamless::default(), vec![]);
    for (index, body) in bodies.iter().enumerate() {
        for (number, segment) in segments(body).iter().enumerate() {
            if 0 < index && number == 0 {
                viewer.join(&segment.opening, segment.opening.begin, &mut out);
            } else {
                viewer.next(&segment.opening, &mut out);
            }
            for chunk in &segment.media {
                viewer.media(chunk, &mut out);
            }
        }
    }
    out
}

/// Every frame's time of decoding by pid, and the clock, in the order of sending; and packets that do not count on.
#[derive(Default)]
struct Sent {
    due: BTreeMap<u16, Vec<Timestamp>>,
    shown: BTreeMap<u16, Vec<Timestamp>>,
    clock: Vec<Timestamp>,
    continuity_errors: usize,
}

fn sent(body: &[u8]) -> Sent {
    let (mut counters, mut sent) = (Counters::default(), Sent::default());
    for bytes in body.as_chunks::<188>().0 {
        let packet = Packet::new(bytes);
        sent.continuity_errors += usize::from(!counters.follows(packet));
        sent.clock.extend(packet.pcr());
        if let (true, HeadRead::Whole(head)) = (packet.starts_unit(), Head::read(packet.payload()))
        {
            let due = head.dts.or(head.pts);
            sent.due.entry(packet.pid()).or_default().extend(due);
            sent.shown.entry(packet.pid()).or_default().extend(head.pts);
        }
    }
    sent
}

fn steps(times: &[Timestamp]) -> Vec<i64> {
    times
        .windows(2)
        .map(|pair| pair[0].offset_to(pair[1]))
        .collect()
}

/// Five seconds from this time on.
fn stream(first: u64) -> Stream {
    Stream {
        frames: 125,
        key_every: 25,
        first,
        decoded_before: Some(1),
        ..Stream::default()
    }
}

#[test]
fn time_goes_on_frame_by_frame_across_a_seam_and_across_the_wrap() {
    for (first, second) in [
        (90_000, 7_000_000_000),
        (7_000_000_000, 90_000),
        ((1 << 33) - 300_000, 5),
    ] {
        let bodies = [stream(first).bytes(), stream(second).bytes()];
        let sent = sent(&joined(&[&bodies[0], &bodies[1]]).concat());
        for pid in [VIDEO_PID, AUDIO_PID] {
            assert_eq!(steps(&sent.due[&pid]), [3600; 249], "pid {pid}");
        }
        assert_eq!(steps(&sent.clock), [3600; 249]);
        assert_eq!(sent.continuity_errors, 0);
    }
}

#[test]
fn counters_go_on_across_a_seam_however_full_the_last_packet_is() {
    // One of so many sizes fills the last packet of a frame to the end, without any stuffing.
    for frame_bytes in 1_000..1_184 {
        let bodies = [90_000, 7_000_000_000].map(|first| {
            let body = Stream {
                frames: 50,
                frame_bytes,
                ..stream(first)
            };
            body.bytes()
        });
        let sent = sent(&joined(&[&bodies[0], &bodies[1]]).concat());
        assert_eq!(sent.continuity_errors, 0, "frames of {frame_bytes} bytes");
    }
}

#[test]
fn without_a_seam_everything_but_the_tables_is_what_was_received() {
    let segments = segments(&stream(90_000).bytes());
    let (mut viewer, mut out) = (Seamless::default(), vec![]);
    for segment in &segments {
        viewer.next(&segment.opening, &mut out);
        for chunk in &segment.media {
            let before = out.len();
            viewer.media(chunk, &mut out);
            assert_eq!(out[before..].concat(), chunk[..]);
            assert!(
                out[before..]
                    .iter()
                    .all(|piece| chunk.as_ptr_range().contains(&piece.as_ptr()))
            );
        }
    }
}

#[test]
fn behind_a_seam_only_packets_with_times_are_copied() {
    let big = Stream {
        frame_bytes: 20_000,
        ..stream(90_000)
    };
    let later = Stream {
        first: 900_000_000,
        ..big.clone()
    };
    let out = joined(&[&big.bytes(), &later.bytes()]);
    let copied: usize = out
        .iter()
        .map(Bytes::len)
        .filter(|bytes| *bytes == 188)
        .sum();
    let all: usize = out.iter().map(Bytes::len).sum();
    assert!(
        copied * 10 < all,
        "{copied} of {all} bytes are in packets of their own"
    );
}

#[test]
fn frames_that_are_shown_later_than_they_are_decoded_do_not_overlap_behind_a_seam() {
    let reordered = Stream {
        decoded_before: Some(3),
        reorder: true,
        ..stream(90_000)
    };
    let plain = Stream {
        decoded_before: None,
        ..stream(400_000_000)
    };
    let sent = sent(&joined(&[&reordered.bytes(), &plain.bytes()]).concat());
    let shown = &sent.shown[&VIDEO_PID];
    let (before, behind) = shown.split_at(125);
    let latest = before.iter().map(|time| before[0].offset_to(*time)).max();
    assert!(latest < Some(before[0].offset_to(behind[0])));
    assert!(steps(&sent.due[&VIDEO_PID]).iter().all(|step| 0 < *step));
}

#[test]
fn sound_for_a_time_that_was_sent_already_is_left_out_behind_a_seam() {
    let late = Stream {
        sound_late: 5,
        ..stream(700_000_000)
    };
    let sent = sent(&joined(&[&stream(90_000).bytes(), &late.bytes()]).concat());
    assert_eq!(steps(&sent.due[&AUDIO_PID]), [3600; 249 - 5]);
    assert_eq!(steps(&sent.due[&VIDEO_PID]), [3600; 249]);
    assert_eq!(sent.continuity_errors, 0);
}

#[test]
fn a_viewer_that_is_moved_forward_goes_on_at_the_key_frame_without_a_hole_in_time() {
    let segments = segments(&stream(90_000).bytes());
    let (mut viewer, mut out) = (Seamless::default(), vec![]);
    viewer.next(&segments[0].opening, &mut out);
    viewer.media(&segments[0].media[0], &mut out);
    let segment = &segments[1];
    let key = segment.keys[1];
    viewer.join(&segment.opening, key.times, &mut out);
    for chunk in segment.media_from(key.at) {
        viewer.media(&chunk, &mut out);
    }
    let sent = sent(&out.concat());
    assert_eq!(sent.continuity_errors, 0);
    for pid in [VIDEO_PID, AUDIO_PID] {
        let steps = steps(&sent.due[&pid]);
        assert!(
            steps.iter().all(|step| (1..=2 * 3600).contains(step)),
            "{steps:?}"
        );
    }
}

#[test]
fn a_head_torn_over_two_packets_is_moved_too() {
    for split in 1..19 {
        let torn = built::tear_first_head_at(&stream(900_000).bytes(), split);
        let joined = joined(&[&stream(90_000).bytes(), &torn]).concat();
        let mut frames = Frames::new(Codec::H264, Look::AtFirst);
        for (index, packet) in built::packets_of(&joined, VIDEO_PID)
            .into_iter()
            .enumerate()
        {
            frames.push(index, Packet::new(packet.try_into().expect("a packet")));
        }
        let due: Vec<_> = frames
            .finish()
            .iter()
            .filter_map(|frame| frame.dts)
            .collect();
        assert_eq!(steps(&due), [3600; 249], "split at {split}");

        let mut moved = torn.clone();
        Rebase::by(-810_000).packets(&mut moved);
        let whole = built::tear_first_head_at(&stream(90_000).bytes(), split);
        assert!(moved[376..] == whole[376..], "split at {split}");
    }
}

#[test]
fn tables_of_another_source_come_with_another_version() {
    let sound = Stream {
        video: false,
        ..stream(90_000)
    };
    let bodies = [stream(5_000).bytes(), sound.bytes(), stream(5_000).bytes()];
    let out = joined(&[&bodies[0], &bodies[1], &bodies[2]]).concat();
    let mut versions = vec![];
    for packet in built::packets_of(&out, built::PMT_PID) {
        // Pointer, table, length, programme; then the version.
        let version = packet[4 + 1 + 5] >> 1 & 0x1f;
        if versions.last() != Some(&version) {
            versions.push(version);
        }
    }
    assert_eq!(versions, [0, 1, 2]);
}

#[test]
fn a_viewer_takes_some_hundred_bytes() {
    assert!(size_of::<Seamless>() <= 200, "{}", size_of::<Seamless>());
}

#[test]
fn real_streams_of_different_encoders_are_decoded_across_the_seam_without_a_complaint() {
    let first = "-c:v libx264 -preset ultrafast -bf 3 -g 25 -sc_threshold 0 -c:a aac";
    let second = "-c:v libx264 -preset ultrafast -tune zerolatency -g 50 -output_ts_offset 5000 -muxdelay 0.2 -c:a aac";
    let (Some((one, _)), Some((two, path))) = (made("seam-1.ts", first), made("seam-2.ts", second))
    else {
        return;
    };
    let body = joined(&[&one, &two, &one]).concat();
    let file = path.with_extension("joined.ts");
    std::fs::write(&file, &body).expect("a file among build products");
    assert_eq!(complaints(&file, &["-map", "0"]), "");
    let sent = sent(&body);
    assert_eq!(sent.continuity_errors, 0);
    assert!(
        steps(&sent.clock)
            .iter()
            .all(|step| (0..=90_000).contains(step))
    );
    for (pid, times) in &sent.due {
        let steps = steps(times);
        assert!(
            steps.iter().all(|step| (1..=90_000).contains(step)),
            "pid {pid}: {steps:?}"
        );
    }
    assert_eq!(probed(&file, "v:0").len(), 450);
    assert_eq!(frames_decoded(&file), 450);
}

fn frames_decoded(path: &std::path::Path) -> usize {
    let output = Command::new("ffprobe")
        .args("-v error -select_streams v:0 -count_frames -show_entries stream=nb_read_frames -of csv=p=0".split(' '))
        .arg(path)
        .output()
        .expect("ffprobe comes with ffmpeg");
    let text = String::from_utf8_lossy(&output.stdout);
    let first = text.split(|byte: char| !byte.is_ascii_digit()).next();
    first.and_then(|count| count.parse().ok()).unwrap_or(0)
}

#[test]
fn segments_that_were_fetched_whole_are_followed_like_those_that_were_cut() {
    let parts: Vec<Bytes> = [90_000, 90_000 + 125 * 3600, 5_000_000_000]
        .map(|first| stream(first).bytes())
        .into();
    let (mut viewer, mut out) = (Seamless::default(), vec![]);
    for (index, part) in parts.iter().enumerate() {
        let fetched = whole(&chunks_of(part, &[1000, 70, 5000])).expect("a sound segment");
        assert_eq!(fetched.media.concat(), part[..]);
        assert_eq!(fetched.duration, Duration::from_secs(5));
        assert_eq!(fetched.keys.len(), 5);
        assert!(fetched.opening.independent);
        for key in &fetched.keys[1..] {
            let from_there = [
                vec![fetched.opening.packets.clone()],
                fetched.media_from(key.at),
            ];
            let facts = inspect(&from_there.concat()).expect("packets from a key frame on");
            assert!(facts.starts_with_key_frame);
        }
        if index == 2 {
            viewer.join(&fetched.opening, fetched.opening.begin, &mut out);
        } else {
            viewer.next(&fetched.opening, &mut out);
        }
        for chunk in &fetched.media {
            viewer.media(chunk, &mut out);
        }
    }
    let sent = sent(&out.concat());
    for pid in [VIDEO_PID, AUDIO_PID] {
        assert_eq!(steps(&sent.due[&pid]), [3600; 374], "pid {pid}");
    }
}

#[test]
fn what_is_no_whole_segment_is_refused_and_what_has_no_times_has_no_length() {
    let bytes = stream(90_000).bytes();
    let hole = [&bytes[..18_800], &bytes[18_850..]].concat();
    assert_eq!(
        whole(&[hole.into()]).expect_err("a hole"),
        Invalid::LostSync { at: 18_800 }
    );
    assert!(whole(&[Bytes::from_static(b"<html>")]).is_err());
    let mut encrypted = bytes.to_vec();
    for packet in encrypted.chunks_mut(188).skip(2) {
        packet[3] |= 0x80;
    }
    let fetched = whole(&[encrypted.into()]).expect("packets");
    assert_eq!(
        (fetched.duration, fetched.opening.begin),
        (Duration::ZERO, Times::default())
    );
}

proptest! {
    #[test]
    fn chunks_never_change_what_a_viewer_gets(
        first in 0_u64..1 << 33,
        second in 0_u64..1 << 33,
        split in 1_usize..19,
        packets in 1_usize..60,
    ) {
        let torn = built::tear_first_head_at(&stream(second).bytes(), split);
        let bodies = [segments(&stream(first).bytes()), segments(&torn)];
        let get = |packets: usize| -> Vec<u8> {
            let (mut viewer, mut out) = (Seamless::default(), vec![]);
            for segments in &bodies {
                viewer.join(&segments[0].opening, segments[0].opening.begin, &mut out);
                for segment in segments {
                    for chunk in segment.media.concat().chunks(packets * 188) {
                        viewer.media(&Bytes::copy_from_slice(chunk), &mut out);
                    }
                }
            }
            out.concat()
        };
        let at_once = get(100_000);
        prop_assert_eq!(sent(&at_once).continuity_errors, 0);
        prop_assert!(get(packets) == at_once);
    }

    #[test]
    fn no_bytes_make_it_panic(
        bytes in proptest::collection::vec(any::<u8>(), 188 * 40),
        in_heads in proptest::collection::vec((0_usize..40, 0_usize..30, any::<u8>()), 0..100),
    ) {
        let mut bytes = bytes;
        for packet in bytes.chunks_mut(188) {
            packet[..4].copy_from_slice(&[0x47, 0x41, 0, 0x10]);
            packet[4..7].copy_from_slice(&[0, 0, 1]);
        }
        for (packet, at, value) in in_heads {
            bytes[packet * 188 + at] = value;
        }
        let one = segments(&stream(5000).bytes());
        let (mut viewer, mut out) = (Seamless::default(), vec![]);
        viewer.next(&one[0].opening, &mut out);
        viewer.media(&one[0].media[0], &mut out);
        viewer.join(&one[1].opening, one[1].opening.begin, &mut out);
        viewer.media(&Bytes::from(bytes.clone()), &mut out);
        prop_assert!(out.iter().all(|piece| piece.len() % 188 == 0));
        Rebase::by(12_345).packets(&mut bytes);
    }
}
