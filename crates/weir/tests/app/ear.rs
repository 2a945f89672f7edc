//! A listener to the stream of events, as a browser is one.

use std::collections::VecDeque;
use std::net::SocketAddr;

use reqwest::{Client, Response};
use serde_json::Value;

use crate::stage::within;

/// One event as it came.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Heard {
    pub(crate) id: Option<u64>,
    pub(crate) name: String,
    pub(crate) data: Value,
}

impl Heard {
    /// What kind of news it is.
    pub(crate) fn kind(&self) -> &str {
        self.data["event_type"].as_str().unwrap_or_default()
    }
}

/// An open stream of events.
pub(crate) struct Ear {
    response: Response,
    text: String,
    heard: VecDeque<Heard>,
    greeted: bool,
}

pub(crate) fn client() -> Client {
    Client::builder()
        .tls_backend_preconfigured(engine::tls().expect("TLS, which nobody uses"))
        .no_proxy()
        .build()
        .expect("a client")
}

/// Asks for the stream, whatever the answer is.
pub(crate) async fn ask(address: SocketAddr, query: &str, last_id: Option<&str>) -> Response {
    let url = format!("http://{address}/api/v1/events/stream{query}");
    let mut request = client().get(url);
    if let Some(id) = last_id {
        request = request.header("last-event-id", id);
    }
    within(request.send()).await.expect("an answer")
}

impl Ear {
    /// Listens from now on.
    pub(crate) async fn new(address: SocketAddr, query: &str) -> Self {
        Self::of(ask(address, query, None).await).await
    }

    /// Comes back with the last id it had.
    pub(crate) async fn back(address: SocketAddr, id: u64) -> Self {
        Self::of(ask(address, "", Some(&id.to_string())).await).await
    }

    /// Listens to a stream that was asked for.
    pub(crate) async fn of(response: Response) -> Self {
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut ear = Self {
            response,
            text: String::new(),
            heard: VecDeque::new(),
            greeted: false,
        };
        // What is told after the greeting is heard.
        while !ear.greeted {
            assert!(ear.hear().await, "the stream ended at once");
        }
        ear
    }

    /// Reads some more; returns whether there was something.
    async fn hear(&mut self) -> bool {
        let chunk = within(self.response.chunk()).await;
        let Ok(Some(chunk)) = chunk else {
            return false;
        };
        self.text += std::str::from_utf8(&chunk).expect("text");
        while let Some(end) = self.text.find("\n\n") {
            let block: String = self.text.drain(..end + 2).collect();
            let mut heard = Heard {
                id: None,
                name: String::new(),
                data: Value::Null,
            };
            for line in block.lines() {
                match line.split_once(": ") {
                    Some(("id", id)) => heard.id = Some(id.parse().expect("an id")),
                    Some(("event", name)) => name.clone_into(&mut heard.name),
                    Some(("data", data)) => heard.data = serde_json::from_str(data).expect("JSON"),
                    _ => {}
                }
            }
            self.greeted |= block.starts_with("retry: ");
            let known = !heard.name.is_empty();
            self.heard.extend(known.then_some(heard));
        }
        true
    }

    /// The next event; nothing when the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<Heard> {
        while self.heard.is_empty() {
            if !self.hear().await {
                return None;
            }
        }
        self.heard.pop_front()
    }

    /// Reads on until there is one as it is wanted; returns it with everything before it.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&Heard) -> bool) -> Vec<Heard> {
        let mut all = Vec::new();
        loop {
            let heard = self
                .next()
                .await
                .unwrap_or_else(|| panic!("it ended after {all:#?}"));
            let found = wanted(&heard);
            all.push(heard);
            if found {
                return all;
            }
        }
    }
}
