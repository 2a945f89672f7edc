//! Viewers of a live channel: what they notice, what the source notices of them, and what they cost in memory.

use std::time::Duration;

use simulator::engine::{Channel, Engine, Options};
use simulator::metrics::Metrics;
use simulator::swarm::{self, Report};

use crate::child::Server;
use crate::machine::{cpu_seconds, resident_bytes};
use crate::report::Row;
use crate::stage;

/// Crowds, each with an engine and a Weir of its own, and how long they watch.
const CROWDS: [(usize, Duration); 3] = [
    (1, Duration::from_secs(12)),
    (100, Duration::from_secs(12)),
    (1_000, Duration::from_secs(40)),
];

/// Bytes of a segment: 0.75 Mbit/s a viewer, so that two cores have room for a thousand viewers who look at every
/// byte beside the server.
const SEGMENT_BYTES: usize = 188_000;

/// Seconds of a segment.
const SEGMENT_SECONDS: u64 = 2;

/// The time over which a crowd arrives: a segment's, so that its requests are spread as real ones are.
const ARRIVAL: Duration = Duration::from_secs(SEGMENT_SECONDS);

/// Between two looks at the memory.
const LOOK: Duration = Duration::from_millis(500);

/// What is allowed for the process and for a viewer, in bytes, and for the window, as a factor.
const PROCESS_BYTES: f64 = 25e6;
const VIEWER_BYTES: f64 = 24e3;
const WINDOW_FACTOR: f64 = 1.15;

/// The time within which memory is to come back.
const BACK_WITHIN: Duration = Duration::from_secs(60);

pub(crate) async fn measure() -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (viewers, duration) in CROWDS {
        rows.extend(crowd(viewers, duration).await?);
    }
    Ok(rows)
}

async fn crowd(viewers: usize, duration: Duration) -> anyhow::Result<Vec<Row>> {
    let channel = Channel::numbered(1, stage::media(SEGMENT_SECONDS, SEGMENT_BYTES));
    let id = channel.content_id.clone();
    let engine = Engine::start(Options {
        channels: vec![channel],
        initial: 6,
        ..Options::default()
    })
    .await?;
    // Fetches of segments are counted, which a continuous body has none of.
    let variables = [
        ("WEIR_ENGINES", engine.address().to_string()),
        ("WEIR_ENGINE_STREAM", "hls".to_owned()),
    ];
    let weir = Server::weir(&variables).await?;
    let options = swarm::Options {
        url: format!("http://{}/ace/manifest.m3u8?id={id}", weir.address),
        viewers,
        arrival: ARRIVAL,
        duration,
    };
    let cpu = cpu_seconds(weir.id())?;
    let mut peak = Memory::default();
    let seen = {
        let mut watching = std::pin::pin!(swarm::run(&options));
        loop {
            tokio::select! {
                biased;
                seen = watching.as_mut() => break seen?,
                () = tokio::time::sleep(LOOK) => peak.look(&weir, viewers).await?,
            }
        }
    };
    let cpu = cpu_seconds(weir.id())? - cpu;
    let metrics = engine.metrics();
    eprintln!("  {viewers} viewers: {}", told(&seen));
    let mut rows = vec![upstream(viewers, &metrics)?];
    if CROWDS.iter().all(|(others, _)| *others <= viewers) {
        rows.push(noticed(viewers, duration, &seen, cpu));
        rows.push(peak.row(viewers));
        rows.push(back(&weir).await?);
    }
    Ok(rows)
}

/// Sessions a channel and fetches a segment, as the engine has counted them.
fn upstream(viewers: usize, metrics: &Metrics) -> anyhow::Result<Row> {
    let sessions = metrics.starts_all();
    let (fetches, segments) = (metrics.fetches_all(), metrics.segments.len());
    anyhow::ensure!(0 < segments, "nothing was fetched");
    let a_segment = fetches as f64 / segments as f64;
    Ok(Row {
        figure: format!("upstream with {viewers} viewer(s)"),
        goal: "1.00 session a channel, 1.00 fetch a segment".to_owned(),
        measured: format!("{sessions}.00, {a_segment:.2}"),
        met: sessions == 1 && fetches == segments as u64,
        detail: format!(
            "{fetches} fetches of {segments} segments, counted by the simulated engine"
        ),
    })
}

