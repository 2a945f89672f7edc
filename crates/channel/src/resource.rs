//! Keys and initialisation sections: fetched once each, before the segments that need them.

use std::sync::Arc;
use std::time::Duration;

use crate::failure::Trouble;
use crate::queue::QUEUE_MAX;
use crate::segment::{Body, MediaSequence, Resource};
use crate::time::Moment;

/// Names one wanted resource for as long as a channel lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId(pub u64);

/// Resources remembered: a key and a map for every segment that may wait. Most sources use one or
/// two at a time.
const RESOURCES_MAX: usize = 2 * QUEUE_MAX;

/// Requests under way at once; segments need their connections too.
const LOADS_MAX: usize = 4;

/// First wait before a failed resource is asked for again; it doubles with each failure.
const RETRY_MIN: Duration = Duration::from_millis(250);

/// Longest wait before a failed resource is asked for again.
const RETRY_MAX: Duration = Duration::from_secs(2);

/// Bytes of an AES-128 key (RFC 8216 5).
const KEY_BYTES: usize = 16;

/// What is to be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A key; the attributes of its tag.
    Key(Arc<hls::Key>),
    /// An initialisation section.
    Map(Arc<hls::Map>),
}

#[derive(Debug)]
struct Entry {
    id: ResourceId,
    wanted: Wanted,
    state: State,
    failures: u32,
}

#[derive(Debug)]
enum State {
    Waiting { since: Moment },
    Fetching,
    Loaded(Arc<Resource>),
}

/// The resources of one pull.
#[derive(Debug)]
pub(crate) struct Resources {
    entries: Vec<Entry>,
    next: u64,
}

impl Resources {
    /// Starts numbering at `first`: published names are unique over restarts, as segments' are.
    pub(crate) fn new(first: MediaSequence) -> Self {
        Self {
            entries: Vec::new(),
            next: first.0,
        }
    }

    /// Makes sure that what a segment needs will be fetched.
    pub(crate) fn want(&mut self, now: Moment, segment: &hls::Segment) {
        for wanted in needs(segment) {
            if self.entries.iter().any(|entry| entry.wanted == wanted) {
                continue;
            }
            if self.entries.len() == RESOURCES_MAX {
                self.entries.remove(0);
            }
            let id = ResourceId(self.next);
            self.next += 1;
            let state = State::Waiting { since: now };
            self.entries.push(Entry {
                id,
                wanted,
                state,
                failures: 0,
            });
        }
    }

    /// What to ask for now.
    pub(crate) fn start(&mut self, now: Moment) -> Vec<(ResourceId, Wanted)> {
        let free = LOADS_MAX.saturating_sub(self.loading());
        let due = self
            .entries
            .iter_mut()
            .filter_map(|entry| match entry.state {
                State::Waiting { since } if since <= now => Some(entry),
                _ => None,
            });
        let started = due.take(free).map(|entry| {
            entry.state = State::Fetching;
            (entry.id, entry.wanted.clone())
        });
        started.collect()
    }

    fn loading(&self) -> usize {
        self.entries
            .iter()
            .filter(|entry| matches!(entry.state, State::Fetching))
            .count()
    }

    /// Stops asking for what none of these segments needs any more.
    pub(crate) fn drop_unneeded<'a>(
        &mut self,
        segments: &(impl Iterator<Item = &'a hls::Segment> + Clone),
    ) {
        self.entries.retain(|entry| {
            matches!(entry.state, State::Loaded(_))
                || segments
                    .clone()
                    .flat_map(needs)
                    .any(|wanted| wanted == entry.wanted)
        });
    }

