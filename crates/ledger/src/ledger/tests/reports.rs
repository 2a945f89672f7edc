//! Streams that other proxies report.

use super::*;
use crate::{Ending, REPORTED_MAX};

fn report(desk: &mut Desk, id: &str, session: &str) -> Arc<Stream> {
    let stream = Stream {
        own: false,
        playback_session_id: session.into(),
        started_at: desk.now.wall,
        ..stream(id)
    };
    let (stream, effects) = desk.ledger.report(desk.now, stream).expect("room");
    desk.take(effects);
    stream
}

fn end(desk: &mut Desk, id: Option<&str>, container: Option<&str>) -> Ending {
    let (ending, effects) =
        desk.ledger
            .report_end(desk.now, id, container, Some("asked for".into()));
    desk.take(effects);
    ending
}

#[test]
fn a_report_is_kept_over_a_kill_as_running_and_is_never_told_on() {
    let mut desk = Desk::new();
    report(&mut desk, "theirs", "s");
    let number = desk.ledger.write_number();
    assert!(!desk.ledger.is_written(number));
    assert!(desk.finish().is_empty());
    assert!(desk.ledger.is_written(number));
    // Said again, there is nothing to be waited for.
    report(&mut desk, "theirs", "s");
    assert!(desk.ledger.is_written(desk.ledger.write_number()));
    let mut desk = desk.killed();
    assert_eq!(desk.ledger.reported_running().count(), 1);
    assert!(desk.finish().is_empty());
}

#[test]
fn an_end_is_reported_once_and_the_second_time_changes_nothing() {
    let mut desk = Desk::new();
    report(&mut desk, "theirs", "s");
    assert!(end(&mut desk, Some("theirs"), None).updated);
    let again = end(&mut desk, Some("theirs"), None);
    assert!(!again.updated);
    let reason = again
        .stream
        .and_then(|it| it.ended.clone())
        .and_then(|it| it.reason);
    assert_eq!(reason.as_deref(), Some("asked for"));
    let unknown = end(&mut desk, Some("nobody's"), None);
    assert!(!unknown.updated && unknown.stream.is_none());
}

#[test]
fn the_same_report_again_does_not_bring_an_ended_stream_back_and_a_new_session_does() {
    let mut desk = Desk::new();
    report(&mut desk, "theirs", "s");
    end(&mut desk, Some("theirs"), None);
    assert!(report(&mut desk, "theirs", "s").ended.is_some());
    assert!(report(&mut desk, "theirs", "another").ended.is_none());
    assert_eq!(desk.ledger.ended().count(), 0);
    assert_eq!(desk.ledger.reported_running().count(), 1);
}

#[test]
fn an_end_without_an_id_means_the_newest_stream_of_the_container() {
    let mut desk = Desk::new();
    report(&mut desk, "older", "a");
    desk.pass(Duration::from_secs(1));
    report(&mut desk, "newer", "b");
    let ending = end(&mut desk, None, Some("engine:6878"));
    assert_eq!(ending.stream.expect("one").id, "newer");
    assert!(!end(&mut desk, None, Some("elsewhere")).updated);
}

#[test]
fn a_report_never_changes_a_stream_of_our_own() {
    let mut desk = Desk::new();
    desk.began("ours");
    desk.finish();
    assert!(report(&mut desk, "ours", "stranger").own);
    assert!(!end(&mut desk, Some("ours"), None).updated);
    assert!(desk.ledger.stream("ours").expect("ours").ended.is_none());
}

#[test]
fn more_running_streams_than_can_be_kept_are_refused() {
    let mut desk = Desk::new();
    for number in 0..REPORTED_MAX {
        report(&mut desk, &number.to_string(), "s");
    }
    let one_more = Stream {
        own: false,
        ..stream("one more")
    };
    assert!(desk.ledger.report(desk.now, one_more).is_err());
    end(&mut desk, Some("17"), None);
    report(&mut desk, "one more", "s");
}
