//! Stopping sessions, and asking engines about themselves.

use engine::{ApiError, FetchError, Http, Session, Timeouts};

use crate::api::{ID, STARTED, content, started};
use crate::scripted::{SHORT, Server, Step, answer, head, http, json, patient};

/// A session whose calls this server answers.
async fn session(then: Vec<u8>) -> (Server, Session) {
    let server = Server::new(move |at, _| {
        vec![Step::Say(if at == 0 {
            json(STARTED)
        } else {
            then.clone()
        })]
    })
    .await;
    let session = started(&server).await.unwrap();
    (server, session)
}

#[tokio::test]
async fn a_stop_is_sent_once_and_an_unknown_session_counts_as_stopped() {
    for body in [
        r#"{"response":"ok","error":null}"#,
        r#"{"result":"ok"}"#,
        r#"{"response":null,"error":"unknown playback session id"}"#,
        "ok",
    ] {
        let (server, session) = session(json(body)).await;
        http().stop(&session).await.unwrap();
        assert!(
            server
                .request(1)
                .starts_with("GET /ace/cmd/a/b?method=stop HTTP/1.1")
        );
    }
    let (_, session) = session(answer("404 Gone", "", "")).await;
    http().stop(&session).await.unwrap();
}

#[tokio::test]
async fn a_stop_that_fails_says_so() {
    let (_, refused) = session(json(r#"{"response":null,"error":"busy"}"#)).await;
    let busy = ApiError::Refused {
        text: "busy".to_owned(),
    };
    assert_eq!(http().stop(&refused).await, Err(busy));
    let (_, broken) = session(answer("500 Oops", "", "")).await;
    assert_eq!(
        http().stop(&broken).await,
        Err(ApiError::Status { code: 500 })
    );
}

#[tokio::test]
async fn a_stop_that_hangs_is_given_up() {
    let server = Server::new(|at, _| match at {
        0 => vec![Step::Say(json(STARTED))],
        _ => vec![Step::Say(head("200 OK", "")), Step::Hold],
    })
    .await;
    let session = started(&server).await.unwrap();
    let hasty = Http::new(Timeouts {
        stop: SHORT,
        ..patient()
    })
    .unwrap();
    let error = hasty.stop(&session).await.unwrap_err();
    assert!(
        matches!(error, ApiError::Unreachable(FetchError::Timeout { .. })),
        "{error:?}"
    );
    server.closed(2).await;
}

#[tokio::test]
async fn an_engine_says_its_version_in_either_way() {
    let new = r#"{"result":{"playlist_loaded":false,"version":{"code":"3021100","platform":"linux","version":"3.2.11"}}}"#;
    let server = Server::saying(json(new)).await;
    let version = http().version(&server.address).await.unwrap();
    assert_eq!(version.version.as_deref(), Some("3.2.11"));
    assert_eq!(
        (version.code, version.platform.as_deref()),
        (Some(3_021_100), Some("linux"))
    );
    let old = r#"{"result":{"platform":"linux","version":"3.1.49","code":3014900},"error":null}"#;
    let server = Server::new(move |_, head| {
        let denied = r#"{"result":null,"error":"access denied"}"#;
        vec![Step::Say(json(if head.contains("get_status") {
            denied
        } else {
            old
        }))]
    })
    .await;
    let version = http().version(&server.address).await.unwrap();
    assert_eq!(version.version.as_deref(), Some("3.1.49"));
    assert!(
        server
            .request(1)
            .starts_with("GET /webui/api/service?method=get_version ")
    );
}

#[tokio::test]
async fn an_engine_that_hangs_is_not_probed_twice() {
    let server = Server::doing(vec![Step::Hold]).await;
    let hasty = http().with_timeouts(Timeouts {
        probe: SHORT,
        ..patient()
    });
    assert!(!hasty.version(&server.address).await.unwrap_err().answered());
    server.closed(1).await;
    assert_eq!(server.seen().requests.len(), 1);
}

#[tokio::test]
async fn an_engine_describes_a_content_and_its_network() {
    let body = r#"{"result":{"files":[{"index":0}],"name":"News\u0000 24","infohash":"0A48DB00000000000000000000000000000000ff","transport_type":"bt","type":"live","connected":true}}"#;
    let server = Server::saying(json(body)).await;
    let content = http()
        .content(&server.address, &content(), &patient())
        .await
        .unwrap();
    assert_eq!(content.title.as_deref(), Some("News  24"));
    assert_eq!(content.content_type.as_deref(), Some("live"));
    assert!(
        server
            .request(0)
            .contains(&format!("method=get_media_files&content_id={ID} "))
    );
    assert_eq!(http().connected(&server.address).await, Ok(Some(true)));
}
