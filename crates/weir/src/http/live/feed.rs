//! What a reader of news gets next, and whether it has missed too much; it writes nothing.

use std::sync::Arc;

use tokio::sync::watch;

use crate::journal::{Behind, Entry, Journal};

/// News handed on in one go: some ten kilobytes.
const BATCH_MAX: usize = 100;

/// News that a reader may be behind and still gets one by one. Who missed more reads pages.
const CATCH_UP_MAX: usize = 1_000;

/// A reader's place in the journal.
pub(super) struct Feed {
    journal: Journal,
    newest: watch::Receiver<u64>,
    seen: u64,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Some of what it has not seen, oldest first; maybe nothing.
    News(Vec<Arc<Entry>>),
    /// Too much, or some of it is gone; it goes on behind the newest.
    Missed {
        /// That one's id.
        newest: u64,
    },
}

impl Feed {
    /// Behind an id that the reader has, or behind everything that was told so far.
    pub(super) fn new(journal: Journal, from: Option<u64>) -> Self {
        let newest = journal.newest();
        let seen = from.unwrap_or_else(|| *newest.borrow());
        Self {
            journal,
            newest,
            seen,
        }
    }

    /// What comes next. Nothing is lost when this is not waited for to its end.
    pub(super) async fn next(&mut self) -> Next {
        let newest = *self.newest.borrow_and_update();
        let behind = self.journal.behind(self.seen, CATCH_UP_MAX + 1).await;
        match behind {
            Behind::Entries(mut entries) if entries.len() <= CATCH_UP_MAX => {
                entries.truncate(BATCH_MAX);
                self.seen = entries.last().map_or(self.seen, |entry| entry.id);
                Next::News(entries)
            }
            _ => {
                self.seen = newest;
                Next::Missed { newest }
            }
        }
    }

    /// Waits until something was told that the last look did not see.
    pub(super) async fn changed(&mut self) {
        if self.newest.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::tests::{journal, tell};

    fn ids(next: Next) -> Vec<u64> {
        match next {
            Next::News(entries) => entries.iter().map(|entry| entry.id).collect(),
            Next::Missed { newest } => panic!("missed, behind {newest}"),
        }
    }

    #[tokio::test]
    async fn a_reader_begins_now_and_one_that_comes_back_where_it_was() {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = journal(folder.path(), 1).await;
        tell(&journal, 0..5);
        let mut fresh = Feed::new(journal.clone(), None);
        let mut back = Feed::new(journal.clone(), Some(3));
        assert!(ids(fresh.next().await).is_empty());
        assert_eq!(ids(back.next().await), [4, 5]);
        tell(&journal, 5..7);
        fresh.changed().await;
        assert_eq!(ids(fresh.next().await), [6, 7]);
        assert_eq!(ids(back.next().await), [6, 7]);
        assert!(ids(back.next().await).is_empty());
    }

    #[tokio::test]
    async fn a_reader_that_is_slow_gets_everything_in_portions_as_long_as_it_is_not_too_much() {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = journal(folder.path(), 1).await;
        let mut feed = Feed::new(journal.clone(), None);
        tell(&journal, 0..CATCH_UP_MAX);
        let mut seen = Vec::new();
        while seen.len() < CATCH_UP_MAX {
            let some = ids(feed.next().await);
            assert!((1..=BATCH_MAX).contains(&some.len()), "{}", some.len());
            seen.extend(some);
        }
        assert!(seen.is_sorted_by(|one, other| one < other));
    }

    #[tokio::test]
    async fn one_that_missed_too_much_is_told_so_once_and_goes_on_behind_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = journal(folder.path(), 1).await;
        let mut slow = Feed::new(journal.clone(), None);
        tell(&journal, 0..CATCH_UP_MAX + 1);
        journal.flush().await;
        let newest = CATCH_UP_MAX as u64 + 1;
        assert_eq!(slow.next().await, Next::Missed { newest });
        tell(&journal, 0..1);
        assert_eq!(ids(slow.next().await), [newest + 1]);
        let mut from_the_future = Feed::new(journal, Some(u64::MAX));
        let newest = newest + 1;
        assert_eq!(from_the_future.next().await, Next::Missed { newest });
        assert!(ids(from_the_future.next().await).is_empty());
    }
}
