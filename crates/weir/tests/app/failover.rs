//! Channels that survive their engine: each fault moves them to another one, and nobody who watches misses anything.

use std::time::Duration;

use serde_json::{Value, json};
use simulator::engine::{Engine, Options};
use simulator::fault::{Endpoint, Http, Listing, Session};
use weir::config::Config;

use crate::audience::Audience;
use crate::continuous_source::engine;
use crate::stage::{Stage, eventually, post};

/// An engine that dies does not come back during a test.
const FOR_GOOD: Duration = Duration::from_secs(60);

/// Weir before several engines that find the same broadcast.
pub(crate) struct Fleet {
    pub(crate) stage: Stage,
    others: Vec<Engine>,
}

impl Fleet {
    /// `count` engines like this one, read as one body.
    pub(crate) async fn of(
        count: usize,
        options: Options,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let mut others = Vec::new();
        for _ in 1..count {
            others.push(Engine::start(options.clone()).await.expect("an engine"));
        }
        let addresses: Vec<String> = others.iter().map(|it| it.address().to_string()).collect();
        let stage = Stage::read_on(options, |config| {
            let more = addresses.iter().map(|it| it.parse().expect("an address"));
            config.engines.extend(more);
            change(config);
        });
        let stage = stage.await;
        Self { stage, others }
    }

    pub(crate) fn engines(&self) -> impl Iterator<Item = &Engine> {
        self.others.iter().chain([&self.stage.engine])
    }

    /// The engine of that address.
    pub(crate) fn named(&self, address: &str) -> &Engine {
        let mut engines = self.engines();
        let found = engines.find(|it| it.address().to_string() == address);
        found.expect("an engine of that address")
    }

    /// The engine that carries the first channel now.
    pub(crate) async fn carrying(&self) -> &Engine {
        let channel = self.stage.channel(|it| it["engine"].is_string()).await;
        self.named(channel["engine"].as_str().expect("an address"))
    }

    /// Waits until another one does.
    pub(crate) async fn moved_from(&self, engine: &Engine) {
        let address = engine.address().to_string();
        let elsewhere = |it: &Value| it["engine"].is_string() && it["engine"] != address.as_str();
        self.stage.channel(elsewhere).await;
    }

    pub(crate) async fn drain(&self, engine: &Engine, draining: bool) {
        let path = format!("/api/v1/engines/{}/drain", engine.address());
        let wish = json!({"draining": draining});
        let answer = post(self.stage.address(), &path, None, &wish).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// Sources of the first channel that took another's place.
    pub(crate) async fn failovers(&self) -> u64 {
        let channels = self.stage.get("/api/v1/channels").await.json();
        let counted = channels["channels"][0]["counters"]["failovers"].as_u64();
        counted.expect("a count")
    }

    /// No engine has ever had two sessions at a time, and one was enough for all of them but during a move.
    pub(crate) fn assert_one_session_each(&self) {
        for engine in self.engines() {
            let metrics = engine.metrics();
            assert!(metrics.sessions_max <= 1, "{metrics:?}");
            assert!(metrics.readers_max.values().all(|readers| *readers <= 1));
        }
    }
}

/// Plays, strikes the engine that carries the channel, and plays on with another one.
async fn moves_on(strike: impl AsyncFnOnce(&Engine)) {
    let fleet = Fleet::of(2, engine(), |_| {}).await;
    let mut audience = Audience::of(&fleet.stage).await;
    audience.more(3).await;
    let first = fleet.carrying().await;
    strike(first).await;
    audience.meanwhile(fleet.moved_from(first)).await;
    audience.more(8).await;
    audience.assert_went_on(2);
    fleet.assert_one_session_each();
    assert_eq!(fleet.failovers().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_is_killed_is_replaced_by_another_one_and_that_is_counted() {
    moves_on(async |engine| engine.crash(FOR_GOOD)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_hangs_is_replaced_by_another_one() {
    moves_on(async |engine| {
        // What runs falls silent, and nothing that is asked is answered.
        engine.faults().add(Listing::Stall);
        engine.faults().always(Endpoint::Any, Http::Hang);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_leaves_an_engine_that_is_drained_without_missing_a_packet() {
    let fleet = Fleet::of(2, engine(), |_| {}).await;
    let mut audience = Audience::of(&fleet.stage).await;
    audience.more(3).await;
    let first = fleet.carrying().await;
    fleet.drain(first, true).await;
    audience.meanwhile(fleet.moved_from(first)).await;
    audience.more(6).await;
    audience.assert_went_on(1);
    // The old one was told to stop, once, and only when the new one gave media.
    let left = eventually("the session is stopped", async || {
        let metrics = first.metrics();
        (metrics.sessions == 0).then_some(metrics)
    });
    assert_eq!(left.await.stops, 1);
    fleet.assert_one_session_each();
    assert_eq!(fleet.failovers().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drained_engine_keeps_its_channel_as_long_as_no_other_one_has_a_place() {
    let fleet = Fleet::of(1, engine(), |config| {
        config.settings.engine_wait_timeout = Duration::ZERO;
    });
    let fleet = fleet.await;
    let mut audience = Audience::of(&fleet.stage).await;
    audience.more(3).await;
    fleet.drain(&fleet.stage.engine, true).await;
    audience.more(4).await;
    fleet.drain(&fleet.stage.engine, false).await;
    audience.more(4).await;
    audience.assert_unbroken();
    let metrics = fleet.stage.engine.metrics();
    assert_eq!((metrics.starts_all(), metrics.stops), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_is_taken_over_is_begun_anew_on_its_engine_first() {
    let fleet = Fleet::of(2, engine(), |_| {}).await;
    let mut audience = Audience::of(&fleet.stage).await;
    audience.more(3).await;
    let first = fleet.carrying().await;
    let (infohash, _) = first.metrics().starts.into_keys().next().expect("a start");
    assert!(first.supersede(&infohash));
    let again = async {
        first.until(|it| 3 <= it.starts_all()).await;
    };
    audience.meanwhile(again).await;
    audience.more(6).await;
    audience.assert_went_on(2);
    assert!(std::ptr::eq(fleet.carrying().await, first));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_fails_everywhere_says_why_and_plays_when_an_engine_is_well_again() {
    let fleet = Fleet::of(2, engine(), |_| {}).await;
    let refusals: Vec<_> = (fleet.engines())
        .map(|engine| {
            let fault = Session::StartFails {
                error: "failed to load content".into(),
                extra: None,
            };
            engine.faults().add(fault)
        })
        .collect();
    let answer = fleet.stage.get(&fleet.stage.entry()).await;
    assert_eq!(answer.status, 502);
    assert!(
        answer.text().contains("failed to load content"),
        "{}",
        answer.text()
    );
    for (engine, fault) in fleet.engines().zip(refusals) {
        engine.faults().remove(fault);
    }
    eventually("it plays again", async || {
        let answer = fleet.stage.get(&fleet.stage.entry()).await;
        (answer.status == 200).then_some(())
    })
    .await;
    let mut audience = Audience::of(&fleet.stage).await;
    audience.more(2).await;
    audience.assert_unbroken();
}
