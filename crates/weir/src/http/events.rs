//! Events that other proxies send, and the state of those that go out.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use ledger::Ending;
use serde::Serialize;
use serde_json::{Map, Value};
use std::time::Duration;
use utoipa::ToSchema;

use super::api::date;
use super::error::Problem;
use super::streams::StreamState;
use super::{App, auth, description, engines, receive, shapes};
use crate::clock;
use crate::journal::{Kind, News};
use crate::settings::Mistake;

/// Bytes of one text in an event; addresses of engines are some hundred.
const TEXT_BYTES_MAX: usize = 2_048;

/// How long a sender is asked to wait while what it sends cannot be kept.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// Kinds of keys that streams have.
const KEY_TYPES: [&str; 4] = ["content_id", "infohash", "url", "magnet"];

/// Another proxy tells that a stream has started.
#[utoipa::path(
    post,
    path = "/events/stream_started",
    tag = "events",
    security(("api_key" = [])),
    request_body = shapes::StartEvent,
    responses(
        (status = OK, description = "the stream as it is kept", body = StreamState),
        (status = BAD_REQUEST, body = description::Mistakes),
        (status = UNAUTHORIZED, body = description::Detail),
        (status = FORBIDDEN, body = description::Detail),
        (status = UNSUPPORTED_MEDIA_TYPE, body = description::Detail),
        (status = SERVICE_UNAVAILABLE, body = description::Detail),
    )
)]
pub(super) async fn started(
    State(app): State<App>,
    request: Request,
) -> Result<Json<StreamState>, Problem> {
    auth::protected(&app, request.headers())?;
    let event = event(&app, request).await?;
    let stream = Reader::new(&event)?.stream()?;
    let taken = app
        .outbox
        .report(stream)
        .map_err(|_| Problem::unavailable("too many streams are running already", RETRY_AFTER))?;
    let stream = app.outbox.kept(taken).await.ok_or_else(not_kept)?;
    engines::learn(&app, &stream);
    tell(&app, Kind::ReportedStarted, &stream);
    Ok(Json(StreamState::of(&stream, None)))
}

/// What a report of an end has changed.
#[derive(Serialize, ToSchema)]
pub(super) struct ReportedEnd {
    /// Whether a stream was running that has ended with it.
    updated: bool,
    /// The stream that was meant, if it is known.
    stream: Option<StreamState>,
}

/// Another proxy tells that a stream has ended.
#[utoipa::path(
    post,
    path = "/events/stream_ended",
    tag = "events",
    security(("api_key" = [])),
    request_body = shapes::EndEvent,
    responses(
        (status = OK, body = ReportedEnd),
        (status = BAD_REQUEST, body = description::Mistakes),
        (status = UNAUTHORIZED, body = description::Detail),
        (status = FORBIDDEN, body = description::Detail),
        (status = UNSUPPORTED_MEDIA_TYPE, body = description::Detail),
        (status = SERVICE_UNAVAILABLE, body = description::Detail),
    )
)]
pub(super) async fn ended(
    State(app): State<App>,
    request: Request,
) -> Result<Json<ReportedEnd>, Problem> {
    auth::protected(&app, request.headers())?;
    let event = event(&app, request).await?;
    let end = Reader::new(&event)?.end()?;
    let taken = app
        .outbox
        .report_end(end.stream.as_deref(), end.container.as_deref(), end.reason);
    let Ending { updated, stream } = if taken.value.updated {
        app.outbox.kept(taken).await.ok_or_else(not_kept)?
    } else {
        taken.value
    };
    if let Some(stream) = stream.as_ref().filter(|_| updated) {
        tell(&app, Kind::ReportedEnded, stream);
    }
    let stream = stream.map(|it| StreamState::of(&it, None));
    Ok(Json(ReportedEnd { updated, stream }))
}

/// Events on their way to the orchestrator.
#[derive(Serialize, ToSchema)]
pub(super) struct OutboxState {
    /// Whether there is an orchestrator to tell.
    orchestrator: bool,
    /// Events that wait.
    waiting: usize,
    /// Events that were taken, since the start.
    delivered: u64,
    trouble: Option<Trouble>,
    disk_failing: bool,
    given_up: Vec<GivenUp>,
    as_of: String,
}

