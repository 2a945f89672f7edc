//! What is told of the whole, and what was: problems in words, and the course of things.

use std::time::Duration;

use http::StatusCode;
use serde_json::Value;
use simulator::fault::Listing;
use weir::settings::Slate;

use crate::figures::{Screen, number};
use crate::stage::{Stage, eventually, within};
use crate::watcher::Watcher;

async fn overview(stage: &Stage, wanted: impl Fn(&Value) -> bool) -> Value {
    eventually("the overview", async || {
        let told = stage.get("/api/v1/overview").await.json();
        wanted(&told).then_some(told)
    })
    .await
}

/// What is said to be wrong.
fn problems(overview: &Value) -> Vec<&str> {
    let problems = overview["problems"].as_array().expect("problems");
    let words = problems.iter().map(|it| it["what"].as_str());
    words.map(|it| it.expect("words")).collect()
}

#[tokio::test]
async fn the_course_of_a_channel_is_told_by_the_second_and_outlives_it_for_a_while() {
    let stage = Stage::fast(|_| {}).await;
    let mut watcher = Watcher::new(stage.player().await);
    let path = format!("/api/v1/channels/{}/buffer", stage.ids[0]);
    let points = async |query: &str| {
        let answer = stage.get(&format!("{path}{query}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        answer.json()
    };
    watcher.more(4).await;
    let watching = async {
        loop {
            watcher.look().await;
            let told = points("").await;
            if told["points"].as_array().is_some_and(|it| 3 <= it.len()) {
                return told;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let told = within(watching).await;
    assert_eq!(told["interval_seconds"], 1.0);
    let all = told["points"].as_array().expect("points");
    let newest = &all[all.len() - 1];
    assert!(all[0]["at"].as_str() < newest["at"].as_str());
    assert!(1.0 < number(&newest["seconds"]) && 3.0 <= number(&newest["segments"]));
    assert_eq!(newest["viewers"], 1);
    assert!(0.0 < number(&newest["in_bps"]) && 0.0 < number(&newest["out_bps"]));
    assert!(0.0 < number(&newest["peers"]), "{newest:#}");
    let now = stage
        .get(&format!("/api/v1/channels/{}", stage.ids[0]))
        .await;
    let now = number(&now.json()["rates"]["in_bps"]);
    let ratio = number(&newest["in_bps"]) / now;
    assert!((0.25..4.0).contains(&ratio), "{newest:#}, and now {now}");
    let second = all[1]["at"].as_str().expect("a time");
    let later = points(&format!("?since={second}")).await;
    let later = later["points"].as_array().expect("points");
    assert!(later.iter().all(|it| Some(second) < it["at"].as_str()));
    let whole = stage.get("/api/v1/overview/series").await.json();
    let newest = whole["points"].as_array().and_then(|it| it.last().cloned());
    let newest = newest.expect("a point");
    assert_eq!(
        (&newest["channels"], &newest["engines_healthy"]),
        (&1.into(), &1.into())
    );
    assert!(0.0 < number(&newest["buffer_seconds_min"]));

    drop(watcher);
    stage.until_empty().await;
    let ended = points("").await;
    assert!(all.len() <= ended["points"].as_array().expect("points").len());
}

#[tokio::test]
async fn a_house_in_order_has_no_problems_and_an_engine_that_is_gone_is_one() {
    let stage = Stage::fast(|_| {}).await;
    let mut watcher = Watcher::new(stage.player().await);
    watcher.more(2).await;
    let told = overview(&stage, |it| it["viewers"] == 1).await;
    assert_eq!(problems(&told), [""; 0], "{told:#}");
    assert_eq!(
        (&told["channels"], &told["disk_failing"]),
        (&1.into(), &false.into())
    );
    assert_eq!(
        (&told["engines"]["total"], &told["engines"]["used"]),
        (&1.into(), &1.into())
    );
    assert!(told["version"].is_string() && 0.0 < number(&told["uptime_seconds"]));

    let nothing = Stage::fast(|config| config.engines.clear()).await;
    let told = overview(&nothing, |_| true).await;
    assert!(problems(&told)[0].contains("nothing to play"), "{told:#}");
    assert_eq!(told["problems"][0]["severity"], "error");
    let absent = Stage::fast(|config| {
        config.engines = vec!["127.0.0.1:9".parse().expect("an address")];
    })
    .await;
    let refused = absent.get(&absent.entry()).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    let told = overview(&absent, |it| {
        problems(it).iter().any(|it| it.contains("does not answer"))
    })
    .await;
    assert_eq!(told["engines"]["healthy"], 0, "{told:#}");
}

#[tokio::test]
async fn who_is_shown_the_slate_waits_and_the_overview_says_so() {
    let stage = Stage::fast(|config| {
        config.settings.slate = Slate::Hls;
        config.slate_after = Duration::from_millis(300);
    })
    .await;
    let mut screen = Screen::new(&stage).await;
    screen.until(&stage, |it| it["waiting"] == false).await;
    let stall = stage.engine.faults().add(Listing::Stall);
    let shown = |it: &Value| it["waiting"] == true && 0.3 < number(&it["slate_seconds"]);
    screen.until(&stage, shown).await;
    let told = overview(&stage, |it| {
        problems(it).iter().any(|it| it.contains("the slate"))
    })
    .await;
    assert_eq!(told["problems"][0]["channel"], stage.ids[0], "{told:#}");
    stage.engine.faults().remove(stall);
    screen.until(&stage, |it| it["waiting"] == false).await;
}
