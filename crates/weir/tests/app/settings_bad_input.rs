//! Changes that cannot be made: each is refused with a sentence, and nothing has changed.

use std::time::Duration;

use crate::raw::say;
use crate::settings_calls::{call, post, post_json, settings};
use crate::stage::Stage;
use crate::undisturbed::{undisturbed, viewer_of};

/// Bodies, and what the answer must say.
const BODIES: [(&str, &str); 40] = [
    (
        r#"{"hls_window_size": 2}"#,
        "hls_window_size must be between 3 and 20",
    ),
    (
        r#"{"hls_window_size": 21}"#,
        "hls_window_size must be between 3 and 20",
    ),
    (
        r#"{"hls_window_size": -6}"#,
        "hls_window_size must be between 3 and 20",
    ),
    (
        r#"{"hls_window_size": 1e300}"#,
        "hls_window_size must be between 3 and 20",
    ),
    (
        r#"{"hls_window_size": 99999999999999999999}"#,
        "hls_window_size must be between 3 and 20",
    ),
    (
        r#"{"hls_window_size": 6.5}"#,
        "hls_window_size must be a whole number",
    ),
    (
        r#"{"hls_window_size": "six"}"#,
        "hls_window_size must be a number, not a text",
    ),
    (
        r#"{"hls_window_size": "6"}"#,
        "hls_window_size must be a number, not a text",
    ),
    (
        r#"{"hls_window_size": true}"#,
        "hls_window_size must be a number, not true or false",
    ),
    (
        r#"{"hls_window_size": null}"#,
        "hls_window_size must be a number, not null",
    ),
    (
        r#"{"hls_window_size": [6]}"#,
        "hls_window_size must be a number, not a list",
    ),
    (
        r#"{"hls_window_size": {"value": 6}}"#,
        "hls_window_size must be a number, not an object",
    ),
    (
        r#"{"channel_shutdown_delay": 0.5}"#,
        "channel_shutdown_delay must be between 1 and 60 seconds",
    ),
    (
        r#"{"no_data_check_interval": 0.009}"#,
        "no_data_check_interval must be between 0.01 and 1 seconds",
    ),
    (
        r#"{"hls_segment_fetch_interval": 2.1}"#,
        "hls_segment_fetch_interval must be between 0.1 and 2",
    ),
    (
        r#"{"stream_mode": "DASH"}"#,
        "stream_mode must be either 'TS' or 'HLS'",
    ),
    (
        r#"{"stream_mode": 1}"#,
        "stream_mode must be either 'TS' or 'HLS'",
    ),
    (
        r#"{"stream_mode": null}"#,
        "stream_mode must be either 'TS' or 'HLS'",
    ),
    (
        r#"{"engine_stream": "udp"}"#,
        "engine_stream must be either 'auto', 'ts' or 'hls'",
    ),
    (
        r#"{"slate": false}"#,
        "slate must be either 'off', 'hls' or 'all'",
    ),
    (
        r#"{"segment_seconds": 1}"#,
        "segment_seconds must be between 2 and 10 seconds",
    ),
    (r#"{"colour": 1}"#, "\"colour\" is no setting"),
    (
        r#"{"HLS_WINDOW_SIZE": 6}"#,
        "\"HLS_WINDOW_SIZE\" is no setting",
    ),
    (r#"{"": 6}"#, "\"\" is no setting"),
    (r#"{"version": 6}"#, "\"version\" is no setting"),
    (
        r#"{"vlc_user_agent": "me"}"#,
        "vlc_user_agent can only be read",
    ),
    (
        r#"{"engine_variant": "mine"}"#,
        "engine_variant can only be read",
    ),
    (
        r#"{"hls_window_size": 6, "hls_window_size": 6}"#,
        "hls_window_size stands more than once",
    ),
    (
        r#"{"hls_window_size": 20, "hls_max_segments": 19}"#,
        "hls_window_size (20) must not be greater than hls_max_segments (19)",
    ),
    (
        r#"{"hls_max_initial_segments": 2}"#,
        "hls_initial_segments (3) must not be greater than hls_max_initial_segments (2)",
    ),
    (
        r#"{"hls_max_segments": 9}"#,
        "hls_max_initial_segments (10) must not be greater than hls_max_segments (9)",
    ),
    ("{}", "no setting is named"),
    ("[]", "not a JSON object"),
    ("6", "not a JSON object"),
    ("null", "not a JSON object"),
    (r#"{"hls_window_size": NaN}"#, "not a JSON object"),
    (r#"{"hls_window_size": 1e999}"#, "not a JSON object"),
    (r#"{"hls_window_size": 6"#, "not a JSON object"),
    (r#"{"hls_window_size": 6} {}"#, "not a JSON object"),
    ("hls_window_size=6", "not a JSON object"),
];

/// Parameters, and what the answer must say.
const PARAMETERS: [(&str, &str); 18] = [
    (
        "hls_window_size=2",
        "hls_window_size must be between 3 and 20",
    ),
    (
        "hls_window_size=NaN",
        "hls_window_size must be between 3 and 20",
    ),
    (
        "hls_window_size=inf",
        "hls_window_size must be between 3 and 20",
    ),
    (
        "hls_window_size=-infinity",
        "hls_window_size must be between 3 and 20",
    ),
    (
        "stream_timeout=nan",
        "stream_timeout must be between 10 and 300 seconds",
    ),
    (
        "hls_window_size=6.5",
        "hls_window_size must be a whole number",
    ),
    (
        "hls_window_size=six",
        "hls_window_size must be a number, not a text",
    ),
    (
        "hls_window_size=",
        "hls_window_size must be a number, not a text",
    ),
    (
        "hls_window_size",
        "hls_window_size must be a number, not a text",
    ),
    (
        "hls_window_size=%ff",
        "hls_window_size must be a number, not a text",
    ),
    (
        "hls_window_size=%D9%A6",
        "hls_window_size must be a number, not a text",
    ),
    (
        "hls_window_size=6&hls_window_size=6",
        "hls_window_size stands more than once",
    ),
    ("stream_mode=", "stream_mode must be either 'TS' or 'HLS'"),
    ("stream_mode=6", "stream_mode must be either 'TS' or 'HLS'"),
    ("colour=red", "\"colour\" is no setting"),
    ("%ff=6", "is no setting"),
    ("warnings=1", "warnings can only be read"),
    ("", "no setting is named"),
];

#[tokio::test]
async fn a_bad_change_is_refused_with_a_sentence_and_changes_nothing() {
    let stage = Stage::fast(|_| {}).await;
    let mut watcher = viewer_of(&stage, 0).await;
    let before = settings(stage.address()).await.values();
    let deep = format!("{{\"a\":{}", "[".repeat(30_000));
    let names: Vec<_> = (0..70).map(|n| format!("\"{n}\": 1")).collect();
    let many = format!("{{{}}}", names.join(","));
    let unicode = b"{\"hls_window_size\": \"\xff\xfe\"}";
    let others: [(&[u8], &str); 4] = [
        (deep.as_bytes(), "recursion limit"),
        (many.as_bytes(), "more than 64 members"),
        (unicode, "not a JSON object"),
        (b"\xef\xbb\xbf{}", "not a JSON object"),
    ];
    let bodies = BODIES.iter().map(|(body, text)| (body.as_bytes(), *text));
    undisturbed(&mut watcher, async {
        for (body, text) in bodies.chain(others) {
            let shown = String::from_utf8_lossy(&body[..body.len().min(80)]);
            let reply = post_json(stage.address(), body).await;
            assert_eq!(reply.status, 400, "{shown}: {reply:?}");
            assert!(reply.detail().contains(text), "{shown}: {reply:?}");
        }
        let many = format!("{}hls_window_size=2", "a=1&".repeat(64));
        let others = [(many.as_str(), "more than 64 parameters")];
        for (query, text) in PARAMETERS.into_iter().chain(others) {
            let reply = post(stage.address(), query).await;
            assert_eq!(reply.status, 400, "{query}: {reply:?}");
            assert!(reply.detail().contains(text), "{query}: {reply:?}");
        }
        let both = call(
            stage.address(),
            "POST /proxy/config?hls_window_size=7",
            &[("Content-Type", "application/json")],
            r#"{"hls_window_size": 8}"#,
        )
        .await;
        assert_eq!(both.status, 400);
        assert_eq!(both.detail(), "hls_window_size stands more than once");
    })
    .await;
    watcher.assert_unbroken();
    assert_eq!(settings(stage.address()).await.values(), before);
    assert!(!stage.folder.path().join("proxy_settings.json").exists());
}

#[tokio::test]
async fn all_mistakes_of_a_change_are_told_at_once_and_its_good_part_is_not_made() {
    let stage = Stage::fast(|_| {}).await;
    let reply = post_json(
        stage.address(),
        r#"{"hls_window_size": 8, "stream_timeout": 5, "colour": "red", "hls_max_segments": "a lot"}"#,
    )
    .await;
    assert_eq!(reply.status, 400);
    let wanted = [
        "stream_timeout must be between 10 and 300 seconds",
        "\"colour\" is no setting",
        "hls_max_segments must be a number, not a text",
    ];
    assert_eq!(reply.messages(), wanted);
    assert_eq!(reply.detail(), wanted[0]);
    let fields: Vec<_> = (0..3)
        .map(|n| reply.json["errors"][n]["field"].clone())
        .collect();
    assert_eq!(fields, ["stream_timeout", "colour", "hls_max_segments"]);
    assert_eq!(reply.json["errors"][0]["value"], 5.0);
    assert_eq!(reply.json["errors"][2]["value"], "a lot");
    let after = settings(stage.address()).await;
    assert_eq!(after.json["hls_window_size"], 6);
}

#[tokio::test]
async fn a_value_that_json_has_no_word_for_is_told_as_text() {
    let stage = Stage::fast(|_| {}).await;
    let reply = post(stage.address(), "hls_window_size=nan&stream_timeout=inf").await;
    assert_eq!(reply.status, 400);
    assert_eq!(reply.json["errors"][0]["value"], "NaN");
    assert_eq!(reply.json["errors"][1]["value"], "inf");
}

#[tokio::test]
async fn two_contradictions_are_told_at_once() {
    let stage = Stage::fast(|_| {}).await;
    let change = r#"{"hls_max_segments": 5, "hls_window_size": 6, "hls_max_initial_segments": 6}"#;
    let reply = post_json(stage.address(), change).await;
    assert_eq!(reply.status, 400);
    let wanted = [
        "hls_window_size (6) must not be greater than hls_max_segments (5)",
        "hls_max_initial_segments (6) must not be greater than hls_max_segments (5)",
    ];
    assert_eq!(reply.messages(), wanted);
}

#[tokio::test]
async fn what_is_sent_back_of_a_change_is_short() {
    let stage = Stage::fast(|_| {}).await;
    let long = "é".repeat(10_000);
    let change = format!(r#"{{"{long}": 1, "hls_window_size": "{long}"}}"#);
    let reply = post_json(stage.address(), change).await;
    assert_eq!(reply.status, 400);
    let length = reply.json.to_string().len();
    assert!(length < 800, "{length}");
}

#[tokio::test]
async fn a_body_that_is_not_said_to_be_json_is_refused() {
    let stage = Stage::fast(|_| {}).await;
    let body = r#"{"hls_window_size": 8}"#;
    let types = [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "",
    ];
    for kind in types {
        let fields = [("Content-Type", kind)];
        let reply = call(stage.address(), "POST /proxy/config", &fields, body).await;
        assert_eq!(reply.status, 415, "{kind}: {reply:?}");
        assert!(reply.detail().contains("application/json"), "{reply:?}");
    }
    let reply = call(stage.address(), "POST /proxy/config", &[], body).await;
    assert_eq!(reply.status, 415);
    for kind in ["application/json; charset=utf-8", "Application/JSON"] {
        let fields = [("Content-Type", kind)];
        let reply = call(stage.address(), "POST /proxy/config", &fields, body).await;
        assert_eq!(reply.values()["hls_window_size"], 8);
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_in_chunks_or_cut_off_is_refused() {
    let stage = Stage::fast(|_| {}).await;
    let spaces = " ".repeat(70_000);
    let large = format!("{{\"hls_window_size\": 8{spaces}}}");
    let reply = post_json(stage.address(), large).await;
    assert_eq!(reply.status, 413, "{reply:?}");
    let head = "POST /proxy/config HTTP/1.1\r\nHost: weir\r\nContent-Type: application/json\r\n";
    let stated = format!("{head}Content-Length: 9999999\r\n\r\n{{");
    assert_eq!(say(stage.address(), stated).await.status(), 413);
    let chunks = format!("{head}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n");
    assert_eq!(say(stage.address(), chunks).await.status(), 411);
    assert_eq!(settings(stage.address()).await.json["hls_window_size"], 6);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for_for_ever() {
    let stage = Stage::fast(|config| config.headers_wait = Duration::from_secs(1)).await;
    let slow = "POST /proxy/config HTTP/1.1\r\nHost: weir\r\nContent-Type: application/json\r\n\
                Content-Length: 22\r\n\r\n{\"hls_window";
    let said = say(stage.address(), slow).await;
    assert_eq!(said.status(), 408, "{}", said.text());
    assert!(said.head().contains("connection: close"), "{}", said.head());
    assert_eq!(settings(stage.address()).await.json["hls_window_size"], 6);
}

#[tokio::test]
async fn other_methods_are_refused() {
    let stage = Stage::fast(|_| {}).await;
    for method in ["PUT", "DELETE", "PATCH"] {
        let path = format!("{method} /proxy/config?hls_window_size=8");
        let reply = call(stage.address(), &path, &[], "").await;
        assert_eq!(reply.status, 405);
        assert!(reply.detail().contains(method), "{reply:?}");
    }
    let read = call(
        stage.address(),
        "GET /proxy/config?hls_window_size=8",
        &[],
        "",
    )
    .await;
    assert_eq!(read.values()["hls_window_size"], 6);
}
