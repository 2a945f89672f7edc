//! A source that dies, and Weir itself begun anew: viewers see a break and rising numbers at most.

use std::time::Duration;

use simulator::engine::Engine;
use simulator::fault::{Endpoint, Http, RuleId, Session};
use weir::app::{Service, Staged};

use crate::stage::{Player, Stage, eventually, fast_engine};
use crate::watcher::Watcher;

/// What the engine calls the player that takes a content over.
const STRANGER: &str = "a stranger";

/// Breaks a running session, mends the engine when it is asked again, and looks on meanwhile.
async fn is_replaced(broken: impl FnOnce(&Engine) -> Option<RuleId>) {
    let stage = Stage::fast(|_| {}).await;
    let mut watcher = Watcher::new(stage.player().await);
    watcher.more(1).await;
    let ours = || {
        let starts = stage.engine.metrics().starts;
        starts
            .keys()
            .filter(|(_, player)| player != STRANGER)
            .count()
    };
    let fault = broken(&stage.engine);
    // Every poll on the way is answered, or the watcher would fail. Each start has a pid of its own.
    watcher.until(|_| 2 <= ours()).await;
    if let Some(fault) = fault {
        stage.engine.faults().remove(fault);
    }
    watcher.more(6).await;
    assert_eq!(stage.engine.metrics().sessions, 1);
    let state = stage.channel(|_| true).await;
    assert_eq!(state["state"], "live");
    assert_eq!(state["upstream"]["sessions"], ours());
}

#[tokio::test]
async fn an_engine_that_dies_and_comes_back_is_not_noticed() {
    is_replaced(|engine| {
        engine.crash(Duration::from_millis(700));
        None
    })
    .await;
}

#[tokio::test]
async fn a_session_that_expires_is_replaced() {
    is_replaced(|engine| {
        engine.expire();
        None
    })
    .await;
}

#[tokio::test]
async fn a_session_that_another_player_takes_over_is_replaced() {
    is_replaced(|engine| {
        assert!(engine.supersede(&fast_engine().channels[0].infohash));
        None
    })
    .await;
}

#[tokio::test]
async fn a_session_whose_playlist_only_fails_is_replaced() {
    is_replaced(|engine| {
        Some(
            engine
                .faults()
                .next(2, Endpoint::Playlist, Http::Status(500)),
        )
    })
    .await;
}

#[tokio::test]
async fn a_session_that_says_of_itself_that_it_is_broken_is_replaced() {
    is_replaced(|engine| Some(engine.faults().add(Session::Broken("no luck".into())))).await;
}

#[tokio::test]
async fn a_stream_that_freezes_is_replaced_before_players_give_up() {
    is_replaced(|engine| Some(engine.faults().add(Session::Freeze))).await;
}

#[tokio::test]
async fn when_one_engine_dies_the_other_takes_its_channel() {
    let second = Engine::start(fast_engine()).await.expect("an engine");
    let address = second.address().to_string();
    let stage = Stage::fast(|config| {
        config.engines.push(address.parse().expect("an address"));
    })
    .await;
    let mut watcher = Watcher::new(stage.player().await);
    watcher.more(1).await;
    let (dies, takes) = match stage.engine.metrics().starts_all() {
        1 => (&stage.engine, &second),
        _ => (&second, &stage.engine),
    };
    dies.crash(Duration::from_secs(60));
    watcher.until(|_| takes.metrics().starts_all() == 1).await;
    watcher.more(4).await;
    let engine = takes.address().to_string();
    stage.channel(|it| it["engine"] == engine.as_str()).await;
}

/// Plays, begins Weir anew with the same configuration, changed by `change`, and plays on. Returns the count of the newest
/// break before it, and that of the first behind it.
async fn plays_on_after(change: impl AsyncFnOnce(&mut weir::config::Config, u64)) -> (u64, u64) {
    let stage = Stage::fast(|_| {}).await;
    let mut watcher = Watcher::new(stage.player().await);
    watcher.more(3).await;
    let Stage {
        weir,
        engine,
        mut config,
        folder,
        ..
    } = stage;
    weir.stop().await;
    let Watcher { player, seen, .. } = watcher;
    let last = *seen.keys().next_back().expect("a segment");
    change(&mut config, last).await;
    let weir = Service::start(config, Staged::default())
        .await
        .expect("a service");
    // The player keeps its address, in which only the port is another one here.
    let player = Player {
        address: weir.address(),
        ..player
    };
    let list = player.poll().await;
    assert!(last < list.media_sequence, "{last} and then {list:#?}");
    assert!(list.segments[0].discontinuity, "{list:#?}");
    let breaks = seen.values().map(|seen| seen.breaks).max();
    assert_eq!(engine.metrics().starts_all(), 2);
    drop(folder);
    (breaks.expect("a segment"), list.discontinuity_sequence + 1)
}

#[tokio::test]
async fn numbers_rise_over_a_restart_with_the_same_data_folder() {
    let (before, behind) = plays_on_after(async |_, _| {}).await;
    assert!(before < behind, "{before} and then {behind}");
}

#[tokio::test]
async fn numbers_rise_over_a_restart_that_has_lost_its_data_folder() {
    let fresh = tempfile::tempdir().expect("a folder");
    let (before, behind) = plays_on_after(async |config, last| {
        config.data_dir = fresh.path().to_owned();
        // Seconds rise faster than segments of usual length; this source's last half of one.
        eventually("the clock has passed the numbers", async || {
            (u128::from(last) < weir::clock::since_numbering_epoch().as_millis() / 250)
                .then_some(())
        })
        .await;
    })
    .await;
    // The clock alone does not tell lives apart that last for less than a minute.
    assert!(before <= behind, "{before} and then {behind}");
}

#[tokio::test]
async fn the_state_of_health_follows_the_engine() {
    let stage = Stage::fast(|_| {}).await;
    stage.player().await.poll().await;
    let healthy = stage.get("/health/status").await.json();
    assert_eq!(
        (&healthy["status"], &healthy["engines"][0]["channels"]),
        (&"healthy".into(), &1.into())
    );
    stage.engine.crash(Duration::from_secs(60));
    eventually("the engine counts as failing", async || {
        let health = stage.get("/health/status").await.json();
        (health["status"] == "degraded").then_some(())
    })
    .await;
    let version = stage.get("/version").await.json();
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
}
