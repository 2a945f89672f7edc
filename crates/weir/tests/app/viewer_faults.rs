//! Viewers who crawl, vanish, come in crowds, start again and again or say strange things: each costs
//! itself, and the channel counts them right.

use std::time::Duration;

use futures_util::future::join_all;
use http::{Method, StatusCode};
use simulator::engine::{Channel, Options};
use simulator::fault::{Endpoint, Http, Rule};
use simulator::media::{Marked, Media};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::raw::{get, say};
use crate::stage::{Player, Stage, eventually, fast, fast_engine, request, within};
use crate::undisturbed::{undisturbed, viewer_of};
use crate::watcher::Watcher;

async fn until_tasks(stage: &Stage, most: usize) {
    eventually("tasks have ended", async || {
        (stage.weir.tasks() <= most).then_some(())
    })
    .await;
}

/// An engine of so many channels with segments of half a second and this size.
fn engine_of(channels: u64, bytes: usize) -> Options {
    let shape = |stream| Marked {
        stream,
        duration: Duration::from_millis(500),
        bytes,
    };
    Options {
        channels: (1..=channels)
            .map(|n| Channel::numbered(n, Media::marked(shape(n as u32))))
            .collect(),
        ..fast_engine()
    }
}

/// Bytes of a segment that no system buffers between two sockets here.
const LARGE_BYTES: usize = 2 << 20;

