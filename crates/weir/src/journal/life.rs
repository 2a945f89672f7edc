//! Weir's own lives, as the journal tells them: begun, ended, or broken off.

use std::net::SocketAddr;

use jiff::Timestamp;
use store::history::Filter;

use super::{Entry, Journal, Kind, News};
use crate::clock;

/// Tells that Weir serves, and before it whether the life before this one was broken off. Returns since when it serves.
pub async fn began(journal: &Journal, address: SocketAddr) -> Timestamp {
    let all = Filter::default();
    let last = journal.page(&all, 0, 1).await.entries.pop();
    let started = newest(journal, Kind::WeirStarted).await;
    let stopped = newest(journal, Kind::WeirStopped).await;
    let id = |entry: &Option<Entry>| entry.as_ref().map(|entry| entry.id);
    if let Some(last) = last.filter(|_| id(&stopped) < id(&started)) {
        let at = format!("{:.0}", last.at);
        let message = format!(
            "the life before this one did not end in order: Weir was killed, or the machine went down, at {at} or later"
        );
        tracing::warn!("{message}");
        journal.tell(News::new(Kind::WeirCrashed, message).with("last_heard_at", at));
    }
    let version = env!("CARGO_PKG_VERSION");
    let message = format!("Weir {version} serves at {address}");
    journal.tell(News::new(Kind::WeirStarted, message).with("version", version));
    clock::wall()
}

/// Tells that Weir was told to stop.
pub fn ending(journal: &Journal) {
    journal.tell(News::new(Kind::WeirStopping, "Weir is stopping"));
}

/// Tells that all has ended in order, and has it written: the last word of a life.
pub async fn ended(journal: &Journal, since: Timestamp) {
    let served = clock::wall().duration_since(since).as_secs_f64();
    let message = format!("Weir has stopped in order after {served:.0} s");
    journal.tell(News::new(Kind::WeirStopped, message));
    journal.flush().await;
}

async fn newest(journal: &Journal, kind: Kind) -> Option<Entry> {
    let filter = Filter {
        kind: Some(kind.as_str().to_owned()),
        ..Filter::default()
    };
    journal.page(&filter, 0, 1).await.entries.pop()
}
