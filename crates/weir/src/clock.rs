//! The only place that asks what time it is.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use channel::Moment;
use jiff::Timestamp;
use tokio::time::Instant;

/// Numbers of segments are derived from the time since this day, so that they rise over restarts
/// whatever becomes of the data folder. 2026-01-01T00:00:00Z.
const NUMBERING_EPOCH: Duration = Duration::from_secs(1_767_225_600);

/// A monotonic clock with an origin of its own; copies agree.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
}

impl Clock {
    /// A clock whose origin is now.
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    pub fn start() -> Self {
        Self {
            origin: Instant::now(),
        }
    }

    /// Time since the origin.
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    pub fn now(&self) -> Moment {
        Moment(Instant::now().duration_since(self.origin))
    }

    /// The runtime's name for a moment, to sleep until it.
    pub fn instant(&self, moment: Moment) -> Instant {
        self.origin + moment.0
    }

    /// The wall clock's date at the origin. Derived anew at each call: a channel asks once, when
    /// it begins, and keeps to the monotonic clock from then on.
    pub fn wall_at_origin(&self) -> Timestamp {
        wall()
            .checked_sub(self.now().0)
            .unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// A moment as a date.
    pub fn date(&self, moment: Moment) -> Timestamp {
        let age = self.now().since(moment);
        wall().checked_sub(age).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// The wall clock's date.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn wall() -> Timestamp {
    Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Time since the day from which segments are numbered.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn since_numbering_epoch() -> Duration {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    since.saturating_sub(NUMBERING_EPOCH)
}
