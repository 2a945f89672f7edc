//! The engine's API: starting, watching and stopping sessions, and asking whether it lives.
//! Every call is made once, on a connection of its own, within one limit.

use std::time::Duration;

use bytes::Bytes;
use reqwest::Response;
use reqwest::header::{ACCEPT_ENCODING, HeaderValue};
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::connect::Attempt;
use super::send::send;
use super::{Http, fault, fetch};
use crate::address::Address;
use crate::error::{ApiError, FetchError, Refusal, StartError, StatError, StopError, Wait};
use crate::json;
use crate::selector::{Output, Selector};
use crate::session::Session;
use crate::stat::Stat;
use crate::timeouts::Timeouts;

/// A hundred times the largest answer seen.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Waits inside a call have no limits of their own: that of the whole call ends them.
const BOUNDED_BY_CALL: Duration = Duration::MAX;

/// What the engine says about a session that it does not have.
const UNKNOWN_SESSION: &str = "unknown playback session id";

/// An engine's version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Version {
    /// Such as `3.2.11`; an engine that lives but hides its version has none.
    pub version: Option<String>,
    /// Such as 3021100.
    pub code: Option<u64>,
    /// Such as `linux`.
    pub platform: Option<String>,
}

/// What an engine knows about a content without playing it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// Its title.
    pub title: Option<String>,
    /// Its infohash, 40 hexadecimal digits.
    pub infohash: Option<String>,
    /// Such as `live` or `vod`.
    pub content_type: Option<String>,
    /// Such as `bt`.
    pub transport_type: Option<String>,
}

impl Http {
    /// Starts a session, for a player that nobody else is: a fresh random id, so that no other session of the
    /// engine ends for it. Takes up to `connect` and `start`.
    pub async fn start(
        &self,
        engine: &Address,
        selector: &Selector,
        output: Output,
        t: &Timeouts,
    ) -> Result<Session, StartError> {
        let pid = Uuid::new_v4();
        let (name, value) = selector.query();
        let mut url = root(engine)?;
        url.set_path(output.path());
        url.query_pairs_mut()
            .append_pair("format", "json")
            .append_pair("pid", &pid.to_string())
            .append_pair(name, &value);
        let whole = t.connect.saturating_add(t.start);
        let answer = self.ask(url, "response", t.connect, whole).await?;
        Session::read(engine, pid, &answer).ok_or(StartError::NoPlaybackUrl)
    }

    /// The engine's numbers on a session. Counts as activity of its player, so it also keeps it alive.
    pub async fn stat(&self, session: &Session) -> Result<Stat, StatError> {
        self.stat_with(session, None).await
    }

    /// The same without counting as activity, for a session that nobody reads.
    pub async fn stat_quietly(&self, session: &Session) -> Result<Stat, StatError> {
        self.stat_with(session, Some("skip_player_activity")).await
    }

