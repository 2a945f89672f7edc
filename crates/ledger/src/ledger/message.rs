//! What goes into a ledger and what comes out.

use std::sync::Arc;

use crate::delivery::{Outcome, Trouble};
use crate::event::Event;
use crate::kept::{Change, Dead};
use crate::session::Session;
use crate::stream::Stream;

/// What a ledger is told.
#[derive(Clone, Debug)]
pub enum Input {
    /// A stream of our own has begun.
    Began(Box<Stream>),
    /// A stream of our own is over; one that never began is passed over.
    Ended {
        /// Its id.
        stream: String,
        /// Why, in a word.
        reason: &'static str,
    },
    /// A session was begun on an engine: should Weir be killed, the next start has it stopped.
    SessionOpened(Session),
    /// A session was stopped, or need not be any more.
    SessionClosed {
        /// Where it took commands.
        command_url: String,
    },
    /// A write has ended.
    Written {
        /// The write's.
        number: u64,
        /// Everything of it is on the disk; else nothing of it counts as written.
        well: bool,
    },
    /// An event was sent.
    Sent {
        /// The event's.
        sequence: u64,
        /// How it went.
        outcome: Outcome,
    },
    /// Whatever stood against telling may be over: try at once.
    Nudge,
    /// The moment that `deadline` named has come.
    Deadline,
}

/// What a ledger wants done.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Write these changes, all or none; answer with `Written`. There is one write at a time.
    Write {
        /// Names the write.
        number: u64,
        /// In order.
        changes: Arc<[Change]>,
    },
    /// Tell this to the orchestrator; answer with `Sent`. There is one event at a time.
    Send {
        /// What happened.
        event: Event,
        /// To which stream.
        stream: Arc<Stream>,
    },
    /// Say this in the log.
    Tell(News),
}

/// What an operator should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Events cannot be told for the moment, for a reason that is new.
    Held(Trouble),
    /// They can be told again.
    Resumed {
        /// Attempts that had failed.
        failures: u32,
        /// Events that wait.
        waiting: usize,
    },
    /// An event will not be told.
    GivenUp(Dead),
    /// What happens cannot be written; it is kept in memory.
    DiskFailing,
    /// It can be written again.
    DiskBack,
}

/// How telling and writing go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// There is an orchestrator to be told.
    pub telling: bool,
    /// Events that wait to be told.
    pub waiting: usize,
    /// Events that were told since Weir started.
    pub delivered: u64,
    /// Events that were given up and are kept to be looked at.
    pub given_up: usize,
    /// What stands against telling.
    pub trouble: Option<Trouble>,
    /// The last write failed.
    pub disk_failing: bool,
    /// Changes that could not even be kept in memory for a later write.
    pub changes_dropped: u64,
}
