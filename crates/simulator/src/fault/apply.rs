//! Puts HTTP faults on a reply: what is answered instead, what becomes of the body, of the wire.

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use http::StatusCode;
use http::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue,
};

use super::shape::{Shape, Stop};
use super::{Ending, Http, gzip};
use crate::reply::{After, Body, Framing, Head, Pieces, Reply};
use crate::request::Request;

/// A page as a captive portal or an error handler would send it.
const PAGE: &str = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><p>Sign in to \
                    go on.</p></body></html>\n";

/// Bytes of padding that are sent at a time: whole TS packets, about 64 KiB.
const PADDING_PIECE_BYTES: usize = 188 * 348;

/// The parameter that counts the redirects of one request.
const HOP: &str = "hop";

/// What is answered without doing what was asked; also the place where a request waits or hangs.
pub(crate) async fn instead(faults: &[Http], request: &Request) -> Option<Reply> {
    for fault in faults {
        let reply = match fault {
            Http::Delay(delay) => {
                tokio::time::sleep(*delay).await;
                None
            }
            Http::Hang => std::future::pending().await,
            Http::Drop(ending) => Some(nothing(*ending)),
            Http::Status(code) => Some(Reply::text(status(*code), "made to fail\n")),
            Http::Respond {
                status: code,
                headers,
                body,
            } => Some(response(*code, headers, body.clone())),
            Http::Redirect(location) => Some(Reply::redirect(location)),
            Http::RedirectTo(address) => Some(Reply::redirect(&format!(
                "http://{address}{}",
                request.target
            ))),
            Http::Redirects(hops) => redirected(request, Some(*hops)),
            Http::RedirectLoop => redirected(request, None),
            _ => None,
        };
        if reply.is_some() {
            return reply;
        }
    }
    None
}

fn nothing(ending: Ending) -> Reply {
    let mut reply = Reply::text(StatusCode::OK, "");
    reply.wire().after = After::Nothing(ending);
    reply
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn response(code: u16, headers: &[(String, String)], body: Bytes) -> Reply {
    let fields = headers.iter().filter_map(|(name, value)| {
        HeaderName::from_bytes(name.as_bytes())
            .ok()
            .map(|name| (name, value))
    });
    fields.fold(
        Reply::new(status(code), Body::Whole(body)),
        |reply, (name, value)| reply.with(name, value),
    )
}

fn redirected(request: &Request, hops: Option<u32>) -> Option<Reply> {
    let hop: u32 = request
        .parameter(HOP)
        .and_then(|hop| hop.parse().ok())
        .unwrap_or_default();
    if hops.is_some_and(|hops| hops <= hop) {
        return None;
    }
    let others = request
        .target
        .split_once('?')
        .map_or("", |(_, query)| query);
    let others: Vec<&str> = others
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("hop="))
        .collect();
    let mut query = others.join("&");
    if !query.is_empty() {
        query.push('&');
    }
    Some(Reply::redirect(&format!(
        "{}?{query}{HOP}={}",
        request.path,
        hop + 1
    )))
}

/// The reply after all of `faults` have struck it.
pub(crate) fn apply(faults: &[Http], reply: Reply) -> Reply {
    let reply = faults.iter().fold(reply, content);
    let shape = shape(faults);
    let mut reply = shaped(reply, shape);
    for fault in faults {
        framing(fault, &mut reply);
    }
    reply
}

