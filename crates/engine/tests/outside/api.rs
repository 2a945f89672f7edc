//! Starting sessions.

use engine::{ApiError, FetchError, Output, Selector, Session, StartError, Timeouts, Wait};

use crate::scripted::{SHORT, Server, Step, answer, gzipped, head, http, json, ok, patient};

pub(crate) const ID: &str = "0123456789abcdef0123456789abcdef01234567";
pub(crate) const STARTED: &str = r#"{"response":{
    "event_url":"http://127.0.0.1:6878/ace/event/a/b","playback_url":"http://127.0.0.1:6878/ace/r/a/b",
    "stat_url":"http://127.0.0.1:6878/ace/stat/a/b","command_url":"http://127.0.0.1:6878/ace/cmd/a/b",
    "infohash":"0A48DB00000000000000000000000000000000ff","playback_session_id":"15ad634c",
    "is_live":"1","is_encrypted":0,"client_session_id":-1,"new_key":[1]},"error":null}"#;

pub(crate) fn content() -> Selector {
    Selector::ContentId(ID.to_owned())
}

pub(crate) async fn started(server: &Server) -> Result<Session, StartError> {
    let engine = &server.address;
    http()
        .start(engine, &content(), Output::Ts, &patient())
        .await
}

#[tokio::test]
async fn a_start_asks_for_json_with_a_fresh_player_each_time() {
    let server = Server::saying(json(STARTED)).await;
    let first = started(&server).await.unwrap();
    let second = started(&server).await.unwrap();
    assert_ne!(first.pid, second.pid);
    assert_eq!(first.pid.get_version_num(), 4);
    let request = server.request(0).to_lowercase();
    let line = format!(
        "get /ace/getstream?format=json&pid={}&id={ID} http/1.1\r\n",
        first.pid
    );
    assert!(request.starts_with(&line), "{request}");
    for header in [
        "accept: */*",
        "accept-encoding: identity",
        "user-agent: weir/",
    ] {
        assert!(request.contains(header), "{request}");
    }
    for header in ["referer", "range", "cookie", "authorization"] {
        assert!(!request.contains(header), "{request}");
    }
}

#[tokio::test]
async fn each_selector_and_output_has_its_call() {
    let server = Server::saying(json(STARTED)).await;
    let calls = [
        (Selector::Infohash(ID.to_owned()), format!("&infohash={ID}")),
        (
            Selector::Magnet(ID.to_owned()),
            format!("&magnet=magnet%3A%3Fxt%3Durn%3Abtih%3A{ID}"),
        ),
        (
            Selector::Url("http://a/b.acelive?x=1&id=2".to_owned()),
            "&url=http%3A%2F%2Fa%2Fb.acelive%3Fx%3D1%26id%3D2".to_owned(),
        ),
    ];
    for (at, (selector, pair)) in calls.into_iter().enumerate() {
        let engine = &server.address;
        http()
            .start(engine, &selector, Output::Hls, &patient())
            .await
            .unwrap();
        let request = server.request(at);
        assert!(
            request.starts_with("GET /ace/manifest.m3u8?format=json&pid="),
            "{request}"
        );
        assert!(request.contains(&format!("{pair} HTTP/1.1")), "{request}");
    }
}

#[tokio::test]
async fn a_session_is_pinned_to_its_engine() {
    let canary = Server::canary().await;
    let named = format!("http://user:pw@{}/ace/r/a/b?x=1", canary.address);
    let told = format!(
        r#"{{"response":{{"playback_url":"{named}","stat_url":"{named}","command_url":"//{}/c"}}}}"#,
        canary.address
    );
    let server = Server::new(move |_, head| {
        let body = if head.contains("getstream") {
            told.as_str()
        } else {
            r#"{"response":{}}"#
        };
        vec![Step::Say(json(body))]
    })
    .await;
    let session = started(&server).await.unwrap();
    assert_eq!(session.playback_url, server.url("/ace/r/a/b?x=1"));
    assert_eq!(session.command_url, Some(server.url("/c")));
    http().stat(&session).await.unwrap();
    http().stop(&session).await.unwrap();
    http()
        .segment(&session.place(), None, &patient())
        .await
        .unwrap();
    assert_eq!(canary.seen().connections, 0);
    assert_eq!(server.seen().requests.len(), 4);
}

