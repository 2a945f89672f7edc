//! Watches a live playlist as a player does, and tells a checker all of it; it repairs nothing and asks nothing twice.

mod http;
mod manners;
mod report;
mod seal;
mod viewer;

use std::time::Duration;

pub use report::Report;
use viewer::Viewer;

/// What is watched, and for how long.
#[derive(Clone, Debug)]
pub struct Options {
    /// The entry point or the media playlist: `http://127.0.0.1:8000/ace/manifest.m3u8?id=...`.
    pub url: String,
    /// How long to watch, from the first list on.
    pub duration: Duration,
    /// Whether to leave out what only Weir promises; see [`Checker::of_any_server`](super::Checker::of_any_server).
    pub any_server: bool,
    /// Spells in which the source delivers nothing, from the first list on.
    pub outages: Vec<(Duration, Duration)>,
}

impl Options {
    /// A watch of a minute, of a Weir whose source is well.
    pub fn of(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            duration: Duration::from_secs(60),
            any_server: false,
            outages: vec![],
        }
    }
}

/// Why there was nothing to watch.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The address is none.
    #[error("{url:?} is no address of the form http://host:port/path")]
    Address {
        /// As it was given.
        url: String,
    },
    /// There is no list to begin with.
    #[error("there is no playlist at {url}: {why}")]
    NoList {
        /// Without its query.
        url: String,
        /// What came in its place.
        why: String,
    },
}

/// Watches, and says what it saw. Dropping it ends it.
pub async fn watch(options: &Options) -> Result<Report, WatchError> {
    // What a request is made of is large, and whoever watches many sources at once would carry it all about.
    let mut viewer = Box::pin(Viewer::enter(options)).await?;
    Box::pin(viewer.watch()).await;
    Ok(viewer.report())
}
