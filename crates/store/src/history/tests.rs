//! What was appended is found again, newest first, whatever becomes of the disk meanwhile.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::*;

fn at(seconds: u64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds.cast_signed())
}

fn entry(id: u64) -> Entry {
    Entry {
        id,
        at: at(id),
        kind: if id.is_multiple_of(2) { "even" } else { "odd" }.into(),
        category: "stream".into(),
        severity: "info".into(),
        message: format!("entry {id}"),
        channel: Some("news".into()),
        stream: (id < 5).then(|| "life".into()),
        engine: None,
        details: vec![("why".into(), "because it \"is\"".into())],
    }
}

async fn filled(folder: &Path, count: u64) -> History {
    let history = History::open(folder);
    for id in 1..=count {
        assert!(history.keep(Arc::new(entry(id))));
    }
    history.flush().await;
    history
}

async fn ids(history: &History, filter: Filter, offset: usize, limit: usize) -> (Vec<u64>, usize) {
    let page = history.page(filter, offset, limit).await.expect("a page");
    let ids = page.entries.iter().map(|entry| entry.id).collect();
    (ids, page.total)
}

#[tokio::test]
async fn entries_come_back_as_they_were_newest_first_and_in_pages() {
    let folder = tempfile::tempdir().expect("a folder");
    let history = filled(folder.path(), 7).await;
    drop(history);
    let history = History::open(folder.path());
    history.flush().await;
    let page = history.page(Filter::default(), 0, 1).await.expect("a page");
    assert_eq!((page.entries, page.total), (vec![entry(7)], 7));
    assert_eq!(history.newest().await.ok(), Some(Some(7)));
    assert_eq!(
        ids(&history, Filter::default(), 5, 9).await,
        (vec![2, 1], 7)
    );
    assert_eq!(ids(&history, Filter::default(), 9, 9).await, (vec![], 7));
}

#[tokio::test]
async fn filters_mean_on_the_disk_what_they_mean_in_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let history = filled(folder.path(), 9).await;
    let text = |text: &str| Some(text.to_owned());
    let none = Filter::default();
    for filter in [
        none.clone(),
        Filter {
            kind: text("even"),
            ..none.clone()
        },
        Filter {
            category: text("stream"),
            since: Some(at(4)),
            ..none.clone()
        },
        Filter {
            stream: text("life"),
            kind: text("odd"),
            ..none.clone()
        },
        Filter {
            engine: text("engine:6878"),
            ..none.clone()
        },
        Filter {
            until: Some(6),
            ..none.clone()
        },
        Filter {
            kind: text("' OR 1=1 --"),
            ..none
        },
    ] {
        let wanted: Vec<_> = (1..=9)
            .rev()
            .filter(|id| filter.takes(&entry(*id)))
            .collect();
        let total = wanted.len();
        assert_eq!(
            ids(&history, filter.clone(), 0, 100).await,
            (wanted, total),
            "{filter:?}"
        );
    }
}

#[tokio::test]
async fn whoever_missed_something_gets_it_in_order_or_learns_that_it_is_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let history = filled(folder.path(), 9).await;
    assert!(history.trim(6, at(0)));
    history.flush().await;
    let behind = async |id| {
        let found = history.behind(id, 3).await.expect("readable");
        found.map(|entries| entries.iter().map(|entry| entry.id).collect::<Vec<_>>())
    };
    assert_eq!(behind(3).await, None);
    assert_eq!(behind(4).await, Some(vec![5, 6, 7]));
    assert_eq!(behind(9).await, Some(vec![]));
}

#[tokio::test]
async fn what_is_old_goes_as_well_as_what_is_too_much() {
    let folder = tempfile::tempdir().expect("a folder");
    let history = filled(folder.path(), 9).await;
    assert!(history.trim(100, at(4)));
    history.flush().await;
    assert_eq!(
        ids(&history, Filter::default(), 0, 100).await.0,
        [9, 8, 7, 6, 5, 4]
    );
    assert!(history.trim(2, at(0)));
    history.flush().await;
    assert_eq!(ids(&history, Filter::default(), 0, 100).await.0, [9, 8]);
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_loses_nothing_once_it_can() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(file::NAME);
    // Whoever runs this may write everywhere, so the file's place is taken instead.
    std::fs::create_dir(&file).expect("a folder in its place");
    let history = filled(folder.path(), 3).await;
    assert!(history.is_failing());
    assert!(history.page(Filter::default(), 0, 9).await.is_err());
    std::fs::remove_dir(&file).expect("the place is free");
    history.keep(Arc::new(entry(4)));
    history.flush().await;
    assert!(!history.is_failing());
    assert_eq!(ids(&history, Filter::default(), 0, 9).await.0, [4, 3, 2, 1]);
    assert_eq!(history.left_out(), 0);
}

