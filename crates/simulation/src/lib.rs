//! Whole lives of Weir under a virtual clock: its decisions are the real ones, and the world around them is
//! made up from one seed, so that whatever goes wrong goes wrong again. It knows neither clock nor socket.
//!
//! That it sees was tried by breaking the real thing. Of lives with 400 s of trouble each, these were needed:
//!
//! | what was broken | lives |
//! | --- | --- |
//! | promises of numbers not kept, the linger time ignored, a channel that never stops, the target duration changed | 1 |
//! | the newest event told first, a viewer who comes back not counted | 1 |
//! | a discontinuity forgotten, two sources at a time, a stuck source kept, repeats shown, a crash not told | 2 |
//! | the bound of bytes ignored, the end of a life told twice, events told before they are written | 3 to 5 |
//! | the list sliding back, dates going back, a window going on after its end, an event dropped at a 500 | 8 to 12 |
//! | bodies read on whatever waits, silence counted while nobody listens, repeats of a new session, no break before it | 10 to 22 |
//! | segments listed without their keys, retries without a wait, a lost segment without a mark | 36 to 95 |
//! | numbers by the clock alone, the end of a stream not waiting for the word of its start | 102, 214 |
//!
//! A wrap of timestamps taken for a jump is not seen: segments here end exactly where the next begin.

mod agenda;
mod coverage;
mod desk;
mod disk;
mod driver;
mod judge;
mod knobs;
mod life;
mod orchestrator;
mod plan;
mod process;
mod random;
mod source;
mod trace;
mod viewer;
mod world;

pub use coverage::Coverage;
pub use life::{Report, Violation, live, tell};
