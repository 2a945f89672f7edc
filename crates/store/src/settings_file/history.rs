//! The changes that led to what is saved: who made them, when, and what was there before. They are in the same file as the
//! values, so that neither is ever without the other.

use serde_json::{Map, Number, Value, json};

use super::{Saved, saved};

/// Where the file holds them.
const HISTORY: &str = "history";

/// Changes that are remembered: months of an operator's.
const CHANGES_MAX: usize = 200;

/// Values in them, together: with the longest names, half of what a file may have.
const VALUES_MAX: usize = 1_500;

/// A value that a setting had.
#[derive(Clone, Debug, PartialEq)]
pub enum Held {
    /// A number.
    Number(f64),
    /// A word.
    Text(String),
}

/// What a change did to one setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The setting's name.
    pub key: String,
    /// Its value before.
    pub from: Held,
    /// Its value after.
    pub to: Held,
    /// Whether the value before was a saved one; else it was what the start had given.
    pub was_saved: bool,
}

/// A change that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// Its number: one more than the change's before.
    pub number: u64,
    /// When it was made, as a date in text.
    pub at: String,
    /// Who made it.
    pub who: String,
    /// What it did.
    pub steps: Vec<Step>,
}

impl Saved {
    /// Changes that are remembered, oldest first; what somebody has written there that is none is left out.
    pub fn history(&self) -> Vec<Past> {
        let changes = self.0.get(HISTORY).and_then(Value::as_array);
        changes.into_iter().flatten().filter_map(past).collect()
    }

    /// Remembers a change under the next number, and forgets the oldest beyond the bounds.
    pub fn remember(&mut self, at: String, who: &str, steps: Vec<Step>) {
        let mut changes = self.history();
        let number = changes.last().map_or(1, |last| last.number + 1);
        let who = who.to_owned();
        changes.push(Past {
            number,
            at,
            who,
            steps,
        });
        let mut values = 0;
        let kept = changes.iter().rev().take(CHANGES_MAX).take_while(|past| {
            values += past.steps.len();
            values <= VALUES_MAX
        });
        let kept = kept.count().max(1);
        let kept = &changes[changes.len() - kept..];
        let list = kept.iter().map(json).collect();
        self.0.insert(HISTORY.to_owned(), Value::Array(list));
    }
}

impl Held {
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => number.as_f64().map(Self::Number),
            Value::String(text) => Some(Self::Text(text.clone())),
            _ => None,
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Number(number) => saved::number(*number).map_or(Value::Null, Number::into),
            Self::Text(text) => json!(text),
        }
    }
}

fn past(value: &Value) -> Option<Past> {
    let steps = value.get("changes")?.as_array()?;
    Some(Past {
        number: value.get("revision")?.as_u64()?,
        at: value.get("at")?.as_str()?.to_owned(),
        who: value.get("who")?.as_str()?.to_owned(),
        steps: steps.iter().map(step).collect::<Option<_>>()?,
    })
}

fn step(value: &Value) -> Option<Step> {
    Some(Step {
        key: value.get("key")?.as_str()?.to_owned(),
        from: Held::read(value.get("from")?)?,
        to: Held::read(value.get("to")?)?,
        was_saved: value.get("was_saved")?.as_bool()?,
    })
}

fn json(past: &Past) -> Value {
    let steps = past.steps.iter().map(|step| {
        let mut json = Map::new();
        json.insert("key".to_owned(), json!(step.key));
        json.insert("from".to_owned(), step.from.json());
        json.insert("to".to_owned(), step.to.json());
        json.insert("was_saved".to_owned(), json!(step.was_saved));
        Value::Object(json)
    });
    json!({
        "revision": past.number,
        "at": past.at,
        "who": past.who,
        "changes": steps.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(number: f64) -> Step {
        Step {
            key: "stream_timeout".to_owned(),
            from: Held::Number(number),
            to: Held::Text("x".to_owned()),
            was_saved: false,
        }
    }

    #[test]
    fn changes_come_back_as_they_were_and_are_numbered_on() {
        let mut saved = Saved::default();
        saved.remember("monday".to_owned(), "anyone", vec![step(1.5)]);
        saved.remember("tuesday".to_owned(), "api key", vec![step(2.0), step(3.0)]);
        let read = Saved::read(&saved.bytes()).expect("what was written");
        let [first, second] = &read.history()[..] else {
            panic!("{:?}", read.history());
        };
        assert_eq!((first.number, second.number), (1, 2));
        assert_eq!(
            (first.at.as_str(), second.who.as_str()),
            ("monday", "api key")
        );
        assert_eq!(first.steps, [step(1.5)]);
        assert_eq!(second.steps.len(), 2);
    }

    #[test]
    fn the_oldest_are_forgotten_beyond_the_bounds_and_the_file_stays_one_that_is_read() {
        let mut saved = Saved::default();
        for _ in 0..CHANGES_MAX + 5 {
            saved.remember(
                "2026-11-22T00:00:00.000Z".to_owned(),
                "api key",
                vec![step(1.0)],
            );
        }
        let history = saved.history();
        assert_eq!(history.len(), CHANGES_MAX);
        assert_eq!(history.first().map(|past| past.number), Some(6));
        for _ in 0..CHANGES_MAX {
            let steps = (0..20).map(|number| Step {
                key: "a_name_as_long_as_the_longest_there_is".to_owned(),
                ..step(f64::from(number))
            });
            saved.remember(
                "2026-11-22T00:00:00.000Z".to_owned(),
                "api key",
                steps.collect(),
            );
        }
        let values: usize = saved.history().iter().map(|past| past.steps.len()).sum();
        assert_eq!(values, VALUES_MAX);
        assert!((saved.bytes().len() as u64) < super::super::BYTES_MAX);
        saved.remember(
            "later".to_owned(),
            "anyone",
            vec![step(1.0); VALUES_MAX + 1],
        );
        assert_eq!(saved.history().len(), 1, "the newest stays");
    }

    #[test]
    fn what_is_no_history_is_none() {
        for text in [
            r#"{"history": 7}"#,
            r#"{"history": [7, {"revision": -1}, {"revision": 1, "at": "x", "who": "y", "changes": [{}]}]}"#,
        ] {
            let saved = Saved::read(text.as_bytes()).expect("an object");
            assert_eq!(saved.history(), [], "{text}");
        }
    }
}
