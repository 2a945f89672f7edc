//! How loops are looked for: a value, its ranges, and what is wrong with a change of it.

use std::ops::RangeInclusive;
use std::time::Duration;

use store::history::LoopDetection;

use crate::settings::Mistake;

/// Seconds that the newest media may be old: less is a delay, and a month is as good as never.
const THRESHOLD: RangeInclusive<u64> = 60..=2_592_000;

/// Seconds between two looks.
const CHECK_INTERVAL: RangeInclusive<u64> = 5..=3_600;

/// Minutes that one is refused: up to a year; 0 is for ever.
const RETENTION: RangeInclusive<u64> = 0..=525_600;

/// How loops are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detection {
    /// Whether they are.
    pub enabled: bool,
    /// Seconds that the newest media of a live stream may be old.
    pub threshold_seconds: u64,
    /// Seconds between two looks.
    pub check_interval_seconds: u64,
    /// Minutes that one is refused; 0 for ever.
    pub retention_minutes: u64,
}

/// What is to be changed of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Whether loops are looked for.
    pub enabled: Option<bool>,
    /// Seconds that the newest media may be old.
    pub threshold_seconds: Option<u64>,
    /// Seconds between two looks.
    pub check_interval_seconds: Option<u64>,
    /// Minutes that one is refused.
    pub retention_minutes: Option<u64>,
}

impl Default for Detection {
    fn default() -> Self {
        Self {
            enabled: false,
            threshold_seconds: 3_600,
            check_interval_seconds: 10,
            retention_minutes: 0,
        }
    }
}

impl Detection {
    /// How long one is refused; nothing for ever.
    pub fn retention(&self) -> Option<Duration> {
        let kept = Duration::from_secs(self.retention_minutes * 60);
        (!kept.is_zero()).then_some(kept)
    }

    /// The time between two looks.
    pub fn interval(&self) -> Duration {
        Duration::from_secs(self.check_interval_seconds)
    }

    /// Whether a live stream loops whose newest media is of `live_last`, both in seconds since 1970.
    pub fn is_loop(&self, live_last: u64, now: i64) -> bool {
        let live_last = i64::try_from(live_last).unwrap_or(i64::MAX);
        let threshold = self.threshold_seconds.cast_signed();
        // An engine that has nothing yet may say 0.
        0 < live_last && threshold < now.saturating_sub(live_last)
    }

    /// What it is with a change; all that is wrong with the change otherwise.
    pub fn with(self, change: &Change) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let mut take = |field, given: Option<u64>, now, range: RangeInclusive<u64>, unit| {
            let value = given.unwrap_or(now);
            if !range.contains(&value) {
                let (min, max) = (range.start(), range.end());
                mistakes.push(Mistake {
                    field: String::from(field),
                    message: format!("{field} must be between {min} and {max} {unit}"),
                    value: None,
                });
            }
            value
        };
        let changed = Self {
            enabled: change.enabled.unwrap_or(self.enabled),
            threshold_seconds: take(
                "threshold_seconds",
                change.threshold_seconds,
                self.threshold_seconds,
                THRESHOLD,
                "seconds",
            ),
            check_interval_seconds: take(
                "check_interval_seconds",
                change.check_interval_seconds,
                self.check_interval_seconds,
                CHECK_INTERVAL,
                "seconds",
            ),
            retention_minutes: take(
                "retention_minutes",
                change.retention_minutes,
                self.retention_minutes,
                RETENTION,
                "minutes",
            ),
        };
        if mistakes.is_empty() {
            Ok(changed)
        } else {
            Err(mistakes)
        }
    }
}

impl From<LoopDetection> for Detection {
    /// What was kept may be of another version, so that it is judged like any change.
    fn from(kept: LoopDetection) -> Self {
        let change = Change {
            enabled: Some(kept.enabled),
            threshold_seconds: Some(kept.threshold),
            check_interval_seconds: Some(kept.check_interval),
            retention_minutes: Some(kept.retention),
        };
        Self::default().with(&change).unwrap_or_default()
    }
}

impl From<Detection> for LoopDetection {
    fn from(detection: Detection) -> Self {
        Self {
            enabled: detection.enabled,
            threshold: detection.threshold_seconds,
            check_interval: detection.check_interval_seconds,
            retention: detection.retention_minutes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_media_is_a_loop_only_when_its_age_is_known_and_beyond_the_threshold() {
        let detection = Detection::default();
        let now = 1_800_000_000;
        assert!(!detection.is_loop(now as u64 - 3_600, now));
        assert!(detection.is_loop(now as u64 - 3_601, now));
        // A broadcaster's clock may go fast, and an engine may know nothing.
        for unknown in [now as u64 + 50, 0, u64::MAX] {
            assert!(!detection.is_loop(unknown, now), "{unknown}");
        }
    }

    #[test]
    fn one_is_refused_for_as_many_minutes_as_is_set_or_for_ever() {
        let detection = |retention_minutes| Detection {
            retention_minutes,
            ..Detection::default()
        };
        let half_an_hour = Duration::from_mins(30);
        assert_eq!(detection(30).retention(), Some(half_an_hour));
        assert_eq!(detection(0).retention(), None);
    }

    #[test]
    fn a_change_is_taken_as_a_whole_or_refused_with_all_that_is_wrong() {
        let detection = Detection::default();
        let change = Change {
            enabled: Some(true),
            threshold_seconds: Some(60),
            ..Change::default()
        };
        let changed = detection.with(&change).expect("a good change");
        assert!(changed.enabled && changed.threshold_seconds == 60);
        assert_eq!(changed.check_interval_seconds, 10);
        let change = Change {
            threshold_seconds: Some(59),
            check_interval_seconds: Some(4),
            retention_minutes: Some(u64::MAX),
            ..Change::default()
        };
        let mistakes = detection.with(&change).expect_err("a bad change");
        let fields: Vec<_> = mistakes.iter().map(|it| it.field.as_str()).collect();
        let wrong = [
            "threshold_seconds",
            "check_interval_seconds",
            "retention_minutes",
        ];
        assert_eq!(fields, wrong);
    }
}
