//! Playlists: a viewer's way in, and what it polls.

mod asker;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use channel::{Caller, Delivery, Phase, Refused, Snapshot, ViewerId, view};

use super::error::{Problem, RETRY_AFTER};
use super::guard::Names;
use super::patience::patience;
use super::{App, Ask, Peer, continuous, description, query};
use crate::clock;
use crate::handle::{Handle, Visit};
use crate::pull;
use crate::selector::{Known, Selector};
use crate::settings::{Settings, StreamMode};
use asker::viewer;
pub(super) use asker::{agent, parse_viewer, token};

/// What players look at to know a playlist.
const PLAYLIST: &str = "application/vnd.apple.mpegurl";

/// Where browsers say why they ask; the first is the standard's, the others are of older ones.
const PURPOSES: [&str; 3] = ["sec-purpose", "purpose", "x-moz"];

/// What a viewer waits for, and for how long.
pub(super) struct Wanted {
    pub(super) what: fn(&Snapshot, &Settings) -> bool,
    pub(super) wait: fn(&Settings) -> Duration,
}

/// A playlist, whatever stands in it.
const PLAYLISTS: Wanted = Wanted {
    what: |snapshot, _| snapshot.playlist.is_some(),
    wait: |settings| settings.hls_buffer_ready_timeout,
};

/// Times a channel that just ended is asked for again; each finds a new one in its place.
const ENTRIES_MAX: usize = 4;

/// Plays one of id, infohash, magnet and url, in the mode that is set or that is asked for.
///
/// As a continuous stream, the answer has no end. The request is held until there is something to play.
#[utoipa::path(
    get,
    path = "/ace/getstream",
    tag = "playback",
    params(
        ("id" = Option<String>, Query, description = "a content id, or the name of a source"),
        ("infohash" = Option<String>, Query, description = "an infohash"),
        ("magnet" = Option<String>, Query, description = "a magnet link"),
        ("url" = Option<String>, Query, description = "a transport file's address, where the operator allows it"),
        ("mode" = Option<String>, Query, description = "hls or ts"),
    ),
    responses(
        (status = OK, content(("video/mp2t"), ("application/vnd.apple.mpegurl"))),
        (status = BAD_REQUEST, body = description::Detail),
        (status = BAD_GATEWAY, body = description::Detail),
        (status = SERVICE_UNAVAILABLE, body = description::Detail),
        (status = NOT_ACCEPTABLE, body = description::Detail),
    )
)]
pub(super) async fn getstream(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let pairs = query::pairs(&uri);
    let asked = pairs
        .iter()
        .find(|(name, _)| name == "mode")
        .map(|(_, mode)| mode.as_str());
    let mode = match asked {
        None => app.settings.borrow().stream_mode,
        Some(asked) => mode(asked)?,
    };
    match mode {
        StreamMode::Ts => continuous::enter(&app, peer, &method, &pairs, &headers).await,
        StreamMode::Hls => enter(&app, peer, &method, &pairs, &headers).await,
    }
}

/// A mode as callers write it.
pub(super) fn mode(text: &str) -> Result<StreamMode, Problem> {
    match text.to_ascii_lowercase().as_str() {
        "hls" => Ok(StreamMode::Hls),
        "ts" => Ok(StreamMode::Ts),
        other => {
            let detail = format!("mode must be hls or ts (it is {other:?})");
            Err(Problem::new(StatusCode::BAD_REQUEST, detail))
        }
    }
}

/// Plays one of id, infohash, magnet and url as HLS. The request is held until there is a playlist to start from.
#[utoipa::path(
    get,
    path = "/ace/manifest.m3u8",
    tag = "playback",
    params(
        ("id" = Option<String>, Query, description = "a content id, or the name of a source"),
        ("infohash" = Option<String>, Query, description = "an infohash"),
        ("magnet" = Option<String>, Query, description = "a magnet link"),
        ("url" = Option<String>, Query, description = "a transport file's address, where the operator allows it"),
    ),
    responses(
        (status = OK, content_type = "application/vnd.apple.mpegurl", body = String),
        (status = BAD_REQUEST, body = description::Detail),
        (status = BAD_GATEWAY, body = description::Detail),
        (status = SERVICE_UNAVAILABLE, body = description::Detail),
    )
)]
pub(super) async fn manifest(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    enter(&app, peer, &method, &query::pairs(&uri), &headers).await
}

