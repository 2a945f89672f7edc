//! What an outage of the orchestrator costs: how long ten thousand events take once it is over, and what media pay
//! while they wait.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use ledger::{Change, End, Event, Kind, Stream};
use serde_json::Value;
use simulator::orchestrator::{Log, Mood, Orchestrator};
use simulator::origin::{Options, Origin};
use simulator::swarm::Client;
use store::Store;
use tokio::time::Instant;
use weir::clock;

use crate::child::Server;
use crate::load::{self, CONNECTIONS};
use crate::report::{Row, median};
use crate::stage;

/// Events that have been queued when the outage ends: half of them starts, half ends.
const EVENTS: u64 = 10_000;

/// Attempts that have failed by then, so that the rests have grown to their longest.
const FAILURES: u64 = 8;

/// Between two looks at how many have failed.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Longest wait for that, and for the events.
const PATIENCE: Duration = Duration::from_secs(180);

/// Pairs of legs: with a full queue and without one.
const PAIRS: usize = 7;

/// Segments that each connection asks for in a leg: 2 GB in all.
const SEGMENTS: usize = 64;

pub(crate) async fn measure() -> anyhow::Result<Vec<Row>> {
    let orchestrator = Orchestrator::start(0, Some("bench")).await?;
    orchestrator.set(Mood::Answering(503));
    let folder = tempfile::tempdir()?;
    queue(folder.path()).await?;
    let origin = Origin::start(Options::of(stage::media(10, 1_000_000))).await?;
    let variables = vec![
        ("WEIR_SOURCES", format!("bench={}", origin.url())),
        ("HLS_INITIAL_BUFFER_SECONDS", "60".to_owned()),
    ];
    let mut telling = variables.clone();
    telling.push(("ORCHESTRATOR_URL", orchestrator.url()));
    let busy = Server::weir_in(folder, &telling).await?;
    let plain = Server::weir(&variables).await?;
    let mut pairs = Vec::new();
    for _ in 0..PAIRS {
        let costs = (leg(&busy).await?, leg(&plain).await?);
        eprintln!("  queue full {:.3e}, no queue {:.3e}", costs.0, costs.1);
        pairs.push(costs);
    }
    let ratio = median(pairs.iter().map(|(busy, plain)| busy / plain));
    let (with, without) = (
        median(pairs.iter().map(|it| it.0)),
        median(pairs.iter().map(|it| it.1)),
    );
    let figure = "CPU time per GB of segments, 10,000 events held back / none";
    let cost = Row::ratio(figure, 1.1, ratio).told(format!(
        "{with:.3} s/GB to {without:.3} s/GB, median of {PAIRS} pairs"
    ));
    Ok(vec![cost, outage(&busy, &orchestrator).await?])
}

/// How long it takes from the end of the outage to the last event.
#[expect(clippy::disallowed_methods, reason = "this is a stop watch")]
async fn outage(weir: &Server, orchestrator: &Orchestrator) -> anyhow::Result<Row> {
    tokio::time::timeout(PATIENCE, rests(weir))
        .await
        .context("it is not tried again")??;
    let begun = Instant::now();
    orchestrator.set(Mood::Well);
    let all = orchestrator.until(|log| EVENTS <= log.taken.len() as u64);
    let log = tokio::time::timeout(PATIENCE, all)
        .await
        .context("not all events came")?;
    let took = begun.elapsed().as_secs_f64();
    let figure = "10,000 events of an outage: told after its end";
    let mut row = Row::at_most(figure, 60.0, took, " s");
    let faults = disorder(&log);
    row.met &= faults == 0;
    Ok(row.told(format!(
        "from the end of an outage, at the beginning of the longest rest between attempts; {faults} \
         lost, told twice or out of order"
    )))
}

/// Waits until so many attempts have failed, and the next is as far away as it gets.
async fn rests(weir: &Server) -> anyhow::Result<()> {
    let mut client = Client::connect(weir.address).await?;
    loop {
        let state: Value = serde_json::from_slice(client.body("/api/v1/outbox").await?)?;
        if FAILURES <= state["trouble"]["failures"].as_u64().unwrap_or_default() {
            return Ok(());
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Events that are not what was queued, at its place.
fn disorder(log: &Log) -> usize {
    let wanted = (0..EVENTS).map(|at| event(at).id());
    let told = log.taken.iter().map(|it| it.id.clone());
    wanted
        .zip(told)
        .filter(|(wanted, told)| wanted != told)
        .count()
}

fn event(at: u64) -> Event {
    let kind = if at.is_multiple_of(2) {
        Kind::Started
    } else {
        Kind::Ended
    };
    Event {
        sequence: at + 1,
        stream: format!("stream-{:05}", at / 2),
        kind,
    }
}

/// Leaves a folder as an outage of the orchestrator would.
async fn queue(folder: &Path) -> anyhow::Result<()> {
    let (store, _) = Store::open(folder)?;
    let mut changes = Vec::new();
    for at in 0..EVENTS {
        let event = event(at);
        if event.kind == Kind::Started {
            changes.push(Change::Stream(Arc::new(stream(&event.stream))));
        }
        changes.push(Change::Queued(event));
    }
    anyhow::ensure!(store.write(changes.into()).await, "nothing was written");
    Ok(())
}

fn stream(id: &str) -> Stream {
    let at = clock::wall();
    Stream {
        id: id.to_owned(),
        key_type: "content_id".into(),
        key: "ab".repeat(20),
        container_id: Some("engine:6878".into()),
        engine_host: "engine".into(),
        engine_port: 6878,
        playback_session_id: "cd".repeat(20),
        stat_url: format!("http://engine:6878/ace/stat/{id}/x"),
        command_url: format!("http://engine:6878/ace/cmd/{id}/x"),
        is_live: true,
        continuous: false,
        started_at: at,
        ended: Some(End {
            at,
            reason: Some("last_viewer_left".into()),
        }),
        own: true,
        told: true,
        called: None,
    }
}

/// Processor time for a gigabyte of the newest segment.
async fn leg(weir: &Server) -> anyhow::Result<f64> {
    let mut client = Client::connect(weir.address).await?;
    let mut segments = Vec::new();
    for _ in 0..CONNECTIONS {
        let playlist = stage::enter(&mut client, "bench").await?;
        segments.push(stage::newest(&mut client, &playlist).await?);
    }
    Ok(load::run(weir, &segments, SEGMENTS).await?.per_gigabyte())
}
