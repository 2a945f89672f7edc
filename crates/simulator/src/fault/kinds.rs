//! Every fault there is, by the layer that it breaks: HTTP, the playlist, the engine's session.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;

/// A place in the API of an engine or an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// All of them.
    Any,
    /// `/ace/getstream` and `/ace/manifest.m3u8`.
    Start,
    /// A media playlist.
    Playlist,
    /// A multivariant playlist.
    Multivariant,
    /// One media segment.
    Segment,
    /// The continuous body.
    Stream,
    /// The redirects that lead from a start to the continuous body.
    Redirect,
    /// `/ace/stat/…`.
    Stat,
    /// `/ace/cmd/…`.
    Command,
    /// `/ace/event/…`.
    Event,
    /// `/webui/api/service` and `/server/api`.
    Service,
    /// `/search`.
    Search,
    /// The key of encrypted segments.
    Key,
    /// The initialisation section of fragmented MP4.
    Init,
    /// Anything else.
    Other,
}

/// How a connection is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// In order.
    Fin,
    /// By a reset.
    Reset,
}

/// One fault of any layer.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// A response or its connection is wrong.
    Http(Http),
    /// The list of segments, or the way that it goes on, is wrong.
    Listing(Listing),
    /// The engine's session is wrong.
    Session(Session),
}

impl From<Http> for Fault {
    fn from(fault: Http) -> Self {
        Self::Http(fault)
    }
}

impl From<Listing> for Fault {
    fn from(fault: Listing) -> Self {
        Self::Listing(fault)
    }
}

impl From<Session> for Fault {
    fn from(fault: Session) -> Self {
        Self::Session(fault)
    }
}

impl Fault {
    /// Whether it happens at one moment, rather than for a time.
    pub(super) fn is_event(&self) -> bool {
        match self {
            Self::Http(_) | Self::Session(_) => false,
            Self::Listing(listing) => listing.is_event(),
        }
    }
}

/// A fault of one response; several may strike the same one.
#[derive(Debug, Clone, PartialEq)]
pub enum Http {
    /// This status with a short text, instead of doing anything.
    Status(u16),
    /// This status, header fields and body, instead of doing anything.
    Respond {
        /// The status code.
        status: u16,
        /// Fields such as `Retry-After`.
        headers: Vec<(String, String)>,
        /// The whole body.
        body: Bytes,
    },
    /// The request is read and never answered.
    Hang,
    /// The connection is closed as soon as it is accepted; `Endpoint` is not looked at.
    HalfDead,
    /// The request is read, and the connection ended without a byte.
    Drop(Ending),
    /// The request is looked at only after this time, so that the first byte is late.
    Delay(Duration),
    /// The body comes at so many bytes a second.
    Pace(u64),
    /// An HTML page with status 200.
    Html,
    /// Nothing with status 200.
    Empty,
    /// Another body, with the right length.
    Replace(Bytes),
    /// This many bytes are missing at the end, and the length agrees with that.
    Trim(usize),
    /// The body stops in order after so many bytes, short of its `Content-Length`.
    Truncate(u64),
    /// The connection ends after so many bytes of the body.
    Cut {
        /// Bytes of the body that are still sent.
        after: u64,
        /// In order, or by a reset.
        ending: Ending,
    },
    /// The body pauses, the connection stays open.
    Silence {
        /// Bytes of the body that are sent first.
        after: u64,
        /// `None`: for ever.
        lasting: Option<Duration>,
    },
    /// The body begins this many bytes late, for TS in the middle of a packet.
    Misaligned(usize),
    /// So many bytes that are no media come first.
    Junk(usize),
    /// Compressed with gzip, also for clients that asked for `identity`.
    Gzip,
    /// A small gzip body that becomes this many bytes.
    GzipBomb(u64),
    /// A redirect to this URL.
    Redirect(String),
    /// A redirect to the same path at another address.
    RedirectTo(SocketAddr),
    /// So many redirects before the answer.
    Redirects(u32),
    /// Redirects without end.
    RedirectLoop,
    /// The header block has no end.
    EndlessHeader,
    /// The header block comes one byte in each interval.
    SlowHeader(Duration),
    /// Padding follows the body up to so many bytes, as `Content-Length` says.
    Oversized(u64),
    /// Padding follows the body without end.
    Endless,
    /// Chunked framing.
    Chunked,
    /// Neither length nor chunks: the body ends with the connection.
    Unframed,
    /// This content type, or none.
    ContentType(Option<String>),
    /// The connection closes after the response.
    NoKeepAlive,
    /// A status line and header stand inside the body, as when two threads write one response.
    StatusLineInside,
}

