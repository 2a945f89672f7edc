//! Viewers with real playheads while engines are taken over, killed, drained and hang: for how long they stall, with Weir in front
//! of the engines and with a plain passthrough.

use std::time::Duration;

use anyhow::Context as _;
use simulator::engine::{Channel, Engine, Options};
use simulator::fault::{Endpoint, Http, Listing, SecondReader, Session};
use simulator::swarm::{self, Heard, Report};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::child::Server;
use crate::machine::now;
use crate::passthrough::Passthrough;
use crate::report::Row;
use crate::stage;

/// Engines of each side.
const ENGINES: usize = 3;

/// Viewers of each kind.
const VIEWERS: usize = 10;

/// Segments of two seconds and 0.8 Mbit/s; what comes at once is twenty seconds, as much as real engines give.
const SEGMENT_SECONDS: u64 = 2;
const SEGMENT_BYTES: usize = 200_000;
const BURST_BYTES: u64 = 2_000_000;

/// An engine needs so long to begin; in the field it is 8 s and more where nobody has played the content lately.
const PREBUFFER: Duration = Duration::from_secs(2);

/// Between two blows.
const BETWEEN: Duration = Duration::from_secs(15);

/// A drained engine is switched off after so long.
const EMPTY_AFTER: Duration = Duration::from_secs(8);

/// The most that a viewer may see twice or miss at a blow: media is taken up again at a key frame.
const SEAM_SECONDS_MAX: f64 = SEGMENT_SECONDS as f64 / 2.0;

/// Players begin with a second of media, and rest as long before they ask again.
const SECOND: Duration = Duration::from_secs(1);

/// What befalls the engine that carries the channel.
#[derive(Clone, Copy, Debug)]
enum Blow {
    TakenOver,
    Killed,
    Drained,
    Hung,
}

const BLOWS: [Blow; 4] = [Blow::TakenOver, Blow::Killed, Blow::Drained, Blow::Hung];

pub(crate) async fn measure() -> anyhow::Result<Vec<Row>> {
    let with_weir = through_weir().await?;
    let without = passed_through().await?;
    let blows = BLOWS.len() as f64;
    let Noticed { lists, bodies, .. } = with_weir;
    let [twice, missed] = [with_weir.twice, with_weir.missed].map(|it| it / blows);
    let (stalled, again) = (without.bodies, without.twice / blows);
    let beside = format!(
        "{VIEWERS} viewers of a plain passthrough, who ask again whenever they are cut off"
    );
    Ok(vec![
        Row {
            figure: format!(
                "stalls of {VIEWERS} + {VIEWERS} viewers whose engines are taken over, killed, drained, hung"
            ),
            goal: "0 s".to_owned(),
            measured: format!("{:.1} s", lists + bodies),
            met: lists + bodies <= 0.0,
            detail: format!(
                "{blows} blows, one each {} s, engines that begin within {} s and give 20 s at once; lists {lists:.1} s, bodies \
                 {bodies:.1} s; {beside}: {stalled:.1} s",
                BETWEEN.as_secs(),
                PREBUFFER.as_secs(),
            ),
        },
        Row::at_most(
            "what each of them sees twice or not at all, a blow",
            SEAM_SECONDS_MAX,
            twice + missed,
            " s",
        )
        .told(format!(
            "viewers of bodies: {twice:.2} s twice and {missed:.2} s not at all, key frames are {SEGMENT_SECONDS} s apart; \
             {beside}: {again:.1} s twice"
        )),
    ])
}

/// What viewers notice.
struct Noticed {
    /// Stalled seconds, summed over viewers.
    lists: f64,
    bodies: f64,
    /// Seconds of media that came once more, and that were left out, for each viewer of a body.
    twice: f64,
    missed: f64,
}

fn watched() -> Duration {
    BETWEEN * (BLOWS.len() as u32 + 1)
}

async fn engines() -> anyhow::Result<(Vec<Engine>, Channel)> {
    let media = stage::media(SEGMENT_SECONDS, SEGMENT_BYTES);
    let channel = Channel::numbered(1, media);
    let mut engines = Vec::new();
    for _ in 0..ENGINES {
        let options = Options {
            channels: vec![channel.clone()],
            prebuf: PREBUFFER,
            burst: BURST_BYTES,
            redirect_hops: 0,
            ..Options::default()
        };
        let engine = Engine::start(options).await?;
        // Kinder than engines are: viewers of the passthrough would throw each other out.
        engine
            .faults()
            .add(Session::SecondReader(SecondReader::Serve));
        engines.push(engine);
    }
    Ok((engines, channel))
}

