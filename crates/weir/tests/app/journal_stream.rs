//! Whoever listens hears what happens as it happens: in order, once, and without holding anybody up.

use http::{Method, StatusCode};
use weir::app::{Service, Staged};

use crate::ear::{Ear, Heard, ask};
use crate::stage::{Stage, eventually, quick_config, request};

fn news(heard: &[Heard]) -> Vec<u64> {
    heard.iter().map(|it| it.id.expect("an id")).collect()
}

/// Changes a setting, so that there is news.
async fn change(address: std::net::SocketAddr, window: u32) {
    let path = format!("/proxy/config?hls_window_size={window}");
    let answer = request(address, Method::POST, &path, &[]).await;
    assert_eq!(answer.status, StatusCode::OK);
}

/// The ids of everything that is listed, oldest first.
async fn listed(address: std::net::SocketAddr) -> Vec<u64> {
    let all = request(address, Method::GET, "/events?limit=1000", &[]).await;
    let all = all.json();
    let ids = all.as_array().expect("a list").iter().rev();
    ids.map(|event| event["id"].as_u64().expect("an id"))
        .collect()
}

#[tokio::test]
async fn the_life_of_a_channel_is_heard_as_it_happens() {
    let stage = Stage::fast(|_| {}).await;
    let mut ear = Ear::new(stage.address(), "").await;
    let player = stage.player().await;
    let heard = ear.until(|it| it.kind() == "stream_live").await;
    assert!(heard.iter().any(|it| it.kind() == "stream_started"));
    assert!(heard.iter().all(|it| it.name == "news"));
    player.poll().await;
    let rest = ear.until(|it| it.kind() == "stream_ended").await;
    assert!(rest.iter().any(|it| it.kind() == "viewer_left"));
    // What is heard is what is listed.
    let last = rest.last().expect("the end");
    let newest = stage.get("/events?event_type=stream_ended").await.json();
    assert_eq!(newest[0], last.data);
    assert_eq!(newest[0]["id"].as_u64(), last.id);
}

#[tokio::test]
async fn a_reader_that_comes_back_hears_what_it_missed_once_and_in_order() {
    let stage = Stage::fast(|_| {}).await;
    let address = stage.address();
    let mut ear = Ear::new(address, "?topics=news").await;
    change(address, 4).await;
    let heard = ear.until(|it| it.kind() == "settings_changed").await;
    drop(ear);
    for window in [5, 6, 7] {
        change(address, window).await;
    }
    let mut back = Ear::back(address, heard[0].id.expect("an id")).await;
    change(address, 8).await;
    let missed = back
        .until(|it| it.data["details"]["hls_window_size"] == "7 → 8")
        .await;
    let all = [news(&heard), news(&missed)].concat();
    let wanted = listed(address).await;
    assert_eq!(all, wanted[wanted.len() - all.len()..]);
    assert_eq!(all.len(), 5);
}

#[tokio::test]
async fn nothing_is_missed_over_a_restart() {
    let stage = Stage::fast(|_| {}).await;
    change(stage.address(), 4).await;
    let first = *listed(stage.address()).await.first().expect("an event");
    let Stage {
        weir,
        config,
        folder,
        ..
    } = stage;
    let mut ear = Ear::back(weir.address(), first).await;
    ear.until(|it| it.kind() == "settings_changed").await;
    // Listeners are let go at once, after the last word.
    let stopping = weir.stop();
    let listening = async {
        let mut last = None;
        while let Some(heard) = ear.next().await {
            last = heard.id;
        }
        last.expect("the word of the end")
    };
    let ((), last) = tokio::join!(stopping, listening);
    let weir = Service::start(config, Staged::default())
        .await
        .expect("a service");
    let mut back = Ear::back(weir.address(), last).await;
    let missed = back.until(|it| it.kind() == "weir_started").await;
    let wanted = listed(weir.address()).await;
    let wanted: Vec<_> = wanted.into_iter().filter(|id| last < *id).collect();
    assert_eq!(news(&missed), wanted);
    drop(folder);
}

#[tokio::test]
async fn a_reader_that_knows_what_nobody_told_is_sent_to_the_list_and_goes_on() {
    let stage = Stage::fast(|_| {}).await;
    let address = stage.address();
    let newest = *listed(address).await.last().expect("an event");
    for said in ["99999999999999999", "1", "not a number"] {
        let answer = ask(address, "", Some(said)).await;
        assert_eq!(answer.status(), 200, "{said}");
    }
    let mut ear = Ear::back(address, u64::MAX).await;
    let told = ear.next().await.expect("an event");
    assert_eq!((told.name.as_str(), told.id), ("resync", Some(newest)));
    assert!(told.data["reason"].is_string());
    change(address, 4).await;
    let told = ear.next().await.expect("an event");
    assert_eq!(told.kind(), "settings_changed");
}

#[tokio::test]
async fn the_state_of_channels_is_pushed_when_it_changes() {
    let stage = Stage::fast(|_| {}).await;
    let mut ear = Ear::new(stage.address(), "?topics=channels").await;
    let at_once = ear.next().await.expect("an event");
    assert_eq!((at_once.name.as_str(), at_once.id), ("channels", None));
    assert_eq!(at_once.data["channels"].as_array().map(Vec::len), Some(0));
    let _player = stage.player().await;
    let live = |it: &Heard| it.data["channels"][0]["state"] == "live";
    let pushed = ear.until(live).await;
    assert!(pushed.iter().all(|it| it.name == "channels"));
    let key = pushed.last().expect("one").data["channels"][0]["key"].clone();
    let query = format!("?topics=channel:{}", key.as_str().expect("a key"));
    let mut one = Ear::new(stage.address(), &query).await;
    let told = one.next().await.expect("an event");
    assert_eq!(
        (&told.data["key"], &told.name),
        (&key, &"channel".to_owned())
    );
    one.until(|it| it.data["state"].is_null()).await;
}

#[tokio::test]
async fn there_is_room_for_a_hundred_and_again_when_one_has_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let weir = Service::start(quick_config(&folder), Staged::default())
        .await
        .expect("a service");
    let mut ears = Vec::new();
    for _ in 0..100 {
        ears.push(ask(weir.address(), "", None).await);
    }
    assert!(ears.iter().all(|answer| answer.status() == 200));
    let refused = ask(weir.address(), "", None).await;
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    ears.pop();
    eventually("there is room again", async || {
        // A place is free when something was to be said to the one who has gone.
        let answer = ask(weir.address(), "", None).await;
        (answer.status() == 200).then_some(())
    })
    .await;
    weir.stop().await;
}

#[tokio::test]
async fn what_cannot_be_listened_to_is_refused_with_its_name() {
    let stage = Stage::fast(|_| {}).await;
    for (query, field) in [
        ("topics=", "topics"),
        ("topics=news,weather", "topics"),
        ("topics=channel:", "topics"),
        ("last_event_id=x", "last_event_id"),
        ("last_event_id=-1", "last_event_id"),
    ] {
        let answer = stage.get(&format!("/api/v1/events/stream?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(answer.json()["errors"][0]["field"], field, "{query}");
    }
}
