//! Numbers for Prometheus: what is told is true, bounded, and read by Prometheus' own tool.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use http::{Method, StatusCode};
use weir::metrics::Metric;

use crate::stage::{Stage, eventually, request};
use crate::watcher::Watcher;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

async fn text(stage: &Stage) -> String {
    let answer = stage.get("/metrics").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.header("content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    answer.text()
}

/// The samples of a scrape, by name and labels.
fn samples(text: &str) -> BTreeMap<&str, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.map(|line| line.rsplit_once(' ').expect("a value"));
    pairs
        .map(|(name, value)| (name, value.parse().expect("a number")))
        .collect()
}

/// Scrapes until the samples are as wanted.
async fn until(stage: &Stage, wanted: impl Fn(&BTreeMap<&str, f64>) -> bool) -> String {
    eventually("the numbers", async || {
        let text = text(stage).await;
        wanted(&samples(&text)).then_some(text)
    })
    .await
}

fn is(samples: &BTreeMap<&str, f64>, name: &str, wanted: f64) -> bool {
    samples
        .get(name)
        .is_some_and(|value| (value - wanted).abs() < 0.001)
}

/// A program of Debian's prometheus, with something to read.
fn promtool(arguments: &[&str], input: &str) -> String {
    let install = Command::new(root().join("scripts/install-tools"))
        .arg("prometheus")
        .output()
        .expect("the script");
    assert!(install.status.success(), "{install:?}");
    let mut child = Command::new("promtool")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool");
    let mut stdin = child.stdin.take().expect("an input");
    stdin.write_all(input.as_bytes()).expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let told = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{told}");
    told
}

#[tokio::test]
async fn what_is_scraped_is_what_happened() {
    let stage = Stage::fast(|_| {}).await;
    let idle = text(&stage).await;
    let before = samples(&idle);
    assert!(
        is(&before, "weir_engines{state=\"healthy\"}", 1.0),
        "{idle}"
    );
    assert!(is(&before, "weir_viewers{mode=\"hls\"}", 0.0) && !idle.contains("channel="));

    let mut watcher = Watcher::new(stage.player().await);
    let list = watcher.more(4).await;
    let mut listener = stage.listener().await;
    listener.more(1).await;
    let gone = format!("/ace/hls/{}/segment/1.ts", stage.ids[0]);
    assert_eq!(stage.get(&gone).await.status, StatusCode::NOT_FOUND);
    assert!(!list.segments.is_empty());

    let key = &stage.ids[0];
    let of_channel = |name: &str| format!("weir_channel_{name}{{channel=\"{key}\"}}");
    let text = until(&stage, |now| {
        is(now, "weir_viewers{mode=\"hls\"}", 1.0)
            && is(now, "weir_viewers{mode=\"ts\"}", 1.0)
            && now.get("weir_segments_not_found_total") == Some(&1.0)
    })
    .await;
    let now = samples(&text);
    for (name, wanted) in [
        ("weir_channels{state=\"live\"}", 1.0),
        ("weir_channels_health{health=\"failed\"}", 0.0),
        ("weir_sessions_opened_total", 1.0),
        ("orch_streams_active", 1.0),
        ("orch_events_started_total", 1.0),
        ("orch_events_ended_total", 0.0),
        ("orch_used_engines", 1.0),
        (
            "weir_http_requests_total{route=\"/ace/manifest.m3u8\",status=\"2xx\"}",
            1.0,
        ),
        (
            "weir_http_requests_total{route=\"/ace/hls/{channel}/segment/{file}\",status=\"4xx\"}",
            1.0,
        ),
        ("weir_channels_unlabelled", 0.0),
    ] {
        assert!(is(&now, name, wanted), "{name} is not {wanted}: {text}");
    }
    let segments =
        "weir_http_requests_total{route=\"/ace/hls/{channel}/segment/{file}\",status=\"2xx\"}";
    assert!(is(&now, segments, watcher.seen.len() as f64), "{text}");
    for name in [
        "weir_upstream_bytes_total",
        "weir_viewer_bytes_total",
        "process_resident_memory_bytes",
        &of_channel("buffer_seconds"),
        &of_channel("playable_seconds_min"),
        &of_channel("peers"),
    ] {
        assert!(now.get(name).is_some_and(|it| 0.0 < *it), "{name}: {text}");
    }
    drop((watcher, listener));
    stage.until_empty().await;
    let text = until(&stage, |now| is(now, "orch_events_ended_total", 1.0)).await;
    assert!(
        !text.contains(key.as_str()),
        "what ended has no series: {text}"
    );
    let after = samples(&text);
    for name in ["weir_viewer_bytes_total", "weir_segments_total"] {
        assert!(now[name] <= after[name], "{name} fell: {text}");
    }
}

