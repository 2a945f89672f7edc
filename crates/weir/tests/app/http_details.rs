//! What players, browsers and caches rely on in answers.

use http::{Method, StatusCode};
use serde_json::Value;

use crate::stage::{Answer, Player, Stage, request};

/// A channel that plays, a player of it, and the address of a segment.
async fn playing() -> (Stage, Player, String) {
    let stage = Stage::fast(|_| {}).await;
    let player = stage.player().await;
    let list = player.poll().await;
    let (folder, _) = player.media.rsplit_once('/').expect("a path");
    let segment = format!("{folder}/{}", list.segments[1].uri);
    (stage, player, segment)
}

async fn ranged(stage: &Stage, path: &str, range: &str) -> Answer {
    request(stage.address(), Method::GET, path, &[("range", range)]).await
}

#[tokio::test]
async fn a_segment_says_what_it_is_and_may_be_kept_for_ever() {
    let (stage, _, path) = playing().await;
    let whole = stage.get(&path).await;
    assert_eq!(whole.status, StatusCode::OK);
    assert_eq!(whole.header("content-type"), "video/mp2t");
    assert_eq!(whole.header("content-length"), whole.body.len().to_string());
    assert_eq!(whole.header("accept-ranges"), "bytes");
    let cache = whole.header("cache-control");
    assert!(
        cache.contains("immutable") && cache.contains("max-age="),
        "{cache}"
    );
    let head = request(stage.address(), Method::HEAD, &path, &[]).await;
    assert_eq!(head.status, StatusCode::OK);
    assert!(head.body.is_empty());
    for name in [
        "content-type",
        "content-length",
        "accept-ranges",
        "cache-control",
    ] {
        assert_eq!(head.header(name), whole.header(name), "{name}");
    }
}

#[tokio::test]
async fn head_of_the_entry_point_does_not_call_its_playlist_empty() {
    let stage = Stage::fast(|_| {}).await;
    for (path, kind) in [
        (stage.entry(), "application/vnd.apple.mpegurl"),
        (stage.continuous(), "video/mp2t"),
    ] {
        let head = request(stage.address(), Method::HEAD, &path, &[]).await;
        assert_eq!(head.status, StatusCode::OK);
        assert_eq!(head.header("content-type"), kind);
        // A player that believes a length of nothing does not go on to play.
        assert_eq!(head.header("content-length"), "", "{path}");
    }
}

