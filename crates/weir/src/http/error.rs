//! What went wrong, as an HTTP answer; the only place where failures become statuses.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use channel::{Failure, OpenFailure, Refused};
use serde_json::{Value, json};
use store::WriteError;

use crate::registry::NotStarted;
use crate::selector::{Selector, SelectorError};
use crate::settings::{Given, Mistake, NotKept};

/// How long a caller is asked to wait where nothing says better.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Bytes of a text that are given back to whoever sent it, to know it by.
const VALUE_BYTES_MAX: usize = 64;

/// An answer that says what is wrong: `{"detail": "..."}`.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
    retry_after: Option<Duration>,
    /// Words for programs, with which the detail is an object: an error and a code.
    words: Option<(&'static str, &'static str)>,
    /// What is wrong with what was sent, name by name.
    mistakes: Vec<Mistake>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            retry_after: None,
            words: None,
            mistakes: Vec::new(),
        }
    }

    /// The channel shows old media again and again, and is not played for now.
    pub(super) fn looping(key: &str) -> Self {
        let detail = format!(
            "channel {key} shows old media again and again and is refused for now; an operator can \
             take it off the list at /looping-streams/{key}"
        );
        Self {
            words: Some(("stream_blacklisted", "looping_stream")),
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
        }
    }

    pub(super) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// The same, told in other words.
    pub(super) fn retold(self, detail: impl FnOnce(&str) -> String) -> Self {
        let detail = detail(&self.detail);
        Self { detail, ..self }
    }

    /// What is wrong, for an answer that has several.
    pub(super) fn into_detail(self) -> String {
        self.detail
    }

    #[cfg(test)]
    pub(super) fn detail(&self) -> &str {
        &self.detail
    }

    #[cfg(test)]
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// Something is in the way that will be over soon.
    pub(super) fn conflict(detail: impl Into<String>, retry_after: Duration) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(StatusCode::CONFLICT, detail)
        }
    }

    /// The caller may try again later.
    pub(super) fn unavailable(detail: impl Into<String>, retry_after: Duration) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
        }
    }

    /// A channel's failure; `pause` is how long it refuses. Of a source with a name, no engine is blamed.
    pub(super) fn of_failure(selector: &Selector, failure: &Failure, pause: Duration) -> Self {
        let (asked, answered) = match selector {
            Selector::Source(_) => ("Source", "Source"),
            _ => ("Engine", "AceStream engine"),
        };
        let detail = match failure {
            Failure::Open(OpenFailure::NoEngines) => "No engines available".into(),
            Failure::Open(OpenFailure::AllEnginesFull { per_engine }) => {
                format!("All engines at maximum capacity ({per_engine} streams per engine)")
            }
            Failure::Open(OpenFailure::Unreachable(text)) => {
                format!("{asked} communication error: {text}")
            }
            Failure::Open(OpenFailure::Refused(text)) => {
                return Self::new(StatusCode::BAD_GATEWAY, format!("{answered} error: {text}"));
            }
            Failure::NoFirstSegment { .. }
            | Failure::NotReady { .. }
            | Failure::Misfit { .. }
            | Failure::SourceLost { .. }
            | Failure::SourceEnded => {
                format!("Timeout waiting for stream buffer: {failure}")
            }
        };
        Self::unavailable(detail, pause)
    }

    /// The buffer did not fill in time.
    pub(super) fn not_ready(waited: Duration) -> Self {
        let detail = format!(
            "Timeout waiting for stream buffer: not ready within {} s",
            waited.as_secs_f64()
        );
        Self::unavailable(detail, RETRY_AFTER)
    }
}

impl From<SelectorError> for Problem {
    fn from(error: SelectorError) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error.to_string())
    }
}

impl From<NotStarted> for Problem {
    fn from(error: NotStarted) -> Self {
        let pause = match error {
            NotStarted::TooMany => RETRY_AFTER,
            NotStarted::Stopped { rest } => rest,
        };
        Self::unavailable(error.to_string(), pause)
    }
}

impl From<Refused> for Problem {
    fn from(error: Refused) -> Self {
        Self::unavailable(error.to_string(), RETRY_AFTER)
    }
}

impl From<Vec<Mistake>> for Problem {
    fn from(mistakes: Vec<Mistake>) -> Self {
        let first = mistakes.first().map(|mistake| mistake.message.clone());
        Self {
            mistakes,
            ..Self::new(StatusCode::BAD_REQUEST, first.unwrap_or_default())
        }
    }
}

impl From<NotKept> for Problem {
    fn from(error: NotKept) -> Self {
        let text = error.to_string();
        match error {
            NotKept::Contradictory(mistakes) => mistakes.into(),
            NotKept::NoSuchChange(_) => Self::not_found(text),
            NotKept::ChangedAgain(mistakes) => Self {
                status: StatusCode::CONFLICT,
                ..mistakes.into()
            },
            NotKept::Outdated { .. } => Self::new(StatusCode::PRECONDITION_FAILED, text),
            NotKept::Unwritten(WriteError::Full(_)) => {
                Self::new(StatusCode::INSUFFICIENT_STORAGE, text)
            }
            NotKept::Unwritten(_) | NotKept::Unanswered => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, text)
            }
            NotKept::Busy => Self::unavailable(text, RETRY_AFTER),
        }
    }
}

fn mistake_json(mistake: &Mistake) -> Value {
    let mut json = json!({ "field": mistake.field, "message": mistake.message });
    match &mistake.value {
        Some(Given::Number(number)) if number.is_finite() => json["value"] = json!(number),
        // JSON has no word for it.
        Some(Given::Number(number)) => json["value"] = json!(number.to_string()),
        Some(Given::Text(text)) => {
            let end = text.floor_char_boundary(VALUE_BYTES_MAX);
            json["value"] = json!(text[..end]);
        }
        Some(Given::Other(_)) | None => {}
    }
    json
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = match self.words {
            None => json!({ "detail": self.detail }),
            Some((error, code)) => {
                json!({ "detail": { "error": error, "code": code, "message": self.detail } })
            }
        };
        if !self.mistakes.is_empty() {
            body["errors"] = self.mistakes.iter().map(mistake_json).collect();
        }
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            headers.insert(header::WWW_AUTHENTICATE, scheme);
        }
        if self.status == StatusCode::REQUEST_TIMEOUT {
            // The rest of the request may still come, and would be taken for another.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(pause) = self.retry_after {
            let seconds = pause.as_secs_f64().ceil().max(1.0) as u64;
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<Problem> for Response {
    fn from(problem: Problem) -> Self {
        problem.into_response()
    }
}
