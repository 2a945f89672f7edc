//! Configured addresses of which nobody knows what is there.

use std::time::Duration;

use engine::{FetchError, Instead, Live, PLAYLIST_BYTES_MAX, Source, Timeouts, Wait};

use crate::live::drained;
use crate::scripted::{SHORT, Server, Step, answer, gzipped, head, http, ok, patient};

const LIST: &str = "#EXTM3U\n#EXTINF:4,\n1.ts\n";

pub(crate) async fn opened(server: &Server) -> Result<Source, FetchError> {
    http()
        .open_source(&server.source("/live"), &patient())
        .await
}

/// The text of what must be a playlist.
async fn playlist(server: &Server) -> Vec<u8> {
    match opened(server).await.unwrap() {
        Source::Playlist(fetched) => fetched.bytes.to_vec(),
        Source::Continuous(live) => panic!("{live:?}"),
    }
}

pub(crate) async fn continuous(server: &Server) -> Live {
    match opened(server).await.unwrap() {
        Source::Continuous(live) => live,
        Source::Playlist(fetched) => panic!("{fetched:?}"),
    }
}

/// Packets of a stride, with every byte in them but for the first of each.
pub(crate) fn packets(count: usize, stride: usize) -> Vec<u8> {
    let byte = |at: usize| match at % stride {
        0 => 0x47,
        // Mostly what could be text.
        1 => 0x1f,
        place => b'A' + (place % 5) as u8,
    };
    (0..count * stride).map(byte).collect()
}

/// A body in every framing there is, and cut into single bytes.
fn framings(content_type: Option<&str>, body: &[u8]) -> Vec<Vec<Step>> {
    let named = content_type
        .map(|name| format!("Content-Type: {name}\r\n"))
        .unwrap_or_default();
    let length = format!("{named}Content-Length: {}\r\n", body.len());
    let mut chunked = head("200 OK", &format!("{named}Transfer-Encoding: chunked\r\n"));
    for part in body.chunks(31) {
        chunked.extend(format!("{:x}\r\n", part.len()).into_bytes());
        chunked.extend([part, b"\r\n"].concat());
    }
    chunked.extend(b"0\r\n\r\n");
    let single = Step::Trickle(body.to_vec(), Duration::ZERO);
    vec![
        vec![Step::Say([&head("200 OK", &length)[..], body].concat())],
        vec![Step::Say([&head("200 OK", &named)[..], body].concat())],
        vec![Step::Say(chunked)],
        vec![Step::Say(head("200 OK", &named)), single],
    ]
}

#[tokio::test]
async fn a_playlist_is_known_by_its_first_line_whatever_it_is_called() {
    for text in [LIST.to_owned(), format!("\u{feff}\r\n \t{LIST}")] {
        for content_type in [None, Some("video/mp2t"), Some("application/x-mpegurl")] {
            for steps in framings(content_type, text.as_bytes()) {
                let server = Server::doing(steps).await;
                assert_eq!(playlist(&server).await, text.as_bytes());
                assert_eq!(server.seen().requests.len(), 1, "one request is enough");
            }
        }
    }
}

#[tokio::test]
async fn a_playlist_comes_with_its_last_address_and_its_type() {
    let server = Server::new(|at, _| match at {
        0 => vec![
            Step::Say(head("302 Found", "Location: /b/live.m3u8\r\n")),
            Step::Hold,
        ],
        _ => vec![Step::Say(ok("audio/mpegurl; x=y", LIST))],
    })
    .await;
    let Source::Playlist(fetched) = opened(&server).await.unwrap() else {
        panic!("a playlist was sent");
    };
    assert_eq!(fetched.url, server.url("/b/live.m3u8"));
    assert_eq!(fetched.content_type.as_deref(), Some("audio/mpegurl"));
}

#[tokio::test]
async fn nobody_is_asked_to_compress_and_a_playlist_that_is_compressed_is_read() {
    let headers = "Content-Encoding: gzip\r\n";
    let server = Server::saying(answer("200 OK", headers, gzipped(LIST.as_bytes()))).await;
    assert_eq!(playlist(&server).await, LIST.as_bytes());
    let request = server.request(0).to_lowercase();
    assert!(request.contains("accept-encoding: identity"), "{request}");
    let bomb = gzipped(&[LIST.as_bytes(), &vec![b'#'; 64 << 20][..]].concat());
    let server = Server::saying(answer("200 OK", headers, bomb)).await;
    let error = opened(&server).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { .. }), "{error:?}");
}

#[tokio::test]
async fn a_continuous_stream_is_known_by_its_packets_and_given_from_its_first_byte() {
    let mut bodies: Vec<Vec<u8>> = [188, 192, 204].map(|stride| packets(30, stride)).to_vec();
    bodies.push(packets(30, 188)[77..].to_vec());
    // Behind junk that is not even text, and too short for a row of packets.
    bodies.push([&[0, b'j'][..], &[b'j'; 3_000], &packets(9, 188)].concat());
    bodies.push(packets(2, 188));
    for body in bodies {
        for content_type in [None, Some("application/x-mpegurl")] {
            for steps in framings(content_type, &body) {
                let mut live = continuous(&Server::doing(steps).await).await;
                assert_eq!(live.content_type().as_deref(), content_type);
                let (bytes, error) = drained(&mut live).await;
                assert_eq!(error, None);
                assert!(bytes == body, "{} of {} bytes", bytes.len(), body.len());
            }
        }
    }
}

