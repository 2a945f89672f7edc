//! Sources that are one continuous stream: both kinds of viewers from it, and what it may do wrong.

use std::time::Duration;

use simulator::engine::Options;
use weir::config::Config;
use weir::settings::EngineStream;

use crate::stage::{Stage, fast, fast_engine};
use crate::undisturbed::viewer_of;

impl Stage {
    /// An engine that is read as one continuous stream, its media cut into pieces of half a second.
    pub(crate) async fn read_on(options: Options, change: impl FnOnce(&mut Config)) -> Self {
        Self::with(options, |config| {
            fast(config);
            config.settings.engine_stream = EngineStream::Ts;
            config.settings.segment_seconds = Duration::from_millis(500);
            change(config);
        })
        .await
    }
}

/// Three seconds come at once.
fn engine() -> Options {
    Options {
        burst: 120_000,
        ..fast_engine()
    }
}

#[tokio::test]
async fn both_kinds_of_viewers_are_served_from_one_continuous_body() {
    let stage = Stage::read_on(engine(), |_| {}).await;
    let mut watcher = viewer_of(&stage, 0).await;
    let mut listener = stage.listener().await;
    tokio::join!(listener.more(8), watcher.more(8));
    listener.assert_unbroken();
    watcher.assert_unbroken();
    let metrics = stage.engine.metrics();
    assert_eq!((metrics.starts_all(), metrics.streams), (1, 1));
    assert_eq!(metrics.fetches_all(), 0, "no segment is fetched");
    let state = stage.channel(|it| it["viewers"] == 2).await;
    assert_eq!(state["upstream"]["stream"], "ts", "{state:#}");
}
