//! An answer before it is sent: status, headers, a body, and what is wrong with the wire, if anything.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use http::{Response, StatusCode};
use http_body_util::{Either, Full, StreamBody};
use hyper::body::Frame;

use crate::fault::Ending;

/// Pieces of a body; an `Err` ends the connection in that way, in the middle of the body.
pub(crate) type Pieces = BoxStream<'static, Result<Bytes, Ending>>;

/// The body types that hyper is given.
pub(crate) type Wrapped =
    Either<Full<Bytes>, StreamBody<BoxStream<'static, Result<Frame<Bytes>, Cut>>>>;

/// A body that broke off where it should not.
#[derive(Debug, thiserror::Error)]
#[error("the body was cut on purpose")]
pub(crate) struct Cut;

pub(crate) enum Body {
    Whole(Bytes),
    Stream(Pieces),
}

/// How the end of a body is told, when hyper's choice will not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// This length is said, whether it is true or not.
    Length(u64),
    /// Each piece says its own length.
    Chunked,
    /// Neither length nor chunks: the body ends with the connection.
    Close,
}

/// How the header block is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Head {
    Whole,
    /// One byte in each interval.
    Slow(Duration),
    /// A header whose value never ends.
    Endless,
}

/// What happens to the connection after the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    Close,
    /// Left open without another byte, until the client closes it.
    Hold,
    /// Nothing is sent at all, not even a header.
    Nothing(Ending),
}

/// A reply that is written to the socket by hand, because HTTP would not allow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wire {
    pub(crate) framing: Framing,
    pub(crate) head: Head,
    pub(crate) after: After,
    /// The first word is `ICY`, as of a radio server.
    pub(crate) icy: bool,
}

impl Wire {
    pub(crate) fn new(framing: Framing) -> Self {
        Self {
            framing,
            head: Head::Whole,
            after: After::Close,
            icy: false,
        }
    }
}

pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    pub(crate) wire: Option<Wire>,
}

impl Reply {
    pub(crate) fn new(status: StatusCode, body: Body) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body,
            wire: None,
        }
    }

    pub(crate) fn whole(content_type: &str, body: impl Into<Bytes>) -> Self {
        Self::new(StatusCode::OK, Body::Whole(body.into())).with(CONTENT_TYPE, content_type)
    }

    pub(crate) fn json(body: String) -> Self {
        Self::whole("application/json", body)
    }

    pub(crate) fn text(status: StatusCode, text: &str) -> Self {
        let reply = Self::whole("text/plain", text.to_owned());
        Self { status, ..reply }
    }

    pub(crate) fn redirect(location: &str) -> Self {
        Self::text(StatusCode::FOUND, "").with(LOCATION, location)
    }

    /// Sets a header; a value that HTTP cannot carry is left out.
    pub(crate) fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// The wire of this reply, made from the body it has if nobody asked for one before.
    pub(crate) fn wire(&mut self) -> &mut Wire {
        let framing = self.length().map_or(Framing::Chunked, Framing::Length);
        self.wire.get_or_insert(Wire::new(framing))
    }

    /// The length that the body will have, where it is known.
    pub(crate) fn length(&self) -> Option<u64> {
        match &self.body {
            Body::Whole(bytes) => Some(bytes.len() as u64),
            Body::Stream(_) => self
                .headers
                .get(CONTENT_LENGTH)?
                .to_str()
                .ok()?
                .parse()
                .ok(),
        }
    }

    /// The body as pieces, which leaves the length in a header.
    pub(crate) fn into_pieces(mut self) -> (Self, Pieces) {
        let length = self.length();
        let body = std::mem::replace(&mut self.body, Body::Whole(Bytes::new()));
        if let Some(length) = length {
            self.headers
                .insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        match body {
            Body::Whole(bytes) => (self, futures_util::stream::iter([Ok(bytes)]).boxed()),
            Body::Stream(pieces) => (self, pieces),
        }
    }

    /// The reply as hyper sends it.
    pub(crate) fn into_response(self) -> Response<Wrapped> {
        let body = match self.body {
            Body::Whole(bytes) => Either::Left(Full::new(bytes)),
            Body::Stream(pieces) => {
                let frames = pieces.map(|piece| piece.map(Frame::data).map_err(|_| Cut));
                Either::Right(StreamBody::new(frames.boxed()))
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}
