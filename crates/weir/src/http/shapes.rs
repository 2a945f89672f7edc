//! How events of other proxies look, for the description alone: what reads them takes more than this.
#![expect(dead_code, reason = "they are only described")]

use utoipa::ToSchema;

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