fn content(reply: Reply, fault: &Http) -> Reply {
    match fault {
        Http::Html => Reply::whole("text/html", PAGE),
        Http::Empty => replaced(reply, Bytes::new()),
        Http::Replace(body) => replaced(reply, body.clone()),
        Http::Trim(count) => with_whole(reply, |bytes| {
            bytes.slice(..bytes.len().saturating_sub(*count))
        }),
        Http::Misaligned(count) => skipped(reply, *count),
        Http::Junk(count) => prefixed(reply, vec![0x5a; *count].into()),
        Http::StatusLineInside => prefixed(
            reply,
            Bytes::from_static(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\n\r\n"),
        ),
        Http::Gzip => {
            with_whole(reply, |bytes| gzip::compressed(&bytes)).with(CONTENT_ENCODING, "gzip")
        }
        Http::GzipBomb(bytes) => bombed(reply, *bytes).with(CONTENT_ENCODING, "gzip"),
        Http::Oversized(bytes) => padded(reply, Some(*bytes)),
        Http::Endless => padded(reply, None),
        Http::ContentType(Some(value)) => reply.with(CONTENT_TYPE, value),
        Http::ContentType(None) => without(reply, &CONTENT_TYPE),
        Http::NoKeepAlive => reply.with(CONNECTION, "close"),
        _ => reply,
    }
}

fn without(mut reply: Reply, name: &HeaderName) -> Reply {
    reply.headers.remove(name);
    reply
}

fn replaced(reply: Reply, body: Bytes) -> Reply {
    Reply {
        body: Body::Whole(body),
        ..without(reply, &CONTENT_LENGTH)
    }
}

fn with_whole(reply: Reply, change: impl FnOnce(Bytes) -> Bytes) -> Reply {
    match reply.body {
        Body::Whole(bytes) => Reply {
            body: Body::Whole(change(bytes)),
            ..reply
        },
        Body::Stream(_) => reply,
    }
}

fn skipped(reply: Reply, count: usize) -> Reply {
    match reply.body {
        Body::Whole(bytes) => {
            let rest = bytes.slice(count.min(bytes.len())..);
            Reply {
                body: Body::Whole(rest),
                ..reply
            }
        }
        Body::Stream(pieces) => {
            let mut left = count;
            let rest = pieces.map(move |piece| {
                piece.map(|mut bytes| {
                    let skipped = left.min(bytes.len());
                    left -= skipped;
                    bytes.split_off(skipped)
                })
            });
            let reply = Reply {
                body: Body::Stream(rest.boxed()),
                ..reply
            };
            without(reply, &CONTENT_LENGTH)
        }
    }
}

fn prefixed(reply: Reply, prefix: Bytes) -> Reply {
    match reply.body {
        Body::Whole(bytes) => Reply {
            body: Body::Whole([prefix, bytes].concat().into()),
            ..reply
        },
        Body::Stream(pieces) => {
            let all = stream::iter([Ok(prefix)]).chain(pieces);
            let reply = Reply {
                body: Body::Stream(all.boxed()),
                ..reply
            };
            without(reply, &CONTENT_LENGTH)
        }
    }
}

fn bombed(reply: Reply, bytes: u64) -> Reply {
    let body = match &reply.body {
        Body::Whole(whole) => whole.clone(),
        Body::Stream(_) => Bytes::new(),
    };
    let reply = Reply {
        body: Body::Stream(gzip::bomb(&body, bytes)),
        ..reply
    };
    without(reply, &CONTENT_LENGTH)
}

/// Null packets, which every reader of TS takes and throws away.
fn padding() -> Bytes {
    let mut packet = [0xff; 188];
    packet[..4].copy_from_slice(&[0x47, 0x1f, 0xff, 0x10]);
    packet.repeat(PADDING_PIECE_BYTES / packet.len()).into()
}

fn padded(reply: Reply, bytes: Option<u64>) -> Reply {
    let length = reply.length();
    let (mut reply, pieces) = reply.into_pieces();
    reply.headers.remove(CONTENT_LENGTH);
    let mut left = match (bytes, length) {
        (Some(bytes), Some(length)) => {
            reply
                .headers
                .insert(CONTENT_LENGTH, HeaderValue::from(bytes.max(length)));
            bytes.saturating_sub(length)
        }
        (Some(bytes), None) => bytes,
        (None, _) => u64::MAX,
    };
    let padding = padding();
    let more = std::iter::from_fn(move || {
        let count = left.min(padding.len() as u64);
        left -= count;
        (0 < count).then(|| Ok(padding.slice(..count as usize)))
    });
    let all: Pieces = pieces.chain(stream::iter(more)).boxed();
    Reply {
        body: Body::Stream(all),
        ..reply
    }
}

fn shape(faults: &[Http]) -> Shape {
    let mut shape = Shape::default();
    for fault in faults {
        match fault {
            Http::Pace(rate) => shape.bytes_per_second = Some(*rate),
            Http::Truncate(after) => shape.stops.push((*after, Stop::Cut(Ending::Fin))),
            Http::Cut { after, ending } => shape.stops.push((*after, Stop::Cut(*ending))),
            Http::Silence { after, lasting } => {
                shape.stops.push((*after, Stop::Silence(*lasting)));
            }
            _ => {}
        }
    }
    shape
}

/// The reply with its body let out as `shape` says.
pub(crate) fn shaped(reply: Reply, shape: Shape) -> Reply {
    if shape.is_plain() {
        return reply;
    }
    let cuts = shape.cuts();
    let (reply, pieces) = reply.into_pieces();
    let mut reply = Reply {
        body: Body::Stream(shape.applied(pieces)),
        ..reply
    };
    if cuts {
        reply.wire();
    }
    reply
}

fn framing(fault: &Http, reply: &mut Reply) {
    match fault {
        Http::EndlessHeader => reply.wire().head = Head::Endless,
        Http::SlowHeader(pause) => reply.wire().head = Head::Slow(*pause),
        Http::Chunked => reply.wire().framing = Framing::Chunked,
        Http::Unframed => reply.wire().framing = Framing::Close,
        _ => {}
    }
}
