//! The table of settings that are numbers: names, ranges and sentences as users' scripts know them.

use std::time::Duration;

use super::Settings;

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Whole things.
    Count,
    /// Seconds, whole or not.
    Seconds,
    /// Target durations.
    TargetDurations,
}

impl Unit {
    /// Whether only whole numbers make sense.
    pub fn is_whole(self) -> bool {
        self == Self::Count
    }
}

/// One setting that is a number.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name in the API.
    pub name: &'static str,
    /// The environment variable that sets it.
    pub variable: &'static str,
    /// What it counts.
    pub unit: Unit,
    /// Its value when nobody sets it.
    pub default: f64,
    /// Least value.
    pub min: f64,
    /// Greatest value.
    pub max: f64,
    /// What it does, in one sentence.
    pub sentence: &'static str,
    /// Reads it.
    pub get: fn(&Settings) -> f64,
    /// Writes it; the value is within the range.
    pub set: fn(&mut Settings, f64),
}

impl Key {
    /// The setting of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        TABLE.iter().find(|key| key.name == name)
    }

    /// Judges a number. The error's text is one that users' scripts look for, so it names no value.
    pub fn take(&self, number: f64) -> Result<f64, String> {
        if !(self.min..=self.max).contains(&number) {
            return Err(self.range());
        }
        if self.unit.is_whole() && number.fract() != 0.0 {
            return Err(format!("{} must be a whole number", self.name));
        }
        Ok(number)
    }

    /// What is wrong with a text, and what would be right.
    pub fn wants(&self, given: &str) -> String {
        let whole = if self.unit.is_whole() {
            ", a whole number"
        } else {
            ""
        };
        format!("{}{whole} (it is {given:?})", self.range())
    }

    fn range(&self) -> String {
        let seconds = if self.unit == Unit::Seconds {
            " seconds"
        } else {
            ""
        };
        let Self { name, min, max, .. } = self;
        format!("{name} must be between {min} and {max}{seconds}")
    }
}

macro_rules! count {
    ($field:ident, $variable:literal, $default:literal, $min:literal..$max:literal, $sentence:literal) => {
        Key {
            name: stringify!($field),
            variable: $variable,
            unit: Unit::Count,
            default: $default,
            min: $min,
            max: $max,
            sentence: $sentence,
            get: |settings| settings.$field as f64,
            set: |settings, value| settings.$field = value as _,
        }
    };
}

macro_rules! seconds {
    ($field:ident, $variable:literal, $default:literal, $min:literal..$max:literal, $sentence:literal) => {
        Key {
            name: stringify!($field),
            variable: $variable,
            unit: Unit::Seconds,
            default: $default,
            min: $min,
            max: $max,
            sentence: $sentence,
            get: |settings| settings.$field.as_secs_f64(),
            set: |settings, value| settings.$field = Duration::from_secs_f64(value),
        }
    };
}

/// All settings that are numbers, in the order in which they are shown.
pub const TABLE: &[Key] = &[
    count!(
        hls_max_segments,
        "HLS_MAX_SEGMENTS",
        20.0,
        5.0..100.0,
        "Complete segments kept in memory for each channel; older ones are dropped."
    ),
    count!(
        hls_initial_segments,
        "HLS_INITIAL_SEGMENTS",
        3.0,
        1.0..10.0,
        "No playlist is served before this many segments are held; fewer than three act as three."
    ),
    count!(
        hls_window_size,
        "HLS_WINDOW_SIZE",
        6.0,
        3.0..20.0,
        "Segments listed in the live playlist."
    ),
    seconds!(
        hls_buffer_ready_timeout,
        "HLS_BUFFER_READY_TIMEOUT",
        30.0,
        5.0..120.0,
        "How long a viewer's first request waits for the initial buffer, then it is answered 503; and how long a start that shows the slate may take."
    ),
    seconds!(
        hls_first_segment_timeout,
        "HLS_FIRST_SEGMENT_TIMEOUT",
        30.0,
        5.0..120.0,
        "How long a pull may go without its first segment; then it has failed, and waiting requests are answered at once."
    ),
    seconds!(
        hls_initial_buffer_seconds,
        "HLS_INITIAL_BUFFER_SECONDS",
        10.0,
        5.0..60.0,
        "Media to hold before the first playlist is served, fetched back from the live edge."
    ),
    count!(
        hls_max_initial_segments,
        "HLS_MAX_INITIAL_SEGMENTS",
        10.0,
        1.0..20.0,
        "Most segments fetched for the initial buffer; reaching it is ready enough."
    ),
    Key {
        name: "hls_segment_fetch_interval",
        variable: "HLS_SEGMENT_FETCH_INTERVAL",
        unit: Unit::TargetDurations,
        default: 0.5,
        min: 0.1,
        max: 2.0,
        sentence: "How often the source's playlist is asked for, in target durations.",
        get: |settings| settings.hls_segment_fetch_interval,
        set: |settings, value| settings.hls_segment_fetch_interval = value,
    },
    seconds!(
        ts_join_seconds,
        "WEIR_TS_JOIN_SECONDS",
        6.0,
        0.0..60.0,
        "How far behind the newest media a continuous stream begins at least, with a key frame; a viewer who was too slow is put there, too."
    ),
    seconds!(
        segment_seconds,
        "WEIR_SEGMENT_SECONDS",
        4.0,
        2.0..10.0,
        "How long the segments are that a continuous stream is cut into; they end with the next key frame."
    ),
    seconds!(
        initial_data_wait_timeout,
        "PROXY_INITIAL_DATA_WAIT_TIMEOUT",
        10.0,
        1.0..60.0,
        "How long a viewer of a continuous stream waits for its first data, then it is answered 503."
    ),
    seconds!(
        initial_data_check_interval,
        "PROXY_INITIAL_DATA_CHECK_INTERVAL",
        0.2,
        0.1..2.0,
        "Kept for compatibility: Weir wakes on data, it does not poll."
    ),
    count!(
        no_data_timeout_checks,
        "PROXY_NO_DATA_TIMEOUT_CHECKS",
        60.0,
        5.0..600.0,
        "Times the next setting, how long a running channel may go without data before it counts as stalled."
    ),
    seconds!(
        no_data_check_interval,
        "PROXY_NO_DATA_CHECK_INTERVAL",
        1.0,
        0.01..1.0,
        "See the setting before."
    ),
    seconds!(
        connection_timeout,
        "PROXY_CONNECTION_TIMEOUT",
        10.0,
        5.0..60.0,
        "How long connecting to an engine or a source may take."
    ),
    seconds!(
        stream_timeout,
        "PROXY_STREAM_TIMEOUT",
        60.0,
        10.0..300.0,
        "Longest stall of a viewer's connection before it is dropped."
    ),
    seconds!(
        channel_shutdown_delay,
        "PROXY_GRACE_PERIOD",
        5.0,
        1.0..60.0,
        "How long a channel outlives its last viewer."
    ),
    count!(
        max_streams_per_engine,
        "ACEXY_MAX_STREAMS_PER_ENGINE",
        3.0,
        1.0..20.0,
        "Channels that one engine may carry."
    ),
    seconds!(
        engine_wait_timeout,
        "WEIR_ENGINE_WAIT",
        5.0,
        0.0..60.0,
        "How long a start waits for a place while every engine carries as many channels as it may, then it is answered 503."
    ),
];
