//! What is no HTTP, or too much of it.

use std::fmt::Write;

use engine::FetchError;

use crate::body::segment;
use crate::scripted::{Server, Step, answer, http, ok, patient};

#[tokio::test]
async fn headers_without_end_are_an_error_before_much_of_them_is_held() {
    let status = b"HTTP/1.1 200 OK\r\n".to_vec();
    let many = vec![
        Step::Say(status.clone()),
        Step::Repeat(b"X-Y: z\r\n".repeat(100)),
    ];
    let long = vec![
        Step::Say(status),
        Step::Say(b"X: ".to_vec()),
        Step::Repeat(vec![b'y'; 8192]),
    ];
    for steps in [many, long] {
        let server = Server::doing(steps).await;
        let error = segment(&server).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "connection broke: message head is too large"
        );
        server.closed(1).await;
    }
    // The reader's own bound is 408 KiB, give or take what one read brings.
    for (kib, passes) in [(400, true), (1_000, false)] {
        let mut headers = String::new();
        for at in 0..kib / 10 {
            write!(headers, "X-{at}: {}\r\n", "y".repeat(10_240)).unwrap();
        }
        let server = Server::saying(answer("200 OK", &headers, "abc")).await;
        assert_eq!(segment(&server).await.is_ok(), passes, "{kib} KiB");
    }
}

#[tokio::test]
async fn what_is_no_http_is_an_error() {
    for bytes in [
        &b"ICY 200 OK\r\n\r\n"[..],
        b"\x16\x03\x01\x02",
        b"hello\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"G",
    ] {
        let server = Server::saying(bytes).await;
        let error = segment(&server).await.unwrap_err();
        assert!(matches!(error, FetchError::Broken { .. }), "{error:?}");
    }
    let smuggled = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde";
    let error = segment(&Server::saying(*smuggled).await).await.unwrap_err();
    assert!(matches!(error, FetchError::Broken { .. }), "{error:?}");
}

#[tokio::test]
async fn a_kept_connection_that_is_just_closing_is_replaced_once() {
    // Every connection answers one request and promises another, but closes when it comes.
    let server = Server::new(|at, _| match at {
        1 => vec![],
        _ => vec![Step::Say(ok("video/mp2t", "abc")), Step::Next],
    })
    .await;
    let (http, place) = (http(), server.on_engine("/1.ts"));
    for _ in 0..2 {
        http.segment(&place, None, &patient()).await.unwrap();
    }
    let seen = server.seen();
    assert_eq!((seen.requests.len(), seen.connections), (3, 2));
}

#[tokio::test]
async fn a_fresh_connection_that_closes_is_not_tried_again() {
    let server = Server::doing(vec![]).await;
    let error = segment(&server).await.unwrap_err();
    assert!(matches!(error, FetchError::Broken { .. }), "{error:?}");
    assert_eq!(server.seen().requests.len(), 1);
}
