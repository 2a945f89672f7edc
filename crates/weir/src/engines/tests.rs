//! The line for a place, and what is told of engines, under a paused clock.

use super::*;
use std::sync::Arc;

use engine::pool::Unavailable;
use store::History;
use tempfile::TempDir;
use tokio::sync::watch;

use crate::config::ServeArgs;
use crate::journal::Entry;

/// Two engines with one place each, and those who look at them.
struct Scene {
    engines: Engines,
    settings: watch::Sender<Arc<Settings>>,
    journal: Journal,
    /// The newest entry before the first of this scene.
    begun: u64,
    _folder: TempDir,
}

fn settings(wait: u64, places: usize) -> Arc<Settings> {
    Arc::new(Settings {
        engine_wait_timeout: Duration::from_secs(wait),
        max_streams_per_engine: places,
        ..Settings::default()
    })
}

async fn scene(wait: u64) -> Scene {
    let folder = tempfile::tempdir().expect("a folder");
    let args = ServeArgs {
        engines: Some("a:1,b:1".into()),
        data_dir: Some(folder.path().to_string_lossy().into_owned()),
        ..ServeArgs::default()
    };
    let config = Config::read(&args, |_| None).expect("a configuration");
    let (store, _) = Store::open(folder.path()).expect("a store");
    let journal = Journal::open(History::open(folder.path()), config.journal).await;
    let (settings, shown) = watch::channel(settings(wait, 1));
    let kept = store.engines().await;
    let beside = (journal.clone(), store);
    let begun = *journal.newest().borrow();
    Scene {
        engines: Engines::restore(kept, &config, Clock::start(), shown, beside),
        settings,
        journal,
        begun,
        _folder: folder,
    }
}

fn address(name: &str) -> Address {
    name.parse().expect("an address")
}

impl Scene {
    async fn both(&self) -> [Hold; 2] {
        let first = self.engines.claim(&[]).await.expect("a place");
        [first, self.engines.claim(&[]).await.expect("a place")]
    }

    fn told(&self) -> Vec<Kind> {
        let entries = self.entries();
        let kinds = entries
            .iter()
            .map(|entry| Kind::ALL.iter().find(|kind| kind.as_str() == entry.kind));
        kinds.map(|kind| *kind.expect("a kind")).collect()
    }

    fn entries(&self) -> Vec<Arc<Entry>> {
        self.journal.since(self.begun).expect("at hand")
    }
}

/// Whether something is still waited for when all that can happen now has happened.
async fn waits<T>(wait: &mut (impl Future<Output = T> + Unpin)) -> bool {
    tokio::time::timeout(Duration::from_millis(1), wait)
        .await
        .is_err()
}

#[tokio::test(start_paused = true)]
async fn places_are_given_in_the_order_in_which_they_were_asked_for() {
    let scene = scene(60).await;
    let [a, b] = scene.both().await;
    let mut first = Box::pin(scene.engines.claim(&[]));
    assert!(waits(&mut first).await);
    let mut second = Box::pin(scene.engines.claim(&[]));
    assert!(waits(&mut second).await);
    drop(a);
    // Not even somebody who comes at the very moment of a free place gets it before them.
    assert!(scene.engines.claim_at_once(&[]).is_err());
    assert!(waits(&mut second).await);
    let _held = first.await.expect("a place");
    drop(b);
    second.await.expect("a place");
    assert_eq!(scene.told(), [Kind::EnginesFull], "told once");
}

