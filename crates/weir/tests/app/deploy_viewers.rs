//! Who a viewer is, behind the reverse proxies of `deploy/`: the proxy's word counts where Weir trusts it, and nobody
//! else's.

use std::net::SocketAddr;

use reqwest::{Client, Url};

use crate::proxies::{PLACES, Proxy, client, link, post_over_tls};
use crate::stage::{Stage, eventually, within};

/// Where the proxy asks from. Viewers of these tests are elsewhere on this machine, which is no proxy then.
const TRUSTED: &str = "127.0.0.1";

/// Somebody's claim to be somebody else.
const MADE_UP: &str = "203.0.113.9";

async fn staged() -> Stage {
    Stage::fast(|config| {
        config.trusted_proxies = [TRUSTED.parse().expect("an address")].into();
    })
    .await
}

async fn text(client: &Client, url: &Url) -> String {
    let asked = client.get(url.clone()).header("x-forwarded-for", MADE_UP);
    let text = async { asked.send().await.expect("an answer").text().await };
    within(text).await.expect("a text")
}

/// Watches with a claim to be somebody else; what Weir takes the viewer's address for.
async fn seen(stage: &Stage, client: &Client, entry: Url) -> String {
    let media = link(&entry, &text(client, &entry).await);
    text(client, &media).await;
    let (_, token) = media
        .query()
        .and_then(|it| it.split_once('='))
        .expect("a token");
    let channel = stage.channel(|_| true).await;
    let mut viewers = channel["clients"].as_array().expect("viewers").iter();
    let own = viewers.find(|it| token.starts_with(it["client_id"].as_str().expect("an id")));
    let own = own.unwrap_or_else(|| panic!("{token} is not in {channel}"));
    own["ip_address"].as_str().expect("an address").to_owned()
}

async fn tells_who_asks(stage: &Stage, proxy: &Proxy) {
    let entry = format!("/ace/manifest.m3u8?id={}", stage.ids[0]);
    for (last, place) in (2..).zip(PLACES) {
        let ip = [127, 0, 0, last];
        let found = seen(stage, &proxy.client_at(ip), proxy.url(place, &entry)).await;
        assert_eq!(found, format!("127.0.0.{last}"), "{place}");
    }
}

#[tokio::test]
async fn behind_nginx_each_viewer_has_its_own_address_whatever_it_says() {
    let stage = staged().await;
    let proxy = Proxy::nginx(stage.address()).await;
    tells_who_asks(&stage, &proxy).await;
}

#[tokio::test]
async fn behind_caddy_each_viewer_has_its_own_address_whatever_it_says() {
    let stage = staged().await;
    let proxy = Proxy::caddy(stage.address()).await;
    tells_who_asks(&stage, &proxy).await;
}

#[tokio::test]
async fn who_comes_without_a_proxy_is_not_believed_and_a_trusted_one_is() {
    let stage = staged().await;
    let weir = stage.address();
    let entry = format!("http://{weir}/ace/manifest.m3u8?id={}", stage.ids[0]);
    let entry = Url::parse(&entry).expect("an address");
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
    let stranger = seen(&stage, &client([127, 0, 0, 4], nowhere), entry.clone()).await;
    assert_eq!(stranger, "127.0.0.4");
    let proxy = seen(&stage, &client([127, 0, 0, 1], nowhere), entry).await;
    assert_eq!(proxy, MADE_UP);
}

/// What a playlist of channels says when its asker claims to have come another way.
async fn leads_back(proxy: &Proxy, place: &str) {
    let id = "a".repeat(40);
    let turn = proxy.url(place, "/api/v1/playlists/rewrite");
    let asked = proxy.client.post(turn).body(format!("acestream://{id}\n"));
    let asked = asked.header("x-forwarded-proto", "https");
    let answer = within(asked.send()).await.expect("an answer");
    let found = within(answer.text()).await.expect("a text");
    let wanted = proxy.url(place, &format!("/ace/getstream?id={id}"));
    assert_eq!(found.trim_end(), wanted.as_str());
}

#[tokio::test]
async fn the_scheme_is_the_one_that_the_proxy_was_asked_by() {
    let stage = staged().await;
    let weir = stage.address();
    for proxy in [Proxy::nginx(weir).await, Proxy::caddy(weir).await] {
        for place in PLACES {
            leads_back(&proxy, place).await;
        }
    }
    // Without a proxy it is the asker's own word, and goes back to nobody else.
    let turn = format!("http://{weir}/api/v1/playlists/rewrite");
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
    let asked = client([127, 0, 0, 4], nowhere).post(turn).body("");
    let asked = asked.header("x-forwarded-proto", "https");
    let answer = within(asked.send()).await.expect("an answer");
    assert_eq!(answer.headers()["cache-control"], "no-store");
}

#[tokio::test]
async fn who_came_over_tls_is_led_back_over_tls() {
    let stage = staged().await;
    let weir = stage.address();
    let id = "a".repeat(40);
    let nginx = Proxy::nginx_over_tls(weir).await;
    let caddy = Proxy::caddy_over_tls(weir).await;
    for (_proxy, at) in [nginx, caddy] {
        let found = eventually("it answers over TLS", async || {
            let entry = format!("acestream://{id}\n");
            let turn = "/api/v1/playlists/rewrite";
            let asked = tokio::task::spawn_blocking(move || post_over_tls(at, turn, &entry));
            asked.await.expect("curl runs")
        })
        .await;
        let wanted = format!("https://tv.example:{}/ace/getstream?id={id}", at.port());
        assert_eq!(found.trim_end(), wanted);
    }
}

#[tokio::test]
async fn one_who_is_behind_two_proxies_is_told_apart_when_both_are_trusted() {
    let stage = Stage::fast(|config| {
        let trusted = ["127.0.0.1", "127.0.0.8"];
        config.trusted_proxies = trusted.map(|it| it.parse().expect("an address")).into();
    })
    .await;
    let proxy = Proxy::nginx(stage.address()).await;
    let entry = proxy.url(
        "tv.example",
        &format!("/ace/manifest.m3u8?id={}", stage.ids[0]),
    );
    // The one before nginx is at 127.0.0.8, and says who asked it.
    let found = seen(&stage, &proxy.client_at([127, 0, 0, 8]), entry).await;
    assert_eq!(found, MADE_UP);
}
