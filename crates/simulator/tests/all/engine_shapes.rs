//! The shapes of the engine's answers when nothing is wrong.

use std::time::Duration;

use serde_json::json;
use simulator::engine::{Engine, Options};

use crate::client::{
    Connection, channel, engine, get, now, options, path, start_hls, stat, try_get, uris,
};

#[tokio::test]
async fn a_start_in_json_names_its_addresses_by_the_host_that_was_asked() {
    let engine = engine().await;
    let mut connection = Connection::open(engine.address()).await.unwrap();
    let id = channel(1).content_id;
    let target = format!("/ace/manifest.m3u8?id={id}&format=json&pid=one&use_api_events=1");
    let request = format!("GET {target} HTTP/1.1\r\nHost: engine:6878\r\n\r\n");
    connection.raw(&request).await.unwrap();
    let response = connection.response().await.unwrap();
    assert_eq!(response.status, 200);
    assert!(!response.text().contains(": "), "compact JSON");
    let json = response.json();
    let infohash = channel(1).infohash;
    let token = "f97c5d29941bfb1b2fdab0874906ab82"; // md5("one")
    let response = &json["response"];
    let base = "http://engine:6878/ace";
    assert_eq!(
        response["playback_url"],
        json!(format!("{base}/m/{infohash}/{token}.m3u8"))
    );
    assert_eq!(
        response["stat_url"],
        json!(format!("{base}/stat/{infohash}/{token}"))
    );
    assert_eq!(
        response["command_url"],
        json!(format!("{base}/cmd/{infohash}/{token}"))
    );
    assert_eq!(
        response["event_url"],
        json!(format!("{base}/event/{infohash}/{token}"))
    );
    assert_eq!(response["infohash"], json!(infohash));
    assert_eq!(response["is_live"], json!(1));
    assert_eq!(
        response["playback_session_id"].as_str().map(str::len),
        Some(40)
    );
    assert_eq!(json["error"], json!(null));
}