async fn through_weir() -> anyhow::Result<Noticed> {
    let (engines, channel) = engines().await?;
    let addresses: Vec<_> = engines.iter().map(|it| it.address().to_string()).collect();
    let weir = Server::weir(&[("WEIR_ENGINES", addresses.join(","))]).await?;
    let id = &channel.content_id;
    let crowd = |path: String| swarm::Options {
        url: format!("http://{}{path}", weir.address),
        viewers: VIEWERS,
        arrival: SECOND,
        duration: watched(),
    };
    let lists = crowd(format!("/ace/manifest.m3u8?id={id}"));
    let bodies = crowd(format!("/ace/getstream?id={id}&mode=ts"));
    let strikes = async {
        for blow in BLOWS {
            tokio::time::sleep(BETWEEN).await;
            let channel = stage::channel(&weir).await?.context("no channel")?;
            let carrying = channel["engine"].as_str().unwrap_or_default();
            let number = addresses.iter().position(|it| it == carrying);
            let number = number.context("nobody carries the channel")?;
            eprintln!("  weir: {blow:?} {carrying}");
            if matches!(blow, Blow::Drained) {
                drain(&weir, carrying).await?;
            }
            strike(blow, &engines[number], &channel_hash(&engines[number])?).await;
        }
        anyhow::Ok(())
    };
    let (lists, bodies, strikes) =
        tokio::join!(swarm::glance(&lists), swarm::listen(&bodies, true), strikes);
    strikes?;
    let (lists, bodies): (Report, Heard) = (lists?, bodies?);
    eprintln!(
        "  lists: {} stalls, {} errors {:?}",
        lists.stalls, lists.errors, lists.error_texts
    );
    eprintln!(
        "  bodies: {} errors {:?}, silence {:?}",
        bodies.errors, bodies.error_texts, bodies.silence
    );
    anyhow::ensure!(
        lists.served == VIEWERS && bodies.served == VIEWERS,
        "not all were served"
    );
    let packet = channel.media.packet().context("media without marks")?;
    let each = |packets: u64| packet.as_secs_f64() * packets as f64 / VIEWERS as f64;
    Ok(Noticed {
        lists: lists.stalled_seconds,
        bodies: bodies.stalled(packet, SECOND).as_secs_f64(),
        twice: each(bodies.repeated),
        missed: each(bodies.missed),
    })
}

async fn passed_through() -> anyhow::Result<Noticed> {
    let (engines, channel) = engines().await?;
    let addresses = engines.iter().map(Engine::address).collect();
    let passthrough = Passthrough::start(addresses, &channel.content_id).await?;
    let url = format!("http://{}/", passthrough.address);
    let until = now() + watched();
    let mut viewers = JoinSet::new();
    for _ in 0..VIEWERS {
        viewers.spawn(listen_again(url.clone(), until));
    }
    for blow in BLOWS {
        tokio::time::sleep(BETWEEN).await;
        let engine = &engines[passthrough.carrying()];
        eprintln!("  passthrough: {blow:?} {}", engine.address());
        strike(blow, engine, &channel_hash(engine)?).await;
    }
    let mut heard = Heard::default();
    while let Some(one) = viewers.join_next().await {
        heard.arrivals.push(one??);
    }
    let packet = channel.media.packet().context("media without marks")?;
    let back: u64 = heard.arrivals.iter().map(|it| rewound(it)).sum();
    Ok(Noticed {
        lists: 0.0,
        bodies: heard.stalled(packet, SECOND).as_secs_f64(),
        twice: packet.as_secs_f64() * back as f64 / VIEWERS as f64,
        missed: 0.0,
    })
}

/// By how many packets what a viewer gets goes back, all in all.
fn rewound(arrivals: &[swarm::Arrival]) -> u64 {
    let pairs = arrivals.windows(2);
    pairs
        .map(|pair| pair[0].packet.saturating_sub(pair[1].packet))
        .sum()
}

/// A viewer who asks again whenever it is cut off: all that it heard, and the end as something that came then.
async fn listen_again(url: String, until: Instant) -> anyhow::Result<Vec<swarm::Arrival>> {
    let mut arrivals: Vec<swarm::Arrival> = Vec::new();
    while now() < until {
        let options = swarm::Options {
            url: url.clone(),
            viewers: 1,
            arrival: Duration::ZERO,
            duration: until.saturating_duration_since(now()),
        };
        let heard = swarm::listen(&options, true).await?;
        arrivals.extend(heard.arrivals.into_iter().flatten());
        tokio::time::sleep(SECOND).await;
    }
    let newest = arrivals.iter().map(|it| it.packet).max();
    let packet = newest.unwrap_or_default();
    arrivals.push(swarm::Arrival { packet, at: until });
    Ok(arrivals)
}

async fn strike(blow: Blow, engine: &Engine, infohash: &str) {
    match blow {
        Blow::TakenOver => {
            engine.supersede(infohash);
        }
        Blow::Killed => engine.crash(BETWEEN / 2),
        Blow::Drained => {
            tokio::time::sleep(EMPTY_AFTER).await;
            engine.crash(watched());
        }
        Blow::Hung => {
            engine.faults().add(Listing::Stall);
            engine.faults().always(Endpoint::Any, Http::Hang);
        }
    }
}

/// What the engine calls the content that it plays.
fn channel_hash(engine: &Engine) -> anyhow::Result<String> {
    let starts = engine.metrics().starts;
    let (infohash, _) = starts.into_keys().next().context("it plays nothing")?;
    Ok(infohash)
}

async fn drain(weir: &Server, engine: &str) -> anyhow::Result<()> {
    let body = r#"{"draining":true}"#;
    let mut socket = TcpStream::connect(weir.address).await?;
    let request = format!(
        "POST /api/v1/engines/{engine}/drain HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer bench\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        weir.address,
        body.len()
    );
    socket.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await?;
    anyhow::ensure!(
        answer.starts_with("HTTP/1.1 200"),
        "it is not drained: {answer}"
    );
    Ok(())
}
