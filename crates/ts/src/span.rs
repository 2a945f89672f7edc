//! From when to when frames are shown, right across the wrap and whatever order they are sent in.

use crate::Timestamp;
use crate::frame::Frame;

/// The time that frames cover.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(crate) struct Span {
    /// The lowest time.
    pub(crate) start: Timestamp,
    /// From the lowest to the highest.
    width: u64,
    frames: u64,
}

impl Span {
    /// Of these frames; `None` where none has a time.
    pub(crate) fn of(frames: &[Frame]) -> Option<Span> {
        frames.iter().fold(None, Span::with)
    }

    /// A span and one more frame; a frame without a time counts as one and moves nothing.
    pub(crate) fn with(span: Option<Span>, frame: &Frame) -> Option<Span> {
        let (span, pts) = match (span, frame.pts) {
            (None, None) => return None,
            (None, Some(start)) => {
                return Some(Span {
                    start,
                    width: 0,
                    frames: 1,
                });
            }
            (Some(span), None) => {
                return Some(Span {
                    frames: span.frames + 1,
                    ..span
                });
            }
            (Some(span), Some(pts)) => (span, pts),
        };
        let offset = span.start.offset_to(pts);
        let ahead = offset.unsigned_abs();
        let (start, width) = if offset < 0 {
            (pts, span.width + ahead)
        } else {
            (span.start, span.width.max(ahead))
        };
        Some(Span {
            start,
            width,
            frames: span.frames + 1,
        })
    }

    /// The mean length of a frame, rounded to a tick.
    pub(crate) fn frame(self) -> Option<u64> {
        let steps = self.frames - 1;
        if steps == 0 || self.width == 0 {
            return None;
        }
        Some((self.width + steps / 2) / steps)
    }

    /// From the first frame's start to the last one's end.
    pub(crate) fn ticks(self) -> Option<u64> {
        Some(self.width + self.frame()?)
    }

    /// When the last frame is over.
    pub(crate) fn end(self) -> Option<Timestamp> {
        Some(self.start.shifted(self.ticks()?.cast_signed()))
    }
}

/// The longest step from one frame to the next in the order of showing.
pub(crate) fn longest_step(frames: &[Frame]) -> Option<u64> {
    let mut times = frames.iter().filter_map(|frame| frame.pts);
    let first = times.next()?;
    let mut offsets: Vec<i64> = times.map(|pts| first.offset_to(pts)).chain([0]).collect();
    offsets.sort_unstable();
    offsets
        .windows(2)
        .map(|pair| pair[1].abs_diff(pair[0]))
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(times: &[u64]) -> Vec<Frame> {
        let frame = |pts: &u64| Frame {
            packet: 0,
            pts: Some(Timestamp(*pts)),
            dts: None,
            key: false,
        };
        times.iter().map(frame).collect()
    }

    #[test]
    fn frames_sent_out_of_order_span_from_the_lowest_to_the_end_of_the_highest() {
        let span = Span::of(&frames(&[7200, 18_000, 10_800, 14_400])).expect("times");
        assert_eq!(span.start, Timestamp(7200));
        assert_eq!(span.frame(), Some(3600));
        assert_eq!(span.end(), Some(Timestamp(21_600)));
    }

    #[test]
    fn a_span_goes_across_the_wrap() {
        let wrap = 1_u64 << 33;
        let span = Span::of(&frames(&[wrap - 3600, 3600, 0])).expect("times");
        assert_eq!(span.ticks(), Some(10_800));
        assert_eq!(span.end(), Some(Timestamp(7200)));
    }

    #[test]
    fn a_jump_is_the_longest_step() {
        assert_eq!(
            longest_step(&frames(&[0, 3600, 90_000_000, 90_003_600])),
            Some(89_996_400)
        );
        assert_eq!(longest_step(&frames(&[0])), None);
    }

    #[test]
    fn a_single_frame_has_a_start_and_no_length() {
        let span = Span::of(&frames(&[5])).expect("a time");
        assert_eq!((span.start, span.ticks()), (Timestamp(5), None));
    }
}
