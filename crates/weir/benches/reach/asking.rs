//! How soon the state of things is told while much is going on: many channels, many engines of which some hang, and a
//! long past; and whether viewers notice that it is asked for.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use ledger::{Change, End, Stream};
use serde_json::Value;
use simulator::engine::{Channel, Engine, Options};
use simulator::swarm::{self, Client, Heard};
use store::Store;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use weir::clock;

use crate::child::Server;
use crate::machine::now;
use crate::report::Row;
use crate::stage;

/// Streams of the past.
const ENDED: u32 = 10_000;

/// Engines that work, and engines that accept connections and say nothing.
const WELL: usize = 40;
const HANGING: usize = 10;

/// Channels that are watched by one viewer each, and the bits a second of each.
const CHANNELS: u64 = 200;
const BITS: usize = 100_000;

/// Channels that an engine may carry: a few more than are needed.
const PLACES: usize = 6;

/// What is asked for, over and over.
const PATHS: [&str; 12] = [
    "/streams?status=started",
    "/streams?status=ended",
    "/engines",
    "/proxy/status",
    "/api/v1/channels",
    "/api/v1/channels/{key}",
    "/api/v1/channels/{key}/viewers",
    "/api/v1/overview",
    "/api/v1/streams/ended?limit=100",
    "/events?limit=100",
    "/health/status",
    "/metrics",
];

/// Askers: panels and scripts that look at the same time.
const ASKERS: usize = 4;

/// The rest of an asker between two questions.
const REST: Duration = Duration::from_millis(50);

/// Players begin with so much media.
const SECOND: Duration = Duration::from_secs(1);

/// How long is asked, and for how long viewers watch: the time it takes everybody to begin comes first.
const ASKING: Duration = Duration::from_secs(20);
const WATCHING: Duration = Duration::from_secs(60);

/// Longest wait for the engines that hang to be found out, and for all channels.
const PATIENCE: Duration = Duration::from_secs(90);

/// Between two looks.
const LOOK: Duration = Duration::from_millis(200);

/// The goal, in milliseconds.
const GOAL: f64 = 50.0;

pub(crate) async fn measure() -> anyhow::Result<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    past(folder.path()).await?;
    let crowd = Crowd::start().await?;
    let variables = [
        ("WEIR_ENGINES", crowd.addresses()),
        ("ACEXY_MAX_STREAMS_PER_ENGINE", PLACES.to_string()),
    ];
    let weir = Server::weir_in(folder, &variables).await?;
    until(&weir, "/health/status", unhealthy, HANGING)
        .await
        .context("hanging engines are not found out")?;
    let mut viewers = JoinSet::new();
    for number in 1..=CHANNELS {
        let options = swarm::Options {
            url: format!("http://{}/ace/stream/{}.ts", weir.address, id(number)),
            viewers: 1,
            arrival: Duration::ZERO,
            duration: WATCHING,
        };
        viewers.spawn(async move { swarm::listen(&options, true).await });
    }
    until(&weir, "/proxy/status", live, CHANNELS as usize)
        .await
        .context("not all channels run")?;
    let answers = ask(&weir).await?;
    let mut heard = Vec::new();
    for viewer in viewers.join_all().await {
        heard.push(viewer?);
    }
    Ok(vec![soon(answers), unnoticed(&heard)])
}

