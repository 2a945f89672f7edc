//! What viewers have seen, of one or of all of them.

use std::time::Duration;

/// Texts of errors that are kept; more would say the same.
pub(super) const ERRORS_KEPT: usize = 5;

/// What a swarm has seen.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// Viewers that got at least one segment.
    pub served: usize,
    /// Times that a playhead ran dry.
    pub stalls: u64,
    /// For how long, summed over all viewers.
    pub stalled_seconds: f64,
    /// Segments that were left out or came twice, by their numbers or by the marks in them.
    pub gaps: u64,
    /// Segments whose bytes are not those that were sent.
    pub wrong_bytes: u64,
    /// Segments that came.
    pub segments: u64,
    /// Playlists that came.
    pub playlists: u64,
    /// Bytes of segments.
    pub bytes: u64,
    /// How long segments took, from request to last byte.
    pub segment_latency: Latency,
    /// How long playlists took.
    pub playlist_latency: Latency,
    /// Requests that failed.
    pub errors: u64,
    /// What some of them said.
    pub error_texts: Vec<String>,
}

impl Report {
    /// Whether no viewer would have noticed anything.
    pub fn is_clean(&self) -> bool {
        self.stalls == 0 && self.gaps == 0 && self.wrong_bytes == 0 && self.errors == 0
    }

    pub(super) fn failed(&mut self, error: &impl ToString) {
        self.errors += 1;
        if self.error_texts.len() < ERRORS_KEPT {
            self.error_texts.push(error.to_string());
        }
    }

    pub(super) fn of_a_broken_viewer() -> Self {
        let mut report = Self::default();
        report.failed(&"a viewer panicked");
        report
    }

    pub(super) fn sum(reports: Vec<Self>) -> Self {
        let mut all = Self::default();
        for report in reports {
            all.served += report.served;
            all.stalls += report.stalls;
            all.stalled_seconds += report.stalled_seconds;
            all.gaps += report.gaps;
            all.wrong_bytes += report.wrong_bytes;
            all.segments += report.segments;
            all.playlists += report.playlists;
            all.bytes += report.bytes;
            all.errors += report.errors;
            all.segment_latency.add(report.segment_latency);
            all.playlist_latency.add(report.playlist_latency);
            all.error_texts.extend(report.error_texts);
        }
        all.error_texts.truncate(ERRORS_KEPT);
        all
    }
}

/// How long each of some things took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Latency {
    samples: Vec<Duration>,
}

impl Latency {
    /// How many there were.
    pub fn count(&self) -> usize {
        self.samples.len()
    }

    /// What this share of all stayed below, in percent; zero if there were none.
    pub fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.samples.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
        sorted.get(rank).copied().unwrap_or_default()
    }

    /// One more.
    pub fn note(&mut self, took: Duration) {
        self.samples.push(took);
    }

    pub(super) fn add(&mut self, other: Self) {
        self.samples.extend(other.samples);
    }
}

impl FromIterator<Duration> for Latency {
    fn from_iter<I: IntoIterator<Item = Duration>>(samples: I) -> Self {
        Self {
            samples: samples.into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_all_viewers_together() {
        let report = |millis: u64| {
            let mut report = Report::default();
            report.segment_latency.note(Duration::from_millis(millis));
            report
        };
        let all = Report::sum((1..=100).rev().map(report).collect()).segment_latency;
        assert_eq!(all.percentile(50), Duration::from_millis(50));
        assert_eq!(all.percentile(99), Duration::from_millis(99));
        assert_eq!(all.percentile(100), Duration::from_millis(100));
        assert_eq!(Latency::default().percentile(99), Duration::ZERO);
    }
}
