//! Plain HLS sources that the operator has named, in all the forms that they come in.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use simulator::fault::{Endpoint, Http, Listing, Rule};
use simulator::media::{self, Marked, Media};
use simulator::origin::{self, Options, Origin, Packaging};
use tempfile::TempDir;
use weir::app::{Service, Staged};
use weir::config::Source;

use crate::stage::{Answer, Player, eventually, fast, quick_config, request, within};
use crate::watcher::Watcher;

/// Weir in front of an origin that is named `news`.
struct Scene {
    origin: Origin,
    weir: Service,
    _folder: TempDir,
}

const ENTRY: &str = "/ace/getstream?id=news";

impl Scene {
    async fn new(packaging: Packaging) -> Self {
        Self::with(|options| options.packaging = packaging).await
    }

    async fn with(change: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options::of(Media::marked(Marked {
            stream: 7,
            duration: Duration::from_millis(500),
            bytes: 20_000,
        }));
        change(&mut options);
        let origin = Origin::start(options).await.expect("an origin");
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = quick_config(&folder);
        fast(&mut config);
        config.sources = vec![Source {
            name: "news".into(),
            url: origin.url().parse().expect("an address"),
        }];
        let weir = Service::start(config, Staged::default())
            .await
            .expect("a service");
        Self {
            origin,
            weir,
            _folder: folder,
        }
    }

    async fn get(&self, path: &str) -> Answer {
        request(self.weir.address(), Method::GET, path, &[]).await
    }

    async fn player(&self) -> Player {
        Player::enter(self.weir.address(), ENTRY).await
    }

    /// What the origin itself answers.
    async fn original(&self, path: &str) -> Bytes {
        let answer = request(self.origin.address(), Method::GET, path, &[]).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        answer.body
    }
}

/// What a list names beside its segments.
async fn fetch(player: &Player, uri: &str) -> Answer {
    let (folder, _) = player.media.rsplit_once('/').expect("a path");
    request(player.address, Method::GET, &format!("{folder}/{uri}"), &[]).await
}

/// What a path ends in; players look at it, and never at what follows.
fn extension(uri: &str) -> &str {
    let path = uri.split('?').next().unwrap_or_default();
    path.rsplit_once('.').expect("an extension").1
}

fn are_in_a_row(numbers: &[u64]) -> bool {
    numbers.windows(2).all(|pair| pair[0] + 1 == pair[1])
}

#[tokio::test]
async fn a_named_source_plays_without_any_engine() {
    let scene = Scene::new(Packaging::Plain).await;
    let mut watcher = Watcher::new(scene.player().await);
    watcher.more(6).await;
    assert!(are_in_a_row(&watcher.source_numbers()));
    let metrics = scene.origin.metrics();
    assert!(metrics.segments.values().all(|fetches| *fetches == 1));
    let streams = scene.get("/streams").await.json();
    assert_eq!(
        (&streams[0]["key_type"], &streams[0]["key"]),
        (&"url".into(), &"news".into())
    );
    let named = scene.get("/api/v1/sources").await.text();
    assert!(
        named.contains("news") && !named.contains("live.m3u8"),
        "{named}"
    );
}

#[tokio::test]
async fn encrypted_segments_can_be_decrypted_over_a_change_of_the_key() {
    let scene = Scene::new(Packaging::Encrypted).await;
    let player = scene.player().await;
    let (mut checked, mut keys) = (BTreeSet::new(), BTreeSet::new());
    eventually("segments under two keys", async || {
        let list = player.poll().await;
        for segment in &list.segments {
            if !checked.insert(segment.sequence) {
                continue;
            }
            let key = segment.key.as_ref().expect("a key in every list");
            assert_eq!(key.method, "AES-128");
            let uri = key.uri.clone().expect("an address");
            let secret = fetch(&player, &uri).await.body;
            let secret: [u8; 16] = secret[..].try_into().expect("16 bytes");
            let vector = u64::try_from(key.iv.expect("a stated vector")).expect("a number");
            let body = player.fetch(segment).await.body;
            let plain = origin::decrypt(&secret, vector, &body).expect("the key fits");
            let mark = media::check(&plain).expect("one whole segment");
            assert_eq!(mark.segment, vector);
            keys.insert(uri);
        }
        if checked.len() == 8 && keys.len() == 1 {
            scene.origin.faults().add(Listing::RotateKey);
        }
        (keys.len() == 2).then_some(())
    })
    .await;
    // One who comes now finds a key in the list as well.
    let late = scene.player().await.poll().await;
    assert!(late.segments.iter().all(|it| it.key.is_some()), "{late:#?}");
}

