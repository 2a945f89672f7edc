//! What a demo's simulated engine has seen, and what can be made to happen to it; without a demo there is nothing.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::error::Problem;
use super::guard::Names;
use super::{auth, description, query};
use crate::demo::{Stage, Trouble};

/// How long trouble may last: beyond the longest that a channel waits for its source by default.
const SECONDS_MAX: u64 = 120;

/// What a demo shows of itself.
#[derive(Serialize, ToSchema)]
pub(super) struct Demo {
    engine: DemoEngine,
}

/// What a demo's simulated engine has seen.
#[derive(Serialize, ToSchema)]
struct DemoEngine {
    starts: u64,
    stops: u64,
    live_sessions: usize,
    segment_fetches: u64,
}

/// What a demo's simulated engine has seen.
#[utoipa::path(
    get,
    path = "/api/v1/demo",
    tag = "demo",
    responses((status = OK, body = Demo), (status = NOT_FOUND, body = description::Detail))
)]
pub(super) async fn figures(State(app): State<App>) -> Result<Json<Demo>, Problem> {
    let seen = stage(&app)?.seen();
    let engine = DemoEngine {
        starts: seen.starts_all(),
        stops: seen.stops,
        live_sessions: seen.sessions,
        segment_fetches: seen.fetches_all(),
    };
    Ok(Json(Demo { engine }))
}

/// A demo's engine is in trouble for so long: it dies (`death`), losing all sessions and refusing connections, or gives no media
/// (`silence`).
#[utoipa::path(
    post,
    path = "/api/v1/demo/{trouble}",
    tag = "demo",
    security(("api_key" = [])),
    params(
        ("trouble" = String, Path, description = "death or silence"),
        ("seconds" = u64, Query, minimum = 1, maximum = 120)
    ),
    responses(
        (status = NO_CONTENT),
        (status = BAD_REQUEST, body = description::Detail),
        (status = NOT_FOUND, body = description::Detail),
    )
)]
pub(super) async fn trouble(
    State(app): State<App>,
    Names(trouble): Names<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<StatusCode, Problem> {
    auth::protected(&app, &headers)?;
    let stage = stage(&app)?;
    let make = match trouble.as_str() {
        "death" => Trouble::Death,
        "silence" => Trouble::Silence,
        _ => return Err(Problem::not_found("trouble is either death or silence")),
    };
    let seconds = query::raw(&uri, "seconds").and_then(|text| text.parse().ok());
    let Some(seconds) = seconds.filter(|seconds| (1..=SECONDS_MAX).contains(seconds)) else {
        let detail = format!("seconds must be between 1 and {SECONDS_MAX} seconds");
        return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
    };
    stage.trouble(make(Duration::from_secs(seconds)));
    Ok(StatusCode::NO_CONTENT)
}

fn stage(app: &App) -> Result<&Arc<Stage>, Problem> {
    let stage = app.demo.as_ref();
    stage.ok_or_else(|| Problem::not_found("this is not a demo"))
}
