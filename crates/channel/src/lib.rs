//! One channel: its life, what to fetch and when, its window and numbering, its viewers.
//!
//! Everything here is a decision. There is no clock, no socket and no randomness: time and news
//! come in as values, what is to be done goes out as values, so that the same inputs always give
//! the same effects and a test can be years long.

mod channel;
mod continuous;
pub mod event;
pub mod examine;
mod failure;
mod follow;
mod growing;
mod meter;
mod numbering;
mod overlap;
mod patience;
mod playhead;
mod pulse;
mod queue;
mod reading;
mod reserve;
mod resource;
mod restraint;
mod segment;
mod settings;
mod slate;
mod snapshot;
mod source;
#[cfg(test)]
mod testing;
mod time;
pub mod view;
mod viewer;
mod window;

pub use channel::{Channel, Effect, Input};
pub use continuous::{Cursor, Step};
pub use event::{EndReason, Event};
pub use failure::{Failure, OpenFailure, Trouble};
pub use growing::Growing;
pub use meter::Meter;
pub use numbering::{Numbering, Promise};
pub use playhead::{Piece, Place, Playhead, Playing};
pub use pulse::{Measure, Numbers};
pub use queue::{FETCHES_MAX, ItemId};
pub use resource::{ResourceId, Wanted};
pub use segment::{Apart, Body, Container, MediaSequence, Resource, Segment, SegmentKey};
pub use settings::{PUBLISHED_SEGMENTS_MIN, Settings};
pub use slate::Clip;
pub use snapshot::{Counters, Phase, Snapshot};
pub use source::{Intake, PullId, SourceKind, Where};
pub use time::Moment;
pub use viewer::{
    Begun, Caller, Delivery, Refused, Totals, VIEWERS_MAX, Viewer, ViewerId, Viewers,
};
pub use window::Window;