#[tokio::test]
async fn speeds_are_told_in_the_megabytes_of_1024_kilobytes_in_which_engines_tell_kilobytes() {
    let stage = Stage::fast(|_| {}).await;
    let mut watcher = Watcher::new(stage.player().await);
    watcher.more(2).await;
    let names = ["upload", "download"].map(|what| format!("orch_total_{what}_speed_mbps"));
    let flows = |now: &BTreeMap<&str, f64>| names.iter().all(|name| 0.0 < now[name.as_str()]);
    let text = until(&stage, flows).await;
    let now = samples(&text);
    for name in &names {
        // Engines know whole kilobytes.
        let kilobytes = now[name.as_str()] * 1_024.0;
        let off = (kilobytes - kilobytes.round()).abs();
        assert!(1.0 <= kilobytes && off < 1e-6, "{text}");
    }
}

#[tokio::test]
async fn what_was_counted_of_a_channel_stays_counted_when_it_has_ended() {
    let stage = Stage::fast(|_| {}).await;
    let sampled = async |channels: u64| {
        eventually("the whole is sampled", async || {
            let series = stage.get("/api/v1/overview/series").await.json();
            let newest = series["points"].as_array()?.last()?;
            (newest["channels"] == channels).then_some(())
        })
        .await;
    };
    let mut watcher = Watcher::new(stage.player().await);
    watcher.more(2).await;
    sampled(1).await;
    let running = text(&stage).await;
    drop(watcher);
    stage.until_empty().await;
    sampled(0).await;
    let ended = text(&stage).await;
    let (running, ended) = (samples(&running), samples(&ended));
    for name in [
        "viewer_bytes",
        "upstream_bytes",
        "segments",
        "sessions_opened",
    ] {
        let name = format!("weir_{name}_total");
        let [before, after] = [&running, &ended].map(|it| it[name.as_str()]);
        assert!(
            0.0 < before && before <= after,
            "{name}: {before} and then {after}"
        );
    }
}

#[tokio::test]
async fn prometheus_reads_it_without_a_complaint_in_both_forms() {
    let stage = Stage::fast(|_| {}).await;
    let mut watcher = Watcher::new(stage.player().await);
    watcher.more(2).await;
    let text = until(&stage, |now| is(now, "weir_viewers{mode=\"hls\"}", 1.0)).await;
    assert_eq!(promtool(&["check", "metrics"], &text), "");
    let accept = [("accept", "application/openmetrics-text; version=1.0.0")];
    let open = request(stage.address(), Method::GET, "/metrics", &accept).await;
    assert!(
        open.header("content-type")
            .starts_with("application/openmetrics-text")
    );
    assert!(open.text().ends_with("# EOF\n"));
}

#[tokio::test]
async fn no_viewer_and_no_made_up_path_becomes_a_series() {
    let stage = Stage::fast(|_| {}).await;
    let player = stage.player().await;
    player.poll().await;
    for number in 0..30 {
        stage.get(&format!("/made/up/{number}")).await;
        stage.get(&format!("/panel/made-up-{number}")).await;
    }
    let text = text(&stage).await;
    let token = player.media.rsplit_once('=').expect("a token").1;
    for made_up in ["made", token, &token[..12], "127.0.0.1\",", "test player"] {
        assert!(!text.contains(made_up), "{made_up} is in {text}");
    }
    let nowhere = "weir_http_requests_total{route=\"none\",status=\"4xx\"}";
    assert!(is(&samples(&text), nowhere, 30.0), "{text}");
}

/// Names of metrics in a text: words that begin as ours do.
fn named(text: &str) -> Vec<&str> {
    let words = text.split(|it: char| !(it.is_ascii_alphanumeric() || it == '_'));
    words
        .filter(|word| {
            ["weir_", "orch_", "process_"]
                .iter()
                .any(|it| word.starts_with(it))
        })
        .collect()
}

#[test]
fn the_dashboard_and_the_alerts_ask_for_metrics_that_there_are() {
    let mut known: Vec<String> = Metric::ALL.iter().map(|it| it.name().to_owned()).collect();
    let histogram = Metric::FirstByte.name();
    known.extend(["bucket", "sum", "count"].map(|it| format!("{histogram}_{it}")));
    for file in ["deploy/grafana-dashboard.json", "deploy/alerts.yaml"] {
        let text = std::fs::read_to_string(root().join(file)).expect(file);
        let names = named(&text);
        assert!(5 < names.len(), "{file} names {names:?}");
        for name in names {
            assert!(
                known.iter().any(|it| it == name),
                "{file}: there is no {name}"
            );
        }
    }
    let path = root().join("deploy/grafana-dashboard.json");
    let text = std::fs::read_to_string(path).expect("a dashboard");
    let dashboard: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert!(
        dashboard["panels"]
            .as_array()
            .is_some_and(|it| 6 <= it.len())
    );
    let rules = root().join("deploy/alerts.yaml");
    let rules = rules.to_string_lossy();
    promtool(&["check", "rules", &rules], "");
}