/// Bytes that one who crawls takes ten times a second.
const CRAWL_BYTES: usize = 2_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewers_who_crawl_delay_nobody_and_cost_the_source_nothing() {
    let stage = Stage::with(engine_of(1, LARGE_BYTES), fast).await;
    let mut watcher = viewer_of(&stage, 0).await;
    let list = watcher.player.poll().await;
    let (folder, _) = watcher.player.media.rsplit_once('/').expect("a path");
    let path = format!("{folder}/{}", list.segments[2].uri);
    let crawl = async || {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(8 << 10).expect("a buffer");
        let mut stream = socket.connect(stage.address()).await.expect("a place");
        let sent = stream.write_all(get(&path).as_bytes()).await;
        sent.expect("a request goes");
        let mut ticks = tokio::time::interval(Duration::from_millis(100));
        let mut piece = vec![0; CRAWL_BYTES];
        loop {
            ticks.tick().await;
            let read = stream.read(&mut piece).await;
            assert!(0 < read.expect("it is still served"), "it was cut off");
        }
    };
    let mut others = join_all((0..8).map(|_| viewer_of(&stage, 0))).await;
    let watched = undisturbed(
        &mut watcher,
        join_all(others.iter_mut().map(async |it: &mut Watcher| {
            it.more(6).await;
        })),
    );
    tokio::select! {
        _ = join_all((0..100).map(|_| crawl())) => unreachable!("they crawl for ever"),
        _ = watched => {}
    }
    for other in &others {
        other.assert_unbroken();
    }
    let metrics = stage.engine.metrics();
    assert!(metrics.segments.values().all(|fetches| *fetches == 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_whose_line_was_cut_is_taken_off_and_its_connection_given_back() {
    let stage = Stage::fast(|config| config.headers_wait = Duration::from_secs(1)).await;
    let player = stage.player().await;
    let mut line = TcpStream::connect(stage.address()).await.expect("a place");
    let poll = format!("GET {} HTTP/1.1\r\nHost: weir\r\n\r\n", player.media);
    line.write_all(poll.as_bytes()).await.expect("sent");
    let mut some = [0; 15];
    line.read_exact(&mut some).await.expect("an answer");
    stage.until(|state| state["total_viewers"] == 1).await;
    // From here on neither a byte nor an end comes from the viewer.
    stage.until_empty().await;
    until_tasks(&stage, 1).await;
    let metrics = stage.engine.metrics();
    assert_eq!((metrics.stops, metrics.sessions), (1, 0));
    drop(line);
}

/// What the system does about a connection, by the two ports: 2 is a timer that asks whether the
/// other side is still there.
fn timer(ours: u16, theirs: u16) -> Option<u8> {
    let table = std::fs::read_to_string("/proc/self/net/tcp").expect("a table");
    let ends = (format!(":{ours:04X}"), format!(":{theirs:04X}"));
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let found = fields[1].ends_with(&ends.0) && fields[2].ends_with(&ends.1);
        let timer = fields[5].split(':').next()?;
        found.then(|| u8::from_str_radix(timer, 16).ok()).flatten()
    })
}

#[tokio::test]
async fn the_system_asks_silent_connections_whether_they_are_still_there() {
    let stage = Stage::fast(|_| {}).await;
    let mut line = TcpStream::connect(stage.address()).await.expect("a place");
    let request = "GET /version HTTP/1.1\r\nHost: weir\r\n\r\n";
    line.write_all(request.as_bytes()).await.expect("sent");
    line.read_exact(&mut [0; 15]).await.expect("an answer");
    let theirs = line.local_addr().expect("an address").port();
    eventually("a timer that asks", async || {
        (timer(stage.address().port(), theirs) == Some(2)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_without_a_request_are_closed_in_time_and_disturb_nobody() {
    let stage = Stage::fast(|config| config.headers_wait = Duration::from_millis(800)).await;
    let mut watcher = viewer_of(&stage, 0).await;
    let silent = async || {
        let mut line = TcpStream::connect(stage.address()).await.expect("a place");
        let mut byte = [0];
        line.read(&mut byte).await.unwrap_or_default()
    };
    let read = undisturbed(&mut watcher, within(join_all((0..1_000).map(|_| silent())))).await;
    assert_eq!(read.into_iter().max(), Some(0));
    until_tasks(&stage, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asking_what_is_possible_starts_nothing() {
    let stage = Stage::fast(|_| {}).await;
    let media = format!("/ace/hls/{}/media.m3u8?v={:032x}", stage.ids[0], 1);
    let segment = format!("/ace/hls/{}/segment/1.ts?v={:032x}", stage.ids[0], 1);
    let getstream = stage.entry().replace("manifest.m3u8", "getstream");
    for path in [&stage.entry(), &getstream, &media, &segment] {
        for method in [Method::OPTIONS, Method::HEAD] {
            let answer = request(stage.address(), method.clone(), path, &[]).await;
            assert!(
                answer.status.is_success() || answer.status == StatusCode::NOT_FOUND,
                "{method} {path}: {}",
                answer.status
            );
        }
    }
    // A segment that is not there is no reason to start anything either.
    let answer = stage.get(&segment).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(stage.engine.metrics().asked(), 0);
    let state = stage.status().await;
    assert_eq!(state["channels"].as_array().map(Vec::len), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_that_asks_in_advance_starts_nothing() {
    let stage = Stage::fast(|_| {}).await;
    for header in [
        ("sec-purpose", "prefetch"),
        ("sec-purpose", "prefetch;prerender"),
        ("purpose", "prefetch"),
        ("x-moz", "prefetch"),
    ] {
        let asked = request(stage.address(), Method::GET, &stage.entry(), &[header]).await;
        assert_eq!(asked.status, StatusCode::SERVICE_UNAVAILABLE, "{header:?}");
        assert_ne!(asked.header("retry-after"), "");
    }
    assert_eq!(stage.engine.metrics().asked(), 0);
    stage.until_empty().await;
    // Whoever then follows the link is served.
    stage.player().await.poll().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_starts_again_and_again_joins_what_runs_and_is_one_viewer() {
    let stage = Stage::fast(|_| {}).await;
    let mut player = stage.player().await;
    for _ in 0..50 {
        player = stage.player().await;
    }
    assert_eq!(stage.status().await["total_viewers"], 0);
    let mut watcher = Watcher::new(player);
    watcher.more(2).await;
    assert_eq!(stage.status().await["total_viewers"], 1);
    // Longer than the entries are remembered for.
    watcher.more(8).await;
    let state = stage.status().await;
    assert_eq!(state["total_viewers"], 1);
    let metrics = stage.engine.metrics();
    assert_eq!((metrics.starts_all(), metrics.stops), (1, 0));
    watcher.assert_unbroken();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_are_broken_off_at_any_point_leave_nothing() {
    let stage = Stage::with(engine_of(1, LARGE_BYTES), fast).await;
    let mut watcher = viewer_of(&stage, 0).await;
    until_tasks(&stage, 2).await;
    let list = watcher.player.poll().await;
    let (folder, _) = watcher.player.media.rsplit_once('/').expect("a path");
    // One who leaves goes on under the token that it had: the watcher's own.
    let segment = format!("{folder}/{}", list.segments[2].uri);
    let media = watcher.player.media.clone();
    let entry = stage.entry();
    let broken_off = async |n: usize| {
        let path = [&segment, &media, &entry][n % 3];
        let request = get(path);
        let said = if n.is_multiple_of(5) {
            n % request.len()
        } else {
            request.len()
        };
        let mut line = TcpStream::connect(stage.address()).await.expect("a place");
        let _ = line.write_all(&request.as_bytes()[..said]).await;
        let mut some = vec![0; n * 37];
        if said == request.len() && !n.is_multiple_of(4) {
            let _ = line.read(&mut some).await;
        }
        if n.is_multiple_of(2) {
            // A reset instead of an end.
            let _ = socket2::SockRef::from(&line).set_linger(Some(Duration::ZERO));
        }
    };
    undisturbed(&mut watcher, join_all((0..600).map(broken_off))).await;
    until_tasks(&stage, 2).await;
    // Those who only entered are forgotten; who watches is still counted, once.
    let state = stage.until(|state| state["total_viewers"] == 1).await;
    assert_eq!(state["channels"][0]["state"], "live");
    assert_eq!(stage.engine.metrics().starts_all(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_viewers_at_once_on_a_cold_channel_are_one_session_and_one_stream() {
    let stage = Stage::fast(|_| {}).await;
    let waiting: Vec<_> = (0..500).map(|_| stage.viewer()).collect();
    let mut players = Vec::new();
    for answer in join_all(waiting).await {
        let answer = answer.expect("an answer");
        players.push(Player::of(stage.address(), &answer));
    }
    join_all(players.iter().map(Player::poll)).await;
    let state = stage.status().await;
    assert_eq!(state["total_viewers"], 500);
    let metrics = stage.engine.metrics();
    assert_eq!((metrics.starts_all(), metrics.sessions_max), (1, 1));
    assert!(metrics.segments.values().all(|fetches| *fetches == 1));
    let streams = stage.get("/streams").await.json();
    assert_eq!(streams.as_array().map(Vec::len), Some(1));
}

/// Channels whose last viewer leaves while the next one comes, each at another moment.
const LEFT: u64 = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_comes_while_a_channel_ends_is_served_at_whatever_moment() {
    let stage = Stage::with(engine_of(LEFT, 20_000), |config| {
        fast(config);
        config.settings.max_streams_per_engine = 20;
    })
    .await;
    // The end of a channel: 300 ms of lingering, 150 ms until the engine has answered its stop.
    let slow = Rule::new(Http::Delay(Duration::from_millis(150))).on(Endpoint::Command);
    stage.engine.faults().add(slow);
    let come_back = async |n: u64| {
        let path = format!("/ace/manifest.m3u8?id={}", stage.ids[n as usize]);
        let first = Player::enter(stage.address(), &path).await;
        let last = first.poll().await.segments.pop().expect("a segment");
        stage
            .until(|state| {
                let channels = state["channels"].as_array().expect("channels");
                let ours = |it: &&serde_json::Value| it["key"] == stage.ids[n as usize].as_str();
                let found = channels.iter().find(ours);
                found.is_none_or(|it| it["state"] != "live")
            })
            .await;
        tokio::time::sleep(Duration::from_millis(n * 30)).await;
        let mut second = Watcher::new(Player::enter(stage.address(), &path).await);
        // Beyond every timer that the first one's leaving has set.
        second.more(8).await;
        assert_eq!(second.discontinuities(), 0, "{n}");
        // What the first one was shown keeps its number; a later life begins behind it.
        let kept = second.seen.get(&last.sequence);
        let behind = second.seen.keys().all(|number| last.sequence < *number);
        let is_same = kept.is_some_and(|seen| last.uri.starts_with(&seen.path));
        assert!(behind || is_same, "{n}: {last:?}");
    };
    join_all((0..LEFT).map(come_back)).await;
    let metrics = stage.engine.metrics();
    let sessions = metrics.starts_all() - metrics.stops_done;
    assert_eq!(metrics.sessions as u64, sessions, "one was left behind");
    assert_eq!(metrics.sessions as u64, LEFT);
    assert_eq!(metrics.after_stop, 0);
    // Some came too late, or the moments were no different ones.
    assert!(0 < metrics.stops_done);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ranges_of_every_shape_get_at_most_the_segment() {
    let stage = Stage::fast(|_| {}).await;
    let mut watcher = viewer_of(&stage, 0).await;
    let list = watcher.player.poll().await;
    let whole = watcher.player.fetch(&list.segments[1]).await.body;
    let (folder, _) = watcher.player.media.rsplit_once('/').expect("a path");
    let path = format!("{folder}/{}", list.segments[1].uri);
    let length = whole.len();
    let many = (0..1_500).map(|n| format!("{n}-{length}"));
    let many = format!("bytes={}", many.collect::<Vec<_>>().join(","));
    let ranges = [
        many.as_str(),
        "bytes=0-,0-,0-,0-",
        "bytes=0-0,-1",
        "bytes=18446744073709551615-",
        "bytes=0-18446744073709551615",
        "bytes=0-18446744073709551616",
        "bytes=-18446744073709551616",
        "bytes=99999999999999999999999-",
        "bytes=-0",
        "bytes=--1",
        "bytes=-",
        "bytes=",
        "bytes",
        "=0-1",
        "bytes=a-b",
        "bytes=0x0-0x1",
        "bytes= 0-1",
        "bytes=0 - 1",
        "bytes=+0-+1",
        "Bytes=0-1",
        "bytes=5-4",
        "items=0-1",
        "bytes=0-1;q=1",
    ];
    undisturbed(&mut watcher, async {
        for range in ranges {
            let headers = [("range", range)];
            let answer = request(stage.address(), Method::GET, &path, &headers).await;
            let bytes = answer.body.len();
            match answer.status {
                StatusCode::OK => assert_eq!(answer.body, whole, "{range}"),
                StatusCode::PARTIAL_CONTENT => assert!(bytes <= length, "{range}: {bytes}"),
                StatusCode::RANGE_NOT_SATISFIABLE => assert!(bytes < 400, "{range}: {bytes}"),
                other => panic!("{range}: {other}"),
            }
            let kind = answer.header("content-type").to_owned();
            assert!(!kind.starts_with("multipart/"), "{range}: {kind}");
        }
    })
    .await;
}

#[tokio::test]
async fn framing_that_could_hide_a_second_request_never_lets_it_through() {
    let stage = Stage::fast(|_| {}).await;
    let hidden = get("/health/status");
    let bytes = hidden.len();
    let head = "GET /version HTTP/1.1\r\nHost: weir\r\n";
    let chunked = |name: &str| format!("{head}{name}\r\n\r\n0\r\n\r\n{hidden}");
    let cases = [
        chunked("Transfer-Encoding: gzip, chunked"),
        chunked("Transfer-Encoding: chunked, identity"),
        chunked("Transfer-Encoding: identity"),
        chunked("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
        chunked("Transfer-Encoding:\r\n chunked"),
        chunked("Transfer-Encoding:\x0bchunked"),
        chunked("Transfer-Encoding: \"chunked\""),
        chunked("Transfer_Encoding: chunked\r\nContent-Length: 5\r\nContent-Length: 6"),
        chunked("Transfer-Encoding: chunked\r\nContent-Length: 0"),
        format!("{head}Content-Length: 0x10\r\n\r\n{hidden}"),
        format!("{head}Content-Length: 1 0\r\n\r\n{hidden}"),
        format!("{head}Content-Length: 99999999999999999999\r\n\r\n{hidden}"),
        format!("{head}Content-Length: {bytes},{bytes}\r\n\r\n{hidden}"),
        format!("{head}Content-Length\r\n : 0\r\n\r\n{hidden}"),
        format!("{head}Content-Length : 0\r\n\r\n{hidden}"),
        format!("{head}\x00Content-Length: {bytes}\r\n\r\n{hidden}"),
    ];
    for case in cases {
        let said = say(stage.address(), &case).await;
        assert!(!said.text().contains("data_folder"), "{case:?}");
        let statuses = said.statuses();
        assert!(statuses.len() <= 1, "{case:?}: {statuses:?}");
        assert_ne!(statuses.first(), Some(&500), "{case:?}");
    }
    let chunks = [
        "ffffffffffffffff\r\n",
        "10000000000000000\r\n",
        "-1\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5;x=\r\r\nhello\r\n0\r\n\r\n",
    ];
    for chunk in chunks {
        let case = format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunk}{hidden}");
        let said = say(stage.address(), &case).await;
        assert!(!said.text().contains("data_folder"), "{case:?}");
    }
    let next = stage.get("/version").await;
    assert_eq!(next.status, StatusCode::OK);
}
