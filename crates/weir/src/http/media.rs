//! Segments, keys and initialisation sections: bytes that never change under their address.

use std::ops::Range;

use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use channel::{Caller, MediaSequence, Piece};

use super::body::Held;
use super::error::Problem;
use super::guard::Names;
use super::play::{agent, joined, parse_viewer};
use super::{App, Ask, Peer, description};
use crate::handle::{Handle, Visit};

/// Most digits of a number in a name.
const DIGITS_MAX: usize = 20;

/// Players that check what they may do ask again after a day.
const PREFLIGHT_SECONDS: &str = "86400";

/// A segment of the media, or a part of it.
#[utoipa::path(
    get,
    path = "/ace/hls/{channel}/segment/{file}",
    tag = "playback",
    params(
        ("channel" = String, Path, description = "a channel's key"),
        ("file" = String, Path, description = "as a playlist names it"),
    ),
    responses(
        (status = OK, content_type = "video/mp2t"),
        (status = NOT_FOUND, body = description::Detail),
    )
)]
pub(super) async fn segment(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    Names((key, file)): Names<(String, String)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let ask = Ask {
        peer,
        method: &method,
        uri: &uri,
        headers: &headers,
    };
    held(&app, &ask, &key, &file)
}

/// A segment of a running channel.
pub(super) fn held(app: &App, ask: &Ask<'_>, key: &str, file: &str) -> Result<Response, Problem> {
    let handle = running(app, key)?;
    let missing = || Problem::not_found(format!("segment {file:?} is not there (any more)"));
    let (number, extension) = numbered(file).ok_or_else(missing)?;
    let snapshot = handle.snapshot();
    let segment = snapshot.window.segment(MediaSequence(number));
    let segment = segment.filter(|it| it.container.extension() == extension);
    let segment = segment.ok_or_else(|| {
        handle.miss();
        missing()
    })?;
    let visit = visit(app, &handle, ask);
    if visit.is_none() && ask.method == Method::GET {
        let bytes = segment.body.len() as u64;
        handle.viewers().sent_to_anybody(bytes);
    }
    let held = Resource {
        piece: Some(Piece {
            sequence: segment.sequence,
            until: segment.duration,
            slate: segment.slate,
        }),
        body: segment.body.clone(),
        content_type: segment.container.content_type(),
        cache: format!("public, max-age={}, immutable", retention(app, &snapshot)),
    };
    Ok(held.respond(ask.method, ask.headers, visit))
}

/// What a player needs before the segments of fragmented MP4.
#[utoipa::path(
    get,
    path = "/ace/hls/{channel}/init/{file}",
    tag = "playback",
    params(
        ("channel" = String, Path, description = "a channel's key"),
        ("file" = String, Path, description = "as a playlist names it"),
    ),
    responses(
        (status = OK, content_type = "video/mp4"),
        (status = NOT_FOUND, body = description::Detail),
    )
)]
pub(super) async fn init(
    State(app): State<App>,
    Names((key, file)): Names<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let body = resource(&app, &key, &file, "mp4")?;
    let cache = "public, max-age=3600, immutable".into();
    let init = Resource {
        body,
        content_type: "video/mp4",
        cache,
        piece: None,
    };
    Ok(init.respond(&method, &headers, None))
}

/// A key for segments that are handed on encrypted.
#[utoipa::path(
    get,
    path = "/ace/hls/{channel}/key/{file}",
    tag = "playback",
    params(
        ("channel" = String, Path, description = "a channel's key"),
        ("file" = String, Path, description = "as a playlist names it"),
    ),
    responses(
        (status = OK, content_type = "application/octet-stream"),
        (status = NOT_FOUND, body = description::Detail),
    )
)]
pub(super) async fn key(
    State(app): State<App>,
    Names((key, file)): Names<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let body = resource(&app, &key, &file, "key")?;
    let content_type = "application/octet-stream";
    let key = Resource {
        body,
        content_type,
        cache: "no-store".into(),
        piece: None,
    };
    Ok(key.respond(&method, &headers, None))
}

fn running(app: &App, key: &str) -> Result<std::sync::Arc<Handle>, Problem> {
    app.registry
        .get(key)
        .ok_or_else(|| Problem::not_found("the channel is not running"))
}

fn resource(app: &App, key: &str, file: &str, wanted: &str) -> Result<channel::Body, Problem> {
    let handle = running(app, key)?;
    let missing = || Problem::not_found(format!("{file:?} is not there (any more)"));
    let (number, extension) = numbered(file).ok_or_else(missing)?;
    let snapshot = handle.snapshot();
    let resource = snapshot
        .window
        .resource(number)
        .filter(|_| extension == wanted);
    resource
        .map(|resource| resource.body.clone())
        .ok_or_else(missing)
}

/// Splits `123.ts`. Only the one form that we write ourselves is taken.
fn numbered(file: &str) -> Option<(u64, &str)> {
    let (digits, extension) = file.split_once('.')?;
    let canonical = digits.len() <= DIGITS_MAX
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && (digits == "0" || !digits.starts_with('0'));
    let number = digits.parse().ok().filter(|_| canonical)?;
    Some((number, extension))
}

/// Counts a segment request as its viewer's activity. One without a token, or for a channel that
/// just ended, is served all the same.
fn visit(app: &App, handle: &std::sync::Arc<Handle>, ask: &Ask<'_>) -> Option<Visit> {
    let viewer = parse_viewer(ask.uri).filter(|_| ask.method == Method::GET)?;
    let address = ask.peer.0.ip().to_canonical().to_string();
    let caller = Caller {
        address: &address,
        agent: agent(ask.headers),
        watching: true,
        ..Caller::default()
    };
    let visit = handle.visit(viewer, caller).ok()?;
    joined(app, &visit, caller.agent, caller.delivery);
    Some(visit)
}