/// The entry point: a new viewer, who waits until the channel can be played.
async fn enter(
    app: &App,
    peer: Peer,
    method: &Method,
    pairs: &[(String, String)],
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let selector = selector(app, pairs)?;
    if method == Method::HEAD {
        // Whoever only asks whether there is something must not start it.
        return Ok(playlist(Body::new(continuous::Unread), "no-store"));
    }
    refuse_prefetch(headers)?;
    let viewer = ViewerId(token()?);
    let caller = Asking {
        peer,
        headers,
        watching: false,
        delivery: Delivery::Playlists,
    };
    let (snapshot, visit) = let_in(app, &selector, viewer, &caller, &PLAYLISTS).await?;
    let (token, key) = (view::token_text(viewer.0), &visit.handle().key);
    let text = view::multivariant(&snapshot.window, snapshot.variant.as_ref(), key, &token);
    Ok(playlist(text, "no-store"))
}

/// What is asked for by parameters.
pub(super) fn selector(app: &App, pairs: &[(String, String)]) -> Result<Selector, Problem> {
    Ok(Selector::from_query(pairs, &known(app))?)
}

/// Refuses a browser that only asks because somebody might follow a link: that must not start anything.
pub(super) fn refuse_prefetch(headers: &HeaderMap) -> Result<(), Problem> {
    let is_prefetch = PURPOSES.iter().any(|name| {
        let purpose = headers.get(*name).and_then(|value| value.to_str().ok());
        purpose.is_some_and(|purpose| purpose.starts_with("prefetch"))
    });
    if !is_prefetch {
        return Ok(());
    }
    let detail = "a stream is not started in advance: ask again when it is to be played";
    Err(Problem::unavailable(detail, Duration::from_secs(1)))
}

/// The live playlist, for the viewer whose token it carries.
#[utoipa::path(
    get,
    path = "/ace/hls/{channel}/media.m3u8",
    tag = "playback",
    params(("channel" = String, Path, description = "a channel's key")),
    responses(
        (status = OK, content_type = "application/vnd.apple.mpegurl", body = String),
        (status = NOT_FOUND, body = description::Detail),
        (status = BAD_REQUEST, body = description::Detail),
        (status = BAD_GATEWAY, body = description::Detail),
        (status = SERVICE_UNAVAILABLE, body = description::Detail),
    )
)]
pub(super) async fn media(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    Names(key): Names<String>,
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
    poll(&app, &ask, &key).await
}

/// The live playlist of a channel, which is started if need be.
pub(super) async fn poll(app: &App, ask: &Ask<'_>, key: &str) -> Result<Response, Problem> {
    let viewer = viewer(ask.uri)?;
    let running = app.registry.get(key);
    if ask.method == Method::HEAD {
        let handle = running.ok_or_else(|| Problem::not_found("the channel is not running"))?;
        return Ok(live(&handle.snapshot(), viewer, false));
    }
    let selector = match running {
        Some(handle) => handle.selector.clone(),
        None => resumed(app, key)?,
    };
    let caller = Asking {
        peer: ask.peer,
        headers: ask.headers,
        watching: true,
        delivery: Delivery::Playlists,
    };
    let (handle, visit) = visit(app, &selector, viewer, &caller)?;
    let snapshot = handle.snapshot();
    let first = visit.starts();
    if snapshot.playlist.is_some() {
        drop(visit);
        return Ok(live(&snapshot, viewer, first));
    }
    let (snapshot, _visit) = ready(app, &handle, visit, &PLAYLISTS).await?;
    Ok(live(&snapshot, viewer, first))
}

/// What a player polls whose channel does not run: one that comes back after a restart of the service goes on under
/// the same address.
fn resumed(app: &App, key: &str) -> Result<Selector, Problem> {
    if app.registry.was_stopped(key) {
        let detail =
            "the stream was stopped; to watch it again, start at /ace/manifest.m3u8?id=...";
        return Err(Problem::not_found(detail));
    }
    let selector = Selector::from_key(key, &known(app))
        .ok_or_else(|| Problem::not_found("there is no such channel"))?;
    let played = app.registry.canonical(&selector);
    if played == selector {
        return Ok(selector);
    }
    // That has other numbers, and a channel beside it would take the engine's session from it.
    let detail = format!(
        "the stream is played as channel {played}; to watch it, start at /ace/manifest.m3u8?id=..."
    );
    Err(Problem::not_found(detail))
}

/// A request of somebody who wants to watch.
pub(super) struct Asking<'a> {
    pub(super) peer: Peer,
    pub(super) headers: &'a HeaderMap,
    pub(super) watching: bool,
    pub(super) delivery: Delivery,
}

