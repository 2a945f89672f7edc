//! An orchestrator that answers in every way there is, over loopback.

use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;
use ledger::{End, Event, Kind, Outcome, Stream};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use url::Url;
use webhook::Orchestrator;

fn stream() -> Stream {
    Stream {
        id: "0198-one".into(),
        key_type: "content_id".into(),
        key: "ab".repeat(20),
        container_id: Some("engine:6878".into()),
        engine_host: "engine".into(),
        engine_port: 6878,
        playback_session_id: "session".into(),
        stat_url: "http://engine:6878/ace/stat/x/y".into(),
        command_url: "http://engine:6878/ace/cmd/x/y".into(),
        is_live: true,
        continuous: false,
        started_at: Timestamp::UNIX_EPOCH,
        ended: Some(End {
            at: Timestamp::UNIX_EPOCH,
            reason: Some("last_viewer_left".into()),
        }),
        own: true,
        told: true,
        called: Some("their name".into()),
    }
}

fn event(kind: Kind) -> Event {
    Event {
        sequence: 7,
        stream: "0198-one".into(),
        kind,
    }
}

fn orchestrator(address: SocketAddr, path: &str) -> Orchestrator {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let root = Url::parse(&format!("http://{address}{path}")).expect("an address");
    Orchestrator::new(&root, Some("hunter2"), tls).expect("an orchestrator")
}

/// One request is read whole and answered with these bytes; gives what was asked.
async fn told(kind: Kind, path: &str, answer: &str) -> (Outcome, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let serve = async {
        let (mut socket, _) = listener.accept().await.expect("a connection");
        let mut asked = Vec::new();
        let mut buffer = [0; 4096];
        // All bodies sent here end with two closing braces or with the reason.
        while !asked.ends_with(b"}") {
            let count = socket.read(&mut buffer).await.expect("bytes");
            assert!(0 < count, "it hung up");
            asked.extend_from_slice(&buffer[..count]);
        }
        socket.write_all(answer.as_bytes()).await.expect("written");
        String::from_utf8(asked).expect("text")
    };
    let orchestrator = orchestrator(address, path);
    let (event, stream) = (event(kind), stream());
    tokio::time::timeout(Duration::from_secs(20), async {
        tokio::join!(orchestrator.tell(&event, &stream), serve)
    })
    .await
    .expect("an outcome in time")
}

async fn outcome(answer: &str) -> Outcome {
    told(Kind::Started, "/", answer).await.0
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
}

#[tokio::test]
async fn a_start_is_sent_as_the_contract_says() {
    let state = answer("200 OK", "", r#"{"id":"0198-one"}"#);
    let (outcome, asked) = told(Kind::Started, "/base/", &state).await;
    let called = Some("0198-one".to_owned());
    assert_eq!(outcome, Outcome::Taken { called });
    let (head, body) = asked.split_once("\r\n\r\n").expect("a body");
    let head = head.to_lowercase();
    assert!(
        head.starts_with("post /base/events/stream_started "),
        "{head}"
    );
    assert!(head.contains("authorization: bearer hunter2"), "{head}");
    assert!(
        head.contains("idempotency-key: 0198-one:stream_started"),
        "{head}"
    );
    assert!(head.contains("content-type: application/json"), "{head}");
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    let wanted = serde_json::json!({
        "container_id": "engine:6878",
        "engine": { "host": "engine", "port": 6878 },
        "stream": { "key_type": "content_id", "key": "ab".repeat(20) },
        "session": {
            "playback_session_id": "session",
            "stat_url": "http://engine:6878/ace/stat/x/y",
            "command_url": "http://engine:6878/ace/cmd/x/y",
            "is_live": 1,
        },
        "labels": { "stream_id": "0198-one", "source": "hls_proxy", "stream_mode": "HLS" },
    });
    assert_eq!(body, wanted);
}

#[tokio::test]
async fn an_end_names_the_stream_as_the_orchestrator_does() {
    let state = answer("200 OK", "", r#"{"updated":true,"stream":null}"#);
    let (outcome, asked) = told(Kind::Ended, "", &state).await;
    assert_eq!(outcome, Outcome::Taken { called: None });
    assert!(asked.starts_with("POST /events/stream_ended "), "{asked}");
    let (_, body) = asked.split_once("\r\n\r\n").expect("a body");
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    let wanted = serde_json::json!({
        "container_id": "engine:6878",
        "stream_id": "their name",
        "reason": "last_viewer_left",
    });
    assert_eq!(body, wanted);
}

#[tokio::test]
async fn only_an_orchestrator_s_own_answer_counts_as_taken() {
    assert_eq!(
        outcome(&answer("204 No Content", "", "")).await,
        Outcome::Taken { called: None }
    );
    let elsewhere = [
        answer(
            "200 OK",
            "content-type: text/html\r\n",
            "<html>log in</html>",
        ),
        answer("302 Found", "location: http://elsewhere/\r\n", ""),
        answer("307 Temporary Redirect", "location: /other\r\n", ""),
        answer("404 Not Found", "", "nothing"),
        answer("405 Method Not Allowed", "", ""),
    ];
    for text in elsewhere {
        let heard = outcome(&text).await;
        assert!(
            matches!(heard, Outcome::Misdirected { .. }),
            "{text}: {heard:?}"
        );
    }
}

#[tokio::test]
async fn a_key_that_is_not_accepted_is_told_apart_from_an_event_that_is_not() {
    for status in [401, 403] {
        let heard = outcome(&answer(&format!("{status} No"), "", "")).await;
        assert_eq!(heard, Outcome::Unauthorised { status });
    }
    for status in [400, 409, 413, 415, 422] {
        let heard = outcome(&answer(&format!("{status} No"), "", "why not")).await;
        let text = "why not".to_owned();
        assert_eq!(heard, Outcome::Refused { status, text });
    }
}

#[tokio::test]
async fn one_that_cannot_now_is_asked_again_when_it_says() {
    for (status, header, pause) in [
        ("500", "", None),
        ("503", "retry-after: 7\r\n", Some(Duration::from_secs(7))),
        ("429", "retry-after: soon\r\n", None),
    ] {
        match outcome(&answer(&format!("{status} No"), header, "")).await {
            Outcome::Unavailable { what, retry_after } => {
                assert!(what.contains(status), "{what}");
                assert_eq!(retry_after, pause);
            }
            other => panic!("{status}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn who_refuses_hangs_or_breaks_off_is_unavailable_and_the_key_is_never_told() {
    let free = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = free.local_addr().expect("an address");
    drop(free);
    let refused = orchestrator(address, "/")
        .tell(&event(Kind::Started), &stream())
        .await;
    // It takes the connection and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = silent.local_addr().expect("an address");
    let hung = orchestrator(address, "/")
        .tell(&event(Kind::Started), &stream())
        .await;
    let broken = outcome("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"id\":").await;
    for heard in [refused, hung, broken] {
        assert!(matches!(&heard, Outcome::Unavailable { .. }), "{heard:?}");
        assert!(!format!("{heard:?}").contains("hunter2"));
    }
}

#[tokio::test]
async fn an_answer_without_end_is_not_kept() {
    let endless = format!("HTTP/1.1 422 No\r\n\r\n{}", "x".repeat(300_000));
    match outcome(&endless).await {
        Outcome::Refused { text, .. } => assert!(text.len() <= 64 << 10, "{}", text.len()),
        other => panic!("{other:?}"),
    }
}
