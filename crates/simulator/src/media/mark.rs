//! The mark at the end of every packet of a marked segment, and the proof that a segment is whole; it proves no timestamps.

use ts::frame::{Head, HeadRead};
use ts::packet::Packet;
use ts::{PACKET_BYTES, SYNC_BYTE};

use super::marked::{PMT_PID, VIDEO_PID};

/// In hexadecimal digits, so that no mark looks like a start code and all can be read in a dump.
const MAGIC: &[u8; 4] = b"WEIR";

/// Magic, stream (8 digits), segment (16), packet (8), packets (8), digest (16).
pub(super) const MARK_BYTES: usize = 60;
const DIGEST_BYTES: usize = 16;

/// Which segment of which stream.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Mark {
    /// The number that the media was made with.
    pub stream: u32,
    /// The segment's number.
    pub segment: u64,
}

/// Which packet of which segment.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Place {
    /// The segment.
    pub mark: Mark,
    /// The packet's place among the segment's media, from 0.
    pub packet: u32,
    /// The packets of the segment's media.
    pub packets: u32,
}

impl Place {
    /// The packet's number, counted from the beginning of segment 0, where all segments have as many.
    pub fn number(self) -> u64 {
        let before = self.mark.segment.wrapping_mul(self.packets.into());
        before.wrapping_add(self.packet.into())
    }

    /// The place of the packet that comes next.
    #[must_use]
    pub fn next(self) -> Place {
        let mut next = self;
        next.packet += 1;
        if self.packets <= next.packet {
            next.packet = 0;
            next.mark.segment = self.mark.segment.wrapping_add(1);
        }
        next
    }
}

/// What can be seen of a packet without adding up its bytes.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Glance {
    /// Media, with the place that it says it has.
    Marked(Place),
    /// Media without a mark.
    Unmarked,
    /// Tables, stuffing, other streams: nothing that is marked.
    Other,
}

/// Why bytes are not exactly one whole marked segment.
#[derive(Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum CheckError {
    /// The length is no number of packets, or there is nothing.
    #[error("{bytes} bytes are no whole packets")]
    NotWhole {
        /// The length.
        bytes: usize,
    },
    /// The segment does not begin with the tables of marked media.
    #[error("segment does not begin with the PAT and the PMT of marked media")]
    NoTables,
    /// A packet has no mark.
    #[error("packet {packet} of the segment has no mark")]
    NoMark {
        /// The packet's place, tables included.
        packet: usize,
    },
    /// A packet's bytes are not those that it was marked with.
    #[error("packet {packet} of the segment was changed")]
    Damaged {
        /// The packet's place, tables included.
        packet: usize,
    },
    /// A packet belongs elsewhere.
    #[error("packet {packet} of the segment is {found:?}")]
    OutOfPlace {
        /// The packet's place, tables included.
        packet: usize,
        /// Where it belongs.
        found: Place,
    },
    /// The end is missing.
    #[error("segment has {packets} of {expected} media packets")]
    CutShort {
        /// Media packets that are there, all in order.
        packets: usize,
        /// Media packets that it was made of.
        expected: u32,
    },
}

/// What is wrong with one packet.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Unmarked {
    /// No mark is there.
    Missing,
    /// The mark is there, and the bytes before it are not those that were marked.
    Damaged,
}

/// Verifies that these bytes are exactly one whole marked segment, every packet in its place and unchanged.
///
/// Clock, timestamps and counters are not part of it: a proxy may move them.
pub fn check(segment: &[u8]) -> Result<Mark, CheckError> {
    let (packets, rest) = segment.as_chunks::<PACKET_BYTES>();
    if !rest.is_empty() || packets.is_empty() {
        return Err(CheckError::NotWhole {
            bytes: segment.len(),
        });
    }
    let media = match packets {
        [pat, pmt, media @ ..] if is_table(pat, ts::table::PAT_PID) && is_table(pmt, PMT_PID) => {
            media
        }
        _ => return Err(CheckError::NoTables),
    };
    // Whoever cuts a continuous stream leaves the tables where they are, and the next segment's in front of it.
    let is_media = |bytes: &[u8; PACKET_BYTES]| {
        !is_table(bytes, ts::table::PAT_PID) && !is_table(bytes, PMT_PID)
    };
    let numbered = media.iter().zip(2..).filter(|(bytes, _)| is_media(bytes));
    let media: Vec<_> = numbered.collect();
    let mut first = None;
    for (index, (bytes, packet)) in media.iter().enumerate() {
        let packet = *packet;
        let found = read(bytes).map_err(|unmarked| match unmarked {
            Unmarked::Missing => CheckError::NoMark { packet },
            Unmarked::Damaged => CheckError::Damaged { packet },
        })?;
        let expected = Place {
            packet: index as u32,
            ..*first.get_or_insert(found)
        };
        if found != expected || found.packets <= found.packet {
            return Err(CheckError::OutOfPlace { packet, found });
        }
    }
    match first {
        Some(first) if first.packets as usize == media.len() => Ok(first.mark),
        Some(first) => Err(CheckError::CutShort {
            packets: media.len(),
            expected: first.packets,
        }),
        None => Err(CheckError::NoMark { packet: 2 }),
    }
}

fn is_table(bytes: &[u8; PACKET_BYTES], pid: u16) -> bool {
    let packet = Packet::new(bytes);
    packet.is_synced() && packet.pid() == pid && packet.starts_unit()
}

