//! What was changed, by whom, and back again; and all that was set, out of one Weir and into another.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use weir::app::{Service, Staged};
use weir::config::Secret;

use crate::stage::{Answer, Stage, post, quick_config, request};

async fn change(stage: &Stage, values: Value) -> Answer {
    let answer = post(stage.address(), "/proxy/config", None, &values).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer
}

async fn undo(stage: &Stage, revision: u64) -> Answer {
    let wanted = json!({ "revision": revision });
    post(stage.address(), "/api/v1/settings/undo", None, &wanted).await
}

/// The changes, the newest first.
async fn history(stage: &Stage) -> Vec<Value> {
    let list = stage.get("/api/v1/settings/history").await.json();
    list["changes"].as_array().expect("changes").clone()
}

async fn origin(stage: &Stage, key: &str) -> Value {
    let form = stage.get("/api/v1/settings").await.json();
    let settings = form["settings"].as_array().expect("settings");
    let found = settings.iter().find(|it| it["key"] == key);
    found.expect("the setting")["origin"].clone()
}

#[tokio::test]
async fn a_change_is_told_with_what_was_before_and_can_be_taken_back() {
    let stage = Stage::fast(|_| {}).await;
    change(&stage, json!({ "hls_window_size": 8, "slate": "all" })).await;
    change(&stage, json!({ "stream_timeout": 90 })).await;
    change(&stage, json!({ "stream_timeout": 90 })).await;
    let changes = history(&stage).await;
    assert_eq!(changes.len(), 2, "what changes nothing is no change");
    assert_eq!(
        (&changes[1]["revision"], &changes[1]["who"]),
        (&json!(1), &json!("anyone"))
    );
    assert_eq!(
        changes[1]["changes"],
        json!([
            { "key": "hls_window_size", "from": 6, "to": 8 },
            { "key": "slate", "from": "off", "to": "all" },
        ])
    );
    let answer = undo(&stage, 1).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.json()["hls_window_size"], 6);
    assert_eq!(answer.json()["stream_timeout"], 90);
    assert_eq!(origin(&stage, "hls_window_size").await, "default");
    let changes = history(&stage).await;
    assert_eq!(
        changes[0]["changes"][0]["to"], 6,
        "taking back is a change, too"
    );
    let newest = stage.get("/api/v1/settings/history?limit=1").await.json();
    assert_eq!(newest["changes"], json!([changes[0]]));
    for limit in ["0", "201", "all"] {
        let path = format!("/api/v1/settings/history?limit={limit}");
        assert_eq!(stage.get(&path).await.status, StatusCode::BAD_REQUEST);
    }
    let answer = undo(&stage, 3).await;
    assert_eq!(answer.json()["hls_window_size"], 8, "and can be taken back");
}

