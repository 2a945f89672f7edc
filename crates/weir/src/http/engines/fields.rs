//! Reads the fields of a call about engines, and collects what is wrong with them.

use axum::extract::Request;
use axum::http::StatusCode;
use engine::{Address, AddressError};
use serde_json::{Map, Value};

use super::super::error::Problem;
use super::super::{App, receive};
use crate::settings::Mistake;

/// Bytes of an engine's name at most: it is for people.
const NAME_BYTES_MAX: usize = 100;

/// Longest host name there is.
const HOST_BYTES_MAX: usize = 253;

/// A request's body, which is a JSON object.
pub(super) async fn object(app: &App, request: Request) -> Result<Map<String, Value>, Problem> {
    let (parts, body) = request.into_parts();
    let bytes = receive::json(app, &parts.headers, body).await?;
    let value = serde_json::from_slice(&bytes.unwrap_or_default());
    match value {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => {
            let detail = "the body must be a JSON object";
            Err(Problem::new(StatusCode::BAD_REQUEST, detail))
        }
        Err(error) => {
            let detail = format!("the body is not JSON: {error}");
            Err(Problem::new(StatusCode::BAD_REQUEST, detail))
        }
    }
}

/// Reads an object's fields and collects what is wrong with them.
pub(super) struct Fields<'a> {
    object: &'a Map<String, Value>,
    mistakes: Vec<Mistake>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(object: &'a Map<String, Value>, known: &[&str]) -> Self {
        let mut fields = Self {
            object,
            mistakes: Vec::new(),
        };
        for name in object.keys().filter(|name| !known.contains(&name.as_str())) {
            let known = known.join(", ");
            fields.wrong(name, &format!("is not known; there are {known}"));
        }
        fields
    }

    fn field(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn address(&mut self) -> Option<Address> {
        let host = self.host();
        let port = self.field("port").and_then(Value::as_u64);
        let port = port.and_then(|port| u16::try_from(port).ok());
        let port = port.filter(|port| 0 < *port);
        if port.is_none() {
            self.wrong("port", "must be a whole number from 1 to 65535");
        }
        address_of(host?, port?).ok()
    }

    /// What goes before the colon of an address; people paste all of it, and more.
    fn host(&mut self) -> Option<&'a str> {
        let must_be = "must be a host name or an IP address, without scheme, port and path";
        match self.field("host") {
            Some(Value::String(host)) if host.len() <= HOST_BYTES_MAX => {
                let host = host.trim();
                let good = address_of(host, 1).is_ok();
                if !good {
                    self.wrong("host", &format!("{must_be} (it is {host:?})"));
                }
                good.then_some(host)
            }
            _ => {
                self.wrong("host", must_be);
                None
            }
        }
    }

    pub(super) fn name(&mut self) -> Option<String> {
        match self.field("name")? {
            Value::String(name) if name.trim().len() <= NAME_BYTES_MAX => {
                Some(name.trim().to_owned()).filter(|name| !name.is_empty())
            }
            _ => {
                let bound = format!("must be a text of at most {NAME_BYTES_MAX} bytes");
                self.wrong("name", &bound);
                None
            }
        }
    }

    pub(super) fn truth(&mut self, name: &str) -> Option<bool> {
        let truth = self.field(name)?.as_bool();
        if truth.is_none() {
            self.wrong(name, "must be true or false");
        }
        truth
    }

    pub(super) fn wrong(&mut self, field: &str, what: &str) {
        if !self.mistakes.iter().any(|other| other.field == field) {
            self.mistakes.push(Mistake {
                field: field.to_owned(),
                message: format!("{field} {what}"),
                value: None,
            });
        }
    }

    pub(super) fn done<T>(self, value: T) -> Result<T, Problem> {
        self.whole(value).map_err(Problem::from)
    }

    /// The same, for whoever has more to read.
    pub(super) fn whole<T>(self, value: T) -> Result<T, Vec<Mistake>> {
        if self.mistakes.is_empty() {
            Ok(value)
        } else {
            Err(self.mistakes)
        }
    }
}

/// An engine's address from its parts; an IPv6 host may have its brackets or not.
pub(super) fn address_of(host: &str, port: u16) -> Result<Address, AddressError> {
    if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]:{port}").parse()
    } else {
        format!("{host}:{port}").parse()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(body: &Value) -> Vec<String> {
        let object = body.as_object().expect("an object");
        let mut fields = Fields::of(object, &["host", "port"]);
        let address = fields.address();
        assert_eq!(address.is_some(), fields.mistakes.is_empty());
        let mistakes = fields.mistakes.into_iter();
        mistakes.map(|it| it.message).collect()
    }

    #[test]
    fn whoever_pastes_a_whole_address_is_told_what_of_it_is_wanted() {
        for host in ["http://10.0.0.7:6878", "10.0.0.7:6878", "engine/path"] {
            let said = told(&json!({ "host": host, "port": 6878 }));
            let told = format!(
                "host must be a host name or an IP address, without scheme, port and path (it is {host:?})"
            );
            assert_eq!(said, [told]);
        }
        for host in ["10.0.0.7", "engine", "::1", "[::1]"] {
            assert!(told(&json!({ "host": host, "port": 6878 })).is_empty());
        }
    }

    #[test]
    fn all_that_is_wrong_with_an_address_is_told_at_once() {
        let said = told(&json!({ "host": "a b", "port": 70_000 }));
        assert_eq!(said.len(), 2, "{said:?}");
    }
}
