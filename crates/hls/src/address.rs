//! From a URI in a playlist to an address that may be fetched; never one outside the web.

use url::Url;

use crate::ReadError;

/// Joins a URI to the playlist's address, which is the one after all redirects (4.1, RFC 3986 5). Only
/// `http` and `https` come out: a playlist must not make Weir read files.
pub fn resolve(base: &Url, uri: &str) -> Result<Url, ReadError> {
    let uri = uri.trim();
    if uri.is_empty() {
        return Err(ReadError::EmptyAddress);
    }
    let address = base.join(uri).map_err(|reason| ReadError::BadAddress {
        uri: uri.to_owned(),
        reason,
    })?;
    match address.scheme() {
        "http" | "https" => Ok(address),
        scheme => Err(ReadError::SchemeNotAllowed {
            scheme: scheme.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(uri: &str) -> Result<String, ReadError> {
        let base = Url::parse("https://a.example/live/one/index.m3u8?token=1").unwrap();
        resolve(&base, uri).map(String::from)
    }

    #[test]
    fn relative_addresses_are_joined_as_rfc_3986_says() {
        for (uri, expected) in [
            ("s1.ts", "https://a.example/live/one/s1.ts"),
            ("../two/s1.ts?x=2", "https://a.example/live/two/s1.ts?x=2"),
            ("/s1.ts", "https://a.example/s1.ts"),
            ("//b.example/s1.ts", "https://b.example/s1.ts"),
            ("http://b.example:8080/s1.ts", "http://b.example:8080/s1.ts"),
            ("?seg=1", "https://a.example/live/one/index.m3u8?seg=1"),
            (" s 1.ts ", "https://a.example/live/one/s%201.ts"),
        ] {
            assert_eq!(resolved(uri).as_deref(), Ok(expected), "{uri}");
        }
    }

    #[test]
    fn nothing_leads_out_of_the_web() {
        for scheme in ["file", "data", "ftp", "javascript"] {
            assert_eq!(
                resolved(&format!("{scheme}:///etc/passwd")),
                Err(ReadError::SchemeNotAllowed {
                    scheme: scheme.to_owned()
                })
            );
        }
        assert_eq!(resolved("  "), Err(ReadError::EmptyAddress));
    }

    #[test]
    fn a_message_shows_no_token() {
        let error = resolved("http://[bad/s.ts?token=secret").unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
        assert!(error.to_string().contains("[bad"), "{error}");
    }
}
