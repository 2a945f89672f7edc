//! Marked segments: real tables, real frame heads with exact times, and marks in place of pictures.

use std::time::Duration;

use bytes::Bytes;
use ts::table::{PAT_PID, Program};
use ts::write::{self, Pes, Writer};
use ts::{Codec, PACKET_BYTES, Stream, Timestamp};

use super::mark::{self, MARK_BYTES, Mark, Place};

pub(super) const PMT_PID: u16 = 0x1000;
pub(super) const VIDEO_PID: u16 = 0x100;

/// PAT and PMT take a packet each.
const TABLE_PACKETS: u64 = 2;

/// 25 frames a second, where the number of packets allows as many.
const FRAME_TICKS: u64 = 3600;

/// Segment 0 begins so late that nothing about it comes before the beginning of time.
const FIRST: Timestamp = Timestamp(10 * ts::CLOCK_HZ);

/// By how much the clock is ahead of what is shown: what a player may buffer.
const LEAD_TICKS: i64 = 45_000;

/// Room of a packet, and of the first one of a frame, which has clock and frame head before it.
const ROOM: usize = PACKET_BYTES - 4;
const FIRST_ROOM: usize = ROOM - 8 - 14;

/// What a key frame begins with: delimiter, the parameter sets of 640x360 at 25 frames a second, an IDR slice.
const KEY_FRAME: &[u8] = b"\0\0\0\x01\x09\x10\
    \0\0\0\x01\x67\x42\xc0\x1e\xd9\0\xa0\x2f\xf9\x70\x11\0\0\x03\0\x01\0\0\x03\0\x32\x0f\x16\x2e\x48\
    \0\0\0\x01\x68\xcb\x83\xcb\x20\
    \0\0\x01\x65\x88\x84";

/// What any other frame begins with: delimiter, a predicted slice.
pub(super) const OTHER_FRAME: &[u8] = b"\0\0\0\x01\x09\x30\0\0\x01\x41\x9a\x24";

/// What marked segments are to be like.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Marked {
    /// A number of one's own choice that every packet carries.
    pub stream: u32,
    /// The length of every segment, exact to a tick of 90 kHz.
    pub duration: Duration,
    /// The size of every segment, rounded down to packets; four packets at least.
    pub bytes: usize,
}

impl Default for Marked {
    fn default() -> Self {
        Marked {
            stream: 1,
            duration: Duration::from_secs(2),
            bytes: 60_000,
        }
    }
}

/// How a segment is made up: the same for all of a stream.
pub(super) struct Layout {
    stream: u32,
    ticks: u64,
    frames: u64,
    /// Packets of media.
    packets: u64,
    /// PAT and PMT.
    tables: [(u16, Vec<u8>); 2],
}

impl Layout {
    pub(super) fn of(shape: Marked) -> Layout {
        let ticks = ts::ticks(shape.duration).max(2);
        let packets = ((shape.bytes / PACKET_BYTES) as u64).max(TABLE_PACKETS + 2) - TABLE_PACKETS;
        let program = Program {
            number: 1,
            pmt_pid: PMT_PID,
        };
        let video = Stream {
            pid: VIDEO_PID,
            stream_type: 0x1b,
            codec: Codec::H264,
        };
        let tables = [
            (PAT_PID, write::pat(&[program])),
            (PMT_PID, write::pmt(1, VIDEO_PID, &[video])),
        ];
        Layout {
            stream: shape.stream,
            ticks,
            frames: frames(ticks, packets),
            packets,
            tables,
        }
    }

    pub(super) fn duration(&self) -> Duration {
        ts::duration(self.ticks)
    }

    pub(super) fn segment(&self, segment: u64, later: Duration) -> Bytes {
        let mut writer = Writer::default();
        for (pid, section) in &self.tables {
            writer.section(*pid, section, segment as u8 & 0x0f);
        }
        let moved = segment
            .wrapping_mul(self.ticks)
            .wrapping_add(ts::ticks(later));
        let start = FIRST.shifted(moved.cast_signed());
        let mut counter = segment.wrapping_mul(self.packets) as u8 & 0x0f;
        let mut data = vec![];
        for frame in 0..self.frames {
            self.fill_frame(&mut data, segment, frame);
            let pts = start.shifted((frame * self.ticks / self.frames).cast_signed());
            let pes = Pes {
                pid: VIDEO_PID,
                stream_id: 0xe0,
                pts: Some(pts),
                dts: None,
                pcr: Some(pts.shifted(-LEAD_TICKS)),
                random_access: frame == 0,
                data: &data,
            };
            counter = writer.pes(&pes, counter);
        }
        writer.into_bytes().into()
    }

