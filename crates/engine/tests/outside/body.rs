//! Whole bodies: complete, of bearable size, and never anything else.

use std::time::Duration;

use bytes::Bytes;
use engine::{Body, FetchError, PLAYLIST_BYTES_MAX, SEGMENT_BYTES_MAX};

use crate::scripted::{Server, Step, answer, gzipped, head, http, ok, patient};

const GZIP: &str = "Content-Encoding: gzip\r\nContent-Type: audio/mpegurl\r\n";

pub(crate) async fn segment(server: &Server) -> Result<Body, FetchError> {
    http()
        .segment(&server.on_engine("/ace/c/a/1.ts"), None, &patient())
        .await
}

async fn slice(server: &Server, offset: u64, length: u64) -> Result<Vec<u8>, FetchError> {
    let place = server.source("/all.ts");
    let body = http()
        .segment(&place, Some((offset, length)), &patient())
        .await?;
    Ok(body.chunks.concat())
}

async fn playlist(server: &Server) -> Result<Bytes, FetchError> {
    let fetched = http()
        .playlist(&server.source("/live.m3u8"), &patient())
        .await?;
    Ok(fetched.bytes)
}

fn media(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}

#[tokio::test]
async fn a_playlist_comes_with_its_address_and_type() {
    let server = Server::saying(ok("Application/X-MPEGurl; charset=utf-8", "#EXTM3U\n")).await;
    let place = server.source("/a/live.m3u8?token=1");
    let fetched = http().playlist(&place, &patient()).await.unwrap();
    assert_eq!(fetched.bytes, "#EXTM3U\n");
    assert_eq!(fetched.url, server.url("/a/live.m3u8?token=1"));
    assert_eq!(
        fetched.content_type.as_deref(),
        Some("application/x-mpegurl")
    );
    assert!(
        server
            .request(0)
            .starts_with("GET /a/live.m3u8?token=1 HTTP/1.1\r\n")
    );
    assert!(
        server
            .request(0)
            .to_lowercase()
            .contains("accept-encoding: gzip")
    );
}

#[tokio::test]
async fn a_compressed_playlist_is_read_and_an_engine_is_asked_for_none() {
    let server = Server::saying(answer("200 OK", GZIP, gzipped(b"#EXTM3U\n"))).await;
    assert_eq!(playlist(&server).await.unwrap(), "#EXTM3U\n");
    let fetched = http()
        .playlist(&server.on_engine("/m"), &patient())
        .await
        .unwrap();
    assert_eq!(fetched.bytes, "#EXTM3U\n");
    assert!(
        server
            .request(1)
            .to_lowercase()
            .contains("accept-encoding: identity")
    );
}

#[tokio::test]
async fn a_bomb_is_not_unpacked() {
    let bomb = gzipped(&vec![b'#'; 128 << 20]);
    let server = Server::saying(answer("200 OK", GZIP, bomb)).await;
    let error = playlist(&server).await.unwrap_err();
    let FetchError::TooLarge { bytes, bytes_max } = error else {
        panic!("{error:?}")
    };
    assert_eq!(bytes_max, PLAYLIST_BYTES_MAX as u64);
    assert!(bytes < bytes_max + (1 << 20), "{bytes} bytes were unpacked");
}

#[tokio::test]
async fn damaged_compression_is_an_error() {
    let mut packed = gzipped(&media(50_000));
    packed.truncate(packed.len() / 2);
    let cut = Server::saying(answer("200 OK", GZIP, packed)).await;
    let error = playlist(&cut).await.unwrap_err();
    assert!(matches!(error, FetchError::Truncated { .. }), "{error:?}");
    let garbage = Server::saying(answer("200 OK", GZIP, "no gzip at all, but long enough")).await;
    let error = playlist(&garbage).await.unwrap_err();
    assert!(matches!(error, FetchError::Broken { .. }), "{error:?}");
}

#[tokio::test]
async fn a_playlist_has_a_greatest_length() {
    let most = Server::saying(ok("audio/mpegurl", vec![b'#'; PLAYLIST_BYTES_MAX])).await;
    assert_eq!(playlist(&most).await.unwrap().len(), PLAYLIST_BYTES_MAX);
    let more = Server::saying(ok("audio/mpegurl", vec![b'#'; PLAYLIST_BYTES_MAX + 1])).await;
    assert!(matches!(
        playlist(&more).await,
        Err(FetchError::TooLarge { .. })
    ));
    let endless = vec![
        Step::Say(head("200 OK", "")),
        Step::Repeat(vec![b'#'; 1000]),
    ];
    let endless = Server::doing(endless).await;
    assert!(matches!(
        playlist(&endless).await,
        Err(FetchError::TooLarge { .. })
    ));
    endless.closed(1).await;
}

