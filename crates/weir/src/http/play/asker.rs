//! Who asks, by what a request carries: a viewer's token, and what its player calls itself.

use axum::http::{HeaderMap, StatusCode, Uri, header};
use channel::{ViewerId, view};

use crate::http::error::Problem;
use crate::http::query;

/// A token that nobody can guess.
pub(in crate::http) fn token() -> Result<u128, Problem> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| {
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the system gives no random numbers",
        )
    })?;
    Ok(u128::from_be_bytes(bytes))
}

/// The token of a request that must have one. Any well-formed one is taken: it may have been given
/// out before a restart.
pub(super) fn viewer(uri: &Uri) -> Result<ViewerId, Problem> {
    parse_viewer(uri).ok_or_else(|| {
        let name = view::TOKEN_PARAMETER;
        let detail = format!(
            "{name} must be a viewer's token of 32 hexadecimal digits; start at \
             /ace/manifest.m3u8?id=..."
        );
        Problem::new(StatusCode::BAD_REQUEST, detail)
    })
}

/// The token of a request, if it carries one.
pub(in crate::http) fn parse_viewer(uri: &Uri) -> Option<ViewerId> {
    let text = query::raw(uri, view::TOKEN_PARAMETER)?;
    let plain = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain
        .then(|| u128::from_str_radix(text, 16).ok().map(ViewerId))
        .flatten()
}

/// What a player calls itself.
pub(in crate::http) fn agent(headers: &HeaderMap) -> &str {
    let agent = headers
        .get(header::USER_AGENT)
        .and_then(|agent| agent.to_str().ok());
    agent.unwrap_or_default()
}
