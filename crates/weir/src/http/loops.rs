//! Loop detection: how it is set, what it has found, and how that is taken back.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::api::date;
use super::error::Problem;
use super::guard::Names;
use super::transfer::Apply;
use super::{App, auth, query, receive};
use crate::clock;
use crate::loops::{Change, Detection};
use crate::settings::Mistake;

/// How loops are looked for.
#[derive(Serialize, ToSchema)]
pub(super) struct LoopDetection {
    /// What was done, in the answer to a change.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
    /// Whether they are looked for.
    enabled: bool,
    /// Seconds that the newest media of a live stream may be old.
    threshold_seconds: u64,
    /// The same in minutes.
    threshold_minutes: f64,
    /// The same in hours.
    threshold_hours: f64,
    /// Seconds between two looks.
    check_interval_seconds: u64,
    /// Minutes that a looping channel is refused; 0 for ever.
    retention_minutes: u64,
}

/// What is to be changed of it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is only described; read_change reads it")]
struct LoopDetectionChange {
    enabled: Option<bool>,
    threshold_seconds: Option<u64>,
    check_interval_seconds: Option<u64>,
    retention_minutes: Option<u64>,
}

/// Channels that are refused because they loop.
#[derive(Serialize, ToSchema)]
pub(super) struct LoopingStreams {
    /// Their keys, the one found first at the top.
    stream_ids: Vec<String>,
    /// When each was found, by its key.
    streams: BTreeMap<String, String>,
    /// The same with all that is known.
    looping: Vec<LoopingStream>,
    /// Minutes that each is refused; 0 for ever.
    retention_minutes: u64,
}

/// A channel that is refused because it loops.
#[derive(Serialize, ToSchema)]
pub(super) struct LoopingStream {
    /// The channel's key.
    id: String,
    /// What its engine played; asked for by that it is refused as well.
    infohash: Option<String>,
    /// When it was found.
    detected_at: String,
    /// Until when it is refused; null for ever.
    refused_until: Option<String>,
}

/// Something was done.
#[derive(Serialize, ToSchema)]
pub(super) struct Done {
    /// What.
    message: String,
}

/// How loops are looked for.
#[utoipa::path(get, path = "/stream-loop-detection/config", tag = "loops", responses((status = OK, body = LoopDetection)))]
pub(super) async fn read(State(app): State<App>) -> Json<LoopDetection> {
    Json(LoopDetection::of(app.records.loops.detection(), None))
}

/// Changes how loops are looked for, by parameters or by a JSON object with any of the names; all or nothing.
#[utoipa::path(
    post, path = "/stream-loop-detection/config", tag = "loops",
    params(
        ("enabled" = Option<bool>, Query, description = "whether loops are looked for"),
        ("threshold_seconds" = Option<u64>, Query, description = "60 to 2592000"),
        ("check_interval_seconds" = Option<u64>, Query, description = "5 to 3600"),
        ("retention_minutes" = Option<u64>, Query, description = "0 to 525600; 0 is for ever")
    ),
    request_body(content = Option<LoopDetectionChange>, description = "the same names"),
    responses(
        (status = OK, body = LoopDetection),
        (status = BAD_REQUEST, description = "a value is wrong; errors name the fields"),
        (status = CONFLICT, description = "an import is being made; Retry-After says when to try again"),
        (status = INTERNAL_SERVER_ERROR, description = "it could not be saved, and nothing was changed")
    ),
    security(("api_key" = []))
)]
pub(super) async fn change(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<LoopDetection>, Problem> {
    auth::protected(&app, &headers)?;
    let pairs = query::pairs(&uri).into_iter();
    let mut given: Map<_, _> = pairs
        .map(|(name, text)| (name, Value::from(text)))
        .collect();
    if let Some(bytes) = receive::json(&app, &headers, body).await? {
        let members: Map<String, Value> = serde_json::from_slice(&bytes)
            .map_err(|error| wrong("body", format!("body must be a JSON object: {error}")))?;
        given.extend(members);
    }
    let change = read_change(&given)?;
    let _turn = app.turns.of_change().await?;
    let detection = app.records.loops.detection().with(&change)?;
    app.records
        .loops
        .set(detection)
        .await
        .map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    let message = "Stream loop detection configuration updated and persisted";
    Ok(Json(LoopDetection::of(detection, Some(message))))
}

/// How loops are looked for, as an export has it.
#[derive(Serialize, ToSchema)]
pub(super) struct LoopsExport {
    enabled: bool,
    threshold_seconds: u64,
    check_interval_seconds: u64,
    retention_minutes: u64,
}

/// The same, asked from its owner.
pub(super) fn export(app: &App) -> LoopsExport {
    let Detection {
        enabled,
        threshold_seconds,
        check_interval_seconds,
        retention_minutes,
    } = app.records.loops.detection();
    LoopsExport {
        enabled,
        threshold_seconds,
        check_interval_seconds,
        retention_minutes,
    }
}

/// Takes what an export has of it.
pub(super) fn import(app: &App, value: Value) -> Result<Apply, Vec<Mistake>> {
    let Value::Object(given) = value else {
        let message = "loop_detection must be an object of names and values";
        return Err(vec![mistake("loop_detection", message.into())]);
    };
    let detection = app.records.loops.detection().with(&read_change(&given)?)?;
    Ok(Box::new(move |app| {
        Box::pin(async move {
            let set = app.records.loops.set(detection).await;
            set.map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
        })
    }))
}

/// The channels that are refused because they loop.
#[utoipa::path(get, path = "/looping-streams", tag = "loops", responses((status = OK, body = LoopingStreams)))]
pub(super) async fn list(State(app): State<App>) -> Json<LoopingStreams> {
    let detection = app.records.loops.detection();
    let found = app.records.loops.list(clock::wall());
    let looping = found.iter().map(|it| LoopingStream {
        id: it.key.clone(),
        infohash: it.infohash.clone(),
        detected_at: date(it.at),
        refused_until: it.until(detection.retention()).map(date),
    });
    Json(LoopingStreams {
        stream_ids: found.iter().map(|it| it.key.clone()).collect(),
        streams: found
            .iter()
            .map(|it| (it.key.clone(), date(it.at)))
            .collect(),
        looping: looping.collect(),
        retention_minutes: detection.retention_minutes,
    })
}

/// Takes a channel off the list, by its key or by what its engine played.
#[utoipa::path(
    delete, path = "/looping-streams/{id}", tag = "loops",
    params(("id" = String, Path, description = "a channel's key, or an infohash")),
    responses(
        (status = OK, body = Done),
        (status = NOT_FOUND, description = "it is not on the list")
    ),
    security(("api_key" = []))
)]
pub(super) async fn remove(
    State(app): State<App>,
    Names(id): Names<String>,
    request: Request,
) -> Result<Json<Done>, Problem> {
    auth::protected(&app, request.headers())?;
    if !app.records.loops.remove(&id, clock::wall()) {
        let detail = "no such stream is on the looping list";
        return Err(Problem::not_found(detail));
    }
    let message = format!("Stream {id} removed from looping list");
    Ok(Json(Done { message }))
}

