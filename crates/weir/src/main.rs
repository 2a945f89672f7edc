//! The program: reads what the operator said, starts the service, and waits to be told to stop.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tokio_util::sync::CancellationToken;
use weir::app::{Service, Staged};
use weir::config::{self, Args, Command, Config, HealthArgs, LogFormat, ServeArgs};
use weir::{demo, probe};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a wrong command line or variable ends the program with.
const MISTAKEN: u8 = 2;

fn main() -> ExitCode {
    // Before anything else runs: variables may only be set while there is one thread.
    let dotenv = dotenvy::dotenv();
    let args = Args::parse();
    match &dotenv {
        Ok(_) => {}
        Err(error) if error.not_found() => {}
        Err(error) => return mistaken(&[config::dotenv_mistake(error)]),
    }
    let run = match args.command {
        Some(Command::Demo(args)) => match log(LogFormat::Text) {
            Ok(()) => run(|stop| async move { demo::run(&args, stop).await }),
            Err(mistake) => return mistaken(&[mistake]),
        },
        Some(Command::Health(args)) => match listens(&args) {
            Ok(address) => {
                let patience = Duration::from_secs(args.wait);
                run(|_| async move { Ok(probe::ready(probe::asked(address), patience).await?) })
            }
            Err(mistakes) => return mistaken(&mistakes),
        },
        Some(Command::Serve(serve)) => match read(&serve) {
            Ok(config) => serve_with(config),
            Err(mistakes) => return mistaken(&mistakes),
        },
        None => match read(&args.serve) {
            Ok(config) => serve_with(config),
            Err(mistakes) => return mistaken(&mistakes),
        },
    };
    match run {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("weir: {}", sentence(&error));
            ExitCode::FAILURE
        }
    }
}

/// Reads what is to be served, and begins to log.
fn read(args: &ServeArgs) -> Result<Config, Vec<String>> {
    let config = Config::read(args, config::variable)?;
    log(config.log_format).map_err(|mistake| vec![mistake])?;
    for name in config::unknown_variables() {
        tracing::warn!(
            "{name} is set, but Weir reads no such variable: weir --help lists those that it reads"
        );
    }
    Ok(config)
}

/// Where a Weir with the same flags and variables listens.
fn listens(args: &HealthArgs) -> Result<SocketAddr, Vec<String>> {
    let serve = ServeArgs {
        port: args.port.clone(),
        bind: args.bind.clone(),
        ..ServeArgs::default()
    };
    Ok(Config::read(&serve, |_| None)?.listen)
}

fn serve_with(config: Config) -> anyhow::Result<()> {
    run(|stop| async move {
        let service = Service::start(config, Staged::default()).await?;
        stop.cancelled().await;
        service.stop().await;
        Ok(())
    })
}

/// Runs until Ctrl-C or SIGTERM.
fn run<F>(main: impl FnOnce(CancellationToken) -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let stop = CancellationToken::new();
        let mut interrupt =
            tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?;
        let mut terminate =
            tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        let mut work = std::pin::pin!(main(stop.clone()));
        tokio::select! {
            ended = work.as_mut() => return ended,
            _ = interrupt.recv() => tracing::info!("interrupted, stopping"),
            _ = terminate.recv() => tracing::info!("told to stop, stopping"),
        }
        stop.cancel();
        work.await
    })
}

fn mistaken(mistakes: &[String]) -> ExitCode {
    for mistake in mistakes {
        eprintln!("weir: {mistake}");
    }
    ExitCode::from(MISTAKEN)
}

/// An error with its causes, each said once: some tell their cause in their own sentence.
fn sentence(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.ends_with(&cause) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause);
    }
    text
}

fn log(format: LogFormat) -> Result<(), String> {
    use tracing_subscriber::EnvFilter;
    let wanted = config::variable("RUST_LOG").unwrap_or_else(|| "info".into());
    let filter = EnvFilter::try_new(&wanted).map_err(|error| {
        format!("RUST_LOG must be like info or info,weir=debug (it is {wanted:?}): {error}")
    })?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => {
            log.with_target(false)
                .with_ansi(std::io::stderr().is_terminal())
                .init();
        }
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    Ok(())
}
