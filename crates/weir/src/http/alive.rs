//! Whether Weir runs, and whether it may be sent viewers: for those who start and watch it.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::error::Problem;

/// How long a caller is asked to wait for the next Weir in this one's place.
const RETRY_AFTER: std::time::Duration = std::time::Duration::from_secs(5);

/// That it is so.
#[derive(Serialize, ToSchema)]
pub(super) struct Alive {
    /// `alive`, or `ready`.
    status: &'static str,
}

/// Whether Weir runs: it answers, so it does.
#[utoipa::path(get, path = "/health/live", tag = "system", responses((status = OK, body = Alive)))]
pub(super) async fn live() -> Json<Alive> {
    Json(Alive { status: "alive" })
}

/// Whether Weir may be sent viewers.
///
/// Who gets this answer has found it listening, with the data folder tried and the settings read: it does not listen
/// before. A disk that fails is no reason: everything plays without it (`/health/status` tells of it). Weir that is
/// stopping is not ready.
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "system",
    responses(
        (status = OK, body = Alive),
        (status = SERVICE_UNAVAILABLE, body = super::description::Detail),
    )
)]
pub(super) async fn ready(State(app): State<App>) -> Result<Json<Alive>, Problem> {
    if app.stopping.is_cancelled() {
        return Err(Problem::unavailable("weir is stopping", RETRY_AFTER));
    }
    Ok(Json(Alive { status: "ready" }))
}
