//! A crowd with real playheads in front of engines that are killed, taken over and emptied one after the other: what it notices.

use std::time::Duration;

use simulator::engine::{Channel, Engine, Options};
use simulator::media::{Marked, Media};
use simulator::swarm;

use crate::continuous_source::engine;
use crate::failover::Fleet;

/// Viewers of each kind.
const VIEWERS: usize = 5;

/// How long they watch.
const WATCHED: Duration = Duration::from_secs(9);

/// What each segment has, and what an engine gives before it is struck.
const SEGMENT_BYTES: usize = 40_000;
const STRUCK_AFTER_BYTES: u64 = 2 * SEGMENT_BYTES as u64;

const SECOND: Duration = Duration::from_secs(1);

/// Segments of a second, sixteen of which come at once.
fn bursting() -> (Options, Media) {
    let media = Media::marked(Marked {
        stream: 1,
        duration: SECOND,
        bytes: SEGMENT_BYTES,
    });
    let options = Options {
        channels: vec![Channel::numbered(1, media.clone())],
        burst: 16 * SEGMENT_BYTES as u64,
        ..engine()
    };
    (options, media)
}

/// Strikes the engine that carries the channel once some of what it gives was shown, and waits until another session does.
async fn strike(fleet: &Fleet, blow: impl AsyncFnOnce(&Fleet, &Engine)) {
    let shown = |it: &serde_json::Value| it["bytes_in"].as_u64().unwrap_or_default();
    let enough = shown(&fleet.stage.channel(|_| true).await) + STRUCK_AFTER_BYTES;
    fleet.stage.channel(|it| enough <= shown(it)).await;
    let before = fleet.stage.channel(|_| true).await["upstream"]["sessions"].as_u64();
    let engine = fleet.carrying().await;
    blow(fleet, engine).await;
    let replaced = |it: &serde_json::Value| before < it["upstream"]["sessions"].as_u64();
    fleet.stage.channel(replaced).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_stalls_for_no_second_while_its_engines_die_one_after_the_other() {
    let (options, media) = bursting();
    let fleet = Fleet::of(3, options, |config| {
        config.settings.segment_seconds = SECOND;
        config.settings.hls_initial_buffer_seconds = Duration::from_secs(5);
        config.settings.ts_join_seconds = Duration::from_secs(3);
    });
    let fleet = fleet.await;
    let packet = media.packet().expect("marked media");
    let crowd = |path: String| swarm::Options {
        url: format!("http://{}{path}", fleet.stage.address()),
        viewers: VIEWERS,
        arrival: Duration::from_millis(500),
        duration: WATCHED,
    };
    let lists = crowd(fleet.stage.entry());
    let bodies = crowd(fleet.stage.continuous());
    let strikes = async {
        strike(&fleet, async |_, engine| {
            engine.crash(Duration::from_secs(60));
        })
        .await;
        strike(&fleet, async |_, engine| {
            let (infohash, _) = engine.metrics().starts.into_keys().next().expect("a start");
            assert!(engine.supersede(&infohash));
        })
        .await;
        strike(&fleet, async |fleet, engine| {
            fleet.drain(engine, true).await;
        })
        .await;
    };
    let (watched, listened, ()) =
        tokio::join!(swarm::glance(&lists), swarm::listen(&bodies, true), strikes);
    let (watched, listened) = (watched.expect("a report"), listened.expect("a report"));
    let stalled = listened.stalled(packet, SECOND);
    eprintln!(
        "{VIEWERS} viewers of lists stalled for {:.2} s, as many of bodies for {:.2} s",
        watched.stalled_seconds,
        stalled.as_secs_f64()
    );
    assert_eq!((watched.served, listened.served), (VIEWERS, VIEWERS));
    assert_eq!((watched.stalls, watched.errors), (0, 0), "{watched:?}");
    assert_eq!(stalled, Duration::ZERO);
    assert_eq!(
        (listened.miscounts, listened.errors),
        (0, 0),
        "{:?}",
        listened.error_texts
    );
    // Key frames are a second apart, and each session is taken up at the one that is nearest.
    let each = |packets: u64| packet.mul_f64(packets as f64 / VIEWERS as f64);
    let (twice, missed) = (each(listened.repeated), each(listened.missed));
    assert!(
        twice + missed <= SECOND * 3,
        "{twice:?} twice, {missed:?} not at all"
    );
    fleet.assert_one_session_each();
}
