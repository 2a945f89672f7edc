//! What a client asked for, taken apart once.

use std::net::SocketAddr;

use bytes::Bytes;

use http::header::{HOST, HeaderMap, HeaderName};
use http::{Method, Uri};

/// One request, as the handlers see it.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) peer: SocketAddr,
    /// Path and query as they came.
    pub(crate) target: String,
    /// The body, where the handler reads bodies.
    pub(crate) body: Bytes,
}

impl Request {
    pub(crate) fn new(method: Method, uri: &Uri, headers: HeaderMap, peer: SocketAddr) -> Self {
        Self {
            method,
            path: uri.path().to_owned(),
            query: uri.query().map(pairs).unwrap_or_default(),
            headers,
            peer,
            target: uri
                .path_and_query()
                .map_or("/", |both| both.as_str())
                .to_owned(),
            body: Bytes::new(),
        }
    }

    /// The first value of a query parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The authority that the client used, or `address` for one that sent none.
    pub(crate) fn host(&self, address: SocketAddr) -> String {
        self.header(HOST)
            .map_or_else(|| address.to_string(), str::to_owned)
    }
}

fn pairs(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(key), decoded(value))
        })
        .collect()
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        plain.push(match (escaped, bytes[at]) {
            (None, b'+') => b' ',
            (Some(byte), _) | (None, byte) => byte,
        });
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_decoded_pair_by_pair() {
        let uri: Uri = "/ace/getstream?id=ab%20c+d&format=json&pid"
            .parse()
            .unwrap();
        let peer = "127.0.0.1:9".parse().unwrap();
        let request = Request::new(Method::GET, &uri, HeaderMap::new(), peer);
        assert_eq!(request.parameter("id"), Some("ab c d"));
        assert_eq!(request.parameter("format"), Some("json"));
        assert_eq!(request.parameter("pid"), Some(""));
        assert_eq!(request.parameter("sid"), None);
    }

    #[test]
    fn a_broken_escape_stays_as_it_is() {
        assert_eq!(decoded("100%"), "100%");
        assert_eq!(decoded("%zz%é"), "%zz%é");
    }
}