#[tokio::test]
async fn a_history_that_has_just_begun_holds_nothing_and_can_be_read() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().expect("a folder");
        let history = History::open(folder.path());
        history.flush().await;
        let newest = history.newest().await;
        assert_eq!(newest.expect("it can be read"), None);
    }
}

#[tokio::test]
async fn a_damaged_file_is_put_aside() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(file::NAME);
    std::fs::write(&file, "no database ".repeat(900)).expect("a file");
    let history = filled(folder.path(), 2).await;
    assert_eq!(ids(&history, Filter::default(), 0, 9).await.0, [2, 1]);
    let aside = folder.path().join("history.sqlite.damaged-1");
    assert!(aside.exists());
}

/// Writes an entry, and then what no table takes.
fn misfit(id: u64) -> impl Fn(&Connection) -> rusqlite::Result<()> + Send + 'static {
    move |connection| {
        let half = "INSERT INTO entries SELECT ?1, at, kind, category, severity, message, channel, stream, engine, details FROM entries LIMIT 1";
        connection.execute(half, [id])?;
        connection.execute_batch("INSERT INTO nowhere VALUES (1)")
    }
}

#[tokio::test]
async fn a_record_that_can_never_be_written_is_counted_and_does_not_hold_the_others_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let history = filled(folder.path(), 1).await;
    history.append(misfit(7));
    history.keep(Arc::new(entry(2)));
    history.flush().await;
    assert!(!history.is_failing());
    assert_eq!(history.left_out(), 1);
    // Nor is half of it there.
    assert_eq!(ids(&history, Filter::default(), 0, 9).await.0, [2, 1]);
}

#[tokio::test]
async fn whoever_asks_learns_whether_a_record_is_on_the_disk_and_why_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let history = filled(folder.path(), 1).await;
    let refused = history.write(misfit(7)).await;
    let why = refused.expect_err("there is no such table").to_string();
    assert!(why.contains("no such table: nowhere"), "{why}");
    let sql = "UPDATE entries SET message = 'anew' WHERE id = 1";
    let written = history.write(move |it| it.execute_batch(sql)).await;
    assert_eq!(written, Ok(()));
    let page = history.page(Filter::default(), 0, 9).await.expect("a page");
    assert_eq!((page.total, page.entries[0].message.as_str()), (1, "anew"));
}

#[tokio::test]
async fn what_was_told_to_have_failed_is_not_written_later() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(file::NAME);
    // Whoever runs this may write everywhere, so the file's place is taken instead.
    std::fs::create_dir(&file).expect("a folder in its place");
    let history = History::open(folder.path());
    history.keep(Arc::new(entry(1)));
    let refused = history
        .write(|connection| entries::put(connection, &entry(2)))
        .await;
    assert_eq!(refused, Err(Unwritten::Disk));
    std::fs::remove_dir(&file).expect("the place is free");
    history.keep(Arc::new(entry(3)));
    history.flush().await;
    assert_eq!(ids(&history, Filter::default(), 0, 9).await.0, [3, 1]);
}

#[tokio::test]
async fn reading_cannot_write() {
    let folder = tempfile::tempdir().expect("a folder");
    let history = filled(folder.path(), 1).await;
    let written = history
        .read(|connection| connection.execute("DELETE FROM entries", []))
        .await;
    assert!(matches!(written, Err(Unreadable::Sql(_))), "{written:?}");
}

#[tokio::test]
async fn what_finds_no_room_is_counted_and_the_teller_never_waits() {
    let folder = tempfile::tempdir().expect("a folder");
    let history = History::open(folder.path());
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    // The disk takes its time over this one.
    history.append(move |_| {
        let _ = wait.lock().map(|wait| wait.recv());
        Ok(())
    });
    let count = ORDERS_MAX as u64 + writer::BATCH_MAX as u64 + 10;
    let taken = (1..=count)
        .filter(|id| history.keep(Arc::new(entry(*id))))
        .count() as u64;
    assert!(taken < count);
    assert_eq!(history.left_out(), count - taken);
    drop(go);
    history.flush().await;
    let (_, total) = ids(&history, Filter::default(), 0, 1).await;
    assert_eq!(total as u64, taken);
}