/// The place that a packet of media is marked with.
pub(super) fn read(bytes: &[u8; PACKET_BYTES]) -> Result<Place, Unmarked> {
    let packet = Packet::new(bytes);
    let payload = packet.payload();
    let is_media = bytes[0] == SYNC_BYTE && packet.pid() == VIDEO_PID;
    if !is_media || payload.len() < MARK_BYTES {
        return Err(Unmarked::Missing);
    }
    let (head, mark) = payload.split_at(payload.len() - MARK_BYTES);
    let Some(mark) = mark.strip_prefix(MAGIC) else {
        return Err(Unmarked::Missing);
    };
    let marked = match Head::read(head) {
        HeadRead::Whole(read) if packet.starts_unit() => read.bytes,
        _ => 0,
    };
    let number = |from: usize, to: usize| {
        let digits = str::from_utf8(&mark[from..to]).ok();
        let value = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        value.ok_or(Unmarked::Damaged)
    };
    let digested = &payload[marked..payload.len() - DIGEST_BYTES];
    if number(40, 56)? != digest(digested) {
        return Err(Unmarked::Damaged);
    }
    let mark = Mark {
        stream: number(0, 8)? as u32,
        segment: number(8, 24)?,
    };
    Ok(Place {
        mark,
        packet: number(24, 32)? as u32,
        packets: number(32, 40)? as u32,
    })
}

/// The place that a packet says it has, unproved: a tenth of what [`check`] costs.
pub fn glance(bytes: &[u8; PACKET_BYTES]) -> Glance {
    let packet = Packet::new(bytes);
    if packet.pid() != VIDEO_PID || packet.payload().len() < MARK_BYTES {
        return Glance::Other;
    }
    let mark = bytes.last_chunk::<MARK_BYTES>();
    let digits = mark.and_then(|mark| mark.strip_prefix(MAGIC));
    match digits.map(|digits| digits.as_chunks().0) {
        Some([stream, high, low, packet, packets, ..]) => Glance::Marked(Place {
            mark: Mark {
                stream: eight_digits(*stream),
                segment: u64::from(eight_digits(*high)) << 32 | u64::from(eight_digits(*low)),
            },
            packet: eight_digits(*packet),
            packets: eight_digits(*packets),
        }),
        _ => Glance::Unmarked,
    }
}

/// The value of eight hexadecimal digits, all at once.
fn eight_digits(digits: [u8; 8]) -> u32 {
    const LOW: u64 = 0x0f0f_0f0f_0f0f_0f0f;
    const ONES: u64 = 0x0101_0101_0101_0101;
    let text = u64::from_be_bytes(digits);
    // Letters have a bit that digits have not, and count from 9 on.
    let nibbles = (text & LOW) + 9 * (text >> 6 & ONES);
    let bytes = (nibbles | nibbles >> 4) & 0x00ff_00ff_00ff_00ff;
    let halves = (bytes | bytes >> 8) & 0x0000_ffff_0000_ffff;
    (halves | halves >> 16) as u32
}

/// Ends a packet's part of a frame, which begins at `from`, with its mark.
pub(super) fn write(data: &mut Vec<u8>, from: usize, place: Place) {
    let Place {
        mark,
        packet,
        packets,
    } = place;
    data.extend_from_slice(MAGIC);
    put(data, mark.stream.into(), 8);
    put(data, mark.segment, 16);
    put(data, packet.into(), 8);
    put(data, packets.into(), 8);
    let sum = digest(&data[from..]);
    put(data, sum, DIGEST_BYTES);
}

/// Marks a changed packet as one that was made so; what carries no mark gets none.
pub(super) fn renew(bytes: &mut [u8; PACKET_BYTES]) {
    let packet = Packet::new(bytes);
    let payload = packet.payload();
    let Some(to) = payload.len().checked_sub(DIGEST_BYTES) else {
        return;
    };
    let marked = match Head::read(payload) {
        HeadRead::Whole(read) if packet.starts_unit() => read.bytes,
        _ => 0,
    };
    let sum = digest(&payload[marked..to]);
    let mut digits = vec![];
    put(&mut digits, sum, DIGEST_BYTES);
    bytes[PACKET_BYTES - DIGEST_BYTES..].copy_from_slice(&digits);
}

/// Appends a number as so many hexadecimal digits.
fn put(data: &mut Vec<u8>, value: u64, digits: usize) {
    let digit = |place: usize| b"0123456789abcdef"[(value >> (4 * place)) as usize & 0x0f];
    data.extend((0..digits).rev().map(digit));
}

/// Tells changed bytes, not forged ones; eight at a time, for every packet of every segment goes through it twice.
fn digest(bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let (words, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    words
        .iter()
        .chain([&last])
        .fold(bytes.len() as u64, |sum, word| {
            (sum ^ u64::from_le_bytes(*word))
                .wrapping_mul(FACTOR)
                .rotate_left(29)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{Marked, Media};

    #[test]
    fn a_glance_tells_the_place_that_a_look_proves() {
        let media = Media::marked(Marked {
            stream: 0xfedc_ba98,
            ..Marked::default()
        });
        for segment in [0, 0x0123_4567_89ab_cdef, u64::MAX] {
            let bytes = media.segment(segment);
            let packets = bytes.as_chunks::<PACKET_BYTES>().0;
            assert!(
                packets[..2]
                    .iter()
                    .all(|table| glance(table) == Glance::Other)
            );
            for packet in &packets[2..] {
                assert_eq!(Ok(glance(packet)), read(packet).map(Glance::Marked));
            }
        }
    }
}
