//! How sound goes on beside the video that decides: whether it jumps, whether it is alone.

use super::line;
use crate::{CLOCK_HZ, Timestamp};

/// Sound that goes on for so long without a frame of video is all there is to cut by.
const SILENCE_TICKS: i64 = 3 * CLOCK_HZ.cast_signed();

/// How sound goes on beside the video.
#[derive(Debug, Default)]
pub(crate) struct Sound {
    latest: Option<Timestamp>,
    step: i64,
    /// Since when no frame of the video has come.
    pub(crate) alone_since: Option<Timestamp>,
}

impl Sound {
    /// Takes the next frame's time; true where it does not go on from the last one.
    pub(crate) fn jumps_to(&mut self, time: Timestamp) -> bool {
        let Some(latest) = self.latest.replace(time) else {
            return false;
        };
        let jumps = line::jumps(latest, time, self.step);
        self.step = latest.offset_to(time);
        if jumps {
            self.alone_since = None;
        }
        jumps
    }

    /// Whether it has gone on without video for long.
    pub(crate) fn is_alone(&mut self, time: Timestamp) -> bool {
        let since = *self.alone_since.get_or_insert(time);
        let alone = since.offset_to(time);
        if alone < 0 {
            self.alone_since = Some(time);
        }
        SILENCE_TICKS < alone
    }
}
