//! The settings as a form shows them: what each may be, and where its value comes from.

use http::Method;
use serde_json::{Value, json};

use crate::stage::{Stage, post, request};

/// A setting as the form knows it.
fn named<'a>(form: &'a Value, key: &str) -> &'a Value {
    let settings = form["settings"].as_array().expect("settings");
    let found = settings.iter().find(|setting| setting["key"] == key);
    found.expect("the setting")
}

#[tokio::test]
async fn each_setting_says_what_it_may_be_and_where_its_value_comes_from() {
    let stage = Stage::fast(|config| {
        config.settings.hls_window_size = 8;
        config.settings_given.push("hls_window_size");
    })
    .await;
    let change = json!({ "hls_max_segments": 12, "stream_mode": "TS" });
    post(stage.address(), "/proxy/config", None, &change).await;
    let form = stage.get("/api/v1/settings").await.json();
    let window = named(&form, "hls_window_size");
    assert_eq!(window["origin"], "environment");
    assert_eq!(
        (&window["environment"], &window["default"]),
        (&json!(8), &json!(6))
    );
    let kept = named(&form, "hls_max_segments");
    assert_eq!(
        (&kept["origin"], &kept["value"]),
        (&json!("saved"), &json!(12))
    );
    assert_eq!((&kept["min"], &kept["max"]), (&json!(5.0), &json!(100.0)));
    assert_eq!(kept["environment"], Value::Null);
    let warning = kept["warning"].as_str().expect("a warning");
    assert!(warning.contains("slow viewers"), "{warning}");
    let mode = named(&form, "stream_mode");
    assert_eq!(
        (&mode["kind"], &mode["choices"]),
        (&json!("choice"), &json!(["TS", "HLS"]))
    );
    assert_eq!(named(&form, "stream_timeout")["origin"], "default");
}

#[tokio::test]
async fn a_change_can_build_on_the_revision_that_the_form_shows() {
    let stage = Stage::fast(|_| {}).await;
    let form = stage.get("/api/v1/settings").await.json();
    let revision = format!("\"{}\"", form["revision"].as_str().expect("a revision"));
    let change = |size: u64| {
        let path = format!("/proxy/config?hls_window_size={size}");
        let address = stage.address();
        let revision = revision.clone();
        async move { request(address, Method::POST, &path, &[("if-match", &revision)]).await }
    };
    assert_eq!(change(8).await.status, 200);
    assert_eq!(change(9).await.status, 412);
}