#[tokio::test]
async fn a_session_reads_strings_and_does_without_what_is_missing() {
    let server = Server::saying(json(STARTED)).await;
    let full = started(&server).await.unwrap();
    assert_eq!(
        full.infohash.as_deref(),
        Some("0a48db00000000000000000000000000000000ff")
    );
    assert_eq!(full.playback_session_id.as_deref(), Some("15ad634c"));
    assert_eq!((full.is_live, full.is_encrypted), (Some(true), false));
    assert!(full.event_url.is_some());
    let bare =
        r#"{"response":{"playback_url":"/ace/r/a","stat_url":7,"infohash":"../etc","is_live":[]}}"#;
    let server = Server::saying(json(bare)).await;
    let bare = started(&server).await.unwrap();
    assert_eq!(
        (bare.stat_url.clone(), bare.infohash.clone(), bare.is_live),
        (None, None, None)
    );
    http().stop(&bare).await.unwrap();
    assert_eq!(server.seen().requests.len(), 1, "nothing to command");
}

#[tokio::test]
async fn an_error_counts_even_with_status_200() {
    for (body, text, content) in [
        (
            r#"{"response":null,"error":"failed to load content"}"#,
            "failed to load content",
            true,
        ),
        (
            r#"{"response":{"playback_url":"/x"},"error":"bad\nnews"}"#,
            "bad news",
            false,
        ),
        (
            r#"{"error":{"message":"cannot get transport file","code":0}}"#,
            "cannot get transport file",
            true,
        ),
        (
            r#"{"response":null,"error":"no option","extra_data":{"reason":"missing_option","option":"proxyServer"}}"#,
            "no option (missing_option)",
            false,
        ),
        (r#"{"response":null,"error":17}"#, "17", false),
        (r#"{"response":null,"error":{}}"#, "unnamed error", false),
    ] {
        let server = Server::saying(json(body)).await;
        let error = started(&server).await.unwrap_err();
        assert_eq!(error.to_string(), text);
        assert!(error.answered());
        assert_eq!(error.refused_content(), content, "{text}");
    }
}

#[tokio::test]
async fn an_endless_error_is_shortened() {
    let body = format!(r#"{{"response":null,"error":"{}"}}"#, "x".repeat(100_000));
    let server = Server::saying(json(&body)).await;
    assert_eq!(started(&server).await.unwrap_err().to_string().len(), 200);
}

#[tokio::test]
async fn an_answer_without_a_place_to_play_is_an_error_of_the_engine() {
    for body in [
        r#"{"response":{},"error":null}"#,
        r#"{"response":null,"error":null}"#,
        r#"{"response":"ok","error":""}"#,
        r#"{"response":[1,2],"error":false}"#,
        r#"{"response":{"playback_url":""}}"#,
        r#"{"response":{"playback_url":5}}"#,
        r#"{"response":{"playback_url":"file:///etc/passwd"}}"#,
        r#"{"response":{"playback_url":"concat:http://a/b"}}"#,
    ] {
        let server = Server::saying(json(body)).await;
        let error = started(&server).await.unwrap_err();
        assert_eq!(error, StartError::NoPlaybackUrl, "{body}");
        assert!(error.answered());
    }
}

#[tokio::test]
async fn what_is_not_the_api_is_malformed() {
    let deep = "[".repeat(100_000);
    for body in [
        "",
        "<html>hi</html>",
        r#"{"response":{"playback_url":"#,
        "7",
        "[]",
        "{}",
        "\0",
        &deep,
    ] {
        let server = Server::saying(ok("application/json", body)).await;
        let error = started(&server).await.unwrap_err();
        let bytes = body.len();
        assert_eq!(error, StartError::Api(ApiError::Malformed { bytes }));
        assert!(error.answered());
    }
}

#[tokio::test]
async fn a_status_is_told_unless_the_engine_explains_it() {
    let silent = Server::saying(answer("500 Oops", "", "start timeout")).await;
    let error = started(&silent).await.unwrap_err();
    assert_eq!(error, StartError::Api(ApiError::Status { code: 500 }));
    let explained = Server::saying(answer("403 No", "", r#"{"error":"access denied"}"#)).await;
    assert_eq!(
        started(&explained).await.unwrap_err().to_string(),
        "access denied"
    );
    let lying = Server::saying(answer("500 Oops", "", STARTED)).await;
    let error = started(&lying).await.unwrap_err();
    assert_eq!(error, StartError::Api(ApiError::Status { code: 500 }));
}

#[tokio::test]
async fn an_engine_that_redirects_though_asked_for_json_is_not_read_nor_followed() {
    let location = "Location: http://127.0.0.1:1/ace/r/a/b\r\n";
    let steps = vec![Step::Say(head("302 Found", location)), Step::Hold];
    let server = Server::doing(steps).await;
    let error = started(&server).await.unwrap_err();
    assert_eq!(error, StartError::Api(ApiError::Status { code: 302 }));
    server.closed(1).await;
}

#[tokio::test]
async fn an_engine_that_hangs_ends_in_a_timeout_and_a_closed_connection() {
    let server = Server::doing(vec![Step::Hold]).await;
    let t = Timeouts {
        connect: SHORT,
        start: SHORT,
        ..patient()
    };
    let error = http()
        .start(&server.address, &content(), Output::Ts, &t)
        .await
        .unwrap_err();
    assert!(!error.answered());
    let StartError::Api(ApiError::Unreachable(FetchError::Timeout { waiting_for, .. })) = error
    else {
        panic!("{error:?}");
    };
    assert_eq!(waiting_for, Wait::Answer);
    server.closed(1).await;
}

#[tokio::test]
async fn a_start_is_never_repeated() {
    let server = Server::doing(vec![]).await;
    let error = started(&server).await.unwrap_err();
    assert!(
        matches!(
            error,
            StartError::Api(ApiError::Unreachable(FetchError::Broken { .. }))
        ),
        "{error:?}"
    );
    assert_eq!(server.seen().requests.len(), 1);
}

#[tokio::test]
async fn an_engine_that_is_not_there_is_told_apart_from_one_that_refuses() {
    let server = Server::saying("").await;
    let engine = engine::Address {
        port: 1,
        ..server.address
    };
    let error = http()
        .start(&engine, &content(), Output::Ts, &patient())
        .await
        .unwrap_err();
    assert!(!error.answered());
    let text = error.to_string();
    assert!(
        text.starts_with("cannot connect to 127.0.0.1:1: Connection refused"),
        "{text}"
    );
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let start = head("200 OK", "Content-Type: application/json\r\n");
    let endless = Server::doing(vec![Step::Say(start), Step::Repeat(vec![b' '; 4096])]).await;
    let zeros = gzipped(&vec![b' '; 64 << 20]);
    let bomb = Server::saying(answer("200 OK", "Content-Encoding: gzip\r\n", zeros)).await;
    for server in [endless, bomb] {
        let error = started(&server).await.unwrap_err();
        let StartError::Api(ApiError::Unreachable(FetchError::TooLarge { bytes_max, .. })) = error
        else {
            panic!("{error:?}");
        };
        assert_eq!(bytes_max, 1 << 20);
    }
}

#[tokio::test]
async fn an_answer_that_is_compressed_unasked_is_read() {
    let body = gzipped(STARTED.as_bytes());
    let server = Server::saying(answer("200 OK", "Content-Encoding: gzip\r\n", body)).await;
    started(&server).await.unwrap();
}
