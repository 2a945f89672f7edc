//! Playlists of channels: what is listed and what is turned can be played.

use bytes::Bytes;
use http::{Method, StatusCode};
use weir::config::Source;

use crate::stage::{Answer, Player, Stage, request, send};

const ID: &str = "0123456789abcdef0123456789abcdef01234567";

async fn turn(stage: &Stage, path: &str, text: impl Into<Bytes>) -> Answer {
    send(stage.address(), Method::POST, path, &[], text.into()).await
}

async fn named() -> Stage {
    Stage::fast(|config| {
        let url = "http://127.0.0.1:9/live.m3u8".parse().expect("an address");
        let name = "news".to_owned();
        config.sources = vec![Source { name, url }];
    })
    .await
}

#[tokio::test]
async fn what_the_operator_has_named_is_listed_under_the_address_that_was_asked() {
    let stage = named().await;
    let answer = stage.get("/playlist.m3u").await;
    assert_eq!(answer.header("content-type"), "audio/x-mpegurl");
    assert_eq!(answer.header("cache-control"), "no-store");
    let wanted = format!(
        "#EXTM3U\n#EXTINF:-1 tvg-id=\"news\" tvg-name=\"news\",news\nhttp://{}/ace/getstream?id=news\n",
        stage.address()
    );
    assert_eq!(answer.text(), wanted);
    let proxied = [
        ("x-forwarded-proto", "https"),
        ("x-forwarded-prefix", "/tv"),
    ];
    let path = "/playlist.m3u?mode=ts&host=tv.example";
    let answer = request(stage.address(), Method::GET, path, &proxied).await;
    let entry = "\nhttps://tv.example/tv/ace/stream/news.ts\n";
    assert!(answer.text().ends_with(entry), "{}", answer.text());
    let refused = stage.get("/playlist.m3u?mode=dash").await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_users_playlist_becomes_one_that_plays_here() {
    let stage = Stage::fast(|_| {}).await;
    let text = format!(
        "#EXTM3U\r\n#EXTINF:-1 tvg-logo=\"x\",One\r\nacestream://{}\r\n#EXTINF:-1,Two\r\nhttp://h/x.m3u8\r\n",
        stage.ids[0]
    );
    let answer = turn(&stage, "/api/v1/playlists/rewrite?mode=hls", text.clone()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.header("x-playlist-rewritten"), "1");
    assert_eq!(answer.header("x-playlist-kept"), "1");
    assert_eq!(answer.header("x-playlist-not-allowed"), "0");
    let turned = answer.text();
    let root = format!("http://{}", stage.address());
    let entry = turned.lines().find_map(|line| line.strip_prefix(&root));
    let entry = entry.expect("an entry of ours").to_owned();
    assert_eq!(
        turned.replace(
            &format!("{root}{entry}"),
            &format!("acestream://{}", stage.ids[0])
        ),
        text
    );
    Player::enter(stage.address(), &entry).await.poll().await;
}

#[tokio::test]
async fn a_playlist_may_be_long_but_not_endless() {
    let stage = named().await;
    let line = format!("#EXTINF:-1,x\nacestream://{ID}\n");
    let long = line.repeat(10_000);
    let answer = turn(&stage, "/api/v1/playlists/rewrite", long).await;
    assert_eq!(answer.header("x-playlist-rewritten"), "10000");
    let path = "/api/v1/playlists/rewrite";
    let answer = turn(&stage, path, vec![b'#'; (1 << 20) + 1]).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let answer = turn(&stage, path, "").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_playlist_in_a_form_or_compressed_is_refused_and_not_handed_back_in_its_wrapping() {
    let stage = named().await;
    let turn = async |name: &str, value: &str| {
        let body = Bytes::from_static(b"--x\r\n\r\n#EXTM3U\r\n--x--\r\n");
        let path = "/api/v1/playlists/rewrite";
        send(stage.address(), Method::POST, path, &[(name, value)], body).await
    };
    for (name, value) in [
        ("content-type", "multipart/form-data; boundary=x"),
        ("content-encoding", "gzip"),
    ] {
        let answer = turn(name, value).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{value}");
        assert!(answer.text().contains("--data-binary"), "{}", answer.text());
    }
    // What curl says of its own accord.
    let answer = turn("content-type", "application/x-www-form-urlencoded").await;
    assert_eq!(answer.status, StatusCode::OK);
}
