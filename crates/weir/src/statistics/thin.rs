//! Many readings become one: means of what goes up and down, the last of what counts.

use super::Reading;

/// Seconds that one thinned reading stands for: minutes for a chart of days, ten of them for one of weeks.
pub const STEPS: [u32; 2] = [60, 600];

/// The readings of the span that is under way.
#[derive(Clone, Debug)]
pub struct Thin {
    step: u32,
    peers: Mean,
    speed_down: Mean,
    speed_up: Mean,
    last: Option<Reading>,
}

/// Numbers, of which some may be unknown.
#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    sum: u64,
    count: u64,
}

impl Mean {
    fn add(&mut self, number: Option<u64>) {
        if let Some(number) = number {
            self.sum = self.sum.saturating_add(number);
            self.count += 1;
        }
    }

    fn value(self) -> Option<u64> {
        let half = self.count / 2;
        let rounded = self.sum.saturating_add(half).checked_div(self.count);
        rounded.filter(|_| 0 < self.count)
    }
}

impl Thin {
    pub(super) fn new(step: u32) -> Self {
        Self {
            step,
            peers: Mean::default(),
            speed_down: Mean::default(),
            speed_up: Mean::default(),
            last: None,
        }
    }

    pub(super) fn step(&self) -> u32 {
        self.step
    }

    /// Takes a reading in; returns what stands for the span before, if this is the first one behind it.
    pub(super) fn add(&mut self, reading: &Reading) -> Option<Reading> {
        let span = |it: &Reading| it.at.as_second().div_euclid(i64::from(self.step));
        let before = self
            .last
            .as_ref()
            .is_some_and(|last| span(last) != span(reading));
        let done = before.then(|| std::mem::replace(self, Self::new(self.step)).rest());
        self.peers.add(reading.peers);
        self.speed_down.add(reading.speed_down);
        self.speed_up.add(reading.speed_up);
        self.last = Some(reading.clone());
        done.flatten()
    }

    /// What stands for the span so far.
    pub(super) fn rest(self) -> Option<Reading> {
        Some(Reading {
            peers: self.peers.value(),
            speed_down: self.speed_down.value(),
            speed_up: self.speed_up.value(),
            ..self.last?
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn reading(second: i64, peers: Option<u64>, downloaded: u64) -> Reading {
        Reading {
            at: Timestamp::from_second(second).expect("a time"),
            peers,
            downloaded: Some(downloaded),
            ..Reading::default()
        }
    }

    #[test]
    fn a_span_becomes_the_mean_of_what_was_known_and_the_last_of_what_counts() {
        let mut thin = Thin::new(60);
        for (second, peers, downloaded) in [(61, Some(4), 1), (80, None, 2), (119, Some(9), 3)] {
            assert_eq!(thin.add(&reading(second, peers, downloaded)), None);
        }
        let done = thin
            .add(&reading(120, Some(100), 9))
            .expect("a span is over");
        assert_eq!((done.at.as_second(), done.peers), (119, Some(7)));
        assert_eq!((done.downloaded, done.speed_down), (Some(3), None));
        let rest = thin.rest().expect("the span under way");
        assert_eq!((rest.at.as_second(), rest.peers), (120, Some(100)));
        assert_eq!(Thin::new(60).rest(), None);
    }
}
