//! The web panel's files, from within the binary; it makes none of them.

use std::borrow::Cow;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::error::Problem;
use super::guard::Names;

/// What a page of ours may load: its own files, and media as blobs.
const POLICY: &str = "default-src 'self'; media-src 'self' blob:; worker-src 'self' blob:; \
                      img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Headers of every file: who may show it, and what is told to whom.
const HEADERS: &[(&str, &str)] = &[
    ("content-security-policy", POLICY),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=()",
    ),
    ("vary", "accept-encoding"),
];

/// Shown when the binary was built without the panel.
const MISSING: &str = "<!doctype html><meta charset=utf-8><title>Weir</title>\
    <h1>The panel is not in this binary</h1>\
    <p>It was built without it. Run <code>make panel</code> and build again; streams play all the same, \
    at <code>/ace/manifest.m3u8?id=...</code>.</p>";

/// What the build adds to the name of a file that it has also compressed.
const COMPRESSED: &str = ".gz";

#[derive(RustEmbed)]
#[folder = "../../panel/dist"]
#[allow_missing = true]
struct Files;

/// Whether the panel is within the binary.
pub fn is_built() -> bool {
    Files::get("index.html").is_some()
}

/// `GET /` and `GET /panel`: leads to the panel, relative to wherever Weir is mounted.
pub(super) async fn home(uri: Uri) -> Redirect {
    match uri.path() {
        "/" => Redirect::temporary("panel/"),
        _ => Redirect::temporary("./panel/"),
    }
}

/// `GET /panel/`
pub(super) async fn index(headers: HeaderMap) -> Response {
    if !is_built() {
        return (StatusCode::NOT_FOUND, Html(MISSING)).into_response();
    }
    serve("index.html", &headers).into_response()
}

/// `GET /panel/{path}`
pub(super) async fn file(
    Names(path): Names<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    serve(&path, &headers)
}

fn serve(path: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    let plain = Files::get(path).ok_or_else(|| Problem::not_found("the panel has no such file"))?;
    let compressed = takes_gzip(headers)
        .then(|| Files::get(&format!("{path}{COMPRESSED}")))
        .flatten();
    let content = Content {
        mimetype: plain.metadata.mimetype().to_owned(),
        is_compressed: compressed.is_some(),
        file: compressed.unwrap_or(plain),
    };
    Ok(content.answer(path, headers))
}

/// Whether the asker says that it can read what was compressed.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let fields = headers.get_all(header::ACCEPT_ENCODING).iter();
    let mut names = fields
        .filter_map(|field| field.to_str().ok())
        .flat_map(|field| field.split(','));
    names.any(|name| {
        let (name, weight) = name.split_once(';').unwrap_or((name, ""));
        let is_refused = weight.trim().trim_end_matches(['0', '.']) == "q=";
        name.trim().eq_ignore_ascii_case("gzip") && !is_refused
    })
}

/// A file as it is sent.
struct Content {
    file: EmbeddedFile,
    mimetype: String,
    is_compressed: bool,
}

impl Content {
    fn answer(self, path: &str, asked: &HeaderMap) -> Response {
        let tag = self.tag();
        let mut response = if has(asked, &tag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            self.whole()
        };
        let headers = response.headers_mut();
        for (name, value) in HEADERS {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        // Built files carry a hash of what is in them in their names; the page itself does not.
        let cache = if path.starts_with("assets/") {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
        if let Ok(tag) = HeaderValue::try_from(tag) {
            headers.insert(header::ETAG, tag);
        }
        response
    }

    /// What is in it, as a short name: the same bytes have the same.
    fn tag(&self) -> String {
        format!(
            "\"{}\"",
            hex::encode(&self.file.metadata.sha256_hash()[..16])
        )
    }

    fn whole(self) -> Response {
        let bytes = match self.file.data {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => bytes.into(),
        };
        let mut response = bytes.into_response();
        let headers = response.headers_mut();
        let content_type = HeaderValue::from_str(&self.mimetype);
        headers.insert(
            header::CONTENT_TYPE,
            content_type.unwrap_or(HeaderValue::from_static("application/octet-stream")),
        );
        if self.is_compressed {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}

/// Whether the asker has these bytes already.
fn has(headers: &HeaderMap, tag: &str) -> bool {
    let fields = headers.get_all(header::IF_NONE_MATCH).iter();
    let mut tags = fields
        .filter_map(|field| field.to_str().ok())
        .flat_map(|field| field.split(','));
    tags.any(|given| {
        let given = given.trim();
        given == "*" || given.strip_prefix("W/").unwrap_or(given) == tag
    })
}

#[cfg(test)]
mod tests {
    use rust_embed::Metadata;

    use super::*;

    fn asked(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    fn content(is_compressed: bool) -> Content {
        let metadata = Metadata::__rust_embed_new([7; 32], None, None, "text/html");
        let data = Cow::Borrowed(b"<p>hello".as_slice());
        Content {
            file: EmbeddedFile { data, metadata },
            mimetype: "text/html".into(),
            is_compressed,
        }
    }

    #[test]
    fn what_a_browser_has_is_not_sent_again() {
        let first = content(false).answer("index.html", &HeaderMap::new());
        assert_eq!(first.status(), StatusCode::OK);
        let tag = first.headers()[header::ETAG].to_str().unwrap().to_owned();

        for (given, status) in [
            (tag.clone(), StatusCode::NOT_MODIFIED),
            (format!("\"other\", W/{tag}"), StatusCode::NOT_MODIFIED),
            ("*".into(), StatusCode::NOT_MODIFIED),
            ("\"other\"".into(), StatusCode::OK),
        ] {
            let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, given.parse().unwrap())]);
            let again = content(false).answer("index.html", &headers);
            assert_eq!(again.status(), status, "{given}");
            assert_eq!(again.headers()[header::ETAG], tag.as_str());
        }
    }

    #[test]
    fn no_page_of_another_site_may_frame_the_panel_or_load_from_it() {
        let response = content(false).answer("index.html", &HeaderMap::new());
        let headers = response.headers();
        assert!(
            headers["content-security-policy"]
                .to_str()
                .unwrap()
                .contains("frame-ancestors 'none'")
        );
        assert_eq!(headers["x-frame-options"], "DENY");
        assert_eq!(headers[header::CACHE_CONTROL], "no-cache");
    }

    #[test]
    fn compressed_bytes_say_that_they_are_and_keep_their_type() {
        let response = content(true).answer("assets/index.js", &HeaderMap::new());
        assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/html");
        assert!(
            response.headers()[header::CACHE_CONTROL]
                .to_str()
                .unwrap()
                .contains("immutable")
        );
    }

    #[test]
    fn only_who_takes_gzip_gets_it() {
        let takes = |value| takes_gzip(&asked(header::ACCEPT_ENCODING, value));
        assert!(takes("gzip, deflate, br"));
        assert!(takes("br;q=1.0, GZIP;q=0.8"));
        for none in ["", "br", "identity", "gzip;q=0", "x-gzip-like"] {
            assert!(!takes(none), "{none:?}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
