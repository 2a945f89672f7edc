//! Who it is that a proxy in front asks for; it believes no proxy that the operator has not named.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

use super::Peer;
use crate::config::Network;

/// Where each proxy on the way adds who asked it.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// Proxies between a viewer and Weir; nobody has more, and a list that goes on was made up.
const HOPS_MAX: usize = 16;

/// The viewer's own address. The list is read from its end, where the nearest proxy wrote: whatever stands before the
/// first address that is no proxy of ours is that one's own word, and may be anything.
pub(super) fn client(trusted: &[Network], peer: Peer, headers: &HeaderMap) -> Peer {
    let is_ours = |address: IpAddr| trusted.iter().any(|network| network.holds(address));
    let mut found = peer.0.ip();
    if !is_ours(found) {
        return peer;
    }
    let lines = headers.get_all(FORWARDED_FOR).iter().rev();
    let entries = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.rsplit(','));
    for entry in entries.take(HOPS_MAX) {
        let Some(address) = address(entry.trim()) else {
            break;
        };
        found = address;
        if !is_ours(found) {
            break;
        }
    }
    Peer(SocketAddr::new(found, peer.0.port()))
}

/// An entry's address; some proxies write the port, too.
fn address(entry: &str) -> Option<IpAddr> {
    let with_port = || entry.parse::<SocketAddr>().map(|it| it.ip());
    let plain = entry.trim_start_matches('[').trim_end_matches(']').parse();
    plain.or_else(|_| with_port()).ok()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn found(peer: &str, lines: &[&'static str]) -> String {
        let trusted = ["127.0.0.0/8", "10.0.0.0/8"].map(|it| it.parse().expect("a network"));
        let peer = Peer(SocketAddr::new(peer.parse().expect("an address"), 4000));
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(line));
        }
        client(&trusted, peer, &headers).0.ip().to_string()
    }

    #[test]
    fn a_proxy_of_ours_is_believed_and_nobody_else() {
        assert_eq!(found("127.0.0.1", &["203.0.113.7"]), "203.0.113.7");
        assert_eq!(found("198.51.100.1", &["203.0.113.7"]), "198.51.100.1");
        assert_eq!(found("127.0.0.1", &[]), "127.0.0.1");
    }

    #[test]
    fn what_a_viewer_wrote_itself_is_not_believed() {
        let lines = ["1.2.3.4, 203.0.113.7"];
        assert_eq!(found("127.0.0.1", &lines), "203.0.113.7");
        let lines = ["1.2.3.4", "203.0.113.7, 10.0.0.2"];
        assert_eq!(found("127.0.0.1", &lines), "203.0.113.7");
    }

    #[test]
    fn the_last_thing_that_can_be_read_counts() {
        assert_eq!(found("127.0.0.1", &["1.2.3.4, unknown"]), "127.0.0.1");
        assert_eq!(found("127.0.0.1", &["unknown, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(found("127.0.0.1", &["203.0.113.7:5000"]), "203.0.113.7");
        assert_eq!(found("127.0.0.1", &["[2001:db8::7]:5000"]), "2001:db8::7");
        assert_eq!(found("127.0.0.1", &["[2001:db8::7]"]), "2001:db8::7");
    }

    #[test]
    fn a_list_without_an_end_is_not_read_to_its_end() {
        let line: &'static str = Box::leak("10.0.0.9,".repeat(1_000).into_boxed_str());
        assert_eq!(
            found("127.0.0.1", &[line.trim_end_matches(',')]),
            "10.0.0.9"
        );
    }
}
