//! Times that were measured in the last minutes, bounded, and what most of them stay below. It never looks at a clock.

use std::collections::VecDeque;
use std::time::Duration;

use channel::Moment;

/// Measurements kept: some minutes of segments, and enough for the highest percentile to say something.
const SAMPLES_MAX: usize = 256;

/// What is older says nothing about now.
const AGE_MAX: Duration = Duration::from_secs(300);

/// Measurements, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    recent: VecDeque<(Moment, Duration)>,
}

/// What half, nineteen of twenty, and ninety-nine of a hundred measurements do not exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percentiles {
    /// Half of them.
    pub p50: Duration,
    /// Nineteen of twenty.
    pub p95: Duration,
    /// Ninety-nine of a hundred.
    pub p99: Duration,
}

impl Samples {
    /// Something took so long.
    pub fn add(&mut self, now: Moment, took: Duration) {
        self.recent.push_back((now, took));
        if SAMPLES_MAX < self.recent.len() {
            self.recent.pop_front();
        }
    }

    /// What is known of the last minutes, if anything.
    pub fn percentiles(&self, now: Moment) -> Option<Percentiles> {
        let fresh = self
            .recent
            .iter()
            .filter(|(at, _)| now.since(*at) <= AGE_MAX);
        let mut sorted: Vec<_> = fresh.map(|(_, took)| *took).collect();
        sorted.sort_unstable();
        let of = |share: f64| {
            let rank = (share * sorted.len() as f64).ceil() as usize;
            sorted.get(rank.max(1) - 1).copied()
        };
        Some(Percentiles {
            p50: of(0.50)?,
            p95: of(0.95)?,
            p99: of(0.99)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment(Duration::from_secs(seconds))
    }

    #[test]
    fn percentiles_are_measurements_that_were_made() {
        let mut samples = Samples::default();
        assert_eq!(samples.percentiles(at(0)), None);
        for millis in (1..=100).rev() {
            samples.add(at(0), Duration::from_millis(millis));
        }
        let found = samples.percentiles(at(1)).expect("some");
        let millis = [found.p50, found.p95, found.p99].map(|it| it.as_millis());
        assert_eq!(millis, [50, 95, 99]);
    }

    #[test]
    fn what_is_old_is_forgotten_and_there_are_never_too_many() {
        let mut samples = Samples::default();
        samples.add(at(0), Duration::from_secs(9));
        samples.add(at(200), Duration::from_secs(1));
        let found = samples.percentiles(at(301)).expect("one");
        assert_eq!(found.p99, Duration::from_secs(1));
        assert_eq!(samples.percentiles(at(501)), None);
        for second in 0..1_000 {
            samples.add(at(second), Duration::ZERO);
        }
        assert_eq!(samples.recent.len(), SAMPLES_MAX);
    }
}
