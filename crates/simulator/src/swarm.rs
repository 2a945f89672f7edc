//! A swarm of viewers: each plays a channel as players do and notes what went wrong; it repairs nothing.

mod chunks;
mod client;
mod heard;
mod listener;
mod playhead;
mod playlist;
mod report;
mod track;
mod viewer;

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

pub use client::{Answer, Client, GetError, Target};
pub use heard::{Arrival, Heard};
use listener::Listener;
pub use report::{Latency, Report};
use viewer::Viewer;

use crate::clock;

/// What a swarm plays, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// The entry point: `http://127.0.0.1:8000/ace/manifest.m3u8?id=...`, or a media playlist.
    pub url: String,
    /// How many viewers there are.
    pub viewers: usize,
    /// The time over which they arrive, evenly.
    pub arrival: Duration,
    /// How long each of them watches.
    pub duration: Duration,
}

/// Lets the viewers watch, and returns what all of them have seen; dropping it sends them away.
///
/// The segments must be marked ones: that is how lost and wrong bytes are found.
pub async fn run(options: &Options) -> Result<Report, GetError> {
    let target = Target::of(&options.url)?;
    let watch = |until| Viewer::new(target.clone(), until).watch();
    let reports = all(options, watch, Report::of_a_broken_viewer).await;
    Ok(Report::sum(reports))
}

/// The same, whose viewers look at heads and marks alone, in segments that may be cut anywhere.
pub async fn glance(options: &Options) -> Result<Report, GetError> {
    let target = Target::of(&options.url)?;
    let watch = |until| Viewer::new(target.clone(), until).glancing().watch();
    let reports = all(options, watch, Report::of_a_broken_viewer).await;
    Ok(Report::sum(reports))
}

/// The same with a continuous body at `url`, whose viewers look at heads and marks alone; with `notes`, they note
/// when each packet came.
pub async fn listen(options: &Options, notes: bool) -> Result<Heard, GetError> {
    let target = Target::of(&options.url)?;
    let listen = |until| Listener::new(target.clone(), until, notes).listen();
    let heard = all(options, listen, Heard::of_a_broken_viewer).await;
    Ok(Heard::sum(heard))
}

/// Starts each viewer when it arrives, with the time at which it leaves; what all of them tell, or what is told in the
/// place of one that broke.
async fn all<T, F>(options: &Options, start: impl Fn(Instant) -> F, broken: fn() -> T) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let begun = clock::now();
    let mut viewers = JoinSet::new();
    for number in 0..options.viewers {
        let share = number as f64 / options.viewers as f64;
        let arrives = begun + options.arrival.mul_f64(share);
        let viewer = start(arrives + options.duration);
        viewers.spawn(async move {
            tokio::time::sleep_until(arrives).await;
            viewer.await
        });
    }
    let mut told = Vec::with_capacity(options.viewers);
    while let Some(ended) = viewers.join_next().await {
        told.push(ended.unwrap_or_else(|_| broken()));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Ending, Endpoint, Http, Listing, Rule};
    use crate::media::{Marked, Media};
    use crate::origin::{self, Origin};

    async fn origin() -> Origin {
        let media = Media::marked(Marked {
            duration: Duration::from_secs(1),
            bytes: 188 * 20,
            ..Marked::default()
        });
        let options = origin::Options::of(media);
        Origin::start(options).await.expect("a free port")
    }

    async fn watched(origin: &Origin, seconds: u64) -> Report {
        let options = Options {
            url: origin.url(),
            viewers: 3,
            arrival: Duration::from_millis(300),
            duration: Duration::from_secs(seconds),
        };
        run(&options).await.expect("an address")
    }

    #[tokio::test]
    async fn viewers_of_a_sound_source_see_every_segment_once() {
        let origin = origin().await;
        let report = watched(&origin, 4).await;
        assert!(report.is_clean(), "{report:?}");
        assert_eq!(report.served, 3);
        assert!((15..=24).contains(&report.segments), "{report:?}");
        assert_eq!(origin.metrics().fetches_all(), report.segments);
    }

    #[tokio::test]
    async fn who_only_glances_counts_the_same_and_sees_what_was_left_out() {
        let origin = origin().await;
        let options = Options {
            url: origin.url(),
            viewers: 3,
            arrival: Duration::ZERO,
            duration: Duration::from_millis(3500),
        };
        origin.faults().add(Rule::new(Listing::Lose(2)));
        let report = glance(&options).await.expect("an address");
        assert_eq!((report.gaps, report.wrong_bytes), (3, 0), "{report:?}");
        assert_eq!(origin.metrics().fetches_all(), report.segments);
    }

    #[tokio::test]
    async fn a_source_that_stops_stalls_every_viewer() {
        let origin = origin().await;
        origin.faults().add(Rule::new(Listing::Stall));
        let report = watched(&origin, 5).await;
        assert_eq!((report.stalls, report.gaps), (3, 0), "{report:?}");
        assert!(4.0 < report.stalled_seconds, "{report:?}");
    }

    #[tokio::test]
    async fn listeners_of_a_sound_stream_miss_nothing_and_one_that_is_cut_off_is_told() {
        let origin = origin().await;
        let listened = async |notes| {
            let options = Options {
                url: origin.stream_url(),
                viewers: 3,
                arrival: Duration::ZERO,
                duration: Duration::from_secs(2),
            };
            listen(&options, notes).await.expect("an address")
        };
        let heard = listened(true).await;
        assert!(heard.is_clean(), "{heard:?}");
        assert_eq!((heard.served, heard.begun_well), (3, 3));
        assert_eq!(heard.bytes % 188, 0);
        assert!(heard.arrivals.iter().all(|one| 2 < one.len()), "{heard:?}");
        let cut = Http::Cut {
            after: 3_000,
            ending: Ending::Reset,
        };
        origin.faults().always(Endpoint::Stream, cut);
        let heard = listened(false).await;
        assert_eq!((heard.errors, heard.is_clean()), (3, false), "{heard:?}");
        assert_eq!(heard.arrivals, [[], [], []]);
    }

    #[tokio::test]
    async fn what_is_refused_is_told() {
        let origin = origin().await;
        origin.faults().always(Endpoint::Segment, Http::Status(503));
        let report = watched(&origin, 1).await;
        assert_eq!((report.served, report.segments), (0, 0));
        assert!(3 < report.errors && report.error_texts[0].contains("503"));
    }
}
