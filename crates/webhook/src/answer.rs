//! What an orchestrator's answer means for the event that it answers.

use std::error::Error;
use std::time::Duration;

use ledger::Outcome;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, LOCATION, RETRY_AFTER};
use serde_json::Value;

/// Judges an answer. Only JSON from where an orchestrator should be counts as taken, or as refused
/// for good: a proxy in front, a login page or a wrong path must not swallow an event.
pub(crate) fn outcome(status: StatusCode, headers: &HeaderMap, text: &[u8]) -> Outcome {
    let code = status.as_u16();
    let misdirected = |what: String| Outcome::Misdirected { what };
    match code {
        200..=299 if text.trim_ascii().is_empty() => Outcome::Taken { called: None },
        200..=299 => match serde_json::from_slice(text) {
            Ok(Value::Object(state)) => Outcome::Taken {
                called: state.get("id").and_then(Value::as_str).map(Into::into),
            },
            _ => misdirected(format!(
                "it answered {code} with something that is no JSON object"
            )),
        },
        300..=399 => {
            let place = headers.get(LOCATION).and_then(|it| it.to_str().ok());
            misdirected(format!(
                "it answered {code}, a redirect to {:?}, and an event is not sent elsewhere",
                place.unwrap_or_default()
            ))
        }
        401 | 403 => Outcome::Unauthorised { status: code },
        404 | 405 => misdirected(format!("it answered {code}: check the path of the address")),
        408 | 425 | 429 | 500..=599 => Outcome::Unavailable {
            what: format!("the orchestrator answered {code}"),
            retry_after: pause(headers),
        },
        _ => Outcome::Refused {
            status: code,
            text: String::from_utf8_lossy(text).trim().to_owned(),
        },
    }
}

/// There was no answer.
pub(crate) fn nobody(error: &reqwest::Error) -> Outcome {
    let what = if error.is_timeout() {
        "the orchestrator did not answer in time".into()
    } else {
        let mut cause: &dyn Error = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        format!("the orchestrator cannot be reached: {cause}")
    };
    Outcome::Unavailable {
        what,
        retry_after: None,
    }
}

/// The pause that was asked for in seconds; one given as a date is passed over.
fn pause(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}
