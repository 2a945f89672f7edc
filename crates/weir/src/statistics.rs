//! What engines said of streams, reading by reading: at full rate for minutes in memory; what is to be kept for days
//! is handed to whoever writes it.

mod series;
mod thin;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::{LivePos, Stat, Status};
use jiff::Timestamp;

pub use series::Series;
pub use thin::{STEPS, Thin};

/// Readings in memory, of all streams together: some 30 MB. Beyond it each stream keeps its share.
const READINGS_MAX: usize = 200_000;

/// Thinned readings that may wait to be written: a minute of a thousand streams.
const THINNED_MAX: usize = 2_000;

/// What an engine said of a session at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// When.
    pub at: Timestamp,
    /// What the engine was doing.
    pub status: Option<Status>,
    /// Peers it was connected to.
    pub peers: Option<u64>,
    /// KB/s received.
    pub speed_down: Option<u64>,
    /// KB/s given.
    pub speed_up: Option<u64>,
    /// Bytes received since the session's start.
    pub downloaded: Option<u64>,
    /// Bytes given since the session's start.
    pub uploaded: Option<u64>,
    /// Where the stream was.
    pub livepos: Option<LivePos>,
}

impl Reading {
    /// What is kept of an engine's answer.
    pub fn of(at: Timestamp, stat: &Stat) -> Self {
        Self {
            at,
            status: stat.status.clone(),
            peers: stat.peers,
            speed_down: stat.speed_down,
            speed_up: stat.speed_up,
            downloaded: stat.downloaded,
            uploaded: stat.uploaded,
            livepos: stat.livepos,
        }
    }
}

/// A reading that stands for a span of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thinned {
    /// The stream's id.
    pub stream: String,
    /// Seconds that it stands for.
    pub step: u32,
    /// The reading.
    pub reading: Reading,
}

/// The readings of all streams; clones share them.
#[derive(Clone)]
pub struct Statistics {
    /// Readings kept of a stream.
    history_max: usize,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    streams: HashMap<String, Series>,
    thinned: Vec<Thinned>,
    left_out: u64,
}

impl Statistics {
    /// No readings yet; `history_max` of each stream are kept.
    pub fn new(history_max: usize) -> Self {
        Self {
            history_max,
            inner: Arc::default(),
        }
    }

    /// An engine has given statistics of a stream.
    pub fn add(&self, stream: &str, reading: Reading) {
        let mut inner = self.inner();
        let share = READINGS_MAX / (inner.streams.len() + 1);
        if !inner.streams.contains_key(stream) {
            inner.streams.insert(stream.to_owned(), Series::default());
        }
        let known = inner.streams.get_mut(stream);
        let thinned = known.map(|series| series.add(reading, self.history_max.min(share).max(1)));
        inner.keep(stream, thinned.unwrap_or_default());
    }

    /// A stream has ended: what is begun is thinned as it is, and its readings are forgotten here. Returns the last.
    pub fn end(&self, stream: &str) -> Option<Reading> {
        let mut inner = self.inner();
        let series = inner.streams.remove(stream)?;
        let last = series.newest().cloned();
        inner.keep(stream, series.rest());
        last
    }

    /// Readings of a stream from a time on, oldest first; nothing for a stream that has none here.
    pub fn of(&self, stream: &str, since: Option<Timestamp>) -> Option<Vec<Reading>> {
        let inner = self.inner();
        let series = inner.streams.get(stream)?;
        Some(series.since(since).cloned().collect())
    }

    /// When the oldest reading of a stream was made that is still here.
    pub fn reaches_back_to(&self, stream: &str) -> Option<Timestamp> {
        let inner = self.inner();
        let oldest = inner.streams.get(stream)?.since(None).next();
        oldest.map(|reading| reading.at)
    }

    /// The newest reading of a stream.
    pub fn newest(&self, stream: &str) -> Option<Reading> {
        self.inner().streams.get(stream)?.newest().cloned()
    }

    /// Readings kept of a stream.
    pub fn history_max(&self) -> usize {
        self.history_max
    }

    /// Streams that have readings here.
    pub fn streams(&self) -> Vec<String> {
        self.inner().streams.keys().cloned().collect()
    }

    /// Hands over what is to be kept for days, and how much of it found no room.
    pub fn take_thinned(&self) -> (Vec<Thinned>, u64) {
        let mut inner = self.inner();
        let left_out = std::mem::take(&mut inner.left_out);
        (std::mem::take(&mut inner.thinned), left_out)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn keep(&mut self, stream: &str, thinned: Vec<(u32, Reading)>) {
        for (step, reading) in thinned {
            if THINNED_MAX <= self.thinned.len() {
                self.left_out += 1;
                continue;
            }
            self.thinned.push(Thinned {
                stream: stream.to_owned(),
                step,
                reading,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(second: i64, speed: u64) -> Reading {
        Reading {
            at: Timestamp::from_second(second).expect("a time"),
            speed_down: Some(speed),
            ..Reading::default()
        }
    }

    #[test]
    fn a_stream_keeps_so_many_readings_and_the_oldest_go_first() {
        let statistics = Statistics::new(3);
        for second in 0..5 {
            statistics.add("a", reading(second, 0));
        }
        statistics.add("b", reading(9, 0));
        let seconds = |since: Option<i64>| -> Vec<_> {
            let since = since.map(|it| Timestamp::from_second(it).expect("a time"));
            let found = statistics.of("a", since).expect("a known stream");
            found.iter().map(|it| it.at.as_second()).collect()
        };
        assert_eq!(seconds(None), [2, 3, 4]);
        assert_eq!(seconds(Some(3)), [3, 4]);
        assert_eq!(statistics.of("c", None), None);
        assert_eq!(statistics.newest("b").map(|it| it.at.as_second()), Some(9));
    }

    #[test]
    fn what_is_kept_for_days_is_handed_over_once_with_the_rest_when_the_stream_ends() {
        let statistics = Statistics::new(100);
        for second in 0..150 {
            statistics.add("a", reading(second, 10));
        }
        let of = |thinned: &[Thinned], step| thinned.iter().filter(|it| it.step == step).count();
        let (thinned, left_out) = statistics.take_thinned();
        assert_eq!(
            (of(&thinned, STEPS[0]), of(&thinned, STEPS[1]), left_out),
            (2, 0, 0)
        );
        let last = statistics.end("a").expect("a reading");
        assert_eq!(last.at.as_second(), 149);
        let (thinned, _) = statistics.take_thinned();
        assert_eq!((of(&thinned, STEPS[0]), of(&thinned, STEPS[1])), (1, 1));
        assert!(statistics.take_thinned().0.is_empty() && statistics.end("a").is_none());
    }

    #[test]
    fn what_nobody_takes_is_bounded_and_counted() {
        let statistics = Statistics::new(10);
        let enough = i64::try_from(THINNED_MAX).expect("a small number") + 10;
        for second in 0..enough {
            statistics.add("a", reading(second * 60, 10));
        }
        let (thinned, left_out) = statistics.take_thinned();
        assert_eq!(thinned.len(), THINNED_MAX);
        assert!(0 < left_out);
    }
}
