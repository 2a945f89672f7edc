//! The state of things as JSON, asked from its owners when it is asked for.

use axum::Json;
use axum::extract::State;
use channel::{Delivery, Phase, Snapshot, Viewer};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::error::Problem;
use super::guard::Names;
use super::{App, description, shapes};
use crate::clock;
use crate::handle::Handle;
use crate::settings::StreamMode;

/// The channels that run, with their viewers.
#[utoipa::path(get, path = "/proxy/status", tag = "state", responses((status = OK, body = shapes::ProxyStatus)))]
pub(super) async fn status(State(app): State<App>) -> Json<Value> {
    let channels: Vec<_> = app
        .registry
        .all()
        .iter()
        .map(|it| channel_state(&app, it))
        .collect();
    let viewers: u64 = channels
        .iter()
        .filter_map(|it| it["viewers"].as_u64())
        .sum();
    Json(json!({ "channels": channels, "total_viewers": viewers }))
}

fn channel_state(app: &App, handle: &Handle) -> Value {
    let snapshot = handle.snapshot();
    let Snapshot {
        window, counters, ..
    } = &*snapshot;
    let failure = match &snapshot.phase {
        Phase::Failed { failure, .. } => Some(failure.to_string()),
        _ => None,
    };
    let (id, started_at, engine) = match handle.stream().as_ref() {
        Some(it) => {
            let engine = it
                .session
                .as_ref()
                .map(|session| session.engine.to_string());
            (Some(it.id.clone()), Some(it.started_at), engine)
        }
        None => (None, None, None),
    };
    let clients = clients_of(app, handle);
    let mode = mode_of(&clients);
    let sent: u64 = clients
        .iter()
        .filter_map(|client| client["bytes_sent"].as_u64())
        .sum();
    let uptime = started_at.map(|at| clock::wall().duration_since(at).as_secs_f64());
    json!({
        "key": handle.key,
        "name": app.demo.as_ref().and_then(|stage| stage.title(&handle.key)).unwrap_or(&handle.key),
        "stream_id": id,
        "state": snapshot.phase.as_str(),
        "failure": failure,
        "mode": mode,
        "source": handle.selector.key_type(),
        "engine": engine,
        "started_at": started_at.map(date),
        "uptime_seconds": uptime,
        "viewers": clients.len(),
        "segments": window.held().len(),
        "reserve_seconds": snapshot.reserve.as_secs_f64(),
        "buffer_seconds": window.duration().as_secs_f64(),
        "buffer_bytes": window.bytes(),
        "target_duration_seconds": window.target(),
        "media_sequence": window.listed().next().map(|segment| segment.sequence.0),
        "on_slate": snapshot.on_slate,
        "slate_segments": counters.slate_segments,
        "bytes_in": counters.bytes_in,
        "bytes_out": sent,
        "upstream": {
            "sessions": counters.opened,
            "segment_fetches": counters.segment_fetches,
            "playlist_fetches": counters.playlist_fetches,
            "failures": counters.failures,
            "segments_lost": counters.segments_lost,
            "stream": snapshot.intake.map(channel::Intake::as_str),
            "flaws": counters.flaws,
            "repeats": counters.repeats,
        },
        "clients": clients,
    })
}

pub(super) fn clients_of(app: &App, handle: &Handle) -> Vec<Value> {
    let viewers = handle.viewers();
    let clients = viewers.iter().map(|(id, viewer)| {
        json!({
            "client_id": channel::view::token_text(id.0)[..12],
            "mode": mode(viewer).as_str(),
            "user_agent": viewer.agent,
            "ip_address": viewer.address,
            "connected_at": date(app.clock.date(viewer.connected_at)),
            "last_active": date(app.clock.date(viewer.last_active)),
            "bytes_sent": viewer.bytes_sent,
            "skips": viewer.skips,
        })
    });
    clients.collect()
}

fn mode(viewer: &Viewer) -> StreamMode {
    match viewer.delivery {
        Delivery::Playlists => StreamMode::Hls,
        Delivery::Continuous => StreamMode::Ts,
    }
}

/// How a channel is watched: one word where all its viewers agree, HLS where there are none.
pub(super) fn mode_of(clients: &[Value]) -> &'static str {
    let any = |mode: StreamMode| clients.iter().any(|client| client["mode"] == mode.as_str());
    match (any(StreamMode::Ts), any(StreamMode::Hls)) {
        (true, true) => "HLS+TS",
        (true, false) => StreamMode::Ts.as_str(),
        (false, _) => StreamMode::Hls.as_str(),
    }
}