#[tokio::test(start_paused = true)]
async fn a_wait_is_over_after_the_time_that_is_set_and_a_change_of_it_acts_at_once() {
    let scene = scene(5).await;
    let _held = scene.both().await;
    let full = Unavailable::AllFull { per_engine: 1 };
    let begun = scene.engines.now();
    let refused = scene.engines.claim(&[]).await.expect_err("no place");
    assert_eq!(refused, full);
    let waited = scene.engines.now().saturating_sub(begun);
    assert!((5..6).contains(&waited.as_secs()), "{waited:?}");
    let mut wait = Box::pin(scene.engines.claim(&[]));
    assert!(waits(&mut wait).await);
    scene.settings.send_replace(settings(0, 1));
    assert!(!waits(&mut wait).await);
    let mut wait = Box::pin(scene.engines.claim(&[]));
    scene.settings.send_replace(settings(60, 1));
    assert!(waits(&mut wait).await);
    scene.settings.send_replace(settings(60, 2));
    assert!(!waits(&mut wait).await, "there are more places now");
}

#[tokio::test(start_paused = true)]
async fn who_goes_while_waiting_leaves_nothing_taken() {
    let scene = scene(60).await;
    let [a, _b] = scene.both().await;
    let mut gone = Box::pin(scene.engines.claim(&[]));
    assert!(waits(&mut gone).await);
    let mut next = Box::pin(scene.engines.claim(&[]));
    assert!(waits(&mut next).await);
    drop(gone);
    drop(a);
    let held = next.await.expect("a place");
    drop(held);
    assert!(scene.engines.claim_at_once(&[]).is_ok());
}

#[tokio::test(start_paused = true)]
async fn who_avoids_what_is_free_holds_nobody_up() {
    let scene = scene(60).await;
    let [a, _b] = scene.both().await;
    let avoided = a.engine().clone();
    let mut picky = Box::pin(scene.engines.claim(std::slice::from_ref(&avoided)));
    assert!(waits(&mut picky).await);
    drop(a);
    let second = scene.engines.claim(&[]).await.expect("a place");
    assert_eq!(*second.engine(), avoided);
    assert!(waits(&mut picky).await);
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_added_serves_those_who_wait() {
    let scene = scene(60).await;
    let _held = scene.both().await;
    let mut wait = Box::pin(scene.engines.claim(&[]));
    assert!(waits(&mut wait).await);
    let c = address("c:1");
    scene
        .engines
        .add(&c, Origin::Added, None, false)
        .expect("a new one");
    assert_eq!(*wait.await.expect("a place").engine(), c);
}

#[tokio::test(start_paused = true)]
async fn whoever_is_on_an_engine_that_drains_or_goes_is_told_to_leave() {
    let scene = scene(0).await;
    let [a, b] = scene.both().await;
    let mut moves = scene.engines.moves();
    assert!(!scene.engines.must_leave(a.engine()));
    assert!(scene.engines.drain(a.engine(), true));
    assert!(moves.has_changed().expect("its sender lives"));
    moves.mark_unchanged();
    assert!(scene.engines.must_leave(a.engine()) && !scene.engines.must_leave(b.engine()));
    assert!(
        !scene.engines.drain(a.engine(), true),
        "that is nothing new"
    );
    assert_eq!(scene.engines.remove(b.engine()), Some(Origin::Configured));
    assert!(moves.has_changed().expect("its sender lives"));
    assert!(scene.engines.must_leave(b.engine()));
    // It is shown until its last channel has gone.
    assert_eq!(scene.engines.all().len(), 2);
    drop(b);
    assert_eq!(scene.engines.all().len(), 1);
    assert_eq!(scene.told(), [Kind::EngineDraining, Kind::EngineRemoved]);
}

#[tokio::test(start_paused = true)]
async fn the_turns_of_an_engine_s_health_are_told() {
    let scene = scene(0).await;
    let a = address("a:1");
    for _ in 0..4 {
        scene.engines.probed(&a, Err("connection refused".into()));
    }
    scene.engines.succeeded(&a);
    assert_eq!(scene.told(), [Kind::EngineUnhealthy, Kind::EngineHealthy]);
    let entries = scene.entries();
    assert_eq!(entries[0].engine.as_deref(), Some("a:1"));
    assert!(entries[0].message.contains("connection refused"));
}
