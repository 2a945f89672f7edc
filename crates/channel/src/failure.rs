//! Why a channel cannot be played, in the classes that callers answer differently.

use std::time::Duration;

/// Why a source could not be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenFailure {
    /// There is no engine at all.
    #[error("no engines available")]
    NoEngines,
    /// Every engine carries as many channels as it may.
    #[error("all engines carry {per_engine} streams")]
    AllEnginesFull {
        /// Streams that one engine may carry.
        per_engine: usize,
    },
    /// The engine or the source answered, and the answer was no.
    #[error("{0}")]
    Refused(String),
    /// No answer was had.
    #[error("{0}")]
    Unreachable(String),
}

/// What was wrong with one request to an open source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The session behind the address is over; asking again cannot help.
    #[error("{0}")]
    Gone(String),
    /// The address answered that it has no such thing, or failed.
    #[error("{0}")]
    Status(String),
    /// Nothing answers at the address.
    #[error("{0}")]
    Unreachable(String),
    /// It answered with something that cannot be used, or not in time.
    #[error("{0}")]
    Unfit(String),
    /// It asked to be left alone for a while.
    #[error("{text}")]
    Busy {
        /// What it said.
        text: String,
        /// For how long.
        retry_after: Duration,
    },
}

/// Why a channel cannot be played, as its viewers are told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No source could be opened.
    #[error(transparent)]
    Open(#[from] OpenFailure),
    /// A source was open and nothing playable came.
    #[error("no playable segment within {} s: {last}", waited.as_secs())]
    NoFirstSegment {
        /// How long it was waited for.
        waited: Duration,
        /// What was wrong last.
        last: String,
    },
    /// Viewers were shown clips for as long as they may wait.
    #[error("not ready within {} s: {last}", waited.as_secs_f64())]
    NotReady {
        /// How long they waited.
        waited: Duration,
        /// What was wrong last.
        last: String,
    },
    /// What came does not fit a list that was begun without it.
    #[error("the list was begun before the source told how long its segments are: {cause}")]
    Misfit {
        /// What does not fit what.
        cause: String,
    },
    /// It played, and then nothing came any more.
    #[error("the source has been silent for {} s: {last}", silent.as_secs())]
    SourceLost {
        /// For how long nothing came.
        silent: Duration,
        /// What was wrong last.
        last: String,
    },
    /// The source itself said that it is over.
    #[error("the source has ended")]
    SourceEnded,
}
