//! What the process takes of the machine, as far as the system says. It is told nowhere but on Linux.

use std::fs;
use std::time::Duration;

/// Ticks of a second in what the system tells of processor time; the same on all Linux machines that Weir runs on.
const TICKS: f64 = 100.0;

/// Where processor time stands behind the name: the eleventh field and the one after it.
const TIME_FIELDS: std::ops::Range<usize> = 11..13;

/// The process at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Process {
    /// Memory, in bytes.
    pub memory: Option<u64>,
    /// Processor time.
    pub processor: Option<Duration>,
    /// Files and connections that are open.
    pub files: Option<usize>,
}

impl Process {
    /// Asks the system. It reads a few small files that are in memory.
    pub fn now() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        Self {
            memory: memory(&status),
            processor: processor(&stat),
            files: fs::read_dir("/proc/self/fd").ok().map(Iterator::count),
        }
    }
}

fn memory(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes << 10)
}

fn processor(stat: &str) -> Option<Duration> {
    // The name may hold anything, even brackets.
    let (_, fields) = stat.rsplit_once(") ")?;
    let fields: Vec<_> = fields.split(' ').collect();
    let ticks = fields.get(TIME_FIELDS)?.iter().map(|it| it.parse::<u32>());
    let ticks = ticks.sum::<Result<u32, _>>().ok()?;
    Some(Duration::from_secs_f64(f64::from(ticks) / TICKS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_words_are_read() {
        let status = "Name:\tweir\nVmRSS:\t   12345 kB\nThreads:\t3\n";
        assert_eq!(memory(status), Some(12_345 * 1_024));
        let stat = "42 (we) ir) S 1 42 42 0 -1 4194560 500 0 0 0 250 50 0 0 20 0 3 0 100 1 2";
        assert_eq!(processor(stat), Some(Duration::from_secs(3)));
        assert_eq!((memory(""), processor("")), (None, None));
    }
}
