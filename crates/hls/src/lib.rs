//! HLS playlists as values: read, written, and the rules they keep; never a clock, never a socket.
//!
//! Upstream's lists are read tolerantly ([`read`]), since what plays in the field must play here. Our own are written
//! strictly ([`mod@write`]), since what is published must play everywhere. Clause numbers are those of RFC 8216.

mod address;
mod error;
mod media;
mod multivariant;
mod read;
mod tag;
pub mod write;

pub use address::resolve;
pub use error::{Looks, ReadError};
pub use media::{ByteRange, Key, Map, Media, Segment};
pub use multivariant::{Multivariant, Rendition, RenditionKind, Variables, Variant};
pub use read::{
    ENTRIES_MAX, KEY_FORMATS_MAX, LINE_BYTES_MAX, PLAYLIST_BYTES_MAX, Playlist, Source, read,
    read_from,
};
