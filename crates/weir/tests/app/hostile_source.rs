//! Sources that lead elsewhere, lie or fall silent: no address is asked that the operator did not
//! configure, and viewers keep what they have.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use http::StatusCode;
use simulator::fault::{Endpoint, Fault, Http, Listing};
use simulator::origin::{Options, Origin, Packaging};
use url::Url;
use weir::clock::Clock;

use crate::canary::Canary;
use crate::log::Log;
use crate::plain::{Plain, START_MAX, media};
use crate::stage::{PATIENCE, Player};

/// What an answer may take beyond the first segment's time on a busy machine.
const SLACK: Duration = Duration::from_secs(3);

/// A media playlist whose segments the origin has, with these lines before the first.
fn listing(origin: &Origin, lines: &str) -> Bytes {
    let base = format!("http://{}", origin.address());
    let head = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:4\n";
    let segments = (4..10).map(|n| format!("#EXTINF:0.5,\n{base}/segment/{n}.ts\n"));
    let segments: Vec<_> = segments.collect();
    format!("{head}{lines}\n{}", segments.concat()).into()
}

/// The text of a refusal, which must come in time.
async fn refusal(plain: &Plain) -> String {
    let clock = Clock::start();
    let answer = plain.enter().await;
    let waited = clock.now().0;
    assert!(waited < START_MAX + SLACK, "{waited:?}");
    let statuses = [StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE];
    assert!(statuses.contains(&answer.status), "{}", answer.text());
    let json = answer.json();
    json["detail"].as_str().expect("a detail").to_owned()
}

/// What each kind of lead is called, and the fault that makes the source lead there.
fn leads(origin: &Origin, to: &str) -> Vec<(&'static str, Endpoint, Fault)> {
    let variant = format!("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=800000\n{to}/live.m3u8\n");
    let key = format!("#EXT-X-KEY:METHOD=AES-128,URI=\"{to}/1.key\"");
    let map = format!("#EXT-X-MAP:URI=\"{to}/init.mp4\"");
    let replaced = |body: Bytes| Fault::from(Http::Replace(body));
    let playlist = Endpoint::Playlist;
    vec![
        ("segment", playlist, Listing::Prefix(to.to_owned()).into()),
        ("key", playlist, replaced(listing(origin, &key))),
        ("map", playlist, replaced(listing(origin, &map))),
        ("variant", playlist, replaced(variant.into())),
    ]
}

