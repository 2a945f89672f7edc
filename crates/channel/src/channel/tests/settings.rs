//! Settings act with the next input, on a running channel too.

use std::time::Duration;

use super::scene::{live, scene};
use crate::channel::Input;
use crate::settings::Settings;
use crate::snapshot::Phase;

#[test]
fn a_smaller_window_is_listed_at_once_and_a_larger_one_fills_up() {
    let mut scene = live();
    scene.settings.window_size = 3;
    scene.tell(Input::Deadline);
    assert_eq!(scene.list().segments.len(), 3);
    scene.settings.window_size = 8;
    scene.tell(Input::Deadline);
    assert_eq!(
        scene.list().segments.len(),
        3,
        "what was removed does not come back"
    );
    scene.play(10);
    assert_eq!(scene.list().segments.len(), 8);
}

#[test]
fn the_first_list_is_as_long_as_the_window_setting_says() {
    let mut scene = scene();
    scene.settings.window_size = 3;
    scene.tell(Input::ViewerArrived);
    assert_eq!(scene.list().segments.len(), 3);
}

#[test]
fn fewer_segments_to_keep_are_dropped_at_once() {
    let mut scene = live();
    assert!(10 < scene.channel.window.held().len());
    scene.settings.segments_max = 7;
    scene.tell(Input::Deadline);
    assert_eq!(scene.channel.window.held().len(), 7);
}

#[test]
fn a_longer_linger_time_keeps_a_channel_that_lingers() {
    let mut scene = live();
    scene.tell(Input::LastViewerLeft);
    scene.settings.linger = Duration::from_secs(20);
    scene.play(19);
    assert_eq!(scene.phase(), Phase::Lingering);
    scene.settings.linger = Duration::from_secs(1);
    scene.tell(Input::Deadline);
    assert_eq!(scene.finished, 1);
}

#[test]
fn fewer_initial_segments_open_the_gate_for_those_who_wait() {
    let mut scene = scene();
    scene.origin.began = scene.now;
    scene.origin.first = 0;
    scene.settings.initial_segments = 10;
    scene.tell(Input::ViewerArrived);
    scene.play(12);
    assert_eq!(scene.phase(), Phase::Starting);
    scene.settings.initial_segments = 3;
    scene.tell(Input::Deadline);
    assert_eq!(scene.phase(), Phase::Live);
}

#[test]
fn a_shorter_buffer_opens_the_gate_too() {
    let mut scene = scene();
    scene.origin.began = scene.now;
    scene.origin.first = 0;
    scene.settings.initial_buffer = Duration::from_secs(60);
    scene.tell(Input::ViewerArrived);
    scene.play(12);
    assert_eq!(scene.phase(), Phase::Starting);
    scene.settings.initial_buffer = Duration::from_secs(10);
    scene.tell(Input::Deadline);
    assert_eq!(scene.phase(), Phase::Live);
}

#[test]
fn reaching_the_most_initial_segments_is_ready_enough() {
    let mut scene = scene();
    scene.settings.initial_buffer = Duration::from_secs(60);
    scene.settings.initial_segments_max = 6;
    scene.tell(Input::ViewerArrived);
    assert_eq!(scene.phase(), Phase::Live);
}

#[test]
fn the_first_segment_timeout_acts_on_a_start_under_way() {
    let mut scene = scene();
    scene.origin.poll_trouble = Some(crate::Trouble::Unfit("a page".into()));
    scene.tell(Input::ViewerArrived);
    scene.play(6);
    assert_eq!(scene.phase(), Phase::Starting);
    scene.settings.first_segment_timeout = Duration::from_secs(5);
    scene.tell(Input::Deadline);
    assert!(matches!(scene.phase(), Phase::Failed { .. }));
}

#[test]
fn the_poll_interval_acts_on_the_poll_that_is_waited_for() {
    let mut scene = live();
    scene.settings.poll_interval = 2.0;
    let last = *scene.times("poll").last().expect("polls");
    scene.tell(Input::Deadline);
    scene.play(10);
    let later: Vec<_> = scene
        .times("poll")
        .into_iter()
        .filter(|at| last < *at)
        .collect();
    assert_eq!(later[0].since(last), Duration::from_secs(4));
    scene.settings.poll_interval = 0.1;
    let polls = scene.count("poll");
    scene.play(2);
    assert!(polls + 9 <= scene.count("poll"));
    assert_eq!(scene.count("open"), 1);
}

#[test]
fn the_time_without_data_acts_on_a_source_that_is_away() {
    let mut scene = live();
    scene.origin.frozen = Some(scene.now);
    scene.play(20);
    assert_eq!(scene.phase(), Phase::Live);
    scene.settings.no_data_timeout = Duration::from_secs(10);
    scene.tell(Input::Deadline);
    assert!(matches!(scene.phase(), Phase::Failed { .. }));
}

#[test]
fn a_time_without_data_shorter_than_a_segment_does_not_end_a_healthy_channel() {
    let mut scene = live();
    scene.settings.no_data_timeout = Duration::from_millis(50);
    scene.settings.poll_interval = 2.0;
    scene.tell(Input::Deadline);
    scene.play(120);
    assert_eq!(scene.phase(), Phase::Live);
    assert_eq!(scene.count("open"), 1);
}

#[test]
fn less_memory_is_given_back_down_to_what_players_need() {
    let mut scene = live();
    scene.settings.bytes_max = 1;
    scene.tell(Input::Deadline);
    assert_eq!(scene.channel.window.held().len(), 3);
}

#[test]
fn a_target_duration_that_players_know_stands_whatever_is_set() {
    let mut scene = live();
    let target = scene.list().target_duration;
    let least = Settings {
        segments_max: 5,
        initial_segments: 1,
        window_size: 3,
        initial_segments_max: 1,
        poll_interval: 0.1,
        ..Settings::default()
    };
    let most = Settings {
        segments_max: 100,
        initial_segments: 10,
        window_size: 20,
        initial_segments_max: 20,
        poll_interval: 2.0,
        ..Settings::default()
    };
    for settings in [least, most] {
        scene.settings = settings;
        scene.play(20);
        let list = scene.list();
        assert_eq!(list.target_duration, target);
        let media: Duration = list.segments.iter().map(|it| it.duration).sum();
        assert!(target * 3 <= media, "{media:?}");
    }
    assert_eq!(scene.phase(), Phase::Live);
}
