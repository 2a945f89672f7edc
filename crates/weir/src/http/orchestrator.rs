//! The whole at a glance, and its sessions, in the words that scripts for orchestrators know.

use axum::Json;
use axum::extract::State;
use engine::pool::Health;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::api::date;
use super::clients::{Client, clients_of, mode_of};
use super::error::Problem;
use super::guard::Names;
use super::streams::Found;
use super::words::ChannelState;
use crate::clock;
use crate::handle::Handle;

/// How the whole is doing.
#[derive(Serialize, ToSchema)]
pub(super) struct OrchestratorStatus {
    /// `degraded` when something needs a hand, `unavailable` when nothing more can be started.
    status: Condition,
    /// The engines.
    engines: EngineCounts,
    /// The streams.
    streams: StreamCounts,
    /// Places for streams on engines.
    capacity: Capacity,
    /// Weir does not start engines.
    provisioning: Provisioning,
    /// When this was.
    timestamp: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = OrchestratorCondition)]
enum Condition {
    Healthy,
    Degraded,
    Unavailable,
}

/// Engines by how they are.
#[derive(Serialize, ToSchema)]
pub(super) struct EngineCounts {
    total: usize,
    running: usize,
    healthy: usize,
    unhealthy: usize,
}

/// Streams by whether they run.
#[derive(Serialize, ToSchema)]
pub(super) struct StreamCounts {
    /// Streams that run here.
    active: usize,
    /// Streams that run at other proxies, which report them.
    reported: usize,
    /// Viewers of those that run here.
    viewers: usize,
}

/// Places for streams on engines.
#[derive(Serialize, ToSchema)]
pub(super) struct Capacity {
    total: usize,
    used: usize,
    available: usize,
    max_streams_per_engine: usize,
}

/// What an orchestrator that starts engines would do.
#[derive(Serialize, ToSchema)]
pub(super) struct Provisioning {
    /// Always false: engines are configured.
    can_provision: bool,
    /// Why.
    blocked_reason: &'static str,
}

/// The channels' sessions.
#[derive(Serialize, ToSchema)]
pub(super) struct Sessions {
    sessions: Vec<Session>,
}

/// One channel that runs, with its session on an engine.
#[derive(Serialize, ToSchema)]
pub(super) struct Session {
    /// The channel's key.
    ace_id: String,
    /// The stream that it is, once a source was opened.
    stream_id: Option<String>,
    /// Where it is in its life.
    status: ChannelState,
    /// How it is watched: `HLS`, `TS` or `HLS+TS`.
    mode: &'static str,
    /// Its engine's host.
    engine_host: Option<String>,
    /// Its engine's port.
    engine_port: Option<u16>,
    /// Its engine, as host:port.
    container_id: Option<String>,
    /// The engine's name for the session.
    playback_session_id: Option<String>,
    /// What the engine plays.
    infohash: Option<String>,
    /// What the engine calls it, once it was asked.
    title: Option<String>,
    /// When it began.
    started_at: Option<String>,
    /// How many watch.
    client_count: usize,
    /// Who watches.
    clients: Vec<Client>,
}

/// How engines, streams and capacity are.
#[utoipa::path(get, path = "/orchestrator/status", tag = "system", responses((status = OK, body = OrchestratorStatus)))]
pub(super) async fn status(State(app): State<App>) -> Json<OrchestratorStatus> {
    let engines = app.engines.all();
    let per_engine = app.settings.borrow().max_streams_per_engine;
    let running = app.registry.all();
    let opened = |it: &Handle| it.stream().as_ref().is_some_and(|stream| stream.opened);
    let healthy = engines
        .iter()
        .filter(|it| it.engine.health != Health::Unhealthy && it.engine.failures == 0)
        .count();
    let total = engines.len() * per_engine;
    let used: usize = engines.iter().map(|it| it.engine.channels).sum();
    let outbox = app.outbox.status();
    let in_trouble = app.store.is_failing() || (outbox.telling && outbox.trouble.is_some());
    let can_play = !app.names.is_empty() || used < total;
    let status = match (can_play, in_trouble || healthy < engines.len()) {
        (false, _) => Condition::Unavailable,
        (true, true) => Condition::Degraded,
        (true, false) => Condition::Healthy,
    };
    Json(OrchestratorStatus {
        status,
        engines: EngineCounts {
            total: engines.len(),
            running: engines.len(),
            healthy,
            unhealthy: engines.len() - healthy,
        },
        streams: StreamCounts {
            active: running.iter().filter(|it| opened(it)).count(),
            reported: app.outbox.reported().len(),
            viewers: running.iter().map(|it| it.viewers().watching()).sum(),
        },
        capacity: Capacity {
            total,
            used,
            available: total.saturating_sub(used),
            max_streams_per_engine: per_engine,
        },
        provisioning: Provisioning {
            can_provision: false,
            blocked_reason: "engines are configured, not started by Weir",
        },
        timestamp: date(clock::wall()),
    })
}

/// The channels that run, with their sessions and viewers.
#[utoipa::path(get, path = "/proxy/sessions", tag = "streams", responses((status = OK, body = Sessions)))]
pub(super) async fn sessions(State(app): State<App>) -> Json<Sessions> {
    let running = app.registry.all();
    let sessions = running.iter().map(|handle| of(&app, handle)).collect();
    Json(Sessions { sessions })
}

/// One channel that runs, by its key or its stream's id.
#[utoipa::path(
    get, path = "/proxy/sessions/{id}", tag = "streams",
    params(("id" = String, Path, description = "a channel's key, or a stream's id")),
    responses(
        (status = OK, body = Session),
        (status = NOT_FOUND, description = "no such channel runs")
    )
)]
pub(super) async fn session(
    State(app): State<App>,
    Names(id): Names<String>,
) -> Result<Json<Session>, Problem> {
    match Found::named(&app, &id)? {
        Found::Own { handle, .. } => Ok(Json(of(&app, &handle))),
        Found::Other(_) | Found::Ended(_) => {
            Err(Problem::not_found(format!("stream {id} does not run here")))
        }
    }
}

fn of(app: &App, handle: &Handle) -> Session {
    let clients = clients_of(app, handle);
    let status = ChannelState::from(&handle.snapshot().phase);
    let stream = handle.stream();
    let stream = stream.as_ref();
    let session = stream.and_then(|it| it.session.as_ref());
    let infohash = stream.and_then(|it| it.infohash());
    let content = infohash.and_then(|it| app.records.titles.known(it));
    Session {
        ace_id: handle.key.clone(),
        stream_id: stream.filter(|it| it.opened).map(|it| it.id.clone()),
        status,
        mode: mode_of(&clients),
        engine_host: session.map(|it| it.engine.host.clone()),
        engine_port: session.map(|it| it.engine.port),
        container_id: session.map(|it| it.engine.to_string()),
        playback_session_id: session.and_then(|it| it.playback_session_id.clone()),
        infohash: infohash.map(str::to_owned),
        title: content.and_then(|it| it.title),
        started_at: stream.map(|it| date(it.started_at)),
        client_count: clients.len(),
        clients,
    }
}
