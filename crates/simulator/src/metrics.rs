//! Counts what clients did, for tests to assert on and to wait for; it changes no answer.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use futures_util::StreamExt as _;
use http::Method;
use http::header::{ACCEPT_ENCODING, RANGE};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::clock;
use crate::fault::Endpoint;
use crate::reply::{Body, Reply};
use crate::request::Request;

/// Requests that are remembered; a test that needs more counts instead.
const LOG_REQUESTS_MAX: usize = 4096;

/// One request that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub target: String,
    /// When its head had been read.
    pub at: Instant,
}

/// What has happened so far, at one moment.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    /// Connections that were accepted.
    pub connections: u64,
    /// Connections that are open.
    pub connections_open: u64,
    /// Requests of every kind.
    pub requests: u64,
    /// Successful starts by infohash and player.
    pub starts: BTreeMap<(String, String), u64>,
    /// Starts that were refused.
    pub starts_failed: u64,
    /// Sessions that live, each of them with a player that is still entitled to it.
    pub sessions: usize,
    /// The most sessions that lived at once.
    pub sessions_max: usize,
    /// Sessions that were given up because nobody used them.
    pub expired: u64,
    /// Stop commands that came in, whatever became of them.
    pub stops: u64,
    /// Stop commands that ended a session.
    pub stops_done: u64,
    /// Requests for a session that had been stopped before; second stops are among them.
    pub after_stop: u64,
    /// Readers of continuous bodies at the moment, by infohash; `""` at an origin.
    pub readers: BTreeMap<String, usize>,
    /// The most readers that one continuous body had at once, by infohash.
    pub readers_max: BTreeMap<String, usize>,
    /// Polls of `stat_url`.
    pub stats: u64,
    /// Polls of `event_url`.
    pub events: u64,
    /// Requests to the service API and the search.
    pub services: u64,
    /// Requests for media playlists.
    pub playlists: u64,
    /// Requests for multivariant playlists.
    pub multivariants: u64,
    /// Requests for continuous bodies, redirects not counted.
    pub streams: u64,
    /// Requests for keys.
    pub keys: u64,
    /// Requests for segments, by infohash (`""` at an origin) and number in the playlist.
    pub segments: BTreeMap<(String, u64), u64>,
    /// `HEAD` requests, which start sessions twice in the field.
    pub heads: u64,
    /// Requests with `Range`.
    pub ranges: u64,
    /// Requests for media that would have accepted another encoding than `identity`.
    pub encodings: u64,
    /// Bytes of bodies that were handed to the connection.
    pub bytes: u64,
    /// The latest requests, oldest first.
    pub log: VecDeque<Logged>,
}

impl Metrics {
    /// Requests that want something: all but those that ask whether the engine lives.
    pub fn asked(&self) -> u64 {
        self.requests.saturating_sub(self.services)
    }

    /// All starts, of every content and player.
    pub fn starts_all(&self) -> u64 {
        self.starts.values().sum()
    }

    /// The starts of one content, by every player.
    pub fn starts_of(&self, infohash: &str) -> u64 {
        let starts = self
            .starts
            .iter()
            .filter(|((content, _), _)| content == infohash);
        starts.map(|(_, count)| count).sum()
    }

    /// How often the segment with this number was asked for, in all contents.
    pub fn fetches(&self, number: u64) -> u64 {
        let fetches = self
            .segments
            .iter()
            .filter(|((_, segment), _)| *segment == number);
        fetches.map(|(_, count)| count).sum()
    }

    /// Requests for segments, of every number and content.
    pub fn fetches_all(&self) -> u64 {
        self.segments.values().sum()
    }

    /// Readers of continuous bodies at the moment.
    pub fn readers_all(&self) -> usize {
        self.readers.values().sum()
    }
}

/// Where the counts are kept.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter {
    watched: Arc<watch::Sender<Metrics>>,
}

impl Meter {
    pub(crate) fn snapshot(&self) -> Metrics {
        self.watched.borrow().clone()
    }

    /// Waits until the counts are as `condition` wants them.
    pub(crate) async fn until(&self, mut condition: impl FnMut(&Metrics) -> bool) -> Metrics {
        let mut receiver = self.watched.subscribe();
        match receiver.wait_for(|metrics| condition(metrics)).await {
            Ok(metrics) => metrics.clone(),
            Err(_) => unreachable!("the sender lives in `self`"),
        }
    }

    pub(crate) fn count(&self, change: impl FnOnce(&mut Metrics)) {
        self.watched.send_modify(change);
    }

    pub(crate) fn connected(&self) {
        self.count(|metrics| {
            metrics.connections += 1;
            metrics.connections_open += 1;
        });
    }

    pub(crate) fn disconnected(&self) {
        self.count(|metrics| metrics.connections_open -= 1);
    }

    /// Counts a request by what can be seen from outside.
    pub(crate) fn requested(&self, request: &Request, endpoint: Endpoint) {
        let media = matches!(endpoint, Endpoint::Segment | Endpoint::Stream);
        let encoding = request.header(ACCEPT_ENCODING).unwrap_or("identity");
        self.count(|metrics| {
            metrics.requests += 1;
            metrics.heads += u64::from(request.method == Method::HEAD);
            metrics.ranges += u64::from(request.headers.contains_key(RANGE));
            metrics.encodings += u64::from(media && !encoding.eq_ignore_ascii_case("identity"));
            match endpoint {
                Endpoint::Stat => metrics.stats += 1,
                Endpoint::Event => metrics.events += 1,
                Endpoint::Service | Endpoint::Search => metrics.services += 1,
                Endpoint::Playlist => metrics.playlists += 1,
                Endpoint::Multivariant => metrics.multivariants += 1,
                Endpoint::Key => metrics.keys += 1,
                _ => {}
            }
            if metrics.log.len() == LOG_REQUESTS_MAX {
                metrics.log.pop_front();
            }
            let (method, target) = (request.method.clone(), request.target.clone());
            let at = clock::now();
            metrics.log.push_back(Logged { method, target, at });
        });
    }

    pub(crate) fn segment(&self, content: &str, number: u64) {
        let key = (content.to_owned(), number);
        self.count(|metrics| *metrics.segments.entry(key).or_default() += 1);
    }

    /// The same reply, whose bytes are counted as they are handed out.
    pub(crate) fn metered(&self, reply: Reply) -> Reply {
        let body = match reply.body {
            Body::Whole(bytes) => {
                self.count(|metrics| metrics.bytes += bytes.len() as u64);
                Body::Whole(bytes)
            }
            Body::Stream(pieces) => {
                let meter = self.clone();
                let counted = pieces.inspect(move |piece| {
                    let bytes = piece.as_ref().map_or(0, bytes::Bytes::len);
                    meter.count(|metrics| metrics.bytes += bytes as u64);
                });
                Body::Stream(counted.boxed())
            }
        };
        Reply { body, ..reply }
    }

    /// A reader of a continuous body, counted until it is dropped.
    pub(crate) fn reader(&self, content: &str) -> Reader {
        self.count(|metrics| {
            let now = metrics.readers.entry(content.to_owned()).or_default();
            *now += 1;
            let now = *now;
            let most = metrics.readers_max.entry(content.to_owned()).or_default();
            *most = now.max(*most);
        });
        Reader {
            meter: self.clone(),
            content: content.to_owned(),
        }
    }
}

/// One reader of a continuous body.
pub(crate) struct Reader {
    meter: Meter,
    content: String,
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.meter.count(|metrics| {
            if let Some(now) = metrics.readers.get_mut(&self.content) {
                *now -= 1;
            }
        });
    }
}
