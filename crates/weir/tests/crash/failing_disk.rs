//! The disk fails while the program runs: nobody who watches notices, every event is told, and what
//! cannot be kept is said.

use std::time::Duration;

use serde_json::json;
use simulator::engine::Engine;
use simulator::orchestrator::Orchestrator;

use crate::life::{Client, engine};
use crate::program::{self, KEY, Program, Surroundings, Watch};

/// Longest wait for anything here.
const PATIENCE: Duration = Duration::from_secs(40);

/// What a disk does when it fails, and how a change of settings is answered then.
const FAILURES: &[(&str, u16)] = &[("ENOSPC", 507), ("EIO", 500)];

/// All ways to write to a file that the program uses; the log and sockets are written otherwise.
const WRITES: &str = "pwrite64,fsync,fdatasync,ftruncate";

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let done = tokio::time::timeout(PATIENCE, wait).await;
    assert!(done.is_ok(), "never came to be: {what}");
}

async fn started(around: &Surroundings) -> (Program, Client) {
    let mut program = Program::start(around, Watch::Nothing);
    let Ok(client) = Client::reach(&mut program).await else {
        panic!("it does not start");
    };
    (program, client)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fails_costs_no_media_and_no_event_and_is_used_again_when_it_is_well() {
    if !program::may_trace() {
        eprintln!("this system lets nobody trace a program: no disk was made to fail");
        return;
    }
    for (error, answer) in FAILURES {
        fails_with(error, *answer).await;
    }
}

async fn fails_with(error: &str, answer: u16) {
    let engine_options = engine();
    let ids: Vec<_> = engine_options
        .channels
        .iter()
        .map(|it| it.content_id.clone())
        .collect();
    let engine = Engine::start(engine_options).await.expect("an engine");
    let orchestrator = Orchestrator::start(0, Some(KEY)).await.expect("a port");
    let folder = tempfile::tempdir().expect("a folder");
    let around = Surroundings {
        folder: folder.path().to_owned(),
        engine: engine.address(),
        orchestrator: orchestrator.url(),
    };
    let (mut program, client) = started(&around).await;
    program.watch(Watch::Fail(WRITES, error)).await;
    for id in &ids {
        let played = client.watch(id).await;
        assert!(
            played.is_ok_and(|sequence| 0 < sequence),
            "{error}: {id} does not play"
        );
    }
    let told = orchestrator.until(|log| ids.len() <= log.taken.len());
    let told = tokio::time::timeout(PATIENCE, told).await;
    assert!(
        told.is_ok(),
        "{error}: the starts are not told: {:?}",
        orchestrator.log()
    );
    let health = async || client.json("/health/status").await.ok().expect("an answer");
    until("the disk is said to fail", async || {
        health().await["data_folder"] == "failing"
    })
    .await;
    assert_eq!(health().await["status"], "degraded");
    let change = json!({ "stream_timeout": 77 });
    let status = client.post("/proxy/config", &change).await.ok();
    assert_eq!(status, Some(answer), "{error}");
    let config = client.json("/proxy/config").await.ok().expect("an answer");
    assert_eq!(config["stream_timeout"], 60);
    program.leave_alone();
    until("the disk is said to be well", async || {
        health().await["data_folder"] == "ok"
    })
    .await;
    assert_eq!(client.post("/proxy/config", &change).await.ok(), Some(200));
    program.terminate();
    assert!(program.end().await.success());
    let log = orchestrator.log();
    let ends = log.taken.iter().filter(|it| it.kind == "stream_ended");
    assert_eq!(ends.count(), ids.len(), "{error}: {log:?}");
    // The next start finds all of it on the disk, and has nothing left to tell.
    let (mut program, client) = started(&around).await;
    let ended = client
        .json("/streams?status=ended")
        .await
        .ok()
        .expect("an answer");
    assert_eq!(ended.as_array().map(Vec::len), Some(ids.len()));
    let outbox = client.json("/api/v1/outbox").await.ok().expect("an answer");
    assert_eq!(outbox["waiting"], 0);
    program.terminate();
    assert!(program.end().await.success());
    assert_eq!(orchestrator.log().taken.len(), 2 * ids.len());
}
