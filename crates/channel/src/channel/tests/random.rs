//! Chance that repeats itself: the same seed gives the same life.

use std::time::Duration;

use crate::settings::Settings;

/// A small generator, so that a life is its seed and nothing else.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) fn within(&mut self, range: std::ops::RangeInclusive<u64>) -> u64 {
        range.start() + self.below(range.end() - range.start() + 1)
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize].clone()
    }
}

/// Any settings that the service would accept.
pub(crate) fn settings(random: &mut Random) -> Settings {
    let seconds = |random: &mut Random, range| Duration::from_secs(random.within(range));
    let segments_max = random.within(5..=30);
    let initial_segments_max = random.within(1..=segments_max.min(20));
    Settings {
        segments_max: segments_max as usize,
        initial_segments: random.within(1..=initial_segments_max.min(10)) as usize,
        window_size: random.within(3..=segments_max.min(20)) as usize,
        first_segment_timeout: seconds(random, 5..=120),
        initial_buffer: seconds(random, 5..=60),
        initial_segments_max: initial_segments_max as usize,
        poll_interval: random.within(1..=20) as f64 / 10.0,
        no_data_timeout: Duration::from_millis(random.within(5..=600) * random.within(10..=1_000)),
        linger: seconds(random, 1..=60),
        bytes_max: random.pick(&[400, 20_000, 256 << 20]),
        viewer_in_segment_uri: random.chance(50),
        slate: random.chance(50),
        segment_target: seconds(random, 2..=10),
        measure_interval: seconds(random, 1..=60),
        join_behind: seconds(random, 0..=60),
        ..Settings::default()
    }
}
