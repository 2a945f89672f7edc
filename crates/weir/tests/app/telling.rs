//! Streams are told to the orchestrator: each start and each end once, whatever it and Weir go through.

use std::time::Duration;

use serde_json::{Value, json};
use simulator::fault::{Endpoint, Http};
use simulator::media::{Marked, Media};
use simulator::orchestrator::{Log, Mood, Orchestrator, Taken};
use simulator::origin::{self, Origin};
use tempfile::TempDir;
use weir::app::{Service, Staged};
use weir::config::{Config, Secret, Source};

use crate::stage::{
    Player, Stage, eventually, fast, fast_engine, later, post, quick_config, within,
};
use crate::watcher::Watcher;

const KEY: &str = "open sesame";

/// Weir with an engine behind it and an orchestrator beside it.
struct Scene {
    stage: Stage,
    orchestrator: Orchestrator,
}

fn told_to(orchestrator: &Orchestrator, config: &mut Config) {
    config.orchestrator_url = Some(orchestrator.url().parse().expect("an address"));
    config.api_key = Some(Secret::new(KEY.into()));
    // Viewers that are silent leave as soon as their target durations allow.
    config.viewer_idle = Duration::from_millis(100);
}

impl Scene {
    async fn new() -> Self {
        let orchestrator = Orchestrator::start(0, Some(KEY)).await.expect("a port");
        let stage = Stage::fast(|config| told_to(&orchestrator, config)).await;
        Self {
            stage,
            orchestrator,
        }
    }

    /// One viewer comes, sees the channel live, and goes; returns when the channel is gone.
    async fn life(&self) {
        let player = self.stage.player().await;
        player.poll().await;
        self.stage.until_empty().await;
    }

    /// Waits until so many events were taken that differ.
    async fn until_told(&self, count: usize) -> Log {
        within(self.orchestrator.until(|log| count <= log.distinct().len())).await
    }

    async fn outbox(&self) -> Value {
        self.stage.get("/api/v1/outbox").await.json()
    }

    /// What is held back is tried now, again and again, until nothing waits.
    async fn until_nothing_waits(&self) {
        eventually("nothing waits", async || {
            let path = "/api/v1/outbox/retry";
            let answer = post(self.stage.address(), path, Some(KEY), &json!({})).await;
            (answer.json()["waiting"] == 0).then_some(())
        })
        .await;
    }
}

fn kinds(log: &Log) -> Vec<&str> {
    let distinct = log.distinct();
    distinct.iter().map(|it| it.kind.as_str()).collect()
}

const START: &str = "stream_started";
const END: &str = "stream_ended";

#[tokio::test]
async fn a_life_on_an_engine_is_told_with_all_that_an_orchestrator_needs() {
    let scene = Scene::new().await;
    scene.life().await;
    let log = scene.until_told(2).await;
    assert_eq!(kinds(&log), [START, END]);
    let [start, end] = [&log.taken[0], &log.taken[1]];
    assert_eq!(log.taken.len(), 2);
    let engine = scene.stage.engine.address();
    let host = engine.to_string();
    assert_eq!(
        start.body["engine"],
        json!({ "host": "127.0.0.1", "port": engine.port() })
    );
    assert_eq!(start.body["container_id"], host);
    assert_eq!(
        start.body["stream"],
        json!({ "key_type": "content_id", "key": scene.stage.ids[0] })
    );
    let session = &start.body["session"];
    for name in ["stat_url", "command_url"] {
        let url = session[name].as_str().expect("an address");
        assert!(url.starts_with(&format!("http://{host}/ace/")), "{url}");
    }
    assert_eq!(session["is_live"], 1);
    assert_eq!(
        session["playback_session_id"].as_str().map(str::len),
        Some(40)
    );
    let labels = &start.body["labels"];
    assert_eq!(
        (
            &labels["source"],
            &labels["stream_mode"],
            &labels["stream_id"]
        ),
        (&json!("hls_proxy"), &json!("HLS"), &json!(start.stream))
    );
    assert_eq!(
        end.body,
        json!({ "container_id": host, "stream_id": start.stream, "reason": "last_viewer_left" })
    );
    let ended = scene.stage.get("/streams?status=ended").await.json();
    assert_eq!(ended[0]["id"], start.stream);
    assert_eq!(ended[0]["end_reason"], "last_viewer_left");
}

