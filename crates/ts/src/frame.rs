//! Frames: where each one of a stream begins, when it is due and whether it is a key frame; never decodes one.

mod key;
mod track;

pub use key::{KeySeeker, Verdict};
pub(crate) use track::{Settled, Step, Track};

use crate::Timestamp;
use crate::packet::Packet;
use crate::table::Codec;

/// The longest head a frame can have: 9 fixed bytes and 255 counted ones.
const HEAD_BYTES_MAX: usize = 9 + 255;

/// What stands before a frame: a PES header.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Head {
    /// When the frame is shown.
    pub pts: Option<Timestamp>,
    /// When it is decoded, where that is said to be at another time.
    pub dts: Option<Timestamp>,
    /// How long the head is; the frame follows.
    pub bytes: usize,
}

/// What the first bytes of a frame's payload turn out to be.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum HeadRead {
    /// A head, whole.
    Whole(Head),
    /// The beginning of a head that goes on in the next packet.
    Torn,
    /// No head of a media frame.
    Foreign,
}

impl Head {
    /// Reads the head at the beginning of a payload; a head whose lengths contradict it has no timestamps.
    pub fn read(payload: &[u8]) -> HeadRead {
        let length = payload.len().min(3);
        if payload[..length] != [0, 0, 1][..length] {
            return HeadRead::Foreign;
        }
        let [_, _, _, kind, _, _, marker, flags, counted, ..] = *payload else {
            return HeadRead::Torn;
        };
        // These have no timestamps: maps, padding, private stream 2, ECM and EMM, DSM-CC, directory.
        if matches!(kind, 0xbc | 0xbe | 0xbf | 0xf0..=0xf2 | 0xf8 | 0xff) || marker & 0xc0 != 0x80 {
            return HeadRead::Foreign;
        }
        let bytes = 9 + usize::from(counted);
        let Some(fields) = payload.get(9..bytes) else {
            return HeadRead::Torn;
        };
        let stamp = |wanted: u8, at: usize| match fields.get(at..at + 5) {
            Some(field) if flags & wanted == wanted => Some(read_stamp(field)),
            _ => None,
        };
        HeadRead::Whole(Head {
            pts: stamp(0x80, 0),
            dts: stamp(0xc0, 5),
            bytes,
        })
    }
}

/// Five bytes as a timestamp; the bits between its parts are not looked at, for muxers get them wrong.
pub(crate) fn read_stamp(field: &[u8]) -> Timestamp {
    let at = |index: usize| u64::from(field[index]);
    Timestamp(
        (at(0) >> 1 & 0x07) << 30 | at(1) << 22 | (at(2) >> 1) << 15 | at(3) << 7 | at(4) >> 1,
    )
}

/// One frame of a stream.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Frame {
    /// The index of the packet in which it begins.
    pub packet: usize,
    /// When it is shown.
    pub pts: Option<Timestamp>,
    /// When it is decoded, where that is said to be at another time.
    pub dts: Option<Timestamp>,
    /// Whether decoding can start with it; every frame of sound is one.
    pub key: bool,
}

/// Of which frames it is to be found out whether they are key frames.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Look {
    /// Of the first one alone; of the others only what their packet says of itself.
    AtFirst,
    /// Of all.
    AtAll,
}

/// Follows one stream packet by packet and lists its frames.
pub struct Frames {
    track: Track,
    list: Vec<Frame>,
}

impl Frames {
    /// For a stream of this coding.
    pub fn new(codec: Codec, look: Look) -> Self {
        Frames {
            track: Track::new(codec, look),
            list: vec![],
        }
    }

    /// Takes the stream's next packet, which is the one of this index in the whole.
    pub fn push(&mut self, index: usize, packet: Packet<'_>) {
        let list = &mut self.list;
        self.track.push(index, packet, &mut |step| keep(list, step));
    }

    /// The frames so far; the last one's verdict may be the packet's own word where its bytes end early.
    pub fn finish(mut self) -> Vec<Frame> {
        let list = &mut self.list;
        self.track.finish(&mut |step| keep(list, step));
        self.list
    }
}

fn keep(list: &mut Vec<Frame>, step: Step) {
    if let Step::Settled(settled) = step {
        list.push(settled.frame);
    }
}
