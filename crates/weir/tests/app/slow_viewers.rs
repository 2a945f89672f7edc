//! Viewers who stop reading, go away half-way or hold connections: they cost themselves, nobody else.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;
use simulator::engine::{Channel, Options};
use simulator::fault::Listing;
use simulator::media::{Marked, Media};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use weir::clock::Clock;

use crate::raw::{get, say};
use crate::stage::{Stage, eventually, fast, fast_engine};
use crate::undisturbed::{undisturbed, viewer_of};
use crate::watcher::Watcher;

/// Larger than everything that systems buffer between two sockets here.
const SEGMENT_BYTES: usize = 4 << 20;

/// What the system buffers for a reader who does not read.
const RECEIVED_MAX: u32 = 16 << 10;

/// An engine whose first channel has large segments.
fn heavy_engine() -> Options {
    let mut options = fast_engine();
    let media = Media::marked(Marked {
        stream: 1,
        duration: Duration::from_millis(500),
        bytes: SEGMENT_BYTES,
    });
    options.channels[0] = Channel::numbered(1, media);
    options
}

/// A stage of large segments where a viewer may stop reading for so long.
pub(crate) async fn heavy(stall_max: Duration) -> (Stage, Watcher) {
    let stage = Stage::with(heavy_engine(), |config| {
        fast(config);
        config.settings.stream_timeout = stall_max;
        config.viewer_idle = Duration::from_secs(3);
    })
    .await;
    let watcher = viewer_of(&stage, 0).await;
    (stage, watcher)
}

/// The path of a segment that is listed now, with its viewer's token.
pub(crate) async fn newest(watcher: &Watcher) -> String {
    let list = watcher.player.poll().await;
    let uri = &list.segments.last().expect("a segment").uri;
    let (folder, _) = watcher.player.media.rsplit_once('/').expect("a path");
    format!("{folder}/{uri}")
}

/// A connection on which a path was asked for, and nothing was read.
pub(crate) async fn unread(address: SocketAddr, path: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket
        .set_recv_buffer_size(RECEIVED_MAX)
        .expect("a small buffer");
    let mut stream = socket.connect(address).await.expect("a connection");
    let request = get(path);
    stream.write_all(request.as_bytes()).await.expect("sent");
    stream
}

