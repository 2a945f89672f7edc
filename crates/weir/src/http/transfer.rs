//! All that an operator has set, out of one Weir and into another: a table of parts, each of which knows its own.

mod steps;

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::{Map, Value};
use store::Entry;
use tokio::sync::oneshot;
use utoipa::ToSchema;

use super::engines::transfer::EngineExport;
use super::error::Problem;
use super::loops::LoopsExport;
use super::settings::SettingValue;
use super::webhooks::transfer::WebhookExport;
use super::{App, api, auth, config, description, engines, loops, query, receive, webhooks};
use crate::clock;
use crate::settings::{CHOICES, Change, Mistake, TABLE, Wish};
use steps::{Step, all_or_nothing};

/// What this version writes.
const VERSION: u64 = 1;

/// Members of a document that are about the document.
const ABOUT: [&str; 3] = ["weir", "version", "exported_at"];

/// What makes an import true, once all parts have been read without a mistake.
pub(super) type Apply = Box<dyn FnOnce(App) -> BoxFuture<'static, Result<(), Problem>> + Send>;

/// One part of what operators set.
struct Part {
    /// The document's member that holds it.
    name: &'static str,
    /// Reads it, and changes nothing yet.
    import: fn(&App, Value) -> Result<Apply, Vec<Mistake>>,
}

/// The parts, in the order in which they are imported: what may contradict what is set comes first, then what the disk may
/// refuse, and last what cannot fail.
const PARTS: &[Part] = &[
    Part {
        name: "settings",
        import: |_, value| restore(value),
    },
    Part {
        name: "loop_detection",
        import: loops::import,
    },
    Part {
        name: "webhooks",
        import: |_, value| webhooks::transfer::import(value),
    },
    Part {
        name: "engines",
        import: |_, value| engines::transfer::import(value),
    },
];

/// All that an operator has set.
#[derive(Serialize, ToSchema)]
pub(super) struct Export {
    /// The version of Weir that wrote it.
    weir: &'static str,
    /// The version of the document.
    version: u64,
    exported_at: String,
    /// Engines that were added; those of the environment are not among them.
    engines: Vec<EngineExport>,
    loop_detection: LoopsExport,
    /// Settings that are saved, by their names.
    settings: BTreeMap<&'static str, SettingValue>,
    webhooks: Vec<WebhookExport>,
}

impl Export {
    /// Secrets are in it only where they are wanted.
    async fn of(app: &App, secrets: bool) -> Self {
        Self {
            weir: env!("CARGO_PKG_VERSION"),
            version: VERSION,
            exported_at: api::date(clock::wall()),
            engines: engines::transfer::export(app),
            loop_detection: loops::export(app),
            settings: saved(app),
            webhooks: webhooks::transfer::export(app, secrets).await,
        }
    }
}

/// All that an operator has set: what is saved, not what the environment gives.
///
/// Secrets (keys that webhooks are signed with) are only in it with `secrets=true`.
#[utoipa::path(
    get,
    path = "/settings/export",
    tag = "settings",
    security(("api_key" = [])),
    params(("secrets" = Option<bool>, Query, description = "whether secrets are to be in it")),
    responses(
        (status = OK, body = Export),
        (status = UNAUTHORIZED, body = description::Detail),
        (status = FORBIDDEN, body = description::Detail),
    )
)]
pub(super) async fn export(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<Export>, Problem> {
    auth::authorize(&app, &headers)?;
    let secrets = query::raw(&uri, "secrets") == Some("true");
    Ok(Json(Export::of(&app, secrets).await))
}

/// What was imported.
#[derive(Serialize, ToSchema)]
pub(super) struct Imported {
    /// The parts that the document had.
    imported: Vec<&'static str>,
}

/// Takes what an export has given.
///
/// Each part that the document has replaces what is set of it now; parts that it does not have stay as they are. A
/// document with one mistake changes nothing, and is answered with all of them. When the disk fails midway, what was changed
/// before is taken back; the answer says so, or what stays changed. While another import or a change of what is set is
/// being made, it waits, and nothing else is changed before it is over.
#[utoipa::path(
    post,
    path = "/settings/import",
    tag = "settings",
    security(("api_key" = [])),
    request_body(content = Export, description = "what an export has given; each member may be left out"),
    responses(
        (status = OK, body = Imported),
        (status = BAD_REQUEST, body = description::Mistakes),
        (status = UNAUTHORIZED, body = description::Detail),
        (status = FORBIDDEN, body = description::Detail),
        (status = CONFLICT, body = description::Detail, description = "another import took too long; Retry-After says when to try again"),
        (status = UNSUPPORTED_MEDIA_TYPE, body = description::Detail),
        (status = INTERNAL_SERVER_ERROR, body = description::Detail, description = "the disk failed"),
        (status = INSUFFICIENT_STORAGE, body = description::Detail, description = "the disk is full"),
    )
)]
pub(super) async fn import(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Imported>, Problem> {
    auth::protected(&app, &headers)?;
    let bytes = receive::json(&app, &headers, body).await?;
    let document: Map<String, Value> =
        serde_json::from_slice(&bytes.unwrap_or_default()).map_err(|error| {
            let detail = format!("the body is not an export, a JSON object: {error}");
            Problem::new(StatusCode::BAD_REQUEST, detail)
        })?;
    let turn = app.turns.of_import().await?;
    let parts = read(&app, document)?;
    let before = serde_json::to_value(Export::of(&app, true).await);
    let mut before = before.map_err(|error| {
        let detail = format!("what is set now cannot be written down: {error}");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
    })?;
    let mut imported: Vec<_> = parts.iter().map(|(part, _)| part.name).collect();
    imported.sort_unstable();
    let steps = parts.into_iter().map(|(part, apply)| Step {
        name: part.name,
        make: apply(app.clone()),
        take_back: Box::pin(restored(&app, part, before[part.name].take())),
    });
    see_through(&app, steps.collect(), turn).await?;
    Ok(Json(Imported { imported }))
}

/// Makes the changes, though whoever asked for them may go away meanwhile; until then, the turn is not given back.
async fn see_through<Turn: Send + 'static>(
    app: &App,
    steps: Vec<Step>,
    turn: Turn,
) -> Result<(), Problem> {
    let (answer, made) = oneshot::channel();
    app.tasks.spawn(async move {
        let done = all_or_nothing(steps).await;
        drop(turn);
        let _ = answer.send(done);
    });
    made.await.unwrap_or_else(|_| {
        let detail = "the import broke off; GET /settings/export tells what is set now";
        Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail))
    })
}

