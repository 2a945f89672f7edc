//! The whole service at a glance as JSON: how much there is of what, and what is wrong, in words.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use channel::{Moment, Phase};
use serde::Serialize;
use utoipa::ToSchema;

use super::api::date;
use super::error::Problem as Refusal;
use super::parameters::Parameters;
use super::words::Severity;
use super::{App, channels};
use crate::clock;
use crate::figures::{self, Audience, House};
use crate::handle::Handle;

/// The whole service at a glance.
#[derive(Serialize, ToSchema)]
pub(super) struct Overview {
    /// Weir's version.
    version: &'static str,
    /// When it was started.
    started_at: String,
    /// How long ago that was.
    uptime_seconds: f64,
    /// When this was so.
    as_of: String,
    /// Channels that run.
    channels: usize,
    /// Who watches.
    viewers: usize,
    /// Bits per second from all sources.
    in_bps: u64,
    /// Bits per second to all viewers.
    out_bps: u64,
    /// The engines, together.
    engines: Engines,
    /// Events that wait to be told to the orchestrator.
    events_waiting: usize,
    /// Whether the data folder cannot be written.
    disk_failing: bool,
    /// What is wrong, the worst first; fifty at most.
    problems: Vec<Problem>,
}

/// All engines together.
#[derive(Serialize, ToSchema)]
struct Engines {
    /// How many there are.
    total: usize,
    /// Those that answer.
    healthy: usize,
    /// Channels that those may carry.
    places: usize,
    /// Channels that all of them carry.
    used: usize,
}

/// Something that is wrong.
#[derive(Serialize, ToSchema)]
struct Problem {
    /// How much it matters.
    severity: Severity,
    /// What is wrong.
    what: String,
    /// What helps.
    how: &'static str,
    /// The channel that it is about.
    channel: Option<String>,
    /// The engine that it is about, as host:port.
    engine: Option<String>,
}

/// The whole over time.
#[derive(Serialize, ToSchema)]
#[schema(as = OverviewPoints)]
pub(super) struct Points {
    /// Time between two points.
    interval_seconds: f64,
    /// Oldest first.
    points: Vec<Point>,
}

/// The whole at one moment.
#[derive(Serialize, ToSchema)]
#[schema(as = OverviewPoint)]
struct Point {
    /// When.
    at: String,
    /// Channels that ran.
    channels: u32,
    /// Who watched.
    viewers: u32,
    /// Bits per second from all sources.
    in_bps: u64,
    /// Bits per second to all viewers.
    out_bps: u64,
    /// Engines that answered.
    engines_healthy: u32,
    /// What the live channel with least held.
    buffer_seconds_min: Option<f64>,
}

/// How much there is of what, and what is wrong, in words.
#[utoipa::path(get, path = "/api/v1/overview", tag = "system", responses((status = OK, body = Overview)))]
pub(super) async fn now(State(app): State<App>) -> Json<Overview> {
    Json(overview(&app))
}

/// The whole over time: each second of the last minutes, each ten seconds of the last hour.
#[utoipa::path(get, path = "/api/v1/overview/series", tag = "system",
    params(("since" = Option<String>, Query, description = "only what was sampled after this time; the last minutes if it is not said")),
    responses((status = OK, body = Points), (status = BAD_REQUEST, description = "since is no time")))]
pub(super) async fn series(State(app): State<App>, uri: Uri) -> Result<Json<Points>, Refusal> {
    let mut given = Parameters::of(&uri);
    let since = given.time("since");
    given.done()?;
    let stretch = app.series.of_all(since);
    let points = stretch.points.iter().map(|point| Point {
        at: date(point.at),
        channels: point.channels,
        viewers: point.viewers,
        in_bps: point.in_bps,
        out_bps: point.out_bps,
        engines_healthy: point.engines_healthy,
        buffer_seconds_min: point.buffer_min.map(f64::from),
    });
    Ok(Json(Points {
        interval_seconds: stretch.step.as_secs_f64(),
        points: points.collect(),
    }))
}

/// What `GET /api/v1/overview` answers.
pub(super) fn overview(app: &App) -> Overview {
    let house = house(app);
    let now = clock::wall();
    let (in_bps, out_bps) = app.series.rates(app.clock.now());
    let healthy = house.engines.iter().filter(|engine| engine.healthy);
    Overview {
        version: env!("CARGO_PKG_VERSION"),
        started_at: date(app.started_at),
        uptime_seconds: now.duration_since(app.started_at).as_secs_f64(),
        as_of: date(now),
        channels: house.channels.len(),
        viewers: house.channels.iter().map(|it| it.viewers).sum(),
        in_bps,
        out_bps,
        engines: Engines {
            total: house.engines.len(),
            healthy: healthy.clone().count(),
            places: healthy.map(|engine| engine.places).sum(),
            used: house.engines.iter().map(|engine| engine.channels).sum(),
        },
        events_waiting: app.outbox.status().waiting,
        disk_failing: house.disk_failing,
        problems: figures::problems(&house).into_iter().map(told).collect(),
    }
}

fn told(problem: figures::Problem) -> Problem {
    Problem {
        severity: Severity::from(&problem.severity),
        what: problem.what,
        how: problem.how,
        channel: problem.channel,
        engine: problem.engine,
    }
}

/// Everything that problems are found in, asked from its owners.
pub(super) fn house(app: &App) -> House {
    let now = app.clock.now();
    let places = app.settings.borrow().max_streams_per_engine;
    let engines = app.engines.all().into_iter();
    let engines = engines.map(|known| figures::Engine {
        name: known.engine.engine.to_string(),
        healthy: known.engine.answers(),
        channels: known.engine.channels,
        // What gives its channels up takes none.
        places: if known.engine.draining || known.engine.leaving {
            0
        } else {
            places
        },
    });
    let outbox = app.outbox.status();
    let trouble = outbox.trouble.filter(|_| outbox.telling);
    let running = app.registry.all();
    House {
        engines: engines.collect(),
        sources: app.names.len(),
        channels: running.iter().map(|it| channel(app, it, now)).collect(),
        disk_failing: app.store.is_failing() || outbox.disk_failing,
        history_failing: app.records.history.is_failing(),
        held_back: trouble.map(|trouble| (trouble.what, outbox.waiting)),
    }
}

fn channel(app: &App, handle: &Handle, now: Moment) -> figures::Channel {
    let snapshot = handle.snapshot();
    let audience = Audience::of(handle, now);
    let course = app.series.course(&handle.key, now);
    let title = {
        let stream = handle.stream();
        let infohash = stream.as_ref().and_then(|it| it.infohash());
        channels::title(app, &handle.key, infohash)
    };
    let failure = match &snapshot.phase {
        Phase::Failed { failure, .. } => Some(failure.to_string()),
        _ => None,
    };
    figures::Channel {
        key: handle.key.clone(),
        title,
        health: channels::health(&snapshot, &audience, &course, now),
        failure,
        on_slate: snapshot.on_slate,
        dry: audience.dry,
        viewers: audience.viewers(),
    }
}
