//! What is told of buffers and viewers, held against what viewers really had.

use std::time::Duration;

use http::StatusCode;
use serde_json::Value;
use simulator::fault::Listing;
use tokio::time::Instant;

use crate::stage::{Player, Stage, eventually, within};
use crate::watcher::Watcher;

/// Seconds for which a viewer is to stand still.
const STALL: f64 = 0.5;

/// How far the server's idea of a stall may be from the viewer's: reads and writes on a busy machine.
const AGREEMENT: f64 = 0.4;

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("no number: {value}"))
}

/// Asks until the first channel is as wanted.
async fn channel(stage: &Stage, wanted: impl Fn(&Value) -> bool) -> Value {
    eventually("the channel", async || {
        let list = stage.get("/api/v1/channels").await.json();
        let channel = list["channels"][0].clone();
        wanted(&channel).then_some(channel)
    })
    .await
}

/// The first channel's only viewer, when it is as wanted.
async fn viewer(stage: &Stage, wanted: impl Fn(&Value) -> bool) -> Value {
    let path = format!("/api/v1/channels/{}/viewers", stage.ids[0]);
    eventually("the viewer", async || {
        let answer = stage.get(&path).await;
        if answer.status != StatusCode::OK {
            return None;
        }
        let viewer = answer.json()["viewers"][0].clone();
        (viewer.is_object() && wanted(&viewer)).then_some(viewer)
    })
    .await
}

#[tokio::test]
async fn a_channel_tells_what_it_holds_against_its_bounds_and_how_its_source_does() {
    let stage = Stage::fast(|config| config.settings.hls_max_segments = 8).await;
    let mut watcher = Watcher::new(stage.player().await);
    watcher.more(8).await;
    let full =
        |it: &Value| it["buffer"]["segments"] == 8 && !it["source_quality"]["jitter_ms"].is_null();
    let told = channel(&stage, full).await;
    assert_eq!(
        (&told["state"], &told["mode"]),
        (&"live".into(), &"HLS".into())
    );
    assert_eq!(
        (&told["health"], &told["viewers"]),
        (&"good".into(), &1.into()),
        "{told:#}"
    );
    assert_eq!(told["engine"], stage.engine.address().to_string());
    let buffer = &told["buffer"];
    assert_eq!(
        (&buffer["segments_max"], &buffer["fill"]),
        (&8.into(), &1.0.into())
    );
    assert!((number(&buffer["seconds"]) - 4.0).abs() < 0.1, "{buffer:#}");
    let span = number(&buffer["last_sequence"]) - number(&buffer["first_sequence"]);
    assert!((span - 7.0).abs() < 0.001, "{buffer:#}");
    let counters = &told["counters"];
    assert_eq!(
        (&counters["sessions"], &counters["segments_lost"]),
        (&1.into(), &0.into())
    );
    assert!(watcher.seen.len() as f64 <= number(&counters["segments"]));
    assert!(0.0 < number(&counters["bytes_in"]) && 0.0 < number(&counters["bytes_out"]));
    for name in ["fetch_ms", "lateness_ms", "jitter_ms"] {
        let found = &told["source_quality"][name];
        let (p50, p99) = (number(&found["p50"]), number(&found["p99"]));
        assert!(p50 <= p99 && p99 < 5_000.0, "{name}: {found}");
    }

    let one = stage
        .get(&format!("/api/v1/channels/{}", stage.ids[0]))
        .await
        .json();
    let window = one["window"].as_array().expect("a window");
    let bytes: f64 = window.iter().map(|it| number(&it["bytes"])).sum();
    assert!((bytes - number(&one["buffer"]["bytes"])).abs() < 0.5);
    assert_eq!(window[7]["listed"], true);
    assert_eq!(one["viewers_list"][0]["user_agent"], "test player");
    let by_stream = format!(
        "/api/v1/channels/{}",
        one["stream_id"].as_str().expect("an id")
    );
    assert_eq!(stage.get(&by_stream).await.json()["key"], one["key"]);
}

#[tokio::test]
async fn what_a_viewer_can_still_play_is_what_it_fetched_less_the_time_since() {
    let stage = Stage::fast(|_| {}).await;
    let player = stage.player().await;
    let list = player.poll().await;
    let before = viewer(&stage, |_| true).await;
    assert_eq!(
        (&before["playable_seconds"], &before["waiting"]),
        (&Value::Null, &true.into())
    );
    let begun = Instant::now();
    for segment in &list.segments {
        player.fetch(segment).await;
    }
    let media: Duration = list.segments.iter().map(|it| it.duration).sum();
    let media = media.as_secs_f64();
    let told = viewer(&stage, |it| !it["playable_seconds"].is_null()).await;
    let passed = begun.elapsed().as_secs_f64();
    let playable = number(&told["playable_seconds"]);
    assert!(
        (media - passed - 0.01..=media).contains(&playable),
        "{playable} of {media}"
    );
    let first = list.segments[0].sequence as f64;
    let position = number(&told["position"]);
    assert!(
        (first..=first + passed * 2.0 + 0.1).contains(&position),
        "{position}"
    );
    assert!(playable <= number(&told["behind_live_seconds"]) + 0.01);
    assert_eq!(
        (&told["waiting"], &told["underruns"]),
        (&false.into(), &0.into())
    );
    // What it has had already adds nothing.
    player.fetch(&list.segments[0]).await;
    let again = viewer(&stage, |_| true).await;
    assert!(number(&again["playable_seconds"]) <= playable);
}