fn redirects(to: &str) -> Vec<(&'static str, Endpoint, Fault)> {
    let redirect = |path: &str| Fault::from(Http::Redirect(format!("{to}{path}")));
    vec![
        (
            "playlist's redirect",
            Endpoint::Playlist,
            redirect("/live.m3u8"),
        ),
        ("segment's redirect", Endpoint::Segment, redirect("/1.ts")),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_a_source_says_leads_to_an_address_inside() {
    let canary = Canary::new();
    let meet = async |n: usize| {
        // A key is asked for only where the segments look as if they needed one.
        let packaging = [Packaging::Plain, Packaging::Encrypted][usize::from(n == 1)];
        let options = Options {
            packaging,
            ..Options::of(media())
        };
        let plain = Plain::with(options, |_| {}).await;
        let mut all = leads(&plain.origin, &canary.url());
        all.extend(redirects(&canary.url()));
        let (what, endpoint, fault) = all.swap_remove(n);
        let fault = plain.origin.faults().always(endpoint, fault);
        let text = refusal(&plain).await;
        assert!(0 < plain.origin.faults().used(fault), "{what}");
        let why = "\"127.0.0.2\" is refused: 127.0.0.2 is not a public address";
        assert!(text.contains(why), "{what}: {text}");
    };
    join_all((0..6).map(meet)).await;
    assert!(!canary.was_asked());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_spelling_of_an_inside_address_is_refused() {
    let port = Canary::new().address().port();
    let spellings = [
        format!("http://localhost:{port}"),
        format!("http://LOCALHOST:{port}"),
        format!("http://2130706433:{port}"),
        format!("http://0x7f000001:{port}"),
        format!("http://0177.0.0.1:{port}"),
        format!("http://127.1:{port}"),
        format!("http://0:{port}"),
        format!("http://[::1]:{port}"),
        format!("http://[::ffff:127.0.0.1]:{port}"),
        format!("http://example.com@127.0.0.1:{port}"),
        "http://169.254.169.254/latest".into(),
        "http://10.0.0.1".into(),
        format!("//127.0.0.1:{port}"),
    ];
    let meet = async |to: String| {
        let plain = Plain::new().await;
        plain.origin.faults().add(Listing::Prefix(to.clone()));
        let text = refusal(&plain).await;
        assert!(text.contains("is not a public address"), "{to}: {text}");
    };
    join_all(spellings.map(meet)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_that_are_not_of_the_web_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("secret");
    std::fs::write(&file, "#EXTM3U secret").expect("a file");
    let meet = async |to: &str, n: usize| {
        let plain = Plain::new().await;
        let (what, endpoint, fault) = leads(&plain.origin, to).swap_remove(n);
        plain.origin.faults().always(endpoint, fault);
        let text = refusal(&plain).await;
        assert!(!text.contains("nothing has come"), "{to} as {what}: {text}");
        assert!(!text.contains("secret"), "{to} as {what}: {text}");
    };
    let file = format!("file://{}", file.display());
    let schemes = [
        file.as_str(),
        "data:video/mp2t;base64,R0A",
        "concat:http://127.0.0.1/a|file:///etc/passwd",
        "ftp://127.0.0.1",
    ];
    let all = schemes.map(|to| join_all((0..4).map(move |n| (to, n)).map(|(to, n)| meet(to, n))));
    join_all(all).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_the_operator_has_allowed_is_asked() {
    let other = Origin::start(Options::of(media())).await.expect("another");
    let host = other.address().to_string();
    let plain = Plain::with(Options::of(media()), |config| {
        let allowed = host.parse().expect("a host");
        config.source_hosts = [allowed].into();
    })
    .await;
    let prefix = Listing::Prefix(format!("http://{host}"));
    plain.origin.faults().add(prefix);
    let mut watcher = plain.watcher().await;
    watcher.more(4).await;
    assert!(0 < other.metrics().fetches_all());
    assert_eq!(plain.origin.metrics().fetches_all(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_gives_something_else_is_refused_in_time_and_in_our_words() {
    let everything = [
        (Endpoint::Playlist, Http::Html),
        (Endpoint::Playlist, Http::Empty),
        (Endpoint::Playlist, Http::Oversized(10 << 20)),
        (Endpoint::Playlist, Http::GzipBomb(100 << 20)),
        (Endpoint::Playlist, Http::Status(401)),
        (Endpoint::Playlist, Http::Status(404)),
        (Endpoint::Playlist, Http::RedirectLoop),
        (Endpoint::Playlist, Http::EndlessHeader),
        (Endpoint::Segment, Http::Html),
        (Endpoint::Segment, Http::Endless),
        (Endpoint::Segment, Http::Oversized(200 << 20)),
        (Endpoint::Segment, Http::GzipBomb(100 << 20)),
        (Endpoint::Segment, Http::Status(401)),
        (Endpoint::Segment, Http::RedirectLoop),
    ];
    let meet = async |(endpoint, fault): (Endpoint, Http)| {
        let plain = Plain::new().await;
        let shown = format!("{endpoint:?} {fault:?}");
        plain.origin.faults().always(endpoint, fault);
        let text = refusal(&plain).await;
        let ours = ["Source error: ", "Source communication error: "];
        let known = text.starts_with("Timeout waiting for stream buffer: ");
        assert!(
            known || ours.iter().any(|it| text.starts_with(it)),
            "{shown}: {text}"
        );
        assert!(!text.contains("made to fail"), "{shown}: {text}");
    };
    join_all(everything.map(meet)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewers_keep_a_list_that_plays_while_the_source_gives_none_and_then_it_goes_on() {
    let outages = [
        Fault::from(Http::Html),
        Http::Empty.into(),
        Listing::Empty.into(),
        Http::Status(404).into(),
        Http::Status(503).into(),
        Http::Drop(simulator::fault::Ending::Reset).into(),
    ];
    let outlive = async |fault: Fault| {
        let plain = Plain::with(Options::of(media()), |config| {
            // As much as the source has gained by the end of its outage is kept; the list is as
            // short as usual.
            config.settings.hls_max_segments = 41;
        })
        .await;
        let mut watcher = plain.watcher().await;
        watcher.more(4).await;
        let shown = format!("{fault:?}");
        let fault = plain.origin.faults().always(Endpoint::Playlist, fault);
        let clock = Clock::start();
        // Every look checks that the list is there, that it plays, and that no number falls.
        while clock.now().0 < Duration::from_secs(6) {
            watcher.look().await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(0 < plain.origin.faults().used(fault), "{shown}");
        plain.origin.faults().clear();
        let clock = Clock::start();
        watcher.more(4).await;
        assert!(clock.now().0 < PATIENCE / 3, "{shown}");
    };
    join_all(outages.map(outlive)).await;
}

#[tokio::test]
async fn a_password_in_a_source_s_address_is_in_no_answer_and_in_no_log_line() {
    let log = Log::listen();
    let plain = Plain::with(Options::of(media()), |config| {
        let url: Url = config.sources[0].url.clone();
        let text = url.as_str().replace("http://", "http://user:hunter2@");
        config.sources[0].url = format!("{text}?token=hunter2").parse().expect("an address");
    })
    .await;
    let mut said = Vec::new();
    for fault in [
        None,
        Some(Http::Status(404)),
        Some(Http::Html),
        Some(Http::RedirectLoop),
    ] {
        if let Some(fault) = fault {
            plain.origin.faults().always(Endpoint::Any, fault);
        }
        let answer = plain.enter().await;
        said.push(answer.text());
        if answer.status == StatusCode::OK {
            let player = Player::of(plain.weir.address(), &answer);
            said.push(format!("{:?}", player.poll().await));
        }
        for path in [
            "/streams",
            "/proxy/status",
            "/proxy/streams/cam/clients",
            "/health/status",
            "/api/v1/sources",
            "/ace/getstream?id=cam%20",
        ] {
            said.push(plain.get(path).await.text());
        }
        plain.origin.until(|metrics| 0 < metrics.playlists).await;
        plain.origin.crash(Duration::ZERO);
    }
    plain.weir.stop().await;
    let logged = log.text();
    assert!(logged.contains("channel cam"), "{logged}");
    assert!(!logged.contains("hunter2"), "{logged}");
    assert!(
        said.iter().all(|text| !text.contains("hunter2")),
        "{said:#?}"
    );
}
