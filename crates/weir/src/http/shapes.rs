//! How answers look that are put together by hand, for the description alone.
#![expect(
    dead_code,
    clippy::struct_field_names,
    reason = "they are only described, and answers have those names"
)]

use utoipa::ToSchema;

/// The channels that run.
#[derive(ToSchema)]
pub(super) struct ProxyStatus {
    channels: Vec<StatusChannel>,
    total_viewers: u64,
}

/// A channel that runs.
#[derive(ToSchema)]
struct StatusChannel {
    /// Its name in addresses.
    key: String,
    /// What people call it.
    name: String,
    stream_id: Option<String>,
    state: String,
    /// Why it has failed, if it has.
    failure: Option<String>,
    /// How it is watched: `HLS`, `TS` or `HLS+TS`.
    mode: String,
    source: String,
    /// host:port of the engine that it plays from.
    engine: Option<String>,
    started_at: Option<String>,
    uptime_seconds: Option<f64>,
    viewers: u64,
    segments: u64,
    reserve_seconds: f64,
    buffer_seconds: f64,
    buffer_bytes: u64,
    target_duration_seconds: Option<u64>,
    media_sequence: Option<u64>,
    on_slate: bool,
    slate_segments: u64,
    bytes_in: u64,
    bytes_out: u64,
    upstream: Upstream,
    clients: Vec<Client>,
}

/// What a channel has asked of its sources.
#[derive(ToSchema)]
struct Upstream {
    sessions: u64,
    segment_fetches: u64,
    playlist_fetches: u64,
    failures: u64,
    segments_lost: u64,
    /// How the source gives its media: `hls` or `ts`.
    stream: Option<String>,
    flaws: u64,
    repeats: u64,
}

/// The viewers of a channel.
#[derive(ToSchema)]
pub(super) struct Clients {
    stream_id: String,
    count: u64,
    clients: Vec<Client>,
}

/// A viewer.
#[derive(ToSchema)]
struct Client {
    client_id: String,
    /// `HLS` or `TS`.
    mode: String,
    user_agent: String,
    ip_address: String,
    connected_at: String,
    last_active: String,
    bytes_sent: u64,
    /// How often it was moved on because it was too slow.
    skips: u64,
}

/// How Weir is.
#[derive(ToSchema)]
pub(super) struct Health {
    /// `healthy` or `degraded`.
    status: String,
    /// `ok` or `failing`.
    data_folder: String,
    /// `ok` or `held back`.
    events: String,
    events_waiting: u64,
    engines: Vec<EngineHealth>,
}

/// How an engine is.
#[derive(ToSchema)]
struct EngineHealth {
    engine: String,
    channels: u64,
    failures: u64,
    health_status: String,
}

/// A stream that another proxy tells of.
#[derive(ToSchema)]
pub(super) struct StartEvent {
    container_id: Option<String>,
    engine: EventEngine,
    stream: EventStream,
    session: Option<EventSession>,
    /// `stream_id` is the stream's id; without it, it is made of the key and the session.
    labels: Option<std::collections::BTreeMap<String, String>>,
}

#[derive(ToSchema)]
struct EventEngine {
    host: String,
    port: u16,
}

#[derive(ToSchema)]
struct EventStream {
    /// `content_id`, `infohash`, `url` or `magnet`.
    key_type: String,
    key: String,
}

#[derive(ToSchema)]
struct EventSession {
    playback_session_id: Option<String>,
    stat_url: Option<String>,
    command_url: Option<String>,
    is_live: Option<i32>,
}

/// A stream that another proxy has ended: by its id, or the newest in a container.
#[derive(ToSchema)]
pub(super) struct EndEvent {
    container_id: Option<String>,
    stream_id: Option<String>,
    reason: Option<String>,
}
