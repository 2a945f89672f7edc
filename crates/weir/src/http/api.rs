//! Small answers about the whole: which program this is, and what can be played by a name.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;

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

/// A date as answers give it.
pub(super) fn date(at: Timestamp) -> String {
    format!("{at:.3}")
}
