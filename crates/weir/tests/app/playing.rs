//! What a viewer gets of a source that misbehaves: whole segments, rising numbers, honest breaks.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use simulator::engine::Options;
use simulator::fault::{Endpoint, Http, Listing, Rule};

use crate::stage::{Stage, eventually, fast, fast_engine};
use crate::watcher::Watcher;

#[tokio::test]
async fn a_burst_of_new_segments_loses_none() {
    let stage = Stage::fast(|_| {}).await;
    let mut watcher = Watcher::new(stage.player().await);
    watcher.look().await;
    // The source brings three and more at once.
    let late = Http::Delay(Duration::from_millis(1_700));
    let fault = stage.engine.faults().next(1, Endpoint::Playlist, late);
    stage.until_struck(fault, 1).await;
    watcher.more(8).await;
    watcher.assert_unbroken();
}

#[tokio::test]
async fn segments_that_cannot_be_had_are_skipped_with_a_discontinuity_and_never_published() {
    let options = Options {
        initial: 17,
        ..fast_engine()
    };
    let stage = Stage::with(options, |config| {
        fast(config);
        config.settings.hls_max_initial_segments = 17;
        config.settings.hls_initial_buffer_seconds = Duration::from_secs(60);
        config.settings.hls_window_size = 20;
    })
    .await;
    let broken = [
        (2, Http::Status(404)),
        (4, Http::Trim(100)),
        (6, Http::Html),
        (8, Http::Empty),
        (10, Http::Truncate(5_000)),
    ];
    for (number, fault) in broken.clone() {
        let rule = Rule::new(fault).on(Endpoint::Segment).segment(number);
        stage.engine.faults().add(rule);
    }
    let mut watcher = Watcher::new(stage.player().await);
    watcher.look().await;
    let numbers = watcher.source_numbers();
    let lost = broken.map(|(number, _)| number);
    let expected: Vec<u64> = (0..17).filter(|it| !lost.contains(it)).collect();
    assert!(numbers.starts_with(&expected), "{numbers:?}");
    assert_eq!(watcher.discontinuities(), lost.len());
    let state = stage.channel(|_| true).await;
    assert_eq!(state["upstream"]["segments_lost"], lost.len());
}

#[tokio::test]
async fn a_segment_that_fails_twice_and_then_works_is_published_whole() {
    let stage = Stage::fast(|_| {}).await;
    let mut watcher = Watcher::new(stage.player().await);
    watcher.look().await;
    for (number, fault) in [(8, Http::Status(503)), (10, Http::Truncate(3_000))] {
        let rule = Rule::new(fault).on(Endpoint::Segment).segment(number);
        stage.engine.faults().add(rule.times(2));
    }
    watcher.until_mark(11).await;
    watcher.assert_unbroken();
    let metrics = stage.engine.metrics();
    assert_eq!((metrics.fetches(8), metrics.fetches(10)), (3, 3));
}

#[tokio::test]
async fn lengths_are_the_media_s_even_when_the_source_lies() {
    for lie in ["0.2,", "3.9,", "-1,", "nonsense,"] {
        let stage = Stage::fast(|_| {}).await;
        stage.engine.faults().add(Listing::Extinf(lie.into()));
        let list = stage.player().await.poll().await;
        for segment in &list.segments {
            let off = segment.duration.abs_diff(Duration::from_millis(500));
            assert!(off < Duration::from_millis(41), "{lie} gave {segment:?}");
        }
    }
}

#[tokio::test]
async fn however_the_source_misnumbers_viewers_see_rising_numbers_and_honest_breaks() {
    let stage = Stage::fast(|_| {}).await;
    let mut watcher = Watcher::new(stage.player().await);
    watcher.look().await;
    for fault in [
        Listing::Discontinuity { tagged: false },
        Listing::Discontinuity { tagged: true },
        Listing::Jump(40),
        Listing::Duplicate,
        Listing::Lose(3),
    ] {
        let before = watcher.discontinuities();
        let breaks = usize::from(fault != Listing::Duplicate);
        let rule = stage.engine.faults().add(fault.clone());
        stage.until_struck(rule, 1).await;
        let wanted = before + breaks;
        watcher.until(|it| wanted <= it.discontinuities()).await;
        watcher.more(2).await;
        assert_eq!(watcher.discontinuities(), wanted, "{fault:?}");
    }
}

