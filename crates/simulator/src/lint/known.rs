//! What has been said of each number, to be held against every later word; bounded, the oldest is forgotten first.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::segment::SegmentFacts;

/// More than the longest playlist that is read (`hls::ENTRIES_MAX`), so that what is listed is remembered; at 2 s a
/// segment four hours and a half.
pub const REMEMBERED_MAX: usize = 8_192;

/// A number, as the list said it first.
#[derive(Debug)]
pub(super) struct Entry {
    /// Without query: that may be each viewer's own.
    pub(super) path: Box<str>,
    pub(super) range: Option<hls::ByteRange>,
    pub(super) duration: Duration,
    pub(super) discontinuity: bool,
    /// Discontinuities up to it, its own among them.
    pub(super) breaks: u64,
    pub(super) date: Option<jiff::Timestamp>,
    pub(super) key: Option<Arc<hls::Key>>,
    pub(super) map: Option<Arc<hls::Map>>,
    /// When a list had it last.
    pub(super) listed_at: Duration,
    /// The longest list that had it.
    pub(super) longest: Duration,
    /// What its bytes say, once they have been seen.
    pub(super) facts: Option<SegmentFacts>,
}

impl Entry {
    pub(super) fn new(segment: &hls::Segment, breaks: u64) -> Self {
        Self {
            path: path(&segment.uri).into(),
            range: segment.byte_range,
            duration: segment.duration,
            discontinuity: segment.discontinuity,
            breaks,
            date: segment.program_date_time,
            key: segment.key.clone(),
            map: segment.map.clone(),
            listed_at: Duration::ZERO,
            longest: Duration::ZERO,
            facts: None,
        }
    }

    /// Until when it must stay where it is after no list has it any more (RFC 8216 6.2.2).
    pub(super) fn kept_until(&self) -> Duration {
        self.listed_at + self.duration + self.longest
    }

    pub(super) fn has_key(&self, key: Option<&Arc<hls::Key>>) -> bool {
        match (&self.key, key) {
            (None, None) => true,
            (Some(old), Some(new)) => Arc::ptr_eq(old, new) || is_same_key(old, new),
            _ => false,
        }
    }

    pub(super) fn has_map(&self, map: Option<&Arc<hls::Map>>) -> bool {
        match (&self.map, map) {
            (None, None) => true,
            (Some(old), Some(new)) => {
                path(&old.uri) == path(&new.uri) && old.byte_range == new.byte_range
            }
            _ => false,
        }
    }
}

/// An address without its query.
pub(super) fn path(uri: &str) -> &str {
    uri.split(['?', '#']).next().unwrap_or_default()
}

fn is_same_key(old: &hls::Key, new: &hls::Key) -> bool {
    old.uri.as_deref().map(path) == new.uri.as_deref().map(path)
        && (old.iv, &old.method) == (new.iv, &new.method)
        && (&old.key_format, &old.key_format_versions)
            == (&new.key_format, &new.key_format_versions)
}

/// The numbers that are remembered.
///
/// Invariant: `order` holds the keys of `entries`, in the order of their coming, and no more than [`REMEMBERED_MAX`];
/// every number in `hashes` is one of them.
#[derive(Debug, Default)]
pub(super) struct Known {
    entries: BTreeMap<u64, Entry>,
    order: VecDeque<u64>,
    hashes: HashMap<u64, u64>,
}

impl Known {
    pub(super) fn get(&self, sequence: u64) -> Option<&Entry> {
        self.entries.get(&sequence)
    }

    pub(super) fn get_mut(&mut self, sequence: u64) -> Option<&mut Entry> {
        self.entries.get_mut(&sequence)
    }

    pub(super) fn learn(&mut self, sequence: u64, entry: Entry) {
        if self.entries.insert(sequence, entry).is_none() {
            self.order.push_back(sequence);
        }
        if REMEMBERED_MAX < self.order.len() {
            let oldest = self.order.pop_front().expect("it is over its bound");
            self.forget(oldest);
        }
    }

    /// Remembers what bytes a number has; says which other number has the same.
    pub(super) fn hash(&mut self, sequence: u64, hash: u64) -> Option<u64> {
        let first = *self.hashes.entry(hash).or_insert(sequence);
        (first != sequence).then_some(first)
    }

    fn forget(&mut self, sequence: u64) {
        let gone = self.entries.remove(&sequence);
        if let Some(facts) = gone.and_then(|gone| gone.facts)
            && self.hashes.get(&facts.hash) == Some(&sequence)
        {
            self.hashes.remove(&facts.hash);
        }
    }
}
