//! A change as somebody asks for it: read whole, with all its mistakes, before anything is touched.

use std::collections::BTreeSet;

use super::{Choice, Contradiction, Key, Settings};

/// Names that are shown beside the settings and cannot be set.
const READ_ONLY: [&str; 3] = ["vlc_user_agent", "engine_variant", "warnings"];

/// Bytes of a name that a mistake shows; names are what strangers write.
const NAME_BYTES_MAX: usize = 64;

/// A value as it was given.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// Something that no setting is; what it is called.
    Other(&'static str),
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Mistake {
    /// The name that was given.
    pub field: String,
    /// What would be right.
    pub message: String,
    /// What was given; nothing where it is not the value that is wrong.
    pub value: Option<Given>,
}

impl From<Contradiction> for Mistake {
    fn from(found: Contradiction) -> Self {
        Self {
            field: found.name.to_owned(),
            message: found.message,
            value: None,
        }
    }
}

/// New values for some settings, each good in itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change(Vec<Value>);

#[derive(Clone, Copy, Debug)]
enum Value {
    Number(&'static Key, f64),
    Word(&'static Choice, usize),
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(key, number), Self::Number(other, given)) => {
                key.name == other.name && number.total_cmp(given).is_eq()
            }
            (Self::Word(choice, place), Self::Word(other, given)) => {
                choice.name == other.name && place == given
            }
            _ => false,
        }
    }
}

impl Change {
    /// Reads a change, or everything that is wrong with it.
    pub fn read(given: &[(String, Given)]) -> Result<Self, Vec<Mistake>> {
        let mut values = Vec::new();
        let mut mistakes = Vec::new();
        let mut names = BTreeSet::new();
        for (name, value) in given {
            let field = shortened(name);
            if !names.insert(name) {
                mistakes.push(Mistake {
                    message: format!("{field} stands more than once"),
                    field,
                    value: Some(value.clone()),
                });
                continue;
            }
            match self::value(name, value) {
                Ok(value) => values.push(value),
                Err(message) => mistakes.push(Mistake {
                    field,
                    message,
                    value: Some(value.clone()),
                }),
            }
        }
        if mistakes.is_empty() {
            Ok(Self(values))
        } else {
            Err(mistakes)
        }
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts the new values in.
    pub fn apply(&self, settings: &mut Settings) {
        for value in &self.0 {
            match value {
                Value::Number(key, number) => (key.set)(settings, *number),
                Value::Word(choice, place) => (choice.set)(settings, *place),
            }
        }
    }

    /// Saves the new values as they are in `settings`, where they have been put in: a time is
    /// rounded to what a clock can tell.
    pub(super) fn save(&self, settings: &Settings, saved: &mut store::Saved) {
        for value in &self.0 {
            match value {
                Value::Number(key, _) => saved.set_number(key.name, (key.get)(settings)),
                Value::Word(choice, place) => saved.set_text(choice.name, choice.words[*place]),
            }
        }
    }
}

fn value(name: &str, given: &Given) -> Result<Value, String> {
    if let Some(choice) = Choice::named(name) {
        let text = match given {
            Given::Text(text) => text.as_str(),
            Given::Number(_) | Given::Other(_) => "",
        };
        return choice.take(text).map(|place| Value::Word(choice, place));
    }
    let Some(key) = Key::named(name) else {
        let name = shortened(name);
        return Err(if READ_ONLY.contains(&name.as_str()) {
            format!("{name} can only be read")
        } else {
            format!("{name:?} is no setting")
        });
    };
    match given {
        Given::Number(number) => key.take(*number).map(|number| Value::Number(key, number)),
        Given::Text(_) => Err(format!("{name} must be a number, not a text")),
        Given::Other(kind) => Err(format!("{name} must be a number, not {kind}")),
    }
}

fn shortened(name: &str) -> String {
    if name.len() <= NAME_BYTES_MAX {
        return name.to_owned();
    }
    let end = name.floor_char_boundary(NAME_BYTES_MAX);
    format!("{}…", &name[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(given: &[(&str, Given)]) -> Result<Settings, Vec<String>> {
        let given: Vec<_> = given
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        match Change::read(&given) {
            Ok(change) => {
                let mut settings = Settings::default();
                change.apply(&mut settings);
                Ok(settings)
            }
            Err(mistakes) => Err(mistakes.into_iter().map(|it| it.message).collect()),
        }
    }

    #[test]
    fn a_good_change_sets_what_it_names_and_nothing_else() {
        let settings = read(&[
            ("hls_window_size", Given::Number(8.0)),
            ("stream_mode", Given::Text("hls".into())),
            ("connection_timeout", Given::Number(7.5)),
        ]);
        let wanted = Settings {
            hls_window_size: 8,
            connection_timeout: std::time::Duration::from_millis(7_500),
            stream_mode: crate::settings::StreamMode::Hls,
            ..Settings::default()
        };
        assert_eq!(settings, Ok(wanted));
    }

    #[test]
    fn every_mistake_is_told_in_the_order_of_the_change() {
        let mistakes = read(&[
            ("hls_window_size", Given::Number(50.0)),
            ("hls_max_segments", Given::Number(20.5)),
            ("channel_shutdown_delay", Given::Number(f64::NAN)),
            ("stream_timeout", Given::Number(f64::INFINITY)),
            ("connection_timeout", Given::Text("7".into())),
            ("hls_initial_segments", Given::Other("a list")),
            ("stream_mode", Given::Text("DASH".into())),
            ("colour", Given::Number(1.0)),
            ("vlc_user_agent", Given::Text("x".into())),
            ("hls_window_size", Given::Number(6.0)),
        ]);
        let wanted = [
            "hls_window_size must be between 3 and 20",
            "hls_max_segments must be a whole number",
            "channel_shutdown_delay must be between 1 and 60 seconds",
            "stream_timeout must be between 10 and 300 seconds",
            "connection_timeout must be a number, not a text",
            "hls_initial_segments must be a number, not a list",
            "stream_mode must be either 'TS' or 'HLS'",
            "\"colour\" is no setting",
            "vlc_user_agent can only be read",
            "hls_window_size stands more than once",
        ];
        assert_eq!(mistakes, Err(wanted.map(str::to_owned).to_vec()));
    }

    #[test]
    fn a_long_name_is_shown_in_part() {
        let mistakes = read(&[(&"ä".repeat(5_000), Given::Number(1.0))]).expect_err("no setting");
        assert!(mistakes[0].len() < 100, "{mistakes:?}");
    }
}
