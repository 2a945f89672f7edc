//! What the operator said, by flags and variables; the only place that reads the environment.

mod args;
mod check;
mod help;
mod network;
mod surroundings;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use channel::Intake;
use engine::{Address, Allowed};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use url::Url;

pub use args::{Args, Command, DemoArgs, HealthArgs, Misbehaviour, ServeArgs};
pub use network::Network;
pub use surroundings::{dotenv_mistake, unknown_variables};

use crate::journal::Retention;
use crate::settings::{EngineStream, Settings, Slate};

/// A stream that the operator has named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// How viewers ask for it.
    pub name: String,
    /// Where it is. Not to be shown: it may hold a password.
    pub url: Url,
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, for whoever is to be shown that we know it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether it is what was given. Digests are compared, and in constant time, so that the time of
    /// an answer tells neither length nor beginning.
    pub fn is(&self, given: &[u8]) -> bool {
        let own = Sha256::digest(self.0.as_bytes());
        own.ct_eq(&Sha256::digest(given)).into()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Everything that is fixed while the process runs, and the settings it starts with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// AceStream engines.
    pub engines: Vec<Address>,
    /// Whether engines that other proxies report are used, too.
    pub learn_engines: bool,
    /// Between two probes of an engine that is well.
    pub probe_interval: Duration,
    /// Streams with names.
    pub sources: Vec<Source>,
    /// Hosts that sources may lead to although they are not public.
    pub source_hosts: Arc<[Allowed]>,
    /// Where to keep what survives a restart.
    pub data_dir: PathBuf,
    /// What protects calls that change something.
    pub api_key: Option<Secret>,
    /// Where events are to be sent.
    pub orchestrator_url: Option<Url>,
    /// Whether viewers may name transport files by address, for an engine to fetch.
    pub url_allowed: bool,
    /// Whether all viewers get the same segment addresses.
    pub shared_segment_urls: bool,
    /// Proxies in front that say who asks.
    pub trusted_proxies: Arc<[Network]>,
    /// Shortest silence after which an HLS viewer counts as gone.
    pub viewer_idle: Duration,
    /// How long viewers wait for a channel to start before they are shown what is going on.
    pub slate_after: Duration,
    /// Bytes of media that one channel may hold.
    pub channel_bytes_max: usize,
    /// Connections served at once.
    pub connections_max: usize,
    /// Time for a request's headers to arrive, and then for its body; longest rest between two requests.
    pub headers_wait: Duration,
    /// How often an engine is asked for a session's statistics.
    pub collect_interval: Duration,
    /// Readings of an engine's statistics that are kept at full rate for each stream.
    pub stats_history_max: usize,
    /// How much of what happened is kept.
    pub journal: Retention,
    /// How log lines are written.
    pub log_format: LogFormat,
    /// The settings of the contract.
    pub settings: Settings,
    /// Names of those that variables have set.
    pub settings_given: Vec<&'static str>,
}

impl Config {
    /// Reads flags and variables. `variable` gives a variable's text; all mistakes are told at once,
    /// one sentence each.
    pub fn read(
        args: &ServeArgs,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Vec<String>> {
        check::Reader::new(variable).config(args)
    }

    /// What a channel needs to know.
    pub fn channel_settings(&self, settings: &Settings) -> channel::Settings {
        channel::Settings {
            segments_max: settings.hls_max_segments,
            initial_segments: settings.hls_initial_segments,
            window_size: settings.hls_window_size,
            first_segment_timeout: settings.hls_first_segment_timeout,
            initial_buffer: settings.hls_initial_buffer_seconds,
            initial_segments_max: settings.hls_max_initial_segments,
            poll_interval: settings.hls_segment_fetch_interval,
            no_data_timeout: settings.no_data_timeout(),
            engine_intake: match settings.engine_stream {
                EngineStream::Auto => None,
                EngineStream::Ts => Some(Intake::Continuous),
                EngineStream::Hls => Some(Intake::Playlist),
            },
            measure_interval: self.collect_interval,
            join_behind: settings.ts_join_seconds,
            segment_target: settings.segment_seconds,
            slate: settings.slate != Slate::Off,
            slate_after: self.slate_after,
            buffer_ready_timeout: settings.hls_buffer_ready_timeout,
            linger: settings.channel_shutdown_delay,
            bytes_max: self.channel_bytes_max,
            viewer_idle_min: self.viewer_idle,
            viewer_in_segment_uri: !self.shared_segment_urls,
        }
    }
}

/// A variable of the process, if it is set and not empty.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the place that reads the environment"
)]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name)
        .ok()
        .filter(|value| !value.trim().is_empty())
}
