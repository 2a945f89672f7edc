//! A request's parameters, as they came: in order, with repeats.

use std::ops::RangeInclusive;

use axum::http::{StatusCode, Uri};
use jiff::Timestamp;

use super::error::Problem;

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

/// The first value of a parameter.
pub(super) fn first(uri: &Uri, name: &str) -> Option<String> {
    let found = pairs(uri).into_iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value)
}

/// A parameter that is a whole number within bounds.
pub(super) fn number(
    uri: &Uri,
    name: &str,
    bounds: RangeInclusive<usize>,
) -> Result<Option<usize>, Problem> {
    let Some(text) = first(uri, name) else {
        return Ok(None);
    };
    let number = text.parse().ok().filter(|number| bounds.contains(number));
    number.map(Some).ok_or_else(|| {
        let (least, most) = (bounds.start(), bounds.end());
        let detail = format!("{name} must be a number from {least} to {most} (it is {text:?})");
        Problem::new(StatusCode::BAD_REQUEST, detail)
    })
}

/// A parameter that is a time.
pub(super) fn time(uri: &Uri, name: &str) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = first(uri, name) else {
        return Ok(None);
    };
    text.parse().map(Some).map_err(|_| {
        let detail = format!("{name} must be a time such as 2026-01-31T12:00:00Z (it is {text:?})");
        Problem::new(StatusCode::BAD_REQUEST, detail)
    })
}
