//! What is told, in which order, and how often.

use super::*;
use crate::{CRASH, QUEUE_MAX};

#[test]
fn nothing_is_told_before_it_is_on_the_disk() {
    let mut desk = Desk::new();
    desk.began("one");
    assert!(desk.sending.is_none());
    assert!(desk.written());
    assert_eq!(desk.sent(taken()), "one:stream_started");
}

#[test]
fn a_start_is_told_before_its_end_and_each_once() {
    let mut desk = Desk::new();
    desk.began("one");
    desk.ended("one");
    desk.ended("one");
    let told = desk.finish();
    assert_eq!(told, ["one:stream_started", "one:stream_ended"]);
    assert!(desk.disk.queue.is_empty());
}

#[test]
fn an_end_waits_until_the_word_of_its_start_is_on_the_disk() {
    let mut desk = Desk::new();
    desk.began("one");
    desk.ended("one");
    // The first write holds the start alone.
    assert!(desk.written());
    assert_eq!(desk.sent(taken()), "one:stream_started");
    assert!(desk.sending.is_none(), "its settling is not written");
    assert!(desk.written());
    if desk.sending.is_none() {
        assert!(desk.written());
    }
    assert_eq!(desk.sent(taken()), "one:stream_ended");
}

#[test]
fn what_is_not_taken_is_sent_again_later_and_later_but_within_half_a_minute() {
    let mut desk = Desk::new();
    desk.began("one");
    desk.ended("one");
    while desk.written() {}
    let mut rests = Vec::new();
    for _ in 0..12 {
        assert_eq!(desk.sent(down()), "one:stream_started");
        let before = desk.now.moment;
        while desk.sending.is_none() {
            desk.wait();
            desk.written();
        }
        rests.push(desk.now.moment.checked_sub(before).expect("time passed"));
    }
    assert!(rests[0] <= Duration::from_millis(500), "{rests:?}");
    assert!(rests[3] > rests[0], "{rests:?}");
    assert!(
        rests.iter().all(|it| *it <= Duration::from_secs(30)),
        "{rests:?}"
    );
    assert!(*rests.last().expect("some") >= Duration::from_secs(22));
    assert_eq!(desk.finish(), ["one:stream_started", "one:stream_ended"]);
}

#[test]
fn a_key_that_is_not_accepted_drops_nothing_and_hammers_nobody() {
    let mut desk = Desk::new();
    desk.began("one");
    desk.written();
    desk.sent(Outcome::Unauthorised { status: 401 });
    let trouble = desk.ledger.status().trouble.expect("a trouble");
    assert!(trouble.what.contains("API_KEY"), "{trouble:?}");
    assert!(Duration::from_secs(45) <= desk.ledger.deadline().expect("later").max(trouble.until));
    desk.on_input(Input::Nudge);
    assert_eq!(desk.finish(), ["one:stream_started"]);
}

#[test]
fn a_trouble_is_said_once_and_so_is_its_end() {
    let mut desk = Desk::new();
    desk.began("one");
    desk.written();
    for _ in 0..5 {
        desk.sent(down());
        while desk.sending.is_none() {
            desk.wait();
            desk.written();
        }
    }
    desk.finish();
    let held = desk.news.iter().filter(|it| matches!(it, News::Held(_)));
    assert_eq!(held.count(), 1, "{:?}", desk.news);
    let resumed = News::Resumed {
        failures: 5,
        waiting: 1,
    };
    assert_eq!(desk.news.last(), Some(&resumed));
}

#[test]
fn an_event_that_is_refused_for_good_makes_room_for_the_next() {
    let mut desk = Desk::new();
    desk.began("one");
    desk.ended("one");
    desk.began("two");
    while desk.written() {}
    desk.sent(Outcome::Refused {
        status: 422,
        text: "no such key".into(),
    });
    // The end of a stream that the orchestrator does not know is not told either.
    assert_eq!(desk.finish(), ["two:stream_started"]);
    let dead: Vec<_> = desk.ledger.dead().collect();
    assert_eq!(dead.len(), 2);
    assert!(dead[0].why.contains("422") && dead[0].why.contains("no such key"));
    assert_eq!(desk.disk.dead.len(), 2);
    // It goes on being untold when it ends later.
    desk.ended("two");
    assert_eq!(desk.finish(), ["two:stream_ended"]);
}

#[test]
fn an_end_uses_the_name_that_the_start_s_answer_gave() {
    let mut desk = Desk::new();
    desk.began("one");
    desk.written();
    desk.sent(Outcome::Taken {
        called: Some("theirs".into()),
    });
    desk.ended("one");
    while desk.sending.is_none() {
        assert!(desk.written());
    }
    let (_, stream) = desk.sending.as_ref().expect("the end");
    assert_eq!(stream.name_outside(), "theirs");
}

#[test]
fn a_stream_that_a_kill_cut_off_has_ended_with_a_crash_before_anything_new_begins() {
    let mut desk = Desk::new();
    desk.began("one");
    desk.finish();
    desk.pass(Duration::from_secs(40));
    desk.finish();
    let mut desk = desk.killed();
    desk.began("two");
    assert_eq!(desk.finish(), ["one:stream_ended", "two:stream_started"]);
    let end = desk.disk.streams["one"].ended.clone().expect("an end");
    assert_eq!(end.reason.as_deref(), Some(CRASH));
    let lived = end.at.duration_since(Timestamp::UNIX_EPOCH).as_secs();
    assert!((25..=40).contains(&lived), "{lived}");
}

#[test]
fn without_an_orchestrator_streams_are_recorded_and_nothing_is_queued() {
    let mut desk = Desk::new();
    let (ledger, _) = Ledger::restore(Kept::default(), desk.now, false, 1);
    desk.ledger = ledger;
    desk.began("one");
    desk.ended("one");
    assert!(desk.finish().is_empty());
    assert!(desk.disk.queue.is_empty());
    assert_eq!(desk.ledger.ended().count(), 1);
    // With one from the next start on, what it was not told of does not end for it.
    assert!(desk.killed().finish().is_empty());
}

#[test]
fn of_a_queue_that_is_full_whole_streams_are_given_up_and_that_is_said() {
    let mut desk = Desk::new();
    desk.began("first");
    desk.ended("first");
    while desk.written() {}
    for number in 0..QUEUE_MAX / 2 {
        let id = format!("{number:05}");
        desk.began(&id);
        desk.ended(&id);
    }
    while desk.written() {}
    let status = desk.ledger.status();
    assert!(status.waiting <= QUEUE_MAX);
    let told = desk.finish();
    // The one that was on its way is told with its end; what is missing is missing as a pair.
    assert_eq!(told[..2], ["first:stream_started", "first:stream_ended"]);
    let starts = told.iter().filter(|it| it.ends_with("started")).count();
    assert_eq!(starts * 2, told.len());
    assert!(desk.news.iter().any(|it| matches!(it, News::GivenUp(_))));
}
