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

    /// A spell without media; one that begins within another, or as that ends, makes it longer.
    pub(super) fn outage(&mut self, from: Duration, to: Duration) {
        let place = self.outages.partition_point(|(begun, _)| *begun <= from);
        match self.outages[..place].last_mut() {
            Some((_, end)) if from <= *end => *end = to.max(*end),
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

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn late(outages: &[(u32, u32)], at: u32) -> Option<Duration> {
        let mut cadence = Cadence::default();
        cadence.fresh(SECOND * 10);
        for (from, to) in outages {
            cadence.outage(SECOND * *from, SECOND * *to);
        }
        cadence.late(SECOND * at, SECOND * 3)
    }

    #[test]
    fn nothing_is_late_before_there_was_something() {
        assert_eq!(Cadence::default().late(SECOND * 100, SECOND), None);
    }

    #[test]
    fn what_is_late_is_so_since_the_newest_segment_or_the_end_of_a_spell() {
        assert_eq!(late(&[], 13), None);
        assert_eq!(late(&[], 14), Some(SECOND * 4));
        assert_eq!(late(&[(12, 20)], 23), None);
        assert_eq!(late(&[(12, 20)], 24), Some(SECOND * 4));
        assert_eq!(
            late(&[(14, 20)], 16),
            Some(SECOND * 6),
            "it was late before"
        );
        assert_eq!(late(&[(5, 9)], 14), Some(SECOND * 4), "it was over before");
    }

    #[test]
    fn spells_are_told_in_any_order_and_grow() {
        assert_eq!(late(&[(21, 30), (12, 20)], 33), None);
        assert_eq!(late(&[(12, 13), (12, 20)], 23), None);
        assert_eq!(late(&[(12, 20), (12, 13)], 23), None);
        assert_eq!(late(&[(12, 20), (15, 16)], 23), None);
        let many: Vec<_> = (0..1_000).map(|turn| (turn, turn + 1)).collect();
        assert_eq!(late(&many, 999), None);
    }
}
