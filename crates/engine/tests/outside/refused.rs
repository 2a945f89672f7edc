//! Spellings of addresses that lead inside; none of them may open a connection.

use engine::{FetchError, Http, Place, Refusal};
use url::Url;

use crate::scripted::{Names, Server, elsewhere, patient};

/// Hosts that are, or that pretend not to be, on this machine or near it. `PORT` follows each.
const HOSTS: &[&str] = &[
    // Decimal, octal, hexadecimal, short and mixed forms of 127.0.0.1.
    "127.0.0.1",
    "2130706433",
    "017700000001",
    "0x7f000001",
    "0X7F000001",
    "127.1",
    "127.0.1",
    "0177.0.0.1",
    "0177.0.0.01",
    "0x7f.0.0.1",
    "0x7f.1",
    "0177.1",
    "127.0x0.0.1",
    "127.000.000.001",
    "00000177.0.0.1",
    "127.0.0.0x1",
    "0x7F.0x0.0x0.0x1",
    "127.0.0.1.",
    "2130706433.",
    "127.255.255.254",
    // Unspecified and this network.
    "0",
    "0.0.0.0",
    "0x0",
    "00",
    "0.0",
    "0.1.2.3",
    // Private, shared, link-local, metadata.
    "10.0.0.1",
    "167772161",
    "0xa.1",
    "012.0.0.1",
    "172.16.0.1",
    "0xac100001",
    "192.168.0.1",
    "192.168.257",
    "3232235521",
    "0300.0250.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "169.254.43518",
    "169.16689662",
    // Reserved, test and multicast networks.
    "192.0.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "192.88.99.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "4294967295",
    "0xffffffff",
    // IPv6 itself, and IPv4 dressed as it.
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000::0001]",
    "[::127.0.0.1]",
    "[::7f00:1]",
    "[::ffff:127.0.0.1]",
    "[::FFFF:7F00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    "[::ffff:10.0.0.1]",
    "[::ffff:a9fe:a9fe]",
    "[::ffff:8.8.8.8]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2002:a9fe:a9fe::1]",
    "[2001:0:7f00:1::]",
    "[2001:0:4136:e378:8000:63bf:80ff:fffe]",
    "[2001:db8::1]",
    "[2001:2::1]",
    "[2001:10::1]",
    "[3fff::1]",
    "[5f00::1]",
    "[100::1]",
    "[fe80::1]",
    "[febf::1]",
    "[fec0::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[ff01::1]",
    "[ff02::1]",
    "[ff0e::1]",
    // Digits and dots of other scripts, and percent signs, which mean the same.
    "①②⑦.⓪.⓪.①",
    "１２７.0.0.1",
    "127。0。0。1",
    "127．0．0．1",
    "127｡0｡0｡1",
    "%31%32%37.0.0.1",
    "127%2e0%2e0%2e1",
    "%30",
    "127.0.0.1%2e",
    "0x7f%2e1",
    // A user part that looks like the host.
    "example.com@127.0.0.1",
    "1.1.1.1:80@127.0.0.1",
    "example.com%40@127.0.0.1",
    "a:b@[::1]",
    "@127.0.0.1",
    "example.com:80%2f@127.0.0.1",
    "127.0.0.1@localhost.test",
    // Names that the resolver takes inside.
    "localhost.test",
    "LOCALHOST.test",
    "localhost.test.",
    "ⓛocalhost.test",
    "local%68ost.test",
    "127.0.0.1.nip.test",
    "metadata.test",
    "mixed.test",
    "v6.test",
    "mapped.test",
    "empty.test",
];

fn http() -> Http {
    let names = Names::default()
        .with("localhost.test", &[&["127.0.0.1"]])
        .with("127.0.0.1.nip.test", &[&["127.0.0.1"]])
        .with("metadata.test", &[&["169.254.169.254"]])
        .with("mixed.test", &[&["1.1.1.1", "127.0.0.1"]])
        .with("v6.test", &[&["::1"]])
        .with("mapped.test", &[&["::ffff:127.0.0.1"]])
        .with("empty.test", &[&[]]);
    Http::with_resolver(patient(), names).unwrap()
}

#[tokio::test]
async fn no_spelling_leads_inside() {
    let (http, canary) = (http(), Server::canary().await);
    let port = canary.address.port;
    for host in HOSTS {
        // What cannot even be written as a URL cannot be fetched either.
        let Ok(url) = Url::parse(&format!("http://{host}:{port}/x")) else {
            continue;
        };
        let place = Place {
            url,
            guard: elsewhere(),
        };
        let error = http.segment(&place, None, &patient()).await.unwrap_err();
        let refused = matches!(error, FetchError::Forbidden { .. });
        assert!(refused || *host == "empty.test", "{host}: {error:?}");
    }
    assert_eq!(canary.seen().connections, 0);
}

#[tokio::test]
async fn only_http_is_fetched() {
    let http = http();
    for text in [
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "gopher://127.0.0.1:70/_x",
        "data:text/plain,x",
        "javascript:1",
        "concat:http://a/b",
        "ws://127.0.0.1/",
        "blob:http://127.0.0.1/x",
        "unix:/run/x",
        "view-source:http://127.0.0.1/",
        "rtmp://127.0.0.1/",
    ] {
        let place = Place {
            url: text.parse().unwrap(),
            guard: elsewhere(),
        };
        let error = http.playlist(&place, &patient()).await.unwrap_err();
        let FetchError::Forbidden { reason, .. } = error else {
            panic!("{text}: {error:?}")
        };
        assert_eq!(reason, Refusal::Scheme, "{text}");
    }
}