/// Why events are held back.
#[derive(Serialize, ToSchema)]
struct Trouble {
    what: String,
    failures: u32,
    retry_in_seconds: f64,
}

/// An event that will not be told.
#[derive(Serialize, ToSchema)]
struct GivenUp {
    event_id: String,
    event_type: &'static str,
    stream_id: String,
    why: String,
}

/// What waits to be told to the orchestrator, and what will not be.
#[utoipa::path(get, path = "/api/v1/outbox", tag = "events", responses((status = OK, body = OutboxState)))]
pub(super) async fn outbox(State(app): State<App>) -> Json<OutboxState> {
    let status = app.outbox.status();
    let trouble = status.trouble.map(|it| Trouble {
        what: it.what,
        failures: it.failures,
        retry_in_seconds: it.until.saturating_sub(app.clock.now().0).as_secs_f64(),
    });
    let dead = app.outbox.dead();
    let given_up = dead.iter().map(|it| GivenUp {
        event_id: it.event.id(),
        event_type: it.event.kind.as_str(),
        stream_id: it.event.stream.clone(),
        why: it.why.clone(),
    });
    Json(OutboxState {
        orchestrator: status.telling,
        waiting: status.waiting,
        delivered: status.delivered,
        trouble,
        disk_failing: status.disk_failing,
        given_up: given_up.collect(),
        as_of: date(clock::wall()),
    })
}

/// Events that are held back are tried at once.
#[utoipa::path(
    post,
    path = "/api/v1/outbox/retry",
    tag = "events",
    security(("api_key" = [])),
    responses(
        (status = OK, body = OutboxState),
        (status = UNAUTHORIZED, body = description::Detail),
        (status = FORBIDDEN, body = description::Detail),
    )
)]
pub(super) async fn retry(
    State(app): State<App>,
    request: Request,
) -> Result<Json<OutboxState>, Problem> {
    auth::protected(&app, request.headers())?;
    app.outbox.nudge();
    Ok(outbox(State(app)).await)
}

/// Writes a line about a reported stream, and tells the journal.
fn tell(app: &App, kind: Kind, stream: &ledger::Stream) {
    let (id, end) = (&stream.id, stream.ended.as_ref());
    let message = match end.and_then(|end| end.reason.as_deref()) {
        None if end.is_none() => format!("another proxy reports that stream {id} has started"),
        None => format!("another proxy reports that stream {id} has ended"),
        Some(reason) => format!("another proxy reports that stream {id} has ended: {reason}"),
    };
    tracing::info!(stream = id, "{message}");
    let mut news = News::new(kind, message);
    news.stream = Some(id.clone());
    news.engine.clone_from(&stream.container_id);
    app.journal.tell(news);
}

async fn event(app: &App, request: Request) -> Result<Value, Problem> {
    let (parts, body) = request.into_parts();
    let bytes = receive::json(app, &parts.headers, body).await?;
    serde_json::from_slice(&bytes.unwrap_or_default()).map_err(|error| {
        let detail = format!("the body is not JSON: {error}");
        Problem::new(StatusCode::BAD_REQUEST, detail)
    })
}

fn not_kept() -> Problem {
    let detail = "the event cannot be kept at the moment; send it again";
    Problem::unavailable(detail, RETRY_AFTER)
}

/// A reported end: of a stream by its id, or of the newest in a container.
struct End {
    stream: Option<String>,
    container: Option<String>,
    reason: Option<String>,
}

/// Reads an event's fields and collects what is wrong with them. What it does not know is passed
/// over: other proxies say more than Weir needs.
struct Reader<'a> {
    event: &'a Map<String, Value>,
    mistakes: Vec<Mistake>,
}

impl<'a> Reader<'a> {
    fn new(event: &'a Value) -> Result<Self, Problem> {
        match event.as_object() {
            Some(event) => Ok(Self {
                event,
                mistakes: Vec::new(),
            }),
            None => Err(Problem::from(vec![mistake(
                "body",
                "must be a JSON object",
            )])),
        }
    }

