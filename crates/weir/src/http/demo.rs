//! What a demo's simulated engine has seen, and what can be made to happen to it; without a demo there is nothing.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use serde_json::{Value, json};

use super::App;
use super::error::Problem;
use super::{auth, description, query};
use crate::demo::{Stage, Trouble};

/// How long trouble may last: beyond the longest that a channel waits for its source by default.
const SECONDS_MAX: u64 = 120;

/// What a demo's simulated engine has seen.
#[utoipa::path(
    get,
    path = "/api/v1/demo",
    tag = "demo",
    responses((status = OK, body = Object), (status = NOT_FOUND, body = description::Detail))
)]
pub(super) async fn figures(State(app): State<App>) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({ "engine": stage(&app)?.figures() })))
}

/// A demo's engine loses everything, and is away for so long.
#[utoipa::path(
    post,
    path = "/api/v1/demo/death",
    tag = "demo",
    security(("api_key" = [])),
    params(("seconds" = u64, Query, minimum = 1, maximum = 120)),
    responses(
        (status = NO_CONTENT),
        (status = BAD_REQUEST, body = description::Detail),
        (status = NOT_FOUND, body = description::Detail),
    )
)]
pub(super) async fn death(
    State(app): State<App>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<StatusCode, Problem> {
    trouble(&app, &headers, &uri, Trouble::Death)
}

/// A demo's engine gives no media for so long.
#[utoipa::path(
    post,
    path = "/api/v1/demo/silence",
    tag = "demo",
    security(("api_key" = [])),
    params(("seconds" = u64, Query, minimum = 1, maximum = 120)),
    responses(
        (status = NO_CONTENT),
        (status = BAD_REQUEST, body = description::Detail),
        (status = NOT_FOUND, body = description::Detail),
    )
)]
pub(super) async fn silence(
    State(app): State<App>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<StatusCode, Problem> {
    trouble(&app, &headers, &uri, Trouble::Silence)
}

fn trouble(
    app: &App,
    headers: &HeaderMap,
    uri: &Uri,
    make: fn(Duration) -> Trouble,
) -> Result<StatusCode, Problem> {
    auth::protected(app, headers)?;
    let stage = stage(app)?;
    let seconds = query::raw(uri, "seconds").and_then(|text| text.parse().ok());
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
