//! Memory, files, places and log lines: each has a bound that holds under a flood, and all of it comes
//! back when the flood is over.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use futures_util::future::join_all;
use http::{Method, StatusCode};
use serde_json::Value;
use simulator::engine::{Channel, Engine, Options};
use simulator::fault::{Endpoint, Http, Listing, Rule, Session};
use simulator::media::{Marked, Media};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use weir::clock::Clock;

use crate::program::Program;
use crate::raw::{Said, get, say};
use crate::stage::{Answer, Player, Stage, eventually, fast, fast_engine, request};
use crate::undisturbed::{undisturbed, viewer_of};
use crate::watcher::Watcher;

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

fn entry(engine_channel: usize) -> String {
    let channel = Channel::numbered(engine_channel as u64 + 1, Media::marked(Marked::default()));
    format!("/ace/manifest.m3u8?id={}", channel.content_id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_many_channels_run_none_holds_more_media_than_it_may() {
    const CHANNELS: usize = 12;
    const BYTES_MAX: usize = 3 << 20;
    let options = Options {
        initial: 17,
        ..engine_of(CHANNELS as u64, 400_000)
    };
    let stage = Stage::with(options, |config| {
        fast(config);
        config.channel_bytes_max = BYTES_MAX;
        config.settings.hls_max_segments = 100;
        config.settings.hls_initial_buffer_seconds = Duration::from_secs(60);
        config.settings.max_streams_per_engine = 20;
    })
    .await;
    let watched = join_all(stage.ids.iter().map(async |id| {
        let path = format!("/ace/manifest.m3u8?id={id}");
        let player = Player::enter(stage.address(), &path).await;
        let begun = player.poll().await.media_sequence;
        player
            .poll_until(|list| begun + 8 < list.media_sequence)
            .await;
    }));
    let mut watched = std::pin::pin!(watched);
    loop {
        let state = stage.status().await;
        for channel in state["channels"].as_array().expect("channels") {
            let held = channel["buffer_bytes"].as_u64().expect("a count");
            assert!(held <= BYTES_MAX as u64, "{channel:#}");
        }
        tokio::select! {
            _ = &mut watched => break,
            () = tokio::time::sleep(Duration::from_millis(50)) => {}
        }
    }
    let state = stage.status().await;
    for channel in state["channels"].as_array().expect("channels") {
        assert!(BYTES_MAX as u64 * 3 / 2 < channel["bytes_in"].as_u64().expect("a count"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_viewers_who_crawl_hold_no_copies_of_the_media() {
    const SEGMENT_BYTES: usize = 4 << 20;
    let engine = Engine::start(engine_of(1, SEGMENT_BYTES)).await;
    let engine = engine.expect("an engine");
    let program = Program::start(&engine, None, &[]).await;
    let player = Player::enter(program.address, &entry(0)).await;
    let list = player.poll().await;
    let (folder, _) = player.media.rsplit_once('/').expect("a path");
    let path = format!("{folder}/{}", list.segments[2].uri);
    let before = program.resident_bytes();
    let crawl = async || {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(8 << 10).expect("a buffer");
        let mut line = socket.connect(program.address).await.expect("a place");
        line.write_all(get(&path).as_bytes()).await.expect("sent");
        let mut some = [0; 4_000];
        line.read_exact(&mut some).await.expect("its beginning");
        line
    };
    let lines = join_all((0..100).map(|_| crawl())).await;
    // The channel goes on, so that the segment they all read is held for them alone in the end.
    let begun = list.media_sequence;
    player
        .poll_until(|list| begun + 4 < list.media_sequence)
        .await;
    let taken = program.resident_bytes().saturating_sub(before);
    drop(lines);
    // Copies would be 400 MiB; what the channel itself takes in meanwhile is a few segments.
    assert!(taken < 120 << 20, "{} MiB", taken >> 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_out_of_files_serves_again_as_soon_as_some_come_back() {
    let engine = Engine::start(fast_engine()).await.expect("an engine");
    // Half of them may be connections; fifteen are the program's own, and the engine's come on top.
    let program = Program::start(&engine, Some(28), &[]).await;
    let player = Player::enter(program.address, &entry(0)).await;
    let before = player.poll().await;
    let clock = Clock::start();
    let crowd = join_all((0..60).map(|_| TcpStream::connect(program.address))).await;
    eventually("it has run out", async || {
        program
            .log()
            .contains("no connection could be accepted")
            .then_some(())
    })
    .await;
    drop(crowd);
    let mut watcher = Watcher::new(player);
    let list = watcher.more(6).await;
    assert!(before.media_sequence <= list.media_sequence);
    // It rests between two tries instead of asking hot.
    let log = program.log();
    let told = log.matches("no connection could be accepted").count();
    let rests = clock.now().0.as_millis() / 100 + 2;
    assert!(told as u128 <= rests, "{told} lines, {rests} rests");
}

/// Channels that may run at once.
const CHANNELS_MAX: usize = 1_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn channels_beyond_the_most_are_refused_with_a_reason() {
    const PER_ENGINE: usize = 20;
    // Engines that take every start and never answer: the system accepts for them.
    let deaf: Vec<_> = (1..=CHANNELS_MAX / PER_ENGINE)
        .map(|n| TcpListener::bind(SocketAddr::from(([127, 0, 1, n as u8], 0))).expect("a port"))
        .collect();
    let stage = Stage::fast(|config| {
        config.settings.max_streams_per_engine = PER_ENGINE;
        let addresses = deaf.iter().map(|it| it.local_addr().expect("an address"));
        config.engines = addresses
            .map(|it| it.to_string().parse().expect("an address"))
            .collect();
    })
    .await;
    let wait = async |n: usize| {
        let path = format!("/ace/manifest.m3u8?id={:040x}", 0xbad_0000 + n);
        let mut line = TcpStream::connect(stage.address()).await.expect("a place");
        let sent = line.write_all(get(&path).as_bytes()).await;
        sent.expect("a request goes");
        line
    };
    let lines = join_all((0..CHANNELS_MAX).map(wait)).await;
    let running = |state: &Value| state["channels"].as_array().map(Vec::len);
    stage
        .until(|state| running(state) == Some(CHANNELS_MAX))
        .await;
    for n in CHANNELS_MAX..CHANNELS_MAX + 20 {
        let path = format!("/ace/manifest.m3u8?id={:040x}", 0xbad_0000 + n);
        let answer = stage.get(&path).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        let detail = answer.json()["detail"].to_string();
        assert!(detail.contains("1000 channels run already"), "{detail}");
        assert_ne!(answer.header("retry-after"), "");
    }
    assert_eq!(running(&stage.status().await), Some(CHANNELS_MAX));
    drop(lines);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_lists_thousands_of_segments_does_not_slow_the_others() {
    let stage = Stage::fast(|config| {
        config.settings.hls_first_segment_timeout = Duration::from_secs(2);
    })
    .await;
    let mut watcher = viewer_of(&stage, 0).await;
    let entries = (0..4_990).map(|n| format!("#EXTINF:0.5,{n:>175}\n/no/{n}.ts\n"));
    let head = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:1\n";
    let list = head.to_owned() + &entries.collect::<String>();
    assert!((900_000..1 << 20).contains(&list.len()), "{}", list.len());
    let infohash = fast_engine().channels[1].infohash.clone();
    let rule = Rule::new(Listing::Replace(list)).content(&infohash);
    let fault = stage.engine.faults().add(rule);
    let path = format!("/ace/manifest.m3u8?id={}", stage.ids[1]);
    let answer = undisturbed(&mut watcher, stage.get(&path)).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let asked = stage.engine.faults().used(fault);
    assert!(2 <= asked, "{asked} times");
}

/// Connections of a flood, and the made-up ids that each of them asks for.
const FLOOD: (usize, usize) = (250, 20);

/// Log lines that such a flood may write.
const LINES_MAX: usize = 500;

/// Asks for ids that nobody has, and holds that each is refused.
async fn flood(address: SocketAddr, first: usize) {
    let (connections, ids) = FLOOD;
    let ask = |part: usize| {
        let ids = (0..ids).map(move |n| first + part * ids + n);
        let request =
            |n| format!("GET /ace/manifest.m3u8?id={n:040x} HTTP/1.1\r\nHost: weir\r\n\r\n");
        let requests: String = ids.map(request).chain([get("/version")]).collect();
        say(address, requests)
    };
    let said = join_all((0..connections).map(ask)).await;
    let statuses = said.iter().flat_map(Said::statuses);
    let refused = statuses.filter(|status| [502, 503].contains(status));
    assert_eq!(refused.count(), connections * ids);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_made_up_ids_write_few_lines_and_leave_no_memory_behind() {
    let options = Options {
        unknown_after: Duration::ZERO,
        ..fast_engine()
    };
    let engine = Engine::start(options).await.expect("an engine");
    let program = Program::start(&engine, None, &[]).await;
    flood(program.address, 0xbad_0000).await;
    let before = program.resident_bytes();
    flood(program.address, 0xbad_8000).await;
    let taken = program.resident_bytes().saturating_sub(before);
    assert!(taken < 30 << 20, "{} MiB", taken >> 20);
    let lines = program.log().lines().count();
    assert!(lines < LINES_MAX, "{lines} lines");
    let ended = request(program.address, Method::GET, "/streams?status=ended", &[]).await;
    let ended = ended.json().as_array().map(Vec::len);
    assert!(ended <= Some(200), "{ended:?}");
    until_empty(program.address).await;
}

async fn until_empty(address: SocketAddr) {
    eventually("no channel is left", async || {
        let state = request(address, Method::GET, "/proxy/status", &[]).await;
        let channels = state.json()["channels"].as_array().map(Vec::len);
        (channels == Some(0)).then_some(())
    })
    .await;
}

/// Viewers of every kind, all of whom go.
async fn come_and_go(address: SocketAddr, engine: &Engine) {
    let faults = engine.faults();
    let fails = faults.next(
        2,
        Endpoint::Start,
        Session::StartFails {
            error: "not today".into(),
            extra: None,
        },
    );
    let late = faults.next(5, Endpoint::Segment, Http::Truncate(1_000));
    let enter =
        async |n: usize| -> Answer { request(address, Method::GET, &entry(n % 3), &[]).await };
    for answer in join_all((0..30).map(enter)).await {
        if answer.status != StatusCode::OK {
            continue;
        }
        let player = Player::of(address, &answer);
        let list = player.poll().await;
        player.fetch(&list.segments[0]).await;
        let mut line = TcpStream::connect(address).await.expect("a place");
        let gone = line.write_all(get(&player.media).as_bytes()).await;
        gone.expect("a request goes");
    }
    engine.crash(Duration::from_millis(300));
    let mut line = TcpStream::connect(address).await.expect("a place");
    line.write_all(b"GET /").await.expect("half a request");
    join_all((0..30).map(enter)).await;
    faults.remove(fails);
    faults.remove(late);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_everybody_has_gone_no_task_and_no_session_is_left() {
    let stage = Stage::fast(|_| {}).await;
    come_and_go(stage.address(), &stage.engine).await;
    stage.until_empty().await;
    eventually("the listener is the only task", async || {
        (stage.weir.tasks() == 1).then_some(())
    })
    .await;
    assert_eq!(stage.engine.metrics().sessions, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_everybody_has_gone_their_files_are_closed() {
    let engine = Engine::start(fast_engine()).await.expect("an engine");
    let program = Program::start(&engine, None, &[]).await;
    let before = program.files();
    come_and_go(program.address, &engine).await;
    until_empty(program.address).await;
    // One for each request would be over a hundred; connections to the engine are kept for a while.
    let kept = engine.metrics().connections_open as usize;
    eventually("files are closed", async || {
        (program.files() <= before + kept + 4).then_some(())
    })
    .await;
}
