//! An orchestrator that takes events and remembers them, in every mood that one was seen in.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::header::{AUTHORIZATION, HeaderName};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::fault::Ending;
use crate::reply::{After, Reply};
use crate::request::Request;
use crate::serve::{Handler, Server};

/// Bytes of an event's body that are read.
const EVENT_BYTES_MAX: usize = 64 << 10;

/// Events that are remembered; a run that sends more counts what it needs by itself.
const TAKEN_MAX: usize = 100_000;

/// How it treats events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    /// It takes them.
    #[default]
    Well,
    /// It takes none and ends each connection at once.
    Refusing,
    /// It takes the connection and never answers.
    Hanging,
    /// It answers with this status, and takes nothing.
    Answering(u16),
    /// It takes them, after so long.
    Slow(Duration),
    /// It takes them, and its answer never arrives.
    LosingReplies,
    /// It sends everybody elsewhere.
    Redirecting(String),
    /// Something else answers, with 200 and a page.
    Page,
    /// It takes them and calls streams by names of its own.
    Naming(String),
}

/// An event that was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// The sender's name for it, the same however often it is sent.
    pub id: String,
    /// `stream_started` or `stream_ended`.
    pub kind: String,
    /// Which stream it is about.
    pub stream: String,
    /// What came, whole.
    pub body: Value,
}

/// What has happened so far.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// Events that were taken, in order, each time that they came.
    pub taken: Vec<Taken>,
    /// Requests, whatever became of them.
    pub requests: u64,
    /// Requests with another key than the one that is wanted.
    pub strangers: u64,
}

impl Log {
    /// Events by their ids, without repeats, in the order in which they first came.
    pub fn distinct(&self) -> Vec<&Taken> {
        let mut seen = std::collections::BTreeSet::new();
        let first = |taken: &&Taken| seen.insert(taken.id.clone());
        self.taken.iter().filter(first).collect()
    }
}

struct Shared {
    mood: Mutex<Mood>,
    /// The token that it wants, if it wants one.
    key: Option<String>,
    log: watch::Sender<Log>,
}

/// A running orchestrator; dropping it ends everything that it does.
pub struct Orchestrator(Server<Shared>);

impl Orchestrator {
    /// Starts one on 127.0.0.1 (port 0: any) that wants this key.
    pub async fn start(port: u16, key: Option<&str>) -> io::Result<Self> {
        let shared = Shared {
            mood: Mutex::default(),
            key: key.map(str::to_owned),
            log: watch::Sender::default(),
        };
        Ok(Self(Server::start(port, |_, _| Arc::new(shared)).await?))
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }

    /// What to set `ORCHESTRATOR_URL` to.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Changes its mood, for requests that come from now on.
    pub fn set(&self, mood: Mood) {
        *self.0.handler.mood() = mood;
    }

    /// What it has seen.
    pub fn log(&self) -> Log {
        self.0.handler.log.borrow().clone()
    }

    /// Waits until it has seen what `condition` wants.
    pub async fn until(&self, mut condition: impl FnMut(&Log) -> bool) -> Log {
        let mut log = self.0.handler.log.subscribe();
        match log.wait_for(|log| condition(log)).await {
            Ok(log) => log.clone(),
            Err(_) => unreachable!("the sender lives in `self`"),
        }
    }

    /// Ends it and waits for the end; its port is free then.
    pub async fn stop(self) {
        self.0.stop().await;
    }
}

impl Shared {
    fn mood(&self) -> MutexGuard<'_, Mood> {
        self.mood.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn knows(&self, request: &Request) -> bool {
        let wanted = self.key.as_ref().map(|key| format!("Bearer {key}"));
        wanted.is_none_or(|wanted| request.header(AUTHORIZATION) == Some(&wanted))
    }

    /// Takes an event, and says what the contract wants said.
    fn take(&self, request: &Request, called: Option<&str>) -> Reply {
        let Some(kind) = request.path.strip_prefix("/events/") else {
            return Reply::text(StatusCode::NOT_FOUND, "not found");
        };
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let named = |value: &Value| value.as_str().map(str::to_owned);
        let stream = named(&body["labels"]["stream_id"])
            .or_else(|| named(&body["stream_id"]))
            .unwrap_or_default();
        let id = request.header(HeaderName::from_static("idempotency-key"));
        let taken = Taken {
            id: id.unwrap_or_default().to_owned(),
            kind: kind.to_owned(),
            stream: stream.clone(),
            body,
        };
        self.log.send_modify(|log| {
            if log.taken.len() < TAKEN_MAX {
                log.taken.push(taken);
            }
        });
        let answer = match kind {
            "stream_started" => json!({ "id": called.unwrap_or(&stream), "status": "started" }),
            _ => json!({ "updated": true, "stream": { "id": stream, "status": "ended" } }),
        };
        Reply::json(answer.to_string())
    }
}

fn nothing(mut reply: Reply) -> Reply {
    reply.wire().after = After::Nothing(Ending::Reset);
    reply
}

impl Handler for Shared {
    async fn answer(&self, request: Request) -> Reply {
        self.log.send_modify(|log| log.requests += 1);
        let mood = self.mood().clone();
        if request.method != Method::POST {
            return Reply::text(StatusCode::METHOD_NOT_ALLOWED, "events are posted");
        }
        if !self.knows(&request) {
            self.log.send_modify(|log| log.strangers += 1);
            return Reply::text(StatusCode::UNAUTHORIZED, "missing bearer token");
        }
        match mood {
            Mood::Well => self.take(&request, None),
            Mood::Naming(name) => self.take(&request, Some(&name)),
            Mood::Slow(time) => {
                tokio::time::sleep(time).await;
                self.take(&request, None)
            }
            Mood::LosingReplies => nothing(self.take(&request, None)),
            Mood::Refusing => nothing(Reply::json(String::new())),
            Mood::Hanging => std::future::pending().await,
            Mood::Answering(status) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT);
                Reply::text(status, "it is in a mood")
            }
            Mood::Redirecting(place) => Reply::redirect(&place),
            Mood::Page => Reply::whole("text/html", "<html>Welcome</html>"),
        }
    }

    fn body_bytes_max(&self) -> Option<usize> {
        Some(EVENT_BYTES_MAX)
    }

    fn connected(&self) -> Option<Ending> {
        matches!(*self.mood(), Mood::Refusing).then_some(Ending::Reset)
    }

    fn disconnected(&self) {}
}