#[tokio::test]
async fn a_segment_is_whole_and_in_even_chunks_that_hold_no_other_memory() {
    let (sent, length) = (media(3_100_000), 3_100_000);
    let mut steps = vec![Step::Say(head(
        "200 OK",
        &format!("Content-Length: {length}\r\n"),
    ))];
    // Many small writes, as from a slow engine.
    steps.extend(sent.chunks(7_000).map(|part| Step::Say(part.to_vec())));
    let body = segment(&Server::doing(steps).await).await.unwrap();
    assert_eq!(body.bytes, length);
    assert!(body.chunks.concat() == sent, "the bytes are those sent");
    let (_, others) = body.chunks.split_last().unwrap();
    assert!(others.iter().all(|chunk| 60 << 10 <= chunk.len()));
    let held: usize = body
        .chunks
        .into_iter()
        .map(|chunk| {
            chunk
                .try_into_mut()
                .expect("nobody else holds it")
                .capacity()
        })
        .sum();
    assert!(held * 10 <= length * 11, "{held} bytes held for {length}");
}

#[tokio::test]
async fn every_framing_of_a_segment_is_read() {
    let chunked = [
        &head("200 OK", "Transfer-Encoding: chunked\r\n")[..],
        b"3\r\nabc\r\n3;x=y\r\ndef\r\n0\r\n\r\n",
    ];
    let closed = [&head("200 OK", "")[..], b"abcdef"];
    let sloppy =
        b"HTTP/1.1 200\r\nServer : odd\r\nBad Name\x01: x\r\nContent-Length: 6\r\n\r\nabcdef"
            .to_vec();
    let old = b"HTTP/1.0 200 OK\r\n\r\nabcdef".to_vec();
    for answer in [
        chunked.concat(),
        closed.concat(),
        sloppy,
        old,
        ok("video/mp2t", "abcdef"),
    ] {
        let body = segment(&Server::saying(answer).await).await.unwrap();
        assert_eq!(body.chunks.concat(), b"abcdef");
    }
    let empty = segment(&Server::saying(ok("text/html", "")).await)
        .await
        .unwrap();
    assert_eq!((empty.bytes, empty.chunks.len()), (0, 0));
    assert_eq!(empty.content_type.as_deref(), Some("text/html"));
}

#[tokio::test]
async fn a_truncated_segment_is_never_handed_out() {
    let short = [&head("200 OK", "Content-Length: 10\r\n")[..], b"abc"].concat();
    let error = segment(&Server::saying(short).await).await.unwrap_err();
    assert_eq!(
        error,
        FetchError::Truncated {
            got: 3,
            announced: Some(10)
        }
    );
    assert_eq!(error.to_string(), "body ended after 3 bytes of 10");
    let framing = head("200 OK", "Transfer-Encoding: chunked\r\n");
    for (rest, got) in [
        (&b"3\r\nabc\r\n"[..], 3),
        (b"3\r\nab", 2),
        (b"3\r\nabc\r\n0\r\n", 3),
    ] {
        let server = Server::saying([&framing[..], rest].concat()).await;
        let error = segment(&server).await.unwrap_err();
        assert_eq!(
            error,
            FetchError::Truncated {
                got,
                announced: None
            }
        );
    }
}

#[tokio::test]
async fn a_reset_inside_a_segment_is_an_error() {
    let start = [&head("200 OK", "Content-Length: 10\r\n")[..], b"abc"].concat();
    let pause = Step::Trickle(vec![b'd'], Duration::from_millis(20));
    let server = Server::doing(vec![Step::Say(start), pause, Step::Reset]).await;
    let error = segment(&server).await.unwrap_err();
    assert!(matches!(error, FetchError::Broken { .. }), "{error:?}");
    let framing = head("200 OK", "Transfer-Encoding: chunked\r\n");
    let garbage = Server::saying([&framing[..], b"xyz\r\nabc"].concat()).await;
    let error = segment(&garbage).await.unwrap_err();
    assert!(matches!(error, FetchError::Broken { .. }), "{error:?}");
}

#[tokio::test]
async fn a_segment_has_a_greatest_length() {
    let length = format!("Content-Length: {}\r\n", SEGMENT_BYTES_MAX + 1);
    let announced = Server::doing(vec![Step::Say(head("200 OK", &length)), Step::Hold]).await;
    let bytes_max = SEGMENT_BYTES_MAX as u64;
    let bytes = bytes_max + 1;
    let error = FetchError::TooLarge { bytes, bytes_max };
    assert_eq!(segment(&announced).await.unwrap_err(), error);
    announced.closed(1).await;
    let endless = vec![
        Step::Say(head("200 OK", "")),
        Step::Repeat(vec![0x47; 1 << 20]),
    ];
    let endless = Server::doing(endless).await;
    let error = segment(&endless).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { .. }), "{error:?}");
    endless.closed(1).await;
}

