//! Time on the 90 kHz clock of a transport stream; it wraps after 26.5 hours and never compares directly.

use std::time::Duration;

/// Ticks a second of presentation and decoding times.
pub const CLOCK_HZ: u64 = 90_000;

/// Timestamps have 33 bits.
const WRAP: u64 = 1 << 33;

/// A presentation or decoding time in ticks of 90 kHz, modulo 2^33; only distances between two mean anything.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The shortest signed distance to `later` in ticks: negative where `later` is earlier, right across the wrap.
    pub fn offset_to(self, later: Timestamp) -> i64 {
        let ahead = later.0.wrapping_sub(self.0) % WRAP;
        if ahead < WRAP / 2 {
            ahead.cast_signed()
        } else {
            ahead.cast_signed() - WRAP.cast_signed()
        }
    }

    /// This time and a duration, rounded to a tick.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Timestamp {
        Timestamp(self.0.wrapping_add(ticks(duration)) % WRAP)
    }

    /// This time moved by so many ticks, back where they are negative.
    #[must_use]
    pub fn shifted(self, by: i64) -> Timestamp {
        Timestamp(self.0.wrapping_add(by.cast_unsigned()) % WRAP)
    }
}

/// The nearest number of ticks; gives back exactly what [`duration`] was made from.
pub fn ticks(duration: Duration) -> u64 {
    let nanos = duration.as_nanos() * u128::from(CLOCK_HZ) + 500_000_000;
    u64::try_from(nanos / 1_000_000_000).unwrap_or(u64::MAX)
}

/// Ticks as a duration, rounded down to a nanosecond.
pub fn duration(ticks: u64) -> Duration {
    let rest = ticks % CLOCK_HZ * 1_000_000_000 / CLOCK_HZ;
    Duration::from_secs(ticks / CLOCK_HZ) + Duration::from_nanos(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_distance_goes_the_short_way_across_the_wrap() {
        assert_eq!(Timestamp(WRAP - 10).offset_to(Timestamp(20)), 30);
        assert_eq!(Timestamp(20).offset_to(Timestamp(WRAP - 10)), -30);
        assert_eq!(Timestamp(5).offset_to(Timestamp(5)), 0);
    }

    #[test]
    fn adding_a_duration_wraps() {
        let late = Timestamp(WRAP - 45_000);
        assert_eq!(late.plus(Duration::from_secs(1)), Timestamp(45_000));
    }

    proptest! {
        #[test]
        fn ticks_survive_being_a_duration(value in 0..WRAP) {
            prop_assert_eq!(ticks(duration(value)), value);
        }

        #[test]
        fn a_shift_is_the_distance(from in 0..WRAP, by in -(1_i64 << 31)..(1_i64 << 31)) {
            let start = Timestamp(from);
            prop_assert_eq!(start.offset_to(start.shifted(by)), by);
        }
    }
}
