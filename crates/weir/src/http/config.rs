//! `/proxy/config`: the settings as JSON, and changes of them read out of what was sent.

use std::collections::BTreeMap;
use std::fmt;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use utoipa::ToSchema;

use super::error::Problem;
use super::{App, auth, description, receive, settings};
use crate::settings::{CHOICES, Change, Given, Settings, TABLE, Wish};

/// Names in one change: each setting about three times over.
const NAMES_MAX: usize = 64;

/// What Weir does to engines: it knows one kind.
pub(super) const ENGINE_VARIANT: &str = "acestream";

/// The settings, flat.
#[derive(Serialize, ToSchema)]
pub(super) struct Configuration {
    /// Each setting by its name; `/api/v1/settings` tells what each may be.
    #[serde(flatten)]
    settings: BTreeMap<&'static str, settings::SettingValue>,
    /// What Weir calls itself towards engines.
    vlc_user_agent: &'static str,
    /// The kind of engines that it knows.
    engine_variant: &'static str,
    /// Values that are allowed and hurt somebody.
    warnings: Vec<String>,
    /// That a change was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
}

/// The settings as they are. The answer's ETag is the revision that a change may build on.
#[utoipa::path(
    get,
    path = "/proxy/config",
    tag = "settings",
    responses((status = OK, body = Configuration, headers(("etag" = String, description = "The revision of the values"))))
)]
pub(super) async fn read(State(app): State<App>) -> Response {
    let settings = app.settings.borrow().clone();
    answer(&settings, None)
}

/// Changes settings: by parameters, by a JSON object, or by both; whole or not at all.
///
/// With If-Match, the change is made only on the values of that revision.
#[utoipa::path(
    post,
    path = "/proxy/config",
    tag = "settings",
    security(("api_key" = [])),
    request_body(content = Option<BTreeMap<String, settings::SettingValue>>, description = "any subset of the settings"),
    responses(
        (status = OK, body = Configuration),
        (status = BAD_REQUEST, body = description::Mistakes),
        (status = UNAUTHORIZED, body = description::Detail),
        (status = FORBIDDEN, body = description::Detail),
        (status = CONFLICT, body = description::Detail, description = "an import is being made; Retry-After says when to try again"),
        (status = PRECONDITION_FAILED, body = description::Detail),
        (status = UNSUPPORTED_MEDIA_TYPE, body = description::Detail),
        (status = SERVICE_UNAVAILABLE, body = description::Detail),
    )
)]
pub(super) async fn change(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    auth::protected(&app, &headers)?;
    let mut given = parameters(&uri)?;
    if let Some(bytes) = receive::json(&app, &headers, body).await? {
        given.extend(members(&bytes)?);
    }
    let change = Change::read(&given)?;
    if change.is_empty() {
        let detail = "no setting is named: give at least one, as a parameter of the address or in \
                      a JSON object";
        return Err(bad(detail));
    }
    make(&app, Wish::Set(change), &headers).await
}

/// Has a wish fulfilled, and answers with the settings as they are then.
pub(super) async fn make(app: &App, wish: Wish, headers: &HeaderMap) -> Result<Response, Problem> {
    let expected = expected(headers);
    let _turn = app.turns.of_change().await?;
    let settings = app.keeper.change(wish, auth::who(app), expected).await?;
    let message = "Proxy configuration updated and persisted";
    Ok(answer(&settings, Some(message)))
}

