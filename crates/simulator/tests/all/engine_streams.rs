//! The continuous body of an engine: how one gets there, and what happens on the way.

use std::time::Duration;

use simulator::engine::{Engine, Options};
use simulator::fault::{Ending, Endpoint, Http, Listing, Rule, SecondReader, Session};
use simulator::media::check;

use crate::client::{Connection, channel, get, now, options, path, start, stat, stop};

const SEGMENT_BYTES: usize = 188 * 100;

async fn engine(hops: u8) -> Engine {
    let options = Options {
        redirect_hops: hops,
        burst: 2 * SEGMENT_BYTES as u64,
        ..options()
    };
    Engine::start(options).await.unwrap()
}

/// Follows redirects from `target` to a body, and counts them.
async fn follow(engine: &Engine, target: &str) -> (Connection, usize) {
    let mut target = target.to_owned();
    for hops in 0.. {
        let mut connection = Connection::open(engine.address()).await.unwrap();
        connection.send("GET", &target, "").await.unwrap();
        let (status, head) = connection.head().await.unwrap();
        if status != 302 {
            assert_eq!(status, 200, "{head}");
            return (connection, hops);
        }
        let location = head
            .lines()
            .find_map(|line| line.strip_prefix("location: "));
        let location = location.expect("a redirect leads somewhere");
        path(location).clone_into(&mut target);
    }
    unreachable!()
}

async fn segment(connection: &mut Connection) -> u64 {
    let bytes = connection.bytes(SEGMENT_BYTES).await.unwrap();
    check(&bytes)
        .expect("whole segments follow one another")
        .segment
}

