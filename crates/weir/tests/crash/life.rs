//! One life of the program: settings are changed, channels are watched, it is told to end; at some
//! point in between it may be killed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use simulator::engine::{Channel, Engine, Options};
use simulator::media::{Marked, Media};
use simulator::orchestrator::{Log, Orchestrator};
use tempfile::TempDir;

use crate::program::{KEY, Point, Program, Surroundings, Watch};

/// Longest wait for one answer.
const ANSWER_PATIENCE: Duration = Duration::from_secs(10);

/// What the program goes through while it is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plot {
    /// It starts in an empty folder.
    FirstStart,
    /// It starts where an earlier one was killed while channels ran.
    NextStart,
    /// Channels start, and end with the program.
    Streams,
    /// Settings are changed.
    Settings,
}

/// All of them.
pub(crate) const PLOTS: [Plot; 4] = [
    Plot::FirstStart,
    Plot::NextStart,
    Plot::Streams,
    Plot::Settings,
];

/// What was seen of one life before its end.
pub(crate) struct Life {
    pub(crate) around: Surroundings,
    pub(crate) point: Option<Point>,
    pub(crate) orchestrator: Orchestrator,
    pub(crate) ids: Vec<String>,
    /// The last settings that were answered with success, by their number.
    pub(crate) settled: u64,
    /// The settings that were asked for and never answered.
    pub(crate) open: Option<u64>,
    /// The highest media sequence that a viewer saw, by channel.
    pub(crate) sequences: BTreeMap<String, u64>,
    /// Streams that were shown as running.
    pub(crate) shown: Vec<String>,
    killed: bool,
    trace: PathBuf,
    _engine: Engine,
    _folder: TempDir,
}

/// The program is gone, or what it says makes no sense.
pub(crate) struct Gone;

/// A client of the program.
pub(crate) struct Client {
    http: reqwest::Client,
    root: String,
}

/// Settings that belong together: whoever finds another mixture has found torn ones.
pub(crate) fn numbered(number: u64) -> Value {
    json!({
        "hls_window_size": 3 + number,
        "hls_max_segments": 40 + number,
        "stream_timeout": 60 + number,
        "channel_shutdown_delay": 10 + number,
    })
}

