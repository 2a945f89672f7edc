//! The web panel's files, from within the binary.

use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use rust_embed::RustEmbed;

use super::error::Problem;
use super::guard::Names;

/// What a page of ours may load: its own files, and media as blobs.
const POLICY: &str = "default-src 'self'; media-src 'self' blob:; worker-src 'self' blob:; \
                      img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Shown when the binary was built without the panel.
const MISSING: &str = "<!doctype html><meta charset=utf-8><title>Weir</title>\
    <h1>The panel is not in this binary</h1>\
    <p>It was built without it. Run <code>make panel</code> and build again; streams play all the same, \
    at <code>/ace/manifest.m3u8?id=...</code>.</p>";

#[derive(RustEmbed)]
#[folder = "../../panel/dist"]
#[allow_missing = true]
struct Files;

/// `GET /` and `GET /panel`: leads to the panel, relative to wherever Weir is mounted.
pub(super) async fn home(uri: Uri) -> Redirect {
    match uri.path() {
        "/" => Redirect::temporary("panel/"),
        _ => Redirect::temporary("./panel/"),
    }
}

/// `GET /panel/`
pub(super) async fn index() -> Response {
    if Files::get("index.html").is_none() {
        return (StatusCode::NOT_FOUND, Html(MISSING)).into_response();
    }
    serve("index.html").into_response()
}

/// `GET /panel/{path}`
pub(super) async fn file(Names(path): Names<String>) -> Result<Response, Problem> {
    serve(&path)
}

fn serve(path: &str) -> Result<Response, Problem> {
    let file = Files::get(path).ok_or_else(|| Problem::not_found("the panel has no such file"))?;
    let mut response = file.data.into_owned().into_response();
    let headers = response.headers_mut();
    let content_type = HeaderValue::from_str(file.metadata.mimetype());
    headers.insert(
        header::CONTENT_TYPE,
        content_type.unwrap_or(HeaderValue::from_static("application/octet-stream")),
    );
    // Built files carry a hash of what is in them in their names; the page itself does not.
    let cache = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    );
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    Ok(response)
}