#[tokio::test]
async fn two_one_or_no_redirects_lead_to_the_body() {
    let target = format!("/ace/getstream?id={}", channel(1).content_id);
    for hops in [2, 1, 0] {
        let engine = engine(hops).await;
        let (mut connection, seen) = follow(&engine, &target).await;
        assert_eq!(seen, usize::from(hops));
        assert_eq!(segment(&mut connection).await, 0);
        assert_eq!(engine.metrics().streams, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_begins_with_a_burst_and_goes_on_at_its_pace_without_loss() {
    let engine = engine(2).await;
    let started = start(&engine, "getstream", 1, "p").await;
    let (mut connection, _) = follow(&engine, &started.playback).await;
    let before = now();
    assert_eq!(
        (
            segment(&mut connection).await,
            segment(&mut connection).await
        ),
        (0, 1)
    );
    assert!(
        before.elapsed() < Duration::from_millis(50),
        "{:?}",
        before.elapsed()
    );
    for number in 2..12 {
        assert_eq!(segment(&mut connection).await, number);
    }
    let took = before.elapsed();
    assert!((9500..10_500).contains(&took.as_millis()), "{took:?}");
}

#[tokio::test]
async fn a_stop_ends_the_body_in_order() {
    let engine = engine(2).await;
    let started = start(&engine, "getstream", 1, "p").await;
    let (mut connection, _) = follow(&engine, &started.playback).await;
    segment(&mut connection).await;
    stop(&engine, &started).await;
    assert!(connection.rest().await.is_ok());
    engine.until(|metrics| metrics.readers_all() == 0).await;
}

#[tokio::test]
async fn a_second_reader_is_corrupted_or_kicks_the_first_or_is_served() {
    for manner in [
        SecondReader::Corrupt,
        SecondReader::Kick,
        SecondReader::Serve,
    ] {
        let engine = engine(2).await;
        engine.faults().add(Session::SecondReader(manner));
        let started = start(&engine, "getstream", 1, "p").await;
        let (mut first, _) = follow(&engine, &started.playback).await;
        segment(&mut first).await;
        let (mut second, _) = follow(&engine, &started.playback).await;
        let beginning = second.bytes(17).await.unwrap();
        assert_eq!(
            beginning == b"HTTP/1.1 200 OK\r\n",
            manner == SecondReader::Corrupt
        );
        let infohash = channel(1).infohash;
        if manner == SecondReader::Kick {
            assert!(first.rest().await.is_ok());
            engine.until(|metrics| metrics.readers_all() == 1).await;
        } else {
            assert_eq!(segment(&mut first).await, 1);
        }
        assert_eq!(engine.metrics().readers_max[&infohash], 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_falls_silent_freezes_and_is_cut_on_its_way() {
    let engine = engine(2).await;
    let started = start(&engine, "getstream", 1, "p").await;
    let (mut connection, _) = follow(&engine, &started.playback).await;
    for _ in 0..3 {
        segment(&mut connection).await;
    }
    let before = now();
    let lasting = Some(Duration::from_secs(30));
    engine
        .faults()
        .next(1, Endpoint::Stream, Http::Silence { after: 0, lasting });
    assert_eq!(segment(&mut connection).await, 3);
    assert!(30 <= before.elapsed().as_secs());
    let freeze = engine.faults().add(Session::Freeze);
    let quiet = tokio::time::timeout(Duration::from_secs(99), connection.rest()).await;
    assert!(quiet.is_err());
    engine.faults().remove(freeze);
    connection.bytes(188).await.unwrap();
    let ending = Ending::Reset;
    engine
        .faults()
        .next(1, Endpoint::Stream, Http::Cut { after: 0, ending });
    assert!(connection.rest().await.is_err());
}

#[tokio::test]
async fn a_body_loops_and_loses_segments() {
    let engine = engine(2).await;
    let burst = Options {
        burst: u64::MAX,
        ..options()
    };
    let fast = Engine::start(burst).await.unwrap();
    drop(engine);
    let started = start(&fast, "getstream", 1, "p").await;
    let (mut connection, _) = follow(&fast, &started.playback).await;
    segment(&mut connection).await;
    fast.faults().add(Listing::Lose(1000));
    while segment(&mut connection).await < 1000 {}
    fast.faults().add(Listing::Loop(500));
    let mut last = 1000;
    loop {
        let number = segment(&mut connection).await;
        if number < last {
            break;
        }
        last = number;
    }
}

#[tokio::test]
async fn a_body_is_misaligned_junked_or_chunked() {
    let engine = engine(1).await;
    let started = start(&engine, "getstream", 1, "p").await;
    let faults = engine.faults();
    let first = async |fault: Http| {
        let rule = faults.next(1, Endpoint::Stream, fault);
        let (mut connection, _) = follow(&engine, &started.playback).await;
        let bytes = connection.bytes(188 * 20).await.unwrap();
        faults.remove(rule);
        drop(connection);
        engine.until(|metrics| metrics.readers_all() == 0).await;
        bytes
    };
    let misaligned = first(Http::Misaligned(100)).await;
    assert_eq!((misaligned[88], misaligned[88 + 188]), (0x47, 0x47));
    let junk = first(Http::Junk(50)).await;
    assert_eq!((junk[0], junk[50], junk[50 + 188]), (0x5a, 0x47, 0x47));
    let chunked = first(Http::Chunked).await;
    let size = String::from_utf8_lossy(&chunked[..12]).into_owned();
    let size = size
        .split("\r\n")
        .next()
        .map(|digits| usize::from_str_radix(digits, 16));
    assert!(size.is_some_and(|size| size.is_ok_and(|size| size % 188 == 0)));
}

#[tokio::test]
async fn a_body_ends_with_its_session_by_a_reset_where_that_is_wanted() {
    let engine = engine(2).await;
    engine.faults().add(Session::StreamsEnd(Ending::Reset));
    let started = start(&engine, "getstream", 1, "p").await;
    let (mut connection, _) = follow(&engine, &started.playback).await;
    segment(&mut connection).await;
    stop(&engine, &started).await;
    assert!(connection.rest().await.is_err());
}

#[tokio::test]
async fn another_player_takes_the_content_and_ends_the_body() {
    let engine = engine(2).await;
    let started = start(&engine, "getstream", 1, "p").await;
    let (mut connection, _) = follow(&engine, &started.playback).await;
    segment(&mut connection).await;
    start(&engine, "getstream", 1, "q").await;
    assert!(connection.rest().await.is_ok());
    let refused = get(engine.address(), &started.playback).await;
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn no_header_comes_before_there_is_media() {
    let engine = engine(0).await;
    let nobody = engine.faults().add(Session::NoPeers);
    let started = start(&engine, "getstream", 1, "p").await;
    let mut connection = Connection::open(engine.address()).await.unwrap();
    connection.send("GET", &started.playback, "").await.unwrap();
    while stat(&engine, &started).await["response"]["status"] != "prebuf" {}
    let silent = tokio::time::timeout(Duration::from_millis(50), connection.bytes(1)).await;
    assert!(silent.is_err(), "{silent:?}");
    engine.faults().remove(nobody);
    assert_eq!(connection.head().await.unwrap().0, 200);
}

#[tokio::test]
async fn an_engine_says_that_a_content_is_encrypted() {
    let engine = engine(2).await;
    let of_one = Rule::new(Session::Encrypted).content(&channel(1).infohash);
    engine.faults().add(of_one);
    for (number, encrypted) in [(1, 1), (2, 0)] {
        let id = channel(number).content_id;
        let target = format!("/ace/getstream?id={id}&format=json&pid={number}");
        let answer = get(engine.address(), &target).await.json();
        assert_eq!(answer["response"]["is_encrypted"], encrypted);
        let stat_path = path(answer["response"]["stat_url"].as_str().unwrap()).to_owned();
        let said = loop {
            let answer = get(engine.address(), &stat_path).await.json();
            if let Some(said) = answer["response"]["is_encrypted"].as_u64() {
                break said;
            }
        };
        assert_eq!(said, encrypted);
    }
}
