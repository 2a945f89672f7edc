//! The composition root: every part of the service, in the order in which it starts and stops.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use engine::{Http, Timeouts};
use jiff::Timestamp;
use ledger::Kept;
use store::{History, Saved, SettingsFile, Store};
use tokio::sync::watch;
use url::Url;
use webhook::{Orchestrator, Sender};

use crate::clock::Clock;
use crate::collect;
use crate::config::{Config, Secret};
use crate::demo::Stage;
use crate::engines::{self, Engines, Leftover, Prober};
use crate::http::server::{Limits, Listener};
use crate::http::{self, App};
use crate::journal::{Journal, life};
use crate::metrics::Requests;
use crate::outbox::{self, Outbox};
use crate::pull::Context;
use crate::records::Records;
use crate::registry::Registry;
use crate::series::Series;
use crate::settings::{Keeper, Settings};
use crate::tasks::Tasks;
use crate::upstream::Upstream;
use crate::webhooks::{self, Webhooks};

/// Time that channels and running requests get to end in order.
const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// Time to write, and to tell the orchestrator, how the channels ended.
const TELL_PATIENCE: Duration = Duration::from_secs(3);

/// Descriptors that are not for viewers: files, sources, the runtime's own.
const DESCRIPTORS_KEPT: u64 = 256;

/// What a demo adds to the service.
#[derive(Clone, Default)]
pub struct Staged {
    /// The simulated engine, to show its figures.
    pub stage: Option<Arc<Stage>>,
}

/// A running service.
pub struct Service {
    address: SocketAddr,
    tasks: Tasks,
    /// Tasks that see to what the others leave behind.
    last: Tasks,
    /// Tasks that run as long as the service does.
    standing: usize,
    store: Store,
    journal: Journal,
    /// Ends its tasks when it goes.
    webhooks: Webhooks,
    since: Timestamp,
}