fn noticed(viewers: usize, duration: Duration, seen: &Report, cpu: f64) -> Row {
    Row {
        figure: format!("what {viewers} viewers notice"),
        goal: "no stall, no gap, no wrong byte".to_owned(),
        measured: format!(
            "{} stalls, {} gaps, {} wrong segments, {} errors",
            seen.stalls, seen.gaps, seen.wrong_bytes, seen.errors
        ),
        met: seen.is_clean() && seen.served == viewers,
        detail: format!(
            "{} s of 2 s segments of {} KB: {}; Weir used {:.0} % of one core",
            duration.as_secs(),
            SEGMENT_BYTES / 1_000,
            told(seen),
            cpu / (duration + ARRIVAL).as_secs_f64() * 100.0
        ),
    }
}

fn told(seen: &Report) -> String {
    let millis = |latency: Duration| latency.as_secs_f64() * 1e3;
    let whole = format!(
        "{} segments checked, {:.0} MB; segments took {:.1} ms (median) and {:.0} ms (99 of 100), playlists {:.1} ms \
         and {:.0} ms",
        seen.segments,
        seen.bytes as f64 / 1e6,
        millis(seen.segment_latency.percentile(50)),
        millis(seen.segment_latency.percentile(99)),
        millis(seen.playlist_latency.percentile(50)),
        millis(seen.playlist_latency.percentile(99)),
    );
    if seen.is_clean() {
        return whole;
    }
    let errors = seen.error_texts.join("; ");
    format!("{whole}; {:.1} s of stalls; {errors}", seen.stalled_seconds)
}

/// Memory when it was closest to what is allowed, or furthest beyond.
#[derive(Default)]
struct Memory {
    used: f64,
    allowed: f64,
}

impl Memory {
    async fn look(&mut self, weir: &Server, viewers: usize) -> anyhow::Result<()> {
        let channel = stage::channel(weir).await?;
        let window = channel.map_or(0, |it| it["buffer_bytes"].as_u64().unwrap_or_default());
        let used = resident_bytes(weir.id())? as f64;
        let allowed = allowed(window, viewers);
        if self.allowed == 0.0 || self.used / self.allowed < used / allowed {
            *self = Self { used, allowed };
        }
        Ok(())
    }

    fn row(&self, viewers: usize) -> Row {
        let (used, allowed) = (self.used / 1e6, self.allowed / 1e6);
        Row {
            figure: format!("memory with {viewers} viewers"),
            goal: format!("≤ {allowed:.1} MB"),
            measured: format!("{used:.1} MB"),
            met: used <= allowed,
            detail: "resident set at its highest; allowed: the window's bytes × 1.15 + 25 MB + \
                     24 KB a viewer"
                .to_owned(),
        }
    }
}

fn allowed(window: u64, viewers: usize) -> f64 {
    window as f64 * WINDOW_FACTOR + PROCESS_BYTES + viewers as f64 * VIEWER_BYTES
}

/// Waits until the channel is over and the memory is that of a Weir without any.
async fn back(weir: &Server) -> anyhow::Result<Row> {
    let mut waited = Duration::ZERO;
    let allowed = allowed(0, 0);
    let is_back =
        async |used: f64| anyhow::Ok(used <= allowed && stage::channel(weir).await?.is_none());
    let mut used = resident_bytes(weir.id())? as f64;
    while waited < BACK_WITHIN && !is_back(used).await? {
        tokio::time::sleep(LOOK).await;
        waited += LOOK;
        used = resident_bytes(weir.id())? as f64;
    }
    let (used, limit) = (used / 1e6, allowed / 1e6);
    Ok(Row {
        figure: "memory after they have left".to_owned(),
        goal: format!("≤ {limit:.1} MB within {} s", BACK_WITHIN.as_secs()),
        measured: format!("{used:.1} MB after {:.0} s", waited.as_secs_f64()),
        met: used <= limit,
        detail: "resident set once the channel is over, which is 20 s after its last viewer"
            .to_owned(),
    })
}
