//! Requests that make no sense, or that mean harm: each gets its answer, and nobody else notices.

use crate::raw::{ask, get, say};
use crate::stage::Stage;
use crate::undisturbed::{undisturbed, viewer_of};

const ID: &str = "0123456789abcdef0123456789abcdef01234567";

/// What is wrong, and what the answer must name.
const BAD_SELECTORS: [(&str, &str); 17] = [
    ("", "no stream was asked for"),
    ("?pid=1", "no stream was asked for"),
    ("?id=", "id \"\""),
    ("?id=0123", "\"0123\""),
    ("?id=0123456789abcdef0123456789abcdef0123456z", "0123456z"),
    ("?id=0123456789abcdef0123456789abcdef012345678", "012345678"),
    ("?id=../../etc/passwd", "../../etc/passwd"),
    ("?id=%2e%2e%2fetc", "../etc"),
    ("?id=%00", "\\0"),
    ("?id=%ff%fe", "\u{fffd}"),
    ("?id=http://127.0.0.1/", "http://127.0.0.1/"),
    ("?infohash=xyz", "xyz"),
    ("?magnet=magnet:?dn=x", "magnet:?dn=x"),
    ("?magnet=http://127.0.0.1/", "http://127.0.0.1/"),
    ("?url=http://127.0.0.1:1/x", "url is not taken from viewers"),
    ("?url=file:///etc/passwd", "url is not taken from viewers"),
    ("?id=news", "neither 40 hexadecimal digits nor the name"),
];

#[tokio::test]
async fn a_bad_selector_gets_400_that_names_it_and_no_engine_is_asked() {
    let stage = Stage::fast(|_| {}).await;
    let two = [
        (format!("?id={ID}&id={ID}"), "2 streams were asked for"),
        (
            format!("?id={ID}&infohash={ID}"),
            "2 streams were asked for",
        ),
        (format!("?id={}", "a".repeat(20_000)), "aaaa"),
    ];
    let one = BAD_SELECTORS.map(|(query, part)| (query.to_owned(), part));
    for (query, part) in one.into_iter().chain(two) {
        for path in ["/ace/getstream", "/ace/manifest.m3u8"] {
            let said = ask(stage.address(), &format!("{path}{query}")).await;
            assert_eq!(said.status(), 400, "{query}: {}", said.text());
            let detail = said.detail();
            assert!(detail.contains(part) && detail.len() < 400, "{detail}");
        }
    }
    let said = ask(stage.address(), &format!("/ace/getstream?id={ID}&mode=avi")).await;
    assert_eq!(said.status(), 400);
    assert!(said.detail().contains("\"avi\""), "{}", said.text());
    assert_eq!(stage.engine.metrics().asked(), 0);
    stage.until_empty().await;
}

/// Names that a channel has no bytes for.
const BAD_NAMES: [&str; 24] = [
    "../../../etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e%2f1.ts",
    "%252e%252e%252f1.ts",
    "..%5c1.ts",
    "1%2f2.ts",
    "%00.ts",
    "1%00.ts",
    "%ff.ts",
    "%f0%9f%98%80.ts",
    "%EF%BC%91.ts",
    "99999999999999999999999999999999.ts",
    "18446744073709551615.ts",
    "18446744073709551616.ts",
    "-1.ts",
    "+1.ts",
    "0x1.ts",
    "1e3.ts",
    "01.ts",
    "1",
    "",
    ".ts",
    "1.ts.ts",
    "1.ts/",
];

#[tokio::test]
async fn a_bad_segment_name_gets_404_or_400_as_json() {
    let stage = Stage::fast(|_| {}).await;
    let mut watcher = viewer_of(&stage, 0).await;
    let listed = *watcher.seen.keys().next().expect("a segment");
    let id = &stage.ids[0];
    let good = ask(
        stage.address(),
        &format!("/ace/hls/{id}/segment/{listed}.ts"),
    )
    .await;
    assert_eq!(good.status(), 200);
    let folders = ["segment", "init", "key"].map(|kind| format!("/ace/hls/{id}/{kind}"));
    let mut paths: Vec<_> = folders
        .iter()
        .flat_map(|folder| BAD_NAMES.iter().map(move |name| format!("{folder}/{name}")))
        .collect();
    let others = ["TS", "mp4", "m4s", "m3u8", "key", "ts%20", "ts%00"];
    paths.extend(others.map(|it| format!("/ace/hls/{id}/segment/{listed}.{it}")));
    for channel in [ID, "..", "%2e%2e", "%00", "%ff", "news", &"a".repeat(5_000)] {
        paths.push(format!("/ace/hls/{channel}/segment/{listed}.ts"));
        paths.push(format!("/ace/hls/{channel}/segment/1%ff.ts"));
    }
    undisturbed(&mut watcher, async {
        for path in paths {
            let said = ask(stage.address(), &path).await;
            assert!(
                [400, 404].contains(&said.status()),
                "{path}: {}",
                said.text()
            );
            assert!(!said.detail().is_empty());
        }
    })
    .await;
    assert_eq!(stage.engine.metrics().starts_all(), 1);
}

