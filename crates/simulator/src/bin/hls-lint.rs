//! Watches a live playlist and says what it does not keep; exits with 0 if nothing, 1 if something, 2 if it could not.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use simulator::lint::{Options, watch};

/// Longer is a matter for monitoring; what the lint remembers has its bounds anyway.
const WATCH_MAX: Duration = Duration::from_hours(24);

/// Checks live HLS as players rely on it: numbers, durations, timestamps, segments, HTTP.
#[derive(Parser)]
struct Args {
    /// An entry point or a media playlist: `http://127.0.0.1:8000/ace/manifest.m3u8?id=...`
    #[arg(long, value_name = "URL")]
    live: String,
    /// How long to watch: 60s, 5m, 1h
    #[arg(long = "for", value_name = "TIME", default_value = "60s", value_parser = time)]
    duration: Duration,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Leave out what only Weir promises: relative addresses, vectors with keys, no gaps
    #[arg(long)]
    any_server: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = Args::parse();
    let options = Options {
        duration: args.duration,
        any_server: args.any_server,
        ..Options::of(args.live)
    };
    match watch(&options).await {
        Ok(report) if args.json => {
            println!("{:#}", report.json());
            ExitCode::from(u8::from(!report.is_clean()))
        }
        Ok(report) => {
            println!("{report}");
            ExitCode::from(u8::from(!report.is_clean()))
        }
        Err(error) => {
            eprintln!("hls-lint: {error}");
            ExitCode::from(2)
        }
    }
}

fn time(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => 0,
    };
    let seconds: Option<u64> = digits.parse().ok();
    let seconds = seconds.and_then(|it| it.checked_mul(unit));
    let time = seconds.map(Duration::from_secs);
    let fits = |time: &Duration| Duration::ZERO < *time && *time <= WATCH_MAX;
    time.filter(fits)
        .ok_or_else(|| "must be like 60s, 5m or 1h, and 24h at most".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit_and_a_bound() {
        let minute = Duration::from_secs(60);
        for text in ["60", "60s", "1m"] {
            assert_eq!(time(text), Ok(minute), "{text}");
        }
        assert_eq!(time("24h"), Ok(WATCH_MAX));
        for text in [
            "",
            "s",
            "0s",
            "1d",
            "-1s",
            "1.5s",
            "25h",
            "999999999999999999999h",
        ] {
            assert!(time(text).is_err(), "{text}");
        }
    }
}
