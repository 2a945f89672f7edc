//! How engines are asked to give their media: as a continuous body or as a playlist, and what makes that change.

use std::time::Duration;

use simulator::fault::{Ending, Endpoint, Http, Session};
use weir::config::Config;
use weir::settings::EngineStream;

use crate::audience::{Audience, assert_one_at_a_time};
use crate::continuous_source::engine;
use crate::stage::{Stage, fast, within};

async fn staged(wanted: EngineStream) -> Stage {
    Stage::with(engine(), |config: &mut Config| {
        fast(config);
        config.settings.engine_stream = wanted;
        config.settings.segment_seconds = Duration::from_millis(500);
    })
    .await
}

/// How the engine was asked, start by start.
fn asked(stage: &Stage) -> Vec<&'static str> {
    let metrics = stage.engine.metrics();
    let words = metrics.log.iter().filter_map(|request| {
        let (path, _) = request.target.split_once('?')?;
        match path {
            "/ace/getstream" => Some("ts"),
            "/ace/manifest.m3u8" => Some("hls"),
            _ => None,
        }
    });
    words.collect()
}

/// Both kinds of viewers play, and the source is read in this way.
async fn plays(stage: &Stage, stream: &str) -> Audience {
    let mut audience = Audience::of(stage).await;
    audience.more(3).await;
    stage.channel(|it| it["upstream"]["stream"] == stream).await;
    audience
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_is_asked_for_a_continuous_body_first() {
    let stage = staged(EngineStream::Auto).await;
    let audience = plays(&stage, "ts").await;
    audience.assert_unbroken();
    assert_eq!(asked(&stage), ["ts"]);
    assert_one_at_a_time(&audience.leave(&stage).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_encrypted_is_asked_for_as_a_playlist_which_engines_decrypt() {
    for wanted in [EngineStream::Auto, EngineStream::Ts] {
        let stage = staged(wanted).await;
        stage.engine.faults().add(Session::Encrypted);
        let audience = plays(&stage, "hls").await;
        audience.assert_unbroken();
        assert_eq!(asked(&stage), ["ts", "hls"], "{wanted:?}");
        let metrics = audience.leave(&stage).await;
        assert_one_at_a_time(&metrics);
        assert_eq!((metrics.starts_all(), metrics.stops), (2, 2));
        assert_eq!(metrics.streams, 0, "no body was asked for");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_does_not_begin_leads_to_a_playlist_and_the_next_life_begins_with_a_body_again()
{
    let instead = [
        Http::Status(500),
        Http::Html,
        Http::Replace(b"failed to start".as_slice().into()),
        Http::Empty,
        Http::Drop(Ending::Reset),
    ];
    let meet = async |instead: Http| {
        let stage = staged(EngineStream::Auto).await;
        let shown = format!("{instead:?}");
        stage.engine.faults().next(1, Endpoint::Stream, instead);
        let audience = plays(&stage, "hls").await;
        assert_eq!(asked(&stage), ["ts", "hls"], "{shown}");
        assert_one_at_a_time(&audience.leave(&stage).await);
        let audience = plays(&stage, "ts").await;
        assert_eq!(asked(&stage), ["ts", "hls", "ts"], "{shown}");
        let metrics = audience.leave(&stage).await;
        assert_one_at_a_time(&metrics);
        assert_eq!(metrics.stops, 3, "{shown}");
    };
    futures_util::future::join_all(instead.map(meet)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_begins_and_is_silent_leads_to_a_playlist_while_players_still_wait() {
    let stage = staged(EngineStream::Auto).await;
    let silence = Http::Silence {
        after: 0,
        lasting: None,
    };
    stage.engine.faults().next(1, Endpoint::Stream, silence);
    let audience = plays(&stage, "hls").await;
    audience.assert_unbroken();
    assert_eq!(asked(&stage), ["ts", "hls"]);
    let metrics = audience.leave(&stage).await;
    assert_one_at_a_time(&metrics);
    assert_eq!((metrics.starts_all(), metrics.stops), (2, 2));
}

#[tokio::test]
async fn where_neither_way_works_both_are_tried_in_turn_until_one_does() {
    let stage = staged(EngineStream::Auto).await;
    let soon = Duration::from_millis(50);
    stage.engine.faults().add(Session::FailedToStart);
    stage.engine.faults().add(Session::StartTimeout(soon));
    let viewer = stage.viewer();
    stage.engine_until(|it| 4 <= it.starts_all()).await;
    stage.engine.faults().clear();
    assert_eq!(within(viewer).await.expect("an answer").status, 200);
    assert_eq!(asked(&stage)[..4], ["ts", "hls", "ts", "hls"]);
    assert_one_at_a_time(&stage.engine.metrics());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_has_played_is_replaced_by_one_of_the_same_kind() {
    let stage = staged(EngineStream::Auto).await;
    let mut audience = plays(&stage, "ts").await;
    stage.engine.expire();
    audience
        .meanwhile(stage.channel(|it| Some(2) <= it["upstream"]["sessions"].as_u64()))
        .await;
    audience.more(6).await;
    assert!(asked(&stage).iter().all(|it| *it == "ts"));
    audience.listener.assert_smooth();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_wants_playlists_alone_never_has_a_body_asked_for() {
    let stage = staged(EngineStream::Hls).await;
    let mut audience = plays(&stage, "hls").await;
    stage.engine.expire();
    audience
        .meanwhile(stage.channel(|it| Some(2) <= it["upstream"]["sessions"].as_u64()))
        .await;
    audience.more(6).await;
    assert!(asked(&stage).iter().all(|it| *it == "hls"));
    assert_eq!(audience.leave(&stage).await.streams, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_the_setting_acts_with_the_next_source() {
    let stage = staged(EngineStream::Hls).await;
    let mut audience = plays(&stage, "hls").await;
    for (sessions, (setting, stream)) in (2..).zip([("ts", "ts"), ("hls", "hls"), ("auto", "ts")]) {
        let before = asked(&stage).len();
        stage.set(&format!("engine_stream={setting}")).await;
        audience.more(2).await;
        assert_eq!(asked(&stage).len(), before, "what runs is left alone");
        stage.engine.expire();
        audience
            .meanwhile(stage.channel(|it| {
                Some(sessions) <= it["upstream"]["sessions"].as_u64()
                    && it["upstream"]["stream"] == stream
            }))
            .await;
        audience.more(4).await;
        assert_eq!(asked(&stage).last(), Some(&stream), "{setting}");
    }
    audience.listener.assert_smooth();
    assert_one_at_a_time(&audience.leave(&stage).await);
}
