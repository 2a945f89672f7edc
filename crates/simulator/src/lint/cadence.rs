//! Whether new segments come in time; spells in which the source delivered nothing do not count.

use std::time::Duration;

/// Spells that are remembered; older ones are over for longer than any wait that is judged.
const OUTAGES_MAX: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Cadence {
    /// When the newest segment was seen first.
    newest_at: Option<Duration>,
    /// From when to when, in the order of their beginning.
    outages: Vec<(Duration, Duration)>,
}

impl Cadence {
    pub(super) fn fresh(&mut self, at: Duration) {
        self.newest_at = Some(at);
    }

    /// A spell without media; one that began just then already becomes longer.
    pub(super) fn outage(&mut self, from: Duration, to: Duration) {
        let place = self.outages.partition_point(|(begun, _)| *begun < from);
        match self.outages.get_mut(place) {
            Some((begun, end)) if *begun == from => *end = to.max(*end),
            _ => self.outages.insert(place, (from, to)),
        }
        if OUTAGES_MAX < self.outages.len() {
            self.outages.remove(0);
        }
    }

    /// How long there has been nothing new though there should: since the newest segment, or since the end of a
    /// spell that began in time. What is seen is later than what was published, so this never says too much.
    pub(super) fn late(&self, at: Duration, patience: Duration) -> Option<Duration> {
        let newest_at = self.newest_at?;
        let since =
            self.outages
                .iter()
                .fold(newest_at, |since, (from, to)| match since + patience {
                    due if *from <= due => since.max(*to),
                    _ => since,
                });
        let waited = at.saturating_sub(since);
        (patience < waited).then_some(waited)
    }
}
