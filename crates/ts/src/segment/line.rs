//! How time goes on in one stream, in the order of sending: what is a step and what is a jump; exact across the wrap.

use crate::frame::Frame;
use crate::{CLOCK_HZ, Timestamp};

/// Frames of live streams are at most so far apart; players stop at steps that are longer.
const STEP_TICKS_MAX: i64 = CLOCK_HZ.cast_signed();

/// Times of decoding never go back but by what muxers round; times of showing, where nothing else is said, go back and forth
/// within a second.
const DECODED_BACK_TICKS_MAX: i64 = STEP_TICKS_MAX / 5;

/// A step is none the less no jump when it is at most so many times the one before: a slide show goes on in large steps.
const STEPS_MAX: i64 = 4;

/// 25 frames a second, until the stream tells better.
const FRAME_TICKS: u64 = CLOCK_HZ / 25;

/// When a frame is decoded; frames that do not say it are decoded when they are shown.
pub(crate) fn due(frame: &Frame) -> Option<Timestamp> {
    frame.dts.or(frame.pts)
}

/// Whether time jumps on its way from the latest time so far to this frame, after a step of this many ticks.
pub(crate) fn jumps(latest: Timestamp, now: Timestamp, decoded: bool, step_before: i64) -> bool {
    let step = latest.offset_to(now);
    let back = if decoded {
        DECODED_BACK_TICKS_MAX
    } else {
        STEP_TICKS_MAX
    };
    step < -back || step_before.saturating_mul(STEPS_MAX).max(STEP_TICKS_MAX) < step
}

/// The lead stream's time since a segment's beginning.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Line {
    start: Timestamp,
    latest: Timestamp,
    /// Frames so far, the one at the beginning included.
    frames: u64,
    /// The length of a frame in the segment before.
    frame_before: u64,
    step: i64,
}

impl Line {
    /// Time begins here, and goes on as in the segment before if there is one.
    pub(crate) fn from(start: Timestamp, before: Option<&Line>) -> Line {
        Line {
            start,
            latest: start,
            frames: 1,
            frame_before: before.map_or(FRAME_TICKS, Line::frame),
            step: before.map_or(0, |before| before.step),
        }
    }

    /// Ticks from the beginning to this time; negative before it.
    pub(crate) fn until(&self, time: Timestamp) -> i64 {
        self.start.offset_to(time)
    }

    /// Whether this time, which may be one of decoding, does not go on from the last one.
    pub(crate) fn jumps(&self, time: Timestamp, decoded: bool) -> bool {
        jumps(self.latest, time, decoded, self.step)
    }

    /// Takes the next frame, whether its time is said or not.
    pub(crate) fn take(&mut self, time: Option<Timestamp>) {
        self.frames += 1;
        let Some(time) = time else { return };
        let step = self.latest.offset_to(time);
        if 0 < step {
            self.latest = time;
            self.step = step;
        }
    }

    /// The latest time so far.
    pub(crate) fn latest(&self) -> Timestamp {
        self.latest
    }

    /// The mean length of a frame.
    pub(crate) fn frame(&self) -> u64 {
        let width = self.until(self.latest).unsigned_abs();
        match self.frames - 1 {
            0 => self.frame_before,
            _ if width == 0 => self.frame_before,
            steps => (width + steps / 2) / steps,
        }
    }

    /// When the last frame is over.
    pub(crate) fn end(&self) -> Timestamp {
        self.latest.shifted(self.frame().cast_signed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRAP: u64 = 1 << 33;

    #[test]
    fn the_wrap_is_a_step_and_no_jump() {
        let line = Line::from(Timestamp(WRAP - 3600), None);
        assert!(!line.jumps(Timestamp(0), false));
        assert!(line.jumps(Timestamp(200_000), false));
        assert!(line.jumps(Timestamp(WRAP - 200_000), false));
    }

    #[test]
    fn large_steps_are_jumps_until_the_stream_goes_on_in_them() {
        let mut line = Line::from(Timestamp(0), None);
        assert!(line.jumps(Timestamp(450_000), false));
        line.take(Some(Timestamp(450_000)));
        assert!(!line.jumps(Timestamp(900_000), false));
    }

    #[test]
    fn frames_without_times_count_for_the_length_of_a_frame() {
        let mut line = Line::from(Timestamp(0), None);
        for time in [None, None, Some(Timestamp(10_800))] {
            line.take(time);
        }
        assert_eq!(line.frame(), 3600);
        assert_eq!(line.end(), Timestamp(14_400));
        let next = Line::from(line.end(), Some(&line));
        assert_eq!(next.frame(), 3600);
    }
}
