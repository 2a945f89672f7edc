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
    alone_since: Option<Timestamp>,
    /// The last frame of a video that does not decide.
    video: Option<Timestamp>,
}

impl Sound {
    /// Takes the next frame's time; true where it does not go on from the last one.
    pub(crate) fn jumps_to(&mut self, time: Timestamp) -> bool {
        let Some(latest) = self.latest.replace(time) else {
            return false;
        };
        let jumps = line::jumps(latest, time, false, self.step);
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

    /// A frame of the video that decides has come, or another stream decides now.
    pub(crate) fn meet_video(&mut self) {
        (self.alone_since, self.video) = (None, None);
    }

    /// Takes the time of a frame of a video that does not decide; whether it goes on from the one before. A picture every
    /// few seconds does not: cutting by it, and by the sound in between, would be a break every few seconds.
    pub(crate) fn video_goes_on(&mut self, time: Timestamp) -> bool {
        let before = self.video.replace(time);
        before.is_some_and(|before| !line::jumps(before, time, false, 0))
    }
}