#[tokio::test]
async fn what_was_looked_at_is_there_at_once() {
    let start = [head("200 OK", ""), packets(5, 188)].concat();
    let server = Server::doing(vec![Step::Say(start), Step::Hold]).await;
    let mut live = continuous(&server).await;
    let chunks = tokio::select! {
        biased;
        chunks = live.next(Duration::ZERO) => chunks.unwrap().unwrap(),
        () = std::future::ready(()) => panic!("nothing is to be waited for"),
    };
    assert_eq!(chunks.concat(), packets(5, 188));
}

#[tokio::test]
async fn a_stream_that_breaks_early_gives_what_it_had_and_then_the_error() {
    let start = [head("200 OK", "Content-Length: 9999\r\n"), packets(6, 188)].concat();
    let mut live = continuous(&Server::saying(start).await).await;
    let (bytes, error) = drained(&mut live).await;
    assert!(bytes == packets(6, 188));
    let (got, announced) = (6 * 188, Some(9999));
    assert_eq!(error, Some(FetchError::Truncated { got, announced }));
}

#[tokio::test]
async fn what_is_no_media_is_refused_in_words() {
    let page = format!("<html>{}", "G".repeat(5_000));
    let binary = [vec![0; 100], b"GIF".to_vec()].concat();
    for (body, instead, words) in [
        (b"\n<!doctype html>".to_vec(), Instead::Html, "HTML"),
        (page.into_bytes(), Instead::Html, "HTML"),
        (b"{\"error\":\"no\"}".to_vec(), Instead::Json, "JSON"),
        (b"Gone fishing".to_vec(), Instead::Text, "text"),
        (b"#EXTM3".to_vec(), Instead::Text, "text"),
        (binary, Instead::Binary, "something binary"),
    ] {
        for steps in framings(Some("video/mp2t"), &body) {
            let error = opened(&Server::doing(steps).await).await.unwrap_err();
            assert_eq!(error, FetchError::NotMedia { instead });
            let told = format!("body is neither a playlist nor MPEG-TS, but {words}");
            assert_eq!(error.to_string(), told);
        }
    }
    let empty = opened(&Server::saying(ok("video/mp2t", "")).await).await;
    assert_eq!(empty.unwrap_err().to_string(), "body ended after 0 bytes");
}

#[tokio::test]
async fn what_is_no_media_is_refused_though_it_never_ends() {
    for (bytes, instead) in [
        (b"<p>no</p>".to_vec(), Instead::Html),
        (vec![0], Instead::Binary),
    ] {
        let steps = vec![Step::Say(head("200 OK", "")), Step::Repeat(bytes)];
        let server = Server::doing(steps).await;
        let error = opened(&server).await.unwrap_err();
        assert_eq!(error, FetchError::NotMedia { instead });
        server.closed(1).await;
    }
}

#[tokio::test]
async fn a_playlist_of_a_source_has_the_bounds_of_every_playlist() {
    let begun = [head("200 OK", ""), LIST.into()].concat();
    let endless = vec![Step::Say(begun.clone()), Step::Repeat(vec![b'#'; 1_000])];
    let error = opened(&Server::doing(endless).await).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { .. }), "{error:?}");
    let length = format!("Content-Length: {}\r\n", PLAYLIST_BYTES_MAX + 1);
    let announced = [head("200 OK", &length), LIST.into()].concat();
    let announced = Server::doing(vec![Step::Say(announced), Step::Hold]).await;
    let error = opened(&announced).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { .. }), "{error:?}");
    let short = [head("200 OK", "Content-Length: 99\r\n"), LIST.into()].concat();
    let error = opened(&Server::saying(short).await).await.unwrap_err();
    assert!(matches!(error, FetchError::Truncated { .. }), "{error:?}");
    let t = Timeouts {
        playlist: SHORT,
        ..patient()
    };
    let held = Server::doing(vec![Step::Say(begun), Step::Hold]).await;
    let late = http().open_source(&held.source("/live"), &t).await;
    let (waiting_for, after) = (Wait::WholeBody, SHORT);
    assert_eq!(
        late.unwrap_err(),
        FetchError::Timeout { waiting_for, after }
    );
}

#[tokio::test]
async fn first_bytes_that_do_not_come_are_not_waited_for_without_end() {
    let t = Timeouts {
        first_byte: SHORT,
        ..patient()
    };
    let steps = vec![
        Step::Say([head("200 OK", ""), vec![0x47]].concat()),
        Step::Hold,
    ];
    let server = Server::doing(steps).await;
    let error = http().open_source(&server.source("/live"), &t).await;
    let (waiting_for, after) = (Wait::FirstByte, SHORT);
    assert_eq!(
        error.unwrap_err(),
        FetchError::Timeout { waiting_for, after }
    );
    server.closed(1).await;
}

#[tokio::test]
async fn a_source_that_leads_inside_is_refused_and_nobody_is_asked_there() {
    let canary = Server::canary().await;
    let location = format!("Location: {}\r\n", canary.url("/inside"));
    let server = Server::saying(answer("302 Found", &location, "")).await;
    assert!(opened(&server).await.unwrap_err().is_forbidden());
    assert_eq!(canary.seen().connections, 0);
    let refused = Server::saying(answer("404 Not Found", "", "")).await;
    let (code, retry_after) = (404, None);
    assert_eq!(
        opened(&refused).await.unwrap_err(),
        FetchError::Status { code, retry_after }
    );
}
