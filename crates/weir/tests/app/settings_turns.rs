//! Changes that come while an import is being made: they are made behind it, whatever becomes of it.

use std::path::Path;

use http::StatusCode;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::stage::{Answer, Stage, post};

/// The import that is under way.
const IMPORTED: &str = "stream_timeout";

/// Requests that are seen to be answered before what was sent ahead of them is taken for one that waits.
const LATER_REQUESTS: usize = 20;

fn file(folder: &Path, name: &str) -> Connection {
    Connection::open(folder.join(name)).expect("the file")
}

impl Stage {
    async fn setting(&self, name: &str) -> Value {
        self.get("/proxy/config").await.json()[name].take()
    }

    /// Has an import changed the settings, then wait for the disk, and fail in the end; `address` is posted to while it waits.
    async fn while_an_import_fails(&self, address: &str, body: &Value) -> (Answer, Answer) {
        let hooks =
            "CREATE TRIGGER refuse BEFORE INSERT ON webhooks BEGIN SELECT RAISE(ABORT, 'no'); END";
        let store = file(self.folder.path(), "weir.sqlite");
        store.execute_batch(hooks).expect("a table");
        let history = file(self.folder.path(), "history.sqlite");
        history.execute_batch("BEGIN IMMEDIATE").expect("a lock");
        let document = json!({
            "settings": { IMPORTED: 90 },
            "loop_detection": { "threshold_seconds": 1200 },
            "webhooks": [{ "url": "http://127.0.0.1:9/hook" }],
        });
        let import = post(self.address(), "/settings/import", None, &document);
        let change = async {
            while self.setting(IMPORTED).await != json!(90) {
                tokio::task::yield_now().await;
            }
            let change = post(self.address(), address, None, body);
            let later = async {
                for _ in 0..LATER_REQUESTS {
                    self.setting(IMPORTED).await;
                }
                history.execute_batch("ROLLBACK").expect("the lock");
            };
            tokio::join!(change, later).0
        };
        let answers = tokio::join!(import, change);
        store.execute_batch("DROP TRIGGER refuse").expect("there");
        answers
    }
}

#[tokio::test]
async fn a_change_made_during_an_import_that_fails_is_not_taken_back_with_it() {
    let stage = Stage::fast(|_| {}).await;
    let before = stage.setting(IMPORTED).await;
    let change = json!({ "hls_window_size": 9 });
    let (import, change) = stage.while_an_import_fails("/proxy/config", &change).await;
    assert_eq!(import.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(change.status, StatusCode::OK, "{}", change.text());
    assert_eq!(stage.setting("hls_window_size").await, json!(9));
    assert_eq!(stage.setting(IMPORTED).await, before);
}

#[tokio::test]
async fn a_second_import_is_made_behind_the_first_and_stands_whole() {
    let stage = Stage::fast(|_| {}).await;
    let second = json!({
        "settings": { "hls_window_size": 9 },
        "engines": [{ "host": "127.0.0.1", "port": 10 }],
    });
    let (first, answer) = stage
        .while_an_import_fails("/settings/import", &second)
        .await;
    assert_eq!(first.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let now = stage.exported().await;
    assert_eq!(now["settings"], second["settings"]);
    assert_eq!(now["engines"][0]["port"], 10);
    assert_eq!(now["webhooks"], json!([]));
}
