//! An origin's faults, each by what a client sees of it.

use std::io::ErrorKind;
use std::time::Duration;

use simulator::fault::{Endpoint, Http, Listing, Rule};
use simulator::origin::{Options, Origin, Packaging};

use crate::client::{Connection, get, media, now, try_get, uris};

async fn origin() -> Origin {
    Origin::start(Options {
        dates: true,
        ..Options::of(media(1))
    })
    .await
    .unwrap()
}

async fn playlist(origin: &Origin) -> String {
    get(origin.address(), "/live.m3u8").await.text()
}

#[tokio::test]
async fn playlists_are_replaced_by_other_answers() {
    let origin = origin().await;
    let strike = async |fault: Http| {
        origin.faults().next(1, Endpoint::Playlist, fault);
        try_get(origin.address(), "/live.m3u8").await
    };
    assert!(
        strike(Http::Html)
            .await
            .unwrap()
            .text()
            .starts_with("<!DOCTYPE")
    );
    assert_eq!(strike(Http::Empty).await.unwrap().text(), "");
    let headers = vec![("Retry-After".to_owned(), "3".to_owned())];
    let later = Http::Respond {
        status: 503,
        headers,
        body: "wait".into(),
    };
    let response = strike(later).await.unwrap();
    assert_eq!(
        (response.status, response.header("retry-after")),
        (503, Some("3"))
    );
    let typed = strike(Http::ContentType(Some("text/plain".into())))
        .await
        .unwrap();
    assert_eq!(typed.header("content-type"), Some("text/plain"));
    let untyped = strike(Http::ContentType(None)).await.unwrap();
    assert_eq!(untyped.header("content-type"), None);
    let chunked = strike(Http::Chunked).await.unwrap();
    assert_eq!(chunked.header("transfer-encoding"), Some("chunked"));
    let unframed = strike(Http::Unframed).await.unwrap();
    assert_eq!(unframed.header("content-length"), None);
    assert_eq!(unframed.body, chunked.body);
    let closing = strike(Http::NoKeepAlive).await.unwrap();
    assert_eq!(closing.header("connection"), Some("close"));
    let packed = strike(Http::Gzip).await.unwrap();
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert_eq!(packed.body[..2], [0x1f, 0x8b]);
    let inside = strike(Http::StatusLineInside).await.unwrap();
    assert!(inside.text().starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(playlist(&origin).await.starts_with("#EXTM3U\n"));
}

#[tokio::test]
async fn redirects_lead_elsewhere_in_circles_or_home() {
    let (origin, canary) = (origin().await, origin().await);
    origin
        .faults()
        .next(1, Endpoint::Playlist, Http::RedirectTo(canary.address()));
    let response = get(origin.address(), "/live.m3u8?a=b").await;
    let there = format!("http://{}/live.m3u8?a=b", canary.address());
    assert_eq!(
        (response.status, response.header("location")),
        (302, Some(there.as_str()))
    );
    assert_eq!(canary.metrics().requests, 0);
    let chain = origin
        .faults()
        .always(Endpoint::Segment, Http::Redirects(3));
    let mut target = "/segment/0.ts".to_owned();
    for _ in 0..3 {
        let response = get(origin.address(), &target).await;
        target = response.header("location").expect("a redirect").to_owned();
    }
    assert_eq!(get(origin.address(), &target).await.mark().segment, 0);
    origin.faults().remove(chain);
    origin
        .faults()
        .always(Endpoint::Segment, Http::RedirectLoop);
    for _ in 0..30 {
        let response = get(origin.address(), &target).await;
        target = response.header("location").expect("a redirect").to_owned();
    }
}

#[tokio::test]
async fn bodies_and_headers_grow_without_measure() {
    let origin = origin().await;
    let target = "/segment/0.ts";
    origin
        .faults()
        .next(1, Endpoint::Segment, Http::Oversized(20 << 20));
    let large = get(origin.address(), target).await;
    assert_eq!(large.body.len(), 20 << 20);
    origin.faults().next(1, Endpoint::Segment, Http::Endless);
    let mut endless = Connection::open(origin.address()).await.unwrap();
    endless.send("GET", target, "").await.unwrap();
    endless.head().await.unwrap();
    endless.bytes(20 << 20).await.unwrap();
    origin
        .faults()
        .next(1, Endpoint::Playlist, Http::GzipBomb(64 << 20));
    let bomb = get(origin.address(), "/live.m3u8").await;
    assert_eq!(bomb.header("content-encoding"), Some("gzip"));
    assert!(bomb.body.len() < 1 << 20, "{} bytes", bomb.body.len());
    origin
        .faults()
        .next(1, Endpoint::Playlist, Http::EndlessHeader);
    let mut header = Connection::open(origin.address()).await.unwrap();
    header.send("GET", "/live.m3u8", "").await.unwrap();
    let header = String::from_utf8(header.bytes(100_000).await.unwrap()).unwrap();
    assert!(!header.contains("\r\n\r\n"));
}

#[tokio::test(start_paused = true)]
async fn a_header_trickles() {
    let origin = origin().await;
    let pause = Duration::from_secs(1);
    origin
        .faults()
        .next(1, Endpoint::Playlist, Http::SlowHeader(pause));
    let before = now();
    let response = get(origin.address(), "/live.m3u8").await;
    assert_eq!(before.elapsed().as_secs(), response.head.len() as u64);
}

#[tokio::test(start_paused = true)]
async fn a_body_stalls_in_the_middle_and_goes_on_or_not() {
    let origin = origin().await;
    let target = "/segment/0.ts";
    let lasting = Some(Duration::from_secs(12));
    origin.faults().next(
        1,
        Endpoint::Segment,
        Http::Silence {
            after: 5000,
            lasting,
        },
    );
    let before = now();
    assert_eq!(get(origin.address(), target).await.mark().segment, 0);
    assert_eq!(before.elapsed().as_secs(), 12);
    let silence = Http::Silence {
        after: 5000,
        lasting: None,
    };
    origin.faults().next(1, Endpoint::Segment, silence);
    let mut connection = Connection::open(origin.address()).await.unwrap();
    connection.send("GET", "/segment/12.ts", "").await.unwrap();
    assert_eq!(connection.head().await.unwrap().0, 200);
    connection.bytes(5000).await.unwrap();
    let more = tokio::time::timeout(Duration::from_hours(1), connection.bytes(1)).await;
    assert!(more.is_err());
}

#[tokio::test]
async fn lists_are_odd_and_end_and_come_back() {
    let origin = origin().await;
    let struck = async |fault: Listing| {
        origin.faults().next(1, Endpoint::Playlist, fault);
        playlist(&origin).await
    };
    assert!(struck(Listing::Endlist).await.contains("#EXT-X-ENDLIST"));
    assert!(!playlist(&origin).await.contains("#EXT-X-ENDLIST"));
    assert!(struck(Listing::Bom).await.starts_with('\u{feff}'));
    assert!(struck(Listing::Crlf).await.contains("#EXTM3U\r\n"));
    let prefixed = struck(Listing::Prefix("http://127.0.0.1:1".into())).await;
    assert!(uris(&prefixed)[0].starts_with("http://127.0.0.1:1/segment/"));
    assert!(10 << 20 <= struck(Listing::Oversized(10 << 20)).await.len());
    origin.faults().always(Endpoint::Playlist, Listing::Flap(3));
    let newest = async || {
        uris(&playlist(&origin).await)
            .last()
            .map(|uri| (*uri).to_owned())
    };
    let pair = [newest().await, newest().await];
    assert!(pair.contains(&Some("/segment/6.ts".to_owned())), "{pair:?}");
}

#[tokio::test(start_paused = true)]
async fn dates_go_back_and_numbers_repeat() {
    let origin = origin().await;
    let last_date = async || {
        let text = playlist(&origin).await;
        let mut dates = text
            .lines()
            .filter_map(|line| line.strip_prefix("#EXT-X-PROGRAM-DATE-TIME:"));
        dates.next_back().unwrap().to_owned()
    };
    let before = last_date().await;
    origin
        .faults()
        .add(Listing::DateBack(Duration::from_hours(1)));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(last_date().await < before);
    origin.faults().add(Listing::Duplicate);
    tokio::time::sleep(Duration::from_secs(1)).await;
    playlist(&origin).await;
    let twice = [10, 11].map(|number| format!("/segment/{number}.ts"));
    assert_eq!(get(origin.address(), &twice[0]).await.mark().segment, 10);
    assert_eq!(get(origin.address(), &twice[1]).await.mark().segment, 10);
    origin.faults().add(Listing::Rewrite);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(get(origin.address(), &twice[1]).await.mark().segment, 11);
}

#[tokio::test(start_paused = true)]
async fn keys_rotate_and_are_refused() {
    let options = Options {
        packaging: Packaging::Encrypted,
        ..Options::of(media(1))
    };
    let origin = Origin::start(options).await.unwrap();
    origin.faults().add(Listing::RotateKey);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let list = playlist(&origin).await;
    assert!(
        list.contains("/key/0.key") && list.contains("/key/1.key"),
        "{list}"
    );
    origin.faults().always(Endpoint::Key, Http::Status(403));
    assert_eq!(get(origin.address(), "/key/1.key").await.status, 403);
}

#[tokio::test]
async fn an_origin_crashes_while_its_media_goes_on() {
    let origin = origin().await;
    playlist(&origin).await;
    let rule = Rule::new(Http::Hang).on(Endpoint::Segment).times(1);
    let hang = origin.faults().add(rule);
    let mut held = Connection::open(origin.address()).await.unwrap();
    held.send("GET", "/segment/0.ts", "").await.unwrap();
    origin.faults().until_used(hang, 1).await;
    origin.crash(Duration::ZERO);
    assert_eq!(
        held.rest().await.unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
    while try_get(origin.address(), "/live.m3u8").await.is_err() {
        tokio::task::yield_now().await;
    }
    assert!(
        playlist(&origin)
            .await
            .contains("#EXT-X-MEDIA-SEQUENCE:0\n")
    );
}
