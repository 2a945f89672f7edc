//! What is told of a stream: that it started, and that it ended; each once.

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A stream began.
    Started,
    /// It is over.
    Ended,
}

impl Kind {
    /// The word used in ids and addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Started => "stream_started",
            Self::Ended => "stream_ended",
        }
    }
}

/// One thing to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place in the order of what happened; never used twice.
    pub sequence: u64,
    /// The stream's id.
    pub stream: String,
    /// What happened to it.
    pub kind: Kind,
}

impl Event {
    /// The same whenever this event is sent again, so that whoever gets it twice can tell.
    pub fn id(&self) -> String {
        format!("{}:{}", self.stream, self.kind.as_str())
    }
}
