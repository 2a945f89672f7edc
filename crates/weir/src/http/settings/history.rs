//! The changes of settings that were made, and taking one back.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use store::Held;
use utoipa::ToSchema;

use super::SettingValue;
use crate::http::error::Problem;
use crate::http::{App, auth, config, description, query, receive};
use crate::settings::Wish;

/// Changes that are listed where nobody says how many; all that are remembered are no more than 200.
const LISTED: usize = 50;
const LISTED_MAX: usize = 200;

/// Changes of settings, the newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = SettingsHistory)]
pub(in crate::http) struct History {
    changes: Vec<Change>,
}

/// One change.
#[derive(Serialize, ToSchema)]
#[schema(as = SettingsChange)]
struct Change {
    /// Its number, by which it can be taken back.
    revision: u64,
    /// When it was made.
    at: String,
    /// Who made it: `api key`, or `anyone` where there is none.
    who: String,
    /// What it did.
    changes: Vec<Step>,
}

/// What a change did to one setting.
#[derive(Serialize, ToSchema)]
#[schema(as = SettingsStep)]
struct Step {
    key: String,
    from: SettingValue,
    to: SettingValue,
}

impl From<Held> for SettingValue {
    fn from(held: Held) -> Self {
        match held {
            Held::Number(number) => number.into(),
            Held::Text(word) => Self::Word(word),
        }
    }
}

/// Which change is to be taken back.
#[derive(Deserialize, ToSchema)]
pub(in crate::http) struct Undo {
    /// Its number in the history.
    revision: u64,
}

/// The changes of settings that were made, the newest first; as many as are remembered, over restarts.
#[utoipa::path(
    get,
    path = "/api/v1/settings/history",
    tag = "settings",
    params(("limit" = Option<usize>, Query, minimum = 1, maximum = 200, description = "50 where it is not given")),
    responses((status = OK, body = History), (status = BAD_REQUEST, body = description::Detail))
)]
pub(in crate::http) async fn history(
    State(app): State<App>,
    uri: Uri,
) -> Result<Json<History>, Problem> {
    let limit = match query::raw(&uri, "limit") {
        None => LISTED,
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=LISTED_MAX).contains(limit))
            .ok_or_else(|| {
                let detail = format!("limit must be between 1 and {LISTED_MAX}");
                Problem::new(StatusCode::BAD_REQUEST, detail)
            })?,
    };
    let changes = app.keeper.saved().history().into_iter().rev().take(limit);
    let changes = changes.map(|past| Change {
        revision: past.number,
        at: past.at,
        who: past.who,
        changes: past
            .steps
            .into_iter()
            .map(|step| Step {
                key: step.key,
                from: step.from.into(),
                to: step.to.into(),
            })
            .collect(),
    });
    Ok(Json(History {
        changes: changes.collect(),
    }))
}

/// Takes one change back.
///
/// What was saved before is saved again; what was not is as the environment or the default says. A change whose settings
/// were changed again since is refused (409): take the later ones back first. Taking back is a change, too. While an import
/// is being made, it waits, and is refused (409, with Retry-After) when that takes too long.
#[utoipa::path(
    post,
    path = "/api/v1/settings/undo",
    tag = "settings",
    security(("api_key" = [])),
    request_body = Undo,
    responses(
        (status = OK, body = config::Configuration),
        (status = BAD_REQUEST, body = description::Detail),
        (status = UNAUTHORIZED, body = description::Detail),
        (status = FORBIDDEN, body = description::Detail),
        (status = NOT_FOUND, body = description::Detail),
        (status = CONFLICT, body = description::Detail),
        (status = PRECONDITION_FAILED, body = description::Detail),
        (status = UNSUPPORTED_MEDIA_TYPE, body = description::Detail),
    )
)]
pub(in crate::http) async fn undo(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    auth::protected(&app, &headers)?;
    let bytes = receive::json(&app, &headers, body)
        .await?
        .unwrap_or_default();
    let undo: Undo = serde_json::from_slice(&bytes).map_err(|_| {
        let detail = "revision must be the number of a change, as in {\"revision\": 7}";
        Problem::new(StatusCode::BAD_REQUEST, detail)
    })?;
    config::make(&app, Wish::TakeBack(undo.revision), &headers).await
}
