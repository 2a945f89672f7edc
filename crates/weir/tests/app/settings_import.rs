//! An import over which the disk fails midway: nothing is changed by it, and what is answered says so.

use std::path::Path;

use http::StatusCode;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::stage::{Stage, post};

impl Stage {
    /// All that is set, secrets too.
    pub(crate) async fn exported(&self) -> Value {
        let mut document = self.get("/settings/export?secrets=true").await.json();
        document["exported_at"].take();
        document
    }

    async fn import(&self, document: &Value) -> (StatusCode, Value) {
        let answer = post(self.address(), "/settings/import", None, document).await;
        (answer.status, answer.json())
    }
}

/// Changes what the file of the store takes, behind its back.
fn alter(folder: &Path, sql: &str) {
    let file = Connection::open(folder.join("weir.sqlite")).expect("the file");
    file.execute_batch(sql).expect("the table is there");
}

/// No receiver is taken any more, as by a disk that fails.
const REFUSE: &str =
    "CREATE TRIGGER refuse BEFORE INSERT ON webhooks BEGIN SELECT RAISE(ABORT, 'no'); END";

#[tokio::test]
async fn an_import_that_the_disk_refuses_midway_leaves_everything_as_it_was() {
    let stage = Stage::fast(|_| {}).await;
    let hook = |name: &str| json!({ "url": format!("http://127.0.0.1:9/{name}"), "enabled": false, "secret": name });
    let earlier = json!({
        "settings": { "hls_window_size": 8 },
        "loop_detection": { "threshold_seconds": 900 },
        "webhooks": [hook("first"), hook("second")],
        "engines": [{ "host": "127.0.0.1", "port": 9 }],
    });
    let (status, answer) = stage.import(&earlier).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let before = stage.exported().await;
    let hooks = stage.get("/api/v1/webhooks").await.json();
    let later = json!({
        "settings": { "stream_timeout": 90 },
        "loop_detection": { "threshold_seconds": 1200 },
        "webhooks": [hook("second"), hook("third")],
        "engines": [{ "host": "127.0.0.1", "port": 10 }],
    });
    alter(stage.folder.path(), REFUSE);
    let (status, answer) = stage.import(&later).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "{answer}");
    let detail = answer["detail"].as_str().expect("a sentence");
    let wanted = "nothing was imported, because webhooks could not be: ";
    assert!(detail.starts_with(wanted), "{detail}");
    assert_eq!(stage.exported().await, before);
    alter(stage.folder.path(), "DROP TRIGGER refuse");
    // Receivers are the ones that they were, with their places in the news.
    assert_eq!(stage.get("/api/v1/webhooks").await.json(), hooks);
    let (status, answer) = stage.import(&later).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let now = stage.exported().await;
    assert_eq!(now["settings"], later["settings"]);
    assert_eq!(now["engines"][0]["port"], 10);
    assert_eq!(now["webhooks"].as_array().map(Vec::len), Some(2));
}
