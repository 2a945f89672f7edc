//! Changes that are made: each is on the disk when it is answered, and comes back after a restart.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use simulator::engine::Engine;
use tempfile::TempDir;
use weir::app::{Service, Staged};
use weir::config::Config;

use crate::settings_calls::{Reply, call, post, post_json, settings};
use crate::stage::{Stage, fast_engine, quick_config};
use crate::undisturbed::{undisturbed, viewer_of};

/// A value for each setting that is not its default.
fn all() -> Value {
    json!({
        "hls_max_segments": 41, "hls_initial_segments": 4, "hls_window_size": 8,
        "hls_buffer_ready_timeout": 31, "hls_first_segment_timeout": 32.5,
        "hls_initial_buffer_seconds": 12, "hls_max_initial_segments": 9,
        "hls_segment_fetch_interval": 0.75, "stream_mode": "TS", "ts_join_seconds": 4.5,
        "segment_seconds": 5, "engine_stream": "hls", "slate": "all",
        "initial_data_wait_timeout": 11, "initial_data_check_interval": 0.3,
        "no_data_timeout_checks": 70, "no_data_check_interval": 0.9,
        "connection_timeout": 7, "stream_timeout": 61.25, "channel_shutdown_delay": 6,
        "max_streams_per_engine": 5, "engine_wait_timeout": 2.5,
    })
}

/// Weir alone, on a data folder.
async fn weir(folder: &TempDir, change: impl FnOnce(&mut Config)) -> Service {
    let mut config = quick_config(folder);
    config.settings = weir::settings::Settings::default();
    change(&mut config);
    Service::start(config, Staged::default())
        .await
        .expect("a service")
}

/// What Weir says of its settings when it is started on a folder.
async fn after_a_start(folder: &TempDir) -> Value {
    let weir = weir(folder, |_| {}).await;
    let reply = settings(weir.address()).await;
    assert_eq!(reply.status, 200);
    weir.stop().await;
    reply.json
}

