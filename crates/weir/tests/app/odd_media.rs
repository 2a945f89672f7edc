//! Sources whose numbers, clocks or media misbehave: viewers see rising numbers, each piece of media
//! once, and a break exactly where one is.

use std::time::Duration;

use futures_util::future::join_all;
use http::StatusCode;
use simulator::fault::Listing;
use simulator::origin::Options;

use crate::plain::{Plain, media};
use crate::stage::{Stage, within};

/// Switches a fault of the list on and waits until it has struck.
async fn strike(plain: &Plain, fault: &Listing) {
    let rule = plain.origin.faults().add(fault.clone());
    within(plain.origin.faults().until_used(rule, 1)).await;
}

async fn lost(plain: &Plain) -> u64 {
    let state = plain.get("/proxy/status").await.json();
    let lost = state["channels"][0]["upstream"]["segments_lost"].as_u64();
    lost.expect("a count")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_begins_at_zero_again_is_one_break_under_rising_numbers() {
    let plain = Plain::new().await;
    let mut watcher = plain.watcher().await;
    watcher.more(4).await;
    strike(&plain, &Listing::Reset).await;
    watcher.until(|it| 0 < it.discontinuities()).await;
    watcher.more(4).await;
    assert_eq!(watcher.discontinuities(), 1);
    assert_eq!(lost(&plain).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn media_that_is_sent_again_under_other_numbers_is_shown_once() {
    let plain = Plain::new().await;
    let mut watcher = plain.watcher().await;
    watcher.look().await;
    for fault in [Listing::Duplicate, Listing::Loop(3)] {
        strike(&plain, &fault).await;
        watcher.more(4).await;
        let mut numbers = watcher.source_numbers();
        let shown = numbers.len();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), shown, "{fault:?}");
    }
    let state = plain.get("/proxy/status").await.json();
    assert_eq!(state["channels"][0]["upstream"]["repeats"], 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_comes_to_stand_for_other_bytes_changes_nothing_that_was_shown() {
    let stage = Stage::fast(|_| {}).await;
    let player = stage.player().await;
    let mut list = player.poll().await;
    for _ in 0..3 {
        let newest = list.segments.last().expect("a segment").clone();
        let before = player.fetch(&newest).await.body;
        let rule = stage.engine.faults().add(Listing::Rewrite);
        stage.until_struck(rule, 1).await;
        list = player
            .poll_until(|list| newest.sequence + 3 < list.media_sequence + 6)
            .await;
        let same = list
            .segments
            .iter()
            .find(|it| it.sequence == newest.sequence);
        assert!(same.is_none_or(|it| (&it.uri, it.duration) == (&newest.uri, newest.duration)));
        let after = player.fetch(&newest).await;
        assert_eq!((after.status, after.body), (StatusCode::OK, before));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missing_numbers_are_one_break_and_are_counted() {
    let plain = Plain::new().await;
    let mut watcher = plain.watcher().await;
    watcher.look().await;
    strike(&plain, &Listing::Jump(3)).await;
    watcher.until(|it| it.discontinuities() == 1).await;
    watcher.more(4).await;
    assert_eq!(watcher.discontinuities(), 1);
    assert_eq!(lost(&plain).await, 3);
    let numbers: Vec<_> = watcher.seen.keys().copied().collect();
    assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_lists_from_a_mirror_that_lags_are_not_believed() {
    let meet = async |behind: usize| {
        let plain = Plain::new().await;
        plain.origin.faults().add(Listing::Flap(behind));
        let mut watcher = plain.watcher().await;
        watcher.more(10).await;
        watcher.assert_unbroken();
    };
    join_all([1, 2, 4].map(meet)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_that_stands_still_for_a_while_is_served_on_and_nothing_of_it_is_lost() {
    let plain = Plain::new().await;
    let mut watcher = plain.watcher().await;
    watcher.more(2).await;
    let polls = plain.origin.metrics().playlists;
    let fault = plain.origin.faults().add(Listing::Stall);
    // It is asked on and on, and every look meanwhile finds a list that plays.
    watcher
        .until(|_| polls + 20 <= plain.origin.metrics().playlists)
        .await;
    plain.origin.faults().remove(fault);
    watcher.more(6).await;
    watcher.assert_unbroken();
}

/// The media's clock wraps 0.1 s after the beginning of this segment.
const LAST_BEFORE_THE_WRAP: u64 = 190_867;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wrap_of_the_media_s_clock_after_26_hours_is_not_noticed() {
    let options = Options {
        first: LAST_BEFORE_THE_WRAP - 14,
        ..Options::of(media())
    };
    let plain = Plain::with(options, |_| {}).await;
    let mut watcher = plain.watcher().await;
    watcher.until_mark(LAST_BEFORE_THE_WRAP + 3).await;
    let numbers = watcher.source_numbers();
    assert!(numbers.contains(&LAST_BEFORE_THE_WRAP), "{numbers:?}");
    watcher.assert_unbroken();
    for seen in watcher.seen.values() {
        let off = seen.duration.abs_diff(Duration::from_millis(500));
        assert!(off < Duration::from_millis(41), "{seen:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_steps_within_the_media_is_one_break_whether_it_is_announced_or_not() {
    let meet = async |tagged: bool| {
        let plain = Plain::new().await;
        let mut watcher = plain.watcher().await;
        watcher.look().await;
        strike(&plain, &Listing::Discontinuity { tagged }).await;
        watcher.until(|it| it.discontinuities() == 1).await;
        watcher.more(4).await;
        assert_eq!(watcher.discontinuities(), 1);
        let numbers = watcher.source_numbers();
        assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]));
        for seen in watcher.seen.values() {
            let off = seen.duration.abs_diff(Duration::from_millis(500));
            assert!(off < Duration::from_millis(41), "{seen:?}");
        }
    };
    tokio::join!(meet(true), meet(false));
}
