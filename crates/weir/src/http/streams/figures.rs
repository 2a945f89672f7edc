//! What engines say of one stream: now, over time, and of what it plays.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::App;
use super::super::api::date;
use super::super::error::Problem;
use super::super::guard::Names;
use super::super::parameters::Parameters;
use super::{Found, LivePosition, Snapshot, unknown};
use crate::clock;
use crate::handle::Handle;
use crate::statistics::{Reading, STEPS};
use crate::upstream::Upstream;

/// Where a stream is, and what that means.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct LivePositionNow {
    /// The stream.
    stream_id: String,
    /// When its engine was asked.
    as_of: Option<String>,
    /// Whether its engine has said where it is.
    has_livepos: bool,
    /// Whether it is live.
    is_live: bool,
    /// Where it is.
    livepos: Option<LivePosition>,
    /// What follows from it, and what else the engine said.
    performance: Option<Performance>,
}

/// How a stream is doing on its engine.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Performance {
    /// How far the player is behind the newest moment.
    live_delay_seconds: Option<u64>,
    /// How much can be gone back to.
    dvr_window_seconds: Option<u64>,
    /// How far the player is in front of the oldest moment.
    playback_offset_seconds: Option<u64>,
    /// How old the newest moment is, by Weir's clock.
    live_last_age_seconds: Option<i64>,
    /// What the engine is doing, in its own word.
    status: Option<String>,
    /// Peers it is connected to.
    peers: Option<u64>,
    /// KB/s received.
    speed_down: Option<u64>,
    /// KB/s given.
    speed_up: Option<u64>,
    /// Bytes received since the session's start.
    downloaded: Option<u64>,
    /// Bytes given since the session's start.
    uploaded: Option<u64>,
}

/// What an engine knows of a stream's content.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct ExtendedStats {
    /// The stream.
    stream_id: String,
    /// Whether its engine has said anything of it.
    available: bool,
    /// Its title.
    title: Option<String>,
    /// Its infohash.
    infohash: Option<String>,
    /// Such as `live` or `vod`.
    content_type: Option<String>,
    /// Such as `bt`.
    transport_type: Option<String>,
    /// Whether it is live.
    is_live: bool,
}

/// What the engine said of a stream over time, oldest first: full rate for the last minutes, means over one or ten
/// minutes for the days before, in the finest grain that reaches back to `since`.
#[utoipa::path(
    get, path = "/streams/{id}/stats", tag = "streams",
    params(
        ("id" = String, Path, description = "a stream's id, or a channel's key"),
        ("since" = Option<String>, Query, description = "ISO 8601, or seconds since 1970")
    ),
    responses(
        (status = OK, body = Vec<Snapshot>, description = "at most STATS_HISTORY_MAX"),
        (status = NOT_FOUND, description = "there is no such stream"),
        (status = BAD_REQUEST, description = "since is no time")
    )
)]
pub(in crate::http) async fn stats(
    State(app): State<App>,
    Names(id): Names<String>,
    uri: Uri,
) -> Result<Json<Vec<Snapshot>>, Problem> {
    let mut given = Parameters::of(&uri);
    let since = given.time("since");
    given.done()?;
    let (id, started_at) = match Found::named(&app, &id) {
        Ok(found) => match found.stream() {
            Some(stream) => (stream.id.clone(), stream.started_at),
            None => return Ok(Json(Vec::new())),
        },
        Err(unknown) => {
            let kept = app.records.history.story(id.clone()).await;
            let story = kept.ok().flatten().ok_or(unknown)?;
            (id, story.stream.started_at)
        }
    };
    let near = app.records.statistics.of(&id, since);
    if near.is_some() && reaches(&app, &id, since, started_at) {
        return Ok(Json(answer(near)));
    }
    let max = app.records.statistics.history_max();
    let far = app
        .records
        .history
        .readings(id, STEPS.to_vec(), since, max)
        .await;
    // What cannot be read now leaves what is at hand.
    let Ok(far) = far else {
        return Ok(Json(answer(near)));
    };
    let last = far.last().map(|it| it.at);
    let far = far.into_iter().map(Snapshot::from);
    let newer = near.unwrap_or_default().into_iter();
    let mut newer = newer.filter(|it| last.is_none_or(|last| last < it.at));
    // Of the span that is under way, which is not kept yet.
    let newest = newer.next_back().map(Snapshot::from);
    let mut all: Vec<_> = far.chain(newest).collect();
    let surplus = all.len().saturating_sub(max);
    all.drain(..surplus);
    Ok(Json(all))
}

/// Whether what is at hand reaches back to a time, or to the stream's beginning.
fn reaches(app: &App, id: &str, since: Option<Timestamp>, started_at: Timestamp) -> bool {
    let oldest = app.records.statistics.reaches_back_to(id);
    let (Some(since), Some(oldest)) = (since, oldest) else {
        return true;
    };
    let step = i64::from(STEPS[0]);
    oldest <= since || oldest.as_second() <= started_at.as_second() + step
}

