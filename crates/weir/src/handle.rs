//! A running channel as the rest of the service sees it: its newest snapshot and its viewers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use channel::{Caller, Delivery, Refused, Snapshot, ViewerId, Viewers};
use engine::{Session, Stat};
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use url::Url;

use crate::clock::Clock;
use crate::selector::Selector;
use crate::upstream::Open;

/// News for a driver that may wait to be read; arrivals beyond it say nothing new.
pub const MESSAGES_MAX: usize = 256;

/// What a driver is told by the rest of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// Somebody came.
    Arrived,
    /// Somebody may have been the last to go.
    Left,
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
}

impl Stream {
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
            forget: false,
        })
    }

    /// The viewers; never to be held across a wait.
    pub fn viewers(&self) -> MutexGuard<'_, Viewers> {
        // The table is changed by calls that do not panic half-way.
        self.viewers.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// A source was opened for it.
    pub fn opened(&self, open: &Open) {
        if let Some(stream) = self.stream().as_mut() {
            stream.session.clone_from(&open.session);
            stream.stat = None;
        }
    }

    /// Its engine has given statistics.
    pub fn measured(&self, stat: Stat) {
        if let Some(stream) = self.stream().as_mut() {
            stream.stat = Some(stat);
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
    forget: bool,
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
    }

    /// Tells the channel what was sent so far, and how often the viewer was moved on since it was last told.
    pub fn note(&mut self, skips: u64) {
        let bytes = std::mem::take(&mut self.bytes);
        let now = self.handle.clock.now();
        self.handle.viewers().note(now, self.id, bytes, skips);
    }

    /// The request was refused: its viewer leaves with it instead of being waited for.
    pub fn refuse(mut self) {
        self.forget = true;
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut viewers = self.handle.viewers();
        viewers.end(self.handle.clock.now(), self.id, self.bytes);
        if self.forget {
            viewers.leave(self.id);
        }
        drop(viewers);
        if self.forget || self.continuous {
            let _ = self.handle.messages.try_send(Message::Left);
        }
    }
}