#[tokio::test]
async fn numbers_never_fall_when_the_source_begins_at_zero_again() {
    let stage = Stage::fast(|_| {}).await;
    let mut watcher = Watcher::new(stage.player().await);
    watcher.more(4).await;
    let fault = stage.engine.faults().add(Listing::Reset);
    stage.until_struck(fault, 1).await;
    // Until the break has left the list, and is counted there.
    watcher.until(|it| 0 < it.discontinuities()).await;
    let list = watcher.more(9).await;
    assert_eq!(watcher.discontinuities(), 1);
    assert!(
        list.segments.iter().all(|it| !it.discontinuity),
        "{list:#?}"
    );
}

#[tokio::test]
async fn mirrors_that_are_not_in_step_do_not_disturb_the_list() {
    let stage = Stage::fast(|_| {}).await;
    stage.engine.faults().add(Listing::Flap(2));
    let mut watcher = Watcher::new(stage.player().await);
    watcher.more(10).await;
    watcher.assert_unbroken();
}

#[tokio::test]
async fn a_segment_can_still_be_had_after_it_has_left_the_list() {
    let stage = Stage::fast(|config| config.settings.hls_max_segments = 14).await;
    let player = stage.player().await;
    let list = player.poll().await;
    let first = list.segments[0].clone();
    let whole = player.fetch(&first).await.body;
    player
        .poll_until(|list| first.sequence + 4 < list.media_sequence)
        .await;
    let again = player.fetch(&first).await;
    assert_eq!((again.status, again.body), (StatusCode::OK, whole));
    eventually("the segment is given back", async || {
        player.poll().await;
        let answer = player.fetch(&first).await;
        (answer.status == StatusCode::NOT_FOUND)
            .then(|| assert!(answer.json()["detail"].is_string()))
    })
    .await;
}

#[tokio::test]
async fn dates_rise_and_are_never_later_than_the_media_s_arrival() {
    let stage = Stage::fast(|_| {}).await;
    let player = stage.player().await;
    let mut watcher = Watcher::new(player);
    for _ in 0..3 {
        watcher.more(1).await;
        let now = weir::clock::wall();
        for (number, seen) in &watcher.seen {
            let date = seen.date.expect("a date on each segment");
            assert!(date <= now, "{number} is dated {date}, and it is {now}");
        }
    }
}

#[tokio::test]
async fn an_end_that_the_source_takes_back_is_never_told() {
    let stage = Stage::fast(|_| {}).await;
    let mut watcher = Watcher::new(stage.player().await);
    watcher.look().await;
    let lie = stage.engine.faults().add(Listing::Endlist);
    let still = stage.engine.faults().add(Listing::Stall);
    let polls = stage.engine.metrics().playlists;
    let told = stage.engine_until(|metrics| polls + 10 < metrics.playlists);
    told.await;
    assert!(!watcher.look().await.ended);
    stage.engine.faults().remove(still);
    for _ in 0..3 {
        assert!(!watcher.more(2).await.ended);
    }
    stage.engine.faults().remove(lie);
    assert!(!watcher.more(2).await.ended);
    assert_eq!(watcher.discontinuities(), 0);
    assert_eq!(stage.engine.metrics().starts_all(), 1);
}

#[tokio::test]
async fn a_source_that_has_ended_ends_the_list_for_its_viewers() {
    let stage = Stage::fast(|_| {}).await;
    let player = stage.player().await;
    player.poll().await;
    stage.engine.faults().add(Listing::Endlist);
    stage.engine.faults().add(Listing::Stall);
    let list = player.poll_until(|list| list.ended).await;
    assert!(3 <= list.segments.len());
}

#[tokio::test]
async fn a_page_or_an_empty_list_for_a_while_is_not_noticed() {
    let stage = Stage::fast(|_| {}).await;
    let mut watcher = Watcher::new(stage.player().await);
    watcher.look().await;
    let faults = stage.engine.faults();
    for fault in [
        Http::Html,
        Http::Empty,
        Http::Replace(Bytes::from_static(b"#EXTM3U\n")),
    ] {
        let rule = faults.next(3, Endpoint::Playlist, fault);
        stage.until_struck(rule, 3).await;
        watcher.more(2).await;
    }
    let rule = faults.add(Rule::new(Listing::Empty).times(3));
    stage.until_struck(rule, 3).await;
    watcher.more(2).await;
    assert_eq!(watcher.discontinuities(), 0);
    assert_eq!(stage.engine.metrics().starts_all(), 1);
}
