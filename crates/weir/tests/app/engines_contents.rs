//! One content under two names is one channel, and the sessions that a killed Weir has left are stopped.

use std::sync::Arc;

use http::{Method, StatusCode};
use ledger::{Change, Session};
use serde_json::json;
use simulator::engine::Engine;
use simulator::fault::{Endpoint, Http, RuleId};
use simulator::orchestrator::Orchestrator;
use store::Store;
use weir::settings::EngineStream;

use crate::house::{House, address};
use crate::listener::Listener;
use crate::program::Program;
use crate::stage::{Player, eventually, fast_engine, post, request, within};

#[tokio::test]
async fn a_content_asked_by_id_and_by_infohash_is_one_channel_whichever_came_first() {
    let house = House::of(1, |_| {}).await;
    let infohash = fast_engine().channels[0].infohash.clone();
    let by_hash = format!("/ace/manifest.m3u8?infohash={infohash}");
    let magnet = format!("/ace/manifest.m3u8?magnet=magnet:?xt=urn:btih:{infohash}");
    let _first = house.player(0).await;
    for other in [&by_hash, &magnet] {
        let second = Player::enter(house.weir.address(), other).await;
        second.poll().await;
    }
    assert_eq!(house.engines[0].metrics().starts_all(), 1);
    // What the id stands for is known over a restart, so that it works the other way round.
    let house = house.restart().await;
    let first = Player::enter(house.weir.address(), &by_hash).await;
    let second = house.player(0).await;
    first.poll().await;
    second.poll().await;
    let state = house.get("/proxy/status").await.json();
    assert_eq!(
        state["channels"].as_array().map(Vec::len),
        Some(1),
        "{state:#}"
    );
    assert_eq!(state["channels"][0]["key"], format!("infohash-{infohash}"));
}

#[tokio::test]
async fn sessions_that_a_killed_weir_has_left_are_stopped_and_no_stranger_is_called() {
    let house = House::of(2, |_| {}).await;
    // What a Weir leaves that is killed: sessions on engines, and word of them in its store. One of the two engines is
    // no longer configured.
    let House {
        weir,
        engines,
        mut config,
        ids,
        folder,
    } = house;
    weir.stop().await;
    let (store, _) = Store::open(folder.path()).expect("the store");
    for (engine, number) in engines.iter().zip(0..) {
        let path = format!("/ace/getstream?format=json&pid=1&id={}", ids[number]);
        let answer = request(engine.address(), Method::GET, &path, &[]).await;
        assert_eq!(answer.status, StatusCode::OK);
        let command = answer.json()["response"]["command_url"]
            .as_str()
            .map(str::to_owned);
        let session = left(&address(engine), command.expect("an address"));
        let changes = Arc::new([Change::SessionOpened(session)]);
        assert!(store.write(changes).await);
    }
    drop(store);
    config.engines.truncate(1);
    let service = weir::app::Service::start(config, weir::app::Staged::default()).await;
    let service = service.expect("a service");
    within(engines[0].until(|metrics| metrics.stops_done == 1)).await;
    let player = Player::enter(
        service.address(),
        &format!("/ace/manifest.m3u8?id={}", ids[0]),
    )
    .await;
    player.poll().await;
    assert_eq!(engines[0].metrics().stops, 1, "told once");
    assert_eq!(engines[1].metrics().stops, 0);
}

fn left(engine: &engine::Address, command_url: String) -> Session {
    Session {
        engine_host: engine.host.clone(),
        engine_port: engine.port,
        command_url,
    }
}

