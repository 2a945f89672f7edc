//! Numbers, durations and dates as they are found in playlists; never one that later arithmetic cannot bear.

use std::time::Duration;

use jiff::{Timestamp, civil, tz::TimeZone};

/// A day; a longer segment is a fault, and sums of such durations stay far from overflow.
const DURATION_MAX: Duration = Duration::from_hours(24);

/// A whole number that is not negative.
pub(super) fn whole(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// Decimal seconds to the nearest microsecond; `None` for what is negative, endless or no number.
pub(super) fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.trim().parse().ok()?;
    if !(0.0..=DURATION_MAX.as_secs_f64()).contains(&seconds) {
        return None;
    }
    Some(Duration::from_micros((seconds * 1e6).round() as u64))
}

/// The duration of an `EXTINF`. What follows a comma is its title, also where `4,7` meant 4.7, since nothing
/// tells the two apart; the comma may be missing.
pub(super) fn segment_duration(value: &str) -> Option<Duration> {
    let number = value.split(',').next()?;
    seconds(number).or_else(|| seconds(number.split_whitespace().next()?))
}

/// Whole seconds of at least one, rounded up: the target duration is never less than a segment (4.3.3.1).
pub(super) fn round_up(duration: Duration) -> Duration {
    let seconds = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    Duration::from_secs(seconds.max(1))
}

/// `length[@offset]`, as written.
pub(super) fn byte_range(value: &str) -> Option<(u64, Option<u64>)> {
    match value.trim_matches('"').split_once('@') {
        Some((length, offset)) => Some((whole(length)?, Some(whole(offset)?))),
        None => Some((whole(value.trim_matches('"'))?, None)),
    }
}

/// A date with an offset, with or without its colon; one without any is taken as UTC.
pub(super) fn date(value: &str) -> Option<Timestamp> {
    if !value.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    value.parse().ok().or_else(|| {
        let date: civil::DateTime = value.parse().ok()?;
        date.to_zoned(TimeZone::UTC)
            .ok()
            .map(|zoned| zoned.timestamp())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_exact_to_the_microsecond() {
        for (text, micros) in [
            ("5.720000", 5_720_000),
            ("9.9766", 9_976_600),
            (" 4 ", 4_000_000),
            ("4.004004", 4_004_004),
            ("0", 0),
            (".5", 500_000),
            ("86399.999999", 86_399_999_999),
        ] {
            assert_eq!(seconds(text), Some(Duration::from_micros(micros)), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_a_duration_is_none() {
        for text in [
            "", "-1", "abc", "inf", "NaN", "1e300", "86401", "4:00", "4s",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn a_title_begins_at_the_comma_or_at_a_blank() {
        for (value, expected) in [
            ("4,7", 4.0),
            ("5.720000,", 5.72),
            ("5.72 news", 5.72),
            ("6.006,news, and more", 6.006),
            (" 2 , x", 2.0),
        ] {
            assert_eq!(
                segment_duration(value),
                Some(Duration::from_secs_f64(expected)),
                "{value}"
            );
        }
    }

    #[test]
    fn dates_are_read_with_every_offset_found_in_the_field() {
        let expected: Timestamp = "2026-11-22T10:00:00.120Z".parse().unwrap();
        for text in [
            "2026-11-22T10:00:00.120Z",
            "2026-11-22T10:00:00.120+0000",
            "2026-11-22T10:00:00.120+00:00",
            "2026-11-22T12:00:00.120+0200",
            "2026-11-22T09:30:00.120-00:30",
            "2026-11-22 10:00:00.120Z",
            "2026-11-22T10:00:00.120",
        ] {
            assert_eq!(date(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "yesterday",
            "-000001-01-01T00:00:00Z",
            "2026-13-01T00:00:00Z",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
    }
}
