//! What a continuous source has sent ahead of its own pace, and when the next of it is to be shown: a burst must not
//! throw viewers forward, and what is kept back covers the source's next silence.

use std::collections::VecDeque;
use std::time::Duration;

use ts::segment::Segment;

use crate::settings::Settings;
use crate::time::Moment;

/// Media that may be shown before its time has come. A clock that is a little off, and key frames that come a little
/// early, are no burst.
const EARLY_MAX: Duration = Duration::from_secs(1);

/// Media by which the source may catch up at once after it was late, about one segment: what an ordinary hitch makes. The rest
/// of a longer silence's burst is shown at the stream's pace.
const LATE_MAX: Duration = Duration::from_secs(4);

/// A source whose clock is faster than ours fills the reserve in the long run; then it is shown so much faster. Clocks are
/// ten times better than that, and no viewer falls behind by more than four seconds in an hour.
const FASTER: f64 = 0.999;

/// The share of a channel's memory that may wait here.
const BYTES_SHARE: usize = 4;

/// Whole segments that are not published yet, in order.
#[derive(Debug, Default)]
pub(crate) struct Reserve {
    waiting: VecDeque<Waiting>,
    bytes: usize,
    duration: Duration,
    /// When what was shown last is over, for somebody who watches at the stream's pace; nothing while everything is shown at once.
    shown_until: Option<Moment>,
    /// There was too much.
    faster: bool,
    /// What comes next is of another source.
    breaks: bool,
}

/// A segment that waits, and whether it does not go on from the one before it.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) segment: Segment,
    pub(crate) breaks: bool,
}

impl Reserve {
    /// Adds a segment behind all others.
    pub(crate) fn push(&mut self, segment: Segment) {
        self.bytes += segment.media_bytes;
        self.duration += segment.duration;
        let breaks = std::mem::take(&mut self.breaks);
        self.waiting.push_back(Waiting { segment, breaks });
    }

    /// What is added next does not go on from what was added before.
    pub(crate) fn break_next(&mut self) {
        self.breaks = true;
    }

    /// Whether that is so.
    pub(crate) fn breaks_next(&self) -> bool {
        self.breaks
    }

    /// From now on what comes is shown at the stream's pace.
    pub(crate) fn pace(&mut self, now: Moment) {
        self.shown_until.get_or_insert(now);
    }

    /// Whether that is so.
    pub(crate) fn is_paced(&self) -> bool {
        self.shown_until.is_some()
    }

    /// Forgets the pace and everything that waits.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The next segment, if its time has come.
    pub(crate) fn pop(&mut self, now: Moment) -> Option<Waiting> {
        if now < self.due()? {
            return None;
        }
        if let Some(until) = self.shown_until {
            let late = Moment(now.0.saturating_sub(LATE_MAX));
            let shown = until + self.length(&self.waiting.front()?.segment);
            self.shown_until = Some(shown.max(late));
        }
        self.take()
    }

    /// The next segment, whether its time has come or not.
    pub(crate) fn take(&mut self) -> Option<Waiting> {
        let next = self.waiting.pop_front()?;
        self.bytes -= next.segment.media_bytes;
        self.duration -= next.segment.duration;
        self.faster &= !self.waiting.is_empty();
        Some(next)
    }

    /// When the next segment is to be shown.
    pub(crate) fn due(&self) -> Option<Moment> {
        let next = self.waiting.front()?;
        let Some(until) = self.shown_until else {
            return Some(Moment::ZERO);
        };
        let due = until + self.length(&next.segment);
        Some(Moment(due.0.saturating_sub(EARLY_MAX)))
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Media that waits, in time.
    pub(crate) fn duration(&self) -> Duration {
        self.duration
    }

    /// Whether no more should be read before some of it is shown.
    pub(crate) fn is_full(&mut self, settings: &Settings) -> bool {
        let full = settings.initial_buffer <= self.duration
            || settings.bytes_max / BYTES_SHARE <= self.bytes;
        self.faster |= full;
        full
    }

    fn length(&self, segment: &Segment) -> Duration {
        if self.faster {
            segment.duration.mul_f64(FASTER)
        } else {
            segment.duration
        }
    }
}
