//! What streams there are and were, and what is still to be told of them; it neither writes nor sends.
//!
//! Everything here is a decision: what is to be kept goes out as [`Effect::Write`], what is to be told as
//! [`Effect::Send`], and both come back with their result. An event is sent when it is on the disk (or
//! when the disk fails, and memory is all there is), one at a time, in the order of what happened, until
//! it is taken. So none is lost, none is told before it is certain, and the start of a stream is always
//! told before its end.
//!
//! Beside streams it keeps which sessions were begun on engines and not stopped, so that a start after a kill can.

mod courier;
mod delivery;
mod event;
mod journal;
mod kept;
mod ledger;
mod session;
mod stream;

pub use courier::{Courier, Reply, Verdict};
pub use delivery::{Outcome, Trouble};
pub use event::{Event, Kind};
pub use kept::{Change, DEAD_MAX, Dead, Kept};
pub use ledger::{
    ENDED_MAX, Effect, Ending, Input, Ledger, News, QUEUE_MAX, REPORTED_MAX, Status, TooMany,
};
pub use session::{SESSIONS_MAX, Session};
pub use stream::{CRASH, End, Stream};

/// What time it is, by both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Since some origin, by a clock that never steps: for waits.
    pub moment: std::time::Duration,
    /// By the calendar: for what is told.
    pub wall: jiff::Timestamp,
}