#[tokio::test]
async fn parts_of_a_segment_are_exactly_those_bytes() {
    let (stage, _, path) = playing().await;
    let whole = stage.get(&path).await.body;
    let length = whole.len();
    for (range, from, to) in [
        ("bytes=0-187", 0, 188),
        ("bytes=188-188", 188, 189),
        ("bytes=1000-", 1000, length),
        ("bytes=-376", length - 376, length),
        ("bytes=500-99999999", 500, length),
    ] {
        let part = ranged(&stage, &path, range).await;
        assert_eq!(part.status, StatusCode::PARTIAL_CONTENT, "{range}");
        assert_eq!(part.body, whole.slice(from..to), "{range}");
        let stated = format!("bytes {from}-{}/{length}", to - 1);
        assert_eq!(part.header("content-range"), stated);
        assert_eq!(part.header("content-length"), (to - from).to_string());
    }
    let outside = ranged(&stage, &path, &format!("bytes={length}-")).await;
    assert_eq!(outside.status, StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(outside.header("content-range"), format!("bytes */{length}"));
    for ignored in ["bytes=0-1,5-9", "bytes=9-3", "lines=1-2"] {
        let answer = ranged(&stage, &path, ignored).await;
        assert_eq!((answer.status, answer.body.len()), (StatusCode::OK, length));
    }
}

#[tokio::test]
async fn playlists_say_what_they_are_and_are_not_kept_too_long() {
    let stage = Stage::new().await;
    let entry = stage.get(&stage.entry()).await;
    let player = Player::of(stage.address(), &entry);
    let list = stage.get(&player.media).await;
    for answer in [&entry, &list] {
        assert_eq!(
            answer.header("content-type"),
            "application/vnd.apple.mpegurl"
        );
        assert_eq!(
            answer.header("content-length"),
            answer.body.len().to_string()
        );
        let text = answer.text();
        let mut links = text.lines().filter(|line| !line.starts_with('#'));
        assert!(
            links.all(|link| !link.contains("://") && !link.starts_with('/')),
            "{text}"
        );
        assert!(
            !text.contains(&stage.engine.address().to_string()),
            "{text}"
        );
    }
    assert_eq!(entry.header("cache-control"), "no-store");
    let target = list.playlist().target_duration.as_secs();
    let cache = list.header("cache-control");
    let kept = cache
        .strip_prefix("max-age=")
        .map_or(0, |age| age.parse().expect("seconds"));
    assert!(2 * kept <= target && !cache.is_empty(), "{cache}");
    let head = request(stage.address(), Method::HEAD, &player.media, &[]).await;
    assert_eq!(head.status, StatusCode::OK);
    assert_eq!(head.header("content-type"), list.header("content-type"));
    assert!(head.body.is_empty());
}

#[tokio::test]
async fn pages_of_other_hosts_may_read_answers_and_errors() {
    let (stage, player, segment) = playing().await;
    let missing = format!("/ace/hls/{}/segment/1.ts", stage.ids[0]);
    let paths = [
        stage.entry(),
        player.media.clone(),
        segment.clone(),
        missing,
        "/ace/manifest.m3u8".into(),
        "/ace/hls/nothing/media.m3u8".into(),
    ];
    for path in paths {
        let answer = stage.get(&path).await;
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        let shown = answer.header("access-control-expose-headers").to_owned();
        for name in ["Content-Length", "Content-Range"] {
            assert!(shown.contains(name), "{path}: {shown}");
        }
        let headers = [
            ("origin", "http://page"),
            ("access-control-request-method", "GET"),
        ];
        let options = request(stage.address(), Method::OPTIONS, &path, &headers).await;
        assert_eq!(options.status, StatusCode::NO_CONTENT, "{path}");
        assert_eq!(options.header("access-control-allow-origin"), "*");
        assert!(
            options
                .header("access-control-allow-headers")
                .contains("Range")
        );
        assert!(
            options
                .header("access-control-allow-methods")
                .contains("GET")
        );
    }
    let answer = ranged(&stage, &segment, "bytes=99999999-").await;
    assert_eq!(answer.header("access-control-allow-origin"), "*");
}

#[tokio::test]
async fn both_entry_points_play_hls() {
    let stage = Stage::fast(|_| {}).await;
    let id = &stage.ids[0];
    for path in [
        format!("/ace/getstream?id={id}"),
        format!("/ace/getstream?id={id}&mode=hls"),
        format!("/ace/manifest.m3u8?id={id}"),
        format!("/ace/manifest.m3u8?id=%20{}%20", id.to_uppercase()),
    ] {
        let answer = stage.get(&path).await;
        assert_eq!(
            answer.header("content-type"),
            "application/vnd.apple.mpegurl"
        );
        assert_eq!(answer.header("cache-control"), "no-store");
        let player = Player::of(stage.address(), &answer);
        assert!(3 <= player.poll().await.segments.len());
    }
    assert_eq!(stage.engine.metrics().starts_all(), 1);
}

#[tokio::test]
async fn an_infohash_and_a_magnet_link_play_the_same_content_as_its_id() {
    let stage = Stage::fast(|_| {}).await;
    let infohash = crate::stage::fast_engine().channels[0].infohash.clone();
    for selector in [
        format!("infohash={infohash}"),
        format!("magnet=magnet:%3Fxt=urn:btih:{infohash}"),
    ] {
        let path = format!("/ace/manifest.m3u8?{selector}");
        let player = Player::enter(stage.address(), &path).await;
        let list = player.poll().await;
        let body = player.fetch(&list.segments[0]).await.body;
        assert_eq!(simulator::media::check(&body).expect("whole").stream, 1);
        stage.until_empty().await;
    }
}

#[tokio::test]
async fn what_selects_nothing_or_too_much_is_refused_without_asking_an_engine() {
    let stage = Stage::fast(|_| {}).await;
    let id = &stage.ids[0];
    for query in [
        String::new(),
        "pid=1".into(),
        "id=".into(),
        "id=nothing".into(),
        "id=0123456789".into(),
        format!("id={id}&infohash={id}"),
        format!("id={id}&id={id}"),
        "infohash=xyz".into(),
        "magnet=magnet:%3Fdn=x".into(),
        "url=http://192.0.2.1/x.acelive".into(),
    ] {
        for path in ["getstream", "manifest.m3u8"] {
            let answer = stage.get(&format!("/ace/{path}?{query}")).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
            assert!(answer.json()["detail"].is_string(), "{query}");
        }
    }
    assert_eq!(stage.engine.metrics().asked(), 0);
    assert_eq!(stage.status().await["channels"], Value::Array(vec![]));
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_says_so() {
    let (stage, player, segment) = playing().await;
    let id = &stage.ids[0];
    let other = &stage.ids[1];
    for path in [
        format!("/ace/hls/{id}/segment/1.ts"),
        format!("/ace/hls/{id}/segment/x.ts"),
        segment.replace(".ts", ".m4s"),
        format!("/ace/hls/{id}/key/1.key"),
        format!("/ace/hls/{id}/init/1.mp4"),
        format!("/ace/hls/{other}/segment/1.ts"),
        player.media.replace(id.as_str(), "nothing"),
        "/nothing".into(),
    ] {
        let answer = stage.get(&path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(answer.json()["detail"].is_string(), "{path}");
    }
    let no_token = stage.get(&format!("/ace/hls/{id}/media.m3u8")).await;
    assert_eq!(no_token.status, StatusCode::BAD_REQUEST);
    assert_eq!(stage.engine.metrics().starts_all(), 1);
}
