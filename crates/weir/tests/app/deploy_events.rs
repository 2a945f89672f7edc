//! News through the reverse proxies of `deploy/`: heard as it happens, and from where a listener broke off.

use std::net::SocketAddr;

use http::{Method, StatusCode};
use reqwest::Url;

use crate::ear::{Ear, Heard};
use crate::proxies::{PLACES, Proxy, staged};
use crate::stage::{Stage, request, within};

/// Changes a setting, so that there is news, and returns what the news will say.
async fn change(weir: SocketAddr, window: u32) -> String {
    let path = format!("/proxy/config?hls_window_size={window}");
    let answer = request(weir, Method::POST, &path, &[]).await;
    assert_eq!(answer.status, StatusCode::OK);
    format!("→ {window}")
}

fn says(heard: &Heard, wanted: &str) -> bool {
    let told = heard.data["details"]["hls_window_size"].as_str();
    told.is_some_and(|told| told.ends_with(wanted))
}

/// A listener as a browser is one, which says what it had last.
async fn listen(proxy: &Proxy, url: Url, last: Option<u64>) -> Ear {
    let mut asked = proxy.client.get(url);
    if let Some(id) = last {
        asked = asked.header("last-event-id", id.to_string());
    }
    Ear::of(within(asked.send()).await.expect("an answer")).await
}

/// An answer without an end that says something now and then: what a buffer held back would never come.
async fn hands_on_news(stage: &Stage, proxy: &Proxy) {
    let weir = stage.address();
    for place in PLACES {
        let url = proxy.url(place, "/api/v1/events/stream");
        let mut ear = listen(proxy, url.clone(), None).await;
        let wanted = change(weir, 4).await;
        let heard = ear.until(|it| says(it, &wanted)).await;
        let last = heard.last().and_then(|it| it.id);
        // Nothing of it is repeated, and nothing after it is missing.
        drop(ear);
        let missed = change(weir, 5).await;
        let mut back = listen(proxy, url, last).await;
        let now = change(weir, 6).await;
        let first = back.next().await.expect("what it missed");
        let second = back.next().await.expect("what is new");
        assert!(says(&first, &missed), "{place}: {first:?}");
        assert!(says(&second, &now), "{place}: {second:?}");
    }
}

#[tokio::test]
async fn news_comes_through_nginx_at_once_and_goes_on_where_it_broke_off() {
    let stage = staged().await;
    let proxy = Proxy::nginx(stage.address()).await;
    hands_on_news(&stage, &proxy).await;
}

#[tokio::test]
async fn news_comes_through_caddy_at_once_and_goes_on_where_it_broke_off() {
    let stage = staged().await;
    let proxy = Proxy::caddy(stage.address()).await;
    hands_on_news(&stage, &proxy).await;
}
