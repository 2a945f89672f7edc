//! The times in the heads of frames: where they stand, also where packets tear a head; says what to write, writes nothing.

use crate::frame::read_stamp;
use crate::packet::Packet;
use crate::{PACKET_BYTES, Timestamp, write};

/// A head up to the end of its times: nine fixed bytes, two times of five.
const TIMED_BYTES_MAX: usize = 9 + 5 + 5;

/// Streams whose head may be torn at the same time; of more, heads keep their times.
const TORN_MAX: usize = 8;

/// A byte of a packet, the packet by a number of the caller's.
#[derive(Copy, Clone, Debug)]
struct Place {
    packet: usize,
    at: u8,
}

/// Times of a frame's head, as they were sent, and where they stand.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) pts: Timestamp,
    pub(crate) dts: Option<Timestamp>,
    bytes: Vec<(Place, u8)>,
}

impl Head {
    /// The time at which the frame is decoded.
    pub(crate) fn due(&self) -> Timestamp {
        self.dts.unwrap_or(self.pts)
    }

    /// What must be written where, for times so many ticks later: the packet, the byte of it, its value.
    pub(crate) fn moved(&self, by: i64) -> impl Iterator<Item = (usize, usize, u8)> {
        let field = move |from: usize, time: Timestamp| {
            let mark = self.bytes[from].1 & 0xf0;
            let places = self.bytes[from..]
                .iter()
                .zip(write::stamp(mark, time.shifted(by)));
            places.map(|((place, _), byte)| (place.packet, usize::from(place.at), byte))
        };
        let dts = self.dts.map(|dts| field(14, dts));
        field(9, self.pts).chain(dts.into_iter().flatten())
    }
}

/// What a packet says of a head.
#[derive(Clone, Debug)]
pub(crate) enum Read {
    /// Nothing, or of one without times.
    Nothing,
    /// The beginning of one, which goes on in the stream's next packet.
    Torn,
    /// All of one.
    Whole(Head),
}

/// Finds heads packet by packet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heads {
    torn: Vec<Torn>,
}

#[derive(Clone, Debug)]
struct Torn {
    pid: u16,
    bytes: Vec<(Place, u8)>,
}

impl Heads {
    /// Whether a head's end is still to come.
    pub(crate) fn is_torn(&self) -> bool {
        !self.torn.is_empty()
    }

    /// Gives up heads whose end has not come.
    pub(crate) fn give_up(&mut self) {
        self.torn.clear();
    }

    /// Looks at the next packet, which has this number.
    pub(crate) fn read(&mut self, number: usize, packet: Packet<'_>) -> Read {
        if !packet.starts_unit() && self.torn.is_empty() {
            return Read::Nothing;
        }
        let pid = packet.pid();
        let torn = self.torn.iter().position(|torn| torn.pid == pid);
        let torn = torn.map(|index| self.torn.swap_remove(index).bytes);
        let mut bytes = match torn {
            _ if packet.starts_unit() => vec![],
            Some(bytes) => bytes,
            None => return Read::Nothing,
        };
        if packet.is_damaged() || packet.is_scrambled() {
            return Read::Nothing;
        }
        let payload = packet.payload();
        let begin = PACKET_BYTES - payload.len();
        let missing = TIMED_BYTES_MAX - bytes.len();
        for (index, byte) in payload.iter().take(missing).enumerate() {
            let at = (begin + index) as u8;
            bytes.push((Place { packet: number, at }, *byte));
        }
        match timed_bytes(|index| bytes.get(index).map(|(_, byte)| *byte)) {
            Some(needed) if needed <= bytes.len() => head(bytes, needed),
            Some(_) if self.torn.len() < TORN_MAX => {
                self.torn.push(Torn { pid, bytes });
                Read::Torn
            }
            Some(_) | None => Read::Nothing,
        }
    }
}

/// The times of the frame that begins in this packet, presentation first, where all of them stand in it.
pub(crate) fn times(packet: Packet<'_>) -> Option<(Timestamp, Option<Timestamp>)> {
    if !packet.starts_unit() || packet.is_damaged() || packet.is_scrambled() {
        return None;
    }
    let payload = packet.payload();
    let needed = timed_bytes(|index| payload.get(index).copied())?;
    let head = payload.get(..needed)?;
    let dts = head.get(14..).filter(|field| !field.is_empty());
    (14 <= needed).then(|| (read_stamp(&head[9..14]), dts.map(read_stamp)))
}

/// How many bytes the head has up to the end of its times, as far as can be told; `None` where it has none.
fn timed_bytes(byte: impl Fn(usize) -> Option<u8>) -> Option<usize> {
    let is = |index: usize, right: fn(u8) -> bool| byte(index).is_none_or(right);
    let begins = is(0, |byte| byte == 0) && is(1, |byte| byte == 0) && is(2, |byte| byte == 1);
    if !begins || !is(3, has_times) || !is(6, |marker| marker & 0xc0 == 0x80) {
        return None;
    }
    let (Some(flags), Some(counted)) = (byte(7), byte(8)) else {
        return Some(9);
    };
    match (flags >> 6, counted) {
        (0b11, 10..) => Some(19),
        (0b10 | 0b11, 5..) => Some(14),
        _ => None,
    }
}

/// Maps, padding, private stream 2, ECM and EMM, DSM-CC and the directory have no times.
fn has_times(kind: u8) -> bool {
    !matches!(kind, 0xbc | 0xbe | 0xbf | 0xf0..=0xf2 | 0xf8 | 0xff)
}

fn head(bytes: Vec<(Place, u8)>, needed: usize) -> Read {
    let time = |from: usize| {
        let field = bytes[from..].iter().take(5).map(|(_, byte)| *byte);
        read_stamp(&field.collect::<Vec<u8>>())
    };
    Read::Whole(Head {
        pts: time(9),
        dts: (needed == TIMED_BYTES_MAX).then(|| time(14)),
        bytes,
    })
}
