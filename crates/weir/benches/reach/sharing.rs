//! What viewers of continuous streams cost beside viewers of HLS: processor time a gigabyte, and memory.

use std::time::Duration;

use simulator::swarm::{self, Options};

use crate::machine::{cpu_seconds, resident_bytes};
use crate::report::{Row, median};
use crate::source::Live;
use crate::stage;

/// Pairs of legs: continuous, HLS, continuous, HLS, and so on, of as many viewers as each other.
const PAIRS: usize = 3;
const VIEWERS: usize = 600;

/// How long they watch: in ten seconds a third of what a viewer of HLS gets is what its first list holds, all at once.
const LEG: Duration = Duration::from_secs(30);

/// The same where the channel only starts.
const START: Duration = Duration::from_secs(8);
const BITS: usize = 8_000_000;

/// The time over which they arrive: each of HLS begins with three whole segments.
const ARRIVAL: Duration = Duration::from_secs(4);

/// Viewers of each kind, before and after; the bits a second that they play.
const FEW: usize = 1;
const MANY: usize = 200;
const MIXED_BITS: usize = 750_000;

/// What a viewer is allowed, of either kind, in KB.
const VIEWER_KILOBYTES: f64 = 24.0;

/// Segments of the window: the fewest that no player of HLS notices.
const WINDOW: usize = 13;

/// Time for a window to fill, and for a crowd to be there.
const SETTLED: Duration = Duration::from_secs(24);

pub(crate) async fn measure() -> anyhow::Result<Vec<Row>> {
    Ok(vec![costs().await?, memory().await?])
}

async fn costs() -> anyhow::Result<Row> {
    // What lies ready when a viewer joins is sent in large writes; what is asked here is the cost of what is not.
    let variables = [
        ("WEIR_TS_JOIN_SECONDS", "0".to_owned()),
        ("HLS_INITIAL_BUFFER_SECONDS", "5".to_owned()),
    ];
    let live = Live::start(BITS, &variables).await?;
    watched(&live, false, VIEWERS, START).await?;
    let mut pairs = Vec::new();
    for _ in 0..PAIRS {
        let costs = (leg(&live, true).await?, leg(&live, false).await?);
        eprintln!("  continuous {:.3} s/GB, HLS {:.3} s/GB", costs.0, costs.1);
        pairs.push(costs);
    }
    let ratio = median(pairs.iter().map(|(ours, theirs)| ours / theirs));
    let figure = "CPU time per GB, viewers of continuous streams / of HLS";
    Ok(Row::ratio(figure, 1.25, ratio).told(format!(
        "{:.3} s/GB to {:.3} s/GB, median of {PAIRS} pairs of {VIEWERS} viewers of {} Mbit/s",
        median(pairs.iter().map(|it| it.0)),
        median(pairs.iter().map(|it| it.1)),
        BITS / 1_000_000
    )))
}

/// Processor time for a gigabyte that was read at the pace of the media.
async fn leg(live: &Live, continuous: bool) -> anyhow::Result<f64> {
    let before = cpu_seconds(live.weir.id())?;
    let bytes = watched(live, continuous, VIEWERS, LEG).await?;
    Ok((cpu_seconds(live.weir.id())? - before) / (bytes as f64 / 1e9))
}

/// Lets viewers of one kind watch; the bytes that they got, all of them sound.
async fn watched(
    live: &Live,
    continuous: bool,
    viewers: usize,
    duration: Duration,
) -> anyhow::Result<u64> {
    let options = Options {
        url: if continuous {
            live.stream()
        } else {
            live.playlist()
        },
        viewers,
        arrival: ARRIVAL,
        duration,
    };
    if continuous {
        let heard = swarm::listen(&options, false).await?;
        anyhow::ensure!(heard.is_clean(), "{:?}", heard.error_texts);
        return Ok(heard.bytes);
    }
    let seen = swarm::glance(&options).await?;
    anyhow::ensure!(
        seen.wrong_bytes + seen.gaps + seen.errors == 0,
        "{} gaps, {} wrong packets, {} errors: {:?}",
        seen.gaps,
        seen.wrong_bytes,
        seen.errors,
        seen.error_texts
    );
    Ok(seen.bytes)
}

/// Weir's memory beyond the window, with viewers of both kinds.
async fn memory() -> anyhow::Result<Row> {
    let variables = [("HLS_MAX_SEGMENTS", WINDOW.to_string())];
    let live = Live::start(MIXED_BITS, &variables).await?;
    let few = mixed(&live, FEW).await?;
    let many = mixed(&live, MANY).await?;
    let each = (many - few) / (2 * (MANY - FEW)) as f64 / 1e3;
    let figure = "memory of a viewer in a mixed crowd";
    Ok(Row::at_most(figure, VIEWER_KILOBYTES, each, " KB").told(format!(
        "{MANY} of HLS and {MANY} of continuous streams: {:.1} MB beyond the one window; {FEW} and {FEW}: {:.1} MB",
        many / 1e6,
        few / 1e6
    )))
}

async fn mixed(live: &Live, each: usize) -> anyhow::Result<f64> {
    let continuous = watched(live, true, each, SETTLED * 2);
    let listed = watched(live, false, each, SETTLED * 2);
    let look = async {
        tokio::time::sleep(SETTLED).await;
        let channel = stage::channel(&live.weir).await?;
        let window = channel.and_then(|it| it["buffer_bytes"].as_u64());
        let window = window.ok_or_else(|| anyhow::anyhow!("no channel runs"))?;
        anyhow::Ok(resident_bytes(live.weir.id())? as f64 - window as f64)
    };
    tokio::select! {
        biased;
        looked = look => looked,
        left = continuous => anyhow::bail!("the viewers left: {left:?}"),
        left = listed => anyhow::bail!("the viewers left: {left:?}"),
    }
}