impl Client {
    /// Waits until a program answers at all.
    pub(crate) async fn reach(program: &mut Program) -> Result<Self, Gone> {
        loop {
            if let Some(client) = program.root().map(Self::at)
                && client.text("/version").await.is_ok()
            {
                return Ok(client);
            }
            if program.ended().is_some() {
                return Err(Gone);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn at(root: String) -> Self {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(::engine::tls().expect("TLS, which nobody uses"))
            .timeout(ANSWER_PATIENCE)
            .no_proxy()
            .build()
            .expect("a client");
        Self { http, root }
    }

    pub(crate) async fn text(&self, path: &str) -> Result<String, Gone> {
        let answer = self.http.get(format!("{}{path}", self.root)).send().await;
        let answer = answer.and_then(reqwest::Response::error_for_status);
        answer.map_err(|_| Gone)?.text().await.map_err(|_| Gone)
    }

    pub(crate) async fn json(&self, path: &str) -> Result<Value, Gone> {
        let text = self.text(path).await?;
        Ok(serde_json::from_str(&text).expect("JSON"))
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<u16, Gone> {
        let request = self.http.post(format!("{}{path}", self.root));
        let request = request
            .bearer_auth(KEY)
            .header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await;
        Ok(answer.map_err(|_| Gone)?.status().as_u16())
    }

    /// Enters a channel and returns the newest sequence of its first list.
    pub(crate) async fn watch(&self, id: &str) -> Result<u64, Gone> {
        let entry = self.text(&format!("/ace/manifest.m3u8?id={id}")).await?;
        let link = entry
            .lines()
            .find(|line| !line.starts_with('#'))
            .ok_or(Gone)?;
        let list = self.text(&format!("/ace/{link}")).await?;
        match hls::read(list.as_bytes()) {
            Ok(hls::Playlist::Media(list)) => {
                Ok(list.segments.last().map_or(0, |segment| segment.sequence))
            }
            _ => panic!("no list: {list}"),
        }
    }
}

impl Life {
    /// Lives once, until the end or until it is killed.
    pub(crate) async fn run(plot: Plot, point: Option<Point>) -> Self {
        let engine = Engine::start(engine()).await.expect("an engine");
        let orchestrator = Orchestrator::start(0, Some(KEY)).await.expect("a port");
        let folder = tempfile::tempdir().expect("a folder");
        let around = Surroundings {
            folder: folder.path().to_owned(),
            engine: engine.address(),
            orchestrator: orchestrator.url(),
        };
        let trace = folder.path().join("trace");
        let mut life = Self {
            around,
            point,
            orchestrator,
            ids: self::engine()
                .channels
                .iter()
                .map(|it| it.content_id.clone())
                .collect(),
            settled: 0,
            open: None,
            sequences: BTreeMap::new(),
            shown: Vec::new(),
            killed: false,
            trace,
            _engine: engine,
            _folder: folder,
        };
        if plot == Plot::NextStart {
            life.be_killed_midway().await;
        }
        let trace = life.trace.clone();
        let watch = point.map_or(Watch::Count(&trace), Watch::Kill);
        let from_start = matches!(plot, Plot::FirstStart | Plot::NextStart);
        let first = if from_start { watch } else { Watch::Nothing };
        let mut program = Program::start(&life.around, first);
        let lived = async {
            let client = Client::reach(&mut program).await?;
            if !from_start {
                program.watch(watch).await;
            }
            match plot {
                Plot::FirstStart | Plot::NextStart => Ok(()),
                Plot::Streams => life.streams(&client).await,
                Plot::Settings => life.settings(&client).await,
            }
        };
        let lived = lived.await;
        if lived.is_ok() {
            program.terminate();
        }
        let status = program.end().await;
        life.killed = !status.success();
        assert!(
            point.is_some() || (!life.killed && lived.is_ok()),
            "{plot:?}: it ended with {status}"
        );
        life
    }

    /// A life that ends as if the machine had lost its power, with channels that run.
    async fn be_killed_midway(&mut self) {
        let mut program = Program::start(&self.around, Watch::Nothing);
        let Ok(client) = Client::reach(&mut program).await else {
            panic!("it does not start");
        };
        assert!(self.streams(&client).await.is_ok());
        let starts = |log: &Log| self.ids.len() <= log.taken.len();
        self.orchestrator.until(starts).await;
    }

    /// Channels start.
    async fn streams(&mut self, client: &Client) -> Result<(), Gone> {
        for id in self.ids.clone() {
            let sequence = client.watch(&id).await?;
            self.sequences.insert(id, sequence);
        }
        let streams = client.json("/streams?status=started").await?;
        let ids = streams.as_array().expect("a list").iter();
        self.shown = ids
            .filter_map(|it| it["id"].as_str().map(Into::into))
            .collect();
        assert_eq!(self.shown.len(), self.ids.len());
        Ok(())
    }

    /// Settings are changed, twice.
    async fn settings(&mut self, client: &Client) -> Result<(), Gone> {
        self.change(client, 1).await?;
        self.change(client, 2).await
    }

    async fn change(&mut self, client: &Client, number: u64) -> Result<(), Gone> {
        self.open = Some(number);
        let status = client.post("/proxy/config", &numbered(number)).await?;
        assert_eq!(status, 200, "settings {number}");
        self.settled = number;
        self.open = None;
        Ok(())
    }

    /// Whether it was killed before its end.
    pub(crate) fn was_killed(&self) -> bool {
        self.killed
    }

    /// How often the program made system calls of a kind, in the thread that made most of them, in a
    /// life that was watched.
    pub(crate) fn calls(&self, kind: &str) -> usize {
        let trace = std::fs::read_to_string(&self.trace).expect("a trace");
        let names: Vec<_> = kind.split(',').map(|name| format!(" {name}(")).collect();
        let is_call = |line: &&str| names.iter().any(|name| line.contains(name.as_str()));
        let mut threads = BTreeMap::<_, usize>::new();
        for line in trace.lines().filter(is_call) {
            *threads.entry(line.split(' ').next()).or_default() += 1;
        }
        threads.into_values().max().unwrap_or(0)
    }
}

/// An engine that has enough for a first list at once.
pub(crate) fn engine() -> Options {
    let shape = |stream| Marked {
        stream,
        duration: Duration::from_millis(500),
        bytes: 4_000,
    };
    Options {
        channels: (1..=2)
            .map(|n| Channel::numbered(n, Media::marked(shape(n as u32))))
            .collect(),
        idle: Duration::from_millis(10),
        prebuf: Duration::from_millis(30),
        initial: 12,
        ..Options::default()
    }
}
