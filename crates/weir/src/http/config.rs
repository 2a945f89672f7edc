//! `/proxy/config`: the settings as JSON, and changes of them read out of what was sent.

use std::fmt;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value, json};

use super::error::Problem;
use super::{App, auth, receive};
use crate::journal::{Kind, News};
use crate::settings::{CHOICES, Change, Given, Settings, TABLE};

/// Names in one change: each setting about three times over.
const NAMES_MAX: usize = 64;

/// What Weir does to engines: it knows one kind.
pub(super) const ENGINE_VARIANT: &str = "acestream";

/// `GET /proxy/config`
pub(super) async fn read(State(app): State<App>) -> Response {
    let settings = app.settings.borrow().clone();
    answer(&settings, None)
}

/// `POST /proxy/config`: by parameters, by a JSON object, or by both.
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
    let before = app.settings.borrow().clone();
    let settings = app.keeper.change(change, expected(&headers)).await?;
    tell(&app, &before, &settings);
    let message = "Proxy configuration updated and persisted";
    Ok(answer(&settings, Some(message)))
}

/// Tells the journal what was changed, and on what authority.
fn tell(app: &App, before: &Settings, after: &Settings) {
    let who = match app.config.api_key {
        Some(_) => "the API key",
        None => "anybody: no API key is set",
    };
    let numbers = TABLE.iter().map(|key| {
        let text = |settings| (key.get)(settings).to_string();
        (key.name, text(before), text(after))
    });
    let choices = CHOICES.iter().map(|choice| {
        let text = |settings| (choice.get)(settings).to_owned();
        (choice.name, text(before), text(after))
    });
    let changed = numbers.chain(choices).filter(|(_, from, to)| from != to);
    let changes: Vec<_> = changed
        .map(|(name, from, to)| (name, format!("{from} → {to}")))
        .collect();
    if changes.is_empty() {
        return;
    }
    let parts: Vec<_> = changes
        .iter()
        .map(|(name, change)| format!("{name} {change}"))
        .collect();
    let message = format!("settings changed: {}", parts.join(", "));
    tracing::info!("{message}");
    let news = News::new(Kind::SettingsChanged, message).with("who", who);
    let news = changes
        .into_iter()
        .fold(news, |news, (name, change)| news.with(name, change));
    app.journal.tell(news);
}

fn answer(settings: &Settings, message: Option<&str>) -> Response {
    let mut values: Map<_, _> = TABLE
        .iter()
        .map(|key| (key.name.to_owned(), number((key.get)(settings))))
        .collect();
    let mut put = |name: &str, value| values.insert(name.to_owned(), value);
    for choice in CHOICES {
        put(choice.name, json!((choice.get)(settings)));
    }
    put("vlc_user_agent", json!(engine::USER_AGENT));
    put("engine_variant", json!(ENGINE_VARIANT));
    put("warnings", json!(settings.warnings()));
    if let Some(message) = message {
        put("message", json!(message));
    }
    let mut response = Json(values).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(tag) = HeaderValue::try_from(format!("\"{}\"", settings.revision())) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// A number as people write it: whole ones without a point.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 {
        json!(value as i64)
    } else {
        json!(value)
    }
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
            let given = match value {
                Value::Number(number) => number
                    .as_f64()
                    .map_or(Given::Other("a number that large"), Given::Number),
                Value::String(text) => Given::Text(text),
                Value::Bool(_) => Given::Other("true or false"),
                Value::Null => Given::Other("null"),
                Value::Array(_) => Given::Other("a list"),
                Value::Object(_) => Given::Other("an object"),
            };
            members.push((name, given));
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