#[tokio::test]
async fn a_life_that_began_for_a_continuous_viewer_is_told_as_such() {
    let scene = Scene::new().await;
    let path = format!("/ace/getstream?id={}&mode=ts", scene.stage.ids[0]);
    let viewer = later(scene.stage.address(), path);
    let log = scene.until_told(1).await;
    let labels = &log.taken[0].body["labels"];
    assert_eq!(
        (&labels["source"], &labels["stream_mode"]),
        (&json!("ts_proxy"), &json!("TS"))
    );
    viewer.abort();
}

#[tokio::test]
async fn a_plain_source_is_told_by_its_name_and_never_by_its_address() {
    let orchestrator = Orchestrator::start(0, None).await.expect("a port");
    let origin = Origin::start(origin::Options::of(Media::marked(Marked::default())))
        .await
        .expect("an origin");
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = quick_config(&folder);
    config.orchestrator_url = Some(orchestrator.url().parse().expect("an address"));
    let url = format!("{}?token=hunter2", origin.url());
    config.sources = vec![Source {
        name: "news".into(),
        url: url.parse().expect("an address"),
    }];
    let weir = Service::start(config, Staged::default())
        .await
        .expect("a service");
    let player = Player::enter(weir.address(), "/ace/manifest.m3u8?id=news").await;
    player.poll().await;
    weir.stop().await;
    let log = within(orchestrator.until(|log| log.taken.len() == 2)).await;
    assert_eq!(kinds(&log), [START, END]);
    assert_eq!(
        log.taken[0].body["stream"],
        json!({ "key_type": "url", "key": "news" })
    );
    let sent = format!("{:?}", log.taken);
    assert!(
        !sent.contains("hunter2") && !sent.contains("live.m3u8"),
        "{sent}"
    );
}

#[tokio::test]
async fn two_lives_of_a_channel_are_two_streams_told_one_after_the_other() {
    let scene = Scene::new().await;
    scene.life().await;
    scene.life().await;
    let log = scene.until_told(4).await;
    assert_eq!(kinds(&log), [START, END, START, END]);
    let streams: Vec<_> = log.taken.iter().map(|it| it.stream.as_str()).collect();
    assert_eq!(streams[0], streams[1]);
    assert_eq!(streams[2], streams[3]);
    assert_ne!(streams[0], streams[2]);
}

#[tokio::test]
async fn a_channel_that_never_got_a_source_is_no_stream_and_is_not_told() {
    let scene = Scene::new().await;
    let faults = scene.stage.engine.faults();
    faults.always(Endpoint::Start, Http::Status(500));
    let refused = within(scene.stage.viewer()).await.expect("an answer");
    assert_eq!(refused.status, 502, "{}", refused.text());
    faults.clear();
    scene.stage.until_empty().await;
    scene.life().await;
    let log = scene.until_told(2).await;
    assert_eq!(kinds(&log), [START, END]);
    assert_eq!(scene.outbox().await["waiting"], 0);
}

/// A whole life while the orchestrator is in this mood, with a viewer who believes nothing; then it
/// is well, and both events are told.
async fn survives(mood: Mood) -> Log {
    let scene = Scene::new().await;
    scene.orchestrator.set(mood);
    let mut watcher = Watcher::new(scene.stage.player().await);
    watcher.more(4).await;
    within(scene.orchestrator.until(|log| 1 <= log.requests)).await;
    watcher.more(2).await;
    watcher.assert_unbroken();
    scene.stage.until_empty().await;
    scene.orchestrator.set(Mood::Well);
    scene.until_nothing_waits().await;
    let log = scene.orchestrator.log();
    assert_eq!(kinds(&log), [START, END]);
    let ids: Vec<_> = log.taken.iter().map(|it| it.id.as_str()).collect();
    let last_start = ids.iter().rposition(|id| id.ends_with(START));
    let first_end = ids.iter().position(|id| id.ends_with(END));
    assert!(last_start < first_end, "{ids:?}");
    log
}

