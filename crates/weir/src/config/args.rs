//! The command line. Values are texts here, so that all mistakes can be told together.

use clap::builder::styling::Styles;
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

/// Weir takes a live stream once and gives it to any number of viewers.
///
/// It plays AceStream ids through your engines and the HLS streams that you name, as HLS that every
/// player understands: open http://HOST:8000/ace/manifest.m3u8?id=ID in one.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, styles = Styles::plain(), after_long_help = super::help::variables_help())]
pub struct Args {
    /// What to do; without it, serve.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Options of `serve`.
    #[command(flatten)]
    pub serve: ServeArgs,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve streams (the same as without a command)
    Serve(Box<ServeArgs>),
    /// Ask a running Weir whether it is ready; the exit code tells
    Health(HealthArgs),
    /// Start a simulated engine with moving pictures and Weir in front of it, to try things out
    Demo(DemoArgs),
}

/// Options of `serve`. Each can be given as a flag, a variable, or a line of a `.env` file in the
/// working directory; a flag wins over a variable, and a variable over the file.
#[derive(Clone, Debug, Default, ClapArgs)]
pub struct ServeArgs {
    /// Port to listen on [default: 8000]
    #[arg(long, env = "APP_PORT", value_name = "PORT")]
    pub port: Option<String>,
    /// Address to listen on; 127.0.0.1 keeps Weir to this machine [default: 0.0.0.0]
    #[arg(long, env = "WEIR_BIND", value_name = "ADDRESS")]
    pub bind: Option<String>,
    /// AceStream engines, separated by commas: 192.168.1.5:6878,engine2:6878
    #[arg(long, env = "WEIR_ENGINES", value_name = "HOST:PORT,...")]
    pub engines: Option<String>,
    /// Use the engines of streams that other proxies report, too; Weir then calls whatever address somebody with the
    /// API key names [default: false]
    #[arg(long, env = "WEIR_LEARN_ENGINES", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub learn_engines: Option<String>,
    /// Streams with names, on lines of their own or separated by commas:
    /// news=https://host/live.m3u8; played as /ace/manifest.m3u8?id=news
    #[arg(
        long,
        env = "WEIR_SOURCES",
        value_name = "NAME=URL,...",
        hide_env_values = true
    )]
    pub sources: Option<String>,
    /// Private hosts that a named stream may lead to besides its own, separated by commas
    #[arg(long, env = "WEIR_SOURCE_HOSTS", value_name = "HOST[:PORT],...")]
    pub source_hosts: Option<String>,
    /// Folder for what survives a restart [default: ./data]
    #[arg(long, env = "WEIR_DATA_DIR", value_name = "FOLDER")]
    pub data_dir: Option<String>,
    /// Give all viewers the same segment addresses, so that a cache in front holds each segment
    /// once; viewers are then counted by their playlist requests alone [default: false]
    #[arg(long, env = "WEIR_SHARED_SEGMENT_URLS", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub shared_segment_urls: Option<String>,
    /// Reverse proxies whose word (X-Forwarded-For) is taken for who a viewer is, as addresses or networks separated by
    /// commas, or none [default: 127.0.0.0/8,::1]
    #[arg(long, env = "WEIR_TRUSTED_PROXIES", value_name = "ADDRESS[/BITS],...")]
    pub trusted_proxies: Option<String>,
    /// Let viewers name transport files by address (url=...); an engine then fetches whatever they
    /// name [default: false]
    #[arg(long, env = "WEIR_ALLOW_URL", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub allow_url: Option<String>,
    /// Seconds of silence after which a viewer counts as gone; never less than three target
    /// durations [default: 15]
    #[arg(long, env = "WEIR_VIEWER_IDLE_SECONDS", value_name = "SECONDS")]
    pub viewer_idle: Option<String>,
    /// Megabytes of media that one channel may hold [default: 256]
    #[arg(long, env = "WEIR_CHANNEL_MEMORY_MB", value_name = "MB")]
    pub channel_memory: Option<String>,
    /// Connections served at once [default: 20000, or what the system allows]
    #[arg(long, env = "WEIR_CONNECTIONS_MAX", value_name = "COUNT")]
    pub connections_max: Option<String>,
    /// How log lines are written: text or json; RUST_LOG says which [default: text]
    #[arg(long, env = "WEIR_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<String>,
}

/// Options of `health`: where the other one listens, by the same flags and variables that it was given.
#[derive(Clone, Debug, ClapArgs)]
pub struct HealthArgs {
    /// Port that it listens on [default: 8000]
    #[arg(long, env = "APP_PORT", value_name = "PORT")]
    pub port: Option<String>,
    /// Address that it listens on [default: 0.0.0.0, which is asked at 127.0.0.1]
    #[arg(long, env = "WEIR_BIND", value_name = "ADDRESS")]
    pub bind: Option<String>,
    /// Seconds to wait for it to be ready
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=300))]
    pub wait: u64,
}

/// Options of `demo`.
#[derive(Clone, Debug, ClapArgs)]
pub struct DemoArgs {
    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 8000)]
    pub port: u16,
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    pub bind: std::net::IpAddr,
    /// Number of channels
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=20))]
    pub channels: u16,
    /// What is wrong with the engine
    #[arg(long, value_enum, default_value_t = Misbehaviour::None)]
    pub engine: Misbehaviour,
}

/// What is wrong with the simulated engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Misbehaviour {
    /// Nothing
    None,
    /// It takes 25 seconds to begin, and is short of speed
    Slow,
    /// It stops giving for 14 seconds, twice a minute
    Stalling,
    /// It dies every thirty seconds, and is back after three
    Dying,
}