/// Seconds for which a segment stays here, at least.
fn retention(app: &App, snapshot: &channel::Snapshot) -> u64 {
    let segments = app.settings.borrow().hls_max_segments as u64;
    segments * snapshot.window.target().unwrap_or(1)
}

struct Resource {
    body: channel::Body,
    content_type: &'static str,
    cache: String,
    /// What a viewer who has all of it can play.
    piece: Option<Piece>,
}

impl Resource {
    fn respond(self, method: &Method, headers: &HeaderMap, visit: Option<Visit>) -> Response {
        let whole = self.body.len();
        let asked = headers
            .get(header::RANGE)
            .and_then(|range| range.to_str().ok());
        let (status, range) = match asked.map(|text| Asked::read(text, whole)) {
            None | Some(Asked::Ignored) => (StatusCode::OK, 0..whole),
            Some(Asked::Part(range)) => (StatusCode::PARTIAL_CONTENT, range),
            Some(Asked::Outside) => return outside(whole),
        };
        let length = range.len();
        let content_range = format!(
            "bytes {}-{}/{whole}",
            range.start,
            range.end.saturating_sub(1)
        );
        let body = if *method == Method::HEAD {
            Body::empty()
        } else {
            let piece = self.piece.filter(|_| range.end == whole);
            Body::new(Held::new(self.body, &range, visit).carrying(piece))
        };
        let mut response = (status, body).into_response();
        let out = response.headers_mut();
        out.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(self.content_type),
        );
        out.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        out.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        if let Ok(cache) = HeaderValue::from_str(&self.cache) {
            out.insert(header::CACHE_CONTROL, cache);
        }
        if status == StatusCode::PARTIAL_CONTENT
            && let Ok(content_range) = HeaderValue::from_str(&content_range)
        {
            out.insert(header::CONTENT_RANGE, content_range);
        }
        response
    }
}

fn outside(whole: usize) -> Response {
    let detail = format!("the range lies outside the {whole} bytes there are");
    let mut response = Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, detail).into_response();
    if let Ok(value) = HeaderValue::from_str(&format!("bytes */{whole}")) {
        response.headers_mut().insert(header::CONTENT_RANGE, value);
    }
    response
}

/// A Range header's meaning (RFC 9110 14.2). Several ranges at once are ignored, as is what is none.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Ignored,
    Part(Range<usize>),
    Outside,
}

impl Asked {
    fn read(text: &str, whole: usize) -> Self {
        let Some((first, last)) = text
            .strip_prefix("bytes=")
            .and_then(|set| set.split_once('-'))
        else {
            return Self::Ignored;
        };
        let number = |text: &str| match text.trim() {
            "" => Some(None),
            // More digits than fit are simply far away.
            text if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(Some(text.parse().unwrap_or(usize::MAX)))
            }
            _ => None,
        };
        let range = match (number(first), number(last)) {
            (Some(Some(first)), Some(Some(last))) if first <= last => {
                first..last.saturating_add(1).min(whole)
            }
            (Some(Some(first)), Some(None)) => first..whole,
            (Some(None), Some(Some(length))) => whole.saturating_sub(length)..whole,
            _ => return Self::Ignored,
        };
        if range.start < range.end {
            Self::Part(range)
        } else {
            Self::Outside
        }
    }
}

/// Players on pages of other hosts may read media, whatever the answer is.
pub(super) async fn with_cors(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Content-Length, Content-Range, Date, Retry-After"),
    );
    response
}

/// Answers what a browser asks before it sends a request with unusual headers.
pub(super) async fn options(request: Request, next: Next) -> Response {
    if request.method() != Method::OPTIONS {
        return next.run(request).await;
    }
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, OPTIONS"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "Range, Origin, Accept, Content-Type, Cache-Control",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        assert_eq!(Asked::read("bytes=0-", 10), Asked::Part(0..10));
        assert_eq!(Asked::read("bytes=2-4", 10), Asked::Part(2..5));
        assert_eq!(Asked::read("bytes=2-400", 10), Asked::Part(2..10));
        assert_eq!(Asked::read("bytes=-3", 10), Asked::Part(7..10));
        assert_eq!(Asked::read("bytes=-30", 10), Asked::Part(0..10));
        assert_eq!(Asked::read("bytes=10-", 10), Asked::Outside);
        assert_eq!(Asked::read("bytes=-0", 10), Asked::Outside);
        assert_eq!(
            Asked::read("bytes=99999999999999999999999-", 10),
            Asked::Outside
        );
    }

    #[test]
    fn several_ranges_and_nonsense_are_ignored() {
        for text in [
            "bytes=0-1,3-4",
            "bytes=5-2",
            "bytes=a-b",
            "items=0-1",
            "bytes=-",
            "bytes=",
        ] {
            assert_eq!(Asked::read(text, 10), Asked::Ignored, "{text}");
        }
    }

    #[test]
    fn only_names_that_we_write_ourselves_are_taken() {
        assert_eq!(numbered("12.ts"), Some((12, "ts")));
        assert_eq!(numbered("0.ts"), Some((0, "ts")));
        for bad in [
            "",
            ".ts",
            "01.ts",
            "-1.ts",
            "+1.ts",
            "1",
            "99999999999999999999999.ts",
            "../1.ts",
            "1\0.ts",
        ] {
            assert_eq!(numbered(bad), None, "{bad:?}");
        }
    }
}