/// Takes all channels off the list.
#[utoipa::path(
    post, path = "/looping-streams/clear", tag = "loops",
    responses((status = OK, body = Done)),
    security(("api_key" = []))
)]
pub(super) async fn clear(State(app): State<App>, request: Request) -> Result<Json<Done>, Problem> {
    auth::protected(&app, request.headers())?;
    app.records.loops.clear(clock::wall());
    Ok(Json(Done {
        message: "All looping streams cleared".into(),
    }))
}

impl LoopDetection {
    fn of(detection: Detection, message: Option<&'static str>) -> Self {
        let seconds = detection.threshold_seconds;
        Self {
            message,
            enabled: detection.enabled,
            threshold_seconds: seconds,
            threshold_minutes: seconds as f64 / 60.0,
            threshold_hours: seconds as f64 / 3_600.0,
            check_interval_seconds: detection.check_interval_seconds,
            retention_minutes: detection.retention_minutes,
        }
    }
}

/// Reads a change, and tells all that has a wrong type or a name that nobody knows.
fn read_change(given: &Map<String, Value>) -> Result<Change, Vec<Mistake>> {
    let mut change = Change::default();
    let mut mistakes = Vec::new();
    for (name, value) in given {
        let number = match name.as_str() {
            "threshold_seconds" => &mut change.threshold_seconds,
            "check_interval_seconds" => &mut change.check_interval_seconds,
            "retention_minutes" => &mut change.retention_minutes,
            "enabled" => {
                change.enabled = truth(value);
                if change.enabled.is_none() {
                    mistakes.push(mistake(name, "enabled must be true or false".into()));
                }
                continue;
            }
            _ => {
                mistakes.push(mistake(
                    name,
                    format!("{name} is not a name of loop detection"),
                ));
                continue;
            }
        };
        *number = whole(value);
        if number.is_none() {
            mistakes.push(mistake(name, format!("{name} must be a whole number")));
        }
    }
    if given.is_empty() {
        let message = "at least one name must be given, as a parameter or in a JSON object";
        mistakes.push(mistake("body", message.into()));
    }
    if mistakes.is_empty() {
        Ok(change)
    } else {
        Err(mistakes)
    }
}

fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Some(true),
            "false" | "0" | "no" | "off" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn mistake(field: &str, message: String) -> Mistake {
    Mistake {
        field: field.to_owned(),
        message,
        value: None,
    }
}

fn wrong(field: &str, message: String) -> Problem {
    Problem::from(vec![mistake(field, message)])
}
