//! The source of the channels that continuous viewers play, chosen in one place.

use simulator::metrics::Metrics;
use simulator::origin::{Options, Origin};
use tokio::task::JoinSet;

use crate::child::Server;
use crate::paced::Log;
use crate::stage;

/// Seconds of a segment.
const SEGMENT_SECONDS: usize = 2;

/// A live channel: its source, and Weir with it under the name `bench`.
pub(crate) struct Live {
    /// When the source gave what.
    pub(crate) log: Log,
    pub(crate) weir: Server,
    _watch: JoinSet<()>,
}

impl Live {
    /// Media of so many bits a second.
    pub(crate) async fn start(bits: usize, variables: &[(&str, String)]) -> anyhow::Result<Self> {
        let segment_bytes = bits / 8 * SEGMENT_SECONDS;
        let media = stage::media(SEGMENT_SECONDS as u64, segment_bytes);
        let packets = (media.segment(0).len() / ts::PACKET_BYTES - 2) as u64;
        let (origin, weir) = stage::with_source(Options::of(media), variables).await?;
        let log = Log::default();
        let mut watch = JoinSet::new();
        watch.spawn(note_fetches(origin, packets, log.clone()));
        Ok(Self {
            log,
            weir,
            _watch: watch,
        })
    }

    /// Where it is played as a continuous stream.
    pub(crate) fn stream(&self) -> String {
        format!("http://{}/ace/stream/bench.ts", self.weir.address)
    }

    /// Where it is played as HLS.
    pub(crate) fn playlist(&self) -> String {
        format!("http://{}/ace/manifest.m3u8?id=bench", self.weir.address)
    }
}

/// Notes when each segment was asked for, which is when all of it was given.
async fn note_fetches(origin: Origin, packets: u64, log: Log) {
    let mut noted = None;
    let newest = |metrics: &Metrics| metrics.segments.keys().map(|(_, number)| *number).max();
    origin
        .until(|metrics| {
            let fetched = newest(metrics);
            if let (true, Some(segment)) = (noted < fetched, fetched) {
                log.note((segment + 1) * packets - 1);
                noted = fetched;
            }
            false
        })
        .await;
}
