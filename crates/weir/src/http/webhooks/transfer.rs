//! Receivers of news, out of one Weir and into another; what they are signed with only where that is wanted.

use axum::http::StatusCode;
use serde_json::{Value, json};
use url::Url;

use super::super::App;
use super::super::error::Problem;
use super::super::transfer::{Apply, entries};
use super::draft::Draft;
use crate::settings::Mistake;
use crate::webhooks::{Edit, Unchanged, WEBHOOKS_MAX};

/// All receivers.
pub(in super::super) async fn export(app: &App, secrets: bool) -> Value {
    let all = app.webhooks.all().await;
    let shown = all.iter().map(|it| {
        let hook = &it.hook;
        let mut one = json!({
            "name": hook.name,
            "url": hook.url,
            "kinds": hook.kinds,
            "enabled": hook.enabled,
        });
        if secrets {
            one["secret"] = json!(hook.secret);
        }
        one
    });
    Value::Array(shown.collect())
}

/// Takes what an export has of it: receivers at other addresses are taken out. One whose address is known stays what it
/// is, with its place in the news, and keeps its secret where none is given.
pub(in super::super) fn import(value: Value) -> Result<Apply, Vec<Mistake>> {
    let mut wanted = Vec::new();
    for entry in entries("webhooks", value, WEBHOOKS_MAX)? {
        wanted.push(Draft::of(entry).whole()?);
    }
    Ok(Box::new(move |app| {
        Box::pin(async move { replace(&app, wanted).await })
    }))
}

async fn replace(app: &App, wanted: Vec<(Url, Edit)>) -> Result<(), Problem> {
    let mut known = Vec::new();
    for shown in app.webhooks.all().await {
        if wanted.iter().any(|(url, _)| url.as_str() == shown.hook.url) {
            known.push(shown.hook);
        } else {
            let removed = app.webhooks.remove(&shown.hook.id).await;
            removed.map_err(not_kept)?;
        }
    }
    for (url, edit) in wanted {
        let place = known.iter().position(|hook| hook.url == url.as_str());
        match place.map(|place| known.swap_remove(place)) {
            Some(hook) => app.webhooks.change(&hook.id, edit).await,
            None => app.webhooks.add(url, edit).await.map(drop),
        }
        .map_err(not_kept)?;
    }
    Ok(())
}

fn not_kept(error: Unchanged) -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}
