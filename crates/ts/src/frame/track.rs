//! One stream followed packet by packet: where each frame begins and what it is as soon as that is known; keeps no list.

use super::{Frame, HEAD_BYTES_MAX, Head, HeadRead, KeySeeker, Look, Verdict};
use crate::packet::Packet;
use crate::table::Codec;

/// What a packet of the stream brings.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(crate) enum Step {
    /// A frame may begin in this packet; what it is comes with a later step, maybe of the same packet.
    Began,
    /// What began last is no frame.
    Foreign,
    /// What began last is this frame.
    Settled(Settled),
}

/// A frame of which all is known that can be.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(crate) struct Settled {
    pub(crate) frame: Frame,
    /// The same for frames that a decoder can be set up for in the same way; `None` where the frame does not say.
    pub(crate) format: Option<u64>,
}

/// Follows one stream.
pub(crate) struct Track {
    codec: Codec,
    look: Look,
    looked: bool,
    torn: Option<Torn>,
    sought: Option<(Frame, KeySeeker)>,
}

struct Torn {
    packet: usize,
    announced: bool,
    bytes: Vec<u8>,
}

impl Track {
    /// For a stream of this coding.
    pub(crate) fn new(codec: Codec, look: Look) -> Self {
        Track {
            codec,
            look,
            looked: false,
            torn: None,
            sought: None,
        }
    }

    /// Takes the stream's next packet, which is the one of this index in the whole.
    pub(crate) fn push(&mut self, index: usize, packet: Packet<'_>, steps: &mut impl FnMut(Step)) {
        let starts = packet.starts_unit();
        if !starts && self.torn.is_none() && self.sought.is_none() {
            return;
        }
        if packet.is_damaged() || packet.is_scrambled() {
            return;
        }
        if starts {
            self.finish(steps);
            steps(Step::Began);
            let torn = Torn {
                packet: index,
                announced: packet.random_access(),
                bytes: vec![],
            };
            self.begin(torn, packet.payload(), steps);
        } else if let Some(torn) = self.torn.take() {
            self.begin(torn, packet.payload(), steps);
        } else {
            self.seek(packet.payload(), steps);
        }
    }

    /// The frame that began last has no more bytes, or is not to be waited for.
    pub(crate) fn finish(&mut self, steps: &mut impl FnMut(Step)) {
        if self.torn.take().is_some() {
            steps(Step::Foreign);
        }
        if let Some((frame, seeker)) = self.sought.take() {
            let format = seeker.format();
            settle(frame, seeker.finish(), format, steps);
        }
    }

    fn begin(&mut self, mut torn: Torn, payload: &[u8], steps: &mut impl FnMut(Step)) {
        let joined;
        let bytes = if torn.bytes.is_empty() {
            payload
        } else {
            torn.bytes.extend_from_slice(payload);
            joined = std::mem::take(&mut torn.bytes);
            &joined
        };
        match Head::read(bytes) {
            HeadRead::Whole(head) => self.add(&torn, head, &bytes[head.bytes..], steps),
            HeadRead::Torn if bytes.len() <= HEAD_BYTES_MAX => {
                let bytes = bytes.to_vec();
                self.torn = Some(Torn { bytes, ..torn });
            }
            HeadRead::Torn | HeadRead::Foreign => steps(Step::Foreign),
        }
    }

    fn add(&mut self, torn: &Torn, head: Head, rest: &[u8], steps: &mut impl FnMut(Step)) {
        let frame = Frame {
            packet: torn.packet,
            pts: head.pts,
            dts: head.dts,
            key: torn.announced || self.codec.is_audio(),
        };
        let looked_at = !self.looked || self.look == Look::AtAll;
        self.looked = true;
        match KeySeeker::new(self.codec, torn.announced).filter(|_| looked_at) {
            Some(seeker) => {
                self.sought = Some((frame, seeker));
                self.seek(rest, steps);
            }
            None => settle(frame, Verdict::Unknown, None, steps),
        }
    }

    fn seek(&mut self, bytes: &[u8], steps: &mut impl FnMut(Step)) {
        if let Some((frame, seeker)) = &mut self.sought
            && let Some(verdict) = seeker.push(bytes)
        {
            settle(*frame, verdict, seeker.format(), steps);
            self.sought = None;
        }
    }
}

fn settle(frame: Frame, verdict: Verdict, format: Option<u64>, steps: &mut impl FnMut(Step)) {
    let key = match verdict {
        Verdict::Key => true,
        Verdict::NotKey => false,
        Verdict::Unknown => frame.key,
    };
    let frame = Frame { key, ..frame };
    steps(Step::Settled(Settled { frame, format }));
}
