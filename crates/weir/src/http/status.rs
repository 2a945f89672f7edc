//! `/proxy/status`: the channels that run, with their viewers, asked from their owners when it is asked for.

use axum::Json;
use axum::extract::State;
use channel::{Phase, Snapshot};
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::api::date;
use super::clients::{Client, clients_of, mode_of};
use super::words::{ChannelState, SourceStream};
use crate::clock;
use crate::handle::Handle;

/// The channels that run.
#[derive(Serialize, ToSchema)]
pub(super) struct ProxyStatus {
    channels: Vec<StatusChannel>,
    /// Viewers of all of them.
    total_viewers: usize,
}

/// A channel that runs.
#[derive(Serialize, ToSchema)]
struct StatusChannel {
    /// Its name in addresses.
    key: String,
    /// What people call it.
    name: String,
    /// The stream that it is.
    stream_id: Option<String>,
    /// Where it is in its life.
    state: ChannelState,
    /// Why it has failed, if it has.
    failure: Option<String>,
    /// How it is watched: `HLS`, `TS` or `HLS+TS`.
    mode: &'static str,
    /// What its key is: `content_id`, `infohash`, `url`, `magnet` or `source`.
    source: &'static str,
    /// host:port of the engine that it plays from.
    engine: Option<String>,
    /// When this life of it began.
    started_at: Option<String>,
    uptime_seconds: Option<f64>,
    viewers: usize,
    /// Segments that it holds.
    segments: usize,
    /// Media that has come and waits for its time.
    reserve_seconds: f64,
    /// Media that it holds.
    buffer_seconds: f64,
    /// The same in bytes.
    buffer_bytes: usize,
    target_duration_seconds: Option<u64>,
    /// The number of the first segment that it lists.
    media_sequence: Option<u64>,
    /// Whether it shows clips because there is no media.
    on_slate: bool,
    /// Clips that it has shown.
    slate_segments: u64,
    /// Bytes of media from its sources.
    bytes_in: u64,
    /// Bytes that the viewers of now were sent.
    bytes_out: u64,
    upstream: Upstream,
    clients: Vec<Client>,
}

/// What a channel has asked of its sources.
#[derive(Serialize, ToSchema)]
struct Upstream {
    /// Sources opened.
    sessions: u64,
    segment_fetches: u64,
    playlist_fetches: u64,
    /// Requests that failed.
    failures: u64,
    segments_lost: u64,
    /// How the source gives its media.
    stream: Option<SourceStream>,
    /// Things wrong with continuous bodies.
    flaws: u64,
    /// Media that came once more and was left out.
    repeats: u64,
}

/// The channels that run, with their viewers.
#[utoipa::path(get, path = "/proxy/status", tag = "state", responses((status = OK, body = ProxyStatus)))]
pub(super) async fn status(State(app): State<App>) -> Json<ProxyStatus> {
    let running = app.registry.all();
    let channels: Vec<_> = running.iter().map(|it| channel(&app, it)).collect();
    Json(ProxyStatus {
        total_viewers: channels.iter().map(|it| it.viewers).sum(),
        channels,
    })
}

fn channel(app: &App, handle: &Handle) -> StatusChannel {
    let snapshot = handle.snapshot();
    let Snapshot {
        window, counters, ..
    } = &*snapshot;
    let failure = match &snapshot.phase {
        Phase::Failed { failure, .. } => Some(failure.to_string()),
        _ => None,
    };
    let clients = clients_of(app, handle);
    let title = app.demo.as_ref().and_then(|it| it.title(&handle.key));
    let stream = handle.stream();
    let stream = stream.as_ref();
    let session = stream.and_then(|it| it.session.as_ref());
    let started_at = stream.map(|it| it.started_at);
    StatusChannel {
        key: handle.key.clone(),
        name: title.unwrap_or(&handle.key).to_owned(),
        stream_id: stream.map(|it| it.id.clone()),
        state: ChannelState::from(&snapshot.phase),
        failure,
        mode: mode_of(&clients),
        source: handle.selector.key_type(),
        engine: session.map(|it| it.engine.to_string()),
        started_at: started_at.map(date),
        uptime_seconds: started_at.map(|at| clock::wall().duration_since(at).as_secs_f64()),
        viewers: clients.len(),
        segments: window.held().len(),
        reserve_seconds: snapshot.reserve.as_secs_f64(),
        buffer_seconds: window.duration().as_secs_f64(),
        buffer_bytes: window.bytes(),
        target_duration_seconds: window.target(),
        media_sequence: window.listed().next().map(|it| it.sequence.0),
        on_slate: snapshot.on_slate,
        slate_segments: counters.slate_segments,
        bytes_in: counters.bytes_in,
        bytes_out: clients.iter().map(|it| it.bytes_sent).sum(),
        upstream: Upstream {
            sessions: counters.opened,
            segment_fetches: counters.segment_fetches,
            playlist_fetches: counters.playlist_fetches,
            failures: counters.failures,
            segments_lost: counters.segments_lost,
            stream: snapshot.intake.as_ref().map(SourceStream::from),
            flaws: counters.flaws,
            repeats: counters.repeats,
        },
        clients,
    }
}