#[tokio::test]
async fn a_redirect_has_no_length_and_its_connection_stays_open() {
    let engine = engine().await;
    let mut connection = Connection::open(engine.address()).await.unwrap();
    let target = format!("/ace/manifest.m3u8?id={}", channel(1).content_id);
    connection.send("GET", &target, "").await.unwrap();
    let (status, head) = connection.head().await.unwrap();
    assert_eq!(status, 302);
    let lower = head.to_lowercase();
    assert!(
        !lower.contains("content-length") && !lower.contains("transfer-encoding"),
        "{head}"
    );
    assert!(!lower.contains("connection: close"), "{head}");
    let location = head
        .lines()
        .find_map(|line| line.strip_prefix("location: "))
        .unwrap();
    // Without a pid, the player is the address of the client.
    assert!(
        location.ends_with("/f528764d624db129b32c21fbca0cb8d6.m3u8"),
        "{location}"
    );
    let body = format!("Redirect to {location}");
    assert_eq!(connection.bytes(body.len()).await.unwrap(), body.as_bytes());
    assert_eq!(get(engine.address(), path(location)).await.status, 200);
    assert_eq!(
        engine.metrics().connections_open,
        2,
        "the redirect is not closed"
    );
    drop(connection);
    engine.until(|metrics| metrics.connections_open == 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_playlist_grows_slides_and_names_segments_that_last_a_little_longer() {
    let engine = engine().await;
    let started = start_hls(&engine, 1, "p").await;
    let first = get(engine.address(), &started.playback).await;
    assert_eq!(
        first.header("content-type"),
        Some("application/vnd.apple.mpegurl")
    );
    let infohash = channel(1).infohash;
    let base = format!("{}/ace/c/{infohash}", engine.url());
    let expected = format!(
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:0\n\
         #EXTINF:1.000000,\n{base}/0.ts\n#EXTINF:1.000000,\n{base}/1.ts\n\
         #EXTINF:1.000000,\n{base}/2.ts\n"
    );
    assert_eq!(first.text(), expected);
    tokio::time::sleep(Duration::from_secs(30)).await;
    let later = get(engine.address(), &started.playback).await.text();
    assert_eq!(uris(&later).len(), 17);
    assert!(later.contains("#EXT-X-MEDIA-SEQUENCE:16\n"), "{later}");
    let of = |number: u64| format!("/ace/c/{infohash}/{number}.ts");
    assert_eq!(get(engine.address(), &of(13)).await.mark().segment, 13);
    let gone = get(engine.address(), &of(12)).await;
    assert_eq!(
        (gone.status, gone.text().as_str()),
        (404, "download not found")
    );
    assert_eq!(
        get(engine.address(), &of(33)).await.status,
        404,
        "not there yet"
    );
    let metrics = engine.metrics();
    assert_eq!(
        (metrics.fetches(13), metrics.fetches(12), metrics.playlists),
        (1, 1, 2)
    );
}

#[tokio::test(start_paused = true)]
async fn a_session_is_idle_then_prebuffers_then_downloads() {
    let options = Options {
        prebuf: Duration::from_secs(8),
        ..options()
    };
    let engine = Engine::start(Options {
        idle: Duration::from_secs(1),
        ..options
    })
    .await
    .unwrap();
    let started = start_hls(&engine, 1, "p").await;
    assert_eq!(
        stat(&engine, &started).await,
        json!({"response": {}, "error": null})
    );
    let idle = stat(&engine, &started).await;
    assert_eq!(idle["response"]["status"], "idle");
    assert!(idle["response"].get("peers").is_none());
    tokio::time::sleep(Duration::from_secs(2)).await;
    let prebuf = stat(&engine, &started).await;
    assert_eq!(prebuf["response"]["status"], "prebuf");
    assert!(prebuf["response"].get("livepos").is_none());
    // The playlist is not answered, not even by a header, until there is media.
    let before = now();
    assert_eq!(get(engine.address(), &started.playback).await.status, 200);
    assert!(Duration::from_secs(5) < before.elapsed());
    let dl = stat(&engine, &started).await;
    assert_eq!(dl["response"]["status"], "dl");
    assert!(dl["response"]["peers"].as_u64() > Some(0));
    assert!(dl["response"]["livepos"]["last_ts"].is_string());
    let downloaded = dl["response"]["downloaded"].as_u64().unwrap();
    assert_eq!(downloaded % 16_384, 0);
    tokio::time::sleep(Duration::from_secs(20)).await;
    let later = stat(&engine, &started).await;
    assert!(Some(downloaded) < later["response"]["downloaded"].as_u64());
    assert_ne!(
        dl["response"]["livepos"]["last_ts"],
        later["response"]["livepos"]["last_ts"]
    );
}

#[tokio::test]
async fn an_infohash_is_an_id_only_after_its_content_was_loaded() {
    let engine = engine().await;
    let infohash = channel(1).infohash;
    let by_id = format!("/ace/manifest.m3u8?format=json&pid=a&id={infohash}");
    let failed = json!({"response": null, "error": "failed to load content"});
    let response = get(engine.address(), &by_id).await;
    assert_eq!((response.status, response.json()), (200, failed));
    let by_infohash = format!("/ace/manifest.m3u8?format=json&pid=a&infohash={infohash}");
    assert_eq!(
        get(engine.address(), &by_infohash).await.json()["error"],
        json!(null)
    );
    assert_eq!(
        get(engine.address(), &by_id).await.json()["error"],
        json!(null)
    );
    let magnet = format!("/ace/getstream?format=json&pid=a&magnet=magnet:?xt=urn:btih:{infohash}");
    assert_eq!(
        get(engine.address(), &magnet).await.json()["error"],
        json!(null)
    );
    assert_eq!(engine.metrics().starts_of(&infohash), 3);
    assert_eq!(engine.metrics().starts_failed, 1);
}

#[tokio::test]
async fn a_start_without_content_fails_with_a_status_in_redirect_mode_alone() {
    let engine = engine().await;
    let json = get(engine.address(), "/ace/getstream?format=json").await;
    assert_eq!(
        (json.status, json.json()["error"].clone()),
        (200, json!("missing content id"))
    );
    assert_eq!(get(engine.address(), "/ace/getstream").await.status, 500);
    assert_eq!(
        get(engine.address(), "/ace/getstream?id=beef").await.status,
        500
    );
}

#[tokio::test]
async fn the_service_api_answers_in_its_own_envelope() {
    let engine = engine().await;
    let ask = async |target: &str| get(engine.address(), target).await.json();
    let version = ask("/webui/api/service?method=get_version").await;
    assert_eq!(version["result"]["version"], "3.2.11");
    assert_eq!(version["result"]["code"], 3_021_100);
    assert_eq!(
        ask("/server/api?method=get_version").await["error"],
        "access denied"
    );
    let status = ask("/server/api?api_version=3&method=get_status").await;
    assert_eq!(status["result"]["version"]["platform"], "linux");
    let network = "/server/api?api_version=3&method=get_network_connection_status";
    assert_eq!(ask(network).await["result"]["connected"], true);
    let id = channel(2).content_id;
    let files = format!("/server/api?api_version=3&method=get_media_files&content_id={id}");
    let files = ask(&files).await;
    assert_eq!(files["result"]["infohash"], json!(channel(2).infohash));
    let unknown = ask("/server/api?api_version=3&method=get_media_files&content_id=x").await;
    assert_eq!(unknown["error"]["message"], "cannot get transport file");
    let jsonp = "/webui/api/service?method=get_version&format=jsonp&callback=cb";
    let jsonp = get(engine.address(), jsonp).await.text();
    assert!(
        jsonp.starts_with("cb({") && jsonp.ends_with("});"),
        "{jsonp}"
    );
    assert_eq!(ask("/search?query=channel%202").await["result"]["total"], 1);
    assert_eq!(engine.metrics().sessions, 0, "none of this opens a session");
}

#[tokio::test]
async fn what_clients_should_not_do_is_counted() {
    let engine = engine().await;
    let started = start_hls(&engine, 1, "p").await;
    get(engine.address(), &started.playback).await;
    let mut connection = Connection::open(engine.address()).await.unwrap();
    connection
        .send("HEAD", &started.playback, "")
        .await
        .unwrap();
    assert_eq!(connection.head().await.unwrap().0, 501);
    let segment = format!("/ace/c/{}/0.ts", channel(1).infohash);
    let fields = "Accept-Encoding: gzip\r\nRange: bytes=0-\r\n";
    connection.send("GET", &segment, fields).await.unwrap();
    assert_eq!(connection.response().await.unwrap().mark().segment, 0);
    let metrics = engine.metrics();
    assert_eq!(
        (metrics.heads, metrics.ranges, metrics.encodings),
        (1, 1, 1)
    );
    assert_eq!(metrics.log.back().unwrap().target, segment);
    assert_eq!(metrics.connections, 3, "a connection is used again");
    assert!(18_800 <= metrics.bytes);
}

#[tokio::test]
async fn an_engine_that_is_dropped_is_gone() {
    let engine = engine().await;
    let address = engine.address();
    let mut connection = Connection::open(address).await.unwrap();
    connection
        .send("GET", "/webui/api/service?method=get_version", "")
        .await
        .unwrap();
    connection.response().await.unwrap();
    engine.stop().await;
    assert!(try_get(address, "/").await.is_err());
    assert!(connection.rest().await.is_ok_and(|rest| rest.is_empty()));
}
