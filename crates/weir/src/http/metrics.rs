//! Numbers for Prometheus: each request counted, and everything asked from its owner when it is asked for.

mod gather;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::App;
use super::error::Problem;
use crate::metrics::Process;

/// What the older text is.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What the newer text is, and how it is asked for.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Numbers for Prometheus: Weir's own, and those that users of its predecessor have.
#[utoipa::path(get, path = "/metrics", tag = "system",
    responses((status = OK, body = String, content_type = "text/plain")))]
pub(super) async fn scrape(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let broken = |_| {
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the numbers cannot be written",
        )
    };
    let process = tokio::task::spawn_blocking(Process::now).await;
    let sheet = gather::all(&app, &process.unwrap_or_default());
    let accepted = headers.get(header::ACCEPT).and_then(|it| it.to_str().ok());
    let open = accepted.is_some_and(|accepted| accepted.contains("application/openmetrics-text"));
    let (text, kind) = if open {
        (sheet.open_metrics().map_err(broken)?, OPEN_METRICS)
    } else {
        (sheet.text().map_err(broken)?, TEXT)
    };
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Counts each request that goes through the router, by the route that it took.
pub(super) async fn count(State(app): State<App>, request: Request, next: Next) -> Response {
    let asked_at = app.clock.now();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let took = app.clock.now().since(asked_at);
    let route = route.as_ref().map(MatchedPath::as_str);
    app.requests.count(route, response.status().as_u16(), took);
    response
}
