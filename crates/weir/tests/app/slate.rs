//! What viewers are shown while there is nothing else to show: they get in, they stay, and it is marked as what it is.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use simulator::engine::{Channel, Options};
use simulator::fault::Listing;
use simulator::lint;
use simulator::media::{self, Media};
use weir::config::Config;
use weir::settings::Slate;

use crate::stage::{PATIENCE, Player, Stage, quick_engine, within};

/// Long enough for a player to give up, in the short time of a test.
const SOON: Duration = Duration::from_millis(200);

/// Longer than a test waits for anything.
const NEVER: Duration = Duration::from_secs(600);

/// The length of a clip of the slate.
const CLIP: Duration = Duration::from_millis(1920);

/// A seam may cost some frames' time, so that what is sent stays behind the clock; a clip's is far more.
const SEAM_MAX: Duration = Duration::from_millis(300);

/// An engine that needs so long before it gives anything.
fn slow(prebuf: Duration) -> Options {
    Options {
        prebuf,
        ..quick_engine()
    }
}

/// A Weir that shows clips soon.
async fn stage(options: Options, change: impl FnOnce(&mut Config)) -> Stage {
    Stage::with(options, |config| {
        config.settings.slate = Slate::Hls;
        config.slate_after = SOON;
        change(config);
    })
    .await
}

/// One stream, in which no packet and no clip is missing.
fn assert_unbroken(heard: &[Bytes]) {
    let facts = ts::inspect(heard).expect("one transport stream");
    assert_eq!(facts.continuity_errors, 0);
    let longest = facts.longest_step.expect("frames");
    assert!(longest < SEAM_MAX, "{longest:?}");
}

/// A viewer who looks at what each segment is.
struct Onlooker {
    player: Player,
    seen: BTreeMap<u64, String>,
}

impl Onlooker {
    fn new(player: Player) -> Self {
        Self {
            player,
            seen: BTreeMap::new(),
        }
    }

