//! From the first viewer to the last: one pull, whatever the number of viewers.

use simulator::media;

use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_viewer_gets_a_playlist_whose_segments_are_the_source_s_bytes() {
    let stage = Stage::new().await;
    let player = stage.player().await;
    let list = player.poll().await;
    assert!(3 <= list.segments.len(), "{list:#?}");
    let mut last = None;
    for segment in &list.segments {
        let answer = player.fetch(segment).await;
        let mark = media::check(&answer.body).expect("one whole segment, as it was sent");
        assert!(last.is_none_or(|last| last + 1 == mark.segment));
        last = Some(mark.segment);
    }
    assert_eq!(stage.engine.metrics().starts_all(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_viewer_leaves_and_the_engine_sees_its_stop_after_the_linger() {
    let stage = Stage::new().await;
    let player = stage.player().await;
    player.poll().await;
    let metrics = stage.engine.until(|metrics| 0 < metrics.stops_done).await;
    assert_eq!(
        (metrics.starts_all(), metrics.stops, metrics.sessions),
        (1, 1, 0)
    );
    stage
        .until(|state| state["channels"].as_array().is_some_and(Vec::is_empty))
        .await;
}