impl Service {
    /// Puts everything together and begins to serve.
    pub async fn start(config: Config, staged: Staged) -> anyhow::Result<Self> {
        let (tasks, last, clock) = (Tasks::default(), Tasks::default(), Clock::start());
        let disk = disk(&config).await?;
        let store = disk.store;
        let journal = Journal::open(disk.history.clone(), config.journal).await;
        let left = engines::leftovers(&disk.kept);
        let records = Records::open(disk.history, journal.clone(), &config).await;
        let outbox = outbox(&config, disk.kept, clock, (&store, &journal), &last)?;
        let (keeper, settings) = Keeper::start(disk.file, disk.saved, &config, &journal, &tasks);
        let config = Arc::new(config);
        let http = Http::new(Timeouts::default()).context("no connections can be made")?;
        let engines = known_engines(&config, clock, &settings, (&journal, &store)).await;
        watch_over(&engines, left, (&http, &outbox), &tasks);
        let upstream = upstream(http, &engines, clock, (&config, &settings), &tasks);
        let context = Context {
            clock,
            config: Arc::clone(&config),
            settings: settings.clone(),
            upstream: Arc::clone(&upstream),
            store: store.clone(),
            outbox: outbox.clone(),
            records: records.clone(),
            journal: journal.clone(),
            stopping: tasks.stopping().clone(),
        };
        let registry = Registry::new(context.clone(), tasks.clone());
        collect::start(&context, &registry, &tasks, &last);
        let webhooks = webhooks(clock, &journal, &store, &last).await?;
        let (listener, limits) = listen(&config, &settings.borrow())?;
        let address = listener.address();
        let since = life::began(&journal, address).await;
        let app = App::from(http::Parts {
            names: config.sources.iter().map(|it| it.name.clone()).collect(),
            series: Series::start(clock, &registry, &engines, &tasks),
            clock,
            config,
            settings: settings.clone(),
            keeper,
            registry,
            engines,
            upstream,
            store: store.clone(),
            outbox,
            journal: journal.clone(),
            webhooks: webhooks.clone(),
            live: http::Live::default(),
            turns: http::Turns::default(),
            stopping: tasks.stopping().clone(),
            tasks: tasks.clone(),
            records,
            requests: Requests::new(http::PLAYLIST, http::SEGMENT),
            started_at: since,
            demo: staged.stage,
        });
        let standing = tasks.running();
        tasks.spawn(listener.serve(app, tasks.clone(), settings, limits));
        Ok(Self {
            address,
            tasks,
            last,
            standing,
            store,
            journal,
            webhooks,
            since,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Tasks that run for somebody: for each channel one, for each connection one, and the listener.
    pub fn tasks(&self) -> usize {
        self.tasks.running().saturating_sub(self.standing)
    }

    /// Ends all channels, waits for running requests, and writes what is to be kept.
    pub async fn stop(self) {
        life::ending(&self.journal);
        if !self.tasks.stop(STOP_PATIENCE).await {
            let left = self.tasks.running();
            tracing::warn!(
                "{left} task(s) did not end within {} s",
                STOP_PATIENCE.as_secs()
            );
        }
        // What is not told by then is told by the next start.
        self.last.stop(TELL_PATIENCE).await;
        drop(self.webhooks);
        self.store.flush().await;
        life::ended(&self.journal, self.since).await;
        tracing::info!("stopped");
    }
}

/// Begins to listen, and says so.
fn listen(config: &Config, settings: &Settings) -> anyhow::Result<(Listener, Limits)> {
    let listener = Listener::bind(config.listen).with_context(|| {
        format!(
            "--bind, --port (WEIR_BIND, APP_PORT): {} cannot be listened on",
            config.listen
        )
    })?;
    let limits = limits(config);
    let address = listener.address();
    tell(config, settings, address, limits.connections_max);
    Ok((listener, limits))
}

/// The engines that are configured, and those that were kept.
async fn known_engines(
    config: &Config,
    clock: Clock,
    settings: &watch::Receiver<Arc<Settings>>,
    (journal, store): (&Journal, &Store),
) -> Engines {
    let kept = store.engines().await;
    let beside = (journal.clone(), store.clone());
    Engines::restore(kept, config, clock, settings.clone(), beside)
}

/// What is found in the data folder.
struct Disk {
    store: Store,
    kept: Kept,
    file: SettingsFile,
    saved: Saved,
    history: History,
}

/// Opens what the data folder holds, where waiting for it holds nobody up.
async fn disk(config: &Config) -> anyhow::Result<Disk> {
    let folder = config.data_dir.clone();
    let open = move || {
        if let Some(mistake) = unwritable(&folder) {
            tracing::error!("{mistake}");
        }
        let (store, kept) = Store::open(&folder).context("--data-dir (WEIR_DATA_DIR)")?;
        let (file, saved) = SettingsFile::load(&folder);
        Ok(Disk {
            store,
            kept,
            file,
            saved,
            history: History::open(&folder),
        })
    };
    tokio::task::spawn_blocking(open).await?
}

/// What is wrong with a data folder that is there and takes no files: Weir goes on, and whoever reads what follows from it
/// should know why.
fn unwritable(folder: &Path) -> Option<String> {
    let error = folder
        .is_dir()
        .then(|| tempfile::tempfile_in(folder).err())??;
    let shown = folder.display();
    Some(format!(
        "nothing will survive a restart, since no file can be made in {shown} ({error}): give the folder to the user that \
         Weir runs as, or name another one by --data-dir (WEIR_DATA_DIR)"
    ))
}

/// Where events are told, if that is wanted.
fn orchestrator(config: &Config) -> anyhow::Result<Option<Orchestrator>> {
    let Some(url) = &config.orchestrator_url else {
        return Ok(None);
    };
    let key = config.api_key.as_ref().map(Secret::reveal);
    Ok(Some(Orchestrator::new(url, key, engine::tls()?)?))
}

/// What is told of streams, from what was kept on.
fn outbox(
    config: &Config,
    kept: Kept,
    clock: Clock,
    (store, journal): (&Store, &Journal),
    last: &Tasks,
) -> anyhow::Result<Outbox> {
    let orchestrator = orchestrator(config)?;
    let outbox = Outbox::restore(kept, clock, orchestrator.is_some());
    let driver = outbox::Driver::new(
        outbox.clone(),
        store.clone(),
        orchestrator,
        journal.clone(),
        last.stopping().clone(),
    );
    last.spawn(driver.run());
    Ok(outbox)
}

/// What channels pull from.
fn upstream(
    http: Http,
    engines: &Engines,
    clock: Clock,
    (config, settings): (&Arc<Config>, &watch::Receiver<Arc<Settings>>),
    tasks: &Tasks,
) -> Arc<Upstream> {
    Arc::new(Upstream::new(
        http,
        engines.clone(),
        clock,
        Arc::clone(config),
        settings.clone(),
        tasks.clone(),
    ))
}

/// Those who are sent what happens.
async fn webhooks(
    clock: Clock,
    journal: &Journal,
    store: &Store,
    last: &Tasks,
) -> anyhow::Result<Webhooks> {
    let parts = webhooks::Parts {
        clock,
        journal: journal.clone(),
        store: store.clone(),
        sender: Sender::new(engine::tls()?)?,
        render: http::event_json,
    };
    let kept = store.webhooks().await;
    Ok(Webhooks::start(parts, last.clone(), kept))
}

/// Probes the engines, and ends what an earlier Weir has left on them.
fn watch_over(
    engines: &Engines,
    left: Vec<Leftover>,
    (http, outbox): (&Http, &Outbox),
    tasks: &Tasks,
) {
    let stopping = tasks.stopping().clone();
    tasks.spawn(Prober::new(engines.clone(), http.clone(), stopping.clone()).run());
    if !left.is_empty() {
        let outbox = outbox.clone();
        let done = move |command: &Url| outbox.session_closed(command.to_string());
        let sweep = engines.sweep(left, http.clone(), done);
        tasks.spawn(async move {
            stopping.run_until_cancelled(sweep).await;
        });
    }
}

fn limits(config: &Config) -> Limits {
    Limits {
        connections_max: connections_max(config.connections_max),
        headers_wait: config.headers_wait,
    }
}

/// As many connections as are wanted and as the system gives descriptors for.
fn connections_max(wanted: usize) -> usize {
    match rlimit::increase_nofile_limit(wanted as u64 + DESCRIPTORS_KEPT) {
        Ok(limit) => {
            let free = limit.saturating_sub(DESCRIPTORS_KEPT).max(limit / 2);
            wanted.min(usize::try_from(free).unwrap_or(usize::MAX))
        }
        Err(error) => {
            tracing::warn!("the limit of open files cannot be read: {error}");
            wanted
        }
    }
}

fn tell(config: &Config, settings: &Settings, address: SocketAddr, connections_max: usize) {
    tracing::info!("listening on http://{address}, for up to {connections_max} connections");
    let engines: Vec<_> = config.engines.iter().map(ToString::to_string).collect();
    let names: Vec<_> = config
        .sources
        .iter()
        .map(|source| source.name.as_str())
        .collect();
    tracing::info!(
        "engines: [{}]; sources: [{}]",
        engines.join(", "),
        names.join(", ")
    );
    tracing::info!("data folder: {}", config.data_dir.display());
    if let Some(host) = config.orchestrator_url.as_ref().and_then(Url::host_str) {
        tracing::info!("events are told to the orchestrator at {host}");
    }
    if engines.is_empty() && names.is_empty() {
        tracing::warn!(
            "there is nothing to play: name engines with --engines or streams with --sources"
        );
    }
    if !http::has_panel() {
        tracing::warn!(
            "the panel is not in this program: run `make panel` and build it again; streams play all the same"
        );
    }
    if config.api_key.is_none() {
        tracing::warn!("API_KEY is not set: whoever reaches this address may call everything");
    }
    for warning in settings.warnings() {
        tracing::warn!("{warning}");
    }
}