/// The viewers of one channel, by its key or its stream's id.
#[utoipa::path(
    get,
    path = "/proxy/streams/{id}/clients",
    tag = "state",
    params(("id" = String, Path, description = "a channel's key, or a stream's id")),
    responses(
        (status = OK, body = shapes::Clients),
        (status = BAD_REQUEST, body = description::Detail),
        (status = NOT_FOUND, body = description::Detail),
    )
)]
pub(super) async fn clients(
    State(app): State<App>,
    Names(id): Names<String>,
) -> Result<Json<Value>, Problem> {
    let is_it = |handle: &Handle| {
        handle.key == id
            || handle
                .stream()
                .as_ref()
                .is_some_and(|stream| stream.id == id)
    };
    let found = app.registry.all().into_iter().find(|handle| is_it(handle));
    let handle = found.ok_or_else(|| Problem::not_found("no such stream is running"))?;
    let clients = clients_of(&app, &handle);
    Ok(Json(
        json!({ "stream_id": id, "count": clients.len(), "clients": clients }),
    ))
}

/// How Weir, its engines and its data folder are.
#[utoipa::path(get, path = "/health/status", tag = "system", responses((status = OK, body = shapes::Health)))]
pub(super) async fn health(State(app): State<App>) -> Json<Value> {
    let engines = app.engines.all();
    let engines: Vec<_> = engines
        .iter()
        .map(|it| {
            let it = &it.engine;
            json!({
                "engine": it.engine.to_string(),
                "channels": it.channels,
                "failures": it.failures,
                "draining": it.draining,
                "health_status": it.health.as_str(),
                "not_chosen": it.not_chosen.as_ref().map(ToString::to_string),
            })
        })
        .collect();
    json_health(app.store.is_failing(), &app.outbox.status(), &engines)
}

fn json_health(disk_failing: bool, outbox: &ledger::Status, engines: &[Value]) -> Json<Value> {
    let failing = engines
        .iter()
        .filter(|engine| engine["health_status"] == "unhealthy")
        .count();
    let all_failing = !engines.is_empty() && failing == engines.len();
    let held_back = outbox.telling && outbox.trouble.is_some();
    let status = if disk_failing || all_failing || held_back {
        "degraded"
    } else {
        "healthy"
    };
    Json(json!({
        "status": status,
        "data_folder": if disk_failing { "failing" } else { "ok" },
        "events": if held_back { "held back" } else { "ok" },
        "events_waiting": outbox.waiting,
        "engines": engines,
    }))
}

/// What runs here.
#[derive(Serialize, ToSchema)]
pub(super) struct Version {
    /// The program: always `weir`.
    name: &'static str,
    /// Its version.
    version: &'static str,
}

/// Which program answers, and its version.
#[utoipa::path(get, path = "/version", tag = "system", responses((status = OK, body = Version)))]
pub(super) async fn version() -> Json<Version> {
    Json(Version {
        name: "weir",
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// What can be played by a name.
#[derive(Serialize, ToSchema)]
pub(super) struct Sources {
    sources: Vec<Source>,
}

/// One of it.
#[derive(Serialize, ToSchema)]
struct Source {
    /// What to ask for.
    id: String,
    /// What people call it.
    name: String,
    /// `hls` for what the operator has named, `acestream` for a demo's channels.
    kind: &'static str,
}

/// What the operator has named, without addresses.
#[utoipa::path(get, path = "/api/v1/sources", tag = "state", responses((status = OK, body = Sources)))]
pub(super) async fn sources(State(app): State<App>) -> Json<Sources> {
    let named = app.names.iter().map(|name| Source {
        id: name.clone(),
        name: name.clone(),
        kind: "hls",
    });
    let staged = app.demo.as_ref().map(|stage| stage.channels());
    let staged = staged.unwrap_or_default().into_iter();
    let staged = staged.map(|(id, name)| Source {
        id,
        name,
        kind: "acestream",
    });
    Json(Sources {
        sources: named.chain(staged).collect(),
    })
}

pub(super) fn date(at: Timestamp) -> String {
    format!("{at:.3}")
}
