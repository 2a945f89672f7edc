//! What can be wrong with a source's media for as long as it plays; the packets are changed, never where they stand in time.

use std::ops::ControlFlow;

use bytes::Bytes;
use ts::PACKET_BYTES;
use ts::frame::{Head, HeadRead};
use ts::packet::Packet;
use ts::table::{Finder, PAT_PID, Tables};
use ts::write::{self, Writer};

use super::mark::{self, MARK_BYTES};
use super::marked::OTHER_FRAME;

/// A programme clock in an adaptation field: its flag, and its six bytes behind length and flags.
const CLOCK_FLAG: u8 = 0x10;
const CLOCK_AT: std::ops::Range<usize> = 6..12;

/// The flag that announces random access.
const KEY_FLAG: u8 = 0x40;

/// What says in a packet's fourth byte that its payload is encrypted, with the even one of two keys.
const SCRAMBLED: u8 = 0x80;

/// Something wrong about all segments of a media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// The table that says where the programme is never comes.
    NoPat,
    /// The frame that each segment begins with needs others before it.
    NoKeyFrame,
    /// There is no programme clock.
    NoClock,
    /// The video that the PMT announces does not come.
    NoVideo,
    /// There is sound alone, and no video is announced. Nor is there a programme clock, which the video had carried.
    SoundAlone,
    /// What the streams carry is encrypted; tables and times are not.
    Scrambled,
}

impl Flaw {
    pub(super) fn put_on(self, segment: &Bytes) -> Bytes {
        let tables = tables(segment);
        let video = tables.as_ref().and_then(video_pid);
        let sound = tables.as_ref().map(sound_alone);
        let mut frames = 0;
        let mut flawed = Vec::with_capacity(segment.len());
        for bytes in segment.as_chunks::<PACKET_BYTES>().0 {
            let packet = Packet::new(bytes);
            let is_video = Some(packet.pid()) == video;
            frames += usize::from(is_video && packet.starts_unit());
            let mut bytes = *bytes;
            match self {
                Flaw::NoPat if packet.pid() == PAT_PID => continue,
                Flaw::NoVideo | Flaw::SoundAlone if is_video => continue,
                Flaw::SoundAlone if is_pmt(packet, tables.as_ref()) => {
                    let mut writer = Writer::default();
                    let section = sound.as_deref().unwrap_or_default();
                    writer.section(packet.pid(), section, packet.continuity());
                    flawed.extend_from_slice(&writer.into_bytes());
                    continue;
                }
                Flaw::Scrambled if is_stream(packet, tables.as_ref()) => bytes[3] |= SCRAMBLED,
                Flaw::NoClock if packet.pcr().is_some() => {
                    bytes[5] &= !CLOCK_FLAG;
                    bytes[CLOCK_AT].fill(0xff);
                }
                Flaw::NoKeyFrame if is_video && frames == 1 => lock(&mut bytes),
                _ => {}
            }
            flawed.extend_from_slice(&bytes);
        }
        flawed.into()
    }
}

