//! What can go wrong outside, by cause; no text here ever holds a user name, a password or a query.

use std::net::IpAddr;
use std::time::Duration;

/// What was waited for when the patience ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wait {
    /// The connection: look-up, TCP and TLS.
    Connect,
    /// The headers of the answer.
    FirstByte,
    /// The next bytes of a body that had begun.
    MoreBytes,
    /// The end of a body that moved, but too slowly.
    WholeBody,
    /// The whole answer of an engine's API.
    Answer,
}

impl std::fmt::Display for Wait {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Wait::Connect => "a connection",
            Wait::FirstByte => "the first byte",
            Wait::MoreBytes => "more bytes",
            Wait::WholeBody => "the whole body",
            Wait::Answer => "an answer",
        })
    }
}

/// Why an address may not be fetched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Only HTTP is spoken.
    #[error("its scheme is neither http nor https")]
    Scheme,
    /// There is no host in it.
    #[error("it names no host")]
    NoHost,
    /// It leads inside, and the operator has not allowed it.
    #[error("{0} is not a public address")]
    NotPublic(IpAddr),
    /// The engine's own address cannot be written as a URL.
    #[error("the engine's address is not a valid one")]
    BadEngine,
}

/// What a body is that should have been media, by its first bytes; for words, never to play it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Instead {
    /// A web page: an error page of a front, mostly.
    Html,
    /// An answer of an API.
    Json,
    /// Other text.
    Text,
    /// Bytes that are neither text nor packets: other media, or junk.
    Binary,
}

impl std::fmt::Display for Instead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Instead::Html => "HTML",
            Instead::Json => "JSON",
            Instead::Text => "text",
            Instead::Binary => "something binary",
        })
    }
}

/// Why nothing, or not all, came from a place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The host name has no address.
    #[error("cannot look up {host}: {why}")]
    Lookup {
        /// The name.
        host: String,
        /// What the resolver said.
        why: String,
    },
    /// Nobody answers there, or the network is gone.
    #[error("cannot connect to {host}: {why}")]
    Connect {
        /// Host and port.
        host: String,
        /// What the system said.
        why: String,
    },
    /// The other side is not who it should be, or speaks no TLS.
    #[error("no secure connection to {host}: {why}")]
    Tls {
        /// Host and port.
        host: String,
        /// What is wrong with the certificate or the handshake.
        why: String,
    },
    /// A wait took longer than the caller allows.
    #[error("waited {} ms for {waiting_for}", .after.as_millis())]
    Timeout {
        /// What was waited for.
        waiting_for: Wait,
        /// The limit.
        after: Duration,
    },
    /// The answer is not a success.
    #[error("answered with status {code}")]
    Status {
        /// The HTTP status.
        code: u16,
        /// How long the other side asks to be left alone; given only when it says so in seconds.
        retry_after: Option<Duration>,
    },
    /// The body ended before its end.
    #[error("body ended after {got} bytes{}", .announced.map_or_else(String::new, |n| format!(" of {n}")))]
    Truncated {
        /// Bytes of the body received.
        got: u64,
        /// Its announced length; a chunked body announces none.
        announced: Option<u64>,
    },
    /// The body is, or claims to be, larger than anything sensible.
    #[error("body of {bytes} bytes or more is larger than {bytes_max} bytes")]
    TooLarge {
        /// Bytes announced or received.
        bytes: u64,
        /// The limit.
        bytes_max: u64,
    },
    /// One redirect after another.
    #[error("more than {hops_max} redirects")]
    Redirects {
        /// The limit.
        hops_max: usize,
    },
    /// A redirect whose target is no URL.
    #[error("redirect with status {code} to no valid address")]
    BadRedirect {
        /// Its status.
        code: u16,
    },
    /// The place, or what it led to, may not be fetched. Nothing was sent there.
    #[error("{host:?} is refused: {reason}")]
    Forbidden {
        /// The host, without anything else of the address.
        host: String,
        /// Why.
        reason: Refusal,
    },
    /// The slice asked for is not the slice given.
    #[error("asked for bytes {offset} to {end}, the answer holds others")]
    Range {
        /// First byte asked for.
        offset: u64,
        /// One after the last byte asked for.
        end: u64,
    },
    /// Media came compressed though that was not asked for.
    #[error("body is encoded as {encoding:?}, though that was not asked for")]
    Encoded {
        /// The encoding named by the other side, shortened.
        encoding: String,
    },
    /// A source sends neither of the two things that can be played.
    #[error("body is neither a playlist nor MPEG-TS, but {instead}")]
    NotMedia {
        /// What it looks like.
        instead: Instead,
    },
    /// The connection broke, or what came over it is no HTTP.
    #[error("connection broke: {why}")]
    Broken {
        /// What the protocol's reader said.
        why: String,
    },
}

/// Why an engine's API gave nothing useful.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// The engine could not be talked to.
    #[error(transparent)]
    Unreachable(#[from] FetchError),
    /// The engine answered that something is wrong, in its own words, shortened.
    #[error("{text}")]
    Refused {
        /// Its words.
        text: String,
    },
    /// The engine answered with a status and nothing that explains it.
    #[error("answered with status {code}")]
    Status {
        /// The HTTP status.
        code: u16,
    },
    /// The answer is not the JSON of this API: a page, a fragment, nothing, or other shapes.
    #[error("answer of {bytes} bytes is not what an engine says")]
    Malformed {
        /// Its length.
        bytes: usize,
    },
}

/// Why a session could not be stopped. One that is not known any more counts as stopped.
pub type StopError = ApiError;

/// Why a session did not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The call itself failed.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The engine named no place to play from, or none on HTTP.
    #[error("no playback URL in the answer")]
    NoPlaybackUrl,
}

/// Why there are no statistics.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatError {
    /// The session was stopped, has expired, or its engine was restarted.
    #[error("unknown playback session id")]
    SessionGone,
    /// The engine gave the session no address for statistics.
    #[error("session has no statistics")]
    NoStatUrl,
    /// The call itself failed.
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl FetchError {
    /// Whether waiting and asking again is the wrong cure: the place itself is refused.
    pub fn is_forbidden(&self) -> bool {
        matches!(self, FetchError::Forbidden { .. })
    }
}

impl ApiError {
    /// Whether the engine was there and answered, however wrongly; if not, it could not be talked to.
    pub fn answered(&self) -> bool {
        !matches!(self, ApiError::Unreachable(_))
    }
}

impl StartError {
    /// Whether the engine was there and answered, however wrongly; if not, it could not be talked to.
    pub fn answered(&self) -> bool {
        match self {
            StartError::Api(error) => error.answered(),
            StartError::NoPlaybackUrl => true,
        }
    }

    /// Whether the engine does not find this content, as it says when an infohash is asked for as a content id.
    pub fn refused_content(&self) -> bool {
        let StartError::Api(ApiError::Refused { text }) = self else {
            return false;
        };
        let text = text.to_ascii_lowercase();
        [
            "load content",
            "content id",
            "transport file",
            "get manifest",
        ]
        .iter()
        .any(|known| text.contains(known))
    }
}
