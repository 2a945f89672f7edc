//! The settings an operator may change: two tables, from which checks, help and answers are made.

mod card;
mod change;
mod choice;
mod keeper;
mod past;
mod saved;
mod table;

use std::fmt::Write;
use std::time::Duration;

use sha2::{Digest, Sha256};

pub use card::card;
pub use change::{Change, Given, Mistake};
pub use choice::{CHOICES, Choice, EngineStream, Slate, StreamMode};
pub use keeper::{Keeper, NotKept, Who, Wish};
pub use table::{Key, TABLE, Unit};

/// Digits of a revision: enough that no two of one operator's values share one.
const REVISION_DIGITS: usize = 16;

/// Two settings that cannot both be as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The one that is too great.
    pub name: &'static str,
    /// The one that it may not exceed.
    pub other: &'static str,
    /// What is wrong.
    pub message: String,
}

/// The values of all settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// `hls_max_segments`
    pub hls_max_segments: usize,
    /// `hls_initial_segments`
    pub hls_initial_segments: usize,
    /// `hls_window_size`
    pub hls_window_size: usize,
    /// `hls_buffer_ready_timeout`
    pub hls_buffer_ready_timeout: Duration,
    /// `hls_first_segment_timeout`
    pub hls_first_segment_timeout: Duration,
    /// `hls_initial_buffer_seconds`
    pub hls_initial_buffer_seconds: Duration,
    /// `hls_max_initial_segments`
    pub hls_max_initial_segments: usize,
    /// `hls_segment_fetch_interval`
    pub hls_segment_fetch_interval: f64,
    /// `ts_join_seconds`
    pub ts_join_seconds: Duration,
    /// `segment_seconds`
    pub segment_seconds: Duration,
    /// `initial_data_wait_timeout`
    pub initial_data_wait_timeout: Duration,
    /// `initial_data_check_interval`
    pub initial_data_check_interval: Duration,
    /// `no_data_timeout_checks`
    pub no_data_timeout_checks: usize,
    /// `no_data_check_interval`
    pub no_data_check_interval: Duration,
    /// `connection_timeout`
    pub connection_timeout: Duration,
    /// `stream_timeout`
    pub stream_timeout: Duration,
    /// `channel_shutdown_delay`
    pub channel_shutdown_delay: Duration,
    /// `max_streams_per_engine`
    pub max_streams_per_engine: usize,
    /// `engine_wait_timeout`
    pub engine_wait_timeout: Duration,
    /// `stream_mode`
    pub stream_mode: StreamMode,
    /// `engine_stream`
    pub engine_stream: EngineStream,
    /// `slate`
    pub slate: Slate,
}

impl Default for Settings {
    fn default() -> Self {
        let mut settings = Self {
            hls_max_segments: 0,
            hls_initial_segments: 0,
            hls_window_size: 0,
            hls_buffer_ready_timeout: Duration::ZERO,
            hls_first_segment_timeout: Duration::ZERO,
            hls_initial_buffer_seconds: Duration::ZERO,
            hls_max_initial_segments: 0,
            hls_segment_fetch_interval: 0.0,
            ts_join_seconds: Duration::ZERO,
            segment_seconds: Duration::ZERO,
            initial_data_wait_timeout: Duration::ZERO,
            initial_data_check_interval: Duration::ZERO,
            no_data_timeout_checks: 0,
            no_data_check_interval: Duration::ZERO,
            connection_timeout: Duration::ZERO,
            stream_timeout: Duration::ZERO,
            channel_shutdown_delay: Duration::ZERO,
            max_streams_per_engine: 0,
            engine_wait_timeout: Duration::ZERO,
            stream_mode: StreamMode::Ts,
            engine_stream: EngineStream::Auto,
            slate: Slate::Hls,
        };
        for key in TABLE {
            (key.set)(&mut settings, key.default);
        }
        for choice in CHOICES {
            (choice.set)(&mut settings, choice.default);
        }
        settings
    }
}

impl Settings {
    /// Sets one key from its text. The error says what would be right.
    pub fn set(&mut self, key: &Key, text: &str) -> Result<(), String> {
        let number: f64 = text.trim().parse().map_err(|_| key.wants(text))?;
        key.take(number).map_err(|_| key.wants(text))?;
        (key.set)(self, number);
        Ok(())
    }

