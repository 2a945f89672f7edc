//! Settings as an operator may turn them: any that the service would accept.

use std::time::Duration;

use channel::{Intake, Settings};

use crate::random::Random;

/// Bytes that a window may hold here, where a segment has a few dozen: tight, narrow, and as wide as
/// makes no difference.
const BYTES_MAX: [usize; 3] = [400, 2_000, 1 << 20];

/// Any settings within their ranges and cross-checks.
pub(crate) fn any(random: &mut Random) -> Settings {
    let segments_max = random.within(5..=100);
    let initial_segments_max = random.within(1..=segments_max.min(20));
    Settings {
        segments_max: segments_max as usize,
        initial_segments: random.within(1..=initial_segments_max.min(10)) as usize,
        window_size: random.within(3..=segments_max.min(20)) as usize,
        first_segment_timeout: random.seconds(5..=120),
        initial_buffer: random.seconds(5..=60),
        initial_segments_max: initial_segments_max as usize,
        poll_interval: random.within(1..=20) as f64 / 10.0,
        no_data_timeout: Duration::from_millis(random.within(5..=600) * random.within(10..=1_000)),
        linger: random.seconds(1..=60),
        bytes_max: random.pick(&BYTES_MAX),
        viewer_in_segment_uri: random.chance(50),
        slate: random.chance(50),
        buffer_ready_timeout: random.seconds(5..=120),
        engine_intake: random.pick(&[None, None, Some(Intake::Continuous), Some(Intake::Playlist)]),
        segment_target: random.seconds(2..=10),
        ..Settings::default()
    }
}

/// The settings of a new installation, but for one thing now and then.
pub(crate) fn usual(random: &mut Random) -> Settings {
    let odd = any(random);
    let usual = Settings {
        slate: random.chance(50),
        ..Settings::default()
    };
    match random.below(6) {
        0 => Settings {
            window_size: odd.window_size.min(usual.segments_max),
            ..usual
        },
        1 => Settings {
            linger: odd.linger,
            ..usual
        },
        2 => Settings {
            bytes_max: odd.bytes_max,
            ..usual
        },
        3 => Settings {
            segments_max: odd.segments_max.max(10),
            ..usual
        },
        _ => usual,
    }
}

/// Settings with which nobody runs dry while nothing is wrong.
pub(crate) fn serene(random: &mut Random) -> Settings {
    Settings {
        window_size: random.within(5..=12) as usize,
        poll_interval: random.within(3..=5) as f64 / 10.0,
        slate: random.chance(50),
        ..Settings::default()
    }
}