    /// A frame's bytes: packet by packet what fills it, and its mark at the end.
    fn fill_frame(&self, data: &mut Vec<u8>, segment: u64, frame: u64) {
        data.clear();
        let begin = if frame == 0 { KEY_FRAME } else { OTHER_FRAME };
        let mark = Mark {
            stream: self.stream,
            segment,
        };
        let first = frame * self.packets / self.frames;
        for packet in first..(frame + 1) * self.packets / self.frames {
            let from = data.len();
            let room = if packet == first { FIRST_ROOM } else { ROOM };
            if packet == first {
                data.extend_from_slice(begin);
            }
            data.resize(from + room - MARK_BYTES, b'.');
            let (packet, packets) = (packet as u32, self.packets as u32);
            mark::write(
                data,
                from,
                Place {
                    mark,
                    packet,
                    packets,
                },
            );
        }
    }
}

/// How many frames a segment has: about 25 a second, a packet each at least, and so that all are equally long.
fn frames(ticks: u64, packets: u64) -> u64 {
    let wanted = (ticks / FRAME_TICKS).clamp(2, packets);
    let close = (wanted * 3 / 4).max(2)..=wanted;
    close
        .rev()
        .find(|frames| ticks.is_multiple_of(*frames))
        .unwrap_or(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{CheckError, Media, check};

    fn facts(bytes: &Bytes) -> ts::Facts {
        ts::inspect(std::slice::from_ref(bytes)).expect("a segment that validates")
    }

    #[test]
    fn a_marked_segment_is_a_sound_one_of_exactly_its_duration() {
        for (millis, bytes) in [
            (2000, 60_000),
            (3700, 60_000),
            (5720, 3_000_000),
            (6300, 9000),
            (1500, 1880),
            (40, 0),
        ] {
            let duration = Duration::from_millis(millis);
            let media = Media::marked(Marked {
                stream: 3,
                duration,
                bytes,
            });
            let segment = media.segment(7);
            let facts = facts(&segment);
            assert_eq!(facts.duration, Some(duration));
            assert_eq!(media.duration(7), duration);
            assert!(facts.starts_with_key_frame && facts.starts_with_tables);
            assert_eq!(segment.len(), (bytes / 188 * 188).max(752));
            assert_eq!(
                check(&segment),
                Ok(Mark {
                    stream: 3,
                    segment: 7
                })
            );
        }
    }

    #[test]
    fn segments_follow_one_another_also_across_the_wrap_of_the_clock() {
        let media = Media::marked(Marked::default());
        for first in [0, 47_720, u64::MAX - 1] {
            let pair = [media.segment(first), media.segment(first + 1)];
            assert_eq!(facts(&pair[0]).end, facts(&pair[1]).start);
            assert_eq!(ts::inspect(&pair).expect("both").continuity_errors, 0);
        }
    }

    #[test]
    fn a_later_session_has_later_times_and_the_same_marks() {
        let media = Media::marked(Marked::default());
        let later = media.segment_at(5, Duration::from_secs(1000));
        let start = facts(&media.segment(5)).start.expect("times");
        assert_eq!(
            facts(&later).start,
            Some(start.plus(Duration::from_secs(1000)))
        );
        assert_eq!(
            check(&later),
            Ok(Mark {
                stream: 1,
                segment: 5
            })
        );
    }

    #[test]
    fn whatever_is_done_to_a_segment_is_found() {
        let segment = Media::marked(Marked::default()).segment(1);
        let packets = segment.len() / 188;
        let at = |packet: usize| packet * 188;
        let (first, last) = (&segment[..at(9)], &segment[at(10)..]);
        assert!(matches!(
            check(&[first, last].concat()),
            Err(CheckError::OutOfPlace { packet: 9, .. })
        ));
        let doubled = [&segment[..at(10)], &segment[at(9)..]].concat();
        assert!(matches!(
            check(&doubled),
            Err(CheckError::OutOfPlace { packet: 10, .. })
        ));
        let short = CheckError::CutShort {
            packets: packets - 3,
            expected: packets as u32 - 2,
        };
        assert_eq!(check(&segment[..at(packets - 1)]), Err(short));
        assert_eq!(
            check(&segment[..1000]),
            Err(CheckError::NotWhole { bytes: 1000 })
        );
        assert_eq!(check(&[]), Err(CheckError::NotWhole { bytes: 0 }));
        assert_eq!(check(&segment[188..]), Err(CheckError::NoTables));
        let mut changed = segment.to_vec();
        changed[at(20) + 100] ^= 1;
        assert_eq!(check(&changed), Err(CheckError::Damaged { packet: 20 }));
        let two = [&segment[..], &segment[376..]].concat();
        assert!(matches!(check(&two), Err(CheckError::OutOfPlace { .. })));
    }
}
