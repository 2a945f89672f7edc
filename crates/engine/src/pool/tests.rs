//! The choice of an engine, by example and over many made-up lives.

use super::entry::BACKOFF_FIRST;
use super::*;
use crate::http::service::Version;

const INTERVAL: Duration = Duration::from_secs(10);

const START: Duration = Duration::from_secs(1_000);

fn address(name: &str) -> Address {
    let host = name.to_owned();
    Address { host, port: 6878 }
}

fn pool(names: &[&str]) -> Pool {
    let mut pool = Pool::new(INTERVAL, 7);
    for name in names {
        assert!(pool.add(address(name)));
    }
    pool
}

fn answer(pool: &mut Pool, name: &str) -> Option<Health> {
    pool.probed(START, &address(name), Ok(Version::default()))
}

fn refuse(pool: &mut Pool, name: &str) -> Option<Health> {
    let said = "connection refused".to_owned();
    pool.probed(START, &address(name), Err(said))
}

fn fail(pool: &mut Pool, name: &str, now: Duration) {
    pool.failed(&address(name), now, Sign::Unfit, "it failed");
}

fn claimed(pool: &mut Pool, now: Duration) -> String {
    pool.claim(now, 3, &[]).unwrap().engine.host
}

fn channels(pool: &Pool) -> Vec<usize> {
    let report = pool.report(START, 3);
    report.iter().map(|engine| engine.channels).collect()
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
    pool.release(START, first);
    assert_eq!(claimed(&mut pool, START), "b");
}

#[test]
fn a_released_place_is_free_again() {
    let mut pool = pool(&["a"]);
    let claims: Vec<Claim> = (0..2).map(|_| pool.claim(START, 2, &[]).unwrap()).collect();
    assert!(pool.claim(START, 2, &[]).is_err());
    for claim in claims {
        pool.release(START, claim);
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
    fail(&mut pool, "a", START);
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
        (0..times).for_each(|_| fail(&mut pool, "a", START));
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
        fail(&mut pool, name, START + Duration::from_millis(step as u64));
    }
    assert_eq!(claimed(&mut pool, START + Duration::from_millis(3)), "b");
}

#[test]
fn a_success_ends_the_doubt() {
    let mut pool = pool(&["a", "b"]);
    fail(&mut pool, "a", START);
    pool.succeeded(&address("a"));
    assert_eq!(claimed(&mut pool, START), "a");
    assert_eq!(pool.report(START, 3)[0].failures, 0);
}

#[test]
fn an_unhealthy_engine_is_the_last_resort() {
    let mut pool = pool(&["a", "b"]);
    for _ in 0..3 {
        refuse(&mut pool, "a");
    }
    pool.succeeded(&address("b"));
    fail(&mut pool, "b", START);
    assert_eq!(claimed(&mut pool, START), "b");
    let only_ill = pool.claim(START, 3, &[address("b")]).unwrap();
    assert_eq!(only_ill.engine.host, "a");
}

#[test]
fn an_engine_that_is_removed_keeps_its_channels_and_gets_no_more() {
    let mut pool = pool(&["a", "b"]);
    let on_a = pool.claim(START, 3, &[]).unwrap();
    assert!(pool.remove(&address("a")));
    assert!(pool.add(address("c")));
    assert!(!pool.has(&address("a")) && pool.must_leave(&address("a")));
    for _ in 0..6 {
        assert_ne!(claimed(&mut pool, START), "a");
    }
    assert_eq!(channels(&pool), [1, 3, 3]);
    assert!(pool.release(START, on_a));
    assert_eq!(channels(&pool), [3, 3]);
}

#[test]
fn an_engine_that_comes_back_still_counts_what_it_carries() {
    let mut pool = pool(&["a"]);
    let held = pool.claim(START, 1, &[]).unwrap();
    pool.remove(&address("a"));
    assert_eq!(pool.claim(START, 1, &[]), Err(Unavailable::NoEngines));
    assert!(pool.add(address("a")));
    assert!(!pool.add(address("a")), "it is there already");
    assert_eq!(channels(&pool), [1]);
    assert!(!pool.release(START, held));
    assert_eq!(channels(&pool), [0]);
}

