//! Each wait has its own limit, and says which it was.

use std::time::Duration;

use engine::{FetchError, Http, Place, Timeouts, Wait};

use crate::scripted::{SHORT, Server, Step, head, http, ok, patient};

fn timed_out(waiting_for: Wait) -> FetchError {
    FetchError::Timeout {
        waiting_for,
        after: SHORT,
    }
}

async fn segment(server: &Server, t: &Timeouts) -> Result<engine::Body, FetchError> {
    http().segment(&server.on_engine("/1.ts"), None, t).await
}

/// A resolver that never answers.
struct Mute;

impl engine::dns::Resolve for Mute {
    fn resolve(&self, _: engine::dns::Name) -> engine::dns::Resolving {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn a_connection_that_does_not_come_about_is_given_up() {
    let http = Http::with_resolver(patient(), Mute).unwrap();
    let url = "http://mute.test/live.m3u8".parse().unwrap();
    let place = Place::source(url, std::sync::Arc::default());
    // The wait for the first byte begins with the connection, so its limit does not matter here.
    let t = Timeouts {
        connect: SHORT,
        first_byte: Duration::from_millis(1),
        ..patient()
    };
    let error = http.playlist(&place, &t).await.unwrap_err();
    assert_eq!(error, timed_out(Wait::Connect));
    assert_eq!(error.to_string(), "waited 250 ms for a connection");
}

#[tokio::test]
async fn headers_that_are_held_back_are_given_up() {
    let t = Timeouts {
        first_byte: SHORT,
        ..patient()
    };
    let silent = Server::doing(vec![Step::Hold]).await;
    assert_eq!(
        segment(&silent, &t).await.unwrap_err(),
        timed_out(Wait::FirstByte)
    );
    silent.closed(1).await;
    let slow = ok("video/mp2t", "abc");
    let slow = Server::doing(vec![Step::Trickle(slow, Duration::from_millis(20))]).await;
    assert_eq!(
        segment(&slow, &t).await.unwrap_err(),
        timed_out(Wait::FirstByte)
    );
    slow.closed(1).await;
}

#[tokio::test]
async fn a_body_that_stands_still_is_given_up() {
    let start = [&head("200 OK", "Content-Length: 10\r\n")[..], b"abc"].concat();
    let server = Server::doing(vec![Step::Say(start), Step::Hold]).await;
    let t = Timeouts {
        idle: SHORT,
        ..patient()
    };
    assert_eq!(
        segment(&server, &t).await.unwrap_err(),
        timed_out(Wait::MoreBytes)
    );
    server.closed(1).await;
}

#[tokio::test]
async fn a_body_that_trickles_is_given_up() {
    let bytes = vec![0x47; 1_000];
    let steps = vec![
        Step::Say(head("200 OK", "")),
        Step::Trickle(bytes, Duration::from_millis(10)),
    ];
    let server = Server::doing(steps).await;
    let t = Timeouts {
        segment: SHORT,
        playlist: SHORT,
        ..patient()
    };
    assert_eq!(
        segment(&server, &t).await.unwrap_err(),
        timed_out(Wait::WholeBody)
    );
    let text = http().playlist(&server.source("/m"), &t).await.unwrap_err();
    assert_eq!(text, timed_out(Wait::WholeBody));
    server.closed(2).await;
}

#[tokio::test]
async fn a_slow_answer_within_its_limits_is_taken() {
    let slow = ok("video/mp2t", "abc");
    let server = Server::doing(vec![Step::Trickle(slow, Duration::from_millis(3))]).await;
    let body = segment(&server, &patient()).await.unwrap();
    assert_eq!(body.chunks.concat(), b"abc");
}

#[tokio::test]
async fn a_dropped_fetch_closes_its_connection() {
    let start = [&head("200 OK", "Content-Length: 10\r\n")[..], b"abc"].concat();
    let silent = Server::doing(vec![Step::Hold]).await;
    let stalled = Server::doing(vec![Step::Say(start), Step::Hold]).await;
    for server in [silent, stalled] {
        let t = patient();
        let dropped = tokio::time::timeout(SHORT, segment(&server, &t)).await;
        assert!(dropped.is_err());
        server.closed(1).await;
    }
}
