//! The body of a request that changes something: JSON, whole, within bounds of size and time.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::Value;

use super::REQUEST_BYTES_MAX;
use super::error::Problem;

/// Longest wait for a whole body; none is longer than a few packets.
const BODY_PATIENCE: Duration = Duration::from_secs(10);

/// A request's headers and its JSON body.
pub(super) async fn json(request: Request) -> Result<(HeaderMap, Value), Problem> {
    let (parts, body) = request.into_parts();
    if !is_json(&parts.headers) {
        let detail = "the body must be JSON, sent with Content-Type: application/json";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    let bytes = whole(body).await?;
    match serde_json::from_slice(&bytes) {
        Ok(value) => Ok((parts.headers, value)),
        Err(error) => {
            let detail = format!("the body is not JSON: {error}");
            Err(Problem::new(StatusCode::BAD_REQUEST, detail))
        }
    }
}

/// A body's bytes, all of them.
pub(super) async fn whole(body: Body) -> Result<Vec<u8>, Problem> {
    let collected = Limited::new(body, REQUEST_BYTES_MAX).collect();
    match tokio::time::timeout(BODY_PATIENCE, collected).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes().into()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let detail = format!("the body is longer than {REQUEST_BYTES_MAX} bytes");
            Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail))
        }
        Ok(Err(error)) => {
            let detail = format!("the body did not arrive whole: {error}");
            Err(Problem::new(StatusCode::BAD_REQUEST, detail))
        }
        Err(_) => {
            let patience = BODY_PATIENCE.as_secs();
            let detail = format!("the body did not arrive within {patience} s");
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, detail))
        }
    }
}

/// Whether a body says that it is JSON. A page of another site cannot send that without asking first.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|it| it.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}