/// A player that plays: it has a little, and stops when it has played that.
struct Screen {
    player: Player,
    next: Option<u64>,
    dry_at: Instant,
    stalls: u64,
    stalled: Duration,
}

impl Screen {
    async fn new(stage: &Stage) -> Self {
        Self {
            player: stage.player().await,
            next: None,
            dry_at: Instant::now(),
            stalls: 0,
            stalled: Duration::ZERO,
        }
    }

    /// Fetches what is new, the newest of it alone at first.
    async fn turn(&mut self) {
        let list = self.player.poll().await;
        let newest = list.segments.last().expect("a segment").sequence;
        let begins = self.next.is_none();
        let next = *self.next.get_or_insert(newest);
        for segment in list.segments.iter().filter(|it| next <= it.sequence) {
            assert_eq!(self.player.fetch(segment).await.status, StatusCode::OK);
            let now = Instant::now();
            let dry = now.saturating_duration_since(self.dry_at);
            if !begins && !dry.is_zero() {
                self.stalls += 1;
                self.stalled += dry;
            }
            self.dry_at = self.dry_at.max(now) + segment.duration;
            self.next = Some(segment.sequence + 1);
        }
    }

    /// Plays until the server says of it what is wanted.
    async fn until(&mut self, stage: &Stage, wanted: impl Fn(&Value) -> bool) -> Value {
        let path = format!("/api/v1/channels/{}/viewers", stage.ids[0]);
        let work = async {
            loop {
                self.turn().await;
                let viewer = stage.get(&path).await.json()["viewers"][0].clone();
                if wanted(&viewer) {
                    return viewer;
                }
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
        };
        within(work).await
    }
}

#[tokio::test]
async fn a_player_that_stalls_and_the_server_agree_how_often_and_for_how_long() {
    let stage = Stage::fast(|_| {}).await;
    let mut screen = Screen::new(&stage).await;
    screen
        .until(&stage, |it| !it["playable_seconds"].is_null())
        .await;
    let mut before = 0;
    for round in 1..=2 {
        let stall = stage.engine.faults().add(Listing::Stall);
        let dry = |it: &Value| {
            it["waiting"] == true && STALL < number(&it["stalled_seconds"]) / f64::from(round)
        };
        let told = screen.until(&stage, dry).await;
        assert_eq!(told["playable_seconds"], 0.0, "{told:#}");
        stage.engine.faults().remove(stall);
        let told = screen.until(&stage, |it| it["waiting"] == false).await;
        let (stalled, underruns) = (number(&told["stalled_seconds"]), number(&told["underruns"]));
        let apart = (stalled - screen.stalled.as_secs_f64()).abs();
        assert!(
            apart < AGREEMENT,
            "{stalled} s told, {:?} of {}",
            screen.stalled,
            screen.stalls
        );
        assert!(
            before < screen.stalls && underruns <= screen.stalls as f64,
            "{told:#}"
        );
        assert!(f64::from(round) <= underruns, "{told:#}");
        before = screen.stalls;
    }
}

#[tokio::test]
async fn who_asks_for_a_segment_that_is_gone_is_counted_and_unknown_channels_are_not_found() {
    let stage = Stage::fast(|_| {}).await;
    let player = stage.player().await;
    player.poll().await;
    let gone = format!("/ace/hls/{}/segment/1.ts", stage.ids[0]);
    assert_eq!(stage.get(&gone).await.status, StatusCode::NOT_FOUND);
    let told = channel(&stage, |_| true).await;
    assert_eq!(told["counters"]["segments_404"], 1);
    for path in ["", "/viewers", "/buffer"] {
        let answer = stage.get(&format!("/api/v1/channels/nothing{path}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    for query in [
        "viewers?limit=0",
        "viewers?limit=x",
        "buffer?since=yesterday",
    ] {
        let path = format!("/api/v1/channels/{}/{query}", stage.ids[0]);
        let answer = stage.get(&path).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
    }
    let all = stage.get("/api/v1/channels").await.json();
    assert!(all["as_of"].is_string());
}