#[test]
fn an_engine_that_drains_gets_nothing_however_full_the_others_are() {
    let mut pool = pool(&["a", "b"]);
    assert!(pool.set_draining(&address("a"), true));
    assert!(
        !pool.set_draining(&address("a"), true),
        "that is nothing new"
    );
    assert!(pool.must_leave(&address("a")) && !pool.must_leave(&address("b")));
    let _held = pool.claim(START, 1, &[]).unwrap();
    let full = Unavailable::AllFull { per_engine: 1 };
    assert_eq!(pool.claim(START, 1, &[]), Err(full));
    pool.set_draining(&address("b"), true);
    assert_eq!(pool.claim(START, 9, &[]), Err(Unavailable::NoEngines));
    pool.set_draining(&address("a"), false);
    assert_eq!(claimed(&mut pool, START), "a");
}

#[test]
fn of_equally_loaded_engines_one_that_peers_can_reach_comes_first() {
    let mut pool = pool(&["a", "b"]);
    pool.set_forwarded(&address("b"), true);
    let order: String = (0..4).map(|_| claimed(&mut pool, START)).collect();
    assert_eq!(order, "baba");
}

#[test]
fn an_engine_known_to_be_well_comes_before_one_that_was_not_probed() {
    let mut pool = pool(&["a", "b"]);
    assert_eq!(answer(&mut pool, "b"), None);
    let order: String = (0..3).map(|_| claimed(&mut pool, START)).collect();
    assert_eq!(order, "bbb");
    assert_eq!(claimed(&mut pool, START), "a");
}

#[test]
fn three_probes_in_a_row_make_an_engine_unhealthy_and_one_makes_it_well_again() {
    let mut pool = pool(&["a", "b"]);
    assert_eq!(refuse(&mut pool, "a"), None);
    assert_eq!(refuse(&mut pool, "a"), None);
    assert_eq!(answer(&mut pool, "a"), None, "it was not ill yet");
    for _ in 0..2 {
        assert_eq!(refuse(&mut pool, "a"), None);
    }
    assert_eq!(refuse(&mut pool, "a"), Some(Health::Unhealthy));
    assert_eq!(refuse(&mut pool, "a"), None, "told once");
    assert_eq!(claimed(&mut pool, START), "b");
    assert_eq!(answer(&mut pool, "a"), Some(Health::Healthy));
    // Used again at once, back-off or not: it carries less, and is known to be well.
    assert_eq!(claimed(&mut pool, START), "a");
}

#[test]
fn a_channel_that_is_served_is_as_good_as_a_probe() {
    let mut pool = pool(&["a"]);
    for _ in 0..3 {
        refuse(&mut pool, "a");
    }
    assert_eq!(pool.succeeded(&address("a")), Some(Health::Healthy));
    assert_eq!(pool.report(START, 3)[0].health, Health::Healthy);
}

#[test]
fn a_probe_ends_a_back_off_only_for_what_a_probe_can_tell() {
    let mut pool = pool(&["a", "b"]);
    for name in ["a", "b"] {
        answer(&mut pool, name);
    }
    pool.failed(&address("a"), START, Sign::Silent, "connection refused");
    answer(&mut pool, "a");
    assert_eq!(claimed(&mut pool, START), "a");
    pool.failed(&address("b"), START, Sign::Unfit, "no answer to a start");
    answer(&mut pool, "b");
    assert_eq!(claimed(&mut pool, START), "a");
}

#[test]
fn probes_are_due_at_once_then_in_their_interval_and_sooner_in_doubt() {
    let mut pool = pool(&["a", "b", "c"]);
    assert_eq!(pool.next_probe(), Some(Duration::ZERO));
    assert_eq!(pool.to_probe(START, 2), [address("a"), address("b")]);
    assert_eq!(
        pool.to_probe(START, 2),
        [address("c")],
        "none is asked twice"
    );
    assert_eq!(pool.next_probe(), None, "all are under way");
    answer(&mut pool, "a");
    refuse(&mut pool, "b");
    let next = pool.next_probe().unwrap().checked_sub(START).unwrap();
    assert!(next <= Duration::from_millis(2_500), "{next:?}");
    let early = START + Duration::from_secs(7);
    assert_eq!(
        pool.to_probe(early, 9),
        [address("b")],
        "a is well and not asked yet"
    );
    pool.failed(&address("a"), early, Sign::Silent, "connection refused");
    assert_eq!(
        pool.to_probe(early, 9),
        [address("a")],
        "a failure is looked into at once"
    );
}

