//! Frames: where each one of a stream begins, when it is due and whether it is a key frame; never decodes one.

mod key;

pub use key::{KeySeeker, Verdict};

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
fn read_stamp(field: &[u8]) -> Timestamp {
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
    codec: Codec,
    look: Look,
    list: Vec<Frame>,
    torn: Option<Torn>,
    seeker: Option<KeySeeker>,
}

struct Torn {
    packet: usize,
    announced: bool,
    bytes: Vec<u8>,
}

impl Frames {
    /// For a stream of this coding.
    pub fn new(codec: Codec, look: Look) -> Self {
        Frames {
            codec,
            look,
            list: vec![],
            torn: None,
            seeker: None,
        }
    }

    /// Takes the stream's next packet, which is the one of this index in the whole.
    pub fn push(&mut self, index: usize, packet: Packet<'_>) {
        let starts = packet.starts_unit();
        if !starts && self.torn.is_none() && self.seeker.is_none() {
            return;
        }
        if packet.is_damaged() || packet.is_scrambled() {
            return;
        }
        if starts {
            self.end_frame();
            self.begin(
                Torn {
                    packet: index,
                    announced: packet.random_access(),
                    bytes: vec![],
                },
                packet.payload(),
            );
        } else if let Some(torn) = self.torn.take() {
            self.begin(torn, packet.payload());
        } else {
            self.seek(packet.payload());
        }
    }

    /// The frames so far; the last one's verdict may be the packet's own word where its bytes end early.
    pub fn finish(mut self) -> Vec<Frame> {
        self.end_frame();
        self.list
    }

    fn begin(&mut self, mut torn: Torn, payload: &[u8]) {
        let joined;
        let bytes = if torn.bytes.is_empty() {
            payload
        } else {
            torn.bytes.extend_from_slice(payload);
            joined = std::mem::take(&mut torn.bytes);
            &joined
        };
        match Head::read(bytes) {
            HeadRead::Whole(head) => self.add(&torn, head, &bytes[head.bytes..]),
            HeadRead::Torn if bytes.len() <= HEAD_BYTES_MAX => {
                self.torn = Some(Torn {
                    bytes: bytes.to_vec(),
                    ..torn
                });
            }
            HeadRead::Torn | HeadRead::Foreign => {}
        }
    }

    fn add(&mut self, torn: &Torn, head: Head, rest: &[u8]) {
        let looked_at = self.list.is_empty() || self.look == Look::AtAll;
        let key = torn.announced || self.codec.is_audio();
        self.list.push(Frame {
            packet: torn.packet,
            pts: head.pts,
            dts: head.dts,
            key,
        });
        if looked_at {
            self.seeker = KeySeeker::new(self.codec, torn.announced);
            self.seek(rest);
        }
    }

    fn seek(&mut self, bytes: &[u8]) {
        if let Some(verdict) = self.seeker.as_mut().and_then(|seeker| seeker.push(bytes)) {
            self.settle(verdict);
        }
    }

    fn end_frame(&mut self) {
        self.torn = None;
        if let Some(seeker) = self.seeker.take() {
            self.settle(seeker.finish());
        }
    }

    fn settle(&mut self, verdict: Verdict) {
        self.seeker = None;
        match (self.list.last_mut(), verdict) {
            (Some(frame), Verdict::Key) => frame.key = true,
            (Some(frame), Verdict::NotKey) => frame.key = false,
            (_, Verdict::Unknown) | (None, _) => {}
        }
    }
}
