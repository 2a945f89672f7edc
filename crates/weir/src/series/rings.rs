//! Points in time: each second for some minutes, each tenth of them for an hour.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

/// Time between two samples.
pub const FINE_STEP: Duration = Duration::from_secs(1);

/// Points of a second each: five minutes.
const FINE_MAX: usize = 300;

/// How many of those make one of the others.
const COARSE_EVERY: u64 = 10;

/// Points of ten seconds each: an hour.
const COARSE_MAX: usize = 360;

/// A point has a date.
pub trait Dated: Copy {
    /// When it was sampled.
    fn at(&self) -> Timestamp;
}

/// Points that follow on each other in even steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch<P> {
    /// The step.
    pub step: Duration,
    /// The points, oldest first.
    pub points: Vec<P>,
}

impl<P> Default for Stretch<P> {
    fn default() -> Self {
        Self {
            step: FINE_STEP,
            points: Vec::new(),
        }
    }
}

/// The newest points, in two grains.
#[derive(Clone, Debug)]
pub struct Rings<P> {
    fine: VecDeque<P>,
    coarse: VecDeque<P>,
    taken: u64,
}

impl<P> Default for Rings<P> {
    fn default() -> Self {
        Self {
            fine: VecDeque::new(),
            coarse: VecDeque::new(),
            taken: 0,
        }
    }
}

impl<P: Dated> Rings<P> {
    /// Adds the newest.
    pub fn push(&mut self, point: P) {
        if self.taken.is_multiple_of(COARSE_EVERY) {
            push(&mut self.coarse, point, COARSE_MAX);
        }
        push(&mut self.fine, point, FINE_MAX);
        self.taken += 1;
    }

    /// Points behind a date, in the finer grain as far as it reaches; without one, all of the finer grain.
    pub fn since(&self, since: Option<Timestamp>) -> Stretch<P> {
        let first = |ring: &VecDeque<P>| ring.front().map(P::at);
        let wanted = since.unwrap_or(Timestamp::MAX);
        let reaches = first(&self.fine).is_none_or(|fine| fine <= wanted);
        let more = first(&self.coarse) < first(&self.fine);
        let (step, ring) = if reaches || !more {
            (FINE_STEP, &self.fine)
        } else {
            (FINE_STEP * COARSE_EVERY as u32, &self.coarse)
        };
        let points = ring.iter().copied();
        let points = points.filter(|point| since.is_none_or(|since| since < point.at()));
        Stretch {
            step,
            points: points.collect(),
        }
    }
}

fn push<P>(ring: &mut VecDeque<P>, point: P, max: usize) {
    if ring.len() == max {
        ring.pop_front();
    }
    ring.push_back(point);
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Dated for Timestamp {
        fn at(&self) -> Timestamp {
            *self
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).expect("a date")
    }

    fn rings(seconds: i64) -> Rings<Timestamp> {
        let mut rings = Rings::default();
        for second in 0..seconds {
            rings.push(at(second));
        }
        rings
    }

    /// How many points there are, a step, and the first.
    fn found(rings: &Rings<Timestamp>, since: Option<i64>) -> (usize, u64, Timestamp) {
        let Stretch { step, points } = rings.since(since.map(at));
        (points.len(), step.as_secs(), points[0])
    }

    #[test]
    fn the_last_minutes_are_told_by_the_second_and_the_hour_in_tens() {
        let rings = rings(10_000);
        assert_eq!(found(&rings, None), (300, 1, at(9_700)));
        assert_eq!(found(&rings, Some(9_989)), (10, 1, at(9_990)));
        assert_eq!(found(&rings, Some(9_500)), (49, 10, at(9_510)));
        assert_eq!(found(&rings, Some(0)), (360, 10, at(6_400)));
    }

    #[test]
    fn what_has_just_begun_is_told_by_the_second_however_far_back_it_is_asked_for() {
        assert_eq!(found(&rings(200), Some(-1_000)), (200, 1, at(0)));
        assert!(rings(0).since(None).points.is_empty());
    }
}
