//! A disk that fails, that is slow, and kills at every point.

use super::*;
use crate::ENDED_MAX;

#[test]
fn a_disk_that_fails_holds_no_event_back_and_gets_everything_when_it_is_well() {
    let mut desk = Desk::new();
    desk.began("one");
    desk.not_written();
    assert_eq!(desk.sent(taken()), "one:stream_started");
    desk.ended("one");
    assert_eq!(desk.sent(taken()), "one:stream_ended");
    assert!(desk.ledger.status().disk_failing);
    assert!(desk.disk.streams.is_empty());
    desk.wait();
    desk.finish();
    assert!(!desk.ledger.status().disk_failing);
    assert!(desk.disk.streams["one"].ended.is_some());
    assert!(desk.disk.queue.is_empty());
    let said: Vec<_> = desk
        .news
        .iter()
        .filter(|it| matches!(it, News::DiskFailing | News::DiskBack))
        .collect();
    assert_eq!(said, [&News::DiskFailing, &News::DiskBack]);
}

/// One step of everything that can go on, in an order of its own.
fn lively(kills_at: Option<usize>) -> (Vec<String>, usize) {
    let mut told = Vec::new();
    let mut steps = 0;
    let mut desk = Desk::new();
    let mut plan = vec!["two ends", "two", "one ends", "one"];
    loop {
        if kills_at == Some(steps) {
            // Half of the kills come behind the orchestrator's taking and before its word is heard.
            if let Some((event, _)) = &desk.sending {
                told.push(event.id());
            }
            desk = desk.killed();
            plan.clear();
        }
        steps += 1;
        if let Some(step) = plan.pop() {
            match step.strip_suffix(" ends") {
                Some(id) => desk.ended(id),
                None => desk.began(step),
            }
        } else if desk.sending.is_none() && desk.writing.is_none() {
            return (told, steps);
        }
        if desk.sending.is_some() {
            told.push(desk.sent(taken()));
        } else {
            desk.written();
        }
    }
}

#[test]
fn wherever_a_kill_strikes_each_start_that_was_told_gets_its_end_and_never_before_it() {
    let (_, steps) = lively(None);
    for kill in 0..steps {
        let (told, _) = lively(Some(kill));
        for id in ["one", "two"] {
            let (start, end) = (format!("{id}:stream_started"), format!("{id}:stream_ended"));
            let last_start = told.iter().rposition(|it| *it == start);
            let first_end = told.iter().position(|it| *it == end);
            match (last_start, first_end) {
                (None, None) => {}
                (Some(start), Some(end)) => {
                    assert!(start < end, "killed at {kill}: {told:?}");
                }
                _ => panic!("killed at {kill}: one without the other: {told:?}"),
            }
        }
    }
}

#[test]
fn only_so_many_ended_streams_are_remembered_and_the_disk_forgets_with_us() {
    let mut desk = Desk::new();
    for number in 0..ENDED_MAX + 50 {
        let id = format!("{number:05}");
        desk.began(&id);
        desk.ended(&id);
        desk.finish();
    }
    assert_eq!(desk.ledger.ended().count(), ENDED_MAX);
    assert_eq!(desk.disk.streams.len(), ENDED_MAX);
    assert!(desk.ledger.stream("00000").is_none());
    let newest = desk.ledger.ended().next().expect("some");
    assert_eq!(newest.id, format!("{:05}", ENDED_MAX + 49));
}

#[test]
fn while_streams_run_that_is_noted_now_and_then_and_not_otherwise() {
    let mut desk = Desk::new();
    assert_eq!(desk.ledger.deadline(), None);
    desk.began("one");
    desk.finish();
    for _ in 0..4 {
        assert!(desk.wait() <= Duration::from_secs(15));
        desk.finish();
    }
    let alive = desk.disk.alive_at.expect("a note");
    assert_eq!(alive, desk.now.wall);
    desk.ended("one");
    desk.finish();
    assert_eq!(desk.ledger.deadline(), None);
}

#[test]
fn events_go_on_in_the_order_of_their_numbers_after_a_kill() {
    let mut desk = Desk::new();
    for id in ["one", "two", "three"] {
        desk.began(id);
    }
    while desk.written() {}
    let mut desk = desk.killed();
    desk.began("four");
    let told = desk.finish();
    let ids: Vec<_> = told
        .iter()
        .filter_map(|it| it.strip_suffix(":stream_started"))
        .collect();
    assert_eq!(ids, ["one", "two", "three", "four"]);
    assert_eq!(told.len(), 7);
}