#[tokio::test]
async fn events_that_are_held_back_are_seen_in_the_state_of_health() {
    let scene = Scene::new().await;
    scene.orchestrator.set(Mood::Answering(500));
    let health = async |status: &str| {
        eventually("the state of health", async || {
            let health = scene.stage.get("/health/status").await.json();
            (health["status"] == status).then_some(health)
        })
        .await
    };
    assert_eq!(health("healthy").await["events"], "ok");
    scene.life().await;
    let held = health("degraded").await;
    assert_eq!(held["events"], "held back");
    assert_eq!(
        (&held["events_waiting"], &held["data_folder"]),
        (&json!(2), &json!("ok"))
    );
    scene.orchestrator.set(Mood::Well);
    scene.until_nothing_waits().await;
    assert_eq!(health("healthy").await["events"], "ok");
}

#[tokio::test]
async fn an_orchestrator_that_answers_500_loses_nothing() {
    assert_eq!(survives(Mood::Answering(500)).await.taken.len(), 2);
}

#[tokio::test]
async fn an_orchestrator_that_never_answers_loses_nothing() {
    assert_eq!(survives(Mood::Hanging).await.taken.len(), 2);
}

#[tokio::test]
async fn an_orchestrator_that_wants_another_key_loses_nothing() {
    assert_eq!(survives(Mood::Answering(401)).await.taken.len(), 2);
}

#[tokio::test]
async fn an_orchestrator_that_sends_us_elsewhere_loses_nothing() {
    let elsewhere = Orchestrator::start(0, None).await.expect("a port");
    let place = format!("{}/events/stream_started", elsewhere.url());
    assert_eq!(survives(Mood::Redirecting(place)).await.taken.len(), 2);
    assert_eq!(elsewhere.log().requests, 0);
}

#[tokio::test]
async fn a_page_that_answers_instead_of_the_orchestrator_swallows_nothing() {
    assert_eq!(survives(Mood::Page).await.taken.len(), 2);
}

#[tokio::test]
async fn a_slow_orchestrator_is_told_everything_once() {
    let slow = Mood::Slow(Duration::from_millis(1_500));
    assert_eq!(survives(slow).await.taken.len(), 2);
}

#[tokio::test]
async fn an_answer_that_is_lost_brings_the_same_event_again_under_the_same_id() {
    let log = survives(Mood::LosingReplies).await;
    assert!(2 < log.taken.len());
    let first: &Taken = &log.taken[0];
    let again = log.taken.iter().filter(|it| it.id == first.id);
    assert!(again.clone().count() > 1);
    assert!(again.into_iter().all(|it| it == first));
}

