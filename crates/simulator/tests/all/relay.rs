//! A plain source of one continuous body, in every dress and with every fault that sources have.

use std::num::NonZeroUsize;
use std::time::Duration;

use simulator::fault::{Ending, Endpoint, Http};
use simulator::media::{ContinuousCheck, Flaw, Media, check};
use simulator::relay::{Framing, Options, Packets, Relay};

use crate::client::{Connection, media, now, try_get};

const SEGMENT_BYTES: usize = 188 * 100;

/// As fast as it is read.
fn fast() -> Options {
    Options {
        burst: u64::MAX,
        ..Options::of(media(1))
    }
}

async fn relay(options: Options) -> Relay {
    Relay::start(options).await.unwrap()
}

/// A connection behind the head of the answer.
async fn listen(relay: &Relay) -> (Connection, String) {
    let mut connection = Connection::open(relay.address()).await.unwrap();
    connection.send("GET", "/live", "").await.unwrap();
    let (status, head) = connection.head().await.unwrap();
    assert_eq!(status, 200, "{head}");
    (connection, head.to_lowercase())
}

/// The first bytes of the body as they come over the wire.
async fn beginning(options: Options, bytes: usize) -> (String, Vec<u8>) {
    let relay = relay(options).await;
    let (mut connection, head) = listen(&relay).await;
    (head, connection.bytes(bytes).await.unwrap())
}

fn assert_media(body: &[u8], segments: u64) {
    let mut check = ContinuousCheck::default();
    check.feed(body);
    let report = check.report();
    assert!(report.is_clean() && report.tables_first, "{report:?}");
    assert_eq!(report.whole_segments, segments);
}

#[tokio::test]
async fn a_body_is_media_without_a_hole_and_ends_with_its_connection() {
    let relay = relay(fast()).await;
    let (mut connection, head) = listen(&relay).await;
    assert!(head.contains("content-type: video/mp2t"), "{head}");
    assert!(
        !head.contains("length") && !head.contains("chunked"),
        "{head}"
    );
    assert_media(&connection.bytes(SEGMENT_BYTES * 9).await.unwrap(), 9);
    let ending = Ending::Fin;
    relay
        .faults()
        .next(1, Endpoint::Stream, Http::Cut { after: 0, ending });
    connection.rest().await.unwrap();
    relay.until(|metrics| metrics.readers_all() == 0).await;
    assert_eq!(relay.metrics().streams, 1);
}

#[tokio::test]
async fn another_path_is_nothing() {
    let relay = relay(fast()).await;
    let answer = try_get(relay.address(), "/live.m3u8").await.unwrap();
    assert_eq!(answer.status, 404);
    assert_eq!(relay.metrics().streams, 0);
}

#[tokio::test]
async fn a_relay_answers_like_a_radio_server_or_without_a_type() {
    let icy = Options {
        icy: true,
        ..fast()
    };
    let (head, body) = beginning(icy, SEGMENT_BYTES).await;
    assert!(head.starts_with("icy 200 ok\r\n"), "{head}");
    assert_media(&body, 1);
    let nameless = Options {
        content_type: None,
        ..fast()
    };
    let (head, _) = beginning(nameless, 1).await;
    assert!(!head.contains("content-type"), "{head}");
}

#[tokio::test]
async fn a_body_is_chunked_and_each_write_as_small_as_wanted() {
    for size in [1, 7, 189] {
        let options = Options {
            framing: Framing::Chunked,
            write_bytes: NonZeroUsize::new(size),
            ..fast()
        };
        let digits = format!("{size:x}\r\n");
        let mut body = Vec::new();
        let chunk = digits.len() + size + 2;
        let (_, wire) = beginning(options, chunk * (1316 / size)).await;
        for chunk in wire.chunks(chunk) {
            assert_eq!(&chunk[..digits.len()], digits.as_bytes());
            body.extend_from_slice(&chunk[digits.len()..digits.len() + size]);
        }
        let mut check = ContinuousCheck::default();
        check.feed(&body);
        assert!(check.report().is_clean(), "{:?}", check.report());
    }
}

#[tokio::test]
async fn a_length_is_said_that_is_none() {
    for length in [1_000, 10_000_000] {
        let options = Options {
            framing: Framing::Length(length),
            ..fast()
        };
        let (head, body) = beginning(options, SEGMENT_BYTES).await;
        assert!(
            head.contains(&format!("content-length: {length}\r\n")),
            "{head}"
        );
        assert_media(&body, 1);
    }
}

