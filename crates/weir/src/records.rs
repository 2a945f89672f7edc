//! What is known of streams beside their state: readings, tales, titles, loops, and what is kept of them for days. Those
//! who tell and those who show share it.

use store::History;

use crate::config::Config;
use crate::journal::Journal;
use crate::loops::Loops;
use crate::statistics::Statistics;
use crate::story::Tales;
use crate::titles::Titles;

/// The parts; clones share them.
#[derive(Clone)]
pub struct Records {
    /// What engines say of streams.
    pub statistics: Statistics,
    /// How streams of our own went.
    pub tales: Tales,
    /// What engines call contents.
    pub titles: Titles,
    /// Which channels loop.
    pub loops: Loops,
    /// What is kept for days.
    pub history: History,
}

impl Records {
    /// Goes on from what was kept.
    pub async fn open(history: History, journal: Journal, config: &Config) -> Self {
        Self {
            statistics: Statistics::new(config.stats_history_max),
            tales: Tales::default(),
            titles: Titles::default(),
            loops: Loops::restore(history.clone(), journal).await,
            history,
        }
    }
}
