//! The watch over a real socket: what it sees of a source that is well, and of one that is not.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use simulator::fault::{Endpoint, Http, Listing, Rule as Fault};
use simulator::lint::{Options, Report, Rule, WatchError, watch};
use simulator::media::{Marked, Media};
use simulator::origin::{self, Origin, Packaging};

/// Enough for a few polls of a list with half-second segments.
const WATCHED: Duration = Duration::from_secs(4);

/// An origin whose list is short, so that segments leave it soon.
async fn origin(packaging: Packaging) -> Origin {
    let media = Media::marked(Marked {
        stream: 1,
        duration: Duration::from_millis(500),
        bytes: 20_000,
    });
    let options = origin::Options {
        packaging,
        window: 6,
        initial: 6,
        kept: 20,
        ..origin::Options::of(media)
    };
    Origin::start(options).await.expect("an origin")
}

async fn watched(origin: &Origin, duration: Duration) -> Report {
    let options = Options {
        duration,
        any_server: true,
        ..Options::of(origin.url())
    };
    watch(&options).await.expect("a list")
}

/// What is found beside what this origin is known for: it knows nothing of other hosts' pages, nor of caches.
fn odd(report: &Report) -> Vec<Rule> {
    let known = [Rule::VersionTooHigh, Rule::Cors, Rule::Caching];
    let rules = report.findings.iter().map(|it| it.rule);
    rules.filter(|rule| !known.contains(rule)).collect()
}

#[tokio::test]
async fn a_source_is_watched_to_the_end_and_what_it_lacks_is_told() {
    let origin = origin(Packaging::Plain).await;
    let report = watched(&origin, Duration::from_secs(6)).await;
    assert_eq!(odd(&report), [], "{report}");
    assert!(12 <= report.segments && 5 <= report.lists, "{report}");
    assert!(0 < report.fetched_again, "{report}");
    assert!(0 < report.not_yet, "{report}");
    let of = |rule| report.findings.iter().filter(|it| it.rule == rule).count();
    assert!(5 <= of(Rule::Cors), "{report}");
    assert_eq!(of(Rule::Caching), 2, "{report}");
    let json = report.json();
    assert_eq!(json["clean"], false);
    assert_eq!(json["findings"][0]["rule"], "VersionTooHigh");
    assert!(json["findings"][0]["clause"].as_str().is_some());
}

#[tokio::test]
async fn other_packagings_are_watched_as_they_are() {
    let wrapped = [
        Packaging::Encrypted,
        Packaging::Fragmented,
        Packaging::Ranges,
    ];
    let look = async |packaging| {
        let origin = origin(packaging).await;
        let report = watched(&origin, Duration::from_secs(2)).await;
        assert_eq!(odd(&report), [], "{packaging:?}: {report}");
        assert!(6 <= report.segments, "{report}");
    };
    join_all(wrapped.map(look)).await;
}

#[tokio::test]
async fn a_sealed_segment_is_opened_and_looked_into() {
    let second = Duration::from_secs(1);
    for (endpoint, fault, rule) in [
        (Endpoint::Segment, Http::Trim(16), Rule::NotMedia),
        (Endpoint::Key, Http::Status(403), Rule::KeyFile),
        (Endpoint::Key, Http::Trim(1), Rule::KeyFile),
        (
            Endpoint::Key,
            Http::Replace(Bytes::from_static(&[7; 16])),
            Rule::NotMedia,
        ),
    ] {
        let origin = origin(Packaging::Encrypted).await;
        origin.faults().always(endpoint, fault);
        let report = watched(&origin, second).await;
        assert!(odd(&report).contains(&rule), "{rule:?}: {report}");
    }
    // A hole in time is seen through the seal.
    let origin = origin(Packaging::Encrypted).await;
    origin.faults().add(Listing::Lose(2));
    let report = watched(&origin, second * 3).await;
    assert_eq!(odd(&report), [Rule::TimestampJump], "{report}");
}

#[tokio::test]
async fn mirrors_that_disagree_are_seen_to_fall_back() {
    let origin = origin(Packaging::Plain).await;
    origin.faults().add(Listing::Flap(3));
    let report = watched(&origin, WATCHED).await;
    let falls = [Rule::MediaSequenceFell, Rule::EndFell];
    let told = odd(&report);
    assert!(told.iter().any(|rule| falls.contains(rule)), "{report}");
}

#[tokio::test]
async fn a_segment_that_goes_too_soon_is_missed() {
    let origin = origin(Packaging::Plain).await;
    // These have left the list after two seconds, and must stay for 3.5 s from then on.
    for number in 0..4 {
        let gone = Fault::new(Http::Status(404)).on(Endpoint::Segment);
        let gone = gone.segment(number).after(Duration::from_secs(2));
        origin.faults().add(gone);
    }
    let report = watched(&origin, Duration::from_secs(6)).await;
    let told = odd(&report);
    assert!(told.contains(&Rule::SegmentGone), "{report}");
    assert!(told.iter().all(|it| *it == Rule::SegmentGone), "{report}");
}

#[tokio::test]
async fn a_spell_without_a_list_is_told_once_and_watched_through() {
    let origin = origin(Packaging::Plain).await;
    let spell = Fault::new(Http::Status(503)).on(Endpoint::Playlist);
    let second = Duration::from_secs(1);
    origin.faults().add(spell.after(second).lasting(second * 2));
    let report = watched(&origin, Duration::from_secs(5)).await;
    let told = odd(&report);
    let told = told.iter().filter(|rule| **rule == Rule::Unavailable);
    assert_eq!(told.count(), 1, "{report}");
    assert!(12 < report.segments, "{report}");
}

#[tokio::test]
async fn where_there_is_no_list_there_is_nothing_to_watch() {
    let origin = origin(Packaging::Plain).await;
    let fault = origin.faults().always(Endpoint::Playlist, Http::Html);
    let error = watch(&Options::of(origin.url())).await.unwrap_err();
    assert!(matches!(error, WatchError::NoList { .. }), "{error}");
    assert!(error.to_string().contains("a web page"), "{error}");
    origin.faults().remove(fault);
    let refused = Http::Respond {
        status: 404,
        headers: vec![],
        body: Bytes::from_static(b"no"),
    };
    origin.faults().always(Endpoint::Playlist, refused);
    let error = watch(&Options::of(origin.url())).await.unwrap_err();
    assert!(error.to_string().contains("404"), "{error}");
    for url in ["live.m3u8", "https://127.0.0.1/live.m3u8", "http://"] {
        let error = watch(&Options::of(url)).await.unwrap_err();
        assert!(matches!(error, WatchError::Address { .. }), "{url}");
    }
}
