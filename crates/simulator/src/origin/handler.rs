//! Leads each request to its answer, through the faults that are on for it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::StatusCode;
use http::header::{CONTENT_RANGE, CONTENT_TYPE};

use super::encrypted;
use super::fragmented;
use super::options::{Options, Packaging};
use super::route::{RANGE_STRIDE_BYTES, RANGES_PATH, Route, range};
use crate::broadcast::{Broadcast, Epoch};
use crate::clock;
use crate::continuous::Continuous;
use crate::fault::{self, Ending, Endpoint, Faults, Http, RuleId, Shape, Spot};
use crate::feed::{Entry, Feed};
use crate::metrics::Meter;
use crate::playlist::{self, Extra, Style};
use crate::reply::{Body, Framing, Reply, Wire};
use crate::request::Request;
use crate::serve::Handler;

/// Two qualities that are one and the same.
const MULTIVARIANT: &str = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-INDEPENDENT-SEGMENTS\n\
    #EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360,CODECS=\"avc1.4d401e,mp4a.40.2\"\n\
    low.m3u8\n\
    #EXT-X-STREAM-INF:BANDWIDTH=3000000,RESOLUTION=1280x720,CODECS=\"avc1.4d401f,mp4a.40.2\"\n\
    high.m3u8\n";

/// Everything that the requests of one origin share.
pub(super) struct Shared {
    options: Options,
    address: SocketAddr,
    pub(super) faults: Faults,
    pub(super) meter: Meter,
    state: Mutex<State>,
}

struct State {
    feed: Feed,
    broadcast: Broadcast,
    /// Counts the playlists that were sent.
    turn: u64,
}

impl Shared {
    pub(super) fn new(options: Options, address: SocketAddr) -> Self {
        let media = options.media.clone();
        let feed = Feed::new(
            media.clone(),
            options.first,
            options.span(),
            clock::now(),
            clock::unix(),
        );
        let mut broadcast = Broadcast::new(media, Epoch::default());
        broadcast.number(clock::now());
        let state = Mutex::new(State {
            feed,
            broadcast,
            turn: 0,
        });
        Self {
            options,
            address,
            faults: Faults::default(),
            meter: Meter::default(),
            state,
        }
    }

