//! Weir behind the reverse proxies that `deploy/` has examples for: the examples themselves are run.

use http::StatusCode;

use crate::proxies::{PLACES, Proxy, staged};
use crate::stage::{Stage, within};

/// Bytes after which a continuous stream has been going on for a while: some segments of the stage's.
const BYTES_WANTED: usize = 100_000;

/// All that viewers and operators do, in both places.
async fn works(stage: &Stage, proxy: &Proxy) {
    for place in PLACES {
        let (segment, bytes) = proxy.segment(place, &stage.ids[0]).await;
        let path = segment.path().trim_start_matches("/weir");
        assert_eq!(stage.get(path).await.body, bytes, "{segment}");
        goes_on(proxy, place, &stage.ids[0]).await;
        shows_the_panel(proxy, place).await;
        lists_itself(proxy, place).await;
        takes_changes(proxy, place).await;
    }
}

/// A continuous stream is heard while it goes on.
async fn goes_on(proxy: &Proxy, place: &str, id: &str) {
    let mut answer = proxy
        .get(proxy.url(place, &format!("/ace/stream/{id}.ts")))
        .await;
    let mut heard = 0;
    while heard < BYTES_WANTED {
        let piece = within(answer.chunk()).await.expect("no break");
        heard += piece.expect("no end").len();
    }
}

/// The panel and what it loads are found from wherever somebody comes in.
async fn shows_the_panel(proxy: &Proxy, place: &str) {
    let mut url = proxy.url(place, "/panel");
    let moved = within(proxy.client.get(url.clone()).send())
        .await
        .expect("an answer");
    assert_eq!(moved.status(), StatusCode::TEMPORARY_REDIRECT);
    let to = moved.headers()["location"].to_str().expect("an address");
    url = url.join(to).expect("an address");
    assert_eq!(url, proxy.url(place, "/panel/"));
    let answer = within(proxy.client.get(url.clone()).send())
        .await
        .expect("an answer");
    let page = within(answer.text()).await.expect("a page");
    // Without a built panel the page says so.
    for reference in page.split("src=\"").skip(1) {
        let reference = reference.split('"').next().expect("an address");
        proxy.get(url.join(reference).expect("an address")).await;
    }
}

/// A playlist of channels leads back through the proxy.
async fn lists_itself(proxy: &Proxy, place: &str) {
    let turn = proxy.url(place, "/api/v1/playlists/rewrite");
    let id = "a".repeat(40);
    let asked = proxy.client.post(turn).body(format!("acestream://{id}\n"));
    let answer = within(asked.send()).await.expect("an answer");
    let text = within(answer.text()).await.expect("a text");
    let wanted = proxy.url(place, &format!("/ace/getstream?id={id}"));
    assert_eq!(text.trim_end(), wanted.as_str());
}

/// A page of Weir's own may change settings; it comes from where the request goes.
async fn takes_changes(proxy: &Proxy, place: &str) {
    let url = proxy.url(place, "/proxy/config?stream_timeout=61");
    let origin = url.origin().ascii_serialization();
    let asked = proxy.client.post(url).header("origin", origin);
    let answer = within(asked.send()).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn everything_works_behind_nginx_under_a_host_and_under_a_path() {
    let stage = staged().await;
    let proxy = Proxy::nginx(stage.address()).await;
    works(&stage, &proxy).await;
}

#[tokio::test]
async fn everything_works_behind_caddy_under_a_host_and_under_a_path() {
    let stage = staged().await;
    let proxy = Proxy::caddy(stage.address()).await;
    works(&stage, &proxy).await;
}
