//! What one viewer was sent of one stream last: its counter and its time; and the packets that count on to another counter.

use bytes::Bytes;

use super::heads::{Heads, Read};
use crate::packet::Packet;
use crate::{CLOCK_HZ, PACKET_BYTES, SYNC_BYTE, Timestamp};

/// Two streams that were cut at the same place are apart by less; more is not an overlap but another time.
const OVERLAP_TICKS_MAX: i64 = CLOCK_HZ.cast_signed();

/// Times are rounded, each in its own way.
const SLACK_TICKS: i64 = CLOCK_HZ.cast_signed() / 1000;

/// Frames are further apart only in slide shows, where a second more is not seen.
const STEP_TICKS_MAX: i64 = CLOCK_HZ.cast_signed();

/// 25 frames a second, until the stream tells better.
const STEP_TICKS: i64 = CLOCK_HZ.cast_signed() / 25;

/// One stream as it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) pid: u16,
    /// Whether frames are all that it carries.
    pub(crate) frames: bool,
    /// The counter of its last packet; `None` before the first.
    pub(crate) counter: Option<u8>,
    /// What the last packet came with; two of the same in a row are one packet sent twice.
    came_with: Option<u8>,
    /// It has not begun since the viewer joined or the last seam.
    fresh: bool,
    /// When the last frame is decoded.
    due: Option<Timestamp>,
    /// When the frame that is shown last is shown.
    shown: Option<Timestamp>,
    /// From one frame to the next, of the last two times: sound is sent in packs of a few frames more or less.
    steps: [i64; 2],
}

impl Line {
    pub(crate) fn new(pid: u16, frames: bool) -> Line {
        Line {
            pid,
            frames,
            counter: None,
            came_with: None,
            fresh: true,
            due: None,
            shown: None,
            steps: [STEP_TICKS; 2],
        }
    }

    /// Whether packets in the middle of its frames are passed on as they are, whatever their counters.
    pub(crate) fn goes_on(&self) -> bool {
        self.frames && !self.fresh
    }

    /// Takes a frame as it is sent.
    pub(crate) fn take(&mut self, due: Timestamp, shown: Timestamp) {
        if let Some(last) = self.due {
            let step = last.offset_to(due);
            if (1..=STEP_TICKS_MAX).contains(&step) {
                self.steps = [self.steps[1], step];
            }
        }
        self.due = Some(due);
        let later = |last: &Timestamp| 0 < shown.offset_to(*last);
        let jumped = |last: &Timestamp| OVERLAP_TICKS_MAX < shown.offset_to(*last);
        self.shown = self
            .shown
            .filter(|last| later(last) && !jumped(last))
            .or(Some(shown));
    }

    /// When the next frame may be decoded, and shown.
    pub(crate) fn next(&self) -> Option<(Timestamp, Timestamp)> {
        Some((
            self.due?.shifted(self.step()),
            self.shown?.shifted(self.step()),
        ))
    }

    /// What comes next does not go on from what came.
    pub(crate) fn begin_anew(&mut self) {
        self.fresh = true;
        self.came_with = None;
    }

    /// Whether the stream has not begun yet and this packet is none to begin with: it is the rest of a frame, or of one
    /// for whose time another was sent already.
    pub(crate) fn begins_amiss(&self, packet: Packet<'_>, by: i64) -> bool {
        if !(self.frames && self.fresh && packet.has_payload()) {
            return false;
        }
        match Heads::default().read(0, packet) {
            Read::Whole(head) => self.overlaps(head.due().shifted(by)),
            Read::Torn | Read::Nothing => !packet.starts_unit(),
        }
    }

    fn overlaps(&self, due: Timestamp) -> bool {
        let until = self.due.map(|last| last.shifted(self.step() - SLACK_TICKS));
        let behind = until.map(|until| due.offset_to(until));
        behind.is_some_and(|behind| (0..OVERLAP_TICKS_MAX).contains(&behind))
    }

    fn step(&self) -> i64 {
        self.steps[0].max(self.steps[1])
    }

    /// The counter that this packet must have, and what must be sent before it.
    pub(crate) fn count(&mut self, packet: Packet<'_>) -> (u8, Option<Bytes>) {
        let came = packet.continuity();
        if self.goes_on() {
            self.counter = Some(came);
            return (came, None);
        }
        if self.frames && packet.has_payload() {
            let fillers = self.fillers(packet);
            self.fresh = false;
            self.counter = Some(came);
            return (came, fillers);
        }
        let counts = packet.has_payload() && self.came_with != Some(came);
        let counter = match self.counter {
            Some(last) => (last + u8::from(counts)) & 0x0f,
            None => came,
        };
        if !self.frames {
            (self.came_with, self.counter) = (Some(came), Some(counter));
        }
        (counter, None)
    }

    /// Packets of the stream with which its counter comes to the one before this packet's. Each holds one byte of zero,
    /// which behind the end of a frame means nothing; so no packet behind it must be changed, and all stay shared.
    fn fillers(&self, packet: Packet<'_>) -> Option<Bytes> {
        let last = self.counter?;
        let missing = packet.continuity().wrapping_sub(last + 1) & 0x0f;
        if missing == 0 {
            return None;
        }
        let [high, low] = self.pid.to_be_bytes();
        let mut fillers = Vec::with_capacity(usize::from(missing) * PACKET_BYTES);
        for counter in (1..=missing).map(|step| (last + step) & 0x0f) {
            fillers.extend_from_slice(&[SYNC_BYTE, high, low, 0x30 | counter, 182, 0]);
            fillers.resize(fillers.len() + 181, 0xff);
            fillers.push(0);
        }
        Some(fillers.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(counter: u8) -> [u8; PACKET_BYTES] {
        let mut bytes = [0; PACKET_BYTES];
        bytes[..4].copy_from_slice(&[SYNC_BYTE, 0x41, 0, 0x10 | counter]);
        bytes
    }

    #[test]
    fn counters_are_met_whatever_they_are() {
        for (last, next) in (0..16).flat_map(|last| (0..16).map(move |next| (last, next))) {
            let mut line = Line::new(0x100, true);
            line.count(Packet::new(&packet(last)));
            line.begin_anew();
            let (counter, fillers) = line.count(Packet::new(&packet(next)));
            let fillers = fillers.unwrap_or_default();
            let mut counters: Vec<u8> = fillers.chunks(188).map(|one| one[3] & 0x0f).collect();
            counters.push(counter);
            let expected = (1..).map(|step| (last + step) & 0x0f).take(counters.len());
            assert_eq!(counters, expected.collect::<Vec<u8>>());
            assert_eq!(counter, next);
        }
    }

    #[test]
    fn a_stream_takes_less_than_a_hundred_bytes() {
        assert!(size_of::<Line>() < 100, "{}", size_of::<Line>());
    }
}
