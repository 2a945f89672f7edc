//! How soon a cold channel can be played, beside what its source needs to give its segments.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use simulator::origin::{Options, Origin};
use simulator::swarm::{Client, Target};
use tokio::time::Instant;

use crate::child::Server;
use crate::machine::now;
use crate::report::{Row, median};
use crate::stage;

/// Cold starts, each of a channel of its own.
const STARTS: usize = 7;

/// What readiness asks for, at four seconds a segment: three segments, and ten seconds.
const SEGMENTS: usize = 3;

/// More than any playlist here, less than any piece of a segment.
const PIECE_BYTES_MIN: u64 = 4_096;

pub(crate) async fn measure() -> anyhow::Result<Vec<Row>> {
    let mut origins = Vec::new();
    for _ in 0..STARTS {
        let options = Options {
            first_byte: Duration::from_millis(50),
            bytes_per_second: Some(5_000_000),
            ..Options::of(stage::media(4, 1_000_000))
        };
        origins.push(Origin::start(options).await?);
    }
    let sources = origins.iter().enumerate();
    let sources: Vec<_> = sources
        .map(|(number, origin)| format!("cold{number}={}", origin.url()))
        .collect();
    let weir = Server::weir(&[("WEIR_SOURCES", sources.join(","))]).await?;
    let mut starts = Vec::new();
    for (number, origin) in origins.iter().enumerate() {
        let sequential = one_after_the_other(origin).await?;
        let start = cold(&weir, &format!("cold{number}"), origin).await?;
        eprintln!("  in sequence {sequential:?}, cold {start:?}");
        starts.push((sequential, start));
    }
    let ratios = starts
        .iter()
        .map(|(sequential, start)| start.took.div_duration_f64(*sequential));
    let latest = starts.iter().map(|(_, start)| start.after_source).max();
    let latest = latest.unwrap_or_default().as_secs_f64() * 1e3;
    let took = median(starts.iter().map(|(_, start)| start.took.as_secs_f64()));
    let figure = "cold channel: first three 1 MB segments / fetching them in sequence";
    let ratio = Row::ratio(figure, 0.5, median(ratios)).told(format!(
        "{took:.2} s from the first request to the first playlist, on a source of 50 ms to first \
         byte and 5 MB/s a connection; median of {STARTS} starts"
    ));
    let figure = "cold channel: ready after the source gave what is needed";
    let ready = Row::at_most(figure, 50.0, latest, " ms").told(format!(
        "from the source's last byte to the end of the first answer, the longest of {STARTS} starts"
    ));
    Ok(vec![ratio, ready])
}

/// How a start went.
#[derive(Debug)]
struct Start {
    /// From the request to the answer.
    took: Duration,
    /// From the source's last byte to the answer.
    after_source: Duration,
}

async fn cold(weir: &Server, id: &str, origin: &Origin) -> anyhow::Result<Start> {
    let mut client = Client::connect(weir.address).await?;
    let last_piece = Mutex::new(None);
    let before = origin.metrics().bytes;
    let asked_at = now();
    let ready_at = tokio::select! {
        biased;
        () = watch(origin, before, &last_piece) => asked_at,
        entered = stage::enter(&mut client, id) => entered.map(|_| now())?,
    };
    let last_piece = last_piece
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    let last_piece = last_piece.ok_or_else(|| anyhow::anyhow!("ready without a segment"))?;
    let fetches = origin.metrics().fetches_all();
    // Each was fetched once before, in sequence; a fetch under way would make the last piece too late.
    anyhow::ensure!(
        fetches == 2 * SEGMENTS as u64,
        "{fetches} fetches where 6 are expected"
    );
    Ok(Start {
        took: ready_at - asked_at,
        after_source: ready_at - last_piece,
    })
}

/// Notes when the origin hands out pieces of segments; never ends by itself.
async fn watch(origin: &Origin, mut bytes: u64, last_piece: &Mutex<Option<Instant>>) {
    let seen = origin.until(|metrics| {
        if bytes + PIECE_BYTES_MIN <= metrics.bytes {
            *last_piece.lock().unwrap_or_else(PoisonError::into_inner) = Some(now());
        }
        bytes = metrics.bytes;
        false
    });
    seen.await;
}

/// How long a client takes that fetches the list and the newest segments over one connection.
async fn one_after_the_other(origin: &Origin) -> anyhow::Result<Duration> {
    let target = Target::of(&origin.url())?;
    let mut client = Client::connect(target.address).await?;
    let asked_at = now();
    let list = String::from_utf8_lossy(client.body(&target.path).await?).into_owned();
    let lines: Vec<_> = list.lines().filter(|line| !line.starts_with('#')).collect();
    for line in lines.iter().rev().take(SEGMENTS) {
        client.body(&format!("/{line}")).await?;
    }
    Ok(now() - asked_at)
}
