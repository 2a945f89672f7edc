//! Where an engine listens: host and port, and the pinning of whatever URLs it writes to just that place.

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

/// Longer than any real address; what is longer is an attack or garbage.
const URL_BYTES_MAX: usize = 8 << 10;

/// As much of a bad text as an error repeats, in characters.
const SHOWN_CHARS_MAX: usize = 80;

/// An engine's authority. An IPv6 host is held without its brackets.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// A name or an IP address.
    pub host: String,
    /// The port of its HTTP API, 6878 as a rule.
    pub port: u16,
}

/// Why a text is no engine address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is a URL, or has a path or a user name.
    #[error("engine address {text:?} must be just host:port, without scheme, user or path")]
    NotAnAuthority {
        /// The text, shortened, without any user part.
        text: String,
    },
    /// There is no port, or an IPv6 host lacks its brackets.
    #[error("engine address {text:?} must be host:port, an IPv6 host in brackets")]
    NoPort {
        /// The text, shortened.
        text: String,
    },
    /// The port is not a number from 1 to 65535.
    #[error("engine address {text:?} must have a port from 1 to 65535")]
    BadPort {
        /// The text, shortened.
        text: String,
    },
    /// The host is empty, or neither a name nor an IP address.
    #[error("engine address {text:?} must begin with a host name or an IP address")]
    BadHost {
        /// The text, shortened.
        text: String,
    },
}

impl Address {
    /// The root of the engine's API.
    pub fn root(&self) -> Result<Url, AddressError> {
        let text = self.to_string();
        let normal: Address = text.parse()?;
        Url::parse(&format!("http://{normal}/"))
            .map_err(|_| AddressError::BadHost { text: shown(&text) })
    }

    /// The same path and query on this engine, whatever host, port and user the URL names.
    pub fn pin(&self, url: &Url) -> Result<Url, AddressError> {
        let mut pinned = self.root()?;
        pinned.set_path(url.path());
        pinned.set_query(url.query());
        Ok(pinned)
    }

    /// Reads a URL that the engine wrote, absolute or not, and pins it; nothing when it is no HTTP URL.
    pub(crate) fn pin_text(&self, text: &str) -> Option<Url> {
        let text = text.trim();
        if text.is_empty() || URL_BYTES_MAX < text.len() {
            return None;
        }
        let url = self.root().ok()?.join(text).ok()?;
        match url.scheme() {
            "http" | "https" => self.pin(&url).ok(),
            _ => None,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Address, AddressError> {
        let text = text.trim();
        let bad = || shown(text);
        if text.contains(['/', '@', '?', '#', '\\', '%']) {
            return Err(AddressError::NotAnAuthority { text: bad() });
        }
        let (host, port) = text
            .rsplit_once(':')
            .ok_or_else(|| AddressError::NoPort { text: bad() })?;
        let bracketed = host.starts_with('[') && host.ends_with(']');
        if host.contains(':') && !bracketed {
            return Err(AddressError::NoPort { text: bad() });
        }
        let port = match port.parse::<u16>() {
            Ok(port) if 0 < port => port,
            _ => return Err(AddressError::BadPort { text: bad() }),
        };
        let host = match Host::parse(host) {
            Ok(Host::Domain(name)) => name,
            Ok(Host::Ipv4(ip)) => ip.to_string(),
            Ok(Host::Ipv6(ip)) => ip.to_string(),
            Err(_) => return Err(AddressError::BadHost { text: bad() }),
        };
        Ok(Address { host, port })
    }
}

/// A text as an error may repeat it: short, and without what stands before an `@`.
fn shown(text: &str) -> String {
    let text = text.rsplit('@').next().unwrap_or_default();
    text.split(['?', '#'])
        .next()
        .unwrap_or_default()
        .chars()
        .take(SHOWN_CHARS_MAX)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_is_read_and_written_back() {
        for (text, normal) in [
            ("engine:6878", "engine:6878"),
            (" ace_engine-1:6878 ", "ace_engine-1:6878"),
            ("Engine.Example.:80", "engine.example.:80"),
            ("192.168.1.9:1", "192.168.1.9:1"),
            ("[::1]:65535", "[::1]:65535"),
            ("[2001:DB8:0::1]:6878", "[2001:db8::1]:6878"),
        ] {
            assert_eq!(address(text).to_string(), normal);
        }
        assert_eq!(address("[::1]:80").host, "::1");
    }

    #[test]
    fn a_bad_address_says_what_is_wrong_with_it() {
        for (text, part) in [
            ("engine", "must be host:port"),
            ("::1:6878", "brackets"),
            ("[::1]", "port"),
            ("engine:", "1 to 65535"),
            ("engine:0", "1 to 65535"),
            ("engine:65536", "1 to 65535"),
            ("engine:http", "1 to 65535"),
            (":6878", "host name"),
            ("en gine:6878", "host name"),
            ("[::g]:6878", "host name"),
            ("http://engine:6878", "without scheme"),
            ("engine:6878/ace", "path"),
            ("", "host:port"),
        ] {
            let error = text.parse::<Address>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn a_bad_address_with_a_user_does_not_repeat_it() {
        let error = "admin:secret@engine:6878?token=hidden".parse::<Address>();
        let text = error.unwrap_err().to_string();
        assert!(
            !text.contains("secret") && !text.contains("hidden"),
            "{text}"
        );
    }

    #[test]
    fn a_url_is_pinned_whatever_the_engine_wrote() {
        let engine = address("gluetun:19000");
        for (written, pinned) in [
            (
                "http://127.0.0.1:6878/ace/r/a/b",
                "http://gluetun:19000/ace/r/a/b",
            ),
            (
                "https://user:pw@evil.example/x?y=1#z",
                "http://gluetun:19000/x?y=1",
            ),
            ("//evil.example/x", "http://gluetun:19000/x"),
            ("/ace/m/1.m3u8", "http://gluetun:19000/ace/m/1.m3u8"),
            (
                "http://a//evil.example/x",
                "http://gluetun:19000//evil.example/x",
            ),
            ("http://a/%2e%2e/%00", "http://gluetun:19000/%00"),
        ] {
            assert_eq!(engine.pin_text(written).unwrap().as_str(), pinned);
        }
    }

    #[test]
    fn what_is_no_http_url_is_not_pinned() {
        let engine = address("engine:6878");
        let long = format!("http://a/{}", "x".repeat(URL_BYTES_MAX));
        for written in [
            "",
            "  ",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "http://",
            &long,
        ] {
            assert_eq!(engine.pin_text(written), None, "{written}");
        }
    }
}
