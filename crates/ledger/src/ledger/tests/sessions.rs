//! Sessions that were begun and not stopped: a start after a kill knows each of them, wherever the kill strikes.

use std::collections::BTreeSet;

use super::*;
use crate::{SESSIONS_MAX, Session};

fn opened(number: usize) -> Input {
    Input::SessionOpened(Session {
        engine_host: "engine".into(),
        engine_port: 6878,
        command_url: url(number),
    })
}

fn closed(number: usize) -> Input {
    Input::SessionClosed {
        command_url: url(number),
    }
}

fn url(number: usize) -> String {
    format!("http://engine:6878/ace/cmd/a/{number:05}")
}

fn left(desk: &Desk) -> Vec<String> {
    desk.disk.sessions.keys().cloned().collect()
}

#[test]
fn a_session_is_known_to_the_next_start_until_its_stop_is_on_the_disk() {
    let mut desk = Desk::new();
    desk.on_input(opened(1));
    assert!(desk.written());
    // Its channel moves: for a while there are two.
    desk.on_input(opened(2));
    desk.on_input(closed(1));
    while desk.written() {}
    let mut desk = desk.killed();
    assert_eq!(left(&desk), [url(2)]);
    assert!(desk.writing.is_none(), "a start alone closes none");
    desk.on_input(closed(2));
    while desk.written() {}
    assert!(left(&desk.killed()).is_empty());
}

#[test]
fn what_is_closed_twice_or_was_never_opened_costs_no_write() {
    let mut desk = Desk::new();
    desk.on_input(closed(7));
    assert!(desk.writing.is_none());
    desk.on_input(opened(1));
    desk.on_input(closed(1));
    while desk.written() {}
    desk.on_input(closed(1));
    assert!(desk.writing.is_none());
}

/// A channel that moves from session to session, on a disk that fails now and then, until a kill.
fn moves_until(kill: usize) -> (BTreeSet<String>, Desk) {
    let mut desk = Desk::new();
    let mut open = BTreeSet::new();
    let mut kept = BTreeSet::new();
    for step in 0..kill {
        match step % 4 {
            0 => {
                desk.on_input(opened(step));
                open.insert(url(step));
            }
            1 if 4 < step => {
                desk.on_input(closed(step - 5));
                open.remove(&url(step - 5));
            }
            2 if step % 12 == 10 && desk.writing.is_some() => {
                desk.not_written();
                desk.wait();
            }
            _ => while desk.written() {},
        }
        if desk.writing.is_none() {
            kept.clone_from(&open);
        }
    }
    (kept, desk)
}

#[test]
fn wherever_a_kill_strikes_the_next_start_knows_what_ran_when_the_disk_was_last_done() {
    for kill in 0..60 {
        let (kept, desk) = moves_until(kill);
        let left: BTreeSet<_> = left(&desk.killed()).into_iter().collect();
        assert_eq!(left, kept, "killed at {kill}");
    }
}

#[test]
fn only_so_many_are_kept_and_those_are_the_newest() {
    let mut desk = Desk::new();
    for number in 0..SESSIONS_MAX + 3 {
        desk.on_input(opened(number));
    }
    while desk.written() {}
    assert_eq!(desk.disk.sessions.len(), SESSIONS_MAX);
    assert_eq!(left(&desk)[0], url(3));
}