#[tokio::test]
async fn packets_come_with_times_or_with_parity() {
    for (packets, stride, at) in [(Packets::Timed, 192, 4), (Packets::WithParity, 204, 0)] {
        let options = Options { packets, ..fast() };
        let (_, body) = beginning(options, stride * 100).await;
        let plain: Vec<u8> = body
            .chunks(stride)
            .flat_map(|packet| packet[at..at + 188].to_vec())
            .collect();
        assert_media(&plain, 1);
    }
}

#[tokio::test]
async fn a_body_begins_inside_a_packet_and_behind_a_key_frame() {
    let skip = 188 * 30 + 77;
    let (_, body) = beginning(Options { skip, ..fast() }, SEGMENT_BYTES).await;
    let whole = [media(1).segment(0), media(1).segment(1)].concat();
    assert!(body == whole[skip..skip + SEGMENT_BYTES]);
}

#[tokio::test]
async fn titles_stand_between_the_media_though_nobody_asked() {
    let options = Options {
        titles: NonZeroUsize::new(1_000),
        ..fast()
    };
    let (head, body) = beginning(options, 40_000).await;
    assert!(head.contains("icy-metaint: 1000\r\n"), "{head}");
    let (mut media, mut rest, mut titles) = (Vec::new(), &body[..], 0);
    while 2_000 < rest.len() {
        media.extend_from_slice(&rest[..1_000]);
        let title = usize::from(rest[1_000]) * 16;
        titles += usize::from(rest[1_001..].starts_with(b"StreamTitle="));
        rest = &rest[1_001 + title..];
    }
    assert!(10 < titles);
    let mut check = ContinuousCheck::default();
    check.feed(&media);
    assert!(check.report().is_clean(), "{:?}", check.report());
}

#[tokio::test(start_paused = true)]
async fn a_body_goes_at_its_pace_in_pieces_of_the_wanted_length() {
    let options = Options {
        burst: SEGMENT_BYTES as u64,
        piece: Some(Duration::from_millis(10)),
        write_bytes: None,
        framing: Framing::Chunked,
        ..Options::of(media(1))
    };
    let relay = relay(options).await;
    let (mut connection, _) = listen(&relay).await;
    let before = now();
    // A hundredth of a segment is one packet.
    let chunk = "bc\r\n".len() + 188 + 2;
    let burst = connection.bytes(chunk * 100).await.unwrap();
    assert!(
        burst
            .chunks(chunk)
            .all(|chunk| chunk.starts_with(b"bc\r\n"))
    );
    assert!(before.elapsed() < Duration::from_millis(50));
    connection.bytes(chunk * 300).await.unwrap();
    let took = before.elapsed();
    assert!((2_900..3_100).contains(&took.as_millis()), "{took:?}");
}

#[tokio::test]
async fn a_body_is_reset_falls_silent_or_is_none_on_command() {
    let relay = relay(fast()).await;
    let faults = relay.faults();
    for body in ["just text", "{\"error\":\"no\"}", "<html></html>"] {
        faults.next(1, Endpoint::Stream, Http::Replace(body.into()));
        let (mut connection, _) = listen(&relay).await;
        assert_eq!(connection.rest().await.unwrap(), body.as_bytes());
    }
    let (mut connection, _) = listen(&relay).await;
    connection.bytes(SEGMENT_BYTES).await.unwrap();
    let lasting = None;
    let silence = faults.next(1, Endpoint::Stream, Http::Silence { after: 0, lasting });
    let (reading, silent) = (connection.rest(), faults.until_used(silence, 1));
    let heard = tokio::time::timeout(Duration::from_secs(10), async {
        tokio::select! {
            _ = reading => panic!("it ended"),
            () = silent => {}
        }
    });
    heard.await.expect("it falls silent");
    let (mut other, _) = listen(&relay).await;
    let ending = Ending::Reset;
    faults.next(1, Endpoint::Stream, Http::Cut { after: 0, ending });
    assert!(other.rest().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_listener_joins_what_is_sent_at_the_moment() {
    let relay = relay(Options::of(media(1))).await;
    tokio::time::sleep(Duration::from_millis(5_500)).await;
    let (mut connection, _) = listen(&relay).await;
    let bytes = connection.bytes(SEGMENT_BYTES).await.unwrap();
    assert_eq!(check(&bytes).map(|mark| mark.segment), Ok(5));
}

#[tokio::test]
async fn media_of_every_flaw_is_sent() {
    for flaw in [Flaw::NoPat, Flaw::NoKeyFrame, Flaw::NoClock, Flaw::NoVideo] {
        let media = Media::clip(0).flawed(flaw);
        let first = media.segment(0);
        let options = Options {
            burst: u64::MAX,
            ..Options::of(media)
        };
        let (_, body) = beginning(options, first.len()).await;
        assert!(body == first, "{flaw:?}");
    }
}
