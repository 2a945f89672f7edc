//! Stopping streams: the channel itself, with its session, its viewers and its events; or a session of another proxy,
//! where its engine is one of ours.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use channel::{EndReason, Phase};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::error::Problem;
use super::super::guard::Names;
use super::super::{App, auth, receive};
use super::{Found, StreamState};
use crate::handle::Handle;
use crate::settings::Mistake;
use crate::upstream::Upstream;

/// Longest wait for a channel to have ended; what its engine takes to answer is not waited for.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

/// Streams stopped by one call; more do not fit a request's body.
const URLS_MAX: usize = 500;

/// A stream was stopped.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Stopped {
    /// Always true.
    stopped: bool,
    /// The stream as it is now; nothing if no source had been opened for it.
    stream: Option<StreamState>,
}

/// What came of stopping several.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct BatchStopped {
    /// How many were named.
    total: usize,
    /// How many were stopped.
    success_count: usize,
    /// How many were not.
    failure_count: usize,
    /// One for each that was named, in the order in which they were.
    results: Vec<BatchResult>,
}

/// What came of stopping one of several.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct BatchResult {
    /// As it was named.
    command_url: String,
    /// The stream that has it.
    stream_id: Option<String>,
    /// Whether it was stopped.
    success: bool,
    /// What was done, or why it was not.
    message: String,
}

/// Stops a stream, by its id or by its channel's key: its session, its viewers and what is told of it. The channel is
/// not started again for ten seconds.
#[utoipa::path(
    delete, path = "/streams/{id}", tag = "streams",
    params(("id" = String, Path, description = "a stream's id, or a channel's key")),
    responses(
        (status = OK, body = Stopped),
        (status = NOT_FOUND, description = "no such stream is running"),
        (status = CONFLICT, description = "it runs on an engine that Weir does not know"),
        (status = BAD_GATEWAY, description = "its engine did not take the stop")
    ),
    security(("api_key" = []))
)]
pub(in crate::http) async fn one(
    State(app): State<App>,
    Names(id): Names<String>,
    request: Request,
) -> Result<Json<Stopped>, Problem> {
    auth::protected(&app, request.headers())?;
    let found = Found::named(&app, &id)?;
    let stream = stop(&app, found).await?;
    Ok(Json(Stopped {
        stopped: true,
        stream,
    }))
}

/// Stops the streams that have these command URLs. Nothing but a running stream is acted on.
#[utoipa::path(
    post, path = "/streams/batch-stop", tag = "streams",
    request_body = Vec<String>,
    responses(
        (status = OK, body = BatchStopped),
        (status = BAD_REQUEST, description = "the body is no array of texts")
    ),
    security(("api_key" = []))
)]
pub(in crate::http) async fn several(
    State(app): State<App>,
    request: Request,
) -> Result<Json<BatchStopped>, Problem> {
    auth::protected(&app, request.headers())?;
    let (parts, body) = request.into_parts();
    let bytes = receive::json(&app, &parts.headers, body).await?;
    let urls = urls(&bytes.unwrap_or_default())?;
    let mut results = Vec::with_capacity(urls.len());
    for command_url in urls {
        results.push(stop_by_url(&app, command_url).await);
    }
    let success_count = results.iter().filter(|it| it.success).count();
    Ok(Json(BatchStopped {
        total: results.len(),
        success_count,
        failure_count: results.len() - success_count,
        results,
    }))
}

fn urls(bytes: &[u8]) -> Result<Vec<String>, Problem> {
    let read: Result<Vec<String>, _> = serde_json::from_slice(bytes);
    let wrong = |message: String| {
        Problem::from(vec![Mistake {
            field: "body".into(),
            message,
            value: None,
        }])
    };
    match read {
        Ok(urls) if urls.len() <= URLS_MAX => Ok(urls),
        Ok(urls) => Err(wrong(format!(
            "body must name {URLS_MAX} streams at most (it names {})",
            urls.len()
        ))),
        Err(error) => Err(wrong(format!(
            "body must be a JSON array of command URLs: {error}"
        ))),
    }
}

async fn stop_by_url(app: &App, command_url: String) -> BatchResult {
    let found = by_url(app, &command_url);
    let stream_id = found
        .as_ref()
        .and_then(Found::stream)
        .map(|it| it.id.clone());
    let stopped = match found {
        Some(found) => stop(app, found).await.map(drop),
        None => Err(Problem::not_found("no running stream has this command URL")),
    };
    BatchResult {
        command_url,
        stream_id,
        success: stopped.is_ok(),
        message: match stopped {
            Ok(()) => "the stream was stopped".into(),
            Err(problem) => problem.into_detail(),
        },
    }
}

fn by_url(app: &App, command_url: &str) -> Option<Found> {
    if command_url.is_empty() {
        return None;
    }
    let running = app.registry.all().into_iter();
    let own = running.filter_map(|handle| {
        let stream = handle.stream().as_ref()?.record(false);
        (stream.command_url == command_url).then_some(Found::Own {
            handle,
            stream: Some(Box::new(stream)),
        })
    });
    let others = app.outbox.reported().into_iter();
    let others = others.filter(|it| it.command_url == command_url);
    own.chain(others.map(Found::Other)).next()
}

/// Stops what was found; returns the stream as it is then.
async fn stop(app: &App, found: Found) -> Result<Option<StreamState>, Problem> {
    let stream = match found {
        Found::Own { handle, stream } => {
            app.registry.stop(&handle, EndReason::Stopped).await;
            until_ended(&handle).await;
            stream
        }
        Found::Other(stream) => {
            stop_other(app, &stream).await?;
            Some(Box::new(ledger::Stream::clone(&stream)))
        }
        Found::Ended(stream) => {
            let detail = format!("stream {} has ended already", stream.id);
            return Err(Problem::not_found(detail));
        }
    };
    Ok(stream.map(|before| {
        let now = app.outbox.stream(&before.id);
        StreamState::of(now.as_deref().unwrap_or(&*before), None)
    }))
}

/// Waits until a channel's life has been told to be over.
async fn until_ended(handle: &Handle) {
    let mut snapshots = handle.snapshots();
    let over = snapshots.wait_for(|it| matches!(it.phase, Phase::Stopping));
    // One whose driver is gone is over, and one that takes longer is being ended.
    let _ = tokio::time::timeout(STOP_PATIENCE, over).await;
}

async fn stop_other(app: &App, stream: &ledger::Stream) -> Result<(), Problem> {
    let session = Upstream::session_of(stream, &app.upstream.named());
    let session = session.filter(|it| it.command_url.is_some());
    let Some(session) = session else {
        let detail = format!(
            "stream {} is run by another proxy, on an engine that is not configured here; stop it there",
            stream.id
        );
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    };
    app.upstream.stop_other(&session).await.map_err(|error| {
        let engine = &session.engine;
        let detail = format!("engine {engine} did not take the stop: {error}");
        Problem::new(StatusCode::BAD_GATEWAY, detail)
    })?;
    let reason = Some(EndReason::Stopped.as_str().to_owned());
    app.outbox.report_end(Some(&stream.id), None, reason);
    Ok(())
}
