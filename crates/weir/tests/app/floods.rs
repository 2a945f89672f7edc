//! Far too much of something: connections, tokens, ids. It is bounded, passes, and leaves nothing.

use std::time::Duration;

use futures_util::future::join_all;
use http::{Method, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::raw::{Said, get, say};
use crate::stage::{Stage, eventually, request};
use crate::undisturbed::{undisturbed, viewer_of};

#[tokio::test]
async fn headers_that_never_end_are_cut_and_do_not_hold_a_place() {
    let wait = Duration::from_millis(400);
    let stage = Stage::fast(|config| config.headers_wait = wait).await;
    let baseline = stage.weir.tasks();
    let trickle = async || {
        let mut socket = TcpStream::connect(stage.address()).await.expect("a place");
        let mut ticks = tokio::time::interval(wait / 8);
        let start = b"GET /version HTTP/1.1\r\nX: ";
        socket.write_all(start).await.expect("the first bytes go");
        let mut byte = [0];
        loop {
            tokio::select! {
                read = socket.read(&mut byte) => return read.unwrap_or_default(),
                _ = ticks.tick() => drop(socket.write_all(b"a").await),
            }
        }
    };
    let all = join_all((0..50).map(|_| trickle()));
    tokio::time::timeout(wait * 10, all)
        .await
        .expect("they were cut, byte for byte or not");
    eventually("no task is left", async || {
        (stage.weir.tasks() <= baseline).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_made_up_tokens_is_bounded_and_the_stream_goes_on() {
    let stage = Stage::fast(|config| config.viewer_idle = Duration::from_secs(20)).await;
    let mut watcher = viewer_of(&stage, 0).await;
    let path = format!("/ace/hls/{}/media.m3u8", stage.ids[0]);
    let flood = |part: usize| {
        let requests: String = (0..5_500)
            .map(|n| {
                let token = format!("{:032x}", part * 10_000 + n + 1);
                format!("GET {path}?v={token} HTTP/1.1\r\nHost: weir\r\n\r\n")
            })
            .chain([get("/version")])
            .collect();
        say(stage.address(), requests)
    };
    let said = undisturbed(&mut watcher, join_all((0..4).map(flood))).await;
    let count = |wanted| {
        let statuses = said.iter().flat_map(Said::statuses);
        statuses.filter(|status| *status == wanted).count()
    };
    assert_eq!(count(200) - 4, channel::VIEWERS_MAX - 1);
    assert_eq!(count(503), 4 * 5_500 - (channel::VIEWERS_MAX - 1));
    assert_eq!(stage.engine.metrics().starts_all(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_made_up_ids_disturbs_nobody_and_leaves_nothing_behind() {
    let stage = Stage::fast(|_| {}).await;
    let mut watcher = viewer_of(&stage, 0).await;
    let baseline = stage.weir.tasks();
    let knock = |n: u64| {
        let path = format!("/ace/manifest.m3u8?id={:040x}", 0xbad_0000 + n);
        let address = stage.address();
        async move { request(address, Method::GET, &path, &[]).await }
    };
    undisturbed(&mut watcher, async {
        for answer in join_all((0..200).map(knock)).await {
            let refused = [StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE];
            assert!(refused.contains(&answer.status), "{}", answer.text());
        }
        stage
            .until(|state| state["channels"].as_array().is_some_and(|it| it.len() == 1))
            .await;
        eventually("no task is left", async || {
            (stage.weir.tasks() <= baseline + 2).then_some(())
        })
        .await;
    })
    .await;
    assert_eq!(stage.engine.metrics().sessions, 1);
    let health = stage.get("/health/status").await.json();
    assert_eq!(health["status"], "healthy", "{health:#}");
    // The place on the engine is free for whoever asks for something that is there.
    viewer_of(&stage, 1).await;
}
