//! Whether a frame is a key frame, from its own bytes; reads no further than its first slice.

use std::hash::{DefaultHasher, Hasher};

use memchr::memmem;

use crate::table::Codec;

/// Parameter sets and captions before a picture take some kilobytes at most; beyond that the packet's word must do.
const SEARCH_BYTES_MAX: usize = 32 << 10;

/// The first two numbers of an H.264 slice take 14 bytes at most; the rest keeps half a start code out of them.
const SLICE_HEAD_BYTES: usize = 20;

/// What a frame's bytes say.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Verdict {
    /// Decoding can start here.
    Key,
    /// The frame needs others before it.
    NotKey,
    /// The bytes do not tell.
    Unknown,
}

/// Reads one frame's first bytes, in pieces, until its first slice.
pub struct KeySeeker {
    syntax: Syntax,
    announced: bool,
    parameters_seen: bool,
    format: Option<u64>,
    gathered: Vec<u8>,
    /// Where the unit being read begins, after its start code.
    unit: Option<usize>,
    /// Up to where no start code begins.
    searched: usize,
}

#[derive(Copy, Clone)]
enum Syntax {
    Mpeg2,
    H264,
    H265,
}

impl KeySeeker {
    /// For a frame of this coding, whose packet announced random access or not; `None` for codings it cannot read.
    pub fn new(codec: Codec, announced: bool) -> Option<Self> {
        let syntax = match codec {
            Codec::Mpeg2 => Syntax::Mpeg2,
            Codec::H264 => Syntax::H264,
            Codec::H265 => Syntax::H265,
            _ => return None,
        };
        Some(KeySeeker {
            syntax,
            announced,
            parameters_seen: false,
            format: None,
            gathered: vec![],
            unit: None,
            searched: 0,
        })
    }

    /// Takes the next bytes; answers once they are enough.
    pub fn push(&mut self, bytes: &[u8]) -> Option<Verdict> {
        self.gathered.extend_from_slice(bytes);
        while let Some(found) = memmem::find(&self.gathered[self.searched..], &[0, 0, 1]) {
            let code = self.searched + found;
            self.note_format(code);
            if let Some(verdict) = self.read_unit(code) {
                return Some(verdict);
            }
            self.unit = Some(code + 3);
            self.searched = code + 3;
        }
        self.searched = self.gathered.len().saturating_sub(2).max(self.searched);
        if let Some(verdict) = self.read_unfinished() {
            return Some(verdict);
        }
        (SEARCH_BYTES_MAX < self.gathered.len()).then_some(Verdict::Unknown)
    }

    /// The same for frames that a decoder is set up for in the same way; `None` where none said how so far.
    pub fn format(&self) -> Option<u64> {
        self.format
    }

    /// The verdict of a frame that has no more bytes.
    pub fn finish(mut self) -> Verdict {
        self.read_unit(self.gathered.len())
            .unwrap_or(Verdict::Unknown)
    }

