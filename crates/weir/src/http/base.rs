//! Under which address whoever asks has found Weir: read out of the request, and told to nobody else.

use axum::http::{HeaderMap, StatusCode, header};
use url::Url;

use super::error::Problem;

/// Set by a proxy in front that ends TLS.
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// Set by a proxy in front that shows Weir under a path of its own.
const FORWARDED_PREFIX: &str = "x-forwarded-prefix";

/// Longest host and path that are taken: names in DNS have 253 bytes at most.
const PART_BYTES_MAX: usize = 255;

/// The base of absolute addresses in an answer, without a slash at its end. All of it is the asker's own word:
/// the answer must not be kept for others. `wanted` is a host, or a whole base, that the asker gives instead.
pub(super) fn of(headers: &HeaderMap, wanted: Option<&str>) -> Result<String, Problem> {
    if let Some(wanted) = wanted.filter(|wanted| wanted.contains("://")) {
        return whole(wanted);
    }
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let host = wanted.or_else(|| text(header::HOST.as_str()));
    let host = host.unwrap_or_default();
    let scheme = match text(FORWARDED_PROTO) {
        Some("https") => "https",
        _ => "http",
    };
    let prefix = text(FORWARDED_PREFIX).filter(|prefix| is_path(prefix));
    let prefix = prefix.unwrap_or_default().trim_end_matches('/');
    whole(&format!("{scheme}://{host}{prefix}"))
}

/// A base as it is given: a scheme, a host, perhaps a port and a path.
fn whole(text: &str) -> Result<String, Problem> {
    let mistaken = || {
        let shown: String = text.chars().take(80).collect();
        let detail = format!(
            "host must be like 192.168.1.5:8000 or https://tv.example/weir, and so must the Host header \
             where it is not given (it is {shown:?})"
        );
        Problem::new(StatusCode::BAD_REQUEST, detail)
    };
    let url = Url::parse(text).map_err(|_| mistaken())?;
    let bare = url.username().is_empty() && url.password().is_none();
    let ends = url.query().is_none() && url.fragment().is_none();
    let good = matches!(url.scheme(), "http" | "https")
        && bare
        && ends
        && text.len() <= 2 * PART_BYTES_MAX
        && is_path(url.path());
    if good {
        Ok(url.as_str().trim_end_matches('/').to_owned())
    } else {
        Err(mistaken())
    }
}

/// Whether a text is a path that can stand in an address as it is.
fn is_path(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    text.starts_with('/')
        && !text.contains("//")
        && text.len() <= PART_BYTES_MAX
        && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn found(pairs: &[(&'static str, &'static str)], wanted: Option<&str>) -> Option<String> {
        let headers = pairs.iter().map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        of(&headers.collect(), wanted).ok()
    }

    #[test]
    fn the_host_is_the_one_that_was_asked_and_proxies_add_their_part() {
        let plain = found(&[("host", "weir:8000")], None);
        assert_eq!(plain.as_deref(), Some("http://weir:8000"));
        let proxied = [
            ("host", "tv.example"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-prefix", "/weir/"),
        ];
        let behind = found(&proxied, None);
        assert_eq!(behind.as_deref(), Some("https://tv.example/weir"));
    }

    #[test]
    fn a_caller_may_name_a_host_or_a_whole_base() {
        let headers = [("host", "127.0.0.1:8000"), ("x-forwarded-prefix", "/weir")];
        let host = found(&headers, Some("192.168.1.5:8000"));
        assert_eq!(host.as_deref(), Some("http://192.168.1.5:8000/weir"));
        let base = found(&headers, Some("https://tv.example/a/"));
        assert_eq!(base.as_deref(), Some("https://tv.example/a"));
    }

    #[test]
    fn what_cannot_stand_in_a_playlist_is_refused_and_a_bad_prefix_is_left_out() {
        for bad in [
            "",
            "a b",
            "user@host",
            "host/x?y",
            "host#x",
            "ftp://host",
            "http://h/\"x",
        ] {
            assert_eq!(found(&[], Some(bad)), None, "{bad:?}");
        }
        assert_eq!(found(&[], None), None);
        for bad in ["weir", "//evil.example", "/a b", "/x\"", "/?x"] {
            let pairs = [("host", "h"), ("x-forwarded-prefix", bad)];
            assert_eq!(found(&pairs, None).as_deref(), Some("http://h"), "{bad:?}");
        }
    }
}
