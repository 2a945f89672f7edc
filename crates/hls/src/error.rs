//! Why a playlist could not be read, by cause; never a key's address, which may hold a token.

use std::fmt;

/// What is wrong with a playlist or with an address in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// More text than a playlist is worth, as it came or after its variables were filled in.
    #[error("playlist of {bytes} bytes is larger than {bytes_max} bytes")]
    TooLarge {
        /// Size reached when reading stopped.
        bytes: usize,
        /// See [`PLAYLIST_BYTES_MAX`](crate::PLAYLIST_BYTES_MAX).
        bytes_max: usize,
    },

    /// One line that is no URI and no tag that anybody writes.
    #[error("line {line} has {bytes} bytes, more than {bytes_max}")]
    LineTooLong {
        /// Counted from 1, after the blank lines that may stand before `#EXTM3U`.
        line: usize,
        /// Length of the line, its variables filled in.
        bytes: usize,
        /// See [`LINE_BYTES_MAX`](crate::LINE_BYTES_MAX).
        bytes_max: usize,
    },

    /// More segments, variants and renditions than a list is worth.
    #[error("playlist has more than {entries_max} entries")]
    TooManyEntries {
        /// See [`ENTRIES_MAX`](crate::ENTRIES_MAX).
        entries_max: usize,
    },

    /// More key systems at once than exist.
    #[error("playlist names more than {formats_max} key formats")]
    TooManyKeyFormats {
        /// See [`KEY_FORMATS_MAX`](crate::KEY_FORMATS_MAX).
        formats_max: usize,
    },

    /// The body is something else; it may come with status 200 and the right content type.
    #[error("not a playlist but {looks}, beginning {beginning:?}")]
    NotAPlaylist {
        /// What it seems to be.
        looks: Looks,
        /// The first characters, for the operator's eye.
        beginning: String,
    },

    /// Tags of both kinds of playlist in one (4.1: clients must fail).
    #[error("playlist mixes #EXT{media}, a media tag, with #EXT{multivariant}, a multivariant one")]
    MixedKinds {
        /// The first media tag, without `#EXT`.
        media: String,
        /// The first multivariant tag, without `#EXT`.
        multivariant: String,
    },

    /// A media sequence that is no number: the segments could not be told apart between two polls.
    #[error("media sequence {value:?} is not a number")]
    BadMediaSequence {
        /// The text after the colon.
        value: String,
    },

    /// A media sequence so high that the segments after it cannot be numbered.
    #[error("media sequence {media_sequence} leaves no numbers for the segments")]
    MediaSequenceTooHigh {
        /// As written.
        media_sequence: u64,
    },

    /// A key that cannot be read; going on without would hand out noise (4.3.2.4).
    #[error("the key on line {line} cannot be read")]
    BadKey {
        /// Counted from 1.
        line: usize,
    },

    /// An initialization section that cannot be read; its segments could not be decoded (4.3.2.5).
    #[error("the map on line {line} cannot be read")]
    BadMap {
        /// Counted from 1.
        line: usize,
    },

    /// A byte range that is none, or that ends beyond all numbers (4.3.2.2).
    #[error("byte range {value:?} on line {line} cannot be read")]
    BadByteRange {
        /// Counted from 1.
        line: usize,
        /// The text after the colon.
        value: String,
    },

    /// A byte range without offset that does not follow one of the same resource (4.3.2.2).
    #[error("byte range of {length} bytes on line {line} does not say where it begins")]
    ByteRangeWithoutStart {
        /// Line of the segment's URI, counted from 1.
        line: usize,
        /// Its length, which is all that was said.
        length: u64,
    },

    /// A `{$name}` that nothing defines; guessing would ask the source for a wrong address.
    #[error("variable {name:?} on line {line} is not defined")]
    UndefinedVariable {
        /// Counted from 1.
        line: usize,
        /// Without braces and dollar.
        name: String,
    },

    /// A URI that names nothing.
    #[error("an empty address")]
    EmptyAddress,

    /// A URI that cannot be joined to its playlist's address.
    #[error("address {:?} cannot be read: {reason}", without_query(uri))]
    BadAddress {
        /// As written; the message leaves out its query, where tokens are.
        uri: String,
        /// What the address parser objects to.
        reason: url::ParseError,
    },

    /// A URI that leads out of the web: `file:`, `data:`, `ftp:` and the like.
    #[error("addresses of scheme {scheme:?} are not followed")]
    SchemeNotAllowed {
        /// Without colon.
        scheme: String,
    },
}

/// What a body that is no playlist seems to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Looks {
    /// Nothing, or blanks.
    Empty,
    /// A web page, such as a login form or a proxy's error.
    Html,
    /// XML, among it DASH manifests.
    Xml,
    /// JSON, such as an API's error.
    Json,
    /// MPEG-TS: the address is a continuous stream and no playlist.
    MpegTs,
    /// Other bytes that are no text.
    Binary,
    /// Text without `#EXTM3U`.
    Text,
    /// `#EXTM3U` with nothing after it that says what it is.
    HeaderOnly,
    /// A list of addresses, such as a list of channels: M3U, but not HLS.
    AddressList,
}

impl fmt::Display for Looks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "an empty body",
            Self::Html => "a web page",
            Self::Xml => "XML",
            Self::Json => "JSON",
            Self::MpegTs => "MPEG-TS",
            Self::Binary => "binary data",
            Self::Text => "text without #EXTM3U",
            Self::HeaderOnly => "#EXTM3U alone",
            Self::AddressList => "a list of addresses",
        })
    }
}

fn without_query(uri: &str) -> &str {
    uri.split(['?', '#']).next().unwrap_or_default()
}
