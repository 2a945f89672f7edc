//! The media of a session: its playlist, its segments, its continuous body.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use http::StatusCode;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::handler::{Call, Shared};
use super::route::{Key, Output};
use super::session::{Live, Stage};
use super::world::{Place, World};
use crate::broadcast::Broadcast;
use crate::clock;
use crate::continuous::Continuous;
use crate::fault::{Ending, Endpoint, Fault, SecondReader, Session, Spot};
use crate::feed::Entry;
use crate::playlist::{self, Extra, Style};
use crate::reply::{Body, Framing, Pieces, Reply, Wire};
use crate::request::Request;

/// What a second reader finds in its body when two threads write to one connection.
const SECOND_STATUS_LINE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\n\r\n";

/// How a request for media goes on.
enum Step {
    Ready,
    Refused(Reply),
    Wait {
        gone: CancellationToken,
        until: Instant,
    },
}

impl Shared {
    /// Waits for media, without an answer for as long as that takes.
    pub(super) async fn ready(&self, key: &Key, output: Output) -> Result<(), Reply> {
        let _use = self.in_use(key);
        if self.world(|world| world.place(key)) == Place::Stopped {
            self.meter.count(|metrics| metrics.after_stop += 1);
        }
        loop {
            match self.step(key, output) {
                Step::Ready => return Ok(()),
                Step::Refused(reply) => return Err(reply),
                Step::Wait { gone, until } => {
                    let media = async {
                        tokio::time::sleep_until(until).await;
                        self.faults.until(|_| !self.starved(&key.infohash)).await;
                    };
                    tokio::select! {
                        biased;
                        () = gone.cancelled() => {}
                        () = media => {}
                    }
                }
            }
        }
    }

    fn step(&self, key: &Key, output: Output) -> Step {
        let (now, starved) = (clock::now(), self.starved(&key.infohash));
        let place = self.world(|world| world.place(key));
        if place == Place::Superseded {
            return Step::Refused(Reply::text(StatusCode::FORBIDDEN, "forbidden"));
        }
        self.world(|world| match world.sessions.get_mut(key) {
            None => Step::Refused(absent(output)),
            Some(session) if session.output != output => Step::Refused(conflict(output)),
            Some(session) => {
                session.touched = now;
                match session.stage(now, &self.options, starved) {
                    Stage::Dl => Step::Ready,
                    Stage::Idle | Stage::Prebuf => Step::Wait {
                        gone: session.gone.clone(),
                        until: session.started + self.options.prebuf,
                    },
                }
            }
        })
    }

    /// Looks at the media of a session that is ready.
    pub(super) fn with_live<T>(
        &self,
        key: &Key,
        look: impl FnOnce(&mut Live, &mut Broadcast) -> T,
    ) -> Option<T> {
        let now = clock::now();
        self.world(|world| {
            let World {
                contents, sessions, ..
            } = world;
            let session = sessions.get_mut(key)?;
            let content = contents.get_mut(&key.infohash)?;
            let unix = self.unix(now);
            let live = session.live(now, &self.options, &mut content.broadcast, unix);
            live.advance(now, &self.faults, &key.infohash);
            Some(look(live, &mut content.broadcast))
        })
    }

    pub(super) async fn playlist(&self, key: &Key, request: &Request) -> Reply {
        let spot = Spot::new(Endpoint::Any).content(&key.infohash);
        let timeout = self.session_fault(&spot, |fault| match fault {
            Session::StartTimeout(after) => Some(*after),
            _ => None,
        });
        if let Some(after) = timeout {
            tokio::time::sleep(after).await;
            return Reply::text(StatusCode::INTERNAL_SERVER_ERROR, "start timeout");
        }
        if let Err(reply) = self.ready(key, Output::Hls).await {
            return reply;
        }
        let path = format!("{}/ace/c/{}", self.base(request), key.infohash);
        let extra = |entry: &Entry| Extra {
            uri: format!("{path}/{}.ts", entry.number),
            ..Extra::default()
        };
        let style = Style {
            version: 3,
            map: None,
            dates: false,
            discontinuity_sequence: false,
            extra: &extra,
        };
        let faults = playlist::taken(&self.faults, &key.infohash);
        let text = self.with_live(key, |live, _| {
            live.turn += 1;
            playlist::text(&live.feed, &style, &faults, live.turn - 1)
        });
        text.map_or_else(
            || absent(Output::Hls),
            |text| Reply::whole("application/vnd.apple.mpegurl", text),
        )
    }

    pub(super) fn segment(&self, infohash: &str, number: u64) -> Reply {
        if self.world(|world| world.content_was_stopped(infohash)) {
            self.meter.count(|metrics| metrics.after_stop += 1);
        }
        let now = clock::now();
        let bytes = self.world(|world| {
            let session = world.of_content(infohash)?;
            session.touched = now;
            if session.output != Output::Hls {
                return None;
            }
            let live = session.live.as_mut()?;
            live.advance(now, &self.faults, infohash);
            let entry = live.feed.entry(number)?.clone();
            Some(live.feed.bytes(&entry))
        });
        match bytes {
            Some(bytes) => Reply::whole("video/mp2t", bytes),
            None => Reply::text(StatusCode::NOT_FOUND, "download not found"),
        }
    }