#[test]
fn what_keeps_an_engine_from_being_chosen_is_said_in_a_sentence() {
    let mut pool = pool(&["a"]);
    let said = |pool: &Pool, now| {
        let reason = pool.report(now, 1)[0].not_chosen.clone();
        reason.map_or_else(String::new, |it| it.to_string())
    };
    assert!(said(&pool, START).starts_with("not probed yet"));
    answer(&mut pool, "a");
    assert_eq!(said(&pool, START), "");
    fail(&mut pool, "a", START);
    let text = said(&pool, START);
    assert!(
        text.contains("for 0.2 s more after 1 failure(s), the last: it failed"),
        "{text}"
    );
    for _ in 0..3 {
        refuse(&mut pool, "a");
    }
    let text = said(&pool, START);
    assert!(
        text.contains("3 probe(s) in a row") && text.contains("connection refused"),
        "{text}"
    );
    let held = pool.claim(START, 1, &[]).unwrap();
    assert_eq!(said(&pool, START), "full: it carries 1 of 1 channels");
    pool.set_draining(&address("a"), true);
    assert!(said(&pool, START).starts_with("draining"));
    pool.remove(&address("a"));
    assert!(said(&pool, START).starts_with("removed"));
    pool.release(START, held);
}

#[test]
fn a_stranger_is_ignored() {
    let mut pool = pool(&["a"]);
    fail(&mut pool, "x", START);
    assert!(!pool.remove(&address("x")) && !pool.set_draining(&address("x"), true));
    assert_eq!(answer(&mut pool, "x"), None);
    let engine = address("x");
    assert!(!pool.release(START, Claim { engine }));
    assert_eq!(channels(&pool), [0]);
}

const PLACES: usize = 2;

/// One claim of a made-up life, held against what the pool says of its engines before.
fn claim_well(pool: &mut Pool, now: Duration, life: u64) -> Option<Claim> {
    let before = pool.report(now, PLACES);
    let has_room = |it: &&Engine| it.channels < PLACES && !it.draining;
    let Ok(claim) = pool.claim(now, PLACES, &[]) else {
        assert_eq!(
            before.iter().find(has_room),
            None,
            "life {life}: a place is refused"
        );
        return None;
    };
    let chosen = before.iter().find(|it| it.engine == claim.engine).unwrap();
    assert!(has_room(&chosen), "life {life}: {chosen:?}");
    let is_well = |it: &Engine| it.not_chosen.is_none();
    if let Some(well) = before.iter().find(|it| is_well(it)) {
        assert!(
            is_well(chosen),
            "life {life}: {chosen:?} instead of {well:?}"
        );
        assert!(chosen.channels <= well.channels, "life {life}: {chosen:?}");
    }
    Some(claim)
}

#[test]
fn over_many_lives_none_is_overfilled_and_none_chosen_while_a_better_one_has_room() {
    let engines = ["a", "b", "c", "d"].map(address);
    for life in 1..300_u64 {
        let (mut pool, mut held, mut dice) = (pool(&["a", "b", "c", "d"]), Vec::new(), life);
        for step in 0..200 {
            // A linear congruential generator: reproducible, and good enough for dice.
            dice = dice
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(life);
            let now = START + Duration::from_millis(step * 100);
            let engine = &engines[(dice >> 40) as usize % engines.len()];
            match (dice >> 60) % 12 {
                0..=3 => held.extend(claim_well(&mut pool, now, life)),
                4 | 5 if !held.is_empty() => drop(pool.release(now, held.remove(0))),
                6 => pool.failed(engine, now, Sign::Unfit, "it failed"),
                7 => drop(pool.probed(now, engine, Err("refused".to_owned()))),
                8 | 9 => drop(pool.probed(now, engine, Ok(Version::default()))),
                10 => drop(pool.set_draining(engine, (dice >> 50) % 3 == 0)),
                _ => {
                    pool.remove(engine);
                    pool.add(engine.clone());
                }
            }
            let loads = channels(&pool);
            let total: usize = loads.iter().sum();
            assert!(
                loads.iter().all(|&it| it <= PLACES),
                "life {life}: {loads:?}"
            );
            assert_eq!(total, held.len(), "life {life}: places are lost");
        }
    }
}
