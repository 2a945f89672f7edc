//! A running channel as the rest of the service sees it: its newest snapshot and its viewers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use channel::{
    Caller, Counters, Delivery, EndReason, Moment, Piece, Refused, Snapshot, ViewerId, Viewers,
};
use engine::{Session, Stat};
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use url::Url;

use crate::clock::Clock;
use crate::samples::{Percentiles, Samples};
use crate::selector::Selector;
use crate::story::Tale;
use crate::upstream::Open;

/// Rest between two words to the table about a body that is taken as fast as it is made.
const NOTE_REST: Duration = Duration::from_millis(500);

/// News for a driver that may wait to be read; arrivals beyond it say nothing new.
pub const MESSAGES_MAX: usize = 256;

/// What a driver is told by the rest of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// Somebody came.
    Arrived,
    /// Somebody may have been the last to go.
    Left,
    /// It is to end, whoever watches.
    Stop(EndReason),
}

/// One life of a channel on its source, as it is told outside.
#[derive(Clone, Debug)]
pub struct Stream {
    /// A name for it that no other life has.
    pub id: String,
    /// What it is a stream of.
    pub selector: Selector,
    /// When it began.
    pub started_at: Timestamp,
    /// A source was opened for it, so that it counts as started.
    pub opened: bool,
    /// The newest session on an engine.
    pub session: Option<Session>,
    /// The newest statistics of that session.
    pub stat: Option<Stat>,
    /// What had been counted when it began.
    pub before: Before,
    /// Viewers at most, as far as somebody looked.
    pub viewers_max: usize,
}

/// What a channel had counted when one of its lives began.
#[derive(Clone, Debug, Default)]
pub struct Before {
    /// The channel's own figures.
    pub counters: Counters,
    /// Bytes that viewers were sent.
    pub bytes_out: u64,
}

impl Stream {
    /// What its engine plays.
    pub fn infohash(&self) -> Option<&str> {
        let told = self.session.as_ref().and_then(|it| it.infohash.as_deref());
        told.or_else(|| self.stat.as_ref()?.infohash.as_deref())
    }

    /// What is told outside of it; `continuous` says that it began for a viewer of a continuous body.
    pub fn record(&self, continuous: bool) -> ledger::Stream {
        let session = self.session.as_ref();
        let text = |url: Option<&Url>| url.map(Url::to_string).unwrap_or_default();
        let psid = session.and_then(|it| it.playback_session_id.clone());
        ledger::Stream {
            id: self.id.clone(),
            key_type: self.selector.key_type().into(),
            key: self.selector.bare().into(),
            container_id: session.map(|it| it.engine.to_string()),
            engine_host: session.map(|it| it.engine.host.clone()).unwrap_or_default(),
            engine_port: session.map_or(0, |it| it.engine.port),
            playback_session_id: psid.unwrap_or_default(),
            stat_url: text(session.and_then(|it| it.stat_url.as_ref())),
            command_url: text(session.and_then(|it| it.command_url.as_ref())),
            is_live: session.is_none_or(|it| it.is_live != Some(false)),
            continuous,
            started_at: self.started_at,
            ended: None,
            own: true,
            told: false,
            called: None,
        }
    }
}

/// A channel that runs. Its driver is the only one that changes what is shown here.
#[derive(Debug)]
pub struct Handle {
    /// Its name in paths.
    pub key: String,
    /// What it plays.
    pub selector: Selector,
    clock: Clock,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    messages: mpsc::Sender<Message>,
    viewers: Mutex<Viewers>,
    stream: Mutex<Option<Stream>>,
    bytes_out: AtomicU64,
    /// How long segments took to be had.
    fetches: Mutex<Samples>,
    /// Segments that viewers asked for and that were not there.
    missed: AtomicU64,
}

