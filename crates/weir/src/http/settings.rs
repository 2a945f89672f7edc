//! The settings one by one, with all that a form needs to know of each: `/api/v1/settings`.

pub(super) mod history;

use axum::Json;
use axum::extract::State;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::App;
use crate::settings::{CHOICES, Choice, Key, Settings, TABLE, Unit, card};

/// All settings, as a form shows them.
#[derive(Serialize, ToSchema)]
#[schema(as = SettingForm)]
pub(super) struct Form {
    /// A name for exactly these values, to be given back as `If-Match` with a change.
    revision: String,
    /// The settings, in the order in which they are shown.
    settings: Vec<Setting>,
}

/// One setting.
#[derive(Serialize, ToSchema)]
struct Setting {
    /// Its name in `/proxy/config`.
    key: &'static str,
    /// The environment variable that sets it.
    variable: &'static str,
    /// The heading that it stands under.
    card: &'static str,
    /// What its values are.
    kind: Kind,
    /// What a number counts: `s` for seconds, or `target durations`.
    unit: Option<&'static str>,
    /// The least number.
    min: Option<f64>,
    /// The greatest number.
    max: Option<f64>,
    /// The words there are, of a choice.
    choices: Option<Vec<&'static str>>,
    /// Its value when nobody sets it.
    default: SettingValue,
    /// Its value now.
    value: SettingValue,
    /// Where that comes from.
    origin: Origin,
    /// What the environment gives; it holds again when the saved value is taken back.
    environment: Option<SettingValue>,
    /// What it does, in one sentence.
    sentence: &'static str,
    /// Whom its value hurts, if it hurts somebody.
    warning: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = SettingKind)]
enum Kind {
    Number,
    Integer,
    Choice,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = SettingOrigin)]
enum Origin {
    Saved,
    Environment,
    Default,
}

/// A setting's value: a number, or a word.
#[derive(Clone, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum SettingValue {
    Number(#[serde(serialize_with = "plainly")] f64),
    Word(String),
}

/// Whole numbers without a fraction.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it so")]
fn plainly<S: Serializer>(number: &f64, to: S) -> Result<S::Ok, S::Error> {
    if number.fract() == 0.0 {
        to.serialize_i64(*number as i64)
    } else {
        to.serialize_f64(*number)
    }
}

impl From<f64> for SettingValue {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for SettingValue {
    fn from(word: &str) -> Self {
        Self::Word(word.to_owned())
    }
}

/// All settings with their ranges, defaults and origins.
#[utoipa::path(get, path = "/api/v1/settings", tag = "settings", responses((status = OK, body = Form)))]
pub(super) async fn form(State(app): State<App>) -> Json<Form> {
    let settings = app.settings.borrow().clone();
    let about = About {
        app: &app,
        warnings: settings.warnings(),
        settings: &settings,
    };
    let numbers = TABLE.iter().map(|key| about.number(key));
    let choices = CHOICES.iter().map(|choice| about.choice(choice));
    Json(Form {
        revision: settings.revision(),
        settings: numbers.chain(choices).collect(),
    })
}

struct About<'a> {
    app: &'a App,
    settings: &'a Settings,
    warnings: Vec<String>,
}

impl About<'_> {
    fn number(&self, key: &'static Key) -> Setting {
        let get = |settings: &Settings| (key.get)(settings).into();
        let setting = self.setting(key.name, key.variable, key.default.into(), get);
        Setting {
            kind: if key.unit.is_whole() {
                Kind::Integer
            } else {
                Kind::Number
            },
            unit: match key.unit {
                Unit::Count => None,
                Unit::Seconds => Some("s"),
                Unit::TargetDurations => Some("target durations"),
            },
            min: Some(key.min),
            max: Some(key.max),
            sentence: key.sentence,
            ..setting
        }
    }

    fn choice(&self, choice: &'static Choice) -> Setting {
        let get = |settings: &Settings| (choice.get)(settings).into();
        let default = choice.words[choice.default].into();
        Setting {
            choices: Some(choice.words.to_vec()),
            sentence: choice.sentence,
            ..self.setting(choice.name, choice.variable, default, get)
        }
    }

    /// What all settings have in common, of a choice.
    fn setting(
        &self,
        key: &'static str,
        variable: &'static str,
        default: SettingValue,
        get: impl Fn(&Settings) -> SettingValue,
    ) -> Setting {
        let base = get(&self.app.config.settings);
        let is_given = self.app.config.settings_given.contains(&key) || base != default;
        let is_saved = self.app.keeper.saved().get(key).is_some();
        Setting {
            key,
            variable,
            card: card(key),
            kind: Kind::Choice,
            unit: None,
            min: None,
            max: None,
            choices: None,
            default,
            value: get(self.settings),
            origin: match (is_saved, is_given) {
                (true, _) => Origin::Saved,
                (false, true) => Origin::Environment,
                (false, false) => Origin::Default,
            },
            environment: is_given.then_some(base),
            sentence: "",
            warning: self.warnings.iter().find(|it| it.starts_with(key)).cloned(),
        }
    }
}
