//! `/health/status`: how Weir, its engines and its data folder are, for who watches over them.

use axum::Json;
use axum::extract::State;
use engine::pool;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::words::HealthStatus;

/// How Weir is.
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    /// `degraded` when something needs a hand.
    status: Condition,
    /// `ok` or `failing`.
    data_folder: &'static str,
    /// `ok` or `held back`.
    events: &'static str,
    /// Events that wait to be told.
    events_waiting: usize,
    engines: Vec<EngineHealth>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = HealthCondition)]
enum Condition {
    Healthy,
    Degraded,
}

/// How an engine is.
#[derive(Serialize, ToSchema)]
struct EngineHealth {
    /// host:port.
    engine: String,
    /// Channels that it carries.
    channels: usize,
    /// Failures in a row.
    failures: u32,
    /// Whether it gives its channels up and gets no more.
    draining: bool,
    /// Whether it answers.
    health_status: HealthStatus,
    /// Why it gets no channel at the moment.
    not_chosen: Option<String>,
}

/// How Weir, its engines and its data folder are.
#[utoipa::path(get, path = "/health/status", tag = "system", responses((status = OK, body = Health)))]
pub(super) async fn status(State(app): State<App>) -> Json<Health> {
    let engines = app.engines.all();
    let disk_failing = app.store.is_failing() || app.records.history.is_failing();
    let outbox = app.outbox.status();
    let held_back = outbox.telling && outbox.trouble.is_some();
    let is_down = |it: &pool::Engine| it.health == pool::Health::Unhealthy;
    let all_down = !engines.is_empty() && engines.iter().all(|it| is_down(&it.engine));
    let degraded = disk_failing || all_down || held_back;
    let engines = engines.into_iter().map(|it| EngineHealth::of(&it.engine));
    Json(Health {
        status: if degraded {
            Condition::Degraded
        } else {
            Condition::Healthy
        },
        data_folder: if disk_failing { "failing" } else { "ok" },
        events: if held_back { "held back" } else { "ok" },
        events_waiting: outbox.waiting,
        engines: engines.collect(),
    })
}

impl EngineHealth {
    fn of(engine: &pool::Engine) -> Self {
        Self {
            engine: engine.engine.to_string(),
            channels: engine.channels,
            failures: engine.failures,
            draining: engine.draining,
            health_status: HealthStatus::from(&engine.health),
            not_chosen: engine.not_chosen.as_ref().map(ToString::to_string),
        }
    }
}
