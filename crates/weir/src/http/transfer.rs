//! All that an operator has set, out of one Weir and into another: a table of parts, each of which knows its own.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::{Map, Value, json};
use store::Entry;
use utoipa::ToSchema;

use super::error::Problem;
use super::{App, api, auth, config, description, engines, loops, query, receive, webhooks};
use crate::clock;
use crate::settings::{CHOICES, Change, Mistake, TABLE, Wish};

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
    /// Writes it; secrets only where they are wanted.
    export: fn(App, secrets: bool) -> BoxFuture<'static, Value>,
    /// Reads it, and changes nothing yet.
    import: fn(&App, Value) -> Result<Apply, Vec<Mistake>>,
}

/// The parts, in the order of their names, in which they are imported.
const PARTS: &[Part] = &[
    Part {
        name: "engines",
        export: |app, _| Box::pin(async move { engines::transfer::export(&app) }),
        import: |_, value| engines::transfer::import(value),
    },
    Part {
        name: "loop_detection",
        export: |app, _| Box::pin(async move { loops::export(&app) }),
        import: |app, value| loops::import(app, value),
    },
    Part {
        name: "settings",
        export: |app, _| Box::pin(async move { settings(&app) }),
        import: |_, value| restore(value),
    },
    Part {
        name: "webhooks",
        export: |app, secrets| {
            Box::pin(async move { webhooks::transfer::export(&app, secrets).await })
        },
        import: |_, value| webhooks::transfer::import(value),
    },
];

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
        (status = OK, body = Object),
        (status = UNAUTHORIZED, body = description::Detail),
        (status = FORBIDDEN, body = description::Detail),
    )
)]
pub(super) async fn export(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    auth::authorize(&app, &headers)?;
    let secrets = query::raw(&uri, "secrets") == Some("true");
    let mut document = json!({
        "weir": env!("CARGO_PKG_VERSION"),
        "version": VERSION,
        "exported_at": api::date(clock::wall()),
    });
    for part in PARTS {
        document[part.name] = (part.export)(app.clone(), secrets).await;
    }
    Ok(Json(document))
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
/// document with one mistake changes nothing, and is answered with all of them.
#[utoipa::path(
    post,
    path = "/settings/import",
    tag = "settings",
    security(("api_key" = [])),
    request_body = Object,
    responses(
        (status = OK, body = Imported),
        (status = BAD_REQUEST, body = description::Detail),
        (status = UNAUTHORIZED, body = description::Detail),
        (status = FORBIDDEN, body = description::Detail),
        (status = UNSUPPORTED_MEDIA_TYPE, body = description::Detail),
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
    let (imported, applies) = read(&app, document)?;
    for apply in applies {
        apply(app.clone()).await?;
    }
    Ok(Json(Imported { imported }))
}

/// Reads a whole document; with one mistake, nothing of it is to be applied.
fn read(
    app: &App,
    document: Map<String, Value>,
) -> Result<(Vec<&'static str>, Vec<Apply>), Vec<Mistake>> {
    let (mut names, mut applies, mut mistakes) = (Vec::new(), Vec::new(), Vec::new());
    if VERSION
        < document
            .get("version")
            .and_then(Value::as_u64)
            .unwrap_or(VERSION)
    {
        mistakes.push(mistake(
            "version",
            format!("version must be at most {VERSION}: a newer Weir wrote this"),
        ));
    }
    for (name, value) in document {
        match PARTS.iter().find(|part| part.name == name) {
            Some(part) => match (part.import)(app, value) {
                Ok(apply) => {
                    names.push(part.name);
                    applies.push(apply);
                }
                Err(found) => mistakes.extend(found),
            },
            None if ABOUT.contains(&name.as_str()) => {}
            None => {
                let shown: String = name.chars().take(64).collect();
                let message = format!("{shown:?} is no part of an export");
                mistakes.push(mistake(&shown, message));
            }
        }
    }
    if mistakes.is_empty() && names.is_empty() {
        let wanted: Vec<_> = PARTS.iter().map(|part| part.name).collect();
        let message = format!(
            "there is nothing to import: give one of {}",
            wanted.join(", ")
        );
        mistakes.push(mistake(wanted[0], message));
    }
    if mistakes.is_empty() {
        Ok((names, applies))
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
fn settings(app: &App) -> Value {
    let saved = app.keeper.saved();
    let keys = TABLE.iter().map(|key| key.name);
    let names = keys.chain(CHOICES.iter().map(|choice| choice.name));
    let values = names.filter_map(|name| {
        let value = match saved.get(name)? {
            Entry::Number(number) => config::number(number),
            Entry::Text(text) => json!(text),
            Entry::Other => return None,
        };
        Some((name.to_owned(), value))
    });
    Value::Object(values.collect())
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