    /// Looks until what it has seen, a letter for each segment, is as wanted: `m` for media of the source, `s` for
    /// a clip, and a line before what is behind a break.
    async fn until(&mut self, wanted: impl Fn(&str, &hls::Media) -> bool) -> hls::Media {
        let work = async {
            loop {
                let list = self.player.poll().await;
                for segment in &list.segments {
                    if !self.seen.contains_key(&segment.sequence) {
                        let letter = self.letter(segment).await;
                        self.seen.insert(segment.sequence, letter);
                    }
                }
                if wanted(&self.letters(), &list) {
                    return list;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let found = tokio::time::timeout(PATIENCE, work).await;
        found.unwrap_or_else(|_| panic!("never came to be; seen: {}", self.letters()))
    }

    async fn letter(&self, segment: &hls::Segment) -> String {
        let answer = self.player.fetch(segment).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        assert_eq!(answer.header("content-type"), "video/mp2t");
        let line = if segment.discontinuity { "|" } else { "" };
        if media::check(&answer.body).is_ok() {
            return format!("{line}m");
        }
        let facts = ts::inspect(&[answer.body]).expect("a transport stream");
        assert_eq!(facts.duration, Some(CLIP));
        assert_eq!(segment.duration, CLIP);
        format!("{line}s")
    }

    fn letters(&self) -> String {
        self.seen.values().map(String::as_str).collect()
    }
}

/// What the lint says of the first channel, watched for so long.
async fn watched(stage: &Stage, seconds: u64) -> lint::Report {
    let options = lint::Options {
        duration: Duration::from_secs(seconds),
        ..lint::Options::of(format!("http://{}{}", stage.address(), stage.entry()))
    };
    within(lint::watch(&options)).await.expect("a list")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_that_takes_long_is_answered_with_clips_and_the_stream_follows_on_them() {
    let stage = stage(slow(Duration::from_secs(5)), |_| {}).await;
    let look = async {
        let mut onlooker = Onlooker::new(stage.player().await);
        onlooker.until(|seen, _| seen.contains("sss")).await;
        let state = stage.channel(|it| it["on_slate"] == true).await;
        assert_eq!(state["state"], "starting", "{state:#}");
        onlooker.until(|seen, _| seen.contains("|mmm")).await;
        onlooker.letters()
    };
    let (seen, report) = tokio::join!(look, watched(&stage, 11));
    let seen = seen.trim_start_matches('|').trim_start_matches('s');
    assert!(
        seen.starts_with("|mmm") && !seen[1..].contains('|'),
        "{seen}"
    );
    assert!(report.is_clean(), "{report}");
    let state = stage.channel(|it| it["on_slate"] == false).await;
    assert_eq!(state["state"], "live", "{state:#}");
    assert!(Some(4) <= state["slate_segments"].as_u64(), "{state:#}");
    assert_eq!(state["upstream"]["sessions"], 1, "{state:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_is_bridged_by_clips_and_breaks_no_rule_of_live_lists() {
    let stage = stage(quick_engine(), |_| {}).await;
    let look = async {
        let mut onlooker = Onlooker::new(stage.player().await);
        onlooker.until(|seen, _| seen.ends_with("mmmm")).await;
        stage.engine.crash(Duration::from_secs(6));
        onlooker.until(|seen, _| seen.contains("m|s")).await;
        onlooker.until(|seen, _| seen.contains("s|mmm")).await;
        onlooker.letters()
    };
    let (seen, report) = tokio::join!(look, watched(&stage, 14));
    assert!(report.is_clean(), "{report}");
    assert!(seen.contains("m|s"), "{seen}");
}

#[tokio::test]
async fn a_source_that_does_not_come_back_ends_with_a_clip_and_the_end_of_the_list() {
    let stage = stage(quick_engine(), |config| {
        config.settings.no_data_timeout_checks = 7;
    })
    .await;
    let mut onlooker = Onlooker::new(stage.player().await);
    stage.engine.crash(NEVER);
    let list = onlooker.until(|_, list| list.ended).await;
    let seen = onlooker.letters();
    assert!(list.ended && seen.contains("m|ss"), "{seen}");
    assert!(seen.ends_with('s'), "{seen}");
}

#[tokio::test]
async fn a_start_that_never_comes_about_ends_its_list_and_newcomers_are_told_why() {
    let stage = stage(slow(NEVER), |config| {
        config.settings.hls_buffer_ready_timeout = Duration::from_secs(5);
    })
    .await;
    let mut onlooker = Onlooker::new(stage.player().await);
    let list = onlooker.until(|_, list| list.ended).await;
    assert!(4 <= list.segments.len());
    let answer = within(stage.viewer()).await.expect("an answer");
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let text = "Timeout waiting for stream buffer: not ready within 5 s";
    assert!(answer.text().contains(text), "{}", answer.text());
    assert_ne!(answer.header("retry-after"), "");
}

#[tokio::test]
async fn a_viewer_of_a_continuous_stream_waits_for_the_source_and_gets_no_clip() {
    let stage = stage(slow(Duration::from_secs(3)), |_| {}).await;
    let watcher = stage.viewer();
    let mut listener = stage.listener().await;
    let state = stage.channel(|it| it["on_slate"] == false).await;
    assert!(Some(4) <= state["slate_segments"].as_u64(), "{state:#}");
    listener.more(4).await;
    listener.assert_unbroken();
    within(watcher).await.expect("an answer");
    stage.engine.crash(Duration::from_secs(5));
    let reading = async { while listener.read().await {} };
    tokio::select! {
        () = reading => panic!("it ended"),
        _ = stage.channel(|it| Some(5) <= it["slate_segments"].as_u64() && it["on_slate"] == false) => {}
    }
    listener.more(3).await;
    listener.assert_smooth();
    let unmarked = |fault: &&media::Fault| matches!(fault, media::Fault::NoMark { .. });
    let count = listener.report().faults.iter().filter(unmarked).count();
    assert!(count < 40, "{count} packets are not the source's");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_slate_for_all_a_continuous_stream_begins_with_clips_while_an_engine_starts() {
    let options = Options {
        channels: vec![Channel::numbered(1, Media::clip(0))],
        ..slow(Duration::from_secs(3))
    };
    let stage = stage(options, |config| config.settings.slate = Slate::All).await;
    let mut listener = stage.listener().await;
    let first = listener.hear().await.expect("a clip");
    let state = stage.channel(|_| true).await;
    assert_eq!(state["on_slate"], true, "{state:#}");
    let mut heard = vec![first];
    let hear = async {
        while let Some(bytes) = listener.hear().await {
            heard.push(bytes);
        }
    };
    tokio::select! {
        () = hear => panic!("it ended"),
        _ = stage.channel(|it| it["on_slate"] == false) => {}
    }
    let wanted = heard.iter().map(Bytes::len).sum::<usize>() + 200_000;
    while heard.iter().map(Bytes::len).sum::<usize>() < wanted {
        heard.push(listener.hear().await.expect("it goes on"));
    }
    assert_unbroken(&heard);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_slate_for_all_a_continuous_stream_goes_on_with_clips_and_without_a_gap() {
    let options = Options {
        channels: vec![Channel::numbered(1, Media::clip(0))],
        ..quick_engine()
    };
    let stage = stage(options, |config| config.settings.slate = Slate::All).await;
    let mut listener = stage.listener().await;
    let stall = stage.engine.faults().add(Listing::Stall);
    let mut heard: Vec<Bytes> = Vec::new();
    for wanted in [true, false] {
        let hear = async {
            while let Some(bytes) = listener.hear().await {
                heard.push(bytes);
            }
        };
        tokio::select! {
            () = hear => panic!("it ended"),
            _ = stage.channel(|it| it["on_slate"] == wanted && Some(3) <= it["slate_segments"].as_u64()) => {}
        }
        stage.engine.faults().remove(stall);
    }
    let wanted = heard.iter().map(Bytes::len).sum::<usize>() + 200_000;
    while heard.iter().map(Bytes::len).sum::<usize>() < wanted {
        heard.push(listener.hear().await.expect("it goes on"));
    }
    assert_unbroken(&heard);
}