    async fn stat_with(&self, session: &Session, flag: Option<&str>) -> Result<Stat, StatError> {
        let mut url = session.stat_url.clone().ok_or(StatError::NoStatUrl)?;
        if let Some(flag) = flag {
            url.query_pairs_mut().append_pair(flag, "1");
        }
        let limit = self.timeouts.stat;
        match self.ask_pinned(&session.engine, &url, limit).await {
            Ok(answer) => Ok(Stat::read(&answer)),
            Err(ApiError::Refused { text }) if is_unknown_session(&text) => {
                Err(StatError::SessionGone)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Ends a session. One that the engine does not know, or that cannot be commanded, counts as stopped.
    pub async fn stop(&self, session: &Session) -> Result<(), StopError> {
        match &session.command_url {
            Some(command) => self.stop_at(&session.engine, command).await,
            None => Ok(()),
        }
    }

    /// The same for a session of which only its engine and the address that takes its commands are known.
    pub async fn stop_at(&self, engine: &Address, command: &Url) -> Result<(), StopError> {
        let mut url = command.clone();
        url.query_pairs_mut().append_pair("method", "stop");
        match self.ask_pinned(engine, &url, self.timeouts.stop).await {
            Err(ApiError::Refused { text }) if is_unknown_session(&text) => Ok(()),
            Err(ApiError::Malformed { .. } | ApiError::Status { code: 404 | 410 }) | Ok(_) => {
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the engine lives, and which one it is. An old engine is asked in the old way.
    pub async fn version(&self, engine: &Address) -> Result<Version, ApiError> {
        let status = "/server/api?api_version=3&method=get_status";
        let old = "/webui/api/service?method=get_version";
        match self.probe(engine, status).await {
            Ok(answer) => Ok(Version::read(&answer)),
            Err(error) if error.answered() => {
                let answer = self.probe(engine, old).await?;
                Ok(Version::read(&answer))
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the engine has reached the network; nothing when it does not say.
    pub async fn connected(&self, engine: &Address) -> Result<Option<bool>, ApiError> {
        let method = "/server/api?api_version=3&method=get_network_connection_status";
        let answer = self.probe(engine, method).await?;
        Ok(json::flag(&answer, &["connected"]))
    }

    /// Title and infohash of a content, without a session. May take as long as a start.
    pub async fn content(
        &self,
        engine: &Address,
        selector: &Selector,
        t: &Timeouts,
    ) -> Result<Content, ApiError> {
        let (name, value) = match selector.query() {
            ("id", id) => ("content_id", id),
            pair => pair,
        };
        let mut url = root(engine)?;
        url.set_path("/server/api");
        url.query_pairs_mut()
            .append_pair("api_version", "3")
            .append_pair("method", "get_media_files")
            .append_pair(name, &value);
        let whole = t.connect.saturating_add(t.start);
        let answer = self.ask(url, "result", t.connect, whole).await?;
        Ok(Content {
            title: json::label(&answer, &["name", "title"]),
            infohash: json::hash(&answer, &["infohash"]),
            content_type: json::label(&answer, &["type", "content_type"]),
            transport_type: json::label(&answer, &["transport_type"]),
        })
    }

    async fn probe(&self, engine: &Address, call: &str) -> Result<Value, ApiError> {
        let url = engine.pin_text(call).ok_or_else(|| bad_engine(engine))?;
        let limit = self.timeouts.probe;
        self.ask(url, "result", limit, limit).await
    }

    /// A call on a URL of a session. Its fields are public, so it is pinned once more.
    async fn ask_pinned(
        &self,
        engine: &Address,
        url: &Url,
        limit: Duration,
    ) -> Result<Value, ApiError> {
        let url = engine.pin(url).map_err(|_| bad_engine(engine))?;
        self.ask(url, "response", limit, limit).await
    }

    /// One call and what its answer holds under a key.
    async fn ask(
        &self,
        url: Url,
        key: &str,
        connect: Duration,
        whole: Duration,
    ) -> Result<Value, ApiError> {
        let asked = tokio::time::timeout(whole, self.get(url, connect)).await;
        let (code, bytes) = asked.map_err(|_| FetchError::Timeout {
            waiting_for: Wait::Answer,
            after: whole,
        })??;
        json::answer(&bytes, key, code)
    }

    async fn get(&self, url: Url, connect: Duration) -> Result<(u16, Bytes), FetchError> {
        let request = self
            .api
            .get(url.clone())
            .header(ACCEPT_ENCODING, HeaderValue::from_static("identity"))
            .build()
            .map_err(|_| FetchError::Broken {
                why: "the address cannot be put into a request".to_owned(),
            })?;
        let attempt = Attempt::new(connect);
        let mut response = send(&self.api, request, &attempt, BOUNDED_BY_CALL)
            .await?
            .map_err(|error| fault::of_request(&error, &url, &attempt))?;
        let code = response.status().as_u16();
        if response.status().is_redirection() {
            // Its body has no length and no end; there is nothing in it to wait for.
            return Ok((code, Bytes::new()));
        }
        let bytes = whole_body(&mut response, BOUNDED_BY_CALL).await?;
        Ok((code, bytes))
    }
}

async fn whole_body(response: &mut Response, idle: Duration) -> Result<Bytes, FetchError> {
    let mut body = Vec::new();
    while let Some(read) = fetch::next(response, idle, body.len() as u64).await? {
        if ANSWER_BYTES_MAX < body.len() + read.len() {
            return Err(FetchError::TooLarge {
                bytes: (body.len() + read.len()) as u64,
                bytes_max: ANSWER_BYTES_MAX as u64,
            });
        }
        body.extend_from_slice(&read);
    }
    Ok(body.into())
}

fn root(engine: &Address) -> Result<Url, ApiError> {
    engine.root().map_err(|_| bad_engine(engine))
}

fn bad_engine(engine: &Address) -> ApiError {
    ApiError::Unreachable(FetchError::Forbidden {
        host: engine.host.clone(),
        reason: Refusal::BadEngine,
    })
}

fn is_unknown_session(text: &str) -> bool {
    text.to_ascii_lowercase().contains(UNKNOWN_SESSION)
}

impl Version {
    /// Reads both forms: the version itself, or a status that holds one.
    fn read(answer: &Value) -> Version {
        let inner = answer.get("version").filter(|inner| inner.is_object());
        let from = inner.unwrap_or(answer);
        Version {
            version: json::label(from, &["version"]),
            code: json::number(from, &["code"]),
            platform: json::label(from, &["platform"]),
        }
    }
}