    /// A resource arrived; a key of the wrong length counts as failed.
    pub(crate) fn loaded(&mut self, now: Moment, id: ResourceId, result: Result<Body, Trouble>) {
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == id) else {
            return;
        };
        if !matches!(entry.state, State::Fetching) {
            return;
        }
        let good = |body: &Body| match &entry.wanted {
            Wanted::Key(_) => body.len() == KEY_BYTES,
            Wanted::Map(_) => !body.is_empty(),
        };
        entry.state = match result {
            Ok(body) if good(&body) => State::Loaded(Arc::new(Resource { number: id.0, body })),
            _ => {
                let wait = RETRY_MIN * 2_u32.saturating_pow(entry.failures.min(8));
                entry.failures += 1;
                State::Waiting {
                    since: now + wait.min(RETRY_MAX),
                }
            }
        };
    }

    /// Whether all that a segment needs is there.
    pub(crate) fn has_all(&self, segment: &hls::Segment) -> bool {
        needs(segment).all(|wanted| self.get(&wanted).is_some())
    }

    /// The key of a segment, when it is one that is fetched.
    pub(crate) fn key(&self, key: &Arc<hls::Key>) -> Option<Arc<Resource>> {
        self.get(&Wanted::Key(Arc::clone(key)))
    }

    /// The initialisation section of a segment.
    pub(crate) fn map(&self, map: &Arc<hls::Map>) -> Option<Arc<Resource>> {
        self.get(&Wanted::Map(Arc::clone(map)))
    }

    /// When something is to be asked for again.
    pub(crate) fn deadline(&self) -> Option<Moment> {
        if LOADS_MAX <= self.loading() {
            return None;
        }
        let waits = self.entries.iter().filter_map(|entry| match entry.state {
            State::Waiting { since } => Some(since),
            _ => None,
        });
        waits.min()
    }

    /// Forgets everything: another source may mean something else by the same address. What
    /// published segments need, they hold themselves.
    pub(crate) fn reset(&mut self) {
        self.entries.clear();
    }

    fn get(&self, wanted: &Wanted) -> Option<Arc<Resource>> {
        let entry = self.entries.iter().find(|entry| entry.wanted == *wanted)?;
        match &entry.state {
            State::Loaded(resource) => Some(Arc::clone(resource)),
            _ => None,
        }
    }
}

fn needs(segment: &hls::Segment) -> impl Iterator<Item = Wanted> + use<> {
    let key = segment
        .key
        .clone()
        .filter(|key| is_fetchable(key))
        .map(Wanted::Key);
    key.into_iter().chain(segment.map.clone().map(Wanted::Map))
}

/// Keys of licence systems have addresses that only players understand.
fn is_fetchable(key: &hls::Key) -> bool {
    let identity = key
        .key_format
        .as_deref()
        .is_none_or(|format| format == "identity");
    let http = key
        .uri
        .as_deref()
        .is_some_and(|uri| uri.starts_with("http"));
    identity && http
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::read;
    use bytes::Bytes;

    fn encrypted() -> hls::Media {
        read(
            "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-KEY:METHOD=AES-128,URI=\"http://source/k\"\n\
             #EXTINF:2,\nhttp://source/0.ts\n#EXTINF:2,\nhttp://source/1.ts\n",
        )
    }

    fn body(bytes: usize) -> Body {
        Body::new(vec![Bytes::from(vec![1; bytes])])
    }

    #[test]
    fn a_key_is_fetched_once_for_all_its_segments() {
        let mut resources = Resources::new(MediaSequence(40));
        let list = encrypted();
        for segment in &list.segments {
            resources.want(Moment::ZERO, segment);
        }
        let started = resources.start(Moment::ZERO);
        assert_eq!(started.len(), 1);
        assert!(!resources.has_all(&list.segments[1]));
        resources.loaded(Moment::ZERO, started[0].0, Ok(body(16)));
        assert!(resources.has_all(&list.segments[1]));
        assert!(resources.start(Moment::ZERO).is_empty());
    }

    #[test]
    fn a_page_in_place_of_a_key_is_asked_for_again() {
        let mut resources = Resources::new(MediaSequence(0));
        let list = encrypted();
        resources.want(Moment::ZERO, &list.segments[0]);
        let id = resources.start(Moment::ZERO)[0].0;
        resources.loaded(Moment::ZERO, id, Ok(body(300)));
        assert!(!resources.has_all(&list.segments[0]));
        assert_eq!(resources.deadline(), Some(Moment(RETRY_MIN)));
    }
}
