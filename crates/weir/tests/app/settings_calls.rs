//! Calls to `/proxy/config` as scripts and browsers make them, byte by byte, and what they bring.

use std::net::SocketAddr;

use serde_json::{Map, Value};

use crate::raw::say;
use crate::stage::Stage;

/// What a call was answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) json: Value,
}

impl Reply {
    pub(crate) fn detail(&self) -> &str {
        self.json["detail"].as_str().unwrap_or_default()
    }

    /// The messages of all errors, in order.
    pub(crate) fn messages(&self) -> Vec<&str> {
        let errors = self.json["errors"].as_array();
        let messages = errors.into_iter().flatten();
        messages
            .map(|it| it["message"].as_str().expect("a message"))
            .collect()
    }

    /// A header field of the answer.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines();
        let mut fields = lines.filter_map(|line| line.split_once(": "));
        fields.find(|(it, _)| *it == name).map(|(_, value)| value)
    }

    /// The settings of the answer, without what is said beside them.
    pub(crate) fn values(&self) -> Map<String, Value> {
        assert_eq!(self.status, 200, "{self:?}");
        let mut values = self.json.as_object().expect("an object").clone();
        values.remove("message");
        values
    }
}

/// Makes a call with fields and a body as they are given.
pub(crate) async fn call(
    address: SocketAddr,
    method_and_path: &str,
    fields: &[(&str, &str)],
    body: impl AsRef<[u8]>,
) -> Reply {
    let body = body.as_ref();
    let fields = fields
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"));
    let head = format!(
        "{method_and_path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{}Content-Length: {}\r\n\r\n",
        fields.collect::<String>(),
        body.len()
    );
    let said = say(address, [head.as_bytes(), body].concat()).await;
    let text = said.text();
    let (_, json) = text.split_once("\r\n\r\n").expect("a body");
    Reply {
        status: said.status(),
        head: said.head(),
        json: serde_json::from_str(json).unwrap_or(Value::Null),
    }
}

/// Posts a JSON text.
pub(crate) async fn post_json(address: SocketAddr, body: impl AsRef<[u8]>) -> Reply {
    let json = [("Content-Type", "application/json")];
    call(address, "POST /proxy/config", &json, body).await
}

/// Posts parameters.
pub(crate) async fn post(address: SocketAddr, query: &str) -> Reply {
    call(address, &format!("POST /proxy/config?{query}"), &[], "").await
}

/// The settings as they are read.
pub(crate) async fn settings(address: SocketAddr) -> Reply {
    call(address, "GET /proxy/config", &[], "").await
}

impl Stage {
    /// Changes settings by parameters; it must be taken.
    pub(crate) async fn set(&self, query: &str) {
        let reply = post(self.address(), query).await;
        assert_eq!(reply.status, 200, "{reply:?}");
    }
}
