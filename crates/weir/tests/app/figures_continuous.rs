//! What is told of viewers of continuous streams, held against what they really had.

use std::time::Duration;

use channel::Moment;
use serde_json::Value;
use simulator::fault::Listing;
use weir::clock::Clock;

use crate::continuous_source::engine;
use crate::figures::number;
use crate::listener::Listener;
use crate::stage::{Stage, within};

/// The length of the source's segments.
const SEGMENT: f64 = 0.5;

/// Seconds for which a viewer is to stand still.
const STALL: f64 = 0.5;

/// How far the server's idea of a stall may be from the viewer's.
const AGREEMENT: f64 = 0.4;

/// A player that plays what it hears as it comes.
struct Ear {
    listener: Listener,
    /// Up to where it has heard, in seconds of the media.
    heard: Option<f64>,
    clock: Clock,
    dry_at: Moment,
    stalls: u64,
    stalled: Duration,
}

impl Ear {
    async fn of(stage: &Stage) -> Self {
        Self {
            listener: stage.listener().await,
            heard: None,
            clock: Clock::start(),
            dry_at: Moment::ZERO,
            stalls: 0,
            stalled: Duration::ZERO,
        }
    }

    async fn read(&mut self) {
        assert!(self.listener.read().await, "it ended");
        let Some(last) = self.listener.report().last else {
            return;
        };
        let share = f64::from(last.packet + 1) / f64::from(last.packets);
        let reached = (last.mark.segment as f64 + share) * SEGMENT;
        let now = self.clock.now();
        let before = self.heard.replace(reached);
        let gained = match (before, self.listener.report().first) {
            (Some(before), _) => reached - before,
            (None, Some(first)) => reached - first.mark.segment as f64 * SEGMENT,
            (None, None) => 0.0,
        };
        let dry = now.since(self.dry_at);
        if before.is_some() && Duration::from_millis(100) < dry && 0.0 < gained {
            self.stalls += 1;
            self.stalled += dry;
        }
        self.dry_at = self.dry_at.max(now) + Duration::from_secs_f64(gained.max(0.0));
    }

    /// Plays until the server says of it what is wanted.
    async fn until(&mut self, stage: &Stage, wanted: impl Fn(&Value) -> bool) -> Value {
        let path = format!("/api/v1/channels/{}/viewers", stage.ids[0]);
        let work = async {
            let mut asks = tokio::time::interval(Duration::from_millis(30));
            loop {
                tokio::select! {
                    biased;
                    _ = asks.tick() => {
                        let told = stage.get(&path).await.json()["viewers"][0].clone();
                        if wanted(&told) {
                            return told;
                        }
                    }
                    () = self.read() => {}
                }
            }
        };
        within(work).await
    }
}

#[tokio::test]
async fn a_listener_that_runs_dry_and_the_server_agree_how_often_and_for_how_long() {
    let stage = Stage::read_on(engine(), |config| {
        config.settings.ts_join_seconds = Duration::from_millis(500);
    })
    .await;
    let mut ear = Ear::of(&stage).await;
    let told = ear
        .until(&stage, |it| it["rate_bps"].as_u64() > Some(0))
        .await;
    assert_eq!((&told["mode"], &told["skips"]), (&"TS".into(), &0.into()));
    let stall = stage.engine.faults().add(Listing::Stall);
    let dry = |it: &Value| it["waiting"] == true && STALL < number(&it["stalled_seconds"]);
    let told = ear.until(&stage, dry).await;
    assert_eq!(told["playable_seconds"], 0.0, "{told:#}");
    stage.engine.faults().remove(stall);
    let told = ear.until(&stage, |it| it["waiting"] == false).await;
    let apart = (number(&told["stalled_seconds"]) - ear.stalled.as_secs_f64()).abs();
    assert!(
        apart < AGREEMENT,
        "{told:#}, but {:?} of {}",
        ear.stalled,
        ear.stalls
    );
    assert!(1.0 <= number(&told["underruns"]), "{told:#}");
    let (position, behind) = (
        number(&told["position"]),
        number(&told["behind_live_seconds"]),
    );
    assert!(0.0 < position && behind < 60.0, "{told:#}");
}
