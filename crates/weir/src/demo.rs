//! Weir in front of a simulated engine that shows moving pictures: something to look at without
//! an engine, and the stage for tests with real players.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use simulator::engine::{Channel, Engine, Options};
use simulator::fault::{Endpoint, Http, Listing, Rule};
use simulator::media::Media;
use simulator::metrics::Metrics;
use tokio_util::sync::CancellationToken;

use crate::app::{Service, Staged};
use crate::config::{Config, DemoArgs, Misbehaviour, ServeArgs};

/// How often a misbehaving engine misbehaves.
const AGAIN: Duration = Duration::from_secs(30);

/// How long a stalling engine gives nothing: longer than players hold, so that it is seen.
const STALL: Duration = Duration::from_secs(14);

/// How long a dead engine refuses connections.
const DEAD: Duration = Duration::from_secs(3);

/// What an engine needs before it gives anything: less than a real one, for who tries things out.
const START: Duration = Duration::from_secs(1);

/// What a slow engine needs before it gives anything: the longest that cold ones were seen to.
const SLOW_START: Duration = Duration::from_secs(25);

/// A slow engine's bytes a second for each segment; the clips need about 40 KB/s.
const SLOW_PACE: u64 = 80_000;

/// What comes at once of a continuous stream: a real engine sends 10 to 22 MB, some twenty seconds of what it plays. The clips
/// are small, and more of them would cover every silence that the engine may be told to keep.
const BURST_BYTES: u64 = 640 << 10;

/// What can be made to happen to the engine, and how long it lasts.
#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    /// It loses all sessions, and refuses connections for so long.
    Death(Duration),
    /// It stays, and gives no media for so long.
    Silence(Duration),
}

/// The simulated engine of a demo.
pub struct Stage {
    engine: Engine,
    channels: BTreeMap<String, String>,
}

impl Stage {
    /// Starts an engine with so many channels.
    pub async fn set(channels: u16, misbehaviour: Misbehaviour) -> std::io::Result<Self> {
        let shows = (0..usize::from(channels)).map(|number| {
            let media = Media::clip(number);
            Channel {
                title: media.name().to_owned(),
                ..Channel::numbered(number as u64 + 1, media)
            }
        });
        let shows: Vec<_> = shows.collect();
        let ids = shows
            .iter()
            .map(|show| (show.content_id.clone(), show.title.clone()))
            .collect();
        let prebuf = match misbehaviour {
            Misbehaviour::Slow => SLOW_START,
            _ => START,
        };
        // Enough to begin with at once, as engines give a burst.
        let options = Options {
            channels: shows,
            prebuf,
            initial: 6,
            burst: BURST_BYTES,
            ..Options::default()
        };
        let engine = Engine::start(options).await?;
        if misbehaviour == Misbehaviour::Slow {
            engine
                .faults()
                .always(Endpoint::Segment, Http::Pace(SLOW_PACE));
        }
        Ok(Self {
            engine,
            channels: ids,
        })
    }

    /// Where the engine listens.
    pub fn address(&self) -> SocketAddr {
        self.engine.address()
    }

    /// Content ids and titles.
    pub fn channels(&self) -> Vec<(String, String)> {
        self.channels
            .iter()
            .map(|(id, title)| (id.clone(), title.clone()))
            .collect()
    }

    /// A channel's title.
    pub fn title(&self, id: &str) -> Option<&str> {
        self.channels.get(id).map(String::as_str)
    }

    /// What the engine has seen of Weir.
    pub fn seen(&self) -> Metrics {
        self.engine.metrics()
    }

    /// Makes the engine misbehave now and then, until the demo ends.
    async fn misbehave(&self, how: Misbehaviour, until: &CancellationToken) {
        let mut again = tokio::time::interval(AGAIN);
        again.tick().await;
        loop {
            tokio::select! {
                () = until.cancelled() => return,
                _ = again.tick() => {}
            }
            match how {
                Misbehaviour::None | Misbehaviour::Slow => {}
                Misbehaviour::Stalling => self.trouble(Trouble::Silence(STALL)),
                Misbehaviour::Dying => self.trouble(Trouble::Death(DEAD)),
            }
        }
    }

    /// Lets something happen to the engine now.
    pub fn trouble(&self, trouble: Trouble) {
        match trouble {
            Trouble::Death(lasting) => {
                self.engine.crash(lasting);
                let seconds = lasting.as_secs();
                tracing::info!("demo: the engine died, and is back in {seconds} s");
            }
            Trouble::Silence(lasting) => {
                let rule = Rule::new(Listing::Stall).lasting(lasting);
                self.engine.faults().add(rule);
                let seconds = lasting.as_secs();
                tracing::info!("demo: the engine gives nothing for {seconds} s");
            }
        }
    }
}

/// Runs the demo until it is told to stop.
pub async fn run(args: &DemoArgs, stop: CancellationToken) -> anyhow::Result<()> {
    let stage = Stage::set(args.channels, args.engine)
        .await
        .context("the simulated engine cannot start")?;
    let stage = std::sync::Arc::new(stage);
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let serve = ServeArgs {
        port: Some(args.port.to_string()),
        bind: Some(args.bind.to_string()),
        engines: Some(stage.address().to_string()),
        data_dir: Some(folder.path().to_string_lossy().into_owned()),
        ..ServeArgs::default()
    };
    let config = Config::read(&serve, crate::config::variable)
        .map_err(|mistakes| anyhow::anyhow!(mistakes.join("\n")))?;
    let staged = Staged {
        stage: Some(std::sync::Arc::clone(&stage)),
    };
    let service = Service::start(config, staged).await?;
    announce(&stage, service.address()).context("the terminal cannot be written")?;
    stage.misbehave(args.engine, &stop).await;
    service.stop().await;
    Ok(())
}

/// Says what to open. Pipes get it at once too, for whatever reads it there.
fn announce(stage: &Stage, address: SocketAddr) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "listening on http://{address}")?;
    writeln!(out, "\nOpen in a browser:\n  http://{address}/panel/")?;
    writeln!(out, "\nOpen in a player (VLC, mpv, ffplay, Kodi, ...):")?;
    for (id, title) in stage.channels() {
        writeln!(out, "  {title}")?;
        writeln!(out, "    HLS  http://{address}/ace/manifest.m3u8?id={id}")?;
        writeln!(out, "    TS   http://{address}/ace/stream/{id}.ts")?;
    }
    writeln!(out, "\nCtrl-C ends it.\n")?;
    out.flush()
}
