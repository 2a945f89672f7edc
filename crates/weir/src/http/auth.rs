//! Who may change something: those who know the key, and no page of another site; it shows no token.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use url::Url;

use super::App;
use super::error::Problem;
use crate::config::Secret;
use crate::settings::Who;

/// Where a browser says that a request was made.
const FETCH_SITE: &str = "sec-fetch-site";

/// What every call that changes something asks first.
pub(super) fn protected(app: &App, headers: &HeaderMap) -> Result<(), Problem> {
    same_site(headers)?;
    authorize(app, headers)
}

/// Lets those in who know the key; everybody, when there is none.
pub(super) fn authorize(app: &App, headers: &HeaderMap) -> Result<(), Problem> {
    match &app.config.api_key {
        Some(key) => knows(key, headers),
        None => Ok(()),
    }
}

/// Who it is that was let in.
pub(super) fn who(app: &App) -> Who {
    match app.config.api_key {
        Some(_) => Who::Key,
        None => Who::Anyone,
    }
}

fn knows(key: &Secret, headers: &HeaderMap) -> Result<(), Problem> {
    let token = headers.get(header::AUTHORIZATION).and_then(bearer);
    match token {
        None => Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "missing bearer token",
        )),
        Some(token) if key.is(token) => Ok(()),
        Some(_) => Err(Problem::new(StatusCode::FORBIDDEN, "invalid token")),
    }
}

fn bearer(value: &HeaderValue) -> Option<&[u8]> {
    let (scheme, token) = value.as_bytes().split_at_checked(b"bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"bearer ").then_some(())?;
    Some(token.trim_ascii()).filter(|token| !token.is_empty())
}

/// Refuses what a page of another site makes its visitor's browser send: such a page cannot read
/// answers, but without a key, or with one that the browser adds, the change would be made.
pub(super) fn same_site(headers: &HeaderMap) -> Result<(), Problem> {
    let same = match (headers.get(FETCH_SITE), headers.get(header::ORIGIN)) {
        (Some(site), _) => site == "same-origin" || site == "none",
        (None, Some(origin)) => is_own(origin, headers.get(header::HOST)),
        // No browser: those of the last ten years send one of the two with what is no GET.
        (None, None) => true,
    };
    if same {
        return Ok(());
    }
    let detail = "this was sent by a page of another site, which may not change anything here; behind \
                  a reverse proxy, pass the Host header on as it came";
    Err(Problem::new(StatusCode::FORBIDDEN, detail))
}

/// Whether an origin's host and port are those that the request went to. The schemes are not
/// compared: TLS may have ended before Weir.
fn is_own(origin: &HeaderValue, host: Option<&HeaderValue>) -> bool {
    let place = |text: &str| {
        let url = Url::parse(text).ok()?;
        let host = url.host_str()?.to_owned();
        Some((host, url.port_or_known_default()?))
    };
    let (Ok(origin), Some(Ok(host))) = (origin.to_str(), host.map(HeaderValue::to_str)) else {
        return false;
    };
    let Some((scheme, _)) = origin.split_once("://") else {
        return false;
    };
    place(origin).is_some_and(|origin| place(&format!("{scheme}://{host}")) == Some(origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                let name = header::HeaderName::from_static(name);
                (name, HeaderValue::from_static(value))
            })
            .collect()
    }

    #[test]
    fn only_the_whole_key_as_a_bearer_token_is_let_in() {
        let key = Secret::new("open sesame".into());
        let answer = |value| {
            let asked = headers(&[("authorization", value)]);
            knows(&key, &asked).map_err(|problem| problem.status())
        };
        for right in [
            "Bearer open sesame",
            "bearer open sesame",
            "BEARER  open sesame ",
        ] {
            assert_eq!(answer(right), Ok(()), "{right:?}");
        }
        for none in [
            "",
            "Bearer",
            "Bearer ",
            "Basic open sesame",
            "open sesame",
            "Bearer\topen",
        ] {
            assert_eq!(answer(none), Err(StatusCode::UNAUTHORIZED), "{none:?}");
        }
        for wrong in [
            "Bearer open",
            "Bearer open sesame2",
            "Bearer Open Sesame",
            "Bearer x",
        ] {
            assert_eq!(answer(wrong), Err(StatusCode::FORBIDDEN), "{wrong:?}");
        }
        let status = knows(&key, &HeaderMap::new()).map_err(|problem| problem.status());
        assert_eq!(status, Err(StatusCode::UNAUTHORIZED));
    }

    #[test]
    fn a_browser_on_another_site_is_refused_by_what_it_says() {
        for (site, allowed) in [
            ("same-origin", true),
            ("none", true),
            ("same-site", false),
            ("cross-site", false),
            ("", false),
        ] {
            let asked = headers(&[("sec-fetch-site", site)]);
            assert_eq!(same_site(&asked).is_ok(), allowed, "{site:?}");
        }
    }

    #[test]
    fn an_older_browser_is_judged_by_its_origin() {
        for (origin, host, allowed) in [
            ("http://weir:8000", "weir:8000", true),
            ("http://WEIR:8000", "weir:8000", true),
            ("https://weir.example", "weir.example", true),
            ("https://weir.example", "weir.example:443", true),
            ("http://[::1]:8000", "[::1]:8000", true),
            ("http://weir:8001", "weir:8000", false),
            ("http://weir", "weir:8000", false),
            ("http://weir.evil.example:8000", "weir:8000", false),
            ("http://evil.example", "weir:8000", false),
            ("null", "weir:8000", false),
            ("", "weir:8000", false),
            ("weir:8000", "weir:8000", false),
        ] {
            let asked = headers(&[("origin", origin), ("host", host)]);
            assert_eq!(same_site(&asked).is_ok(), allowed, "{origin:?} at {host:?}");
        }
        assert!(same_site(&headers(&[("origin", "http://weir")])).is_err());
        assert!(same_site(&headers(&[("host", "weir")])).is_ok());
    }

    #[test]
    fn a_refusal_says_how_to_ask_and_never_the_key() {
        let key = Secret::new("hunter2".into());
        let asked = headers(&[("authorization", "Bearer hunter3")]);
        let problem = knows(&key, &asked).expect_err("a wrong token");
        assert!(!format!("{key:?} {problem:?}").contains("hunter"));
        let missing = knows(&key, &HeaderMap::new()).expect_err("no token");
        let response = axum::response::Response::from(missing);
        assert_eq!(response.headers()[header::WWW_AUTHENTICATE], "Bearer");
    }
}
