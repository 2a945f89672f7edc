//! Measures what Weir must reach, beside nginx where a goal is a ratio, and writes `docs/benchmarks.md`.
//!
//! This program is the source, the viewers and the clock; Weir and nginx are its children, so that their processor
//! time and memory are theirs alone. All of it stays on the loopback, and ends with this program.

mod asking;
mod child;
mod listening;
mod load;
mod machine;
mod paced;
mod passthrough;
mod report;
mod serving;
mod sharing;
mod simulating;
mod source;
mod stage;
mod stalled;
mod starting;
mod surviving;
mod telling;
mod watching;

use std::process::ExitCode;

use report::Row;

const USAGE: &str = "cargo bench -p weir -- [--strict] [--only FIGURE,...]
  --strict   end with an error if a goal is missed
  --only     some of: watching, listening, sharing, serving, starting, stalled, telling, asking, surviving, simulating; nothing is written then";

/// What the command line asks for.
struct Asked {
    strict: bool,
    only: Option<Vec<String>>,
}

impl Asked {
    fn read(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut asked = Self {
            strict: false,
            only: None,
        };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                // cargo says so to every bench.
                "--bench" => {}
                "--strict" => asked.strict = true,
                "--only" => {
                    let names = arguments.next().unwrap_or_default();
                    asked.only = Some(names.split(',').map(str::to_owned).collect());
                }
                other => anyhow::bail!("{other} is not known here\n{USAGE}"),
            }
        }
        Ok(asked)
    }

    fn wants(&self, figure: &str) -> bool {
        let only = self.only.as_ref();
        only.is_none_or(|only| only.iter().any(|name| name == figure))
    }
}

fn main() -> anyhow::Result<ExitCode> {
    let asked = Asked::read(std::env::args().skip(1))?;
    // A thousand viewers have a socket each, and so has what they play from.
    rlimit::increase_nofile_limit(16_384)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let rows = runtime.block_on(measure(&asked))?;
    print!("{}", report::table(&rows));
    if asked.only.is_none() {
        report::write(&rows)?;
    }
    let missed = rows.iter().filter(|row| !row.met).count();
    if 0 < missed {
        println!("{missed} goal(s) missed");
    }
    Ok(if asked.strict && 0 < missed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

async fn measure(asked: &Asked) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    if asked.wants("serving") {
        rows.extend(serving::measure().await?);
    }
    if asked.wants("starting") {
        rows.extend(starting::measure().await?);
    }
    if asked.wants("stalled") {
        rows.extend(stalled::measure().await?);
    }
    if asked.wants("simulating") {
        rows.extend(simulating::measure().await?);
    }
    if asked.wants("telling") {
        rows.extend(telling::measure().await?);
    }
    if asked.wants("asking") {
        rows.extend(asking::measure().await?);
    }
    if asked.wants("surviving") {
        rows.extend(surviving::measure().await?);
    }
    if asked.wants("watching") {
        rows.extend(watching::measure().await?);
    }
    if asked.wants("listening") {
        rows.extend(listening::measure().await?);
    }
    if asked.wants("sharing") {
        rows.extend(sharing::measure().await?);
    }
    Ok(rows)
}
