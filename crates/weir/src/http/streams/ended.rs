//! Streams that have ended, each with its story: why, how long, what it moved and who watched.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use serde::Serialize;
use store::history::Story;
use utoipa::ToSchema;

use super::super::App;
use super::super::error::Problem;
use super::super::parameters::Parameters;
use super::StreamState;

/// Stories in one answer, if no number is asked for, and at most.
const LIMIT: (usize, usize) = (100, 1_000);

/// Streams that have ended.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Ended {
    /// One page of them, newest first.
    streams: Vec<EndedStream>,
    /// How many there are on all pages.
    total: usize,
    /// Where the page begins.
    offset: usize,
    /// How many there may be on a page.
    limit: usize,
}

/// A stream that has ended. Figures of streams that other proxies ran, or that ended with a crash, are null.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct EndedStream {
    /// The stream, with what its engine said last.
    #[serde(flatten)]
    stream: StreamState,
    /// The channel whose life it was.
    channel: Option<String>,
    /// What it is called, if its engine was asked.
    title: Option<String>,
    /// What its engine played.
    infohash: Option<String>,
    /// Whether it ran here, or at another proxy.
    own: bool,
    /// How long it ran.
    duration_seconds: f64,
    /// Sources that were opened for it.
    sources: Option<u64>,
    /// Sources that took the place of one before.
    failovers: Option<u64>,
    /// Viewers at most.
    viewers_max: Option<u64>,
    /// Bytes of media received.
    bytes_in: Option<u64>,
    /// Bytes that viewers were sent.
    bytes_out: Option<u64>,
    /// Segments that could not be had.
    segments_lost: Option<u64>,
    /// Clips shown in the place of media.
    slate_segments: Option<u64>,
}

/// Streams that have ended, newest first, with their stories. They are kept for 90 days.
#[utoipa::path(
    get, path = "/api/v1/streams/ended", tag = "streams",
    params(
        ("since" = Option<String>, Query, description = "only those that ended from then on: ISO 8601, or seconds since 1970"),
        ("limit" = Option<usize>, Query, description = "1 to 1000; 100 without it"),
        ("offset" = Option<usize>, Query, description = "how many are passed over")
    ),
    responses(
        (status = OK, body = Ended),
        (status = BAD_REQUEST, description = "a parameter is wrong")
    )
)]
pub(in crate::http) async fn list(
    State(app): State<App>,
    uri: Uri,
) -> Result<Json<Ended>, Problem> {
    let mut given = Parameters::of(&uri);
    let since = given.time("since");
    let (limit, offset) = given.page(LIMIT);
    given.done()?;
    let kept = app.records.history.stories(since, offset, limit).await;
    let (streams, total) = match kept {
        Ok((stories, total)) => (stories.into_iter().map(EndedStream::of).collect(), total),
        Err(error) => {
            tracing::warn!("ended streams are shown without their figures: {error}");
            let ended = app.outbox.ended_streams();
            let wanted = |it: &ledger::Stream| {
                let end = it.ended.as_ref();
                since.is_none_or(|since| end.is_some_and(|end| since <= end.at))
            };
            let ended: Vec<_> = ended.into_iter().filter(|it| wanted(it)).collect();
            let page = ended.iter().skip(offset).take(limit);
            let page = page.map(|it| EndedStream::of(bare(it))).collect();
            (page, ended.len())
        }
    };
    Ok(Json(Ended {
        streams,
        total,
        offset,
        limit,
    }))
}

fn bare(stream: &ledger::Stream) -> Story {
    Story {
        stream: stream.clone(),
        channel: None,
        title: None,
        infohash: None,
        figures: store::history::Figures::default(),
    }
}

impl EndedStream {
    fn of(story: Story) -> Self {
        let Story {
            stream,
            channel,
            title,
            infohash,
            figures,
        } = story;
        let ended_at = stream
            .ended
            .as_ref()
            .map_or(stream.started_at, |end| end.at);
        let ran = ended_at.duration_since(stream.started_at).as_secs_f64();
        let state = StreamState {
            peers: figures.peers,
            speed_down: figures.speed_down,
            speed_up: figures.speed_up,
            downloaded: figures.downloaded,
            uploaded: figures.uploaded,
            ..StreamState::of(&stream, None)
        };
        Self {
            stream: state,
            channel,
            title,
            infohash,
            own: stream.own,
            duration_seconds: ran.max(0.0),
            sources: figures.sources,
            failovers: figures.sources.map(|sources| sources.saturating_sub(1)),
            viewers_max: figures.viewers_max,
            bytes_in: figures.bytes_in,
            bytes_out: figures.bytes_out,
            segments_lost: figures.segments_lost,
            slate_segments: figures.slate_segments,
        }
    }
}
