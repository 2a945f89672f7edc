//! `GET /api/v1/events/stream`: news and state as they change, for whoever listens. A reader costs a cursor, never a
//! queue: one that is slow finds what it missed where everybody else does.

mod feed;

use std::convert::Infallible;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use axum::response::Response;
use channel::Moment;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use utoipa::IntoParams;

use super::error::Problem;
use super::journal::Event;
use super::topics::{Board, Topic, Wanted};
use super::{App, query};
use crate::settings::{Given, Mistake};
use feed::{Feed, Next};

/// Readers at once: each has a connection for good. A house has a few, a wall of screens some dozen.
const READERS_MAX: usize = 100;

/// How long a reader that found no room is asked to wait.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// How long a reader whose connection broke waits before it comes back, in milliseconds.
const RECONNECT_MS: u32 = 2_000;

/// Silence after which a comment keeps proxies from taking the connection for dead.
const COMMENT_EVERY: Duration = Duration::from_secs(15);

/// What a reader says that it has, when it comes back.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// What readers share.
pub struct Live {
    board: Board,
    places: Arc<Semaphore>,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            board: Board::default(),
            places: Arc::new(Semaphore::new(READERS_MAX)),
        }
    }
}

/// What a reader wants.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is only described")]
pub(super) struct Asked {
    /// Names between commas: news, channels, channel:KEY, engines, overview. News if it is not given.
    topics: Option<String>,
    /// The last event's id that the reader has, as the header Last-Event-ID.
    last_event_id: Option<u64>,
}

/// What happens, as it happens: server-sent events.
///
/// `news` events carry what `GET /events` lists and its id; the others carry the body of the answer that they are named
/// after, at once, and then whenever it has changed, at most once a second. A reader that comes back with the last id
/// it had gets what it missed; if that is not at hand any more it gets `resync`, reads `GET /events`, and goes on.
#[utoipa::path(get, path = "/api/v1/events/stream", tag = "events", params(Asked),
    responses((status = OK, content_type = "text/event-stream", body = String),
        (status = BAD_REQUEST, description = "A parameter is wrong"),
        (status = SERVICE_UNAVAILABLE, description = "A hundred readers are listening already")))]
pub(super) async fn events(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let pairs = query::pairs(&uri);
    let named = |wanted: &str| pairs.iter().find(|(name, _)| name == wanted);
    let wanted = Wanted::read(named("topics").map(|(_, text)| text.as_str()))?;
    let from = match named("last_event_id") {
        Some((name, text)) => Some(id(name, text)?),
        None => headers.get(LAST_EVENT_ID).map(said),
    };
    let place = Arc::clone(&app.live.places).try_acquire_owned();
    let place = place.map_err(|_| {
        let detail = format!("{READERS_MAX} readers are listening already");
        Problem::unavailable(detail, RETRY_AFTER)
    })?;
    let reader = Reader::new(app, wanted, from, place);
    let frames = futures_util::stream::unfold(reader, async |mut reader| {
        let frame = reader.next().await?;
        Some((Ok::<_, Infallible>(frame), reader))
    });
    let mut response = Response::new(Body::from_stream(frames));
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // Proxies that follow nginx's word hand everything on at once.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

fn id(name: &str, text: &str) -> Result<u64, Problem> {
    text.parse().map_err(|_| {
        let mistake = Mistake {
            field: name.to_owned(),
            message: format!("{name} must be the id of an event"),
            value: Some(Given::Text(text.to_owned())),
        };
        Problem::from(vec![mistake])
    })
}

/// What a browser says by itself. It cannot say it better, so that an id that is none is one that nobody knows.
fn said(value: &HeaderValue) -> u64 {
    let text = value.to_str().ok();
    text.and_then(|text| text.trim().parse().ok())
        .unwrap_or(u64::MAX)
}

/// One who listens.
struct Reader {
    app: App,
    news: Option<Feed>,
    topics: Vec<Watched>,
    greeted: bool,
    /// When the next comment is due.
    comment: Moment,
    /// Held as long as it listens.
    _place: OwnedSemaphorePermit,
}

struct Watched {
    topic: Topic,
    /// The version that it was sent last.
    version: Option<u64>,
}

/// What ended a wait.
enum Wake {
    News,
    Second,
    Comment,
    Stopping,
}

impl Reader {
    fn new(app: App, wanted: Wanted, from: Option<u64>, place: OwnedSemaphorePermit) -> Self {
        let news = wanted.news.then(|| Feed::new(app.journal.clone(), from));
        let topics = wanted.topics.into_iter();
        let topics = topics.map(|topic| Watched {
            topic,
            version: None,
        });
        Self {
            comment: app.clock.now() + COMMENT_EVERY,
            news,
            topics: topics.collect(),
            greeted: false,
            app,
            _place: place,
        }
    }

    /// The next bytes; nothing when the service ends.
    async fn next(&mut self) -> Option<Bytes> {
        if !std::mem::replace(&mut self.greeted, true) {
            return Some(format!("retry: {RECONNECT_MS}\n\n").into());
        }
        loop {
            // What was told before the end is still handed on.
            let ending = self.app.stopping.is_cancelled();
            let mut text = String::new();
            self.write_news(&mut text).await;
            self.write_topics(&mut text);
            if !text.is_empty() {
                return Some(text.into());
            }
            if ending {
                return None;
            }
            match self.wait().await {
                Wake::Comment => {
                    self.comment = self.app.clock.now() + COMMENT_EVERY;
                    return Some(Bytes::from_static(b": still here\n\n"));
                }
                Wake::News | Wake::Second | Wake::Stopping => {}
            }
        }
    }

    async fn write_news(&mut self, text: &mut String) {
        let Some(feed) = &mut self.news else {
            return;
        };
        match feed.next().await {
            Next::News(entries) => {
                for entry in entries {
                    let body = serde_json::json!(Event::from(&*entry));
                    event(text, "news", Some(entry.id), &body.to_string());
                }
            }
            Next::Missed { newest } => {
                let body =
                    serde_json::json!({ "reason": "there is more news than is handed on here" });
                event(text, "resync", Some(newest), &body.to_string());
            }
        }
    }

    fn write_topics(&mut self, text: &mut String) {
        for watched in &mut self.topics {
            let shown = self.app.live.board.show(&self.app, &watched.topic);
            if watched.version.replace(shown.version) != Some(shown.version) {
                event(text, watched.topic.name, None, &shown.body);
            }
        }
    }

    /// The one place that waits.
    async fn wait(&mut self) -> Wake {
        let clock = self.app.clock;
        // All readers look at the same moments, so that what one makes is there for the others.
        let second = Moment(Duration::from_secs(clock.now().0.as_secs() + 1));
        let news = async {
            match &mut self.news {
                Some(feed) => feed.changed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.app.stopping.cancelled() => Wake::Stopping,
            () = news => Wake::News,
            () = tokio::time::sleep_until(clock.instant(self.comment)) => Wake::Comment,
            () = tokio::time::sleep_until(clock.instant(second)), if !self.topics.is_empty() => Wake::Second,
        }
    }
}

/// Writes an event; its body is one line.
fn event(text: &mut String, name: &str, id: Option<u64>, body: &str) {
    // Writing to a string cannot fail.
    if let Some(id) = id {
        let _ = writeln!(text, "id: {id}");
    }
    let _ = write!(text, "event: {name}\ndata: {body}\n\n");
}
