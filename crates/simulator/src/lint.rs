//! Checks live HLS as it is served: a checker that knows neither clock nor socket, and a watch that asks as players do.

mod cadence;
mod checker;
mod entry;
mod finding;
mod known;
mod list;
mod media;
mod rule;
mod segment;
mod text;
mod watch;

pub use checker::Checker;
pub use finding::{FINDINGS_MAX, Finding};
pub use known::REMEMBERED_MAX;
pub use rule::Rule;
pub use segment::{SegmentAnswer, SegmentFacts};
pub use watch::{Options, Report, WatchError, watch};