#[tokio::test]
async fn a_status_comes_with_the_time_to_wait() {
    for (status, headers, code, seconds) in [
        ("404 Not Found", "", 404, None),
        ("403 Forbidden", "Retry-After: soon\r\n", 403, None),
        ("503 Later", "Retry-After: 7\r\n", 503, Some(7)),
        (
            "429 Slow",
            "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n",
            429,
            None,
        ),
        ("204 No Content", "", 204, None),
        ("206 Partial Content", "", 206, None),
        ("304 Not Modified", "", 304, None),
        ("999 Odd", "", 999, None),
    ] {
        let server = Server::saying(answer(status, headers, "")).await;
        let retry_after = seconds.map(Duration::from_secs);
        let error = FetchError::Status { code, retry_after };
        assert_eq!(segment(&server).await.unwrap_err(), error);
        assert_eq!(playlist(&server).await.unwrap_err(), error);
    }
}

#[tokio::test]
async fn media_is_asked_for_plain_and_refused_otherwise() {
    let server = Server::saying(answer("200 OK", GZIP, gzipped(b"abc"))).await;
    let encoding = "gzip".to_owned();
    assert_eq!(
        segment(&server).await.unwrap_err(),
        FetchError::Encoded { encoding }
    );
    let request = server.request(0).to_lowercase();
    assert!(request.contains("accept-encoding: identity"), "{request}");
    assert!(!request.contains("range"), "{request}");
    let plain = Server::saying(answer("200 OK", "Content-Encoding: identity\r\n", "abc")).await;
    segment(&plain).await.unwrap();
}

#[tokio::test]
async fn a_slice_is_asked_for_and_given() {
    let partial = "Content-Range: bytes 3-5/10\r\n";
    let server = Server::saying(answer("206 Partial Content", partial, "def")).await;
    assert_eq!(slice(&server, 3, 3).await.unwrap(), b"def");
    assert!(
        server
            .request(0)
            .to_lowercase()
            .contains("range: bytes=3-5\r\n")
    );
}

#[tokio::test]
async fn a_slice_is_cut_out_when_the_whole_is_given() {
    let sent = media(300_000);
    let server = Server::saying(ok("video/mp2t", &sent)).await;
    for (offset, length) in [(0, 1), (0, 300_000), (100_000, 150_000), (299_999, 1)] {
        let end = (offset + length) as usize;
        let cut = slice(&server, offset, length).await.unwrap();
        assert!(cut == sent[offset as usize..end]);
    }
    let beyond = slice(&server, 299_999, 2).await.unwrap_err();
    assert_eq!(
        beyond,
        FetchError::Range {
            offset: 299_999,
            end: 300_001
        }
    );
}

#[tokio::test]
async fn a_wrong_slice_is_an_error() {
    for headers in [
        "Content-Range: bytes 0-2/10\r\n",
        "Content-Range: bytes 3-4/10\r\n",
        "Content-Range: bytes */10\r\n",
        "Content-Range: items 3-5/10\r\n",
        "",
    ] {
        let server = Server::saying(answer("206 Partial Content", headers, "def")).await;
        let error = slice(&server, 3, 3).await.unwrap_err();
        assert_eq!(error, FetchError::Range { offset: 3, end: 6 }, "{headers}");
    }
    let headers = "Content-Range: bytes 3-5/10\r\n";
    let server = Server::saying(answer("206 Partial Content", headers, "de")).await;
    assert_eq!(
        slice(&server, 3, 3).await,
        Err(FetchError::Range { offset: 3, end: 6 })
    );
    let none = Server::saying(answer("416 No", "", "")).await;
    assert!(matches!(
        slice(&none, 3, 3).await,
        Err(FetchError::Status { code: 416, .. })
    ));
}

#[tokio::test]
async fn a_slice_that_cannot_be_is_never_asked_for() {
    let server = Server::canary().await;
    assert!(matches!(
        slice(&server, 5, 0).await,
        Err(FetchError::Range { .. })
    ));
    for (offset, length) in [
        (0, SEGMENT_BYTES_MAX as u64 + 1),
        (u64::MAX, 1),
        (1, u64::MAX),
    ] {
        assert!(matches!(
            slice(&server, offset, length).await,
            Err(FetchError::TooLarge { .. })
        ));
    }
    assert_eq!(server.seen().connections, 0);
}
