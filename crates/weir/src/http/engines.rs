//! The engines as JSON: shown, added, removed, drained.

mod fields;
mod state;
pub(super) mod transfer;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use engine::Address;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::Problem;
use super::guard::Names;
use super::{App, auth};
use crate::engines::{ENGINES_MAX, NotAdded, Origin};
use fields::{Fields, address_of, object};
use state::{EngineState, states};

/// Every engine.
#[derive(Serialize, ToSchema)]
pub(super) struct EngineList {
    engines: Vec<EngineState>,
}

/// An engine was taken out.
#[derive(Serialize, ToSchema)]
pub(super) struct Removed {
    /// Always true.
    removed: bool,
    /// What else there is to know.
    note: Option<&'static str>,
}

/// An engine to be added.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is only described; Fields reads it")]
pub(super) struct NewEngine {
    /// A host name or an IP address.
    host: String,
    /// The port of its HTTP API, 6878 as a rule.
    port: u16,
    /// What people call it.
    name: Option<String>,
    /// Whether peers can connect to it from outside.
    forwarded: Option<bool>,
}

/// Whether an engine is to give its channels up.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is only described; Fields reads it")]
pub(super) struct Draining {
    /// True: it gives its channels up and gets no more.
    draining: bool,
}

/// Every engine, as other proxies know the answer.
#[utoipa::path(get, path = "/engines", tag = "engines", responses((status = OK, body = [EngineState])))]
pub(super) async fn plain(State(app): State<App>) -> Json<Vec<EngineState>> {
    Json(states(&app, |_| true))
}

/// One engine, named by host and port.
#[utoipa::path(get, path = "/engines/{id}", tag = "engines", params(("id" = String, Path)),
    responses((status = OK, body = EngineState), (status = NOT_FOUND)))]
pub(super) async fn one(
    State(app): State<App>,
    Names(id): Names<String>,
) -> Result<Json<EngineState>, Problem> {
    state(&app, &known(&app, &id)?).map(Json)
}

/// Every engine.
#[utoipa::path(get, path = "/api/v1/engines", tag = "engines", responses((status = OK, body = EngineList)))]
pub(super) async fn list(State(app): State<App>) -> Json<EngineList> {
    Json(all(&app))
}

/// What that answers.
pub(super) fn all(app: &App) -> EngineList {
    let engines = states(app, |_| true);
    EngineList { engines }
}

/// Takes an engine in. It is probed at once, and kept over restarts.
#[utoipa::path(post, path = "/api/v1/engines", tag = "engines", request_body = NewEngine, security(("api_key" = [])),
    responses((status = CREATED, body = EngineState), (status = BAD_REQUEST),
        (status = CONFLICT, description = "it is known already, or an import is being made (then with Retry-After)")))]
pub(super) async fn add(
    State(app): State<App>,
    request: Request,
) -> Result<(StatusCode, Json<EngineState>), Problem> {
    auth::protected(&app, request.headers())?;
    let body = object(&app, request).await?;
    let mut fields = Fields::of(&body, &["host", "port", "name", "forwarded"]);
    let address = fields.address();
    let name = fields.name();
    let forwarded = fields.truth("forwarded").unwrap_or(false);
    let Some(address) = fields.done(address)? else {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "host must be given"));
    };
    let _turn = app.turns.of_change().await?;
    let added = app.engines.add(&address, Origin::Added, name, forwarded);
    added.map_err(|error| Problem::new(StatusCode::CONFLICT, error.to_string()))?;
    Ok((StatusCode::CREATED, Json(state(&app, &address)?)))
}

/// Takes an engine out; its channels move away first.
#[utoipa::path(delete, path = "/api/v1/engines/{id}", tag = "engines", params(("id" = String, Path)),
    security(("api_key" = [])), responses((status = OK, body = Removed), (status = NOT_FOUND),
        (status = CONFLICT, description = "an import is being made; Retry-After says when to try again")))]
pub(super) async fn remove(
    State(app): State<App>,
    Names(id): Names<String>,
    request: Request,
) -> Result<Json<Removed>, Problem> {
    auth::protected(&app, request.headers())?;
    let _turn = app.turns.of_change().await?;
    let address = known(&app, &id)?;
    let origin = app.engines.remove(&address).ok_or_else(unknown)?;
    let comes_back = "it is configured, so it comes back with the next start";
    Ok(Json(Removed {
        removed: true,
        note: (origin == Origin::Configured).then_some(comes_back),
    }))
}

/// Lets an engine give its channels up and get no more, or ends that.
#[utoipa::path(post, path = "/api/v1/engines/{id}/drain", tag = "engines", params(("id" = String, Path)),
    request_body = Draining, security(("api_key" = [])),
    responses((status = OK, body = EngineState), (status = BAD_REQUEST), (status = NOT_FOUND)))]
pub(super) async fn drain(
    State(app): State<App>,
    Names(id): Names<String>,
    request: Request,
) -> Result<Json<EngineState>, Problem> {
    auth::protected(&app, request.headers())?;
    let address = known(&app, &id)?;
    let body = object(&app, request).await?;
    let mut fields = Fields::of(&body, &["draining"]);
    let draining = fields.truth("draining");
    if draining.is_none() {
        fields.wrong("draining", "must be given, as true or false");
    }
    app.engines
        .drain(&address, fields.done(draining)? == Some(true));
    state(&app, &address).map(Json)
}

/// What another proxy's stream tells of an engine, where the operator wants to know.
pub(super) fn learn(app: &App, stream: &ledger::Stream) {
    let (host, port) = (&stream.engine_host, stream.engine_port);
    match address_of(host, port) {
        Ok(address) if app.config.learn_engines => {
            let learnt = app.engines.add(&address, Origin::Learnt, None, false);
            if learnt == Err(NotAdded::TooMany) {
                tracing::warn!("engine {address} is not learnt: {ENGINES_MAX} are known already");
            }
        }
        Ok(_) | Err(_) => {}
    }
}

fn unknown() -> Problem {
    Problem::not_found(
        "there is no such engine; /engines lists those that there are by container_id",
    )
}

/// The engine of a name in a path.
fn known(app: &App, id: &str) -> Result<Address, Problem> {
    let address: Address = id.parse().map_err(|_| unknown())?;
    let is_known = app.engines.get(&address).is_some();
    is_known.then_some(address).ok_or_else(unknown)
}

fn state(app: &App, address: &Address) -> Result<EngineState, Problem> {
    states(app, |engine| engine == address)
        .pop()
        .ok_or_else(unknown)
}
