//! Thousands of short lives, each of which must keep every rule, and which together visit all there is.

use std::time::Duration;

use simulation::{Coverage, live};

/// Enough for the rarest branch to be visited several times.
const LIVES: u64 = 3_000;

/// Time for trouble in each.
const TROUBLE: Duration = Duration::from_secs(400);

#[test]
fn whatever_happens_every_rule_is_kept_and_everything_comes_right_in_the_end() {
    let mut coverage = Coverage::default();
    for seed in 0..LIVES {
        match live(seed, TROUBLE) {
            Ok(report) => coverage.add(&report.coverage),
            Err(violation) => {
                let hours = TROUBLE.as_secs_f64() / 3_600.0;
                panic!(
                    "{violation}\nagain: make sim ARGS=\"--seed {seed} --hours {hours} --trace\""
                );
            }
        }
    }
    assert_eq!(
        coverage.missed(),
        [""; 0],
        "what is never visited is never tested"
    );
}

#[test]
fn a_seed_is_a_life_and_another_seed_is_another() {
    let hash = |seed| {
        let report = live(seed, TROUBLE).expect("a life that keeps every rule");
        (report.hash, report.steps)
    };
    let lives: Vec<_> = (0..20).map(hash).collect();
    assert_eq!(lives, (0..20).map(hash).collect::<Vec<_>>());
    let others: std::collections::BTreeSet<_> = lives.into_iter().collect();
    assert_eq!(others.len(), 20);
}