/// Makes a part what it was.
fn restored(
    app: &App,
    part: &'static Part,
    before: Value,
) -> impl Future<Output = Result<(), Problem>> + Send + use<> {
    let app = app.clone();
    async move { (part.import)(&app, before)?(app).await }
}

/// Reads a whole document; with one mistake, nothing of it is to be applied.
fn read(
    app: &App,
    mut document: Map<String, Value>,
) -> Result<Vec<(&'static Part, Apply)>, Vec<Mistake>> {
    let (mut parts, mut mistakes) = (Vec::new(), Vec::new());
    let version = document.get("version").and_then(Value::as_u64);
    if version.is_some_and(|version| VERSION < version) {
        mistakes.push(mistake(
            "version",
            format!("version must be at most {VERSION}: a newer Weir wrote this"),
        ));
    }
    for part in PARTS {
        match document.remove(part.name).map(|it| (part.import)(app, it)) {
            Some(Ok(apply)) => parts.push((part, apply)),
            Some(Err(found)) => mistakes.extend(found),
            None => {}
        }
    }
    for name in document.keys().filter(|it| !ABOUT.contains(&it.as_str())) {
        let shown: String = name.chars().take(64).collect();
        let message = format!("{shown:?} is no part of an export");
        mistakes.push(mistake(&shown, message));
    }
    if mistakes.is_empty() && parts.is_empty() {
        let wanted: Vec<_> = PARTS.iter().map(|part| part.name).collect();
        let message = format!(
            "there is nothing to import: give one of {}",
            wanted.join(", ")
        );
        mistakes.push(mistake(wanted[0], message));
    }
    if mistakes.is_empty() {
        Ok(parts)
    } else {
        Err(mistakes)
    }
}

pub(super) fn mistake(field: &str, message: String) -> Mistake {
    Mistake {
        field: field.to_owned(),
        message,
        value: None,
    }
}

/// The entries of a part that is a list of objects.
pub(super) fn entries(
    part: &str,
    value: Value,
    most: usize,
) -> Result<Vec<Map<String, Value>>, Vec<Mistake>> {
    let wrong = || {
        vec![mistake(
            part,
            format!("{part} must be a list of at most {most} objects"),
        )]
    };
    let Value::Array(list) = value else {
        return Err(wrong());
    };
    if most < list.len() {
        return Err(wrong());
    }
    let object = |value| match value {
        Value::Object(object) => Ok(object),
        _ => Err(wrong()),
    };
    list.into_iter().map(object).collect()
}

/// The saved settings.
fn saved(app: &App) -> BTreeMap<&'static str, SettingValue> {
    let saved = app.keeper.saved();
    let keys = TABLE.iter().map(|key| key.name);
    let names = keys.chain(CHOICES.iter().map(|choice| choice.name));
    let values = names.filter_map(|name| {
        let value = match saved.get(name)? {
            Entry::Number(number) => number.into(),
            Entry::Text(text) => text.into(),
            Entry::Other => return None,
        };
        Some((name, value))
    });
    values.collect()
}

/// Settings that are to be all that is saved.
fn restore(value: Value) -> Result<Apply, Vec<Mistake>> {
    let Value::Object(members) = value else {
        let message = "settings must be an object of names and values".to_owned();
        return Err(vec![mistake("settings", message)]);
    };
    let given = members
        .into_iter()
        .map(|(name, value)| (name, config::given(value)));
    let change = Change::read(&given.collect::<Vec<_>>())?;
    Ok(Box::new(|app| {
        Box::pin(async move {
            let who = auth::who(&app);
            app.keeper.change(Wish::Restore(change), who, None).await?;
            Ok(())
        })
    }))
}
