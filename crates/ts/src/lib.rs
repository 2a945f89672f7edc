//! Facts about MPEG transport streams, and the few things done to them; never reads a clock, never does I/O, and
//! copies no media but packets that chunks tear and, in `rebase`, those that must change.

mod align;
pub mod continuity;
pub mod frame;
mod inspect;
mod looks;
pub mod packet;
pub mod rebase;
pub mod segment;
mod span;
mod split;
pub mod table;
mod time;
pub mod write;

pub use inspect::{Facts, Invalid, inspect};
pub use looks::LooksLike;
pub use split::split;
pub use table::{Codec, Stream};
pub use time::{CLOCK_HZ, Timestamp, duration, ticks};

/// Every packet of a transport stream is this long, and begins with [`SYNC_BYTE`].
pub const PACKET_BYTES: usize = 188;

/// The first byte of every packet.
pub const SYNC_BYTE: u8 = 0x47;
