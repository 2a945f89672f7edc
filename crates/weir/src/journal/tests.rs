//! What was told is found again by those who listen, and by those who ask after a restart.

use std::path::Path;

use super::*;

/// Keeps more than any test tells.
pub(crate) const ALL: Retention = Retention {
    entries_max: 100_000,
    age_max: Duration::from_secs(30 * 24 * 3600),
};

/// A journal in a folder, whose ids begin behind `base`.
pub(crate) async fn journal(folder: &Path, base: u64) -> Journal {
    let history = History::open(folder);
    history.flush().await;
    let found = history.newest().await.expect("readable");
    Journal::after(found, base, history, ALL)
}

pub(crate) fn tell(journal: &Journal, numbers: std::ops::Range<usize>) {
    for number in numbers {
        journal.tell(News::new(Kind::StreamStarted, format!("news {number}")));
    }
}

fn ids<'a>(entries: impl IntoIterator<Item = &'a Arc<Entry>>) -> Vec<u64> {
    entries.into_iter().map(|entry| entry.id).collect()
}

fn entries(behind: Behind) -> Vec<Arc<Entry>> {
    match behind {
        Behind::Entries(entries) => entries,
        other => panic!("no entries: {other:?}"),
    }
}

async fn page(journal: &Journal, offset: usize, limit: usize) -> (Vec<u64>, usize) {
    let page = journal.page(&Filter::default(), offset, limit).await;
    let ids = page.entries.iter().map(|entry| entry.id).collect();
    (ids, page.total)
}

#[tokio::test]
async fn a_listener_that_comes_back_gets_what_it_has_missed_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = journal(folder.path(), 41).await;
    tell(&journal, 0..3);
    let missed = journal.since(41).expect("it is at hand");
    assert_eq!(ids(&missed), [42, 43]);
    assert_eq!(*journal.newest().borrow(), 43);
}

#[tokio::test]
async fn a_listener_that_was_away_for_long_gets_it_from_the_disk_and_one_from_the_future_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = journal(folder.path(), 41).await;
    tell(&journal, 0..RECENT_MAX + 5);
    assert_eq!(journal.since(44), None);
    assert_eq!(journal.since(45).map(|it| it.len()), Some(RECENT_MAX));
    assert_eq!(journal.since(9_999), None);
    journal.flush().await;
    let behind = ids(&entries(journal.behind(43, 3).await));
    assert_eq!(behind, [44, 45, 46]);
    assert_eq!(journal.behind(40, 3).await, Behind::Gone);
    assert_eq!(journal.behind(9_999, 3).await, Behind::Gone);
    assert_eq!(
        journal.count_behind(43, |_| true).await,
        Some(RECENT_MAX + 2)
    );
    assert_eq!(journal.count_behind(1_040, |_| true).await, Some(5));
    assert_eq!(
        journal.count_behind(43, |kind| kind == "rain").await,
        Some(0)
    );
}

#[tokio::test]
async fn ids_go_on_over_a_restart_and_nothing_is_missed_across_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = journal(folder.path(), 10).await;
    tell(&first, 0..3);
    first.flush().await;
    drop(first);
    let second = journal(folder.path(), 500).await;
    assert_eq!(*second.newest().borrow(), 12);
    // It has read everything there was.
    assert_eq!(second.since(12), Some(vec![]));
    tell(&second, 3..5);
    assert_eq!(ids(&second.since(12).expect("at hand")), [500, 501]);
    second.flush().await;
    let behind = ids(&entries(second.behind(10, 9).await));
    assert_eq!(behind, [11, 12, 500, 501]);
    // A clock that was set back takes no id twice.
    drop(second);
    let third = journal(folder.path(), 20).await;
    tell(&third, 5..6);
    assert_eq!(*third.newest().borrow(), 502);
}

#[tokio::test]
async fn a_page_is_whole_however_much_of_it_is_on_the_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let (written, blocked) = (4, 9);
    let journal = journal(folder.path(), 1).await;
    tell(&journal, 0..written);
    journal.flush().await;
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    // From here on the disk takes its time.
    journal.inner.history.append(move |_| {
        let _ = wait.lock().map(|wait| wait.recv());
        Ok(())
    });
    tell(&journal, written..blocked);
    let whole: Vec<_> = (1..=9).rev().collect();
    for offset in 0..10 {
        for limit in 1..10 {
            let wanted: Vec<_> = whole.iter().copied().skip(offset).take(limit).collect();
            assert_eq!(page(&journal, offset, limit).await, (wanted, 9));
        }
    }
    drop(go);
    journal.flush().await;
    assert_eq!(page(&journal, 2, 3).await, (vec![7, 6, 5], 9));
}

#[tokio::test]
async fn without_a_disk_the_newest_entries_are_there() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("history.sqlite")).expect("a folder in its place");
    let history = History::open(folder.path());
    let journal = Journal::after(None, 1, history, ALL);
    tell(&journal, 0..RECENT_MAX + 5);
    let (ids, total) = page(&journal, 1, 2).await;
    assert_eq!((ids, total), (vec![1_004, 1_003], RECENT_MAX));
    // What is not at hand may be there when the disk is back.
    assert_eq!(journal.behind(2, 9).await, Behind::Later);
}

#[tokio::test]
async fn no_more_is_kept_than_is_wanted() {
    let folder = tempfile::tempdir().expect("a folder");
    let retention = Retention {
        entries_max: 10,
        ..ALL
    };
    let history = History::open(folder.path());
    let journal = Journal::after(None, 1, history, retention);
    tell(&journal, 0..usize::try_from(TRIM_EVERY).expect("small"));
    journal.flush().await;
    assert_eq!(page(&journal, 0, 100).await.1, 10);
}
