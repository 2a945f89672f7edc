//! Continuous transport streams: a viewer's way in, and what it is answered.

mod body;

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use channel::{Apart, Delivery, Phase, Refused, Snapshot, ViewerId};

use super::error::Problem;
use super::guard::Names;
use super::{App, Peer, description, play};
use crate::settings::Slate;
use body::Continuous;
pub(super) use body::Unread;

/// What players look at to know a transport stream.
const TRANSPORT_STREAM: &str = "video/mp2t";

/// Media of the source, or clips of ours where they are wanted.
const MEDIA: play::Wanted = play::Wanted {
    what: |snapshot, settings| {
        has_enough(snapshot, settings.ts_join_seconds)
            || (settings.slate == Slate::All && snapshot.on_slate)
    },
    wait: |settings| settings.initial_data_wait_timeout,
};

/// Plays `{id}.ts` as a continuous stream, for players that go by a name's ending. The answer has no end.
#[utoipa::path(
    get,
    path = "/ace/stream/{file}",
    tag = "playback",
    params(("file" = String, Path, description = "a content id or the name of a source, and .ts behind it")),
    responses(
        (status = OK, content_type = "video/mp2t"),
        (status = NOT_FOUND, body = description::Detail),
        (status = BAD_REQUEST, body = description::Detail),
        (status = BAD_GATEWAY, body = description::Detail),
        (status = SERVICE_UNAVAILABLE, body = description::Detail),
        (status = NOT_ACCEPTABLE, body = description::Detail),
    )
)]
pub(super) async fn file(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    Names(file): Names<String>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let missing = || Problem::not_found(format!("{file:?} must end in .ts"));
    let id = file.strip_suffix(".ts").ok_or_else(missing)?;
    let pairs = [("id".to_owned(), id.to_owned())];
    enter(&app, peer, &method, &pairs, &headers).await
}

/// A new viewer, who waits until the channel can be played and then gets a body without an end.
pub(super) async fn enter(
    app: &App,
    peer: Peer,
    method: &Method,
    pairs: &[(String, String)],
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let selector = play::selector(app, pairs)?;
    if method == Method::HEAD {
        return Ok(stream(Body::new(Unread)));
    }
    play::refuse_prefetch(headers)?;
    let asking = play::Asking {
        peer,
        headers,
        watching: true,
        delivery: Delivery::Continuous,
    };
    let viewer = ViewerId(play::token()?);
    let (_, visit) = play::let_in(app, &selector, viewer, &asking, &MEDIA).await?;
    let handle = std::sync::Arc::clone(visit.handle());
    let mut body = Continuous::new(visit, app.settings.clone());
    // What cannot be played is refused with a status while there is still one to be given.
    let begun = body.begin().map_err(|apart| refused(apart, &handle.key))?;
    if begun {
        Ok(stream(Body::new(body)))
    } else {
        Err(Refused::Closed.into())
    }
}

/// Whether a continuous stream can begin: as soon as there is as much media as it begins behind the newest, be it
/// before there is enough for a playlist.
fn has_enough(snapshot: &Snapshot, behind: Duration) -> bool {
    let media = snapshot.window.held().filter(|segment| !segment.slate);
    let media: Duration = media.map(|segment| segment.duration).sum();
    match snapshot.phase {
        Phase::Live | Phase::Lingering => !media.is_zero(),
        Phase::Starting => !media.is_zero() && behind <= media + snapshot.open_elapsed(),
        _ => false,
    }
}

fn refused(apart: Apart, key: &str) -> Problem {
    let detail = format!(
        "this source cannot be played as a continuous stream, {apart}; play it as HLS, at \
         /ace/manifest.m3u8 (channel {key})"
    );
    Problem::new(StatusCode::NOT_ACCEPTABLE, detail)
}

fn stream(body: Body) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static(TRANSPORT_STREAM);
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
