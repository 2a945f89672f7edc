//! What must hold after a crash: the program is started again on what it left, and looked at.

use std::time::Duration;

use serde_json::Value;
use simulator::orchestrator::Log;

use crate::life::{Client, Life, numbered};
use crate::program::{Program, Watch};

/// Longest wait for what was left over to be told.
const PATIENCE: Duration = Duration::from_secs(20);

const START: &str = "stream_started";
const END: &str = "stream_ended";

/// Starts the program on what a life has left, and asserts that everything was made good.
pub(crate) async fn of(life: &Life) {
    let point = life.point;
    let mut program = Program::start(&life.around, Watch::Nothing);
    let Ok(client) = Client::reach(&mut program).await else {
        panic!("{point:?}: it does not start again");
    };
    settings_are_whole(life, &client).await;
    for id in &life.ids {
        let Ok(sequence) = client.watch(id).await else {
            panic!("{point:?}: channel {id} does not play after the crash");
        };
        let before = life.sequences.get(id).copied().unwrap_or(0);
        assert!(
            before < sequence,
            "{point:?}: sequence {before} was followed by {sequence}"
        );
    }
    let health = client.json("/health/status").await.ok().expect("an answer");
    assert_eq!(health["data_folder"], "ok", "{point:?}");
    program.terminate();
    assert!(
        program.end().await.success(),
        "{point:?}: it does not end in order"
    );
    let told = life.orchestrator.until(is_complete);
    let log = tokio::time::timeout(PATIENCE, told).await;
    let log = log.unwrap_or_else(|_| {
        panic!(
            "{point:?}: not all was told: {:#?}",
            ids(&life.orchestrator.log())
        )
    });
    streams_are_told_in_order(life, &log);
    leftovers(life);
}

async fn settings_are_whole(life: &Life, client: &Client) {
    let config = client.json("/proxy/config").await.ok().expect("an answer");
    let is = |number: u64| {
        let wanted = numbered(number);
        let mut pairs = wanted.as_object().expect("an object").iter();
        pairs.all(|(key, value)| config[key] == *value)
    };
    let untouched = |config: &Value| config["stream_timeout"] == 60;
    let settled = if life.settled == 0 {
        untouched(&config)
    } else {
        is(life.settled)
    };
    let in_between = life.open.is_some_and(is);
    let point = life.point;
    assert!(
        settled || in_between,
        "{point:?}: settings {} were answered, {:?} were on their way, and now it says {config:#}",
        life.settled,
        life.open
    );
}

fn ids(log: &Log) -> Vec<String> {
    log.taken.iter().map(|it| it.id.clone()).collect()
}

/// Whether each stream that was told has ended, and there are those of the second start at least.
fn is_complete(log: &Log) -> bool {
    let distinct = log.distinct();
    let of = |kind: &str| distinct.iter().filter(|it| it.kind == kind).count();
    2 <= of(START) && of(START) == of(END)
}

fn streams_are_told_in_order(life: &Life, log: &Log) {
    let (point, told) = (life.point, ids(log));
    for taken in log.distinct() {
        let of_stream = |kind: &str| {
            let wanted =
                |it: &&simulator::orchestrator::Taken| it.stream == taken.stream && it.kind == kind;
            let distinct = log.distinct();
            (
                distinct.into_iter().filter(wanted).count(),
                log.taken.iter().rposition(|it| wanted(&it)),
                log.taken.iter().position(|it| wanted(&it)),
            )
        };
        let (starts, last_start, _) = of_stream(START);
        let (ends, _, first_end) = of_stream(END);
        assert_eq!((starts, ends), (1, 1), "{point:?}: {told:#?}");
        assert!(last_start < first_end, "{point:?}: {told:#?}");
    }
    for id in &life.shown {
        let known = log.taken.iter().any(|it| it.stream == *id);
        assert!(
            known,
            "{point:?}: stream {id} was shown and never told: {told:#?}"
        );
    }
}

/// No file that is half written stays behind under its own name.
fn leftovers(life: &Life) {
    let path = life.around.folder.join("data/proxy_settings.json");
    if let Ok(text) = std::fs::read_to_string(path) {
        let value: Result<Value, _> = serde_json::from_str(&text);
        assert!(
            value.is_ok_and(|it| it.is_object()),
            "{:?}: {text:?}",
            life.point
        );
    }
}
