//! What nginx keeps, with the file of `deploy/`: each segment once, and no playlist. Caddy keeps nothing.

use reqwest::{Response, Url};

use crate::gate::Gate;
use crate::proxies::{PLACES, Proxy, link, staged};
use crate::stage::{eventually, within};

/// Where nginx says whether an answer was there already.
const CACHE: &str = "x-cache-status";

fn cached(answer: &Response) -> &str {
    answer.headers()[CACHE].to_str().expect("a word")
}

/// What Weir is asked for, as the first line of the request has it.
fn line(url: &Url) -> String {
    format!("GET {} ", url.path().trim_start_matches("/weir"))
}

async fn bytes(answer: Response) -> Vec<u8> {
    within(answer.bytes()).await.expect("a segment").to_vec()
}

#[tokio::test]
async fn viewers_who_want_a_segment_at_the_same_moment_cost_one_fetch() {
    let stage = staged().await;
    let mut gate = Gate::before(stage.address()).await;
    let proxy = Proxy::nginx(gate.address).await;
    // A segment that was fetched in one place is there in the other, too.
    for (place, id) in PLACES.iter().zip(&stage.ids) {
        let media = proxy.media(place, id).await;
        let segment = link(&media, &proxy.text(media.clone()).await);
        gate.shut();
        let release = async {
            gate.until(&line(&segment), 1).await;
            eventually("nginx has read all three", async || {
                (proxy.under_way().await == 3).then_some(())
            })
            .await;
            gate.open();
        };
        let get = || proxy.get(segment.clone());
        let (one, two, three, ()) = tokio::join!(get(), get(), get(), release);
        let mut said = [cached(&one), cached(&two), cached(&three)];
        said.sort_unstable();
        assert_eq!(said, ["HIT", "HIT", "MISS"], "{place}");
        let first = bytes(one).await;
        assert!(!first.is_empty());
        assert_eq!(first, bytes(two).await);
        assert_eq!(first, bytes(three).await);
        assert_eq!(gate.times(&line(&segment)), 1, "{place}");
    }
}

#[tokio::test]
async fn a_segment_that_was_fetched_once_does_not_come_from_weir_again() {
    let stage = staged().await;
    let gate = Gate::before(stage.address()).await;
    let proxy = Proxy::nginx(gate.address).await;
    let mut fetched = Vec::new();
    for place in PLACES {
        let (segment, whole) = proxy.segment(place, &stage.ids[0]).await;
        let times = gate.times(&line(&segment));
        let again = proxy.get(segment.clone()).await;
        assert_eq!(cached(&again), "HIT", "{place}");
        assert_eq!(bytes(again).await, whole);
        assert_eq!(gate.times(&line(&segment)), times, "{place}");
        fetched.push((segment, whole));
    }
    // Not even where there is no Weir any more, and not a part of it either.
    stage.weir.stop().await;
    for (segment, whole) in fetched {
        assert_eq!(bytes(proxy.get(segment.clone()).await).await, whole);
        let asked = proxy.client.get(segment).header("range", "bytes=188-375");
        let part = within(asked.send()).await.expect("an answer");
        assert_eq!(part.status(), 206);
        assert_eq!(bytes(part).await, whole[188..376]);
    }
}

#[tokio::test]
async fn what_is_not_there_is_asked_for_again() {
    let stage = staged().await;
    let gate = Gate::before(stage.address()).await;
    let proxy = Proxy::nginx(gate.address).await;
    for place in PLACES {
        let media = proxy.media(place, &stage.ids[0]).await;
        // It will be there in the end.
        let missing = media.join("segment/1000000.ts").expect("an address");
        let before = gate.times("segment/1000000.ts");
        for times in 1..=2 {
            let answer = within(proxy.client.get(missing.clone()).send()).await;
            let answer = answer.expect("an answer");
            assert_eq!(answer.status(), 404, "{place}");
            assert_eq!(gate.times("segment/1000000.ts"), before + times, "{place}");
        }
    }
}

/// Whoever asks for a playlist gets that of now.
async fn keeps_no_playlist(gate: &Gate, proxy: &Proxy, id: &str) {
    for place in PLACES {
        let media = proxy.media(place, id).await;
        for _ in 0..3 {
            let before = gate.times("media.m3u8");
            let answer = proxy.get(media.clone()).await;
            assert_eq!(answer.headers()["cache-control"], "no-cache", "{place}");
            assert!(!answer.headers().contains_key("age"), "{place}");
            assert_eq!(gate.times("media.m3u8"), before + 1, "{place}");
        }
        let first = proxy.text(media.clone()).await;
        eventually("the playlist goes on", async || {
            (proxy.text(media.clone()).await != first).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn each_playlist_through_nginx_is_the_one_of_now() {
    let stage = staged().await;
    let gate = Gate::before(stage.address()).await;
    let proxy = Proxy::nginx(gate.address).await;
    keeps_no_playlist(&gate, &proxy, &stage.ids[0]).await;
}

#[tokio::test]
async fn each_playlist_through_caddy_is_the_one_of_now() {
    let stage = staged().await;
    let gate = Gate::before(stage.address()).await;
    let proxy = Proxy::caddy(gate.address).await;
    keeps_no_playlist(&gate, &proxy, &stage.ids[0]).await;
}
