//! `GET /events`: what happened, newest first, from memory and disk alike.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, Uri};
use serde::Serialize;
use store::history::Filter;
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::api::date;
use super::error::Problem;
use super::parameters::Parameters;
use super::words::{EventCategory, Severity};
use crate::journal::{Category, Entry, Kind};

/// Events in one answer: some hundred kilobytes.
const LIMIT_MAX: usize = 1_000;

/// Events in one answer, unless more or fewer are asked for.
const LIMIT: usize = 100;

/// How many events there are on all pages.
const TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");

/// Something that happened.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the contract's names")]
pub(super) struct Event<'a> {
    /// Higher than that of every event before, over restarts too.
    id: u64,
    /// When it happened: ISO 8601, UTC.
    timestamp: String,
    /// What kind of thing happened; docs/events.md has the list.
    event_type: &'a str,
    /// What it is about.
    // What another version wrote is told in its own words.
    #[schema(value_type = EventCategory)]
    category: &'a str,
    /// How much it matters.
    #[schema(value_type = Severity)]
    severity: &'a str,
    /// One sentence for people.
    message: &'a str,
    /// What programs may want to know beside the sentence.
    details: BTreeMap<&'a str, &'a str>,
    /// The engine it is about, as host:port.
    container_id: Option<&'a str>,
    /// The stream it is about.
    stream_id: Option<&'a str>,
    /// The key of the channel it is about.
    channel: Option<&'a str>,
}

impl<'a> From<&'a Entry> for Event<'a> {
    fn from(entry: &'a Entry) -> Self {
        let details = entry.details.iter();
        Self {
            id: entry.id,
            timestamp: date(entry.at),
            event_type: &entry.kind,
            category: &entry.category,
            severity: &entry.severity,
            message: &entry.message,
            details: details
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect(),
            container_id: entry.engine.as_deref(),
            stream_id: entry.stream.as_deref(),
            channel: entry.channel.as_deref(),
        }
    }
}

/// An event as it is sent to others: what `GET /events` lists.
pub fn event_json(entry: &Entry) -> String {
    serde_json::json!(Event::from(entry)).to_string()
}

/// Which events are wanted.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is only described; Asked reads it")]
pub(super) struct Wanted {
    /// Events at most: 1 to 1000, 100 if it is not given.
    limit: Option<usize>,
    /// Newer events to pass over.
    offset: Option<usize>,
    /// Of this kind.
    event_type: Option<String>,
    /// About this: stream, engine, viewer, settings or system.
    category: Option<String>,
    /// About this engine, host:port.
    container_id: Option<String>,
    /// About this stream.
    stream_id: Option<String>,
    /// Not before then: ISO 8601, or seconds since 1970.
    since: Option<String>,
}

/// What happened, newest first. `X-Total-Count` says how many events there are on all pages.
#[utoipa::path(get, path = "/events", tag = "events", params(Wanted),
    responses((status = OK, body = [Event<'_>]), (status = BAD_REQUEST, description = "A parameter is wrong")))]
pub(super) async fn events(
    State(app): State<App>,
    uri: Uri,
) -> Result<([(HeaderName, String); 1], Json<serde_json::Value>), Problem> {
    let asked = Asked::read(&uri)?;
    let page = app
        .journal
        .page(&asked.filter, asked.offset, asked.limit)
        .await;
    let events: Vec<_> = page.entries.iter().map(Event::from).collect();
    let total = [(TOTAL_COUNT, page.total.to_string())];
    Ok((total, Json(serde_json::json!(events))))
}

#[derive(Debug, PartialEq, Eq)]
struct Asked {
    filter: Filter,
    offset: usize,
    limit: usize,
}

impl Asked {
    /// Reads the parameters; what a form leaves empty is not asked for.
    fn read(uri: &Uri) -> Result<Self, Problem> {
        let mut given = Parameters::of(uri);
        let kinds: Vec<_> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
        let categories = Category::ALL.map(Category::as_str);
        let filter = Filter {
            kind: given.one_of("event_type", &kinds).map(str::to_owned),
            category: given.one_of("category", &categories).map(str::to_owned),
            stream: given.text("stream_id").filter(|it| !it.is_empty()),
            engine: given.text("container_id").filter(|it| !it.is_empty()),
            since: given.time("since"),
            until: None,
        };
        let (limit, offset) = given.page((LIMIT, LIMIT_MAX));
        given.done()?;
        Ok(Self {
            filter,
            offset,
            limit,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Asked, String> {
        let uri = format!("/events?{query}").parse().expect("an address");
        Asked::read(&uri).map_err(|problem| problem.detail().to_owned())
    }

    #[test]
    fn what_is_not_given_does_not_matter() {
        let all = Asked {
            filter: Filter::default(),
            offset: 0,
            limit: 100,
        };
        for query in ["", "stream_id=&container_id=", "of_a_later_version=1"] {
            assert_eq!(read(query).as_ref(), Ok(&all), "{query}");
        }
    }

    #[test]
    fn what_cannot_be_is_said_with_its_name() {
        for query in [
            "limit=0",
            "limit=1001",
            "limit=ten",
            "offset=-1",
            "event_type=stream_begun",
            "category=weather",
            "since=yesterday",
            "since=NaN",
            "since=1e300",
        ] {
            let told = read(query).expect_err(query);
            let name = query.split('=').next().expect("a name");
            assert!(told.starts_with(&format!("{name} must be ")), "{told}");
        }
    }
}
