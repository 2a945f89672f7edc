//! What is known of an engine besides what the pool decides by.

use engine::pool;
use jiff::Timestamp;

use crate::clock;

/// How an engine came here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The operator named it at the start.
    Configured,
    /// It was added by a call.
    Added,
    /// Another proxy has reported a stream on it.
    Learnt,
}

impl Origin {
    /// Every origin.
    pub const ALL: [Self; 3] = [Self::Configured, Self::Added, Self::Learnt];

    /// The word for it in answers and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Configured => "configured",
            Self::Added => "added",
            Self::Learnt => "learnt",
        }
    }
}

/// What is known of an engine besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// How it came here.
    pub origin: Origin,
    /// What people call it.
    pub name: Option<String>,
    /// When it was first known.
    pub first_seen: Timestamp,
}

impl Card {
    pub(super) fn new(origin: Origin) -> Self {
        Self {
            origin,
            name: None,
            first_seen: clock::wall(),
        }
    }
}

/// One engine, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// What the pool knows.
    pub engine: pool::Engine,
    /// What is known besides.
    pub card: Card,
}