pub(crate) async fn until_tasks(stage: &Stage, most: usize) {
    eventually("tasks have ended", async || {
        (stage.weir.tasks() <= most).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_who_stops_reading_is_dropped_in_time_and_delays_nobody() {
    let stall_max = Duration::from_secs(2);
    let (stage, mut watcher) = heavy(stall_max).await;
    until_tasks(&stage, 2).await;
    let path = newest(&watcher).await;
    let stalled = join_all((0..10).map(|_| unread(stage.address(), &path))).await;
    let clock = Clock::start();
    eventually("all are being served", async || {
        (12 <= stage.weir.tasks()).then_some(())
    })
    .await;
    undisturbed(&mut watcher, async {
        until_tasks(&stage, 3).await;
        let waited = clock.now().0;
        assert!(
            stall_max < waited + Duration::from_millis(500),
            "{waited:?}"
        );
        assert!(waited < stall_max * 3, "{waited:?}");
    })
    .await;
    for mut stream in stalled {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        assert!(rest.len() < SEGMENT_BYTES, "it had got everything");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_who_reads_slowly_but_reads_gets_everything() {
    let stall_max = Duration::from_millis(500);
    let (stage, watcher) = heavy(stall_max).await;
    let path = newest(&watcher).await;
    let mut stream = unread(stage.address(), &path).await;
    let clock = Clock::start();
    let mut ticks = tokio::time::interval(stall_max / 10);
    let mut piece = vec![0; SEGMENT_BYTES / 32];
    let mut got = 0;
    loop {
        ticks.tick().await;
        match stream.read(&mut piece).await.expect("a connection") {
            0 => break,
            bytes => got += bytes,
        }
        // The rest may come faster.
        if stall_max * 4 < clock.now().0 {
            ticks = tokio::time::interval(Duration::from_millis(1));
        }
    }
    assert!(stall_max * 2 < clock.now().0, "it was not slow");
    assert!(SEGMENT_BYTES - 1_000 < got, "{got}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn downloads_that_are_broken_off_leave_nothing_and_are_counted() {
    let (stage, mut watcher) = heavy(Duration::from_secs(60)).await;
    until_tasks(&stage, 2).await;
    let sent = |state: &Value| {
        state["channels"][0]["bytes_out"]
            .as_u64()
            .unwrap_or_default()
    };
    let list = watcher.player.poll().await;
    let path = newest(&watcher).await;
    let before = stage.status().await;
    let broken_off = async || {
        let mut stream = unread(stage.address(), &path).await;
        let mut some = vec![0; 10_000];
        stream.read_exact(&mut some).await.expect("some bytes");
    };
    join_all((0..40).map(|_| broken_off())).await;
    until_tasks(&stage, 2).await;
    let after = stage.status().await;
    let counted = sent(&after) - sent(&before);
    assert!(40 * 10_000 <= counted, "{counted}");
    assert!(counted < 40 * SEGMENT_BYTES as u64, "{counted}");
    assert_eq!(after["channels"][0]["viewers"], 1, "{after:#}");
    watcher.more(list.segments.len()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_connections_are_served_than_allowed_and_a_place_that_is_freed_is_given_on() {
    let stage = Stage::fast(|config| config.connections_max = 4).await;
    let open = async || {
        let mut stream = TcpStream::connect(stage.address()).await.expect("queued");
        let request = "GET /version HTTP/1.1\r\nHost: weir\r\n\r\n";
        stream.write_all(request.as_bytes()).await.expect("sent");
        stream
    };
    let mut byte = [0];
    let mut served = Vec::new();
    for _ in 0..4 {
        let mut stream = open().await;
        stream.read_exact(&mut byte).await.expect("an answer");
        served.push(stream);
    }
    let mut fifth = open().await;
    let early = tokio::time::timeout(Duration::from_millis(300), fifth.read(&mut byte)).await;
    assert!(early.is_err(), "a fifth was served");
    assert_eq!(stage.weir.tasks(), 5);
    drop(served.pop());
    fifth
        .read_exact(&mut byte)
        .await
        .expect("an answer at last");
    drop((served, fifth));
    let mut watcher = viewer_of(&stage, 0).await;
    watcher.more(2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_sent_in_one_go_are_answered_in_order_on_one_connection() {
    let stage = Stage::fast(|_| {}).await;
    let watcher = viewer_of(&stage, 0).await;
    until_tasks(&stage, 2).await;
    let kept = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: weir\r\n\r\n");
    let media = &watcher.player.media;
    let path = newest(&watcher).await;
    let requests = [
        kept("/version"),
        kept(media),
        kept(&path),
        kept("/nothing"),
        kept("/ace/getstream?id=bad"),
        get("/version"),
    ];
    let said = say(stage.address(), requests.concat()).await;
    assert_eq!(said.statuses(), [200, 200, 200, 404, 400, 200]);
    let text = said.text();
    let order = [
        "\"weir\"",
        "#EXTM3U",
        "video/mp2t",
        "nothing at",
        "neither 40",
    ];
    let places = order.map(|part| text.find(part).expect(part));
    assert!(places.is_sorted(), "{places:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_who_waits_for_a_channel_and_goes_leaves_nothing() {
    let options = Options {
        initial: 2,
        ..fast_engine()
    };
    let stage = Stage::with(options, fast).await;
    stage.engine.faults().add(Listing::Stall);
    let waiting = unread(stage.address(), &stage.entry()).await;
    stage.channel(|it| it["segments"] == 2).await;
    drop(waiting);
    stage.engine.until(|metrics| metrics.sessions == 0).await;
    stage.until_empty().await;
    until_tasks(&stage, 1).await;
}