/// A fault of a playlist's text, or of the media sequence behind it.
#[derive(Debug, Clone, PartialEq)]
pub enum Listing {
    /// No new segments while it is on; a continuous stream falls silent.
    Stall,
    /// A valid header and no segments.
    Empty,
    /// The media sequence starts again at 0, with new media. Once.
    Reset,
    /// The media sequence and the media skip so many segments. Once.
    Jump(u64),
    /// So many segments are lost, and the numbers do not show it. Once.
    Lose(u64),
    /// The next number carries the bytes of the one before. Once.
    Duplicate,
    /// The number listed last now stands for other bytes. Once.
    Rewrite,
    /// Timestamps jump, with or without the tag that says so. Once.
    Discontinuity {
        /// Whether `EXT-X-DISCONTINUITY` is written.
        tagged: bool,
    },
    /// The last so many segments are played again, under new numbers. Once.
    Loop(u64),
    /// Program dates go back by this much. Once.
    DateBack(Duration),
    /// The key changes. Once.
    RotateKey,
    /// Every second answer is this many segments old, as from two mirrors.
    Flap(usize),
    /// `EXT-X-ENDLIST` at the end.
    Endlist,
    /// A byte order mark in front.
    Bom,
    /// Lines end in CRLF, with blank lines between.
    Crlf,
    /// Tags, comments and attributes that no standard knows.
    UnknownTags,
    /// Every `EXTINF` has this text in place of its duration.
    Extinf(String),
    /// This target duration.
    TargetDuration(u64),
    /// A line that begins with this text is left out.
    Without(String),
    /// Segments are addressed with this in front of their path, for instance another host.
    Prefix(String),
    /// Comment lines up to so many bytes.
    Oversized(usize),
    /// Another text altogether.
    Replace(String),
}

impl Listing {
    pub(crate) fn is_event(&self) -> bool {
        use Listing::{
            DateBack, Discontinuity, Duplicate, Jump, Loop, Lose, Reset, Rewrite, RotateKey,
        };
        matches!(
            self,
            Reset
                | Jump(_)
                | Lose(_)
                | Duplicate
                | Rewrite
                | Discontinuity { .. }
                | Loop(_)
                | DateBack(_)
                | RotateKey
        )
    }
}

/// What is wrong with a JSON answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Malformed {
    /// The text stops half-way.
    Truncated,
    /// A page instead of JSON.
    Html,
    /// No text at all.
    Empty,
    /// Addresses are numbers, numbers are lists.
    WrongTypes,
    /// `"response":{}`.
    EmptyResponse,
    /// Numbers are strings.
    StringNumbers,
    /// Many keys that nobody knows, some of them nested.
    UnknownKeys,
    /// This key is missing.
    Missing(String),
    /// This key has this string for a value, for instance an address on another host.
    Text(String, String),
}

/// What a second reader of one TS session meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondReader {
    /// Its body begins with a second status line.
    Corrupt,
    /// The first reader's body ends.
    Kick,
    /// It is served like the first.
    Serve,
}

/// A fault of the engine and its sessions.
#[derive(Debug, Clone, PartialEq)]
pub enum Session {
    /// A start answers 200 with this error.
    StartFails {
        /// For instance `failed to load content`.
        error: String,
        /// JSON text for `extra_data`.
        extra: Option<String>,
    },
    /// The JSON of starts and stats is wrong.
    Malformed(Malformed),
    /// Nobody serves the content: it stays in prebuffering, with no peers.
    NoPeers,
    /// The playlist answers `500 start timeout` after this time.
    StartTimeout(Duration),
    /// The continuous body answers `500 failed to start`.
    FailedToStart,
    /// What was there has been sent, no more comes; stat says `dl` with a falling speed.
    Freeze,
    /// Stat says `err` with this message.
    Broken(String),
    /// A stop answers `unknown playback session id` and does nothing.
    StopUnknown,
    /// Stat has no `livepos`.
    LiveposAbsent,
    /// The values of `livepos` are numbers.
    LiveposNumber,
    /// URLs carry this authority instead of the request's.
    BadHost(String),
    /// Redirects between a start and the body: 0, 1 or 2.
    RedirectHops(u8),
    /// What a second reader of one TS session meets.
    SecondReader(SecondReader),
    /// Starts and stats say that the content is encrypted.
    Encrypted,
    /// How continuous bodies that begin now end with their session; in order, unless said otherwise.
    StreamsEnd(Ending),
}

impl Http {
    /// What strikes a response.
    pub(crate) fn of_response(fault: &Fault) -> Option<Self> {
        match fault {
            Fault::Http(Self::HalfDead) => None,
            Fault::Http(http) => Some(http.clone()),
            _ => None,
        }
    }

    /// What strikes a connection before it is read.
    pub(crate) fn of_connection(fault: &Fault) -> Option<Ending> {
        matches!(fault, Fault::Http(Self::HalfDead)).then_some(Ending::Fin)
    }
}
