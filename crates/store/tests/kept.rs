//! The tables keep what the ledger's own model of a disk keeps, whatever is done in whatever order.

use std::sync::Arc;

use jiff::Timestamp;
use ledger::{Change, Dead, End, Event, Kept, Kind, Session, Stream};
use proptest::prelude::*;
use store::Store;

fn date() -> impl Strategy<Value = Timestamp> {
    (0..4_000_000_000_i64, 0..1_000_000_000_i32)
        .prop_map(|(second, nano)| Timestamp::new(second, nano).expect("a date"))
}

fn event() -> impl Strategy<Value = Event> {
    let kind = prop_oneof![Just(Kind::Started), Just(Kind::Ended)];
    (1..40_u64, "[a-d]", kind).prop_map(|(sequence, stream, kind)| Event {
        sequence,
        stream,
        kind,
    })
}

fn stream() -> impl Strategy<Value = Stream> {
    let ended = proptest::option::of((date(), proptest::option::of(".{0,8}")));
    let texts = (
        ".{0,12}",
        ".{0,12}",
        proptest::option::of(".{0,8}"),
        ".{0,8}",
    );
    let rest = (any::<u16>(), any::<[bool; 4]>(), date(), ended);
    ("[a-d]", texts, rest).prop_map(|(id, (key, session, container_id, host), rest)| {
        let (engine_port, [own, told, is_live, continuous], started_at, ended) = rest;
        Stream {
            id,
            key_type: "content_id".into(),
            key,
            called: container_id.clone(),
            container_id,
            engine_host: host,
            engine_port,
            playback_session_id: session,
            stat_url: "http://engine/stat".into(),
            command_url: "http://engine/cmd".into(),
            is_live,
            continuous,
            started_at,
            ended: ended.map(|(at, reason)| End { at, reason }),
            own,
            told,
        }
    })
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        stream().prop_map(|stream| Change::Stream(Arc::new(stream))),
        event().prop_map(Change::Queued),
        (1..40_u64).prop_map(|sequence| Change::Settled { sequence }),
        (event(), ".{0,12}").prop_map(|(event, why)| Change::GivenUp(Dead { event, why })),
        "[a-d]".prop_map(|stream| Change::Forgotten { stream }),
        date().prop_map(|at| Change::Alive { at }),
        ("[a-d]", ".{0,8}", any::<u16>()).prop_map(|(command_url, engine_host, engine_port)| {
            Change::SessionOpened(Session {
                engine_host,
                engine_port,
                command_url,
            })
        }),
        "[a-d]".prop_map(|command_url| Change::SessionClosed { command_url }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_kept_after_a_restart_is_what_the_model_keeps(
        writes in proptest::collection::vec(proptest::collection::vec(change(), 1..12), 1..6)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let folder = tempfile::tempdir().expect("a folder");
        let mut model = Kept::default();
        for changes in writes {
            let (store, found) = Store::open(folder.path()).expect("a store");
            prop_assert_eq!(&sorted(found), &sorted(model.clone()));
            for change in &changes {
                model.apply(change);
            }
            prop_assert!(runtime.block_on(store.write(changes.into())));
        }
        let (_, found) = Store::open(folder.path()).expect("a store");
        prop_assert_eq!(sorted(found), sorted(model));
    }
}

/// Given-up events come back in the order of their sequence; the model has them in that of their end.
fn sorted(mut kept: Kept) -> Kept {
    kept.dead.sort_by_key(|dead| dead.event.sequence);
    kept
}

#[tokio::test]
async fn a_file_of_before_sessions_were_kept_has_those_that_its_running_streams_began_with() {
    let folder = tempfile::tempdir().expect("a folder");
    let streams = [
        ("ours", true, false),
        ("over", true, true),
        ("another's", false, false),
    ];
    let changes = streams.map(|(id, own, over)| {
        let ended = over.then_some(End {
            at: Timestamp::UNIX_EPOCH,
            reason: None,
        });
        let command_url = format!("http://engine/{id}");
        Change::Stream(Arc::new(Stream {
            id: id.into(),
            own,
            ended,
            command_url,
            ..bare()
        }))
    });
    let (store, _) = Store::open(folder.path()).expect("a store");
    assert!(store.write(Arc::new(changes)).await);
    drop(store);
    let file = rusqlite::Connection::open(folder.path().join("weir.sqlite"));
    let earlier = "DROP TABLE sessions; PRAGMA user_version = 2;";
    file.expect("the file")
        .execute_batch(earlier)
        .expect("a file of before");
    for _ in 0..2 {
        let (store, kept) = Store::open(folder.path()).expect("a store");
        let sessions: Vec<_> = kept.sessions.into_keys().collect();
        assert_eq!(sessions, ["http://engine/ours"]);
        drop(store);
    }
    // Once the table is there, it alone counts.
    let (store, _) = Store::open(folder.path()).expect("a store");
    let command_url = "http://engine/ours".to_owned();
    assert!(
        store
            .write(Arc::new([Change::SessionClosed { command_url }]))
            .await
    );
    drop(store);
    let (_, kept) = Store::open(folder.path()).expect("a store");
    assert!(kept.sessions.is_empty());
}

fn bare() -> Stream {
    Stream {
        id: String::new(),
        key_type: "content_id".into(),
        key: "a".repeat(40),
        container_id: None,
        engine_host: "engine".into(),
        engine_port: 6878,
        playback_session_id: String::new(),
        stat_url: String::new(),
        command_url: String::new(),
        is_live: true,
        continuous: false,
        started_at: Timestamp::UNIX_EPOCH,
        ended: None,
        own: true,
        told: false,
        called: None,
    }
}
