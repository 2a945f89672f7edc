//! `/api/v1/webhooks`: receivers of news, added, changed, tried and looked at. Secrets go in and never come out.

mod draft;
pub(super) mod transfer;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use serde::Serialize;
use store::history;
use utoipa::ToSchema;

use super::api::date;
use super::error::Problem;
use super::guard::Names;
use super::{App, auth, query, receive};
use crate::journal::{Kind, News};
use crate::settings::{Given, Mistake};
use crate::webhooks::{Shown, Unchanged};
use draft::{Body, Draft};

/// How long a caller is asked to wait while the disk fails.
const RETRY_AFTER: std::time::Duration = std::time::Duration::from_secs(10);

/// Attempts in one answer, unless more or fewer are asked for.
const LIMIT: usize = 50;

/// A receiver of news.
#[derive(Serialize, ToSchema)]
pub(super) struct Webhook {
    /// What it is known by.
    id: String,
    /// What people call it.
    name: Option<String>,
    /// Where it is.
    url: String,
    /// The kinds of events that it wants; null means all.
    kinds: Option<Vec<String>>,
    /// Whether what is sent is signed.
    secret_set: bool,
    /// Whether it is sent anything.
    enabled: bool,
    /// Events that wait for it; null, if that cannot be told at the moment.
    waiting: Option<usize>,
    /// Events that it took since Weir was started.
    delivered: u64,
    /// What stands against sending.
    trouble: Option<String>,
}

impl From<Shown> for Webhook {
    fn from(shown: Shown) -> Self {
        let hook = store::Webhook::clone(&shown.hook);
        Self {
            id: hook.id,
            name: hook.name,
            url: hook.url,
            kinds: hook.kinds,
            secret_set: hook.secret.is_some(),
            enabled: hook.enabled,
            waiting: shown.waiting,
            delivered: shown.standing.delivered,
            trouble: shown.standing.trouble,
        }
    }
}

/// All receivers.
#[derive(Serialize, ToSchema)]
pub(super) struct Webhooks {
    /// The oldest first.
    webhooks: Vec<Webhook>,
}

/// One attempt to tell a receiver something.
#[derive(Serialize, ToSchema)]
pub(super) struct Delivery {
    /// When it was sent.
    at: String,
    /// The event's id; 0 is a test.
    event_id: u64,
    /// What kind of event it was.
    event_type: String,
    /// The status of the answer, if there was one.
    status: Option<u16>,
    /// Whether it was taken.
    ok: bool,
    /// Milliseconds until the answer.
    took_ms: u64,
    /// What went wrong.
    error: Option<String>,
    /// Which attempt at this event it was, from 1.
    attempt: u32,
}

impl From<history::Delivery> for Delivery {
    fn from(it: history::Delivery) -> Self {
        Self {
            at: date(it.at),
            event_id: it.event_id,
            event_type: it.event_kind,
            status: it.status,
            ok: it.ok,
            took_ms: it.took_ms,
            error: it.error,
            attempt: it.attempt,
        }
    }
}

/// The newest attempts.
#[derive(Serialize, ToSchema)]
pub(super) struct Deliveries {
    /// The newest first.
    deliveries: Vec<Delivery>,
}

/// A receiver was removed.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookRemoved)]
pub(super) struct Removed {
    /// Always true.
    removed: bool,
}

/// The receivers of news. Their addresses may hold passwords, so whoever asks must know the key.
#[utoipa::path(get, path = "/api/v1/webhooks", tag = "webhooks", security(("api_key" = [])),
    responses((status = OK, body = Webhooks)))]
pub(super) async fn list(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Json<Webhooks>, Problem> {
    auth::authorize(&app, &headers)?;
    let all = app.webhooks.all().await;
    let webhooks = all.into_iter().map(Webhook::from).collect();
    Ok(Json(Webhooks { webhooks }))
}

/// Adds a receiver; it is sent what happens from now on.
#[utoipa::path(post, path = "/api/v1/webhooks", tag = "webhooks", security(("api_key" = [])), request_body = Body,
    responses((status = CREATED, body = Webhook), (status = BAD_REQUEST, description = "A field is wrong"),
        (status = CONFLICT, description = "There are sixteen already, or an import is being made (then with Retry-After)")))]
pub(super) async fn add(
    State(app): State<App>,
    request: Request,
) -> Result<(StatusCode, Json<Webhook>), Problem> {
    let draft = draft(&app, request).await?;
    let (url, edit) = draft.new_one()?;
    let _turn = app.turns.of_change().await?;
    let id = app.webhooks.add(url, edit).await?;
    let webhook = shown(&app, &id).await?;
    tell(&app, &webhook.0, "added");
    Ok((StatusCode::CREATED, webhook))
}

/// Changes a receiver. What is not given stays; `secret: null` takes the secret away.
#[utoipa::path(put, path = "/api/v1/webhooks/{id}", tag = "webhooks", security(("api_key" = [])), request_body = Body,
    params(("id" = String, Path, description = "The receiver's id")),
    responses((status = OK, body = Webhook), (status = BAD_REQUEST, description = "A field is wrong"),
        (status = NOT_FOUND, description = "There is no such receiver"), (status = CONFLICT, description = "An import is being made; Retry-After says when to try again")))]
