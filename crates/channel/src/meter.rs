//! How fast bytes flow: a rate over the last ten seconds or so, from two sums; it never looks at a clock.

use std::time::Duration;

use crate::time::Moment;

/// Long enough to hold a segment or two, so that the rate of a viewer who fetches segments is steady.
const SPAN: Duration = Duration::from_secs(10);

/// A rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meter {
    /// When the running span began; nothing before the first byte.
    began: Option<Moment>,
    /// Bytes of the running span.
    bytes: u64,
    /// Bytes of the span before it.
    before: Option<u64>,
}

impl Meter {
    /// So many bytes passed.
    pub fn add(&mut self, now: Moment, bytes: u64) {
        self.turn(now);
        self.bytes += bytes;
    }

    /// Bits per second: what passed in the running span, and a share of the span before.
    pub fn rate(mut self, now: Moment) -> u64 {
        let Some(_) = self.began else {
            return 0;
        };
        self.turn(now);
        let age = now.since(self.began.unwrap_or(now));
        let bytes = match self.before {
            Some(before) => {
                let share = 1.0 - age.as_secs_f64() / SPAN.as_secs_f64();
                self.bytes as f64 + before as f64 * share
            }
            // A first burst says nothing about a second: it is spread over the whole span.
            None => self.bytes as f64,
        };
        (bytes * 8.0 / SPAN.as_secs_f64()) as u64
    }

    /// Begins another span when the running one is over.
    fn turn(&mut self, now: Moment) {
        let began = *self.began.get_or_insert(now);
        let age = now.since(began);
        if age < SPAN {
            return;
        }
        let just_now = age < SPAN * 2;
        self.before = Some(if just_now { self.bytes } else { 0 });
        self.bytes = 0;
        self.began = Some(if just_now { began + SPAN } else { now });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment(Duration::from_secs(seconds))
    }

    #[test]
    fn a_steady_flow_has_a_steady_rate() {
        let mut meter = Meter::default();
        for second in 0..60 {
            meter.add(at(second), 1_000);
            if 20 < second {
                let rate = meter.rate(at(second));
                assert!((7_200..=8_800).contains(&rate), "{rate} at {second}");
            }
        }
    }

    #[test]
    fn what_has_stopped_has_none_after_two_spans() {
        let mut meter = Meter::default();
        assert_eq!(meter.rate(at(5)), 0);
        meter.add(at(0), 10_000);
        assert_eq!(meter.rate(at(0)), 8_000);
        assert_eq!(meter.rate(at(15)), 4_000);
        assert_eq!(meter.rate(at(20)), 0);
        assert_eq!(meter.rate(at(500)), 0);
    }
}
