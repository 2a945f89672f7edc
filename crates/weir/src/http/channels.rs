//! Channels, their buffers and their viewers as JSON, asked from their owners when they are asked for.

mod course;
mod detail;
mod shapes;

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use channel::{Delivery, Moment, Phase, Snapshot, ViewerId};

use super::App;
use super::api::date;
use super::error::Problem;
use super::guard::Names;
use super::parameters::Parameters;
use super::words::{ChannelHealth, ChannelState, SourceStream};
use crate::clock;
use crate::figures::{self, Audience, Facts, Health};
use crate::handle::Handle;
use crate::samples::Percentiles;
use crate::series::{Course, Stretch};
use crate::settings::StreamMode;

use course::{Point, Points};
use detail::{Detail, Held, Open, Viewer, Viewers};
pub(super) use shapes::Channels;
use shapes::{Buffer, Channel, Counters, EngineStat, Quality, Quantiles, Rates};

/// Viewers told at once, unless fewer are asked for.
const VIEWERS_TOLD_MAX: usize = 1_000;

/// All channels that run, with their buffers, sources, viewers and counters.
#[utoipa::path(get, path = "/api/v1/channels", tag = "channels", responses((status = OK, body = Channels)))]
pub(super) async fn list(State(app): State<App>) -> Json<Channels> {
    Json(all(&app))
}

/// One channel by its key or its stream's id, with the segments it holds and its viewers.
#[utoipa::path(get, path = "/api/v1/channels/{key}", tag = "channels",
    params(("key" = String, Path, description = "a channel's key, or a stream's id")),
    responses((status = OK, body = Detail), (status = NOT_FOUND, description = "no such channel runs")))]
pub(super) async fn one(
    State(app): State<App>,
    Names(key): Names<String>,
) -> Result<Json<Detail>, Problem> {
    detail(&app, &key).map(Json)
}

/// The viewers of a channel, and how each of them plays.
#[utoipa::path(get, path = "/api/v1/channels/{key}/viewers", tag = "channels",
    params(
        ("key" = String, Path, description = "a channel's key, or a stream's id"),
        ("limit" = Option<usize>, Query, description = "how many at most; 1000 if it is not said"),
        ("offset" = Option<usize>, Query, description = "how many are passed over"),
    ),
    responses((status = OK, body = Viewers), (status = NOT_FOUND, description = "no such channel runs")))]
pub(super) async fn viewers(
    State(app): State<App>,
    Names(key): Names<String>,
    uri: Uri,
) -> Result<Json<Viewers>, Problem> {
    let handle = running(&app, &key)?;
    let mut given = Parameters::of(&uri);
    let page = given.page((VIEWERS_TOLD_MAX, channel::VIEWERS_MAX));
    given.done()?;
    let (viewers, total) = viewers_of(&app, &handle, page);
    Ok(Json(Viewers { viewers, total }))
}

/// What a channel's buffer was over time: each second of the last minutes, each ten seconds of the last hour.
#[utoipa::path(get, path = "/api/v1/channels/{key}/buffer", tag = "channels",
    params(
        ("key" = String, Path, description = "a channel's key, or a stream's id"),
        ("since" = Option<String>, Query, description = "only what was sampled after this time; the last minutes if it is not said"),
    ),
    responses((status = OK, body = Points), (status = BAD_REQUEST, description = "since is no time"), (status = NOT_FOUND, description = "nothing is known of such a channel")))]
pub(super) async fn buffer(
    State(app): State<App>,
    Names(key): Names<String>,
    uri: Uri,
) -> Result<Json<Points>, Problem> {
    let mut given = Parameters::of(&uri);
    let since = given.time("since");
    given.done()?;
    // Of a channel that ended something is known for a while; one that has just begun has no past.
    let running = running(&app, &key).ok();
    let key = running.as_ref().map_or(&key, |handle| &handle.key);
    let begun = running.as_ref().map(|_| Stretch::default());
    let found = app.series.of_channel(key, since).or(begun);
    let stretch = found.ok_or_else(|| Problem::not_found("nothing is known of such a channel"))?;
    Ok(Json(Points {
        interval_seconds: stretch.step.as_secs_f64(),
        points: stretch.points.iter().map(Point::from).collect(),
    }))
}