    fn stream(mut self) -> Result<ledger::Stream, Problem> {
        let key_type = self.needed("stream", "key_type");
        if !KEY_TYPES.contains(&key_type.as_str()) && !key_type.is_empty() {
            let kinds = KEY_TYPES.join(", ");
            self.wrong("stream.key_type", &format!("must be one of {kinds}"));
        }
        let key = self.needed("stream", "key");
        let session = self.text("session", "playback_session_id");
        let session = session.unwrap_or_default();
        let given = self.text("labels", "stream_id");
        let stream = ledger::Stream {
            id: given.unwrap_or_else(|| format!("{key}|{session}")),
            key_type,
            key,
            container_id: self.text("", "container_id"),
            engine_host: self.needed("engine", "host"),
            engine_port: self.port(),
            playback_session_id: session,
            stat_url: self.address("stat_url"),
            command_url: self.address("command_url"),
            is_live: self.is_live(),
            continuous: self.text("labels", "stream_mode").as_deref() == Some("TS"),
            started_at: clock::wall(),
            ended: None,
            own: false,
            told: false,
            called: None,
        };
        self.done(stream)
    }

    fn end(mut self) -> Result<End, Problem> {
        let end = End {
            stream: self.text("", "stream_id"),
            container: self.text("", "container_id"),
            reason: self.text("", "reason"),
        };
        if end.stream.is_none() && end.container.is_none() {
            self.wrong("stream_id", "must be given, or else container_id");
        }
        self.done(end)
    }

    fn done<T>(self, value: T) -> Result<T, Problem> {
        if self.mistakes.is_empty() {
            Ok(value)
        } else {
            Err(Problem::from(self.mistakes))
        }
    }

    /// A field of the event, or of an object in it.
    fn field(&mut self, part: &str, name: &str) -> Option<&'a Value> {
        let inside = match part {
            "" => Some(self.event),
            part => match self.event.get(part) {
                None | Some(Value::Null) => None,
                Some(Value::Object(inside)) => Some(inside),
                Some(_) => {
                    self.wrong(part, "must be an object");
                    None
                }
            },
        };
        inside?.get(name).filter(|value| !value.is_null())
    }

    fn text(&mut self, part: &str, name: &str) -> Option<String> {
        match self.field(part, name)? {
            Value::String(text) if text.len() <= TEXT_BYTES_MAX => {
                Some(text.trim().to_owned()).filter(|text| !text.is_empty())
            }
            Value::String(_) => {
                let bound = format!("must not be longer than {TEXT_BYTES_MAX} bytes");
                self.wrong(&path(part, name), &bound);
                None
            }
            _ => {
                self.wrong(&path(part, name), "must be a text");
                None
            }
        }
    }

    fn needed(&mut self, part: &str, name: &str) -> String {
        let known = self.mistakes.len();
        let text = self.text(part, name);
        if text.is_none() && self.mistakes.len() == known {
            self.wrong(&path(part, name), "must be given");
        }
        text.unwrap_or_default()
    }

    fn port(&mut self) -> u16 {
        let port = self.field("engine", "port").and_then(Value::as_u64);
        match port.and_then(|port| u16::try_from(port).ok()) {
            Some(port) if 0 < port => port,
            _ => {
                self.wrong("engine.port", "must be a whole number from 1 to 65535");
                0
            }
        }
    }

    /// An address that is shown, never fetched.
    fn address(&mut self, name: &str) -> String {
        let text = self.text("session", name).unwrap_or_default();
        let is_http =
            url::Url::parse(&text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if !text.is_empty() && !is_http {
            let field = path("session", name);
            self.wrong(&field, "must be an http or https address, or empty");
        }
        text
    }

    fn is_live(&mut self) -> bool {
        match self.field("session", "is_live") {
            None => true,
            Some(Value::Bool(live)) => *live,
            Some(Value::Number(number)) if number.as_i64().is_some() => number.as_i64() != Some(0),
            Some(_) => {
                self.wrong("session.is_live", "must be 0 or 1");
                true
            }
        }
    }

    fn wrong(&mut self, field: &str, what: &str) {
        if !self.mistakes.iter().any(|other| other.field == field) {
            self.mistakes.push(mistake(field, what));
        }
    }
}

fn mistake(field: &str, what: &str) -> Mistake {
    Mistake {
        field: field.to_owned(),
        message: format!("{field} {what}"),
        value: None,
    }
}

fn path(part: &str, name: &str) -> String {
    if part.is_empty() {
        name.to_owned()
    } else {
        format!("{part}.{name}")
    }
}
