//! The choice of an engine, by example and over many made-up lives.

use super::*;

const START: Duration = Duration::from_secs(1_000);

fn address(name: &str) -> Address {
    let host = name.to_owned();
    Address { host, port: 6878 }
}

fn pool(names: &[&str]) -> Pool {
    Pool::new(names.iter().map(|name| address(name)).collect())
}

fn claimed(pool: &mut Pool, now: Duration) -> String {
    pool.claim(now, 3, &[]).unwrap().engine.host
}

fn channels(pool: &Pool) -> Vec<usize> {
    pool.load().iter().map(|load| load.channels).collect()
}

#[test]
fn channels_spread_over_the_engines_and_fill_them_evenly() {
    let mut pool = pool(&["a", "b", "c"]);
    let order: String = (0..9).map(|_| claimed(&mut pool, START)).collect();
    assert_eq!(order, "abcabcabc");
    let full = Unavailable::AllFull { per_engine: 3 };
    assert_eq!(pool.claim(START, 3, &[]), Err(full));
}

#[test]
fn of_equally_loaded_engines_the_one_unused_for_longest_is_chosen() {
    let mut pool = pool(&["a", "b"]);
    let first = pool.claim(START, 3, &[]).unwrap();
    pool.release(first);
    assert_eq!(claimed(&mut pool, START), "b");
}

#[test]
fn a_released_place_is_free_again() {
    let mut pool = pool(&["a"]);
    let claims: Vec<Claim> = (0..2).map(|_| pool.claim(START, 2, &[]).unwrap()).collect();
    assert!(pool.claim(START, 2, &[]).is_err());
    for claim in claims {
        pool.release(claim);
    }
    assert_eq!(channels(&pool), [0]);
}

#[test]
fn a_lower_limit_closes_an_engine_that_carries_more() {
    let mut pool = pool(&["a"]);
    let _held = [pool.claim(START, 3, &[]), pool.claim(START, 3, &[])];
    let full = Unavailable::AllFull { per_engine: 1 };
    assert_eq!(pool.claim(START, 1, &[]), Err(full));
}

#[test]
fn the_reasons_for_having_none_are_told_apart() {
    assert_eq!(pool(&[]).claim(START, 3, &[]), Err(Unavailable::NoEngines));
    let mut one = pool(&["a"]);
    let avoided = one.claim(START, 3, &[address("a")]);
    assert_eq!(avoided, Err(Unavailable::AllAvoided));
    let text = Unavailable::AllFull { per_engine: 4 }.to_string();
    assert_eq!(
        text,
        "all engines at maximum capacity (4 streams per engine)"
    );
}

#[test]
fn an_engine_that_failed_comes_last_until_its_backoff_is_over() {
    let mut pool = pool(&["a", "b"]);
    pool.failed(&address("a"), START);
    let _held: Vec<_> = (0..2).map(|_| claimed(&mut pool, START)).collect();
    assert_eq!(channels(&pool), [0, 2]);
    let later = START + BACKOFF_FIRST;
    assert_eq!(claimed(&mut pool, later), "a");
}

#[test]
fn the_backoff_doubles_up_to_half_a_minute() {
    for (times, millis) in [
        (1, 250),
        (2, 500),
        (3, 1_000),
        (7, 16_000),
        (8, 30_000),
        (99, 30_000),
    ] {
        let mut pool = pool(&["a", "b"]);
        (0..times).for_each(|_| pool.failed(&address("a"), START));
        let over = START + Duration::from_millis(millis);
        let just_before = over.checked_sub(Duration::from_millis(1)).unwrap();
        assert_eq!(claimed(&mut pool.clone(), just_before), "b");
        assert_eq!(claimed(&mut pool, over), "a");
    }
}

#[test]
fn when_all_have_failed_the_least_recently_failed_is_given() {
    let mut pool = pool(&["a", "b", "c"]);
    for (step, name) in ["b", "a", "c"].iter().enumerate() {
        pool.failed(&address(name), START + Duration::from_millis(step as u64));
    }
    assert_eq!(claimed(&mut pool, START + Duration::from_millis(3)), "b");
}

#[test]
fn a_success_ends_the_doubt() {
    let mut pool = pool(&["a", "b"]);
    pool.failed(&address("a"), START);
    pool.succeeded(&address("a"));
    assert_eq!(claimed(&mut pool, START), "a");
    assert_eq!(pool.load()[0].failures, 0);
}

#[test]
fn an_unhealthy_engine_is_the_last_resort() {
    let mut pool = pool(&["a", "b"]);
    pool.set_health(&address("a"), false);
    pool.failed(&address("b"), START);
    assert_eq!(claimed(&mut pool, START), "b");
    let only_ill = pool.claim(START, 3, &[address("b")]).unwrap();
    assert_eq!(only_ill.engine.host, "a");
}

#[test]
fn an_engine_that_is_configured_away_keeps_its_channels_and_gets_no_more() {
    let mut pool = pool(&["a", "b"]);
    let on_a = pool.claim(START, 3, &[]).unwrap();
    pool.configure(vec![address("b"), address("c")]);
    assert_eq!(channels(&pool), [1, 0, 0]);
    for _ in 0..6 {
        assert_ne!(claimed(&mut pool, START), "a");
    }
    pool.release(on_a);
    assert_eq!(channels(&pool), [3, 3]);
}

#[test]
fn an_engine_that_comes_back_still_counts_what_it_carries() {
    let mut pool = pool(&["a"]);
    let held = pool.claim(START, 1, &[]).unwrap();
    pool.configure(vec![]);
    assert_eq!(pool.claim(START, 1, &[]), Err(Unavailable::NoEngines));
    pool.configure(vec![address("a"), address("a")]);
    assert_eq!(channels(&pool), [1]);
    pool.release(held);
    assert_eq!(channels(&pool), [0]);
}

#[test]
fn a_stranger_is_ignored() {
    let mut pool = pool(&["a"]);
    pool.failed(&address("x"), START);
    pool.release(Claim {
        engine: address("x"),
    });
    assert_eq!(channels(&pool), [0]);
}

#[test]
fn no_engine_ever_carries_more_than_it_may_and_none_is_lost() {
    for seed in 1..200_u64 {
        let (mut pool, mut held, mut dice) = (pool(&["a", "b", "c"]), Vec::new(), seed);
        for step in 0..200 {
            // A linear congruential generator: reproducible, and good enough for dice.
            dice = dice
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(seed);
            let now = START + Duration::from_millis(step * 100);
            match (dice >> 60) % 4 {
                0 | 1 => held.extend(pool.claim(now, 2, &[])),
                2 if !held.is_empty() => pool.release(held.remove(0)),
                _ => pool.failed(&address(["a", "b", "c"][(dice >> 40) as usize % 3]), now),
            }
            let loads = channels(&pool);
            assert!(
                loads.iter().all(|&load| load <= 2),
                "seed {seed}: {loads:?}"
            );
            assert_eq!(loads.iter().sum::<usize>(), held.len(), "seed {seed}");
        }
    }
}