/// What `GET /api/v1/channels` answers.
pub(super) fn all(app: &App) -> Channels {
    let running = app.registry.all();
    Channels {
        channels: running.iter().map(|it| state(app, it).0).collect(),
        as_of: date(clock::wall()),
    }
}

/// What `GET /api/v1/channels/{key}` answers.
pub(super) fn detail(app: &App, key: &str) -> Result<Detail, Problem> {
    let handle = running(app, key)?;
    let (channel, snapshot) = state(app, &handle);
    let listed: BTreeSet<_> = snapshot.window.listed().map(|it| it.sequence).collect();
    let window = snapshot.window.held();
    let window = window.map(|it| Held::of(it, listed.contains(&it.sequence)));
    let window = window.collect();
    let open = snapshot.open.as_ref().map(|open| Open {
        bytes: open.bytes(),
        seconds: open.elapsed().as_secs_f64(),
    });
    let (viewers_list, _) = viewers_of(app, &handle, (VIEWERS_TOLD_MAX, 0));
    Ok(Detail {
        channel,
        window,
        open,
        viewers_list,
    })
}

/// A channel that runs, by its key or its stream's id.
pub(super) fn running(app: &App, key: &str) -> Result<std::sync::Arc<Handle>, Problem> {
    if let Some(handle) = app.registry.get(key) {
        return Ok(handle);
    }
    let is_it = |handle: &Handle| {
        let stream = handle.stream();
        stream.as_ref().is_some_and(|stream| stream.id == key)
    };
    let found = app.registry.all().into_iter().find(|it| is_it(it));
    found.ok_or_else(|| Problem::not_found(format!("no channel {key:?} is running")))
}

/// How a channel does.
pub(super) fn health(
    snapshot: &Snapshot,
    audience: &Audience,
    course: &Course,
    now: Moment,
) -> Health {
    let newest = figures::newest_media(snapshot);
    let facts = Facts {
        phase: &snapshot.phase,
        on_slate: snapshot.on_slate,
        newest_age: newest.map(|at| now.since(at)),
        reserve: snapshot.reserve,
        target: snapshot.window.target().map(std::time::Duration::from_secs),
        troubled: course.troubled,
        dry: audience.dry,
    };
    facts.health()
}

/// What people call a channel, where somebody has said so.
pub(super) fn title(app: &App, key: &str, infohash: Option<&str>) -> Option<String> {
    let staged = app.demo.as_ref().and_then(|it| it.title(key));
    let told = || app.records.titles.known(infohash?)?.title;
    staged.map(str::to_owned).or_else(told)
}

fn state(app: &App, handle: &Handle) -> (Channel, std::sync::Arc<Snapshot>) {
    let now = app.clock.now();
    let snapshot = handle.snapshot();
    let audience = Audience::of(handle, now);
    let course = app.series.course(&handle.key, now);
    let stream = handle.stream().clone();
    let session = stream.as_ref().and_then(|it| it.session.as_ref());
    let stat = stream.as_ref().and_then(|it| it.stat.as_ref());
    let started_at = stream.as_ref().map(|it| it.started_at);
    let infohash = stream.as_ref().and_then(|it| it.infohash());
    let title = title(app, &handle.key, infohash);
    let channel = Channel {
        key: handle.key.clone(),
        name: title.clone().unwrap_or_else(|| handle.key.clone()),
        stream_id: stream.as_ref().map(|it| it.id.clone()),
        state: ChannelState::from(&snapshot.phase),
        failure: failure(&snapshot.phase),
        health: ChannelHealth::from(&health(&snapshot, &audience, &course, now)),
        mode: mode(&audience),
        source: handle.selector.key_type(),
        engine: session.map(|it| it.engine.to_string()),
        infohash: infohash.map(str::to_owned),
        title,
        started_at: started_at.map(date),
        uptime_seconds: started_at.map(|at| clock::wall().duration_since(at).as_secs_f64()),
        viewers: audience.viewers(),
        on_slate: snapshot.on_slate,
        stream: snapshot.intake.as_ref().map(SourceStream::from),
        buffer: buffer_of(app, &snapshot),
        source_quality: quality(handle, &snapshot, &course, now),
        counters: Counters::of(&snapshot.counters, handle, &audience),
        rates: Rates {
            in_bps: course.in_bps,
            out_bps: course.out_bps,
        },
        engine_stat: stat.map(EngineStat::from),
        playable_seconds_min: audience.playable_min.map(|it| it.as_secs_f64()),
    };
    (channel, snapshot)
}