/// What is saved; the history of it is looked at elsewhere.
fn file(folder: &Path) -> Value {
    let text = fs::read(folder.join("proxy_settings.json")).expect("the file");
    let mut saved: Value = serde_json::from_slice(&text).expect("JSON");
    if let Some(members) = saved.as_object_mut() {
        members.remove("history");
    }
    saved
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Whether the values of one object stand in another.
fn holds(whole: &Value, part: &Value) -> bool {
    let part = part.as_object().expect("an object");
    part.iter().all(|(name, value)| whole[name] == *value)
}

#[tokio::test]
async fn every_setting_is_answered_saved_and_back_after_a_restart() {
    let folder = folder();
    let first = weir(&folder, |_| {}).await;
    let reply = post_json(first.address(), all().to_string()).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let text = "Proxy configuration updated and persisted";
    assert_eq!(reply.json["message"], text);
    assert!(holds(&reply.json, &all()), "{reply:?}");
    let read = settings(first.address()).await;
    assert_eq!(read.values(), reply.values());
    assert_eq!(read.field("etag"), reply.field("etag"));
    // Nothing is written when it ends: what was answered was on the disk.
    assert!(holds(&file(folder.path()), &all()));
    first.stop().await;
    let again = after_a_start(&folder).await;
    assert!(holds(&again, &all()), "{again:#}");
}

#[tokio::test]
async fn the_answer_names_every_setting_and_what_can_only_be_read() {
    let folder = folder();
    let weir = weir(&folder, |_| {}).await;
    let read = settings(weir.address()).await;
    let names: BTreeSet<_> = read.values().into_iter().map(|(name, _)| name).collect();
    let mut wanted: BTreeSet<_> = all()
        .as_object()
        .expect("an object")
        .keys()
        .cloned()
        .collect();
    wanted.extend(["vlc_user_agent", "engine_variant", "warnings"].map(str::to_owned));
    assert_eq!(names, wanted);
    assert_eq!(read.json["hls_window_size"].to_string(), "6");
    assert_eq!(read.json["hls_segment_fetch_interval"].to_string(), "0.5");
    assert_eq!(read.json["warnings"], json!([]));
    assert_eq!(read.field("cache-control"), Some("no-store"));
    let unwise = post(weir.address(), "hls_window_size=20").await;
    let warning = unwise.json["warnings"][0].as_str().expect("a warning");
    assert!(
        warning.starts_with("hls_max_segments below 41"),
        "{warning}"
    );
}

#[tokio::test]
async fn parameters_and_a_body_may_share_a_change() {
    let folder = folder();
    let weir = weir(&folder, |_| {}).await;
    let json = [("Content-Type", "application/json")];
    let path = "POST /proxy/config?hls_window_size=7&stream_timeout=30.5&stream_mode=hls";
    let reply = call(weir.address(), path, &json, r#"{"hls_max_segments": 30}"#).await;
    let wanted = json!({"hls_window_size": 7, "stream_timeout": 30.5, "hls_max_segments": 30, "version": 1, "stream_mode": "HLS"});
    assert_eq!(reply.values()["hls_window_size"], 7);
    assert_eq!(file(folder.path()), wanted);
}

#[tokio::test]
async fn saved_values_win_over_the_environment_and_that_over_the_defaults() {
    let folder = folder();
    let first = weir(&folder, |config| config.settings.hls_window_size = 9).await;
    assert_eq!(settings(first.address()).await.json["hls_window_size"], 9);
    post(first.address(), "hls_window_size=7").await;
    first.stop().await;
    let second = weir(&folder, |config| {
        config.settings.hls_window_size = 9;
        config.settings.stream_timeout = Duration::from_secs(44);
    })
    .await;
    let read = settings(second.address()).await.json;
    assert_eq!(read["hls_window_size"], 7);
    assert_eq!(read["stream_timeout"], 44);
    assert_eq!(read["hls_max_segments"], 20);
}

#[tokio::test]
async fn a_change_made_on_values_that_are_no_longer_there_is_refused() {
    let folder = folder();
    let weir = weir(&folder, |_| {}).await;
    let read = settings(weir.address()).await;
    let tag = read.field("etag").expect("a revision").to_owned();
    let post_if = async |tag: &str, query: &str| -> Reply {
        let path = format!("POST /proxy/config?{query}");
        call(weir.address(), &path, &[("If-Match", tag)], "").await
    };
    let reply = post_if(&tag, "hls_window_size=7").await;
    assert_eq!(reply.status, 200);
    let newer = reply.field("etag").expect("a revision").to_owned();
    assert_ne!(tag, newer);
    let refused = post_if(&tag, "hls_window_size=8").await;
    assert_eq!(refused.status, 412);
    assert!(refused.detail().contains(&newer), "{refused:?}");
    assert_eq!(settings(weir.address()).await.json["hls_window_size"], 7);
    for tag in ["*".to_owned(), format!("\"x\", {newer}")] {
        let reply = post_if(&tag, "hls_window_size=7").await;
        assert_eq!(reply.status, 200, "{tag}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_changes_made_on_the_same_values_one_is_made() {
    let folder = folder();
    let weir = weir(&folder, |_| {}).await;
    let read = settings(weir.address()).await;
    let tag = [("If-Match", read.field("etag").expect("a revision"))];
    let write = async |number: u32| {
        let path = format!("POST /proxy/config?stream_timeout={}", 100 + number);
        call(weir.address(), &path, &tag, "").await.status
    };
    let statuses = join_all((0..50).map(write)).await;
    let made = statuses.iter().filter(|status| **status == 200);
    assert_eq!(made.count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 412].contains(status)));
}

/// Four settings that only the writer of this number writes together.
fn set_of(number: u64) -> Value {
    json!({
        "hls_max_segments": 40 + number, "stream_timeout": 100 + number,
        "no_data_timeout_checks": 200 + number, "hls_window_size": 3 + number % 15,
    })
}

/// The writer whose set stands whole in an object; nothing of another may.
fn writer_of(whole: &Value) -> Option<u64> {
    let number = whole["hls_max_segments"].as_u64()?.checked_sub(40)?;
    assert!(holds(whole, &set_of(number)), "torn: {whole:#}");
    Some(number)
}

/// Every fifth writer makes a mistake.
fn is_good(number: u64) -> bool {
    !number.is_multiple_of(5)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_writers_at_once_are_each_all_or_nothing_and_viewers_notice_nothing() {
    let stage = Stage::fast(|_| {}).await;
    let mut watcher = viewer_of(&stage, 0).await;
    let address = stage.address();
    let write = async |number: u64| {
        let mut set = set_of(number);
        let good = is_good(number);
        if !good {
            // Its last value is bad, so that nothing of it may be seen.
            set["stream_mode"] = json!("DASH");
        }
        let reply = post_json(address, set.to_string()).await;
        assert_eq!(reply.status, if good { 200 } else { 400 }, "{reply:?}");
        if good {
            assert_eq!(writer_of(&reply.json), Some(number));
        }
        let read = settings(address).await;
        let seen = writer_of(&read.json).filter(|it| *it < 50);
        assert!(seen.is_none_or(is_good), "a bad change was made");
    };
    undisturbed(&mut watcher, join_all((0..50).map(write))).await;
    watcher.assert_unbroken();
    let last = settings(address).await.json;
    let number = writer_of(&last).expect("a writer");
    assert_eq!(writer_of(&file(stage.folder.path())), Some(number));
    let Stage { weir, folder, .. } = stage;
    weir.stop().await;
    assert_eq!(writer_of(&after_a_start(&folder).await), Some(number));
}

/// A service with one saved change, and a viewer; then something is wrong with the disk.
async fn refused(status: u16, text: &str, spoil: impl FnOnce(&Path), mend: impl FnOnce(&Path)) {
    let stage = Stage::fast(|_| {}).await;
    let mut watcher = viewer_of(&stage, 0).await;
    stage.set("hls_window_size=7").await;
    let saved = file(stage.folder.path());
    undisturbed(&mut watcher, async {
        spoil(stage.folder.path());
        let reply = post(stage.address(), "hls_window_size=8").await;
        assert_eq!(reply.status, status, "{reply:?}");
        assert!(reply.detail().contains(text), "{reply:?}");
        assert_eq!(settings(stage.address()).await.json["hls_window_size"], 7);
        assert_eq!(file(stage.folder.path()), saved);
        mend(stage.folder.path());
        stage.set("hls_window_size=8").await;
        assert_eq!(file(stage.folder.path())["hls_window_size"], 8);
    })
    .await;
    watcher.assert_unbroken();
}

#[tokio::test]
async fn a_full_disk_is_told_and_the_old_values_stay() {
    let full = |folder: &Path| {
        let link = folder.join("proxy_settings.json.new");
        std::os::unix::fs::symlink("/dev/full", link).expect("a link");
    };
    refused(507, "no room to save", full, |_| {}).await;
}

#[tokio::test]
async fn a_folder_that_takes_nothing_is_told_and_the_old_values_stay() {
    let in_the_way = |folder: &Path| {
        fs::create_dir(folder.join("proxy_settings.json.new")).expect("a folder");
    };
    let out_of_it = |folder: &Path| {
        fs::remove_dir(folder.join("proxy_settings.json.new")).expect("removed");
    };
    refused(500, "cannot be written", in_the_way, out_of_it).await;
}

#[tokio::test]
async fn a_damaged_file_does_not_stop_the_start_and_the_change_before_is_used() {
    for damage in [
        "",
        "{\"hls_window_size\": 8, \"hls_m",
        "[8]",
        "\0\0\0\0\0\0",
    ] {
        let folder = folder();
        let first = weir(&folder, |_| {}).await;
        post(first.address(), "hls_window_size=7").await;
        post(first.address(), "hls_window_size=8").await;
        first.stop().await;
        let path = folder.path().join("proxy_settings.json");
        fs::write(&path, damage).expect("damage");
        assert_eq!(after_a_start(&folder).await["hls_window_size"], 7);
        let aside = folder.path().join("proxy_settings.json.damaged-1");
        assert_eq!(fs::read_to_string(aside).expect("kept"), damage);
    }
}

#[tokio::test]
async fn bad_saved_values_are_left_out_alone_and_a_copy_is_kept() {
    let folder = folder();
    let text = r#"{"version": 2, "hls_window_size": 1000, "stream_timeout": 77, "stream_mode": "DASH",
        "hls_max_segments": 8, "hls_max_initial_segments": 9, "future": {"a": [1]}}"#;
    fs::write(folder.path().join("proxy_settings.json"), text).expect("a file");
    let weir = weir(&folder, |_| {}).await;
    let read = settings(weir.address()).await.json;
    let wanted = json!({
        "hls_window_size": 6, "stream_timeout": 77, "stream_mode": "TS",
        "hls_max_segments": 20, "hls_max_initial_segments": 10,
    });
    assert!(holds(&read, &wanted), "{read:#}");
    let copy = fs::read_to_string(folder.path().join("proxy_settings.json.damaged-1"));
    assert_eq!(copy.expect("a copy"), text);
    post(weir.address(), "connection_timeout=8").await;
    let wanted = json!({
        "version": 2, "stream_timeout": 77, "connection_timeout": 8, "future": {"a": [1]},
    });
    assert_eq!(file(folder.path()), wanted);
}

#[tokio::test]
async fn something_else_in_the_file_s_place_is_survived_and_put_aside_by_the_next_change() {
    let folder = folder();
    let path = folder.path().join("proxy_settings.json");
    fs::create_dir(&path).expect("a folder in its place");
    let weir = weir(&folder, |_| {}).await;
    assert!(path.is_dir());
    let reply = post(weir.address(), "hls_window_size=7").await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(file(folder.path())["hls_window_size"], 7);
}

#[tokio::test]
async fn a_channel_that_starts_after_a_restart_follows_the_saved_settings() {
    let engine = Engine::start(fast_engine()).await.expect("an engine");
    let folder = folder();
    let first = weir(&folder, |_| {}).await;
    post(first.address(), "hls_buffer_ready_timeout=5").await;
    first.stop().await;
    let second = weir(&folder, |config| {
        config.engines = vec![engine.address().to_string().parse().expect("an address")];
        config.settings.hls_buffer_ready_timeout = Duration::from_secs(120);
        config.settings.hls_first_segment_timeout = Duration::from_secs(120);
    })
    .await;
    engine.faults().add(simulator::fault::Session::NoPeers);
    let id = &fast_engine().channels[0].content_id;
    let entry = format!("GET /ace/manifest.m3u8?id={id}");
    let reply = call(second.address(), &entry, &[], "").await;
    assert_eq!(reply.status, 503);
    assert!(reply.detail().contains("within 5 s"), "{reply:?}");
}