    /// Notes what a unit that ends here says of size and profile: a change of them is another format to players.
    fn note_format(&mut self, end: usize) {
        let unit = self.unit.and_then(|unit| self.gathered.get(unit..end));
        let said = match (self.syntax, unit) {
            // Behind size and rate come numbers that some encoders choose anew for each group.
            (Syntax::Mpeg2, Some([0xb3, said @ ..])) => &said[..said.len().min(4)],
            (Syntax::H264, Some(unit @ [head, ..])) if head & 0x1f == 7 => unit,
            (Syntax::H265, Some(unit @ [head, ..])) if head >> 1 & 0x3f == 33 => unit,
            _ => return,
        };
        let length = said.iter().rposition(|byte| *byte != 0);
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.format.unwrap_or(0));
        hasher.write(&said[..length.map_or(0, |last| last + 1)]);
        self.format = Some(hasher.finish());
    }

    /// Reads a unit that ends here: a slice or picture gives the verdict, what comes before may give it too.
    fn read_unit(&mut self, end: usize) -> Option<Verdict> {
        let unit = self.gathered.get(self.unit?..end)?;
        match (self.syntax, unit) {
            (Syntax::H264, [head, body @ ..]) if head & 0x1f == 6 => {
                has_recovery_point(body).then_some(Verdict::Key)
            }
            (Syntax::H264, [head, ..]) if head & 0x1f == 7 => {
                self.parameters_seen = true;
                None
            }
            _ => self.read_slice(unit),
        }
    }

    /// Reads a slice or picture as soon as its head is there.
    fn read_unfinished(&self) -> Option<Verdict> {
        let unit = self.gathered.get(self.unit?..)?;
        if unit.len() < SLICE_HEAD_BYTES {
            None
        } else {
            self.read_slice(unit)
        }
    }

    fn read_slice(&self, unit: &[u8]) -> Option<Verdict> {
        match (self.syntax, unit) {
            (Syntax::Mpeg2, [0x00, _, picture, ..]) => Some(verdict(picture >> 3 & 7 == 1)),
            (Syntax::H264, [head, slice @ ..]) => match head & 0x1f {
                5 => Some(Verdict::Key),
                // An open group begins with an intra slice; a lone one amid others is no place to start.
                1 | 2 => {
                    let may_begin = self.announced || self.parameters_seen;
                    Some(verdict(may_begin && is_intra(slice)))
                }
                _ => None,
            },
            (Syntax::H265, [head, ..]) => match head >> 1 & 0x3f {
                16..=23 => Some(Verdict::Key),
                0..=15 => Some(Verdict::NotKey),
                _ => None,
            },
            _ => None,
        }
    }
}

fn verdict(key: bool) -> Verdict {
    if key { Verdict::Key } else { Verdict::NotKey }
}

/// Whether a supplemental unit holds a recovery point, by which open groups and rolling refresh mark where to start.
fn has_recovery_point(mut body: &[u8]) -> bool {
    const RECOVERY_POINT: usize = 6;
    while 2 < body.len() {
        let (Some((kind, rest)), true) = (counted(body), body[0] != 0x80) else {
            return false;
        };
        if kind == RECOVERY_POINT {
            return true;
        }
        let Some((size, rest)) = counted(rest) else {
            return false;
        };
        body = rest.get(size..).unwrap_or(&[]);
    }
    false
}

/// A number that is the sum of bytes up to the first that is not 255.
fn counted(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let full = bytes.iter().take_while(|byte| **byte == 0xff).count();
    let last = bytes.get(full)?;
    Some((full * 255 + usize::from(*last), &bytes[full + 1..]))
}

/// Whether an H.264 slice is of the intra kind: the second number of its head is 2 or 7 (4 and 9 are switching ones).
fn is_intra(slice: &[u8]) -> bool {
    let mut bits = slice
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
    let (Some(_first_block), Some(kind)) = (exp_golomb(&mut bits), exp_golomb(&mut bits)) else {
        return false;
    };
    matches!(kind, 2 | 4 | 7 | 9)
}