fn failure(phase: &Phase) -> Option<String> {
    match phase {
        Phase::Failed { failure, .. } => Some(failure.to_string()),
        _ => None,
    }
}

/// One word for how a channel is watched: HLS where nobody watches.
fn mode(audience: &Audience) -> &'static str {
    match (audience.playlists, audience.continuous) {
        (_, 0) => "HLS",
        (0, _) => "TS",
        _ => "HLS+TS",
    }
}

fn buffer_of(app: &App, snapshot: &Snapshot) -> Buffer {
    let segments_max = app.settings.borrow().hls_max_segments;
    let held = figures::Buffer::of(snapshot, segments_max, app.config.channel_bytes_max);
    let mut sequences = snapshot.window.held().map(|it| it.sequence.0);
    Buffer {
        segments: held.segments,
        segments_max,
        bytes: held.bytes,
        bytes_max: held.bytes_max,
        seconds: held.media.as_secs_f64(),
        fill: held.fill(),
        reserve_seconds: held.reserve.as_secs_f64(),
        target_duration_seconds: snapshot.window.target(),
        first_sequence: sequences.next(),
        last_sequence: snapshot.window.held().next_back().map(|it| it.sequence.0),
        listed_from: snapshot.window.listed().next().map(|it| it.sequence.0),
    }
}

fn quality(handle: &Handle, snapshot: &Snapshot, course: &Course, now: Moment) -> Quality {
    let newest = figures::newest_media(snapshot);
    let quantiles = |found: Option<Percentiles>| found.map(Quantiles::from);
    Quality {
        last_segment_age_seconds: newest.map(|at| now.since(at).as_secs_f64()),
        fetch_ms: quantiles(handle.fetch_times()),
        lateness_ms: quantiles(course.lateness),
        jitter_ms: quantiles(course.jitter),
    }
}

/// So many of a channel's viewers behind so many others, and how many there are.
fn viewers_of(app: &App, handle: &Handle, (limit, offset): (usize, usize)) -> (Vec<Viewer>, usize) {
    let now = app.clock.now();
    let snapshot = handle.snapshot();
    let open = snapshot.open_elapsed();
    let viewers = handle.viewers();
    let told = viewers.iter().skip(offset).take(limit);
    let told = told.map(|(id, viewer)| viewer_state(app, now, &snapshot, open, (id, viewer)));
    (told.collect(), viewers.watching())
}

fn viewer_state(
    app: &App,
    now: Moment,
    snapshot: &Snapshot,
    open: std::time::Duration,
    (id, viewer): (ViewerId, &channel::Viewer),
) -> Viewer {
    let playing = viewer.playing(now);
    let place = viewer.playhead.place(now, &snapshot.window);
    let mode = match viewer.delivery {
        Delivery::Playlists => StreamMode::Hls,
        Delivery::Continuous => StreamMode::Ts,
    };
    // Whose segments have no token in their address, of them nothing is known.
    let known = place.is_some() || !app.config.shared_segment_urls;
    Viewer {
        client_id: client_id(id),
        mode: mode.as_str(),
        user_agent: viewer.agent.clone(),
        ip_address: viewer.address.clone(),
        connected_at: date(app.clock.date(viewer.connected_at)),
        last_active: date(app.clock.date(viewer.last_active)),
        bytes_sent: viewer.bytes_sent,
        rate_bps: viewer.rate(now),
        playable_seconds: playing.playable.map(|it| it.as_secs_f64()),
        position: place.map(|it| it.position),
        behind_live_seconds: place.map(|it| (it.behind + open).as_secs_f64()),
        underruns: playing.underruns,
        stalled_seconds: playing.stalled.as_secs_f64(),
        slate_seconds: playing.slate.as_secs_f64(),
        skips: viewer.skips,
        waiting: playing.waiting && known,
    }
}

/// As much of a viewer's token as tells viewers apart and lets nobody be one of them.
fn client_id(id: ViewerId) -> String {
    channel::view::token_text(id.0)[..12].to_owned()
}
