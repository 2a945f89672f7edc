//! What holds for every request and every answer, whatever the route; it knows no channel.

use axum::extract::{FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use serde::de::DeserializeOwned;

use super::error::Problem;

/// The parts of a path that a route names; what cannot be read is answered as all mistakes are.
pub(super) struct Names<T>(pub(super) T);

impl<T, S> FromRequestParts<S> for Names<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = Path::from_request_parts(parts, state).await;
        read.map(|Path(names)| Self(names)).map_err(|_| {
            let detail = format!("{:?} is not a path that can be read", parts.uri.path());
            Problem::new(StatusCode::BAD_REQUEST, detail)
        })
    }
}

/// Refuses what readers of HTTP disagree about, and forbids browsers to guess what an answer is.
pub(super) async fn every(request: Request, next: Next) -> Response {
    let mut response = if is_unmeasured(request.headers()) {
        unmeasured()
    } else {
        next.run(request).await
    };
    forbid_guessing(&mut response);
    response
}

/// Whether a request's body comes without its length.
pub(super) fn is_unmeasured(headers: &HeaderMap) -> bool {
    headers.contains_key(header::TRANSFER_ENCODING)
}

/// An answer is what its type says.
pub(super) fn forbid_guessing(response: &mut Response) {
    response.headers_mut().insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
}

/// A body in chunks may hide a second request from a proxy in front, which counted by a
/// `Content-Length` beside it. No call needs one, so the connection ends with it.
fn unmeasured() -> Response {
    let detail = "a body must come with its Content-Length, not in chunks";
    let mut response = Response::from(Problem::new(StatusCode::LENGTH_REQUIRED, detail));
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
    response
}