    /// Rules that hold between keys, as far as they are broken.
    pub fn contradictions(&self) -> Vec<Contradiction> {
        let window = ("hls_window_size", self.hls_window_size);
        let initial = ("hls_initial_segments", self.hls_initial_segments);
        let initial_max = ("hls_max_initial_segments", self.hls_max_initial_segments);
        let kept = ("hls_max_segments", self.hls_max_segments);
        [(window, kept), (initial, initial_max), (initial_max, kept)]
            .into_iter()
            .filter(|((_, less), (_, more))| more < less)
            .map(|((name, less), (other, more))| Contradiction {
                name,
                other,
                message: format!("{name} ({less}) must not be greater than {other} ({more})"),
            })
            .collect()
    }

    /// A name for exactly these values: others have another.
    pub fn revision(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        for key in TABLE {
            let _ = write!(text, "{}={} ", key.name, (key.get)(self));
        }
        for choice in CHOICES {
            let _ = write!(text, "{}={} ", choice.name, (choice.get)(self));
        }
        let mut digits = hex::encode(Sha256::digest(text.as_bytes()));
        digits.truncate(REVISION_DIGITS);
        digits
    }

    /// Values that are allowed and hurt somebody.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.hls_initial_segments < channel::PUBLISHED_SEGMENTS_MIN {
            warnings.push(format!(
                "hls_initial_segments below {least} acts as {least}: some players do not start on fewer",
                least = channel::PUBLISHED_SEGMENTS_MIN
            ));
        }
        let kept = 2 * self.hls_window_size + 1;
        if self.hls_max_segments < kept {
            warnings.push(format!(
                "hls_max_segments below {kept} (2 × hls_window_size + 1): slow viewers meet 404s"
            ));
        }
        warnings
    }

    /// How long a running channel may go without data before it counts as stalled.
    pub fn no_data_timeout(&self) -> Duration {
        self.no_data_check_interval
            .mul_f64(self.no_data_timeout_checks as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_within_their_ranges_and_do_not_contradict() {
        let settings = Settings::default();
        for key in TABLE {
            assert!((key.min..=key.max).contains(&key.default), "{}", key.name);
            assert!(
                ((key.get)(&settings) - key.default).abs() < 1e-9,
                "{}",
                key.name
            );
        }
        assert!(settings.contradictions().is_empty());
        assert!(settings.warnings().is_empty());
    }

    #[test]
    fn each_key_takes_both_ends_of_its_range_and_nothing_beyond() {
        for key in TABLE {
            let mut settings = Settings::default();
            for value in [key.min, key.max] {
                settings.set(key, &value.to_string()).expect(key.name);
                assert!(((key.get)(&settings) - value).abs() < 1e-9, "{}", key.name);
            }
            for value in ["NaN", "inf", "-1", "1e9", "", "four"] {
                let error = settings.set(key, value).expect_err(key.name);
                assert!(
                    error.starts_with(key.name) && error.contains(value),
                    "{error}"
                );
            }
        }
    }

    #[test]
    fn the_text_of_a_range_error_is_the_contract_s() {
        let key = TABLE
            .iter()
            .find(|key| key.name == "channel_shutdown_delay")
            .expect("a key");
        let error = Settings::default()
            .set(key, "90")
            .expect_err("out of range");
        assert!(
            error.starts_with("channel_shutdown_delay must be between 1 and 60 seconds"),
            "{error}"
        );
    }

    #[test]
    fn a_window_larger_than_the_memory_is_a_contradiction() {
        let settings = Settings {
            hls_window_size: 20,
            hls_max_segments: 10,
            ..Settings::default()
        };
        let found = settings.contradictions();
        let [found] = found.as_slice() else {
            panic!("{found:?}");
        };
        let names = (found.name, found.other);
        assert_eq!(names, ("hls_window_size", "hls_max_segments"));
    }

    #[test]
    fn each_value_has_its_own_revision_and_the_same_values_the_same() {
        let mut revisions = std::collections::BTreeSet::from([Settings::default().revision()]);
        for key in TABLE {
            let mut settings = Settings::default();
            (key.set)(&mut settings, key.min);
            assert!(revisions.insert(settings.revision()), "{}", key.name);
            (key.set)(&mut settings, key.default);
            assert_eq!(settings.revision(), Settings::default().revision());
        }
        for choice in CHOICES {
            let others = (0..choice.words.len()).filter(|place| *place != choice.default);
            for place in others {
                let mut settings = Settings::default();
                (choice.set)(&mut settings, place);
                assert!(revisions.insert(settings.revision()), "{}", choice.name);
            }
        }
    }
}
