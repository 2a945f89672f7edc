//! What a caller wants a receiver of news to be, read out of JSON with all its mistakes at once.

use serde_json::{Map, Value};
use url::Url;
use utoipa::ToSchema;

use crate::http::error::Problem;
use crate::journal::Kind;
use crate::settings::Mistake;
use crate::webhooks::Edit;

/// Bytes of an address; services that take webhooks give out some hundred.
const URL_BYTES_MAX: usize = 2_048;

/// Bytes of a name and of a secret.
const TEXT_BYTES_MAX: usize = 200;

/// What a receiver is to be.
#[derive(ToSchema)]
#[schema(as = WebhookDraft)]
#[expect(dead_code, reason = "it is only described; Draft reads it")]
pub(super) struct Body {
    /// Where it is: http or https.
    url: Option<String>,
    /// The kinds of events that it wants, or null for all.
    kinds: Option<Vec<String>>,
    /// What is sent is signed with it; null takes it away.
    secret: Option<String>,
    /// Whether it is sent anything.
    enabled: Option<bool>,
    /// What people call it.
    name: Option<String>,
}

/// Fields that were read, and what is wrong with others.
#[derive(Debug)]
pub(super) struct Draft {
    edit: Edit,
    mistakes: Vec<Mistake>,
}

impl Draft {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Problem> {
        match serde_json::from_slice::<Map<String, Value>>(bytes) {
            Ok(fields) => Ok(Self::of(fields)),
            Err(error) => {
                let mut draft = Self::of(Map::new());
                draft.wrong("body", &format!("be a JSON object: {error}"));
                Err(draft.mistakes.into())
            }
        }
    }

    pub(super) fn of(fields: Map<String, Value>) -> Self {
        let mut draft = Self {
            edit: Edit::default(),
            mistakes: Vec::new(),
        };
        for (name, value) in fields {
            if let Err(wanted) = draft.take(&name, value) {
                draft.wrong(&name, &wanted);
            }
        }
        draft
    }

    /// One that is to be added, which needs an address.
    pub(super) fn new_one(self) -> Result<(Url, Edit), Problem> {
        self.whole().map_err(Problem::from)
    }

    /// The same, for whoever has more to read.
    pub(super) fn whole(mut self) -> Result<(Url, Edit), Vec<Mistake>> {
        let url = self.edit.url.take();
        if url.is_none() && !self.mistakes.iter().any(|it| it.field == "url") {
            self.wrong("url", "be given");
        }
        match url {
            Some(url) if self.mistakes.is_empty() => Ok((url, self.edit)),
            _ => Err(self.mistakes),
        }
    }

    /// A change of one.
    pub(super) fn edit(self) -> Result<Edit, Problem> {
        if self.mistakes.is_empty() {
            Ok(self.edit)
        } else {
            Err(self.mistakes.into())
        }
    }

    fn wrong(&mut self, field: &str, wanted: &str) {
        self.mistakes.push(Mistake {
            field: field.to_owned(),
            message: format!("{field} must {wanted}"),
            value: None,
        });
    }

    /// Takes a field, or says what it must.
    fn take(&mut self, name: &str, value: Value) -> Result<(), String> {
        match name {
            "url" => self.edit.url = Some(address(&value)?),
            "kinds" => self.edit.kinds = Some(kinds(&value)?),
            "secret" => self.edit.secret = Some(text(value)?),
            "name" => self.edit.name = Some(text(value)?),
            "enabled" => {
                let enabled = value.as_bool();
                self.edit.enabled = Some(enabled.ok_or("be true or false")?);
            }
            _ => return Err("not be given: it is not known".into()),
        }
        Ok(())
    }
}

/// The operator's own address, so that private hosts are as good as others.
fn address(value: &Value) -> Result<Url, String> {
    let text = value.as_str().map(str::trim);
    let text = text.filter(|text| text.len() <= URL_BYTES_MAX);
    let url = text.and_then(|text| Url::parse(text).ok());
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| format!("be an http or https address of at most {URL_BYTES_MAX} bytes"))
}

fn kinds(value: &Value) -> Result<Option<Vec<String>>, String> {
    if value.is_null() {
        return Ok(None);
    }
    let known = |value: &Value| {
        let kind = Kind::ALL.iter().find(|kind| value == kind.as_str())?;
        Some(kind.as_str().to_owned())
    };
    let named: Option<Vec<_>> = value
        .as_array()
        .filter(|list| !list.is_empty() && list.len() <= Kind::ALL.len())
        .and_then(|list| list.iter().map(known).collect());
    match named {
        Some(named) => Ok(Some(named)),
        None => Err("be null, for all, or a list of kinds of docs/events.md".into()),
    }
}

fn text(value: Value) -> Result<Option<String>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.trim().is_empty() => Ok(None),
        Value::String(text) if text.len() <= TEXT_BYTES_MAX => Ok(Some(text.trim().to_owned())),
        _ => Err(format!(
            "be null or a text of at most {TEXT_BYTES_MAX} bytes"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Vec<String> {
        let mistakes = match Draft::read(text.as_bytes()) {
            Ok(draft) => draft.mistakes,
            Err(problem) => return vec![problem.detail().to_owned()],
        };
        mistakes.into_iter().map(|mistake| mistake.field).collect()
    }

    #[test]
    fn everything_that_can_be_said_is_taken() {
        let text = r#"{"url": " https://10.0.0.5/hook ", "kinds": ["stream_failed"], "secret": "s", "enabled": false,
            "name": "phone"}"#;
        let draft = Draft::read(text.as_bytes()).expect("an object");
        let (url, edit) = draft.new_one().expect("whole");
        assert_eq!(url.as_str(), "https://10.0.0.5/hook");
        assert_eq!(edit.kinds, Some(Some(vec!["stream_failed".into()])));
        assert_eq!(edit.secret, Some(Some("s".into())));
        assert_eq!(
            (edit.enabled, edit.name),
            (Some(false), Some(Some("phone".into())))
        );
        let nothing = Draft::read(br#"{"secret": null, "kinds": null, "name": " "}"#);
        let edit = nothing.and_then(Draft::edit).expect("whole");
        assert_eq!((edit.secret, edit.name), (Some(None), Some(None)));
        assert_eq!((edit.kinds, edit.enabled), (Some(None), None));
    }

    #[test]
    fn every_mistake_is_told_with_its_field() {
        let text = r#"{"url": "ftp://x", "kinds": [], "secret": 5, "enabled": "yes", "name": [], "more": 1}"#;
        let mut wrong = fields(text);
        wrong.sort_unstable();
        assert_eq!(wrong, ["enabled", "kinds", "more", "name", "secret", "url"]);
        for text in [
            r#"{"kinds": ["rain"]}"#,
            r#"{"kinds": "all"}"#,
            r#"{"kinds": ["stream_failed", 5]}"#,
        ] {
            assert_eq!(fields(text), ["kinds"], "{text}");
        }
        for text in ["", "5", "[]", "{"] {
            assert!(
                fields(text)[0].starts_with("body must be a JSON object"),
                "{text}"
            );
        }
        let nameless = Draft::read(b"{}").and_then(Draft::new_one);
        let told = nameless
            .map(drop)
            .map_err(|problem| problem.detail().to_owned());
        assert_eq!(told, Err("url must be given".into()));
    }
}
