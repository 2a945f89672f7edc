//! The JSON of engines, read leniently: every field may be missing, misspelt, a number or a string.

use serde_json::Value;

use crate::error::ApiError;

/// As much of an engine's words as an error repeats, in characters.
const WORDS_CHARS_MAX: usize = 200;

/// The longest id worth keeping, in bytes: sessions have 40.
const ID_BYTES_MAX: usize = 128;

/// Takes an answer apart: what stands under `key`, unless the engine reports an error, whatever the status.
pub(crate) fn answer(bytes: &[u8], key: &str, code: u16) -> Result<Value, ApiError> {
    let bytes_given = bytes.len();
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let success = (200..300).contains(&code);
    let Ok(Value::Object(mut envelope)) = serde_json::from_slice(bytes) else {
        if !success {
            return Err(ApiError::Status { code });
        }
        return Err(ApiError::Malformed { bytes: bytes_given });
    };
    if let Some(mut text) = envelope.get("error").and_then(words) {
        let reason = envelope.get("extra_data").and_then(words);
        if let Some(reason) = reason.filter(|reason| !text.contains(reason)) {
            text = format!("{text} ({reason})");
        }
        return Err(ApiError::Refused { text });
    }
    if !success {
        return Err(ApiError::Status { code });
    }
    // A value under the other key is the older or newer form of the same call.
    let other = if key == "response" {
        "result"
    } else {
        "response"
    };
    let found = envelope.remove(key).or_else(|| envelope.remove(other));
    found.ok_or(ApiError::Malformed { bytes: bytes_given })
}

/// An error as words: a text, or an object that has one. None of null, false and an empty text is an error.
fn words(error: &Value) -> Option<String> {
    match error {
        Value::Null | Value::Bool(false) => None,
        Value::String(text) => Some(clean(text)).filter(|text| !text.is_empty()),
        Value::Object(_) => {
            let named = ["message", "reason", "option", "code"];
            let first = named
                .iter()
                .find_map(|name| error.get(name).and_then(words));
            Some(first.unwrap_or_else(|| "unnamed error".to_owned()))
        }
        other => Some(clean(&other.to_string())),
    }
}

/// Foreign words as one line of bearable length.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(WORDS_CHARS_MAX)
        .collect::<String>()
        .trim()
        .to_owned()
}

/// The first of these fields that is a text with something in it.
pub(crate) fn text<'a>(value: &'a Value, names: &[&str]) -> Option<&'a str> {
    names
        .iter()
        .filter_map(|name| value.get(name)?.as_str())
        .map(str::trim)
        .find(|text| !text.is_empty())
}

/// Words for people, cleaned.
pub(crate) fn label(value: &Value, names: &[&str]) -> Option<String> {
    text(value, names)
        .map(clean)
        .filter(|text| !text.is_empty())
}

/// An id: visible ASCII of a sensible length; a number will do.
pub(crate) fn id(value: &Value, names: &[&str]) -> Option<String> {
    let given = names.iter().find_map(|name| match value.get(name)? {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })?;
    let fits = !given.is_empty() && given.len() <= ID_BYTES_MAX;
    (fits && given.bytes().all(|byte| byte.is_ascii_graphic())).then_some(given)
}

/// An infohash or content id: 40 hexadecimal digits, in lower case.
pub(crate) fn hash(value: &Value, names: &[&str]) -> Option<String> {
    let given = text(value, names)?;
    let fits = given.len() == 40 && given.bytes().all(|byte| byte.is_ascii_hexdigit());
    fits.then(|| given.to_ascii_lowercase())
}

/// The first of these fields that is a number, or a text that reads as one. Negative ones mean "unknown".
pub(crate) fn number(value: &Value, names: &[&str]) -> Option<u64> {
    names.iter().find_map(|name| match value.get(name)? {
        Value::Number(number) => number.as_u64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => {
            let text = text.trim();
            text.parse().ok().or_else(|| whole(text.parse().ok()?))
        }
        _ => None,
    })
}

fn whole(number: f64) -> Option<u64> {
    (number.is_finite() && 0.0 <= number).then_some(number as u64)
}

/// The first of these fields that says yes or no, in whatever form.
pub(crate) fn flag(value: &Value, names: &[&str]) -> Option<bool> {
    names.iter().find_map(|name| match value.get(name)? {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => Some(number.as_f64()? != 0.0),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" => Some(true),
            "0" | "false" | "no" => Some(false),
            _ => None,
        },
        _ => None,
    })
}
