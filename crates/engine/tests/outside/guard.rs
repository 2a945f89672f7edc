//! Where a fetch may lead: redirects, names, and who gets the password.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use engine::{Allowed, FetchError, Guard, Http, Place, Refusal, Timeouts};
use url::Url;

use crate::scripted::{Names, SHORT, Server, Step, blurting, elsewhere, head, http, ok, patient};

fn redirect(to: &str) -> Vec<Step> {
    let location = format!("Location: {to}\r\n");
    vec![
        Step::Say(head("302 Found", &location)),
        Step::Say(b"Redirect".to_vec()),
        Step::Hold,
    ]
}

fn allowed(hosts: &[&str]) -> Arc<[Allowed]> {
    hosts.iter().map(|host| host.parse().unwrap()).collect()
}

async fn text(http: &Http, place: &Place) -> Result<String, FetchError> {
    let fetched = http.playlist(place, &patient()).await?;
    Ok(String::from_utf8(fetched.bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn five_redirects_are_followed_and_a_sixth_is_not() {
    for (hops, fine) in [(5, true), (6, false), (usize::MAX, false)] {
        let server = Server::new(move |at, _| match at {
            at if at < hops => redirect(&format!("hop{at}?x=1")),
            _ => vec![Step::Say(ok("audio/mpegurl", "#EXTM3U"))],
        })
        .await;
        let fetched = http()
            .playlist(&server.source("/a/live.m3u8"), &patient())
            .await;
        match &fetched {
            Ok(fetched) => assert_eq!(fetched.url, server.url("/a/hop4?x=1")),
            Err(error) => assert_eq!(error.to_string(), "more than 5 redirects"),
        }
        assert_eq!(fetched.is_ok(), fine);
        assert_eq!(server.seen().requests.len(), 6);
    }
}

#[tokio::test]
async fn every_kind_of_redirect_is_followed_but_none_without_a_target() {
    for status in ["301 A", "302 B", "303 C", "307 D", "308 E"] {
        let server = Server::new(move |at, _| {
            let steps = if at == 0 {
                head(status, "Location: /b\r\n")
            } else {
                ok("x/y", "b")
            };
            vec![Step::Say(steps)]
        })
        .await;
        assert_eq!(text(&http(), &server.source("/a")).await.unwrap(), "b");
    }
    for location in [
        &b"http://"[..],
        b"http://[::1/",
        b"/\xff",
        b"http://a:99999/",
    ] {
        let answer = [b"HTTP/1.1 302 Found\r\nLocation: ", location, b"\r\n\r\n"].concat();
        let server = Server::saying(answer).await;
        let error = text(&http(), &server.source("/a")).await;
        assert_eq!(error, Err(FetchError::BadRedirect { code: 302 }));
    }
    let nowhere = Server::saying(head("302 Found", "")).await;
    let error = text(&http(), &nowhere.source("/a")).await;
    assert_eq!(error, Err(FetchError::BadRedirect { code: 302 }));
}

#[tokio::test]
async fn a_redirect_from_an_engine_stays_on_it() {
    let canary = Server::canary().await;
    let to = canary.url("/b?c=d").to_string();
    let server = Server::new(move |at, _| match at {
        0 => redirect(&to),
        _ => vec![Step::Say(ok("audio/mpegurl", "own"))],
    })
    .await;
    let fetched = http()
        .playlist(&server.on_engine("/a"), &patient())
        .await
        .unwrap();
    assert_eq!(
        (fetched.bytes.as_ref(), fetched.url),
        (&b"own"[..], server.url("/b?c=d"))
    );
    assert_eq!(canary.seen().connections, 0);
}

#[tokio::test]
async fn a_redirect_from_a_source_never_leads_inside() {
    let canary = Server::canary().await;
    let port = canary.address.port;
    for host in [
        "127.0.0.1",
        "localhost",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "2130706433",
    ] {
        let to = format!("http://{host}:{port}/");
        let server = Server::new(move |_, _| redirect(&to)).await;
        let error = text(&http(), &server.source("/a")).await.unwrap_err();
        assert!(error.is_forbidden(), "{host}: {error:?}");
        let media = http().segment(&server.source("/a"), None, &patient()).await;
        assert!(media.unwrap_err().is_forbidden(), "{host}");
        let live = http().open(&server.source("/a"), &patient()).await;
        assert!(live.unwrap_err().is_forbidden(), "{host}");
    }
    assert_eq!(canary.seen().connections, 0);
}

#[tokio::test]
async fn the_configured_origin_and_allowed_hosts_may_be_inside() {
    let other = Server::saying(ok("audio/mpegurl", "other")).await;
    let to = other.url("/b").to_string();
    let server = Server::new(move |_, _| redirect(&to)).await;
    let port = other.address.port;
    let exact = format!("127.0.0.1:{port}");
    for (hosts, fine) in [
        (&[][..], false),
        (&["127.0.0.1"], true),
        (&[exact.as_str()], true),
        (&["127.0.0.1:1"], false),
        (&["localhost", "127.0.0.2"], false),
    ] {
        let place = Place::source(server.url("/a"), allowed(hosts));
        assert_eq!(text(&http(), &place).await.is_ok(), fine, "{hosts:?}");
    }
}

#[tokio::test]
async fn a_name_counts_as_what_it_resolves_to() {
    let canary = Server::canary().await;
    let port = canary.address.port;
    for (answers, inside) in [
        (&["127.0.0.1"][..], "127.0.0.1"),
        (&["1.1.1.1", "10.0.0.1"], "10.0.0.1"),
        (&["::1"], "::1"),
        (&["::ffff:127.0.0.1"], "::ffff:127.0.0.1"),
        (&["169.254.169.254"], "169.254.169.254"),
    ] {
        let names = Names::default().with("inside.test", &[answers]);
        let http = Http::with_resolver(patient(), names).unwrap();
        for name in ["inside.test", "INSIDE.test."] {
            let url = format!("http://{name}:{port}/").parse().unwrap();
            let error = text(
                &http,
                &Place {
                    url,
                    guard: elsewhere(),
                },
            )
            .await
            .unwrap_err();
            let reason = Refusal::NotPublic(inside.parse().unwrap());
            let host = name.to_lowercase();
            assert_eq!(error, FetchError::Forbidden { host, reason });
        }
    }
    assert_eq!(canary.seen().connections, 0);
}

#[tokio::test]
async fn a_name_that_changes_its_address_is_connected_to_where_it_was_checked() {
    let canary = Server::canary().await;
    let port = canary.address.port;
    let answers: &[&[&str]] = &[
        &["192.88.99.1"],
        &["127.0.0.1"],
        &["10.1.1.1"],
        &["127.0.0.1"],
    ];
    let names = Names::default().with("rebind.test", answers);
    let http = Http::with_resolver(patient(), names.clone()).unwrap();
    let url: Url = format!("http://rebind.test:{port}/").parse().unwrap();
    for lookups in 1..=4 {
        let place = Place {
            url: url.clone(),
            guard: elsewhere(),
        };
        assert!(text(&http, &place).await.unwrap_err().is_forbidden());
        assert_eq!(
            names.lookups.load(Ordering::SeqCst),
            lookups,
            "one look-up a fetch"
        );
    }
    // A public answer first, of a network that nobody routes: the second answer is never asked for.
    let names = Names::default().with("rebind.test", &[&["3ffe::1"], &["127.0.0.1"]]);
    let http = Http::with_resolver(patient(), names.clone()).unwrap();
    let t = Timeouts {
        connect: SHORT,
        first_byte: SHORT,
        ..patient()
    };
    let place = Place {
        url,
        guard: elsewhere(),
    };
    assert!(http.playlist(&place, &t).await.is_err());
    assert_eq!(names.lookups.load(Ordering::SeqCst), 1);
    assert_eq!(canary.seen().connections, 0);
}

#[tokio::test]
async fn a_connection_made_on_trust_serves_no_request_without_it() {
    let steps = vec![Step::Say(ok("audio/mpegurl", "inside")), Step::Next];
    let server = Server::doing(steps).await;
    let names = Names::default().with("inside.test", &[&["127.0.0.1"]]);
    let http = Http::with_resolver(patient(), names).unwrap();
    let url: Url = format!("http://inside.test:{}/", server.address.port)
        .parse()
        .unwrap();
    let own = Place::source(url.clone(), Arc::default());
    assert_eq!(text(&http, &own).await.unwrap(), "inside");
    let foreign = Place {
        url,
        guard: elsewhere(),
    };
    assert!(text(&http, &foreign).await.unwrap_err().is_forbidden());
    assert_eq!(text(&http, &own).await.unwrap(), "inside");
    let seen = server.seen();
    assert_eq!((seen.connections, seen.requests.len()), (1, 2));
}

#[tokio::test]
async fn the_password_goes_to_the_configured_origin_alone() {
    let other = Server::saying(ok("audio/mpegurl", "other")).await;
    let to = format!("http://thief:pw@{}/b", other.address);
    let server = Server::new(move |at, _| match at {
        0 => redirect("/a2"),
        1 => redirect(&to),
        _ => vec![Step::Say(ok("audio/mpegurl", "own"))],
    })
    .await;
    let origin = format!("http://us%40er:p%3Aw@{}/a?token=1", server.address);
    let place = Place::source(origin.parse().unwrap(), allowed(&["127.0.0.1"]));
    let http = http();
    let fetched = http.playlist(&place, &patient()).await.unwrap();
    assert_eq!(fetched.url.as_str(), format!("http://{}/b", other.address));
    // `us@er:p:w`, on both hops, and again for whatever the playlist names on the same origin.
    let own = place.leading_to(server.url("/seg.ts"));
    http.segment(&own, None, &patient()).await.unwrap();
    for at in 0..3 {
        let request = server.request(at).to_lowercase();
        assert!(
            request.contains("authorization: basic dxnazxi6cdp3\r\n"),
            "{request}"
        );
        assert!(!request.contains("us%40er"), "{request}");
    }
    assert!(!other.request(0).to_lowercase().contains("authorization"));
}

#[tokio::test]
async fn an_engine_gets_no_password_that_somebody_wrote() {
    let server = Server::saying(ok("video/mp2t", "abc")).await;
    let url = format!("http://user:pw@{}/a", server.address)
        .parse()
        .unwrap();
    let place = Place::on_engine(&server.address, url);
    http().segment(&place, None, &patient()).await.unwrap();
    assert!(!server.request(0).to_lowercase().contains("authorization"));
}

#[tokio::test]
async fn an_engine_whose_address_is_none_is_not_asked() {
    let canary = Server::canary().await;
    for host in ["x@127.0.0.1", "127.0.0.1/x?", "a b", ""] {
        let host = host.to_owned();
        let engine = engine::Address {
            host,
            ..canary.address
        };
        let place = Place::on_engine(&engine, canary.url("/"));
        let error = text(&http(), &place).await.unwrap_err();
        let FetchError::Forbidden { reason, .. } = error else {
            panic!("{error:?}")
        };
        assert_eq!(reason, Refusal::BadEngine);
        assert!(!http().version(&engine).await.unwrap_err().answered());
    }
    assert_eq!(canary.seen().connections, 0);
}

#[tokio::test]
async fn no_text_holds_a_password_or_a_query() {
    let dead = Server::saying("").await;
    let port = dead.address.port;
    let secret =
        |host: &str| format!("http://canaryuser:canarypw@{host}/p?k=canaryquery#canaryhash");
    for host in [
        "127.0.0.1:1",
        &format!("127.0.0.1:{port}"),
        "no-such-name.invalid",
        "[::1]:1",
    ] {
        let url: Url = secret(host).parse().unwrap();
        let source = Place::source(url.clone(), Arc::default());
        let foreign = Place {
            url: url.clone(),
            guard: elsewhere(),
        };
        let engine = engine::Address {
            host: "127.0.0.1".to_owned(),
            port: 1,
        };
        let engine = Place::on_engine(&engine, url);
        for place in [source, foreign, engine] {
            let error = text(&http(), &place).await.unwrap_err();
            let shown = format!("{error} {error:?} {place} {place:?}");
            assert!(!shown.contains("canary"), "{shown}");
        }
    }
}

#[tokio::test]
async fn a_host_that_speaks_no_tls_and_a_name_that_is_unknown_say_so() {
    for bytes in ["HTTP/1.1 400 No\r\n\r\n", ""] {
        let address = blurting(bytes).await;
        let plain = format!("https://{address}/").parse().unwrap();
        let error = text(&http(), &Place::source(plain, Arc::default()))
            .await
            .unwrap_err();
        assert!(matches!(error, FetchError::Tls { .. }), "{error:?}");
    }
    let http = Http::with_resolver(patient(), Names::default()).unwrap();
    let unknown = "http://unknown.test/".parse().unwrap();
    let error = text(&http, &Place::source(unknown, Arc::default()))
        .await
        .unwrap_err();
    let (host, why) = ("unknown.test".to_owned(), "no such name".to_owned());
    assert_eq!(error, FetchError::Lookup { host, why });
}

#[test]
fn an_allowed_host_is_read_or_refused() {
    for text in [
        "nas.local",
        "nas.local:8080",
        "10.0.0.9",
        "[fd00::1]",
        "[fd00::1]:80",
        "NAS.",
    ] {
        assert!(text.parse::<Allowed>().is_ok(), "{text}");
    }
    for text in [
        "",
        "http://nas",
        "nas/x",
        "a b",
        "user@nas",
        "nas:x",
        "fd00::1",
        "nas:0",
    ] {
        assert!(text.parse::<Allowed>().is_err(), "{text}");
    }
    assert_eq!("NAS.:80".parse::<Allowed>(), "nas:80".parse::<Allowed>());
}

#[test]
fn a_guard_is_shown_without_its_secrets() {
    let guard = Guard::Source {
        origin: "http://u:p@h:81/x?y=z".parse().unwrap(),
        allowed: Arc::default(),
    };
    assert_eq!(format!("{guard:?}"), "Source(h:81/x, 0 allowed)");
}
