//! The shapes of an origin's answers when nothing is wrong.

use std::time::Duration;

use simulator::media::check;
use simulator::origin::{self, Options, Origin, Packaging};

use crate::client::{Connection, get, media, now, uris};

async fn origin(packaging: Packaging) -> Origin {
    Origin::start(Options {
        packaging,
        ..Options::of(media(1))
    })
    .await
    .unwrap()
}

async fn playlist(origin: &Origin) -> String {
    get(origin.address(), "/live.m3u8").await.text()
}

#[tokio::test(start_paused = true)]
async fn a_live_playlist_is_full_at_once_and_slides() {
    let origin = origin(Packaging::Plain).await;
    assert_eq!(
        origin.url(),
        format!("http://{}/live.m3u8", origin.address())
    );
    let first = playlist(&origin).await;
    assert_eq!(uris(&first).len(), 10);
    assert!(first.contains("#EXT-X-MEDIA-SEQUENCE:0\n"));
    assert_eq!(uris(&first)[9], "/segment/9.ts");
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert!(
        playlist(&origin)
            .await
            .contains("#EXT-X-MEDIA-SEQUENCE:20\n")
    );
    assert_eq!(
        get(origin.address(), "/segment/29.ts").await.mark().segment,
        29
    );
    assert_eq!(get(origin.address(), "/segment/14.ts").await.status, 404);
}

#[tokio::test]
async fn a_multivariant_playlist_leads_to_media() {
    let options = Options {
        multivariant: true,
        dates: true,
        absolute: true,
        ..Options::of(media(1))
    };
    let origin = Origin::start(options).await.unwrap();
    let master = playlist(&origin).await;
    assert!(master.contains("#EXT-X-STREAM-INF"));
    assert_eq!(uris(&master), ["low.m3u8", "high.m3u8"]);
    let list = get(origin.address(), "/high.m3u8").await.text();
    assert!(list.contains("#EXT-X-PROGRAM-DATE-TIME:20"), "{list}");
    assert_eq!(
        uris(&list)[0],
        format!("http://{}/segment/0.ts", origin.address())
    );
    let metrics = origin.metrics();
    assert_eq!((metrics.multivariants, metrics.playlists), (1, 1));
}

#[tokio::test]
async fn encrypted_segments_open_with_the_key_of_the_list() {
    let origin = origin(Packaging::Encrypted).await;
    let list = playlist(&origin).await;
    assert!(
        list.contains("#EXT-X-KEY:METHOD=AES-128,URI=\"/key/0.key\"\n"),
        "{list}"
    );
    assert_eq!(list.matches("#EXT-X-KEY").count(), 1);
    let key = get(origin.address(), "/key/0.key").await.body;
    let key: [u8; 16] = key.try_into().unwrap();
    let secret = get(origin.address(), "/segment/3.ts").await.body;
    assert!(check(&secret).is_err());
    let plain = origin::decrypt(&key, 3, &secret).unwrap();
    assert_eq!(check(&plain).unwrap().segment, 3);
    assert_eq!(origin.metrics().keys, 1);
}

#[tokio::test]
async fn fragments_follow_an_initialisation_section() {
    let origin = origin(Packaging::Fragmented).await;
    let list = playlist(&origin).await;
    assert!(list.contains("#EXT-X-MAP:URI=\"/init.mp4\"\n"), "{list}");
    assert_eq!(
        get(origin.address(), "/init.mp4").await.body[4..8],
        *b"ftyp"
    );
    assert_eq!(
        get(origin.address(), uris(&list)[0]).await.body[4..8],
        *b"styp"
    );
}

#[tokio::test]
async fn ranges_of_one_file_are_segments() {
    let origin = origin(Packaging::Ranges).await;
    let list = playlist(&origin).await;
    let range = list
        .lines()
        .filter_map(|line| line.strip_prefix("#EXT-X-BYTERANGE:"))
        .nth(2);
    let (length, offset) = range.unwrap().split_once('@').unwrap();
    let (length, offset): (u64, u64) = (length.parse().unwrap(), offset.parse().unwrap());
    let field = format!("Range: bytes={offset}-{}\r\n", offset + length - 1);
    let mut connection = Connection::open(origin.address()).await.unwrap();
    connection
        .send("GET", uris(&list)[2], &field)
        .await
        .unwrap();
    let response = connection.response().await.unwrap();
    assert_eq!((response.status, response.mark().segment), (206, 2));
    assert_eq!(get(origin.address(), uris(&list)[2]).await.status, 416);
    assert_eq!(origin.metrics().fetches(2), 1);
}

#[tokio::test(start_paused = true)]
async fn a_load_origin_has_a_first_byte_delay_and_a_pace() {
    let options = Options {
        first_byte: Duration::from_millis(50),
        bytes_per_second: Some(94_000),
        ..Options::of(media(1))
    };
    let origin = Origin::start(options).await.unwrap();
    let mut connection = Connection::open(origin.address()).await.unwrap();
    for number in 0..5 {
        let before = now();
        connection
            .send("GET", &format!("/segment/{number}.ts"), "")
            .await
            .unwrap();
        let response = connection.response().await.unwrap();
        assert_eq!(response.mark().segment, number);
        assert_eq!(response.header("content-length"), Some("18800"));
        let took = before.elapsed().as_millis();
        assert!((240..300).contains(&took), "{took} ms");
    }
    assert_eq!(origin.metrics().connections, 1);
}

#[tokio::test(start_paused = true)]
async fn a_continuous_body_runs_beside_the_playlist() {
    let origin = origin(Packaging::Plain).await;
    let mut connection = Connection::open(origin.address()).await.unwrap();
    connection.send("GET", "/live.ts", "").await.unwrap();
    let (status, head) = connection.head().await.unwrap();
    assert_eq!((status, head.contains("video/mp2t")), (200, true));
    for number in 0..4 {
        let bytes = connection.bytes(188 * 100).await.unwrap();
        assert_eq!(check(&bytes).unwrap().segment, number);
    }
    assert_eq!(origin.metrics().readers_all(), 1);
    drop(connection);
    origin.until(|metrics| metrics.readers_all() == 0).await;
}