impl Handle {
    /// A handle, with the ends that its driver keeps.
    pub fn new(
        selector: Selector,
        clock: Clock,
        first: Snapshot,
    ) -> (
        Arc<Self>,
        watch::Sender<Arc<Snapshot>>,
        mpsc::Receiver<Message>,
    ) {
        let (show, snapshots) = watch::channel(Arc::new(first));
        let (messages, receiver) = mpsc::channel(MESSAGES_MAX);
        let handle = Self {
            key: selector.key(),
            selector,
            clock,
            snapshots,
            messages,
            viewers: Mutex::default(),
            stream: Mutex::default(),
            bytes_out: AtomicU64::new(0),
            fetches: Mutex::default(),
            missed: AtomicU64::new(0),
        };
        (Arc::new(handle), show, receiver)
    }

    /// What the channel shows now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshots.borrow())
    }

    /// What it will show, to wait for.
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.clone()
    }

    /// Begins a viewer's request, which lasts until the visit is dropped.
    pub fn visit(self: &Arc<Self>, id: ViewerId, caller: Caller<'_>) -> Result<Visit, Refused> {
        let begun = self.viewers().begin(self.clock.now(), id, caller)?;
        let served = self.snapshots.borrow().is_served();
        if begun.alone || !served {
            // A full queue holds an arrival already.
            let _ = self.messages.try_send(Message::Arrived);
        }
        Ok(Visit {
            handle: Arc::clone(self),
            id,
            starts: begun.starts,
            continuous: caller.delivery == Delivery::Continuous,
            bytes: 0,
            reached: None,
            noted_at: Moment::ZERO,
            forget: false,
            again: None,
        })
    }

    /// A segment of the source was asked for at `since` and is there now.
    pub fn fetched(&self, since: Moment) {
        let now = self.clock.now();
        let mut fetches = self.fetches.lock().unwrap_or_else(PoisonError::into_inner);
        fetches.add(now, now.since(since));
    }

    /// How long segments took to be had in the last minutes.
    pub fn fetch_times(&self) -> Option<Percentiles> {
        let fetches = self.fetches.lock().unwrap_or_else(PoisonError::into_inner);
        fetches.percentiles(self.clock.now())
    }

    /// Somebody asked for a segment that is not there.
    pub fn miss(&self) {
        self.missed.fetch_add(1, Ordering::Relaxed);
    }

    /// How often that was.
    pub fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }

    /// The viewers; never to be held across a wait.
    pub fn viewers(&self) -> MutexGuard<'_, Viewers> {
        // The table is changed by calls that do not panic half-way.
        self.viewers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends everybody away, lets nobody in any more, and has the driver end it; returns when the driver will read
    /// of it. It leaves the registry when its source is closed.
    pub async fn stop(&self, reason: EndReason) {
        self.look_at_viewers();
        self.viewers().close();
        // A driver that is gone has ended it already.
        let _ = self.messages.send(Message::Stop(reason)).await;
    }

    /// Whether it has ended for good and lets nobody in.
    pub fn is_over(&self) -> bool {
        self.viewers().is_closed()
    }

    /// Whether it plays this infohash, by its name or by what its engine has told.
    pub fn plays(&self, infohash: &str) -> bool {
        if let Selector::Infohash(own) | Selector::Magnet(own) = &self.selector {
            return own == infohash;
        }
        let stream = self.stream();
        let session = stream.as_ref().and_then(|stream| stream.session.as_ref());
        session.is_some_and(|session| session.infohash.as_deref() == Some(infohash))
    }

    /// What its engine plays, if it has told.
    pub fn infohash(&self) -> Option<String> {
        let stream = self.stream();
        stream.as_ref()?.infohash().map(str::to_owned)
    }

    /// A source was opened for it.
    pub fn opened(&self, open: &Open) {
        if let Some(stream) = self.stream().as_mut() {
            stream.session.clone_from(&open.session);
            stream.stat = None;
        }
    }

    /// Its engine has given statistics; returns the id of the stream that they are of.
    pub fn measured(&self, stat: Stat) -> Option<String> {
        let mut stream = self.stream();
        let stream = stream.as_mut()?;
        stream.stat = Some(stat);
        Some(stream.id.clone())
    }

    /// Notes how many watch, for the most that there were.
    pub fn look_at_viewers(&self) {
        let watching = self.viewers().watching();
        if let Some(stream) = self.stream().as_mut() {
            stream.viewers_max = stream.viewers_max.max(watching);
        }
    }

    /// Bytes that its viewers were sent, in all its lives.
    pub fn bytes_out(&self) -> u64 {
        self.bytes_out.load(Ordering::Relaxed)
    }

    /// What it has counted so far.
    pub fn counted(&self) -> Before {
        Before {
            counters: self.snapshot().counters.clone(),
            bytes_out: self.bytes_out(),
        }
    }

    /// How the newest life has gone so far.
    pub fn tale(&self, stream: &Stream) -> Tale {
        let Before {
            counters,
            bytes_out,
        } = self.counted();
        let before = &stream.before;
        let since = |now: u64, then: u64| now.saturating_sub(then);
        Tale {
            channel: self.key.clone(),
            infohash: stream.infohash().map(str::to_owned),
            sources: since(counters.opened, before.counters.opened),
            viewers_max: stream.viewers_max as u64,
            bytes_in: since(counters.bytes_in, before.counters.bytes_in),
            bytes_out: since(bytes_out, before.bytes_out),
            segments_lost: since(counters.segments_lost, before.counters.segments_lost),
            slate_segments: since(counters.slate_segments, before.counters.slate_segments),
        }
    }

    /// The newest life; never to be held across a wait.
    pub fn stream(&self) -> MutexGuard<'_, Option<Stream>> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request of a viewer, from its first byte in to its last byte out.
