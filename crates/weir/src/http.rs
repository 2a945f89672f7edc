//! The HTTP side: the only place that knows routes, statuses and JSON. It decides nothing about
//! channels.

mod alive;
mod api;
mod auth;
mod base;
mod body;
mod channels;
mod clients;
mod config;
mod connection;
mod continuous;
mod demo;
mod description;
mod direct;
mod engines;
mod error;
mod events;
mod forwarded;
mod guard;
mod health;
mod journal;
mod line_ends;
mod live;
mod loops;
mod media;
mod metrics;
mod orchestrator;
mod overview;
mod panel;
mod parameters;
mod patience;
mod play;
mod playlists;
mod query;
mod receive;
pub mod server;
mod settings;
mod shapes;
mod status;
mod streams;
mod topics;
mod transfer;
mod turns;
mod webhooks;
mod words;

pub use direct::{PLAYLIST, SEGMENT};

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use axum::routing::get;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::clock::Clock;
use crate::config::Config;
use crate::engines::Engines;
use crate::journal::Journal;
use crate::metrics::Requests;
use crate::outbox::Outbox;
use crate::records::Records;
use crate::registry::Registry;
use crate::series::Series;
use crate::settings::{Keeper, Settings};
use crate::tasks::Tasks;
use crate::upstream::Upstream;
use crate::webhooks::Webhooks;

use error::Problem;
pub use journal::event_json;
pub use live::Live;
pub use panel::is_built as has_panel;
pub use turns::Turns;

/// Bytes of a request's body at most: all settings there are fill two of these KiB, an event one.
const REQUEST_BYTES_MAX: usize = 64 << 10;

/// What requests are answered from. The router clones it for each of them, so it is one pointer.
#[derive(Clone)]
pub struct App(Arc<Parts>);

impl From<Parts> for App {
    fn from(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// The parts of the service that answers are made from.
pub struct Parts {
    /// The clock.
    pub clock: Clock,
    /// What is fixed.
    pub config: Arc<Config>,
    /// What may change.
    pub settings: watch::Receiver<Arc<Settings>>,
    /// Who changes it.
    pub keeper: Keeper,
    /// Whose turn it is to change what is set.
    pub turns: Turns,
    /// The channels.
    pub registry: Registry,
    /// The engines.
    pub engines: Engines,
    /// Where channels pull from.
    pub upstream: Arc<Upstream>,
    /// What survives.
    pub store: store::Store,
    /// Streams that ended or were reported, and events on their way.
    pub outbox: Outbox,
    /// What is told to operators.
    pub journal: Journal,
    /// What is known of streams beside their state.
    pub records: Records,
    /// Those who are sent what happens.
    pub webhooks: Webhooks,
    /// What was sampled of channels and of the whole.
    pub series: Series,
    /// Requests that were answered.
    pub requests: Requests,
    /// When the service began.
    pub started_at: jiff::Timestamp,
    /// Those who listen to what happens.
    pub live: Live,
    /// Cancelled when the service ends.
    pub stopping: CancellationToken,
    /// Where work goes on that was begun, though whoever asked for it has gone.
    pub tasks: Tasks,
    /// Names of configured sources, as selectors are checked against.
    pub names: Arc<[String]>,
    /// The simulated engine, in a demo.
    pub demo: Option<Arc<crate::demo::Stage>>,
}

/// Where a request came from, or who a proxy of ours says that it came from.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// A request for media, as far as its answer depends on it.
#[derive(Clone, Copy)]
struct Ask<'a> {
    peer: Peer,
    method: &'a Method,
    uri: &'a Uri,
    headers: &'a HeaderMap,
}

/// Every route there is.
pub fn router(app: App) -> Router {
    let media = Router::new()
        .route("/ace/getstream", get(play::getstream))
        .route("/ace/manifest.m3u8", get(play::manifest))
        .route("/ace/stream/{file}", get(continuous::file))
        .route(direct::PLAYLIST, get(play::media))
        .route(direct::SEGMENT, get(media::segment))
        .route("/ace/hls/{channel}/init/{file}", get(media::init))
        .route("/ace/hls/{channel}/key/{file}", get(media::key))
        // Set before the layers, or it would stand outside of them.
        .method_not_allowed_fallback(wrong_method)
        .layer(axum::middleware::map_response(media::with_cors))
        .layer(axum::middleware::from_fn(media::options));
    let (state, described) = described().split_for_parts();
    let description = description::written(&description::named(described));
    Router::new()
        .merge(media)
        .merge(state)
        .route("/api/v1/openapi.json", get(|| async { description }))
        .route("/", get(panel::home))
        .route("/panel", get(panel::home))
        .route("/panel/", get(panel::index))
        .route("/panel/{*path}", get(panel::file))
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .layer(axum::middleware::from_fn(guard::every))
        .layer(axum::middleware::from_fn_with_state(
            app.clone(),
            metrics::count,
        ))
        .with_state(app)
}

/// Routes that answer with JSON. Each says what it takes and gives, so that none is missing from the
/// description.
fn described() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(description::head())
        .routes(routes!(status::status))
        .routes(routes!(config::read, config::change))
        .routes(routes!(clients::clients))
        .routes(routes!(events::started))
        .routes(routes!(events::ended))
        .routes(routes!(events::outbox))
        .routes(routes!(events::retry))
        .routes(routes!(health::status))
        .routes(routes!(alive::live))
        .routes(routes!(alive::ready))
        .routes(routes!(api::version))
        .routes(routes!(streams::list))
        .routes(routes!(streams::stop::one))
        .routes(routes!(streams::stop::several))
        .routes(routes!(streams::figures::stats))
        .routes(routes!(streams::figures::livepos))
        .routes(routes!(streams::figures::extended))
        .routes(routes!(streams::ended::list))
        .routes(routes!(orchestrator::status))
        .routes(routes!(orchestrator::sessions))
        .routes(routes!(orchestrator::session))
        .routes(routes!(loops::read, loops::change))
        .routes(routes!(loops::list))
        .routes(routes!(loops::remove))
        .routes(routes!(loops::clear))
        .routes(routes!(engines::plain))
        .routes(routes!(engines::one))
        .routes(routes!(engines::list, engines::add))
        .routes(routes!(engines::remove))
        .routes(routes!(engines::drain))
        .routes(routes!(webhooks::list, webhooks::add))
        .routes(routes!(webhooks::change, webhooks::remove))
        .routes(routes!(webhooks::test))
        .routes(routes!(webhooks::deliveries))
        .routes(routes!(channels::list))
        .routes(routes!(channels::one))
        .routes(routes!(channels::viewers))
        .routes(routes!(channels::buffer))
        .routes(routes!(overview::now))
        .routes(routes!(overview::series))
        .routes(routes!(metrics::scrape))
        .routes(routes!(settings::form))
        .routes(routes!(settings::history::history))
        .routes(routes!(settings::history::undo))
        .routes(routes!(transfer::export))
        .routes(routes!(transfer::import))
        .routes(routes!(playlists::named))
        .routes(routes!(playlists::rewrite))
        .routes(routes!(journal::events))
        .routes(routes!(live::events))
        .routes(routes!(api::sources))
        .routes(routes!(demo::figures))
        .routes(routes!(demo::trouble))
}

/// The description of the API, as `GET /api/v1/openapi.json` answers it.
pub fn description() -> utoipa::openapi::OpenApi {
    description::named(described().split_for_parts().1)
}

async fn not_found() -> Response {
    Problem::new(StatusCode::NOT_FOUND, "there is nothing at this address").into()
}

async fn wrong_method(method: Method) -> Response {
    let detail = format!("this address does not take {method}");
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail).into()
}
