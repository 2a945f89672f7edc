//! Bodies that are read while they come.

use std::time::Duration;

use engine::{FetchError, Live, Timeouts, Wait};

use crate::scripted::{SHORT, Server, Step, answer, head, http, ok, patient};

/// Long enough that reads are joined, short enough that no test waits for it.
pub(crate) const GATHER: Duration = Duration::from_millis(20);

async fn open(server: &Server, t: &Timeouts) -> Result<Live, FetchError> {
    http().open(&server.on_engine("/ace/r/a/b"), t).await
}

/// All bytes until the end or an error.
pub(crate) async fn drained(live: &mut Live) -> (Vec<u8>, Option<FetchError>) {
    let mut bytes = Vec::new();
    loop {
        match live.next(GATHER).await {
            Ok(Some(chunks)) => bytes.extend(chunks.concat()),
            Ok(None) => return (bytes, None),
            Err(error) => return (bytes, Some(error)),
        }
    }
}

#[tokio::test]
async fn a_live_body_is_read_to_its_end() {
    let sent: Vec<u8> = (0..500_000).map(|at| (at % 251) as u8).collect();
    let mut steps = vec![Step::Say(head("200 OK", "Content-Type: video/MP2T\r\n"))];
    steps.extend(sent.chunks(9_000).map(|part| Step::Say(part.to_vec())));
    let server = Server::doing(steps).await;
    let mut live = open(&server, &patient()).await.unwrap();
    assert_eq!(live.content_type().as_deref(), Some("video/mp2t"));
    assert_eq!(live.url(), &server.url("/ace/r/a/b"));
    let (bytes, error) = drained(&mut live).await;
    assert_eq!(error, None);
    assert!(bytes == sent, "the bytes are those sent");
    assert_eq!(live.bytes(), 500_000);
    assert_eq!(live.next(GATHER).await, Ok(None), "the end stays the end");
}

#[tokio::test]
async fn what_came_is_handed_out_though_nothing_follows() {
    let start = [&head("200 OK", "")[..], b"abc"].concat();
    let server = Server::doing(vec![Step::Say(start), Step::Hold]).await;
    let mut live = open(&server, &patient()).await.unwrap();
    let chunks = live.next(GATHER).await.unwrap().unwrap();
    assert_eq!(chunks.concat(), b"abc");
    drop(live);
    server.closed(1).await;
}

#[tokio::test]
async fn a_live_body_that_is_cut_gives_what_it_had_and_then_the_error() {
    let framing = head("200 OK", "Transfer-Encoding: chunked\r\n");
    let server = Server::saying([&framing[..], b"3\r\nabc\r\n"].concat()).await;
    let mut live = open(&server, &patient()).await.unwrap();
    let error = FetchError::Truncated {
        got: 3,
        announced: None,
    };
    assert_eq!(
        drained(&mut live).await,
        (b"abc".to_vec(), Some(error.clone()))
    );
    assert_eq!(live.next(GATHER).await, Err(error), "the error stays");
}

#[tokio::test]
async fn silence_is_an_error_even_when_the_reader_looks_away_all_the_time() {
    let start = [&head("200 OK", "")[..], b"abc"].concat();
    let server = Server::doing(vec![Step::Say(start), Step::Hold]).await;
    let mut live = open(
        &server,
        &Timeouts {
            idle: SHORT,
            ..patient()
        },
    )
    .await
    .unwrap();
    assert!(live.next(GATHER).await.unwrap().is_some());
    let error = loop {
        let glance = tokio::time::timeout(Duration::from_millis(10), live.next(GATHER));
        if let Ok(ended) = glance.await {
            break ended.unwrap_err();
        }
    };
    let waiting_for = Wait::MoreBytes;
    assert_eq!(
        error,
        FetchError::Timeout {
            waiting_for,
            after: SHORT
        }
    );
}

#[tokio::test]
async fn a_reader_that_is_interrupted_loses_nothing() {
    let sent: Vec<u8> = (0..600).map(|at| (at % 251) as u8).collect();
    let mut steps = vec![Step::Say(head("200 OK", ""))];
    steps.extend(
        sent.chunks(40)
            .map(|part| Step::Trickle(part.to_vec(), Duration::from_micros(10))),
    );
    let server = Server::doing(steps).await;
    for gather in [GATHER, Duration::ZERO] {
        let mut live = open(&server, &patient()).await.unwrap();
        let mut got = Vec::new();
        loop {
            match tokio::time::timeout(Duration::from_millis(7), live.next(gather)).await {
                Err(_) => {}
                Ok(Ok(Some(chunks))) => got.extend(chunks.concat()),
                Ok(end) => break assert_eq!(end, Ok(None)),
            }
        }
        assert!(got == sent, "{} of {} bytes", got.len(), sent.len());
    }
}

#[tokio::test]
async fn small_reads_are_joined_for_as_long_as_the_caller_says() {
    let steps = vec![
        Step::Say(head("200 OK", "")),
        Step::Trickle(b"abcdef".to_vec(), Duration::from_millis(5)),
    ];
    let server = Server::doing(steps).await;
    let mut live = open(&server, &patient()).await.unwrap();
    let hour = Duration::from_hours(1);
    let chunks = live.next(hour).await.unwrap().unwrap();
    assert_eq!(chunks.concat(), b"abcdef", "the end ended the wait");
    let much = vec![Step::Say(head("200 OK", "")), Step::Repeat(vec![7; 9_000])];
    let mut live = open(&Server::doing(much).await, &patient()).await.unwrap();
    let chunks = live.next(hour).await.unwrap().unwrap();
    assert!(60 << 10 <= chunks.concat().len(), "a chunk ended the wait");
}

#[tokio::test]
async fn an_engines_redirects_are_followed_on_the_engine_and_never_read() {
    for hops in 0..=2 {
        let server = Server::new(move |at, _| match at {
            at if at < hops => {
                let location = format!("Location: http://10.9.8.7:6878/content/a/{at}\r\n");
                // As the engine does it: no length, a body, and a connection left open.
                let body = b"Redirect to http://10.9.8.7:6878/content/a".to_vec();
                vec![
                    Step::Say(head("302 Found", &location)),
                    Step::Say(body),
                    Step::Hold,
                ]
            }
            _ => vec![Step::Say(ok("video/mp2t", "abc"))],
        })
        .await;
        let mut live = open(&server, &patient()).await.unwrap();
        assert_eq!(drained(&mut live).await, (b"abc".to_vec(), None));
        assert_eq!(server.seen().requests.len(), hops + 1);
        server.closed(hops).await;
    }
}

#[tokio::test]
async fn a_live_body_that_is_refused_is_not_opened() {
    let refused = Server::saying(answer("500 Oops", "", "failed to start")).await;
    let error = open(&refused, &patient()).await.unwrap_err();
    assert_eq!(
        error,
        FetchError::Status {
            code: 500,
            retry_after: None
        }
    );
    let silent = Server::doing(vec![Step::Hold]).await;
    let t = Timeouts {
        first_byte: SHORT,
        ..patient()
    };
    let error = open(&silent, &t).await.unwrap_err();
    assert_eq!(
        error,
        FetchError::Timeout {
            waiting_for: Wait::FirstByte,
            after: SHORT
        }
    );
    let packed = Server::saying(answer("200 OK", "Content-Encoding: br\r\n", "")).await;
    assert!(matches!(
        open(&packed, &patient()).await,
        Err(FetchError::Encoded { .. })
    ));
}
