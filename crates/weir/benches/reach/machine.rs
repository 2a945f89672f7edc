//! What the system knows of a process: its processor time, its memory; and of all sockets together.

use std::fs;

use anyhow::Context as _;
use tokio::time::Instant;

/// The system's page.
const PAGE_BYTES: u64 = 4_096;

/// Ticks a second in which Linux counts processor time towards programs, on all of its architectures.
const TICKS_A_SECOND: f64 = 100.0;

/// Seconds of processor time of a process and of its children, in user and in kernel mode.
pub(crate) fn cpu_seconds(id: u32) -> anyhow::Result<f64> {
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"))?;
    let mut ticks = cpu_ticks(id)?;
    for child in children.split_whitespace() {
        ticks += cpu_ticks(child.parse()?)?;
    }
    Ok(ticks as f64 / TICKS_A_SECOND)
}

fn cpu_ticks(id: u32) -> anyhow::Result<u64> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    // The name may hold blanks and brackets; the third field follows its last bracket.
    let (_, fields) = stat.rsplit_once(')').context("no name in stat")?;
    let fields: Vec<_> = fields.split_whitespace().collect();
    let ticks = |index: usize| -> anyhow::Result<u64> {
        Ok(fields.get(index).context("stat is short")?.parse()?)
    };
    Ok(ticks(11)? + ticks(12)?)
}

/// Resident bytes of a process.
pub(crate) fn resident_bytes(id: u32) -> anyhow::Result<u64> {
    let statm = fs::read_to_string(format!("/proc/{id}/statm"))?;
    let pages = statm.split_whitespace().nth(1).context("statm is short")?;
    Ok(pages.parse::<u64>()? * PAGE_BYTES)
}

/// Bytes that the kernel holds for all TCP sockets of this machine, sent and not yet read.
pub(crate) fn socket_bytes() -> anyhow::Result<u64> {
    let text = fs::read_to_string("/proc/net/sockstat")?;
    let line = text.lines().find(|line| line.starts_with("TCP:"));
    let mut words = line.context("no TCP in sockstat")?.split_whitespace();
    words.find(|word| *word == "mem");
    let pages = words.next().context("no mem in sockstat")?;
    Ok(pages.parse::<u64>()? * PAGE_BYTES)
}

/// Cores and kernel, as a line for whoever reads the figures.
pub(crate) fn line() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let information = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = information
        .lines()
        .find(|line| line.starts_with("model name"))
        .and_then(|line| line.split_once(": "))
        .map_or("unknown processor", |(_, model)| model);
    format!("{cores} cores ({model}), Linux {}", kernel.trim())
}

#[expect(clippy::disallowed_methods, reason = "a bench is about the real clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
