//! One content under two names is one channel, and a session that a killed Weir has left is stopped.

use std::sync::Arc;

use http::{Method, StatusCode};
use jiff::Timestamp;
use ledger::{Change, Stream};
use store::Store;

use crate::house::{House, address};
use crate::stage::{Player, fast_engine, request, within};

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
    // What a Weir leaves that is killed: sessions on engines, and streams without an end in its store. One of the two
    // engines is no longer configured.
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
        let stream = left(&address(engine), number, command.expect("an address"));
        assert!(
            store
                .write(Arc::new([Change::Stream(Arc::new(stream))]))
                .await
        );
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

fn left(engine: &engine::Address, number: usize, command_url: String) -> Stream {
    Stream {
        id: format!("left-{number}"),
        key_type: "content_id".into(),
        key: "ab".repeat(20),
        container_id: None,
        engine_host: engine.host.clone(),
        engine_port: engine.port,
        playback_session_id: "s".into(),
        stat_url: String::new(),
        command_url,
        is_live: true,
        continuous: false,
        started_at: Timestamp::UNIX_EPOCH,
        ended: None,
        own: true,
        told: false,
        called: None,
    }
}
