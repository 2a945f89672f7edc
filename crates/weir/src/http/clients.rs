//! Who watches a channel, as scripts for proxies know it.

use axum::Json;
use axum::extract::State;
use channel::Delivery;
use serde::Serialize;
use utoipa::ToSchema;

use super::api::date;
use super::error::Problem;
use super::guard::Names;
use super::{App, description};
use crate::handle::Handle;
use crate::settings::StreamMode;

/// Digits of a viewer's token that are shown: enough to tell viewers apart, too few to pass for one.
const CLIENT_ID_DIGITS: usize = 12;

/// The viewers of a channel.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "scripts know the names")]
pub(super) struct Clients {
    /// As it was asked for.
    stream_id: String,
    count: usize,
    clients: Vec<Client>,
}

/// A viewer.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "scripts know the names")]
pub(super) struct Client {
    client_id: String,
    /// `HLS` or `TS`.
    mode: &'static str,
    user_agent: String,
    ip_address: String,
    connected_at: String,
    last_active: String,
    pub(super) bytes_sent: u64,
    /// How often it was moved on because it was too slow.
    skips: u64,
}

/// The viewers of one channel, by its key or its stream's id.
#[utoipa::path(
    get,
    path = "/proxy/streams/{id}/clients",
    tag = "state",
    params(("id" = String, Path, description = "a channel's key, or a stream's id")),
    responses(
        (status = OK, body = Clients),
        (status = BAD_REQUEST, body = description::Detail),
        (status = NOT_FOUND, body = description::Detail),
    )
)]
pub(super) async fn clients(
    State(app): State<App>,
    Names(id): Names<String>,
) -> Result<Json<Clients>, Problem> {
    let is_stream = |it: &Handle| it.stream().as_ref().is_some_and(|stream| stream.id == id);
    let mut running = app.registry.all().into_iter();
    let found = running.find(|it| it.key == id || is_stream(it));
    let handle = found.ok_or_else(|| Problem::not_found("no such stream is running"))?;
    let clients = clients_of(&app, &handle);
    Ok(Json(Clients {
        stream_id: id,
        count: clients.len(),
        clients,
    }))
}

pub(super) fn clients_of(app: &App, handle: &Handle) -> Vec<Client> {
    let viewers = handle.viewers();
    let clients = viewers.iter().map(|(id, viewer)| Client {
        client_id: channel::view::token_text(id.0)[..CLIENT_ID_DIGITS].to_owned(),
        mode: match viewer.delivery {
            Delivery::Playlists => StreamMode::Hls.as_str(),
            Delivery::Continuous => StreamMode::Ts.as_str(),
        },
        user_agent: viewer.agent.clone(),
        ip_address: viewer.address.clone(),
        connected_at: date(app.clock.date(viewer.connected_at)),
        last_active: date(app.clock.date(viewer.last_active)),
        bytes_sent: viewer.bytes_sent,
        skips: viewer.skips,
    });
    clients.collect()
}

/// How a channel is watched: one word where all its viewers agree, HLS where there are none.
pub(super) fn mode_of(clients: &[Client]) -> &'static str {
    let any = |mode: StreamMode| clients.iter().any(|client| client.mode == mode.as_str());
    match (any(StreamMode::Ts), any(StreamMode::Hls)) {
        (true, true) => "HLS+TS",
        (true, false) => StreamMode::Ts.as_str(),
        (false, _) => StreamMode::Hls.as_str(),
    }
}
