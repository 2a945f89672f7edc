//! What a channel shows of itself: an immutable value that any number of readers share.

use std::sync::Arc;
use std::time::Duration;

use crate::failure::Failure;
use crate::growing::Growing;
use crate::source::Intake;
use crate::time::Moment;
use crate::view::Template;
use crate::window::Window;

/// Where a channel is, as its viewers need to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nothing runs; an arriving viewer starts it.
    Idle,
    /// Viewers wait for the first segments.
    Starting,
    /// Viewers are served.
    Live,
    /// Nobody is there for the moment; whoever comes is served.
    Lingering,
    /// It refuses.
    Failed {
        /// Why.
        failure: Failure,
        /// Until when.
        until: Moment,
    },
    /// It is being ended.
    Stopping,
}

impl Phase {
    /// The word for it in answers.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Starting => "starting",
            Self::Live => "live",
            Self::Lingering => "lingering",
            Self::Failed { .. } => "failed",
            Self::Stopping => "stopping",
        }
    }
}

/// What was counted since the channel came to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Sources opened.
    pub opened: u64,
    /// Playlists asked for.
    pub playlist_fetches: u64,
    /// Segment requests started.
    pub segment_fetches: u64,
    /// Requests that failed.
    pub failures: u64,
    /// Segments that were listed and could not be had.
    pub segments_lost: u64,
    /// Segments that the source sent twice.
    pub repeats: u64,
    /// Things that were wrong with continuous bodies.
    pub flaws: u64,
    /// Bytes of media received and published.
    pub bytes_in: u64,
    /// Clips published in the place of media.
    pub slate_segments: u64,
    /// Segments of media published.
    pub segments: u64,
    /// Times that something was missing, whatever its length.
    pub gaps: u64,
    /// Segments that were asked for again.
    pub retries: u64,
    /// Breaks published: the timestamps or the format of what follows are others.
    pub discontinuities: u64,
    /// Sources that took the place of one that was lost while viewers were there.
    pub failovers: u64,
}

/// A channel at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Where it is.
    pub phase: Phase,
    /// The live playlist, once there is one.
    pub playlist: Option<Template>,
    /// The same as a viewer gets it the first time.
    pub first_playlist: Option<Template>,
    /// The segments.
    pub window: Window,
    /// The segment that is being received, where it can be followed.
    pub open: Option<Arc<Growing>>,
    /// Media that has come and waits for its time to be shown.
    pub reserve: Duration,
    /// How the open source gives its media, while one is open.
    pub intake: Option<Intake>,
    /// The source's variant that is pulled, if the source offers several.
    pub variant: Option<hls::Variant>,
    /// What was counted.
    pub counters: Counters,
    /// Whether clips are shown at the moment, because there is nothing else.
    pub on_slate: bool,
}

impl Snapshot {
    /// How much has come of the segment in the making, in time.
    pub fn open_elapsed(&self) -> Duration {
        let open = self.open.as_ref();
        open.map_or(Duration::ZERO, |open| open.elapsed())
    }

    /// Whether more may come.
    pub fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Starting | Phase::Live | Phase::Lingering)
    }

    /// Whether viewers are served, so that an arriving one need not be told to the channel.
    pub fn is_served(&self) -> bool {
        matches!(self.phase, Phase::Live)
    }
}
