//! What an operator may choose about a channel, in the units that decisions are made in.

use std::time::Duration;

use crate::source::Intake;

/// The settings a channel reads each time it decides; a change acts with the next input.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Complete segments kept in memory; older ones are dropped (`hls_max_segments`).
    pub segments_max: usize,
    /// Segments to hold before the first playlist (`hls_initial_segments`).
    pub initial_segments: usize,
    /// Segments listed in the live playlist (`hls_window_size`).
    pub window_size: usize,
    /// How long a pull may go without its first segment (`hls_first_segment_timeout`).
    pub first_segment_timeout: Duration,
    /// Media to hold before the first playlist (`hls_initial_buffer_seconds`).
    pub initial_buffer: Duration,
    /// Most segments fetched for the initial buffer (`hls_max_initial_segments`).
    pub initial_segments_max: usize,
    /// Upstream poll interval in target durations (`hls_segment_fetch_interval`).
    pub poll_interval: f64,
    /// How long a running channel may go without a new segment before it is given up
    /// (`no_data_timeout_checks` × `no_data_check_interval`).
    pub no_data_timeout: Duration,
    /// How sessions on engines give their media; nothing means as continuous bodies first, and as playlists where that
    /// fails (`engine_stream`).
    pub engine_intake: Option<Intake>,
    /// How often an engine is asked how a session is doing.
    pub measure_interval: Duration,
    /// How far behind the newest media viewers of continuous bodies are at least (`ts_join_seconds`).
    pub join_behind: Duration,
    /// How long the segments are that continuous bodies are cut into (`segment_seconds`).
    pub segment_target: Duration,
    /// Whether viewers are shown clips while there is nothing else (`slate`).
    pub slate: bool,
    /// How long a start may take before it shows them: players give up on a first request after ten
    /// seconds.
    pub slate_after: Duration,
    /// How long a start may show them (`hls_buffer_ready_timeout`).
    pub buffer_ready_timeout: Duration,
    /// How long a channel outlives its last viewer (`channel_shutdown_delay`).
    pub linger: Duration,
    /// Bytes of media one channel may hold; the newest three segments are kept whatever their size,
    /// since players need them.
    pub bytes_max: usize,
    /// Shortest silence after which an HLS viewer counts as gone.
    pub viewer_idle_min: Duration,
    /// Whether segment addresses carry the viewer's token. Without it they are the same for
    /// everybody, which a cache in front needs, and only playlist requests count as activity.
    pub viewer_in_segment_uri: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            segments_max: 20,
            initial_segments: 3,
            window_size: 6,
            first_segment_timeout: Duration::from_secs(30),
            initial_buffer: Duration::from_secs(10),
            initial_segments_max: 10,
            poll_interval: 0.5,
            no_data_timeout: Duration::from_secs(60),
            engine_intake: None,
            measure_interval: Duration::from_secs(1),
            join_behind: Duration::from_secs(6),
            segment_target: Duration::from_secs(4),
            slate: false,
            slate_after: Duration::from_secs(8),
            buffer_ready_timeout: Duration::from_secs(30),
            linger: Duration::from_secs(5),
            bytes_max: 256 << 20,
            viewer_idle_min: Duration::from_secs(15),
            viewer_in_segment_uri: true,
        }
    }
}

/// Fewest segments a first playlist may have: Chromium's built-in player does not start on one
/// or two, VLC not on one (measured), so a smaller setting acts as three.
pub const PUBLISHED_SEGMENTS_MIN: usize = 3;

impl Settings {
    /// Segments that the gate asks for, never fewer than players need.
    pub fn segments_to_be_ready(&self) -> usize {
        self.initial_segments.max(PUBLISHED_SEGMENTS_MIN)
    }

    /// Segments at which the gate opens whatever their length.
    pub fn segments_ready_enough(&self) -> usize {
        self.initial_segments_max.max(PUBLISHED_SEGMENTS_MIN)
    }

    /// How long a viewer may be silent before it counts as gone, at a target duration.
    pub fn viewer_idle(&self, target: Duration) -> Duration {
        self.viewer_idle_min.max(target * 3)
    }
}
