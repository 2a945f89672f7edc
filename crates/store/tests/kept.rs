//! The tables keep what the ledger's own model of a disk keeps, whatever is done in whatever order.

use std::sync::Arc;

use jiff::Timestamp;
use ledger::{Change, Dead, End, Event, Kept, Kind, Stream};
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