/// A channel moves from the first engine to the second, and Weir is killed. Returns how often each was told to stop a
/// session, before the kill and behind it, and checks what the orchestrator was told of all that.
async fn killed_after_a_move(before: impl FnOnce(&Engine) -> Option<RuleId>) -> [[u64; 2]; 2] {
    let engines = [
        Engine::start(fast_engine()).await.expect("an engine"),
        Engine::start(fast_engine()).await.expect("an engine"),
    ];
    let orchestrator = Orchestrator::start(0, None).await.expect("a port");
    let [first, second] = engines.each_ref().map(|it| it.address().to_string());
    let url = orchestrator.url();
    let fault = before(&engines[0]);
    let mut program = Program::start(&engines[0], None, &[("ORCHESTRATOR_URL", &url)]).await;
    let id = &fast_engine().channels[0].content_id;
    Player::enter(program.address, &format!("/ace/manifest.m3u8?id={id}")).await;
    let added = json!({ "host": "127.0.0.1", "port": engines[1].address().port() });
    let answer = post(program.address, "/api/v1/engines", None, &added).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
    let drain = format!("/api/v1/engines/{first}/drain");
    let answer = post(program.address, &drain, None, &json!({ "draining": true })).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    match fault {
        Some(fault) => within(engines[0].faults().until_used(fault, 1)).await,
        None => drop(within(engines[0].until(|metrics| metrics.stops == 1)).await),
    }
    let open = 1 + usize::from(fault.is_some());
    eventually("the disk knows what is open", async || {
        let sessions = program.kept()?.sessions;
        let on_second = sessions.keys().any(|it| it.contains(&second));
        (sessions.len() == open && on_second).then_some(())
    })
    .await;
    if let Some(fault) = fault {
        engines[0].faults().remove(fault);
    }
    let stops = || engines.each_ref().map(|it| it.metrics().stops);
    let before = stops();
    program.kill_and_start().await;
    eventually("nothing is left open", async || {
        program.kept()?.sessions.is_empty().then_some(())
    })
    .await;
    assert_eq!(engines.each_ref().map(|it| it.metrics().sessions), [0, 0]);
    let told = within(orchestrator.until(|log| 2 <= log.taken.len())).await;
    let told: Vec<_> = told.taken.iter().map(|it| it.kind.as_str()).collect();
    assert_eq!(told, ["stream_started", "stream_ended"]);
    [before, stops()]
}

#[tokio::test]
async fn a_channel_that_has_moved_leaves_its_newer_session_to_be_stopped_after_a_kill() {
    let stops = killed_after_a_move(|_| None).await;
    assert_eq!(stops, [[1, 0], [1, 1]]);
}

#[tokio::test]
async fn a_session_whose_engine_did_not_take_the_stop_is_stopped_after_a_kill_too() {
    let fails = |engine: &Engine| {
        let fault = engine.faults();
        Some(fault.always(Endpoint::Command, Http::Status(500)))
    };
    let stops = killed_after_a_move(fails).await;
    assert_eq!(stops, [[0, 0], [1, 1]]);
}

#[tokio::test]
async fn an_id_that_turns_out_to_be_what_is_watched_by_infohash_does_not_disturb_it() {
    let house = House::of(1, |config| {
        config.settings.engine_stream = EngineStream::Auto;
    })
    .await;
    let infohash = &fast_engine().channels[0].infohash;
    let by_hash = format!("/ace/getstream?mode=ts&infohash={infohash}");
    let mut first = Listener::open(house.weir.address(), &by_hash).await;
    first.more(3).await;
    // Nobody has told yet what the id stands for.
    let by_id = format!("/ace/getstream?mode=ts&id={}", house.ids[0]);
    let mut second = Listener::open(house.weir.address(), &by_id).await;
    assert_eq!(second.status, StatusCode::OK);
    let third = house.player(0).await;
    third.poll().await;
    tokio::join!(first.more(6), second.more(6));
    let state = house.get("/proxy/status").await.json();
    let channels = state["channels"].as_array().expect("channels");
    assert_eq!(channels.len(), 1, "{state:#}");
    assert_eq!(channels[0]["key"], format!("infohash-{infohash}"));
    assert_eq!(channels[0]["viewers"], 3);
    // Its session was lost once, since an engine tells what it plays with a session alone.
    let sessions = channels[0]["upstream"]["sessions"].as_u64();
    assert!(sessions.is_some_and(|it| it <= 3), "{state:#}");
}
