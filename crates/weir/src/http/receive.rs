//! What callers send: a body, whole, within bounds of size and time.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::error::Problem;
use super::{App, REQUEST_BYTES_MAX};

/// A request's JSON, not yet parsed; nothing if it has no body.
pub(super) async fn json(
    app: &App,
    headers: &HeaderMap,
    body: Body,
) -> Result<Option<Bytes>, Problem> {
    if http_body::Body::is_end_stream(&body) {
        return Ok(None);
    }
    if !is_json(headers) {
        let detail = "a body must be JSON and say so: Content-Type: application/json";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    whole(app, headers, body, REQUEST_BYTES_MAX).await.map(Some)
}

/// A request's body of whatever kind.
pub(super) async fn whole(
    app: &App,
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
) -> Result<Bytes, Problem> {
    if bytes_max < stated_length(headers) {
        return Err(too_large(bytes_max));
    }
    let whole = Limited::new(body, bytes_max).collect();
    match tokio::time::timeout(app.config.headers_wait, whole).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(bytes_max)),
        Ok(Err(_)) => {
            let detail = "the body ended before its Content-Length";
            Err(Problem::new(StatusCode::BAD_REQUEST, detail))
        }
        Err(_) => {
            let seconds = app.config.headers_wait.as_secs_f64();
            let detail = format!("the body did not come within {seconds} s");
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, detail))
        }
    }
}

fn too_large(bytes_max: usize) -> Problem {
    let detail = format!("a body may have {bytes_max} bytes at most");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
}

fn stated_length(headers: &HeaderMap) -> usize {
    let length = headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    length.unwrap_or_default()
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}