    fn with_state<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.feed.advance(clock::now(), &self.faults, "");
        look(&mut state)
    }

    async fn reply(&self, route: &Route, request: &Request, seen: BTreeSet<RuleId>) -> Reply {
        match route {
            Route::Multivariant => Reply::whole("application/vnd.apple.mpegurl", MULTIVARIANT),
            Route::Playlist => self.playlist(request),
            Route::Segment(number) => self.segment(*number).await,
            Route::Ranges => self.ranged(request).await,
            Route::Key(number) => {
                let key = Bytes::copy_from_slice(&encrypted::key(*number));
                Reply::whole("application/octet-stream", key)
            }
            Route::Init => Reply::whole("video/mp4", fragmented::init()),
            Route::Stream => self.stream(seen),
            Route::Unknown => Reply::text(StatusCode::NOT_FOUND, "not found\n"),
        }
    }

    fn playlist(&self, request: &Request) -> Reply {
        let base = if self.options.absolute {
            format!("http://{}", request.host(self.address))
        } else {
            String::new()
        };
        let faults = playlist::taken(&self.faults, "");
        let fragmented = self.options.packaging == Packaging::Fragmented;
        let map = format!("{base}/init.mp4");
        let text = self.with_state(|state| {
            let lengths = self.lengths(&mut state.feed);
            let extra = |entry: &Entry| self.extra(entry, &lengths, &base);
            let style = Style {
                version: if fragmented { 7 } else { 4 },
                map: fragmented.then_some(map.as_str()),
                dates: self.options.dates,
                discontinuity_sequence: true,
                extra: &extra,
            };
            state.turn += 1;
            playlist::text(&state.feed, &style, &faults, state.turn - 1)
        });
        Reply::whole("application/vnd.apple.mpegurl", text)
    }

    /// The lengths of the segments by their number, where the playlist tells them.
    fn lengths(&self, feed: &mut Feed) -> BTreeMap<u64, u64> {
        if self.options.packaging != Packaging::Ranges {
            return BTreeMap::new();
        }
        let listed: Vec<Entry> = feed.listed(0).cloned().collect();
        listed
            .iter()
            .map(|entry| (entry.number, feed.bytes(entry).len() as u64))
            .collect()
    }

    fn extra(&self, entry: &Entry, lengths: &BTreeMap<u64, u64>, base: &str) -> Extra {
        let number = entry.number;
        let plain = Extra {
            uri: format!("{base}/segment/{number}.ts"),
            ..Extra::default()
        };
        match self.options.packaging {
            Packaging::Plain => plain,
            Packaging::Encrypted => {
                let uri = format!("METHOD=AES-128,URI=\"{base}/key/{}.key\"", entry.key);
                Extra {
                    key: Some(uri),
                    ..plain
                }
            }
            Packaging::Fragmented => Extra {
                uri: format!("{base}/segment/{number}.m4s"),
                ..plain
            },
            Packaging::Ranges => {
                let length = lengths.get(&number).copied();
                let range = length.map(|length| (length, number * RANGE_STRIDE_BYTES));
                Extra {
                    uri: format!("{base}{RANGES_PATH}"),
                    range,
                    key: None,
                }
            }
        }
    }

    /// A segment as it is sent, if it is there.
    fn packaged(&self, number: u64) -> Option<Bytes> {
        let (entry, bytes) = self.with_state(|state| {
            let entry = state.feed.entry(number)?.clone();
            let bytes = state.feed.bytes(&entry);
            Some((entry, bytes))
        })?;
        Some(match self.options.packaging {
            Packaging::Plain | Packaging::Ranges => bytes,
            Packaging::Encrypted => encrypted::encrypt(&encrypted::key(entry.key), number, &bytes),
            Packaging::Fragmented => fragmented::fragment(number, &bytes),
        })
    }

    async fn segment(&self, number: u64) -> Reply {
        let content_type = match self.options.packaging {
            Packaging::Fragmented => "video/mp4",
            _ => "video/mp2t",
        };
        match self.packaged(number) {
            Some(bytes) => self.let_out(Reply::whole(content_type, bytes)).await,
            None => Reply::text(StatusCode::NOT_FOUND, "not found\n"),
        }
    }

    async fn ranged(&self, request: &Request) -> Reply {
        let found = range(request).and_then(|(first, last)| {
            let bytes = self.packaged(first / RANGE_STRIDE_BYTES)?;
            let inside = (first % RANGE_STRIDE_BYTES) as usize;
            let length = (last.checked_sub(first)? as usize).checked_add(1)?;
            let end = inside.checked_add(length)?.min(bytes.len());
            (inside < end).then(|| (first, bytes.slice(inside..end)))
        });
        let Some((first, bytes)) = found else {
            return Reply::text(StatusCode::RANGE_NOT_SATISFIABLE, "no such range\n");
        };
        let last = first + bytes.len() as u64 - 1;
        let reply = Reply::whole("video/mp2t", bytes)
            .with(CONTENT_RANGE, &format!("bytes {first}-{last}/*"));
        self.let_out(Reply {
            status: StatusCode::PARTIAL_CONTENT,
            ..reply
        })
        .await
    }

    /// A segment's reply at the origin's own pace.
    async fn let_out(&self, reply: Reply) -> Reply {
        if !self.options.first_byte.is_zero() {
            tokio::time::sleep(self.options.first_byte).await;
        }
        let bytes_per_second = self.options.bytes_per_second;
        fault::shaped(
            reply,
            Shape {
                bytes_per_second,
                ..Shape::default()
            },
        )
    }

    fn stream(&self, seen: BTreeSet<RuleId>) -> Reply {
        let first = self.with_state(|state| state.broadcast.number(clock::now()));
        let continuous = Continuous {
            media: self.options.media.clone(),
            faults: self.faults.clone(),
            content: String::new(),
            first,
            burst: self.options.burst,
            piece: self.options.piece,
            seen,
        };
        self.meter.count(|metrics| metrics.streams += 1);
        let reader = self.meter.reader("");
        let pieces = continuous.pieces().inspect(move |_| {
            let _ = &reader;
        });
        let reply = Reply::new(StatusCode::OK, Body::Stream(pieces.boxed()))
            .with(CONTENT_TYPE, "video/mp2t");
        Reply {
            wire: Some(Wire::new(Framing::Close)),
            ..reply
        }
    }
}

impl Handler for Shared {
    async fn answer(&self, request: Request) -> Reply {
        let route = Route::of(&request.path, self.options.multivariant);
        let endpoint = route.endpoint();
        self.meter.requested(&request, endpoint);
        let mut spot = Spot::new(endpoint);
        if let Some(number) = route.segment(&request) {
            spot = spot.segment(number);
            self.meter.segment("", number);
        }
        let mut seen = BTreeSet::new();
        let faults = self.faults.take(&spot, &mut seen, Http::of_response);
        if let Some(reply) = fault::instead(&faults, &request).await {
            return self.meter.metered(reply);
        }
        let reply = self.reply(&route, &request, seen).await;
        self.meter.metered(fault::apply(&faults, reply))
    }

    fn connected(&self) -> Option<Ending> {
        self.meter.connected();
        let spot = Spot::new(Endpoint::Any);
        let dead = self.faults.take_all(&spot, Http::of_connection);
        if !dead.is_empty() {
            self.meter.disconnected();
        }
        dead.first().copied()
    }

    fn disconnected(&self) {
        self.meter.disconnected();
    }
}