    pub(super) async fn stream(&self, key: &Key, call: Call<'_>) -> Reply {
        let key = self.world(|world| world.owner(key));
        let spot = Spot::new(Endpoint::Any).content(&key.infohash);
        let fails = |fault: &Session| (*fault == Session::FailedToStart).then_some(());
        if self.session_fault(&spot, fails).is_some() {
            return Reply::text(StatusCode::INTERNAL_SERVER_ERROR, "failed to start");
        }
        if let Err(reply) = self.ready(&key, Output::Ts).await {
            return reply;
        }
        let joined = self.with_live(&key, |_, broadcast| {
            (broadcast.number(clock::now()), broadcast.media().clone())
        });
        let (Some((first, media)), Some(reader)) = (joined, self.join(&key)) else {
            return absent(Output::Ts);
        };
        let continuous = Continuous {
            media,
            faults: self.faults.clone(),
            content: key.infohash.clone(),
            first,
            burst: self.options.burst,
            piece: self.options.piece,
            seen: call.seen,
        };
        self.meter.count(|metrics| metrics.streams += 1);
        let mut pieces: Pieces = continuous.pieces();
        if reader.is_corrupt {
            let line = Ok(Bytes::from_static(SECOND_STATUS_LINE));
            pieces = stream::iter([line]).chain(pieces).boxed();
        }
        let counted = self.meter.reader(&key.infohash);
        let (gone, kicked) = (reader.gone.clone(), reader.kicked.clone());
        let last = self.session_fault(&spot, |fault| match fault {
            Session::StreamsEnd(Ending::Reset) => Some(Err(Ending::Reset)),
            _ => None,
        });
        let pieces = pieces
            .take_until(gone.cancelled_owned())
            .take_until(kicked.cancelled_owned())
            .chain(stream::iter(last))
            .inspect(move |_| {
                let _ = (&reader, &counted);
            });
        let reply = Reply::new(StatusCode::OK, Body::Stream(pieces.boxed()))
            .with(http::header::CONTENT_TYPE, "video/mp2t");
        Reply {
            wire: Some(Wire::new(Framing::Close)),
            ..reply
        }
    }

    /// Adds a reader to a session, at the cost of the one that it has.
    fn join(&self, key: &Key) -> Option<Reader> {
        let spot = Spot::new(Endpoint::Any).content(&key.infohash);
        let manner = self.faults.find(&spot, |fault| match fault {
            Fault::Session(Session::SecondReader(manner)) => Some(*manner),
            _ => None,
        });
        let manner = manner.unwrap_or(SecondReader::Corrupt);
        let in_use = self.in_use(key)?;
        self.world(|world| {
            let session = world.sessions.get_mut(key)?;
            let is_second = 0 < session.readers;
            if is_second && manner == SecondReader::Kick {
                session.reader.cancel();
            }
            session.reader = CancellationToken::new();
            session.readers += 1;
            Some(Reader {
                in_use,
                is_corrupt: is_second && manner == SecondReader::Corrupt,
                gone: session.gone.clone(),
                kicked: session.reader.clone(),
            })
        })
    }

    /// Keeps a session from expiring until the result is dropped.
    fn in_use(&self, key: &Key) -> Option<Use> {
        let shared = self.me.upgrade()?;
        self.world(|world| {
            let session = world.sessions.get_mut(key)?;
            session.users += 1;
            let playback_id = session.playback_id.clone();
            Some(Use {
                shared,
                key: key.clone(),
                playback_id,
            })
        })
    }
}

/// A reader of a continuous body.
struct Reader {
    in_use: Use,
    is_corrupt: bool,
    gone: CancellationToken,
    kicked: CancellationToken,
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.in_use.with_session(|session| session.readers -= 1);
    }
}

/// A request that uses a session.
struct Use {
    shared: Arc<Shared>,
    key: Key,
    playback_id: String,
}

impl Use {
    fn with_session(&self, change: impl FnOnce(&mut super::session::Session)) {
        self.shared.world(|world| {
            let session = world.sessions.get_mut(&self.key);
            if let Some(session) = session.filter(|found| found.playback_id == self.playback_id) {
                change(session);
            }
        });
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        let now = clock::now();
        self.with_session(|session| {
            session.users -= 1;
            session.touched = now;
        });
    }
}

fn absent(output: Output) -> Reply {
    match output {
        Output::Hls => Reply::text(StatusCode::INTERNAL_SERVER_ERROR, "failed to get manifest"),
        Output::Ts => Reply::text(StatusCode::INTERNAL_SERVER_ERROR, "failed to start"),
    }
}

fn conflict(output: Output) -> Reply {
    match output {
        Output::Hls => Reply::text(StatusCode::NOT_FOUND, "download not found"),
        Output::Ts => absent(output),
    }
}