fn answer(settings: &Settings, message: Option<&'static str>) -> Response {
    let numbers = TABLE
        .iter()
        .map(|key| (key.name, (key.get)(settings).into()));
    let words = CHOICES
        .iter()
        .map(|choice| (choice.name, (choice.get)(settings).into()));
    let values = Configuration {
        settings: numbers.chain(words).collect(),
        vlc_user_agent: engine::USER_AGENT,
        engine_variant: ENGINE_VARIANT,
        warnings: settings.warnings(),
        message,
    };
    let mut response = Json(values).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(tag) = HeaderValue::try_from(format!("\"{}\"", settings.revision())) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// The revisions that a change may build on. A weak one says nothing about exact values, so that
/// it fits none; `*` fits any.
fn expected(headers: &HeaderMap) -> Option<Vec<String>> {
    let mut revisions = Vec::new();
    let mut fields = headers.get_all(header::IF_MATCH).iter().peekable();
    fields.peek()?;
    for tag in fields.flat_map(|field| field.as_bytes().split(|byte| *byte == b',')) {
        let tag = tag.trim_ascii();
        if tag == b"*" {
            return None;
        }
        let bare = tag
            .strip_prefix(b"\"")
            .and_then(|it| it.strip_suffix(b"\""));
        revisions.extend(bare.map(|it| String::from_utf8_lossy(it).into_owned()));
    }
    Some(revisions)
}

/// What the address names. Parameters are texts, so a text that reads as a number is one.
fn parameters(uri: &Uri) -> Result<Vec<(String, Given)>, Problem> {
    let query = uri.query().unwrap_or_default();
    let pairs = url::form_urlencoded::parse(query.as_bytes()).take(NAMES_MAX + 1);
    let given: Vec<_> = pairs
        .map(|(name, text)| {
            let given = match text.trim().parse() {
                Ok(number) => Given::Number(number),
                Err(_) => Given::Text(text.into_owned()),
            };
            (name.into_owned(), given)
        })
        .collect();
    if NAMES_MAX < given.len() {
        return Err(bad(format!("more than {NAMES_MAX} parameters")));
    }
    Ok(given)
}

fn members(bytes: &[u8]) -> Result<Vec<(String, Given)>, Problem> {
    let read: Result<Members, _> = serde_json::from_slice(bytes);
    match read {
        Ok(Members(members)) => Ok(members),
        Err(error) => Err(bad(format!(
            "the body is not a JSON object of settings: {error}"
        ))),
    }
}

fn bad(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, detail)
}

/// A value as a setting is given it.
pub(super) fn given(value: Value) -> Given {
    match value {
        Value::Number(number) => number
            .as_f64()
            .map_or(Given::Other("a number that large"), Given::Number),
        Value::String(text) => Given::Text(text),
        Value::Bool(_) => Given::Other("true or false"),
        Value::Null => Given::Other("null"),
        Value::Array(_) => Given::Other("a list"),
        Value::Object(_) => Given::Other("an object"),
    }
}

/// The members of a JSON object as they stand, with repeats; a map would keep the last of them.
struct Members(Vec<(String, Given)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            if NAMES_MAX <= members.len() {
                let text = format!("more than {NAMES_MAX} members");
                return Err(serde::de::Error::custom(text));
            }
            members.push((name, given(value)));
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_are_seen_in_parameters_and_in_objects() {
        let one = ("a".to_owned(), Given::Number(1.0));
        let two = ("a".to_owned(), Given::Text("x".into()));
        let uri = Uri::from_static("/proxy/config?a=1&a=x");
        let read = parameters(&uri).expect("parameters");
        assert_eq!(read, [one.clone(), two.clone()]);
        let read = members(br#"{"a": 1, "a": "x"}"#).expect("members");
        assert_eq!(read, [one, two]);
    }

    #[test]
    fn a_revision_is_read_out_of_every_form_of_if_match() {
        let read = |value: &'static str| {
            let pair = (header::IF_MATCH, HeaderValue::from_static(value));
            expected(&HeaderMap::from_iter([pair]))
        };
        let some = |names: &[&str]| Some(names.iter().map(|it| (*it).to_owned()).collect());
        assert_eq!(expected(&HeaderMap::new()), None);
        assert_eq!(read("*"), None);
        assert_eq!(read("\"ab\""), some(&["ab"]));
        assert_eq!(read("\"ab\" , \"cd\""), some(&["ab", "cd"]));
        for unfit in ["", "ab", "W/\"ab\"", "\"ab"] {
            assert_eq!(read(unfit), some(&[]), "{unfit}");
        }
    }
}