#[tokio::test]
async fn what_was_built_upon_is_not_taken_back_and_nothing_else_of_it_is() {
    let stage = Stage::fast(|_| {}).await;
    change(
        &stage,
        json!({ "hls_window_size": 8, "stream_timeout": 90 }),
    )
    .await;
    change(&stage, json!({ "hls_window_size": 9 })).await;
    let answer = undo(&stage, 1).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert_eq!(answer.json()["errors"][0]["field"], "hls_window_size");
    let now = stage.get("/proxy/config").await.json();
    assert_eq!(
        (&now["hls_window_size"], &now["stream_timeout"]),
        (&json!(9), &json!(90))
    );
    assert_eq!(undo(&stage, 7).await.status, StatusCode::NOT_FOUND);
    let answer = post(stage.address(), "/api/v1/settings/undo", None, &json!({})).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_history_outlives_a_restart_and_names_no_token() {
    let folder = TempDir::new().expect("a folder");
    let start = || async {
        let mut config = quick_config(&folder);
        config.api_key = Some(Secret::new("sesame".into()));
        let staged = Staged::default();
        Service::start(config, staged).await.expect("a service")
    };
    let weir = start().await;
    let values = json!({ "stream_timeout": 90 });
    post(weir.address(), "/proxy/config", Some("sesame"), &values).await;
    weir.stop().await;
    let weir = start().await;
    let path = "/api/v1/settings/history";
    let list = request(weir.address(), Method::GET, path, &[]).await;
    assert_eq!(list.json()["changes"][0]["who"], "api key");
    assert!(!list.text().contains("sesame"));
    let wanted = json!({ "revision": 1 });
    let undone = |key| post(weir.address(), "/api/v1/settings/undo", key, &wanted);
    assert_eq!(undone(None).await.status, StatusCode::UNAUTHORIZED);
    let answer = undone(Some("sesame")).await;
    assert_eq!(answer.json()["stream_timeout"], 60);
}

#[tokio::test]
async fn what_one_weir_exports_another_imports_as_all_that_is_set() {
    let (from, to) = (Stage::fast(|_| {}).await, Stage::fast(|_| {}).await);
    change(&from, json!({ "hls_window_size": 8, "stream_mode": "TS" })).await;
    change(&to, json!({ "stream_timeout": 90 })).await;
    let document = from.get("/settings/export").await.json();
    assert_eq!(
        document["settings"],
        json!({ "hls_window_size": 8, "stream_mode": "TS" })
    );
    let answer = post(to.address(), "/settings/import", None, &document).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let parts = json!(["engines", "loop_detection", "settings", "webhooks"]);
    assert_eq!(answer.json()["imported"], parts);
    assert_eq!(
        to.get("/settings/export").await.json()["settings"],
        document["settings"]
    );
    let now = to.get("/proxy/config").await.json();
    assert_eq!(
        (&now["stream_mode"], &now["stream_timeout"]),
        (&json!("TS"), &json!(60))
    );
}

#[tokio::test]
async fn engines_receivers_of_news_and_loop_detection_are_among_it() {
    let (from, to) = (Stage::fast(|_| {}).await, Stage::fast(|_| {}).await);
    let engine = |port: u16| json!({ "host": "127.0.0.1", "port": port, "name": "attic" });
    let hook = |path: &str, secret: &str| json!({ "url": format!("http://127.0.0.1:9/{path}"), "enabled": false, "secret": secret });
    let send = async |stage: &Stage, path: &str, value: Value| {
        let answer = post(stage.address(), path, None, &value).await;
        assert!(answer.status.is_success(), "{}", answer.text());
    };
    send(&from, "/api/v1/engines", engine(9)).await;
    send(&from, "/api/v1/webhooks", hook("both", "sesame")).await;
    send(&from, "/api/v1/webhooks", hook("new", "barley")).await;
    let slower = json!({ "threshold_seconds": 900 });
    send(&from, "/stream-loop-detection/config", slower).await;
    send(&to, "/api/v1/engines", engine(10)).await;
    send(&to, "/api/v1/webhooks", hook("gone", "wheat")).await;
    send(&to, "/api/v1/webhooks", hook("both", "rye")).await;

    let shown = from.get("/settings/export").await;
    assert!(!shown.text().contains("sesame"));
    let document = shown.json();
    let answer = post(to.address(), "/settings/import", None, &document).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let now = to.get("/settings/export").await.json();
    for part in ["engines", "loop_detection"] {
        assert_eq!(now[part], document[part], "{part}");
    }
    let hooks = |document: &Value| {
        let list = document["webhooks"].as_array().expect("a list").iter();
        let mut hooks: Vec<_> = list
            .map(|it| (it["url"].to_string(), it["secret"].to_string()))
            .collect();
        hooks.sort();
        hooks
    };
    let whole = to.get("/settings/export?secrets=true").await.json();
    let url = |path: &str| format!("\"http://127.0.0.1:9/{path}\"");
    assert_eq!(
        hooks(&whole),
        [
            (url("both"), "\"rye\"".to_owned()),
            (url("new"), "null".to_owned())
        ]
    );
    let whole = from.get("/settings/export?secrets=true").await.json();
    let answer = post(to.address(), "/settings/import", None, &whole).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let now = to.get("/settings/export?secrets=true").await.json();
    assert_eq!(hooks(&now), hooks(&whole));
}

#[tokio::test]
async fn an_import_with_one_mistake_changes_nothing() {
    let stage = Stage::fast(|_| {}).await;
    let before = stage.exported().await;
    for bad in [
        json!({ "settings": { "hls_window_size": 8, "stream_timeout": 1 } }),
        json!({ "settings": { "hls_window_size": 8 }, "colours": {} }),
        json!({ "settings": { "hls_window_size": 8 }, "version": 2 }),
        json!({ "settings": { "hls_window_size": 20, "hls_max_segments": 10 } }),
        json!({ "settings": { "hls_window_size": 20, "hls_max_segments": 10 },
            "engines": [{ "host": "127.0.0.1", "port": 9 }], "webhooks": [{ "url": "http://127.0.0.1:9/" }] }),
        json!({ "settings": [] }),
        json!({ "settings": { "hls_window_size": 8 }, "engines": [{ "host": "a b", "port": 0 }] }),
        json!({ "settings": { "hls_window_size": 8 }, "webhooks": [{ "url": "ftp://x" }] }),
        json!({ "settings": { "hls_window_size": 8 }, "loop_detection": { "threshold_seconds": 5 } }),
        json!({ "weir": "0.1.0" }),
        json!([]),
    ] {
        let answer = post(stage.address(), "/settings/import", None, &bad).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{bad}");
        assert_eq!(stage.exported().await, before, "{bad}");
    }
}

#[tokio::test]
async fn an_export_is_for_those_who_may_import() {
    let key = Secret::new("sesame".into());
    let stage = Stage::fast(|config| config.api_key = Some(key)).await;
    assert_eq!(
        stage.get("/settings/export").await.status,
        StatusCode::UNAUTHORIZED
    );
    let bearer = [("authorization", "Bearer sesame")];
    let answer = request(stage.address(), Method::GET, "/settings/export", &bearer).await;
    assert_eq!(answer.status, StatusCode::OK);
}
