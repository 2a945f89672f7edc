//! The whole program is killed at its 1st, 2nd, ... write to the disk, and started again: nothing is
//! lost, told twice, or torn. And its disk fails while it runs.
//!
//! `cargo test -p weir --test crash` tries points spread over a whole life; with `WEIR_CRASH=all`,
//! each of them.

mod failing_disk;
mod life;
mod program;
mod verdict;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use life::{Life, PLOTS, Plot};
use program::Point;

/// Lives at once: each of them waits far more than it computes.
const LIVES_AT_ONCE: usize = 6;

/// More points than any life has; reaching it means that the count is wrong.
const POINTS_MAX: usize = 2_000;

/// Longest time for one life with its crash and its next start.
const LIFE_PATIENCE: Duration = Duration::from_secs(60);

/// What a disk is told, by the system calls that tell it.
const KINDS: &[&str] = &[
    "fsync,fdatasync",
    "rename,renameat,renameat2,link,linkat,unlink,unlinkat",
    "pwrite64,ftruncate",
    "write",
];

/// Points of each kind and plot in a short sweep, spread evenly.
const SHORT: usize = 8;

/// Fewer crashes than this in a sweep mean that it looks at nothing.
const CRASHES_MIN: usize = 50;

#[expect(clippy::disallowed_methods, reason = "a test's own choice of length")]
fn is_long() -> bool {
    std::env::var("WEIR_CRASH").is_ok_and(|it| it == "all")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wherever_the_program_is_killed_nothing_is_lost_told_twice_or_torn() {
    if !program::may_trace() {
        eprintln!("this system lets nobody trace a program: no crash was tried");
        return;
    }
    let mut crashed = 0;
    for plot in PLOTS {
        let whole = Life::run(plot, None).await;
        for kind in KINDS {
            crashed += all_points(plot, kind, whole.calls(kind)).await;
        }
    }
    eprintln!("{crashed} crashes, each followed by a start that made everything good");
    assert!(CRASHES_MIN <= crashed);
}

/// Tries the points of one kind in one plot; returns how many lives ended there.
async fn all_points(plot: Plot, kind: &'static str, counted: usize) -> usize {
    assert!(counted < POINTS_MAX, "{plot:?}, {kind}: {counted}");
    let wanted = if is_long() {
        counted
    } else {
        SHORT.min(counted)
    };
    let points: Vec<_> = (0..wanted).map(|n| 1 + n * counted / wanted).collect();
    let died = sweep(plot, kind, &points).await;
    eprintln!("{plot:?}, {kind}: {counted} points, {wanted} tried, {died} lives ended there");
    died
}

/// Lives that are each killed at one point; returns how many got there.
async fn sweep(plot: Plot, kind: &'static str, points: &[usize]) -> usize {
    let places = Arc::new(Semaphore::new(LIVES_AT_ONCE));
    let mut lives = JoinSet::new();
    for &at in points {
        let places = Arc::clone(&places);
        lives.spawn(async move {
            let _place = places.acquire_owned().await.expect("it is never closed");
            let point = Point { kind, at };
            let life = tokio::time::timeout(LIFE_PATIENCE, async {
                let life = Life::run(plot, Some(point)).await;
                verdict::of(&life).await;
                life
            });
            let life = life.await;
            life.unwrap_or_else(|_| panic!("{plot:?}, {point:?}: it took too long"))
                .was_killed()
        });
    }
    let died = lives.join_all().await;
    died.into_iter().filter(|died| *died).count()
}
