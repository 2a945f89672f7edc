//! Viewers of continuous streams: what crowds of them notice, how soon one begins, and how late packets are.

use std::time::Duration;

use simulator::swarm::{self, Arrival, Heard, Latency, Options};

use crate::machine::cpu_seconds;
use crate::paced::Paced;
use crate::report::Row;
use crate::source::Live;
use crate::stage;

/// Crowds, the bits a second that each of them plays, and how long.
const CROWDS: [(usize, usize, Duration); 2] = [
    (500, 8_000_000, Duration::from_secs(20)),
    (2_000, 400_000, Duration::from_secs(20)),
];

/// The time over which a crowd arrives.
const ARRIVAL: Duration = Duration::from_secs(2);

/// How late packets are is looked at with so many viewers, at this rate, for so long.
const FOLLOWING: (usize, usize, Duration) = (100, 8_000_000, Duration::from_secs(15));

/// Viewers that join one after the other, half a second long each, over the whole time.
const JOINING: (usize, Duration) = (100, Duration::from_secs(10));

const BITS: usize = 8_000_000;

pub(crate) async fn measure() -> anyhow::Result<Vec<Row>> {
    let mut rows = joining().await?;
    rows.extend(following().await?);
    for (viewers, bits, duration) in CROWDS {
        rows.push(crowd(viewers, bits, duration).await?);
    }
    Ok(rows)
}

async fn crowd(viewers: usize, bits: usize, duration: Duration) -> anyhow::Result<Row> {
    let live = Live::start(bits, &[]).await?;
    let options = Options {
        url: live.stream(),
        viewers,
        arrival: ARRIVAL,
        duration,
    };
    let cpu = cpu_seconds(live.weir.id())?;
    let heard = swarm::listen(&options, false).await?;
    let cpu = cpu_seconds(live.weir.id())? - cpu;
    let gigabytes = heard.bytes as f64 / 1e9;
    let errors = heard.error_texts.join("; ");
    let megabits = bits as f64 / 1e6;
    Ok(Row {
        figure: format!("what {viewers} viewers of continuous {megabits} Mbit/s notice"),
        goal: "every packet, in order, counters and all".to_owned(),
        measured: faults(&heard),
        met: heard.is_clean() && heard.served == viewers && heard.begun_well == viewers,
        detail: format!(
            "{} s, {gigabytes:.1} GB; longest silence {} ms; Weir used {:.0} % of one core, {:.3} s/GB {errors}",
            duration.as_secs(),
            heard.silence.as_millis(),
            cpu / (duration + ARRIVAL).as_secs_f64() * 100.0,
            cpu / gigabytes,
        ),
    })
}

fn faults(heard: &Heard) -> String {
    format!(
        "{} gaps, {} wrong counters, {} wrong packets, {} errors",
        heard.gaps, heard.miscounts, heard.wrong, heard.errors
    )
}

/// How soon the first key frame is there, of a channel that is watched already.
async fn joining() -> anyhow::Result<Vec<Row>> {
    let (viewers, arrival) = JOINING;
    let live = Live::start(BITS, &[]).await?;
    let first = Options {
        url: live.stream(),
        viewers: 1,
        arrival: Duration::ZERO,
        // Longer than it takes to come to life and be joined.
        duration: stage::PATIENCE + arrival * 2,
    };
    let joining = Options {
        viewers,
        arrival,
        duration: Duration::from_millis(500),
        ..first.clone()
    };
    let joined = async {
        stage::until_live(&live.weir).await?;
        anyhow::Ok(swarm::listen(&joining, false).await?)
    };
    let heard = tokio::select! {
        biased;
        joined = joined => joined?,
        first = swarm::listen(&first, false) => anyhow::bail!("the first viewer left: {first:?}"),
    };
    let millis = |percent| heard.began.percentile(percent).as_secs_f64() * 1e3;
    let figure = "join of a running channel: request to the first key frame";
    let mut row = Row::at_most(figure, 5.0, millis(50), " ms");
    row.met &= heard.is_clean() && heard.begun_well == viewers;
    Ok(vec![row.told(format!(
        "median of {viewers} viewers one after the other, connecting included; 99 of 100 within {:.1} ms; {} begun \
         with a key frame; {}",
        millis(99),
        heard.begun_well,
        faults(&heard)
    ))])
}

/// How long a packet takes from the source's write to the viewers' reads.
async fn following() -> anyhow::Result<Vec<Row>> {
    let (viewers, bits, duration) = FOLLOWING;
    let live = Live::start(bits, &[]).await?;
    let mut options = Options {
        url: live.stream(),
        viewers,
        arrival: ARRIVAL,
        duration,
    };
    let heard = swarm::listen(&options, true).await?;
    let took = took(&live.source.log.entries(), &heard.arrivals);
    let paced = Paced::start(stage::media(2, bits / 4)).await?;
    options.viewers = 1;
    options.url = paced.url();
    let straight = swarm::listen(&options, true).await?;
    let straight = self::took(&paced.log.entries(), &straight.arrivals);
    let millis = |took: &Latency, percent| took.percentile(percent).as_secs_f64() * 1e3;
    let told = format!(
        "{} pieces at {viewers} viewers of {} Mbit/s; {}; one viewer straight at a source of 5 ms pieces: {:.2} ms \
         (median) and {:.2} ms (99 of 100)",
        took.count(),
        bits / 1_000_000,
        faults(&heard),
        millis(&straight, 50),
        millis(&straight, 99)
    );
    let figure = "from the source's write to a continuous viewer's read";
    let middle = Row::at_most(&format!("{figure}, median"), 2.0, millis(&took, 50), " ms");
    let most = Row::at_most(
        &format!("{figure}, 99 of 100"),
        20.0,
        millis(&took, 99),
        " ms",
    );
    let served = 0 < took.count() && heard.is_clean();
    Ok([middle.told(told), most]
        .map(|row| Row {
            met: row.met && served,
            ..row
        })
        .into())
}

/// For each viewer and each piece that the source gave after the viewer had begun: how much later it was read.
fn took(log: &[Arrival], viewers: &[Vec<Arrival>]) -> Latency {
    let mut took = Latency::default();
    for arrivals in viewers {
        let Some(first) = arrivals.first() else {
            continue;
        };
        let mut arrivals = arrivals.iter().peekable();
        for given in log.iter().filter(|given| first.at < given.at) {
            while arrivals
                .next_if(|read| read.packet < given.packet)
                .is_some()
            {}
            match arrivals.peek() {
                Some(read) => took.note(read.at.saturating_duration_since(given.at)),
                None => break,
            }
        }
    }
    took
}