pub(super) async fn change(
    State(app): State<App>,
    Names(id): Names<String>,
    request: Request,
) -> Result<Json<Webhook>, Problem> {
    let draft = draft(&app, request).await?;
    let edit = draft.edit()?;
    let _turn = app.turns.of_change().await?;
    app.webhooks.change(&id, edit).await?;
    let webhook = shown(&app, &id).await?;
    tell(&app, &webhook.0, "changed");
    Ok(webhook)
}

/// Removes a receiver.
#[utoipa::path(delete, path = "/api/v1/webhooks/{id}", tag = "webhooks", security(("api_key" = [])),
    params(("id" = String, Path, description = "The receiver's id")),
    responses((status = OK, body = Removed), (status = NOT_FOUND, description = "There is no such receiver"),
        (status = CONFLICT, description = "An import is being made; Retry-After says when to try again")))]
pub(super) async fn remove(
    State(app): State<App>,
    Names(id): Names<String>,
    headers: HeaderMap,
) -> Result<Json<Removed>, Problem> {
    auth::protected(&app, &headers)?;
    let _turn = app.turns.of_change().await?;
    let webhook = shown(&app, &id).await?;
    app.webhooks.remove(&id).await?;
    tell(&app, &webhook.0, "removed");
    Ok(Json(Removed { removed: true }))
}

/// Sends a receiver a test at once, and says what came of it.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/test", tag = "webhooks", security(("api_key" = [])),
    params(("id" = String, Path, description = "The receiver's id")),
    responses((status = OK, body = Delivery), (status = NOT_FOUND, description = "There is no such receiver")))]
pub(super) async fn test(
    State(app): State<App>,
    Names(id): Names<String>,
    headers: HeaderMap,
) -> Result<Json<Delivery>, Problem> {
    auth::protected(&app, &headers)?;
    let delivery = app.webhooks.test(&id).await?;
    Ok(Json(delivery.into()))
}

/// What became of the newest attempts to tell a receiver something, at most 200.
#[utoipa::path(get, path = "/api/v1/webhooks/{id}/deliveries", tag = "webhooks", security(("api_key" = [])),
    params(("id" = String, Path, description = "The receiver's id"),
        ("limit" = Option<usize>, Query, description = "Attempts at most: 1 to 200, 50 if it is not given")),
    responses((status = OK, body = Deliveries), (status = NOT_FOUND, description = "There is no such receiver")))]
pub(super) async fn deliveries(
    State(app): State<App>,
    Names(id): Names<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<Deliveries>, Problem> {
    auth::authorize(&app, &headers)?;
    let limit = limit(&uri)?;
    let found = app.webhooks.deliveries(&id, limit).await?;
    let found = found.map_err(|error| Problem::unavailable(error.to_string(), RETRY_AFTER))?;
    let deliveries = found.into_iter().map(Delivery::from).collect();
    Ok(Json(Deliveries { deliveries }))
}

async fn draft(app: &App, request: Request) -> Result<Draft, Problem> {
    auth::protected(app, request.headers())?;
    let (parts, body) = request.into_parts();
    let bytes = receive::json(app, &parts.headers, body).await?;
    Draft::read(&bytes.unwrap_or_default())
}

async fn shown(app: &App, id: &str) -> Result<Json<Webhook>, Problem> {
    let shown = app.webhooks.get(id).await.ok_or(Unchanged::Unknown)?;
    Ok(Json(shown.into()))
}

fn tell(app: &App, webhook: &Webhook, what: &str) {
    let name = webhook.name.as_deref().unwrap_or(&webhook.id);
    let message = format!("webhook {name} was {what}");
    tracing::info!("{message}");
    let news = News::new(Kind::WebhooksChanged, message)
        .with("who", auth::who(app).as_str())
        .with("webhook", &webhook.id);
    app.journal.tell(news);
}

fn limit(uri: &Uri) -> Result<usize, Problem> {
    let pairs = query::pairs(uri);
    let Some((_, text)) = pairs.into_iter().find(|(name, _)| name == "limit") else {
        return Ok(LIMIT);
    };
    let limit = text.parse().ok();
    let limit = limit.filter(|limit| (1..=history::DELIVERIES_MAX).contains(limit));
    limit.ok_or_else(|| {
        let mistake = Mistake {
            field: "limit".into(),
            message: format!(
                "limit must be a whole number from 1 to {}",
                history::DELIVERIES_MAX
            ),
            value: Some(Given::Text(text)),
        };
        vec![mistake].into()
    })
}

impl From<Unchanged> for Problem {
    fn from(error: Unchanged) -> Self {
        let text = error.to_string();
        match error {
            Unchanged::TooMany => Self::new(StatusCode::CONFLICT, text),
            Unchanged::Unknown => Self::not_found(text),
            Unchanged::NotKept => Self::unavailable(text, RETRY_AFTER),
        }
    }
}