fn exp_golomb(bits: &mut impl Iterator<Item = u8>) -> Option<u32> {
    let mut zeros = 0;
    while bits.next()? == 0 {
        zeros += 1;
        if 24 < zeros {
            return None;
        }
    }
    let mut value = 1_u32;
    for _ in 0..zeros {
        value = value << 1 | u32::from(bits.next()?);
    }
    Some(value - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn verdict_of(codec: Codec, announced: bool, bytes: &[u8]) -> Verdict {
        let mut seeker = KeySeeker::new(codec, announced).expect("a coding that can be read");
        seeker.push(bytes).unwrap_or_else(|| seeker.finish())
    }

    const AUD: [u8; 6] = [0, 0, 0, 1, 9, 0xf0];
    /// First block 0, kind 7: an intra slice.
    const INTRA: [u8; 6] = [0, 0, 1, 0x61, 0b1000_1000, 0x80];
    /// First block 0, kind 5: a predicted slice.
    const PREDICTED: [u8; 6] = [0, 0, 1, 0x41, 0b1001_1000, 0x80];

    #[test]
    fn an_idr_picture_is_a_key_frame() {
        let frame = [&AUD[..], &[0, 0, 1, 0x65, 0x88, 0x84]].concat();
        assert_eq!(verdict_of(Codec::H264, false, &frame), Verdict::Key);
    }

    #[test]
    fn a_predicted_picture_is_none_whatever_its_packet_announces() {
        let frame = [AUD, PREDICTED].concat();
        assert_eq!(verdict_of(Codec::H264, true, &frame), Verdict::NotKey);
    }

    #[test]
    fn an_intra_picture_is_one_only_where_a_group_begins() {
        let lone = [AUD, INTRA].concat();
        assert_eq!(verdict_of(Codec::H264, false, &lone), Verdict::NotKey);
        assert_eq!(verdict_of(Codec::H264, true, &lone), Verdict::Key);
        let with_parameters = [&AUD[..], &[0, 0, 1, 0x67, 1, 2, 3], &INTRA].concat();
        assert_eq!(
            verdict_of(Codec::H264, false, &with_parameters),
            Verdict::Key
        );
    }

    #[test]
    fn a_recovery_point_behind_other_messages_is_a_key_frame() {
        let messages = [0, 0, 1, 6, 1, 2, 9, 9, 6, 1, 0xc4, 0x80];
        let frame = [&AUD[..], &messages, &PREDICTED].concat();
        assert_eq!(verdict_of(Codec::H264, false, &frame), Verdict::Key);
    }

    #[test]
    fn an_intra_random_access_picture_of_h265_is_a_key_frame() {
        assert_eq!(
            verdict_of(
                Codec::H265,
                false,
                &[0, 0, 1, 0x46, 1, 0x50, 0, 0, 1, 0x28, 1]
            ),
            Verdict::Key
        );
        assert_eq!(
            verdict_of(
                Codec::H265,
                true,
                &[0, 0, 1, 0x46, 1, 0x50, 0, 0, 1, 0x02, 1]
            ),
            Verdict::NotKey
        );
    }

    #[test]
    fn an_intra_picture_of_mpeg_2_is_a_key_frame() {
        let sequence = [0, 0, 1, 0xb3, 1, 2, 3, 4];
        let picture = |kind: u8| [&sequence[..], &[0, 0, 1, 0, 0, kind << 3, 0xff]].concat();
        assert_eq!(verdict_of(Codec::Mpeg2, false, &picture(1)), Verdict::Key);
        assert_eq!(
            verdict_of(Codec::Mpeg2, false, &picture(2)),
            Verdict::NotKey
        );
    }

    #[test]
    fn a_picture_behind_kilobytes_of_captions_is_found() {
        let captions = [
            &[0, 0, 1, 6, 4][..],
            &[0xff; 40],
            &[0],
            &[7; 10_200],
            &[0x80],
        ]
        .concat();
        let frame = [&AUD[..], &captions, &[0, 0, 1, 0x65, 0x88, 0x84]].concat();
        assert_eq!(verdict_of(Codec::H264, false, &frame), Verdict::Key);
    }

    #[test]
    fn bytes_without_a_picture_tell_nothing() {
        assert_eq!(
            verdict_of(Codec::H264, true, &vec![7; 40_000]),
            Verdict::Unknown
        );
        assert_eq!(verdict_of(Codec::H265, true, &[]), Verdict::Unknown);
    }

    proptest! {
        #[test]
        fn pieces_never_change_the_verdict(
            bytes in proptest::collection::vec(prop_oneof![Just(0_u8), Just(1), Just(6), any::<u8>()], 0..300),
            piece in 1_usize..40,
        ) {
            for codec in [Codec::H264, Codec::H265, Codec::Mpeg2] {
                let mut seeker = KeySeeker::new(codec, false).expect("a coding that can be read");
                let early = bytes.chunks(piece).find_map(|piece| seeker.push(piece));
                let pieced = early.unwrap_or_else(|| seeker.finish());
                prop_assert_eq!(pieced, verdict_of(codec, false, &bytes));
            }
        }
    }
}