#[tokio::test]
async fn an_orchestrator_that_refuses_connections_is_found_again_by_itself() {
    let scene = Scene::new().await;
    scene.orchestrator.set(Mood::Refusing);
    scene.life().await;
    eventually("a trouble is shown", async || {
        let outbox = scene.outbox().await;
        let what = outbox["trouble"]["what"].as_str()?.to_owned();
        what.contains("orchestrator").then_some(())
    })
    .await;
    let health = scene.stage.get("/health/status").await.json();
    assert_eq!(health["events"], "held back");
    assert_eq!(health["status"], "degraded");
    scene.orchestrator.set(Mood::Well);
    // Nobody asks for it: the pauses are short enough.
    assert_eq!(kinds(&scene.until_told(2).await), [START, END]);
    eventually("health is back", async || {
        let health = scene.stage.get("/health/status").await.json();
        (health["events"] == "ok").then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_an_outage_left_over_is_told_after_a_restart_in_order() {
    let scene = Scene::new().await;
    scene.orchestrator.set(Mood::Answering(503));
    scene.life().await;
    let player = scene.stage.player().await;
    player.poll().await;
    let Stage {
        weir,
        config,
        folder,
        engine,
        ..
    } = scene.stage;
    weir.stop().await;
    assert!(scene.orchestrator.log().taken.is_empty());
    scene.orchestrator.set(Mood::Well);
    let weir = Service::start(config, Staged::default())
        .await
        .expect("a service");
    let log = within(scene.orchestrator.until(|log| log.taken.len() == 4)).await;
    assert_eq!(kinds(&log), [START, END, START, END]);
    assert_eq!(log.taken[3].body["reason"], "shutdown");
    weir.stop().await;
    drop((folder, engine));
}

#[tokio::test]
async fn a_shutdown_tells_every_end_before_the_program_is_over() {
    let scene = Scene::new().await;
    let players = scene.stage.ids.iter().map(|id| {
        let path = format!("/ace/manifest.m3u8?id={id}");
        later(scene.stage.address(), path)
    });
    for player in players {
        Player::of(scene.stage.address(), &player.await.expect("an answer"))
            .poll()
            .await;
    }
    scene.stage.weir.stop().await;
    let log = scene.orchestrator.log();
    let reasons: Vec<_> = log
        .taken
        .iter()
        .filter_map(|it| it.body["reason"].as_str())
        .collect();
    assert_eq!(reasons, ["shutdown"; 3]);
    assert_eq!(log.taken.len(), 6);
}

#[tokio::test]
async fn an_end_uses_the_id_that_the_answer_to_the_start_gave() {
    let scene = Scene::new().await;
    scene.orchestrator.set(Mood::Naming("stream 17".into()));
    scene.life().await;
    let log = scene.until_told(2).await;
    assert_eq!(log.taken[1].body["stream_id"], "stream 17");
}

#[tokio::test]
async fn an_event_that_is_refused_for_good_is_shown_with_the_answer_and_holds_nothing_up() {
    let scene = Scene::new().await;
    scene.orchestrator.set(Mood::Answering(422));
    let player = scene.stage.player().await;
    eventually("it was given up", async || {
        let outbox = scene.outbox().await;
        (outbox["given_up"].as_array()?.len() == 1).then_some(())
    })
    .await;
    scene.orchestrator.set(Mood::Well);
    drop(player);
    scene.stage.until_empty().await;
    scene.life().await;
    let log = scene.until_told(2).await;
    assert_eq!(kinds(&log), [START, END]);
    let outbox = scene.outbox().await;
    let given_up = outbox["given_up"].as_array().expect("a list");
    let why = given_up[0]["why"].as_str().expect("a text");
    assert!(why.contains("422") && why.contains("in a mood"), "{why}");
    assert_ne!(given_up[0]["stream_id"], log.taken[0].stream);
    assert!(!outbox.to_string().contains(KEY));
}

/// A Weir that others tell.
async fn second_weir(folder: &TempDir) -> (Service, Config) {
    let mut config = quick_config(folder);
    config.api_key = Some(Secret::new(KEY.into()));
    let weir = Service::start(config.clone(), Staged::default())
        .await
        .expect("a service");
    (weir, config)
}

#[tokio::test]
async fn a_second_weir_is_the_orchestrator_of_the_first_and_knows_its_streams_over_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let (second, mut config) = second_weir(&folder).await;
    let stage = Stage::with(fast_engine(), |first| {
        fast(first);
        first.viewer_idle = Duration::from_millis(100);
        first.api_key = Some(Secret::new(KEY.into()));
        let url = format!("http://{}", second.address());
        first.orchestrator_url = Some(url.parse().expect("an address"));
    })
    .await;
    let streams = async |weir: std::net::SocketAddr, status: &str| {
        let path = format!("/streams?status={status}");
        let answer = crate::stage::request(weir, http::Method::GET, &path, &[]).await;
        answer.json().as_array().expect("a list").clone()
    };
    let address = second.address();
    let player = stage.player().await;
    let known = eventually("the second knows it", async || {
        streams(address, "started").await.pop()
    })
    .await;
    let own = streams(stage.address(), "started").await;
    for name in [
        "id",
        "key",
        "key_type",
        "container_id",
        "stat_url",
        "command_url",
        "status",
    ] {
        assert_eq!(known[name], own[0][name], "{name}");
    }
    // It is away while the stream ends, and back under the same address.
    second.stop().await;
    player.poll().await;
    stage.until_empty().await;
    config.listen = address;
    let second = Service::start(config, Staged::default())
        .await
        .expect("a service");
    let ended = eventually("the second knows its end", async || {
        streams(address, "ended").await.pop()
    })
    .await;
    assert_eq!(ended["id"], known["id"]);
    assert_eq!(ended["end_reason"], "last_viewer_left");
    assert!(streams(address, "started").await.is_empty());
    second.stop().await;
}
