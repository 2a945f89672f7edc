//! Receivers of news, out of one Weir and into another; what they are signed with only where that is wanted.

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::App;
use super::super::error::Problem;
use super::super::transfer::{Apply, entries};
use super::draft::Draft;
use crate::settings::Mistake;
use crate::webhooks::{Unchanged, WEBHOOKS_MAX};

/// A receiver as an export has it.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct WebhookExport {
    name: Option<String>,
    url: String,
    /// The kinds of events that it wants; null for all.
    kinds: Option<Vec<String>>,
    enabled: bool,
    /// What is sent is signed with it; only where it is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    secret: Option<Secret>,
}

/// What a receiver is signed with; null for nothing.
#[derive(Serialize)]
struct Secret(Option<String>);

/// All receivers.
pub(in super::super) async fn export(app: &App, secrets: bool) -> Vec<WebhookExport> {
    let all = app.webhooks.all().await.into_iter();
    let shown = all.map(|it| {
        let hook = it.hook;
        WebhookExport {
            name: hook.name.clone(),
            url: hook.url.clone(),
            kinds: hook.kinds.clone(),
            enabled: hook.enabled,
            secret: secrets.then(|| Secret(hook.secret.clone())),
        }
    });
    shown.collect()
}

/// Takes what an export has of it: receivers at other addresses are taken out. One whose address is known stays what it
/// is, with its place in the news, and keeps its secret where none is given.
pub(in super::super) fn import(value: Value) -> Result<Apply, Vec<Mistake>> {
    let mut wanted = Vec::new();
    for entry in entries("webhooks", value, WEBHOOKS_MAX)? {
        wanted.push(Draft::of(entry).whole()?);
    }
    Ok(Box::new(move |app| {
        Box::pin(async move { app.webhooks.replace(wanted).await.map_err(not_kept) })
    }))
}

fn not_kept(error: Unchanged) -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}
