//! What docs/events.md says is what Weir does: its examples are taken, its words and bounds are ours.

use std::collections::BTreeSet;

use serde_json::Value;
use weir::app::{Service, Staged};
use weir::config::{Config, ServeArgs};
use weir::journal::Kind;

const DOCUMENT: &str = include_str!("../../../docs/events.md");

/// The examples in JSON, in the order in which they stand.
fn examples() -> Vec<Value> {
    let blocks = DOCUMENT.split("```json\n").skip(1);
    blocks
        .map(|block| block.split("```").next().expect("an end"))
        .map(|text| serde_json::from_str(text).expect("JSON"))
        .collect()
}

#[tokio::test]
async fn the_examples_are_taken_as_they_stand() {
    let folder = tempfile::tempdir().expect("a folder");
    let args = ServeArgs {
        port: Some("0".into()),
        bind: Some("127.0.0.1".into()),
        data_dir: Some(folder.path().to_string_lossy().into_owned()),
        ..ServeArgs::default()
    };
    let config = Config::read(&args, |_| None).expect("a configuration");
    let weir = Service::start(config, Staged::default())
        .await
        .expect("a service");
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(engine::tls().expect("TLS, which nobody uses"))
        .no_proxy()
        .build()
        .expect("a client");
    let [start, end] = examples().try_into().expect("two examples");
    let tell = async |kind: &str, body: &Value| {
        let url = format!("http://{}/events/{kind}", weir.address());
        let request = client.post(url).header("content-type", "application/json");
        let answer = request
            .body(body.to_string())
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 200);
        let text = answer.text().await.expect("a text");
        serde_json::from_str::<Value>(&text).expect("JSON")
    };
    let state = tell("stream_started", &start).await;
    assert_eq!(state["id"], start["labels"]["stream_id"]);
    let ending = tell("stream_ended", &end).await;
    assert_eq!(ending["updated"], true);
    assert_eq!(ending["stream"]["end_reason"], end["reason"]);
    weir.stop().await;
}

#[test]
fn the_examples_are_what_is_sent() {
    let [start, end]: [Value; 2] = examples().try_into().expect("two examples");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let stream = ledger::Stream {
        id: text(&start["labels"]["stream_id"]),
        key_type: text(&start["stream"]["key_type"]),
        key: text(&start["stream"]["key"]),
        container_id: Some(text(&start["container_id"])),
        engine_host: text(&start["engine"]["host"]),
        engine_port: 6878,
        playback_session_id: text(&start["session"]["playback_session_id"]),
        stat_url: text(&start["session"]["stat_url"]),
        command_url: text(&start["session"]["command_url"]),
        is_live: true,
        continuous: false,
        started_at: jiff::Timestamp::UNIX_EPOCH,
        ended: Some(ledger::End {
            at: jiff::Timestamp::UNIX_EPOCH,
            reason: Some(text(&end["reason"])),
        }),
        own: true,
        told: true,
        called: None,
    };
    for (kind, example) in [(ledger::Kind::Started, start), (ledger::Kind::Ended, end)] {
        let sent: Value = serde_json::from_str(&webhook::body(kind, &stream)).expect("JSON");
        assert_eq!(sent, example);
    }
}

#[test]
fn the_reasons_are_those_that_there_are() {
    let (_, rest) = DOCUMENT
        .split_once("| reason | meaning |")
        .expect("a table");
    let table = rest.split("\n\n").next().expect("its end");
    let named: BTreeSet<_> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    let ours = channel::EndReason::ALL.map(channel::EndReason::as_str);
    let ours: BTreeSet<_> = ours.into_iter().chain([ledger::CRASH]).collect();
    assert_eq!(named, ours);
}

#[test]
fn the_bounds_are_those_that_hold() {
    for (bound, sentence) in [
        (ledger::QUEUE_MAX, "events may wait"),
        (ledger::DEAD_MAX, "events that were given up"),
        (ledger::ENDED_MAX, "ended streams are remembered"),
        (ledger::REPORTED_MAX, "reported streams may run at once"),
    ] {
        let wanted = format!("{bound} {sentence}");
        assert!(DOCUMENT.contains(&wanted), "{wanted}");
    }
}

#[test]
fn the_kinds_of_news_are_those_that_there_are() {
    let (_, rest) = DOCUMENT
        .split_once(
            "| event_type | category | severity | what happened |\n| --- | --- | --- | --- |\n",
        )
        .expect("a table");
    let table = rest.split("\n\n").next().expect("its end");
    let row = |line: &str| {
        let cells: Vec<_> = line.split('|').map(|cell| cell.trim().to_owned()).collect();
        assert!(!cells[4].is_empty(), "{line} has no sentence");
        (cells[1].clone(), cells[2].clone(), cells[3].clone())
    };
    let told: Vec<_> = table.lines().map(row).collect();
    let ours = Kind::ALL.iter().map(|kind| {
        let word = format!("`{}`", kind.as_str());
        let (category, severity) = (kind.category().as_str(), kind.severity().as_str());
        (word, category.to_owned(), severity.to_owned())
    });
    assert_eq!(told, ours.collect::<Vec<_>>());
}
