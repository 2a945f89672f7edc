//! All contents and sessions of an engine, and the rules between them; it waits for nothing.

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;

use super::options::{Channel, Options};
use super::route::{Key, Output};
use super::session::Session;
use super::start::content_token;
use crate::broadcast::Broadcast;
use crate::random::Random;

/// Stopped sessions that are remembered, to tell late requests from lost ones.
const STOPPED_MAX: usize = 4096;

/// One content that exists.
pub(super) struct Content {
    pub(super) channel: Channel,
    pub(super) broadcast: Broadcast,
    /// Whether it has been played since the engine started, which makes its infohash an id.
    pub(super) loaded: bool,
}

/// Invariant: a content has one session at most, and a player too.
pub(super) struct World {
    pub(super) contents: BTreeMap<String, Content>,
    pub(super) sessions: BTreeMap<Key, Session>,
    superseded: BTreeSet<Key>,
    stopped: BTreeSet<Key>,
    pub(super) random: Random,
}

/// What has become of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Live,
    /// Another player has taken the content.
    Superseded,
    /// It was there, and was stopped by a command.
    Stopped,
    Unknown,
}

/// A start as a player asks for it.
pub(super) struct Start<'a> {
    pub(super) key: &'a Key,
    pub(super) player: &'a str,
    pub(super) output: Output,
    pub(super) restart: bool,
}

impl World {
    pub(super) fn new(options: &Options) -> Self {
        let contents = options.channels.iter().map(|channel| {
            let channel = Channel {
                content_id: channel.content_id.to_ascii_lowercase(),
                infohash: channel.infohash.to_ascii_lowercase(),
                ..channel.clone()
            };
            let broadcast = Broadcast::new(channel.media.clone(), channel.epoch.clone());
            (
                channel.infohash.clone(),
                Content {
                    channel,
                    broadcast,
                    loaded: false,
                },
            )
        });
        Self {
            contents: contents.collect(),
            sessions: BTreeMap::new(),
            superseded: BTreeSet::new(),
            stopped: BTreeSet::new(),
            random: Random::new(options.seed),
        }
    }

    /// The infohash of a content id; an infohash does only once its content has been loaded.
    pub(super) fn resolve_id(&self, id: &str) -> Option<String> {
        let id = id.trim().to_ascii_lowercase();
        let by_id = self
            .contents
            .values()
            .find(|content| content.channel.content_id == id);
        let known = by_id.or_else(|| self.contents.get(&id).filter(|content| content.loaded));
        known.map(|content| content.channel.infohash.clone())
    }

    pub(super) fn resolve_infohash(&self, infohash: &str) -> Option<String> {
        let infohash = infohash.trim().to_ascii_lowercase();
        self.contents.contains_key(&infohash).then_some(infohash)
    }

    /// The session that a request means: its addresses carry either of two tokens.
    pub(super) fn owner(&self, asked: &Key) -> Key {
        let known = self
            .sessions
            .keys()
            .chain(&self.superseded)
            .chain(&self.stopped);
        let mut of_content = known.filter(|key| key.infohash == asked.infohash);
        let found = of_content.find(|key| content_token(&key.token) == asked.token);
        found.unwrap_or(asked).clone()
    }

    pub(super) fn place(&self, key: &Key) -> Place {
        match (
            self.sessions.contains_key(key),
            self.superseded.contains(key),
        ) {
            (true, _) => Place::Live,
            (false, true) => Place::Superseded,
            (false, false) if self.stopped.contains(key) => Place::Stopped,
            (false, false) => Place::Unknown,
        }
    }

    /// Starts a session, or joins the one that this player has; true if it is a new one.
    pub(super) fn start(&mut self, start: &Start<'_>, now: Instant) -> bool {
        let key = start.key;
        for left in self.keys(|old| old.token == key.token && old.infohash != key.infohash) {
            self.end(&left);
        }
        let others: Vec<Key> =
            self.keys(|other| other.infohash == key.infohash && other.token != key.token);
        for other in others {
            self.sessions.remove(&other);
            self.superseded.insert(other);
        }
        if start.restart {
            self.sessions.remove(key);
        }
        self.superseded.remove(key);
        self.stopped.remove(key);
        if let Some(content) = self.contents.get_mut(&key.infohash) {
            content.loaded = true;
        }
        if let Some(session) = self.sessions.get_mut(key) {
            session.output = start.output;
            session.touched = now;
            return false;
        }
        let session = Session::new(self.random.hex(40), start.output, now);
        self.sessions.insert(key.clone(), session);
        true
    }

    /// The session that plays a content, whoever it belongs to.
    pub(super) fn of_content(&mut self, infohash: &str) -> Option<&mut Session> {
        let found = self
            .sessions
            .iter_mut()
            .find(|(key, _)| key.infohash == infohash);
        found.map(|(_, session)| session)
    }

    /// Stops the session of a content, also for players that had lost it.
    pub(super) fn stop_content(&mut self, infohash: &str) {
        let keys = self.sessions.keys().chain(&self.superseded);
        let keys: Vec<Key> = keys
            .filter(|key| key.infohash == infohash)
            .cloned()
            .collect();
        for key in keys {
            self.stop(&key);
        }
    }

    /// Stops one session, and leaves those alone that others have on its content.
    pub(super) fn stop(&mut self, key: &Key) {
        self.end(key);
        if self.stopped.len() == STOPPED_MAX {
            self.stopped.pop_first();
        }
        self.stopped.insert(key.clone());
    }

    /// Whether this content was stopped, and is not played again.
    pub(super) fn content_was_stopped(&self, infohash: &str) -> bool {
        let is_played = self.sessions.keys().any(|key| key.infohash == infohash);
        !is_played && self.stopped.iter().any(|key| key.infohash == infohash)
    }

    /// Ends one session without a command: it has expired, or its player went elsewhere.
    pub(super) fn end(&mut self, key: &Key) {
        self.sessions.remove(key);
        self.superseded.remove(key);
    }

    pub(super) fn end_all(&mut self) {
        self.sessions.clear();
        self.superseded.clear();
    }

    /// Forgets everything, as a process that has died.
    pub(super) fn forget(&mut self) {
        self.sessions.clear();
        self.superseded.clear();
        self.stopped.clear();
        for content in self.contents.values_mut() {
            content.loaded = false;
        }
    }

    fn keys(&self, chosen: impl Fn(&Key) -> bool) -> Vec<Key> {
        self.sessions
            .keys()
            .filter(|key| chosen(key))
            .cloned()
            .collect()
    }
}
