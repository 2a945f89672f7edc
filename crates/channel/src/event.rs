//! What happened to a channel, as facts in the past tense.

/// Why a channel's life ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// Nobody watched it any more.
    LastViewerLeft,
    /// An operator or a script asked for it.
    Stopped,
    /// Its source shows old media again and again.
    Looping,
    /// Weir itself was told to stop.
    Shutdown,
    /// The source said that it is over.
    SourceEnded,
    /// The source went away and did not come back in time.
    SourceLost,
    /// It never got going.
    StartFailed,
}

impl EndReason {
    /// All there are.
    pub const ALL: [Self; 7] = [
        Self::LastViewerLeft,
        Self::Stopped,
        Self::Looping,
        Self::Shutdown,
        Self::SourceEnded,
        Self::SourceLost,
        Self::StartFailed,
    ];

    /// The word used in events and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LastViewerLeft => "last_viewer_left",
            Self::Stopped => "stopped",
            Self::Looping => "looping",
            Self::Shutdown => "shutdown",
            Self::SourceEnded => "source_ended",
            Self::SourceLost => "source_lost",
            Self::StartFailed => "start_failed",
        }
    }

    /// The same for people.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::LastViewerLeft => "the last viewer left",
            Self::Stopped => "it was stopped",
            Self::Looping => "its source shows old media again and again",
            Self::Shutdown => "Weir is shutting down",
            Self::SourceEnded => "the source said that it is over",
            Self::SourceLost => "the source went away and did not come back",
            Self::StartFailed => "it could not be started",
        }
    }
}

/// A fact about a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The first viewer came and a pull begins.
    Started,
    /// A source answered and is being followed; from the second on, it replaces one that failed.
    SourceOpened {
        /// How many there were in this life, this one included.
        opened: u64,
    },
    /// The source was given up; another will be opened.
    SourceLost {
        /// What was wrong with it.
        cause: String,
    },
    /// Another source was open beside it and has taken its place.
    SourceMoved {
        /// Why it was left.
        cause: String,
    },
    /// Something is wrong with what the source sends; it is taken as well as can be.
    SourceFlawed {
        /// What, in words for who looks after it.
        what: String,
    },
    /// Enough is held for viewers to start.
    WentLive,
    /// Viewers are shown a clip in the place of media.
    SlateShown {
        /// What it says.
        clip: crate::Clip,
    },
    /// Media of the source follows on the clips.
    SlateLeft,
    /// Segments that the source had listed could not be had; viewers skip them.
    SegmentsLost {
        /// How many.
        count: u64,
        /// What was wrong with the last of them.
        cause: String,
    },
    /// The source started its numbers or its clock again.
    SourceRestarted,
    /// The life ended.
    Ended {
        /// Why.
        reason: EndReason,
    },
    /// The channel failed and refuses for a while.
    Failed {
        /// What viewers are told.
        failure: crate::Failure,
    },
}
