//! Starts among several engines: which one is asked, when the next is, and who waits for a place.

use std::time::Duration;

use http::StatusCode;
use serde_json::json;
use simulator::fault::{Endpoint, Http};

use crate::house::House;
use crate::stage::{Player, eventually, later, within};

#[tokio::test]
async fn a_start_goes_on_to_the_next_engine_when_one_is_dead() {
    let house = House::after(
        3,
        |engines| engines[0].crash(Duration::from_mins(1)),
        |config| {
            // Nobody has probed the dead one when the first viewer comes.
            config.probe_interval = Duration::from_mins(1);
        },
    )
    .await;
    for channel in 0..3 {
        house.player(channel).await.poll().await;
        assert_ne!(house.on(channel).await, 0);
    }
}

#[tokio::test]
async fn engines_that_hang_delay_nobody_while_others_are_known_to_be_well() {
    let hang = |engines: &[simulator::engine::Engine]| {
        for engine in &engines[..3] {
            engine.faults().always(Endpoint::Any, Http::Hang);
        }
    };
    let house = House::after(6, hang, |_| {}).await;
    for well in 3..6 {
        house
            .until(well, |it| it["health_status"] == "healthy")
            .await;
    }
    let _players = [
        house.player(0).await,
        house.player(1).await,
        house.player(2).await,
    ];
    for hanging in 0..3 {
        let log = house.engines[hanging].metrics().log;
        assert!(log.iter().all(|it| !it.target.contains("/ace/")), "{log:?}");
        let why = house.engine(hanging).await["not_chosen"].clone();
        assert!(why.is_string(), "{why}");
    }
}

#[tokio::test]
async fn a_start_leaves_an_engine_that_hangs_for_one_that_lives() {
    let hang = |engines: &[simulator::engine::Engine]| {
        engines[0].faults().always(Endpoint::Any, Http::Hang);
    };
    let house = House::after(2, hang, |_| {}).await;
    // The one that lives is known to be well within milliseconds, so it is full on purpose.
    house.until(1, |it| it["health_status"] == "healthy").await;
    house.drain(1, true).await;
    let viewer = later(house.weir.address(), house.entry(0));
    within(house.engines[0].until(|it| it.log.iter().any(|it| it.target.contains("/ace/")))).await;
    house.drain(1, false).await;
    let answer = within(viewer).await.expect("an answer");
    Player::of(house.weir.address(), &answer).poll().await;
    assert_eq!(house.on(0).await, 1);
    let engine = house.engine(0).await;
    assert_eq!(
        engine["channels"], 1,
        "its place is taken while it may still begin"
    );
}

#[tokio::test]
async fn a_start_that_is_late_is_left_for_another_engine_and_stopped_when_it_comes() {
    let slow = Http::Delay(Duration::from_secs(8));
    let late = |engines: &[simulator::engine::Engine]| {
        engines[0].faults().next(1, Endpoint::Start, slow);
    };
    let house = House::after(2, late, |_| {}).await;
    house.until_well().await;
    house.drain(1, true).await;
    let viewer = later(house.weir.address(), house.entry(0));
    house.until(0, |it| it["channels"] == 1).await;
    house.drain(1, false).await;
    let answer = within(viewer).await.expect("an answer");
    let player = Player::of(house.weir.address(), &answer);
    assert_eq!(house.on(0).await, 1);
    let slow = &house.engines[0];
    within(slow.until(|it| it.stops_done == 1 && it.sessions == 0)).await;
    house.until(0, |it| it["channels"] == 0).await;
    let why = house.engine(0).await;
    assert!(
        why["last_trouble"]
            .as_str()
            .is_some_and(|it| it.contains("no answer to a start"))
    );
    player.poll().await;
}

#[tokio::test]
async fn a_content_that_nobody_has_is_not_asked_of_every_engine_and_is_held_against_none() {
    let house = House::of(6, |_| {}).await;
    house.until_well().await;
    let answer = house
        .get(&format!("/ace/manifest.m3u8?id={}", "ab".repeat(20)))
        .await;
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY, "{}", answer.text());
    let asked = house
        .engines
        .iter()
        .filter(|it| 0 < it.metrics().starts_failed);
    assert_eq!(asked.count(), 2);
    for engine in 0..6 {
        assert_eq!(house.engine(engine).await["failures"], 0);
    }
}

#[tokio::test]
async fn a_full_house_is_told_with_its_number_and_when_to_come_again() {
    let house = House::of(2, |config| {
        config.settings.max_streams_per_engine = 1;
        config.settings.engine_wait_timeout = Duration::ZERO;
    })
    .await;
    let _players = [house.player(0).await, house.player(1).await];
    let answer = house.get(&house.entry(2)).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let full = "All engines at maximum capacity (1 streams per engine)";
    assert_eq!(answer.json()["detail"], full);
    assert!(!answer.header("retry-after").is_empty());
    let why = house.engine(0).await["not_chosen"].clone();
    assert_eq!(why, json!("full: it carries 1 of 1 channels"));
}

#[tokio::test]
async fn a_start_waits_for_a_place_and_gets_the_first_that_is_free() {
    let house = House::of(1, |config| {
        config.settings.max_streams_per_engine = 1;
        config.settings.engine_wait_timeout = Duration::from_mins(1);
    })
    .await;
    let first = house.player(0).await;
    let waiting = later(house.weir.address(), house.entry(1));
    eventually("it waits", async || {
        let state = house.get("/proxy/status").await.json();
        (state["channels"].as_array()?.len() == 2).then_some(())
    })
    .await;
    first.poll().await;
    assert!(!waiting.is_finished());
    // The first viewer goes; nobody watches that channel any more.
    drop(first);
    let answer = within(waiting).await.expect("an answer");
    Player::of(house.weir.address(), &answer).poll().await;
}

#[tokio::test]
async fn starts_that_come_together_never_overfill_an_engine() {
    let house = House::of(3, |config| {
        config.settings.max_streams_per_engine = 1;
        config.settings.engine_wait_timeout = Duration::ZERO;
    })
    .await;
    let viewers: Vec<_> = (0..3)
        .map(|it| later(house.weir.address(), house.entry(it)))
        .collect();
    for viewer in viewers {
        let answer = within(viewer).await.expect("an answer");
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    }
    for engine in &house.engines {
        assert_eq!(engine.metrics().sessions_max, 1);
    }
}
