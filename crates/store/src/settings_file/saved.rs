//! Saved settings as the file holds them: names with values, of which only some are known above.

use serde_json::{Map, Number, Value};

use super::Damage;

/// Where the file says which version wrote it.
const VERSION: &str = "version";

/// What this version writes.
const VERSION_NOW: u64 = 1;

/// Whole numbers up to this one are exact in a float, and are written without a point.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// What an operator has saved, by name.
///
/// Invariant: the version is a number, no lower than it was read and no lower than this one's.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved(pub(super) Map<String, Value>);

/// A saved value, as far as settings go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Entry<'a> {
    /// A number.
    Number(f64),
    /// A text.
    Text(&'a str),
    /// Something that no setting is.
    Other,
}

impl Default for Saved {
    fn default() -> Self {
        Self::of(Map::new())
    }
}

impl Saved {
    fn of(mut values: Map<String, Value>) -> Self {
        let version = values.get(VERSION).and_then(Value::as_u64);
        let version = version.unwrap_or_default().max(VERSION_NOW);
        values.insert(VERSION.into(), version.into());
        Self(values)
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, Damage> {
        if bytes.trim_ascii().is_empty() {
            return Err(Damage::Empty);
        }
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(values)) => Ok(Self::of(values)),
            Ok(_) => Err(Damage::NotAnObject),
            Err(error) => Err(Damage::NotJson(error)),
        }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        format!("{:#}\n", Value::Object(self.0.clone())).into_bytes()
    }

    /// Whether a newer version wrote it.
    pub fn is_newer(&self) -> bool {
        let version = self.0.get(VERSION).and_then(Value::as_u64);
        version.is_some_and(|version| VERSION_NOW < version)
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<Entry<'_>> {
        let entry = match self.0.get(name)? {
            Value::Number(number) => number.as_f64().map_or(Entry::Other, Entry::Number),
            Value::String(text) => Entry::Text(text),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Entry::Other,
        };
        Some(entry)
    }

    /// Saves a finite number under a name; others are not settings, and are left out.
    pub fn set_number(&mut self, name: &str, number: f64) {
        if let Some(number) = self::number(number) {
            self.0.insert(name.to_owned(), number.into());
        }
    }

    /// Saves a text under a name.
    pub fn set_text(&mut self, name: &str, text: &str) {
        self.0.insert(name.to_owned(), text.into());
    }

    /// Forgets a name.
    pub fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }
}

/// A number as people write it: whole ones without a point.
pub(super) fn number(number: f64) -> Option<Number> {
    let whole = number.fract() == 0.0 && number.abs() < WHOLE_MAX;
    if whole {
        Some(Number::from(number as i64))
    } else {
        Number::from_f64(number)
    }
}