/// How long answers took, in milliseconds, by path.
type Answers = Vec<(&'static str, Vec<f64>)>;

async fn ask(weir: &Server) -> anyhow::Result<Answers> {
    let address = weir.address;
    let mut askers = JoinSet::new();
    for asker in 0..ASKERS {
        askers.spawn(async move { asker_of(address, asker).await });
    }
    let mut answers: Answers = PATHS.iter().map(|path| (*path, Vec::new())).collect();
    for asker in askers.join_all().await {
        for (index, took) in asker? {
            answers[index].1.push(took);
        }
    }
    Ok(answers)
}

async fn asker_of(address: SocketAddr, first: usize) -> anyhow::Result<Vec<(usize, f64)>> {
    let mut client = Client::connect(address).await?;
    let key = id(1);
    let end = now() + ASKING;
    let mut answers = Vec::new();
    let mut index = first * PATHS.len() / ASKERS;
    while now() < end {
        index = (index + 1) % PATHS.len();
        let path = PATHS[index].replace("{key}", &key);
        let asked = now();
        client.body(&path).await.with_context(|| path.clone())?;
        answers.push((index, asked.elapsed().as_secs_f64() * 1e3));
        tokio::time::sleep(REST).await;
    }
    Ok(answers)
}

fn soon(answers: Answers) -> Row {
    let slowest = answers
        .iter()
        .map(|(path, took)| (*path, percentile(took.clone())))
        .max_by(|one, other| one.1.total_cmp(&other.1));
    let (path, worst) = slowest.unwrap_or_default();
    let all: Vec<_> = answers.into_iter().flat_map(|(_, took)| took).collect();
    let count = all.len();
    let figure = "what runs is asked for: 99 of 100 answers within";
    Row::at_most(figure, GOAL, percentile(all), " ms").told(format!(
        "{count} answers of {} addresses; the slowest of them, {path}, {worst:.1} ms; {CHANNELS} channels, {WELL} engines and \
         {HANGING} that hang, {ENDED} streams of the past",
        PATHS.len()
    ))
}

fn unnoticed(heard: &[Heard]) -> Row {
    let sum = |of: fn(&Heard) -> u64| heard.iter().map(of).sum::<u64>();
    let (gaps, wrong, errors) = (
        sum(|it| it.gaps),
        sum(|it| it.miscounts + it.wrong),
        sum(|it| it.errors),
    );
    let served: usize = heard.iter().map(|it| it.served).sum();
    let packet = channel(1).media.packet().unwrap_or_default();
    let stalls = heard.iter().map(|it| it.stalled(packet, SECOND));
    let stalled: Duration = stalls.sum();
    Row {
        figure: format!("what viewers of {CHANNELS} channels notice of it"),
        goal: "every packet, in order and in time".to_owned(),
        measured: format!(
            "{gaps} gaps, {wrong} wrong packets, {errors} errors, {:.1} s of stalls",
            stalled.as_secs_f64()
        ),
        met: gaps + wrong + errors == 0 && stalled.is_zero() && served as u64 == CHANNELS,
        detail: format!("{served} served, for {} s each", WATCHING.as_secs()),
    }
}

fn percentile(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let index = values.len().saturating_sub(1) * 99 / 100;
    values.get(index).copied().unwrap_or(f64::NAN)
}

/// Waits until so many things are as `count` says, of what an address answers.
async fn until(
    weir: &Server,
    path: &str,
    count: fn(&Value) -> usize,
    wanted: usize,
) -> anyhow::Result<()> {
    let mut client = Client::connect(weir.address).await?;
    let mut last = 0;
    let begun = now();
    while begun.elapsed() < PATIENCE {
        last = count(&serde_json::from_slice(client.body(path).await?)?);
        if wanted <= last {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
    anyhow::bail!("{last} of {wanted}")
}

fn unhealthy(health: &Value) -> usize {
    let engines = health["engines"].as_array().into_iter().flatten();
    engines
        .filter(|it| it["health_status"] == "unhealthy")
        .count()
}

fn live(status: &Value) -> usize {
    let channels = status["channels"].as_array().into_iter().flatten();
    channels.filter(|it| it["state"] == "live").count()
}

/// Engines of both kinds.
struct Crowd {
    well: Vec<Engine>,
    hanging: Vec<SocketAddr>,
    _silent: JoinSet<()>,
}

impl Crowd {
    async fn start() -> anyhow::Result<Self> {
        let mut well = Vec::new();
        for _ in 0..WELL {
            let channels = (1..=CHANNELS).map(channel).collect();
            let options = Options {
                channels,
                prebuf: Duration::from_millis(200),
                ..Options::default()
            };
            well.push(Engine::start(options).await?);
        }
        let mut silent = JoinSet::new();
        let mut hanging = Vec::new();
        for _ in 0..HANGING {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            hanging.push(listener.local_addr()?);
            silent.spawn(hang(listener));
        }
        Ok(Self {
            well,
            hanging,
            _silent: silent,
        })
    }

    fn addresses(&self) -> String {
        let well = self.well.iter().map(Engine::address);
        let all = well.chain(self.hanging.iter().copied());
        all.map(|it| it.to_string()).collect::<Vec<_>>().join(",")
    }
}

/// Accepts what comes and keeps it, up to a bound, without a word.
async fn hang(listener: TcpListener) {
    const KEPT_MAX: usize = 64;
    let mut kept: Vec<TcpStream> = Vec::new();
    while let Ok((socket, _)) = listener.accept().await {
        if KEPT_MAX <= kept.len() {
            kept.remove(0);
        }
        kept.push(socket);
    }
}

fn channel(number: u64) -> Channel {
    Channel::numbered(number, stage::media(2, BITS / 8 * 2))
}

fn id(number: u64) -> String {
    channel(number).content_id
}

/// Leaves a folder as some months of service would.
async fn past(folder: &Path) -> anyhow::Result<()> {
    let (store, _) = Store::open(folder)?;
    let changes: Vec<_> = (0..ENDED)
        .map(|number| Change::Stream(Arc::new(ended(number))))
        .collect();
    anyhow::ensure!(store.write(changes.into()).await, "nothing was written");
    Ok(())
}

fn ended(number: u32) -> Stream {
    let at = clock::wall();
    Stream {
        id: format!("stream-{number:05}"),
        key_type: "content_id".into(),
        key: "ab".repeat(20),
        container_id: Some("engine:6878".into()),
        engine_host: "engine".into(),
        engine_port: 6878,
        playback_session_id: "cd".repeat(20),
        stat_url: "http://engine:6878/ace/stat/x/y".into(),
        command_url: "http://engine:6878/ace/cmd/x/y".into(),
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
