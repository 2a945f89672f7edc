//! What is on the disk, and what each change makes of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::event::Event;
use crate::session::Session;
use crate::stream::Stream;

/// Events that were refused and are kept to be looked at.
pub const DEAD_MAX: usize = 1_000;

/// An event that will not be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dead {
    /// Which.
    pub event: Event,
    /// What the orchestrator said, or what else stands against it.
    pub why: String,
}

/// One change of what is kept. Those of one write are kept together or not at all; each may be
/// repeated without harm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A stream is as this says, whatever was known of it.
    Stream(Arc<Stream>),
    /// This is to be told.
    Queued(Event),
    /// It was told.
    Settled {
        /// The event's.
        sequence: u64,
    },
    /// It will not be told.
    GivenUp(Dead),
    /// A stream has ended so long ago that it is dropped.
    Forgotten {
        /// The stream's id.
        stream: String,
    },
    /// Streams were running at this time.
    Alive {
        /// When.
        at: Timestamp,
    },
    /// A session was begun on an engine.
    SessionOpened(Session),
    /// It was stopped, or need not be any more.
    SessionClosed {
        /// Where it took commands.
        command_url: String,
    },
}

/// What was kept when Weir ended, however it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Streams, by id.
    pub streams: BTreeMap<String, Arc<Stream>>,
    /// What is still to be told, in order.
    pub queue: BTreeMap<u64, Event>,
    /// What was given up, oldest first.
    pub dead: Vec<Dead>,
    /// When streams were last known to run.
    pub alive_at: Option<Timestamp>,
    /// The highest sequence that was ever used, or zero.
    pub last_sequence: u64,
    /// Sessions that were begun and not stopped, as far as is known, by where they take commands.
    pub sessions: BTreeMap<String, Session>,
}

impl Kept {
    /// Makes one change. A disk does the same.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Stream(stream) => {
                self.streams.insert(stream.id.clone(), Arc::clone(stream));
            }
            Change::Queued(event) => {
                self.last_sequence = self.last_sequence.max(event.sequence);
                self.queue.insert(event.sequence, event.clone());
            }
            Change::Settled { sequence } => {
                self.queue.remove(sequence);
            }
            Change::GivenUp(dead) => {
                self.queue.remove(&dead.event.sequence);
                self.dead
                    .retain(|other| other.event.sequence != dead.event.sequence);
                self.dead.push(dead.clone());
                let surplus = self.dead.len().saturating_sub(DEAD_MAX);
                self.dead.drain(..surplus);
            }
            Change::Forgotten { stream } => {
                self.streams.remove(stream);
            }
            Change::Alive { at } => self.alive_at = Some(*at),
            Change::SessionOpened(session) => {
                let command_url = session.command_url.clone();
                self.sessions.insert(command_url, session.clone());
            }
            Change::SessionClosed { command_url } => {
                self.sessions.remove(command_url);
            }
        }
    }
}
