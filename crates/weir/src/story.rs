//! How streams of our own went, from the end of each until it is written down.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Tales that wait to be written. They are taken every second or so; more would be a flood of starts.
const TALES_MAX: usize = 2_000;

/// The figures of one life of a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tale {
    /// The channel's key.
    pub channel: String,
    /// What its engine played.
    pub infohash: Option<String>,
    /// Sources that were opened for it; all but the first took the place of one that was lost or left.
    pub sources: u64,
    /// Viewers at most.
    pub viewers_max: u64,
    /// Bytes of media received.
    pub bytes_in: u64,
    /// Bytes that viewers were sent.
    pub bytes_out: u64,
    /// Segments that could not be had.
    pub segments_lost: u64,
    /// Clips shown in the place of media.
    pub slate_segments: u64,
}

/// Tales by their streams' ids; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Tales {
    waiting: Arc<Mutex<HashMap<String, Tale>>>,
}

impl Tales {
    /// A stream is over. A tale that finds no room is left out; its stream is written down without it.
    pub fn tell(&self, stream: &str, tale: Tale) {
        let mut waiting = self.waiting();
        if waiting.len() < TALES_MAX {
            waiting.insert(stream.to_owned(), tale);
        }
    }

    /// Hands a stream's tale over.
    pub fn take(&self, stream: &str) -> Option<Tale> {
        self.waiting().remove(stream)
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<String, Tale>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
