//! A channel runs as long as somebody is there, and not much longer.

use std::time::Duration;

use channel::{EndReason, Settings};

use crate::viewer::WORD_MAX;

/// How much later than the linger time a channel may end, and how much earlier for rounding.
const SLACK: Duration = Duration::from_secs(1);
const ROUNDING: Duration = Duration::from_millis(1);

#[derive(Debug, Default)]
pub(super) struct Presence {
    present: bool,
    since: Option<Duration>,
    /// The longest and the shortest linger time that was set since nobody has been there.
    longest: Duration,
    shortest: Duration,
}

impl Presence {
    pub(super) fn is(&mut self, now: Duration, present: bool, settings: &Settings) {
        if self.present != present || self.since.is_none() {
            self.present = present;
            self.since = Some(now);
            self.longest = settings.linger;
            self.shortest = settings.linger;
        }
        self.longest = self.longest.max(settings.linger);
        self.shortest = self.shortest.min(settings.linger);
    }

    pub(super) fn ended(&self, now: Duration, reason: EndReason, settings: &Settings) {
        if reason != EndReason::LastViewerLeft {
            return;
        }
        let Some(since) = self.since else { return };
        let lasted = now.saturating_sub(since);
        if self.present {
            assert!(
                lasted <= WORD_MAX,
                "stopped for want of viewers while one was there"
            );
            return;
        }
        let linger = self.shortest.min(settings.linger);
        assert!(
            linger <= lasted + ROUNDING,
            "stopped {lasted:?} after the last viewer, not {linger:?}"
        );
    }

    /// Nobody is there, and the channel runs: for how long may it?
    pub(super) fn check(&self, now: Duration, alive: bool, settings: &Settings) {
        if !alive || self.present {
            return;
        }
        let Some(since) = self.since else { return };
        let lasted = now.saturating_sub(since);
        let most = self.longest.max(settings.linger) + SLACK;
        assert!(
            lasted <= most,
            "it runs {lasted:?} after its last viewer, {most:?} at most"
        );
    }
}
