//! Streams as the registry knows them: those that run, those of other proxies, and those that have ended.

pub(super) mod ended;
pub(super) mod figures;
mod state;
pub(super) mod stop;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, Uri};
use axum::response::{IntoResponse, Response};

use super::App;
use super::error::Problem;
use super::parameters::Parameters;
use crate::handle::Handle;
use crate::statistics::Reading;
pub(super) use state::{LivePosition, Snapshot, StreamState};

/// How many there are on all pages.
const TOTAL: HeaderName = HeaderName::from_static("x-total-count");

/// Streams in one answer, if no number is asked for, and at most.
const LIMIT: (usize, usize) = (1_000, 10_000);

/// A stream that somebody named.
pub(super) enum Found {
    /// One that runs here.
    Own {
        handle: Arc<Handle>,
        /// As it is told outside; nothing while no source was opened.
        stream: Option<Box<ledger::Stream>>,
    },
    /// One that another proxy runs.
    Other(Arc<ledger::Stream>),
    /// One that has ended.
    Ended(Arc<ledger::Stream>),
}

impl Found {
    /// By a stream's id, or by the key of a channel that runs.
    pub(super) fn named(app: &App, id: &str) -> Result<Self, Problem> {
        for handle in app.registry.all() {
            let (is_it, stream) = {
                let stream = handle.stream();
                let is_it = stream.as_ref().is_some_and(|it| it.id == id);
                let opened = stream.as_ref().filter(|it| it.opened);
                (is_it, opened.map(|it| Box::new(it.record(false))))
            };
            if is_it || handle.key == id {
                return Ok(Self::Own { handle, stream });
            }
        }
        let stream = app.outbox.stream(id);
        let stream = stream.ok_or_else(|| Problem::not_found(unknown(id)))?;
        Ok(if stream.ended.is_some() {
            Self::Ended(stream)
        } else {
            Self::Other(stream)
        })
    }

    /// The record of it, if it is one that is told outside.
    pub(super) fn stream(&self) -> Option<&ledger::Stream> {
        match self {
            Self::Own { stream, .. } => stream.as_deref(),
            Self::Other(stream) | Self::Ended(stream) => Some(stream),
        }
    }
}

/// What is said of a name that no stream has.
fn unknown(id: &str) -> String {
    let end = id.floor_char_boundary(id.len().min(64));
    format!("no stream or running channel is named {:?}", &id[..end])
}

/// The streams that run, here and at proxies that report theirs, and those that have ended, newest first.
#[utoipa::path(
    get, path = "/streams", tag = "streams",
    params(
        ("status" = Option<String>, Query, description = "started or ended; both without it"),
        ("container_id" = Option<String>, Query, description = "only those on this engine"),
        ("limit" = Option<usize>, Query, description = "1 to 10000; 1000 without it"),
        ("offset" = Option<usize>, Query, description = "how many are passed over")
    ),
    responses(
        (status = OK, body = Vec<StreamState>, description = "X-Total-Count says how many there are"),
        (status = BAD_REQUEST, description = "a parameter is wrong")
    )
)]
pub(super) async fn list(State(app): State<App>, uri: Uri) -> Result<Response, Problem> {
    let mut given = Parameters::of(&uri);
    let status = given.one_of("status", &["started", "ended"]);
    let (limit, offset) = given.page(LIMIT);
    let container = given.text("container_id");
    given.done()?;
    let mut streams: Vec<(Arc<ledger::Stream>, Option<Reading>)> = Vec::new();
    if status != Some("ended") {
        let running = app.registry.all();
        let own = running.iter().filter_map(|handle| {
            let stream = handle.stream();
            let opened = stream.as_ref().filter(|stream| stream.opened)?;
            Some(Arc::new(opened.record(false)))
        });
        let all = own.chain(app.outbox.reported());
        streams.extend(all.map(|stream| {
            let newest = app.records.statistics.newest(&stream.id);
            (stream, newest)
        }));
    }
    if status != Some("started") {
        let ended = app.outbox.ended_streams();
        streams.extend(ended.into_iter().map(|stream| (stream, None)));
    }
    let wanted = |stream: &ledger::Stream| {
        let of = stream.container_id.as_deref();
        container.as_deref().is_none_or(|wanted| of == Some(wanted))
    };
    streams.retain(|(stream, _)| wanted(stream));
    let total = streams.len();
    let page = streams.iter().skip(offset).take(limit);
    let page: Vec<_> = page
        .map(|(stream, newest)| StreamState::of(stream, newest.as_ref()))
        .collect();
    Ok(([(TOTAL, total.to_string())], Json(page)).into_response())
}
