//! Who may change settings: those with the key, and no page of another site; everybody may read them.

use weir::config::Secret;

use crate::settings_calls::{call, settings};
use crate::stage::Stage;

const CHANGE: &str = "POST /proxy/config?hls_window_size=8";

async fn locked() -> Stage {
    Stage::fast(|config| config.api_key = Some(Secret::new("hunter2".into()))).await
}

async fn is_unchanged(stage: &Stage) {
    let reply = settings(stage.address()).await;
    assert_eq!(reply.json["hls_window_size"], 6);
}

#[tokio::test]
async fn without_the_key_nothing_is_changed_and_with_it_everything_is() {
    let stage = locked().await;
    let missing = call(stage.address(), CHANGE, &[], "").await;
    assert_eq!(missing.status, 401);
    assert_eq!(missing.detail(), "missing bearer token");
    assert_eq!(missing.field("www-authenticate"), Some("bearer"));
    let basic = [("Authorization", "Basic aHVudGVyMg==")];
    assert_eq!(call(stage.address(), CHANGE, &basic, "").await.status, 401);
    for token in ["hunter", "hunter22", "HUNTER2", "x"] {
        let token = format!("Bearer {token}");
        let fields = [("Authorization", token.as_str())];
        let wrong = call(stage.address(), CHANGE, &fields, "").await;
        assert_eq!(wrong.status, 403);
        assert_eq!(wrong.detail(), "invalid token");
    }
    is_unchanged(&stage).await;
    let right = [("Authorization", "Bearer hunter2")];
    let reply = call(stage.address(), CHANGE, &right, "").await;
    assert_eq!(reply.values()["hls_window_size"], 8);
    assert!(!reply.json.to_string().contains("hunter2"));
}

#[tokio::test]
async fn who_has_no_key_is_told_so_before_anything_that_was_sent_is_read() {
    let stage = locked().await;
    let json = [("Content-Type", "application/json")];
    let reply = call(stage.address(), "POST /proxy/config", &json, "{").await;
    assert_eq!(reply.status, 401);
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing_with_or_without_the_key() {
    for stage in [locked().await, Stage::fast(|_| {}).await] {
        let own = format!("http://{}", stage.address());
        for (field, value) in [
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Site", "same-site"),
            ("Origin", "http://evil.example"),
            ("Origin", "null"),
        ] {
            let fields = [("Authorization", "Bearer hunter2"), (field, value)];
            let reply = call(stage.address(), CHANGE, &fields, "").await;
            assert_eq!(reply.status, 403, "{field}: {value}");
            assert!(reply.detail().contains("another site"), "{reply:?}");
        }
        is_unchanged(&stage).await;
        for (field, value) in [("Sec-Fetch-Site", "same-origin"), ("Origin", own.as_str())] {
            let fields = [("Authorization", "Bearer hunter2"), (field, value)];
            let reply = call(stage.address(), CHANGE, &fields, "").await;
            assert_eq!(reply.status, 200, "{field}: {value}");
        }
    }
}
