//! Lives many lives from a seed on, and says what they visited; stops at the first that breaks a rule.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use simulation::{Coverage, Violation};

/// Whole lives of Weir's decisions under a virtual clock, each made from one seed.
#[derive(Debug, Parser)]
struct Options {
    /// Lives to live.
    #[arg(long, default_value_t = 1_000)]
    lives: u64,
    /// The seed of the first; each has the next.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Hours of trouble in each life.
    #[arg(long, default_value_t = 0.5)]
    hours: f64,
    /// Live only the first, and tell its story.
    #[arg(long)]
    trace: bool,
    /// Go on after a life that broke a rule, and count them.
    #[arg(long)]
    count: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    // A broken rule is told with its story, once.
    std::panic::set_hook(Box::new(|_| {}));
    let trouble = Duration::from_secs_f64(options.hours * 3_600.0);
    if options.trace {
        return match simulation::tell(options.seed, trouble) {
            Ok(_) => ExitCode::SUCCESS,
            Err(violation) => fail(&violation, options.hours),
        };
    }
    run(&options, trouble)
}

#[expect(
    clippy::disallowed_methods,
    reason = "how fast it is, is told in real time"
)]
fn run(options: &Options, trouble: Duration) -> ExitCode {
    let began = Instant::now();
    let mut coverage = Coverage::default();
    let (mut steps, mut simulated, mut broken) = (0, Duration::ZERO, 0);
    for seed in options.seed..options.seed + options.lives {
        match simulation::live(seed, trouble) {
            Ok(report) => {
                steps += report.steps;
                simulated += report.channel_time;
                coverage.add(&report.coverage);
            }
            Err(violation) if options.count => {
                broken += 1;
                println!("seed {seed}, step {}: {}", violation.step, violation.what);
            }
            Err(violation) => return fail(&violation, options.hours),
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let hours = simulated.as_secs_f64() / 3_600.0;
    for (name, count) in coverage.lines() {
        println!("{count:>12}  {name}");
    }
    for name in coverage.missed() {
        println!("never visited: {name}");
    }
    println!(
        "{} lives, {hours:.0} channel-hours, {steps} steps in {seconds:.1} s: {:.0} channel-hours a minute",
        options.lives,
        hours / seconds * 60.0
    );
    if 0 < broken {
        println!("{broken} lives broke a rule");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn fail(violation: &Violation, hours: f64) -> ExitCode {
    let seed = violation.seed;
    println!("{violation}");
    println!("again: cargo run --release -p simulation -- --seed {seed} --hours {hours} --trace");
    ExitCode::FAILURE
}