fn answer(readings: Option<Vec<Reading>>) -> Vec<Snapshot> {
    let readings = readings.unwrap_or_default();
    readings.into_iter().map(Snapshot::from).collect()
}

/// Where a stream is on its engine, as it was read last.
#[utoipa::path(
    get, path = "/streams/{id}/livepos", tag = "streams",
    params(("id" = String, Path, description = "a stream's id, or a channel's key")),
    responses(
        (status = OK, body = LivePositionNow),
        (status = NOT_FOUND, description = "there is no such stream")
    )
)]
pub(in crate::http) async fn livepos(
    State(app): State<App>,
    Names(id): Names<String>,
) -> Result<Json<LivePositionNow>, Problem> {
    let found = Found::named(&app, &id)?;
    let stream = found.stream();
    let stream = stream.ok_or_else(|| Problem::not_found(unknown(&id)))?;
    let newest = app.records.statistics.newest(&stream.id);
    let position = newest.as_ref().and_then(|it| it.livepos);
    Ok(Json(LivePositionNow {
        stream_id: stream.id.clone(),
        as_of: newest.as_ref().map(|it| date(it.at)),
        has_livepos: position.is_some(),
        is_live: stream.is_live,
        livepos: position.map(LivePosition::from),
        performance: newest.map(performance),
    }))
}

fn performance(reading: Reading) -> Performance {
    let livepos = reading.livepos.unwrap_or_default();
    let (pos, first, last) = (livepos.pos, livepos.oldest(), livepos.newest());
    let between = |from: Option<u64>, to: Option<u64>| Some(to?.saturating_sub(from?));
    let now = clock::wall().as_second();
    let age = last.and_then(|last| Some(now.saturating_sub(i64::try_from(last).ok()?)));
    Performance {
        live_delay_seconds: between(pos, last),
        dvr_window_seconds: between(first, last),
        playback_offset_seconds: between(first, pos),
        live_last_age_seconds: age,
        status: reading.status.map(|status| status.as_str().to_owned()),
        peers: reading.peers,
        speed_down: reading.speed_down,
        speed_up: reading.speed_up,
        downloaded: reading.downloaded,
        uploaded: reading.uploaded,
    }
}

/// What the engine knows of a stream's content: its title, its infohash, what kind it is.
#[utoipa::path(
    get, path = "/streams/{id}/extended-stats", tag = "streams",
    params(("id" = String, Path, description = "a stream's id, or a channel's key")),
    responses(
        (status = OK, body = ExtendedStats, description = "what the engine does not know is null"),
        (status = NOT_FOUND, description = "there is no such stream")
    )
)]
pub(in crate::http) async fn extended(
    State(app): State<App>,
    Names(id): Names<String>,
) -> Result<Json<ExtendedStats>, Problem> {
    let found = Found::named(&app, &id)?;
    let stream = found.stream();
    let stream = stream.ok_or_else(|| Problem::not_found(unknown(&id)))?;
    let (infohash, engine) = match &found {
        Found::Own { handle, .. } => playing(handle),
        Found::Other(other) => {
            let session = Upstream::session_of(other, &app.upstream.named());
            (hash_of(other), session.map(|it| it.engine))
        }
        Found::Ended(ended) => (hash_of(ended), None),
    };
    let known = infohash
        .as_deref()
        .and_then(|it| app.records.titles.known(it));
    let content = match (known, &infohash, engine) {
        (None, Some(infohash), Some(engine)) => {
            let asked = app.upstream.content(&engine, infohash).await.ok();
            app.records.titles.learn(infohash, asked.clone());
            asked
        }
        (known, _, _) => known,
    };
    let available = content.is_some();
    let content = content.unwrap_or_default();
    Ok(Json(ExtendedStats {
        stream_id: stream.id.clone(),
        available,
        title: content.title,
        infohash: infohash.or(content.infohash),
        content_type: content.content_type,
        transport_type: content.transport_type,
        is_live: stream.is_live,
    }))
}

/// What an engine plays for a channel, and which engine.
fn playing(handle: &Handle) -> (Option<String>, Option<engine::Address>) {
    let stream = handle.stream();
    let Some(stream) = stream.as_ref() else {
        return (None, None);
    };
    let engine = stream.session.as_ref().map(|it| it.engine.clone());
    (stream.infohash().map(str::to_owned), engine)
}

fn hash_of(stream: &ledger::Stream) -> Option<String> {
    let is_hash = matches!(stream.key_type.as_str(), "infohash" | "magnet");
    is_hash.then(|| stream.key.clone())
}