fn tables(segment: &Bytes) -> Option<Tables> {
    let mut finder = Finder::default();
    ts::packet::each_packet(std::slice::from_ref(segment), |_, bytes| {
        if finder.push(Packet::new(bytes)) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    finder.into_tables()
}

fn video_pid(tables: &Tables) -> Option<u16> {
    let mut streams = tables.pmt.streams.iter();
    let video = streams.find(|stream| stream.codec.is_video())?;
    Some(video.pid)
}

/// A PMT of the streams that are no video.
fn sound_alone(tables: &Tables) -> Vec<u8> {
    let streams = tables.pmt.streams.iter().copied();
    let sound: Vec<_> = streams.filter(|stream| !stream.codec.is_video()).collect();
    write::pmt(tables.program.number, ts::packet::NULL_PID, &sound)
}

fn is_pmt(packet: Packet<'_>, tables: Option<&Tables>) -> bool {
    tables.is_some_and(|tables| tables.program.pmt_pid == packet.pid())
}

fn is_stream(packet: Packet<'_>, tables: Option<&Tables>) -> bool {
    let streams = tables.map(|tables| tables.pmt.streams.as_slice());
    let mut streams = streams.unwrap_or_default().iter();
    packet.has_payload() && streams.any(|stream| stream.pid == packet.pid())
}

/// Makes a packet of a key frame one of a frame that is none, under the mark that it has.
fn lock(bytes: &mut [u8; PACKET_BYTES]) {
    let packet = Packet::new(bytes);
    let (payload, is_marked) = (packet.payload(), mark::read(bytes).is_ok());
    let head = match Head::read(payload) {
        HeadRead::Whole(head) if packet.starts_unit() => Some(head.bytes),
        _ => None,
    };
    let from = PACKET_BYTES - payload.len() + head.unwrap_or(0);
    let to = PACKET_BYTES - if is_marked { MARK_BYTES } else { 0 };
    if !packet.adaptation().is_empty() {
        bytes[5] &= !KEY_FLAG;
    }
    bytes[from..to].fill(0xff);
    if head.is_some() && from + OTHER_FRAME.len() <= to {
        bytes[from..from + OTHER_FRAME.len()].copy_from_slice(OTHER_FRAME);
    }
    if is_marked {
        mark::renew(bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ts::segment::{Break, Event, Options, Segmenter, Trouble};

    use super::*;
    use crate::media::{Marked, Media, check};

    fn marked() -> Media {
        Media::marked(Marked {
            stream: 1,
            duration: Duration::from_millis(500),
            bytes: 188 * 60,
        })
    }

    /// What cuts a continuous body of this media finds in sixteen seconds of it.
    fn cut(media: &Media) -> (Vec<ts::segment::Segment>, Vec<Trouble>) {
        let target = Duration::from_millis(500);
        let mut segmenter = Segmenter::new(Options {
            target,
            ..Options::default()
        });
        let (mut segments, mut troubles) = (vec![], vec![]);
        let mut take = |event| match event {
            Event::Cut(segment) => segments.push(segment),
            Event::Noticed(trouble) => troubles.push(trouble),
        };
        let (mut played, mut number) = (Duration::ZERO, 0);
        while played < Duration::from_secs(16) {
            segmenter
                .push(&media.segment(number))
                .into_iter()
                .for_each(&mut take);
            played += media.duration(number);
            number += 1;
        }
        segmenter.finish().into_iter().for_each(&mut take);
        (segments, troubles)
    }

    #[test]
    fn marked_media_is_cut_into_the_segments_that_it_was_made_of() {
        let (segments, troubles) = cut(&marked());
        assert_eq!(troubles, []);
        assert_eq!(segments.len(), 32);
        for (number, segment) in (0..).zip(segments) {
            assert_eq!(segment.duration, Duration::from_millis(500));
            assert_eq!(segment.opening.discontinuity, None);
            let bytes = segment.chunks().concat();
            // Behind it are the tables of the next one, which came before the key frame.
            let (whole, next) = bytes.split_at(60 * PACKET_BYTES);
            assert_eq!(check(whole).map(|mark| mark.segment), Ok(number));
            assert!(next.len() <= 2 * PACKET_BYTES);
        }
    }

    #[test]
    fn a_stream_without_a_pat_or_a_key_frame_is_noticed_as_such() {
        for media in [marked(), Media::clip(0)] {
            let (segments, troubles) = cut(&media.clone().flawed(Flaw::NoPat));
            assert_eq!(segments.len(), 0);
            assert!(
                matches!(troubles[..], [Trouble::NoPat { .. }]),
                "{troubles:?}"
            );
            let (segments, troubles) = cut(&media.flawed(Flaw::NoKeyFrame));
            assert!(
                matches!(troubles[..], [Trouble::NoKeyFrame { .. }]),
                "{troubles:?}"
            );
            assert!(segments.iter().all(|segment| !segment.opening.independent));
        }
    }

    #[test]
    fn frames_that_are_no_key_frames_any_more_keep_valid_marks() {
        for flaw in [Flaw::NoKeyFrame, Flaw::NoClock] {
            let segment = marked().flawed(flaw).segment(7);
            assert_eq!(check(&segment).map(|mark| mark.segment), Ok(7));
        }
    }

    #[test]
    fn a_stream_without_a_clock_has_all_else() {
        let media = Media::clip(1).flawed(Flaw::NoClock);
        let segment = media.segment(3);
        let clocks = segment.as_chunks::<PACKET_BYTES>().0.iter();
        assert_eq!(
            clocks.filter_map(|bytes| Packet::new(bytes).pcr()).count(),
            0
        );
        let plain = ts::inspect(&[Media::clip(1).segment(3)]).expect("it validates");
        assert_eq!(
            ts::inspect(&[segment]).map(|facts| facts.duration),
            Ok(plain.duration)
        );
    }

    #[test]
    fn a_stream_whose_video_does_not_come_is_cut_by_its_sound() {
        let (segments, troubles) = cut(&Media::clip(0).flawed(Flaw::NoVideo));
        assert!(
            matches!(troubles[..], [Trouble::VideoSilent { .. }]),
            "{troubles:?}"
        );
        assert!(!segments.is_empty());
    }

    #[test]
    fn sound_alone_is_cut_as_it_comes_and_nothing_is_missed() {
        let (segments, troubles) = cut(&Media::clip(0).flawed(Flaw::SoundAlone));
        assert_eq!(troubles, []);
        assert!(2 < segments.len());
        let tables = &segments[0].opening.tables;
        assert!(
            tables
                .pmt
                .streams
                .iter()
                .all(|stream| stream.codec.is_audio())
        );
    }

    #[test]
    fn a_scrambled_stream_gives_no_segment() {
        let media = Media::marked(Marked {
            stream: 1,
            duration: Duration::from_millis(500),
            bytes: 188 * 600,
        });
        let (segments, troubles) = cut(&media.flawed(Flaw::Scrambled));
        assert_eq!(segments.len(), 0);
        assert!(
            matches!(troubles[..], [Trouble::Encrypted { .. }]),
            "{troubles:?}"
        );
    }

    #[test]
    fn a_stream_that_becomes_another_has_a_break_there() {
        let (segments, _) = cut(&marked().changing(8, Media::clip(0)));
        let breaks: Vec<_> = segments
            .iter()
            .filter_map(|segment| segment.opening.discontinuity)
            .collect();
        assert!(matches!(breaks[..], [Break::Streams]), "{breaks:?}");
    }
}