/// Lets a viewer in, in a channel that is started if need be.
pub(super) fn visit(
    app: &App,
    selector: &Selector,
    viewer: ViewerId,
    asking: &Asking<'_>,
) -> Result<(Arc<Handle>, Visit), Problem> {
    let agent = agent(asking.headers);
    let address = asking.peer.0.ip().to_canonical().to_string();
    let caller = Caller {
        address: &address,
        agent,
        watching: asking.watching,
        delivery: asking.delivery,
    };
    if app.records.loops.refuses(selector, clock::wall()) {
        return Err(Problem::looping(&selector.key()));
    }
    for _ in 0..ENTRIES_MAX {
        let handle = app.registry.get_or_start(selector)?;
        match handle.visit(viewer, caller) {
            Ok(visit) => {
                joined(app, &visit, agent, asking.delivery);
                return Ok((handle, visit));
            }
            Err(Refused::Closed) => {}
            Err(Refused::Full) => return Err(Refused::Full.into()),
        }
    }
    Err(Refused::Closed.into())
}

/// Tells of a viewer that begins to watch with this request.
pub(super) fn joined(app: &App, visit: &Visit, agent: &str, delivery: Delivery) {
    if visit.starts() {
        let (registry, journal) = (&app.registry, &app.journal);
        pull::viewer_joined(registry, journal, visit.handle(), agent, delivery);
    }
}

/// Lets a newcomer in where what is asked for is played, by whatever name that is, and waits until it can be.
pub(super) async fn let_in(
    app: &App,
    selector: &Selector,
    viewer: ViewerId,
    asking: &Asking<'_>,
    wanted: &Wanted,
) -> Result<(Arc<Snapshot>, Visit), Problem> {
    let mut tried = app.registry.canonical(selector);
    for _ in 1..ENTRIES_MAX {
        let (handle, visit) = visit(app, &tried, viewer, asking)?;
        let problem = match ready(app, &handle, visit, wanted).await {
            Ok(ready) => return Ok(ready),
            Err(problem) => problem,
        };
        // It may have turned out to be what another channel plays, and have given way to that.
        let now = app.registry.canonical(selector);
        if now == tried {
            return Err(problem);
        }
        tried = now;
    }
    let (handle, visit) = visit(app, &tried, viewer, asking)?;
    ready(app, &handle, visit, wanted).await
}

/// Waits until the channel can be played as it is wanted, is woken by it, and says why if it cannot.
pub(super) async fn ready(
    app: &App,
    handle: &Handle,
    visit: Visit,
    wanted: &Wanted,
) -> Result<(Arc<Snapshot>, Visit), Problem> {
    let mut snapshots = handle.snapshots();
    let decided = tokio::select! {
        biased;
        decided = snapshots.wait_for(|snapshot| is_decided(snapshot, app, handle, wanted)) => {
            decided.map(|snapshot| Arc::clone(&snapshot))
        }
        waited = patience(app.settings.clone(), wanted.wait) => {
            pull::viewer_put_off(&app.registry, &visit, waited);
            visit.put_off(RETRY_AFTER);
            return Err(Problem::not_ready(waited));
        }
    };
    let problem = match decided {
        Ok(snapshot) => match &snapshot.phase {
            Phase::Failed { failure, until } => {
                Problem::of_failure(&handle.selector, failure, until.since(app.clock.now()))
            }
            Phase::Stopping => Problem::from(Refused::Closed),
            _ => return Ok((snapshot, visit)),
        },
        Err(_) => Problem::from(Refused::Closed),
    };
    visit.refuse();
    Err(problem)
}

fn is_decided(snapshot: &Snapshot, app: &App, handle: &Handle, wanted: &Wanted) -> bool {
    match &snapshot.phase {
        Phase::Failed { .. } => true,
        Phase::Starting | Phase::Live | Phase::Lingering => {
            (wanted.what)(snapshot, &app.settings.borrow())
        }
        // Only the end of the service closes a channel that somebody waits for.
        Phase::Stopping => handle.is_over(),
        Phase::Idle => false,
    }
}

/// A viewer's playlist, `first` when it is the first one that this viewer gets.
fn live(snapshot: &Snapshot, viewer: ViewerId, first: bool) -> Response {
    let template = if first {
        &snapshot.first_playlist
    } else {
        &snapshot.playlist
    };
    let Some(template) = template else {
        return Problem::unavailable("the channel is not ready", Duration::from_secs(1)).into();
    };
    // Not even half a target duration: it is one viewer's own, and a player that asks again at
    // once and gets its own copy back takes the stream for dead.
    playlist(template.render(&view::token_text(viewer.0)), "no-cache")
}

fn playlist(text: impl Into<Body>, cache: &'static str) -> Response {
    let mut response = text.into().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PLAYLIST));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    response
}

/// What viewers may ask for.
pub(super) fn known(app: &App) -> Known<'_> {
    Known {
        sources: &app.names,
        url_allowed: app.config.url_allowed,
    }
}
