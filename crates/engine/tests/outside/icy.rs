//! Answers of radio servers, which are HTTP but for their first word.

use std::time::Duration;

use engine::{FetchError, Source, Timeouts, Wait};

use crate::live::drained;
use crate::scripted::{SHORT, Server, Step, head, http, patient};
use crate::source::{continuous, opened, packets};

const ICY: &str = "ICY 200 OK\r\nicy-name: Nine\r\nContent-Type:Video/MP2T\r\n\r\n";

/// Media with a title behind every seven bytes of it.
fn titled(media: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (at, part) in media.chunks(7).enumerate() {
        bytes.extend(part);
        if part.len() == 7 {
            let units = [0, 1, 255][at % 3];
            bytes.push(units as u8);
            bytes.extend(vec![b'G'; units * 16]);
        }
    }
    bytes
}

#[tokio::test]
async fn an_answer_that_begins_with_icy_is_read_as_one_of_http() {
    let media = packets(9, 188);
    let whole = [ICY.as_bytes(), &media].concat();
    let bare = [ICY.replace('\r', "").as_bytes(), &media].concat();
    for steps in [
        vec![Step::Say(whole.clone())],
        vec![Step::Trickle(whole, Duration::ZERO)],
        vec![Step::Say(bare)],
    ] {
        let server = Server::doing(steps).await;
        let mut source = continuous(&server).await;
        assert_eq!(source.content_type().as_deref(), Some("video/mp2t"));
        assert_eq!(drained(&mut source).await, (media.clone(), None));
        let place = server.on_engine("/ace/r/a/b");
        let mut live = http().open(&place, &patient()).await.unwrap();
        assert_eq!(drained(&mut live).await, (media.clone(), None));
        let request = server.request(0).to_lowercase();
        assert!(
            !request.contains("icy"),
            "no titles are asked for: {request}"
        );
    }
    let list = Server::saying(format!("{ICY}#EXTM3U\n")).await;
    let Ok(Source::Playlist(fetched)) = opened(&list).await else {
        panic!("a playlist was sent");
    };
    assert_eq!(fetched.bytes, "#EXTM3U\n");
}

#[tokio::test]
async fn titles_that_nobody_asked_for_are_taken_out() {
    let media = packets(20, 188);
    for start in [
        head("200 OK", "icy-metaint: 7\r\n"),
        b"ICY 200 OK\r\nIcy-MetaInt:7\r\n\r\n".to_vec(),
    ] {
        for size in [1, 13, 1_000, 100_000] {
            let mut steps = vec![Step::Say(start.clone())];
            steps.extend(
                titled(&media)
                    .chunks(size)
                    .map(|part| Step::Say(part.to_vec())),
            );
            let mut live = continuous(&Server::doing(steps).await).await;
            let (bytes, error) = drained(&mut live).await;
            assert_eq!(error, None);
            assert!(bytes == media, "{} of {} bytes", bytes.len(), media.len());
        }
    }
    for none in ["0", "x", "-3"] {
        let start = head("200 OK", &format!("icy-metaint: {none}\r\n"));
        let mut live = continuous(&Server::saying([start, media.clone()].concat()).await).await;
        assert!(drained(&mut live).await.0 == media);
    }
}

#[tokio::test]
async fn a_refusal_of_a_radio_server_is_one_with_its_status() {
    for (said, code) in [
        ("ICY 404 Resource Not Found\r\n\r\n", 404),
        (
            "ICY 401 Service Unavailable\r\nicy-notice1: full\r\n\r\n",
            401,
        ),
        ("ICY 302 Found\r\nLocation: http://10.9.8.7/\r\n\r\n", 302),
    ] {
        let error = opened(&Server::saying(said).await).await.unwrap_err();
        let retry_after = None;
        assert_eq!(error, FetchError::Status { code, retry_after });
    }
    for coded in ["Content-Encoding: gzip", "Transfer-Encoding: chunked"] {
        let said = format!("ICY 200 OK\r\n{coded}\r\n\r\n");
        let error = opened(&Server::saying(said).await).await.unwrap_err();
        assert!(matches!(error, FetchError::Encoded { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn nothing_else_that_is_no_http_is_taken() {
    for said in [
        &b"HELLO 200 OK\r\n\r\n"[..],
        b"ICE 200 OK\r\n\r\n",
        b"ICY",
        b"ICY 200 OK\r\n",
        b"ICY fine\r\n\r\n",
        b"ICY \r\n\r\n",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"<html></html>",
        &packets(9, 188),
        b"",
    ] {
        let server = Server::saying(said).await;
        let error = opened(&server).await.unwrap_err();
        assert!(matches!(error, FetchError::Broken { .. }), "{error:?}");
        let place = server.on_engine("/ace/r/a/b");
        let error = http().open(&place, &patient()).await.unwrap_err();
        assert!(matches!(error, FetchError::Broken { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn only_what_may_be_a_continuous_stream_may_answer_like_a_radio_server() {
    let server = Server::saying(format!("{ICY}#EXTM3U\n")).await;
    let place = server.source("/live");
    let error = http().playlist(&place, &patient()).await.unwrap_err();
    assert!(matches!(error, FetchError::Broken { .. }), "{error:?}");
    let error = http().segment(&place, None, &patient()).await.unwrap_err();
    assert!(matches!(error, FetchError::Broken { .. }), "{error:?}");
}

#[tokio::test]
async fn a_head_of_a_radio_server_has_bounds() {
    let begun = b"ICY 200 OK\r\n".to_vec();
    let endless = vec![
        Step::Say(begun.clone()),
        Step::Repeat(b"icy-x: y\r\n".to_vec()),
    ];
    let server = Server::doing(endless).await;
    let error = opened(&server).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "connection broke: a head of more than 16384 bytes"
    );
    server.closed(1).await;
    let t = Timeouts {
        first_byte: SHORT,
        ..patient()
    };
    let held = Server::doing(vec![Step::Say(begun), Step::Hold]).await;
    let error = http().open(&held.source("/live"), &t).await.unwrap_err();
    let (waiting_for, after) = (Wait::FirstByte, SHORT);
    assert_eq!(error, FetchError::Timeout { waiting_for, after });
}
