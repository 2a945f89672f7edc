//! A request's parameters, as they came: in order, with repeats.

use axum::http::Uri;

/// Parameters read of one request; no call has nearly as many.
const PAIRS_MAX: usize = 32;

/// All parameters, decoded.
pub(super) fn pairs(uri: &Uri) -> Vec<(String, String)> {
    let query = uri.query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .take(PAIRS_MAX)
        .collect()
}

/// The raw value of a parameter whose values need no decoding.
pub(super) fn raw<'a>(uri: &'a Uri, name: &str) -> Option<&'a str> {
    let query = uri.query()?;
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}
