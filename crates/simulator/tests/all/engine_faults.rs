//! The engine's faults, each by what a client sees of it.

use std::io::ErrorKind;
use std::time::Duration;

use serde_json::json;
use simulator::engine::{Engine, Options};
use simulator::fault::{Ending, Endpoint, Http, Listing, Malformed, Rule, Session};

use crate::client::{
    Connection, channel, engine, get, now, options, path, start, start_hls, stat, stop, try_get,
    uris,
};

fn start_target(number: u32) -> String {
    format!(
        "/ace/manifest.m3u8?format=json&pid=p&id={}",
        channel(number).content_id
    )
}

#[tokio::test]
async fn starts_fail_with_status_200_and_details() {
    let engine = engine().await;
    let error = "You need to buy Proxy Server option to continue".to_owned();
    let extra = Some(r#"{"reason":"missing_option","option":"proxyServer"}"#.to_owned());
    let fault = Session::StartFails {
        error: error.clone(),
        extra,
    };
    engine.faults().add(Rule::new(fault).times(1));
    let response = get(engine.address(), &start_target(1)).await;
    assert_eq!(
        (response.status, &response.json()["error"]),
        (200, &json!(error))
    );
    assert_eq!(response.json()["extra_data"]["option"], "proxyServer");
    assert_eq!(
        get(engine.address(), &start_target(1)).await.json()["error"],
        json!(null)
    );
}

#[tokio::test]
async fn a_fault_can_be_for_one_content_alone() {
    let engine = engine().await;
    let infohash = channel(1).infohash;
    engine.faults().add(
        Rule::new(Http::Status(500))
            .on(Endpoint::Start)
            .content(&infohash),
    );
    assert_eq!(get(engine.address(), &start_target(1)).await.status, 500);
    assert_eq!(get(engine.address(), &start_target(2)).await.status, 200);
    assert_eq!(
        engine.metrics().starts_all(),
        1,
        "a faulty start starts nothing"
    );
    engine.faults().clear();
    assert_eq!(get(engine.address(), &start_target(1)).await.status, 200);
}

#[tokio::test]
async fn json_is_malformed_in_many_ways() {
    let engine = engine().await;
    let answer = async |kind: Malformed| {
        engine.faults().add(
            Rule::new(Session::Malformed(kind))
                .on(Endpoint::Start)
                .times(1),
        );
        get(engine.address(), &start_target(1)).await
    };
    let parses = |text: &str| serde_json::from_str::<serde_json::Value>(text).is_ok();
    assert!(!parses(&answer(Malformed::Truncated).await.text()));
    assert!(answer(Malformed::Html).await.text().starts_with("<html>"));
    assert_eq!(answer(Malformed::Empty).await.text(), "");
    let json = answer(Malformed::EmptyResponse).await.json();
    assert_eq!(json, json!({"response": {}, "error": null}));
    let json = answer(Malformed::WrongTypes).await.json();
    assert_eq!(json["response"]["playback_url"], json!(1));
    assert_eq!(json["response"]["is_live"], json!([1]));
    assert_eq!(
        answer(Malformed::StringNumbers).await.json()["response"]["is_live"],
        "1"
    );
    let json = answer(Malformed::UnknownKeys).await.json();
    assert!(json["response"]["unheard_of"].is_object());
    let json = answer(Malformed::Missing("stat_url".into())).await.json();
    assert!(json["response"].get("stat_url").is_none());
    let elsewhere = "http://169.254.169.254/latest".to_owned();
    let json = answer(Malformed::Text("playback_url".into(), elsewhere.clone()))
        .await
        .json();
    assert_eq!(json["response"]["playback_url"], json!(elsewhere));
}

#[tokio::test(start_paused = true)]
async fn content_without_peers_prebuffers_until_it_has_some() {
    let engine = engine().await;
    let fault = engine
        .faults()
        .add(Rule::new(Session::NoPeers).lasting(Duration::from_secs(50)));
    let started = start_hls(&engine, 1, "p").await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    let seen = stat(&engine, &started).await;
    assert_eq!(seen["response"]["status"], "prebuf");
    assert_eq!(
        (&seen["response"]["peers"], &seen["response"]["downloaded"]),
        (&json!(0), &json!(0))
    );
    let list = get(engine.address(), &started.playback).await.text();
    assert_eq!(uris(&list).len(), 3);
    assert!(!engine.faults().armed(fault));
    assert_eq!(stat(&engine, &started).await["response"]["status"], "dl");
}

#[tokio::test]
async fn playlists_and_bodies_fail_to_start() {
    let engine = engine().await;
    engine
        .faults()
        .add(Rule::new(Session::StartTimeout(Duration::from_millis(5))).times(1));
    engine
        .faults()
        .add(Rule::new(Session::FailedToStart).times(1));
    let hls = start_hls(&engine, 1, "p").await;
    let response = get(engine.address(), &hls.playback).await;
    assert_eq!(
        (response.status, response.text().as_str()),
        (500, "start timeout")
    );
    assert_eq!(response.header("content-length"), Some("13"));
    assert_eq!(get(engine.address(), &hls.playback).await.status, 200);
    let ts = start(&engine, "getstream", 2, "q").await;
    let content = ts.playback.replace("/ace/r/", "/content/");
    let response = get(engine.address(), &content).await;
    assert_eq!(
        (response.status, response.text().as_str()),
        (500, "failed to start")
    );
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_hangs_is_late_or_slow() {
    let engine = engine().await;
    let service = "/webui/api/service?method=get_version";
    let started = start_hls(&engine, 1, "p").await;
    let hang = engine.faults().always(Endpoint::Stat, Http::Hang);
    let patience = Duration::from_secs(30);
    let hung = tokio::time::timeout(patience, try_get(engine.address(), &started.stat)).await;
    assert!(hung.is_err());
    assert_eq!(
        get(engine.address(), service).await.status,
        200,
        "the others do not hang"
    );
    engine.faults().remove(hang);
    engine
        .faults()
        .next(1, Endpoint::Stat, Http::Delay(Duration::from_secs(7)));
    let before = now();
    stat(&engine, &started).await;
    assert_eq!(before.elapsed().as_secs(), 7);
    let list = get(engine.address(), &started.playback).await.text();
    engine.faults().next(1, Endpoint::Segment, Http::Pace(1880));
    let before = now();
    let segment = get(engine.address(), path(uris(&list)[0])).await;
    assert_eq!(segment.mark().stream, 1);
    assert!(
        (9..12).contains(&before.elapsed().as_secs()),
        "{:?}",
        before.elapsed()
    );
}

#[tokio::test]
async fn a_stop_hangs_or_is_not_understood() {
    let engine = engine().await;
    let started = start_hls(&engine, 1, "p").await;
    engine
        .faults()
        .add(Rule::new(Session::StopUnknown).times(1));
    assert_eq!(
        stop(&engine, &started).await["error"],
        "unknown playback session id"
    );
    assert_eq!(engine.metrics().sessions, 1);
    let hang = engine.faults().next(1, Endpoint::Command, Http::Hang);
    let mut connection = Connection::open(engine.address()).await.unwrap();
    let target = format!("{}?method=stop", started.command);
    connection.send("GET", &target, "").await.unwrap();
    engine.faults().until_used(hang, 1).await;
    assert_eq!(engine.metrics().sessions, 1);
    assert_eq!(stop(&engine, &started).await["response"], "ok");
}

#[tokio::test]
async fn segments_are_missing_short_foreign_empty_or_cut() {
    let engine = engine().await;
    let started = start_hls(&engine, 1, "p").await;
    get(engine.address(), &started.playback).await;
    let target = format!("/ace/c/{}/1.ts", channel(1).infohash);
    let full = get(engine.address(), &target).await.body.len();
    let strike = async |fault: Http| {
        engine
            .faults()
            .add(Rule::new(fault).on(Endpoint::Segment).segment(1).times(1));
        try_get(engine.address(), &target).await
    };
    assert_eq!(strike(Http::Status(404)).await.unwrap().status, 404);
    let error = strike(Http::Truncate(1000)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    assert_eq!(
        strike(Http::Trim(188)).await.unwrap().body.len(),
        full - 188
    );
    assert_ne!(strike(Http::Trim(37)).await.unwrap().body.len() % 188, 0);
    let page = strike(Http::Html).await.unwrap();
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, Some("text/html"))
    );
    assert!(page.text().contains("<html>"));
    assert!(strike(Http::Empty).await.unwrap().body.is_empty());
    let ending = Ending::Reset;
    let error = strike(Http::Cut { after: 700, ending }).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    let error = strike(Http::Drop(Ending::Fin)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    assert_eq!(get(engine.address(), &target).await.mark().segment, 1);
    assert_eq!(engine.metrics().fetches(1), 10);
}

#[tokio::test(start_paused = true)]
async fn lists_stall_reset_jump_and_empty() {
    let engine = engine().await;
    let started = start_hls(&engine, 1, "p").await;
    let list = async || {
        let text = get(engine.address(), &started.playback).await.text();
        let first = text
            .lines()
            .find_map(|line| line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:"));
        (first.unwrap().parse::<u64>().unwrap(), uris(&text).len())
    };
    assert_eq!(list().await, (0, 3));
    let stall = engine.faults().add(Listing::Stall);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(list().await, (0, 3));
    engine.faults().remove(stall);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(list().await, (0, 5));
    engine.faults().add(Listing::Jump(100));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(list().await, (105, 3));
    engine.faults().add(Listing::Reset);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(list().await, (0, 3));
    engine.faults().next(1, Endpoint::Playlist, Listing::Empty);
    assert_eq!(list().await.1, 0);
    assert_eq!(list().await.1, 3);
}

#[tokio::test(start_paused = true)]
async fn a_frozen_source_still_says_dl_while_its_speed_falls() {
    let engine = engine().await;
    let started = start_hls(&engine, 1, "p").await;
    get(engine.address(), &started.playback).await;
    engine.faults().add(Session::Freeze);
    let first = stat(&engine, &started).await;
    tokio::time::sleep(Duration::from_secs(15)).await;
    let second = stat(&engine, &started).await;
    let (first, second) = (&first["response"], &second["response"]);
    assert_eq!(second["status"], "dl");
    assert_eq!(first["downloaded"], second["downloaded"]);
    assert_eq!(first["livepos"]["last_ts"], second["livepos"]["last_ts"]);
    assert!(second["speed_down"].as_u64() < first["speed_down"].as_u64());
}

#[tokio::test]
async fn stats_have_other_shapes() {
    let engine = engine().await;
    let started = start_hls(&engine, 1, "p").await;
    get(engine.address(), &started.playback).await;
    let number = engine.faults().add(Session::LiveposNumber);
    assert!(stat(&engine, &started).await["response"]["livepos"]["last"].is_u64());
    engine.faults().remove(number);
    engine.faults().add(Session::LiveposAbsent);
    assert!(
        stat(&engine, &started).await["response"]
            .get("livepos")
            .is_none()
    );
    engine.faults().add(Session::Broken("no seeds".into()));
    let broken = stat(&engine, &started).await;
    assert_eq!(broken["response"]["status"], "err");
    assert_eq!(broken["response"]["error_message"], "no seeds");
}

#[tokio::test]
async fn urls_carry_a_host_that_leads_nowhere() {
    let engine = engine().await;
    engine
        .faults()
        .add(Session::BadHost("127.0.0.1:6878".into()));
    let json = get(engine.address(), &start_target(1)).await.json();
    let playback = json["response"]["playback_url"].as_str().unwrap();
    assert!(
        playback.starts_with("http://127.0.0.1:6878/ace/m/"),
        "{playback}"
    );
    let list = get(engine.address(), path(playback)).await.text();
    assert!(
        uris(&list)[0].starts_with("http://127.0.0.1:6878/ace/c/"),
        "{list}"
    );
}

#[tokio::test]
async fn a_half_dead_engine_accepts_and_closes() {
    let engine = engine().await;
    engine.faults().add(Rule::new(Http::HalfDead).times(2));
    assert!(try_get(engine.address(), "/").await.is_err());
    assert!(try_get(engine.address(), "/").await.is_err());
    assert_eq!(get(engine.address(), "/").await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_hung_client_that_leaves_is_noticed() {
    let engine = Engine::start(Options {
        prebuf: Duration::from_hours(9),
        ..options()
    })
    .await;
    let engine = engine.unwrap();
    let started = start_hls(&engine, 1, "p").await;
    let mut connection = Connection::open(engine.address()).await.unwrap();
    connection.send("GET", &started.playback, "").await.unwrap();
    engine.until(|metrics| metrics.playlists == 1).await;
    drop(connection);
    engine.until(|metrics| metrics.connections_open == 0).await;
    engine.until(|metrics| metrics.expired == 1).await;
}