#[tokio::test]
async fn fragmented_segments_come_with_their_initialisation_section_also_for_who_comes_late() {
    let scene = Scene::new(Packaging::Fragmented).await;
    let early = scene.player().await;
    let begun = early.poll().await.media_sequence;
    let initial = scene.original("/init.mp4").await;
    early
        .poll_until(|list| begun + 2 < list.media_sequence)
        .await;
    let player = scene.player().await;
    let list = player.poll().await;
    let first = list.segments[0].clone();
    let body = player.fetch(&first).await;
    assert_eq!(body.header("content-type"), "video/iso.segment");
    assert_eq!(extension(&first.uri), "m4s");
    let map = first.map.expect("an initialisation section");
    assert_eq!(extension(&map.uri), "mp4");
    assert_eq!(fetch(&player, &map.uri).await.body, initial);
    let upstream = scene.origin.metrics().segments;
    let mut found = false;
    for (_, number) in upstream.keys() {
        let path = format!("/segment/{number}.m4s");
        let answer = request(scene.origin.address(), Method::GET, &path, &[]).await;
        found |= answer.body == body.body;
    }
    assert!(found, "the bytes are none of the source's");
}

#[tokio::test]
async fn ranges_of_one_file_become_segments_of_their_own() {
    let scene = Scene::new(Packaging::Ranges).await;
    let mut watcher = Watcher::new(scene.player().await);
    let list = watcher.more(6).await;
    assert!(are_in_a_row(&watcher.source_numbers()));
    assert!(list.segments.iter().all(|it| it.byte_range.is_none()));
    assert!(0 < scene.origin.metrics().ranges);
}

#[tokio::test]
async fn of_several_qualities_the_highest_is_played() {
    let scene = Scene::with(|options| options.multivariant = true).await;
    let entry = scene.get(ENTRY).await;
    let text = entry.text();
    assert!(text.contains("BANDWIDTH=3000000"), "{text}");
    assert!(text.contains("RESOLUTION=1280x720"), "{text}");
    let mut watcher = Watcher::new(Player::of(scene.weir.address(), &entry));
    watcher.more(4).await;
    let metrics = scene.origin.metrics();
    let asked = |name: &str| {
        metrics
            .log
            .iter()
            .filter(|it| it.target.contains(name))
            .count()
    };
    assert_eq!(asked("low.m3u8"), 0);
    // The offer is read when the source is opened, not with each poll.
    assert!(asked("live.m3u8") < asked("high.m3u8"));
}

#[tokio::test]
async fn oddly_written_lists_are_read() {
    let scene = Scene::with(|options| options.absolute = true).await;
    let faults = scene.origin.faults();
    let mut watcher = Watcher::new(scene.player().await);
    watcher.look().await;
    let odd = [
        vec![
            Listing::Extinf("0.5 , a title, with = signs".into()),
            Listing::UnknownTags,
            Listing::Crlf,
            Listing::Bom,
        ],
        vec![
            Listing::Extinf("none".into()),
            Listing::Without("#EXT-X-VERSION".into()),
            Listing::Without("#EXT-X-TARGETDURATION".into()),
        ],
    ];
    for odd in odd {
        faults.clear();
        for fault in &odd {
            faults.add(fault.clone());
        }
        watcher.more(3).await;
        assert!(are_in_a_row(&watcher.source_numbers()), "{odd:?}");
        assert_eq!(watcher.discontinuities(), 0, "{odd:?}");
    }
}

#[tokio::test]
async fn a_source_that_is_away_for_a_while_is_followed_on_where_it_was() {
    let scene = Scene::new(Packaging::Plain).await;
    let mut watcher = Watcher::new(scene.player().await);
    watcher.more(2).await;
    scene.origin.crash(Duration::from_secs(1));
    watcher.more(8).await;
    watcher.assert_unbroken();
}

#[tokio::test]
async fn dates_that_the_source_gives_are_passed_on_and_never_go_back() {
    let scene = Scene::with(|options| options.dates = true).await;
    let mut watcher = Watcher::new(scene.player().await);
    let list = watcher.more(2).await;
    let original = scene.original("/live.m3u8").await;
    let original = match hls::read(&original) {
        Ok(hls::Playlist::Media(media)) => media,
        other => panic!("{other:?}"),
    };
    let date = list.segments[0].program_date_time;
    assert!(
        original
            .segments
            .iter()
            .any(|it| it.program_date_time == date)
    );
    let back = Listing::DateBack(Duration::from_hours(1));
    let fault = scene.origin.faults().add(back);
    within(scene.origin.faults().until_used(fault, 1)).await;
    // The watcher itself holds that dates rise.
    watcher.more(5).await;
}

#[tokio::test]
async fn a_source_that_says_no_is_a_bad_gateway() {
    let scene = Scene::new(Packaging::Plain).await;
    let gone = Rule::new(Http::Status(404)).on(Endpoint::Playlist);
    scene.origin.faults().add(gone);
    let answer = scene.get(ENTRY).await;
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY, "{}", answer.text());
    assert!(!answer.text().contains("live.m3u8"), "{}", answer.text());
}