#[derive(Debug)]
pub struct Visit {
    handle: Arc<Handle>,
    id: ViewerId,
    starts: bool,
    /// Its viewer is gone when it ends.
    continuous: bool,
    bytes: u64,
    /// The newest media of those bytes that its viewer can play, and that the table does not know of yet.
    reached: Option<Piece>,
    noted_at: Moment,
    forget: bool,
    /// Its viewer was told to come again after this.
    again: Option<Duration>,
}

impl Visit {
    /// The channel.
    pub fn handle(&self) -> &Arc<Handle> {
        &self.handle
    }

    /// Whether it is its viewer's first for media.
    pub fn starts(&self) -> bool {
        self.starts
    }

    /// Counts bytes that were handed to the viewer's connection.
    pub fn sent(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        let total = &self.handle.bytes_out;
        total.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// The viewer has media to play, up to this.
    pub fn reached(&mut self, piece: Piece) {
        self.reached = Some(piece);
    }

    /// Tells the channel what was sent so far, and how often the viewer was moved on since it was last told.
    pub fn note(&mut self, skips: u64) {
        let bytes = std::mem::take(&mut self.bytes);
        self.noted_at = self.handle.clock.now();
        let mut viewers = self.handle.viewers();
        viewers.note(self.noted_at, self.id, bytes, skips);
        if let Some(piece) = self.reached.take() {
            viewers.hand(self.noted_at, self.id, piece);
        }
    }

    /// Tells it if the viewer has media that it does not know of.
    pub fn note_what_it_has(&mut self) {
        if self.reached.is_some() {
            self.note(0);
        }
    }

    /// Tells it now and then.
    pub fn note_at_times(&mut self) {
        if NOTE_REST <= self.handle.clock.now().since(self.noted_at) {
            self.note(0);
        }
    }

    /// The request was refused: its viewer leaves with it instead of being waited for.
    pub fn refuse(mut self) {
        self.forget = true;
    }

    /// The same, and its viewer was told to come again after `pause`: what has begun for it goes on until then.
    pub fn put_off(mut self, pause: Duration) {
        self.again = Some(pause);
        self.refuse();
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut viewers = self.handle.viewers();
        let now = self.handle.clock.now();
        viewers.end(now, self.id, self.bytes);
        if let Some(piece) = self.reached.take() {
            viewers.hand(now, self.id, piece);
        }
        if self.forget {
            viewers.leave(self.id);
        }
        if let Some(pause) = self.again {
            viewers.expect(now + pause);
        }
        drop(viewers);
        if self.forget || self.continuous {
            let _ = self.handle.messages.try_send(Message::Left);
        }
    }
}