#[tokio::test]
async fn a_malformed_viewer_s_token_gets_400_and_starts_nothing() {
    let stage = Stage::fast(|_| {}).await;
    let short = "0".repeat(31);
    let long = "0".repeat(33);
    for token in [
        "",
        "?v=",
        "?v=1",
        "?v=..%2f",
        "?v=%00",
        "?V=00000000000000000000000000000000",
        "?v=0000000000000000000000000000000g",
        "?v=+0000000000000000000000000000000",
        "?v=-0000000000000000000000000000000",
        &format!("?v={short}"),
        &format!("?v={long}"),
    ] {
        let path = format!("/ace/hls/{}/media.m3u8{token}", stage.ids[0]);
        let said = ask(stage.address(), &path).await;
        assert_eq!(said.status(), 400, "{token}: {}", said.text());
        assert!(said.detail().contains("32 hexadecimal digits"));
    }
    assert_eq!(stage.engine.metrics().asked(), 0);
    stage.until_empty().await;
}

#[tokio::test]
async fn whatever_is_no_request_of_ours_is_refused_and_the_next_one_is_answered() {
    let stage = Stage::fast(|_| {}).await;
    let host = "HTTP/1.1\r\nHost: weir\r\nConnection: close\r\n";
    let long = "a".repeat(100_000);
    let many: Vec<_> = (0..500).map(|n| format!("X-{n}: 1\r\n")).collect();
    let many = many.concat();
    let body = "b".repeat(1_000_000);
    for (what, bytes) in [
        ("address", format!("GET /{long} {host}\r\n")),
        ("query", format!("GET /ace/getstream?id={long} {host}\r\n")),
        ("header", format!("GET /version {host}X: {long}\r\n\r\n")),
        ("headers", format!("GET /version {host}{many}\r\n")),
        ("name", format!("GET /version {host}{long}: 1\r\n\r\n")),
        ("method", format!("BREW /version {host}\r\n")),
        ("long method", format!("{long} /version {host}\r\n")),
        (
            "post",
            format!("POST /ace/getstream?id={ID} {host}Content-Length: 1000000\r\n\r\n{body}"),
        ),
        ("delete", format!("DELETE /streams {host}\r\n")),
        (
            "connect",
            "CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: weir\r\nConnection: close\r\n\r\n".into(),
        ),
        ("trace", format!("TRACE /version {host}\r\n")),
        ("no version", "GET /version\r\n\r\n".into()),
        ("noise", "\0\u{1}\u{2}\u{3}\r\n\r\n".into()),
        (
            "tls",
            "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{3}\u{3}\r\n\r\n".into(),
        ),
        ("folded", format!("GET /version {host}X: 1\r\n 2\r\n\r\n")),
        ("space", format!("GET /version {host}X : 1\r\n\r\n")),
        ("nul", format!("GET /version {host}X: \0\r\n\r\n")),
        ("lone CR", format!("GET /version {host}X: 1\rY: 2\r\n\r\n")),
    ] {
        let said = say(stage.address(), &bytes).await;
        let statuses = said.statuses();
        let refused = |status: &u16| (400..=505).contains(status) && *status != 500;
        let all = statuses.iter().all(refused);
        assert!(statuses.len() == 1 && all, "{what}: {}", said.text());
        let next = ask(stage.address(), "/version").await;
        assert_eq!(next.status(), 200, "after {what}");
    }
    // Whoever begins with HTTP/2 cannot read an answer in HTTP/1.
    let said = say(stage.address(), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    assert_eq!(said.text(), "");
    assert_eq!(stage.engine.metrics().asked(), 0);
}

#[tokio::test]
async fn a_body_that_nobody_asked_for_is_not_taken_for_a_request() {
    let stage = Stage::fast(|_| {}).await;
    let hidden = get("/health/status");
    let bytes = hidden.len();
    let with_body = format!(
        "GET /version HTTP/1.1\r\nHost: weir\r\nContent-Length: {bytes}\r\n\r\n{hidden}{}",
        get("/version")
    );
    let said = say(stage.address(), with_body).await;
    assert!(said.statuses().iter().all(|status| *status == 200));
    assert!(!said.text().contains("data_folder"), "{}", said.text());
}

#[tokio::test]
async fn a_request_that_two_readers_would_cut_differently_is_refused_with_its_connection() {
    let stage = Stage::fast(|_| {}).await;
    let hidden = get("/health/status");
    let post = "GET /version HTTP/1.1\r\nHost: weir\r\n";
    let chunked = "Transfer-Encoding: chunked\r\n";
    for (what, bytes) in [
        (
            "both",
            format!("{post}Content-Length: 5\r\n{chunked}\r\n0\r\n\r\n{hidden}"),
        ),
        (
            "both, turned",
            format!("{post}{chunked}Content-Length: 5\r\n\r\n0\r\n\r\n{hidden}"),
        ),
        ("chunks", format!("{post}{chunked}\r\n0\r\n\r\n{hidden}")),
        (
            "odd chunks",
            format!("{post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{hidden}"),
        ),
        (
            "spaced",
            format!("{post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n{hidden}"),
        ),
        (
            "two lengths",
            format!("{post}Content-Length: 5\r\nContent-Length: 6\r\n\r\n{hidden}"),
        ),
        (
            "signed length",
            format!("{post}Content-Length: +5\r\n\r\n{hidden}"),
        ),
        (
            "negative",
            format!("{post}Content-Length: -5\r\n\r\n{hidden}"),
        ),
        (
            "list",
            format!("{post}Content-Length: 5, 6\r\n\r\n{hidden}"),
        ),
        (
            "old chunks",
            format!("GET /version HTTP/1.0\r\n{chunked}\r\n0\r\n\r\n{hidden}"),
        ),
        (
            "lone LF in a value",
            format!("{post}X: 1\nY: 2\r\n\r\n{hidden}"),
        ),
        (
            "lone LFs",
            format!("GET /version HTTP/1.1\nHost: weir\n\n{hidden}"),
        ),
        ("a hidden end", format!("{post}X: 1\n\n{hidden}")),
    ] {
        let said = say(stage.address(), bytes).await;
        assert!(
            (400..500).contains(&said.status()),
            "{what}: {}",
            said.text()
        );
        assert!(!said.text().contains("data_folder"), "{what}");
    }
}

#[tokio::test]
async fn browsers_are_forbidden_to_guess_what_any_answer_is() {
    let stage = Stage::fast(|_| {}).await;
    let watcher = viewer_of(&stage, 0).await;
    let entry = stage.entry();
    let paths = [
        "/",
        "/panel/",
        "/panel/nothing",
        "/version",
        "/streams",
        "/proxy/status",
        "/health/status",
        "/nothing",
        "/ace/getstream?id=bad",
        &entry,
        &watcher.player.media,
    ];
    for path in paths {
        let head = ask(stage.address(), path).await.head();
        assert!(
            head.contains("x-content-type-options: nosniff"),
            "{path}: {head}"
        );
    }
}

#[tokio::test]
async fn the_panel_gives_no_file_that_is_not_its_own() {
    let stage = Stage::fast(|_| {}).await;
    for path in [
        "/panel/..%2f..%2fCargo.toml",
        "/panel/../../Cargo.toml",
        "/panel/%2e%2e/%2e%2e/Cargo.toml",
        "/panel/..%5c..%5cCargo.toml",
        "/panel/%2fetc%2fpasswd",
        "/panel//etc/passwd",
        "/panel/assets/../../Cargo.toml",
        "/panel/index.html%00.js",
        "/panel/src%2fmain.tsx",
    ] {
        let said = ask(stage.address(), path).await;
        assert_eq!(said.status(), 404, "{path}: {}", said.text());
        assert!(!said.text().contains("[package]"));
    }
    let said = ask(stage.address(), "/panel/%ff").await;
    assert!([400, 404].contains(&said.status()));
    assert!(!said.detail().is_empty());
}
