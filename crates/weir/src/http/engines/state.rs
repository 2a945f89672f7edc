//! One engine as it is shown.

use std::collections::BTreeMap;
use std::time::Duration;

use engine::Address;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::App;
use super::super::api::date;
use super::super::config::ENGINE_VARIANT;
use super::super::words::{EngineOrigin, HealthStatus};
use crate::clock;
use crate::engines::Known;

/// One engine.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct EngineState {
    /// Its host and port, which is what names it here.
    container_id: String,
    /// What people call it; its host and port where nobody gave it a name.
    container_name: String,
    /// Where it answers.
    host: String,
    /// The port of its HTTP API.
    port: u16,
    /// What is known of it in the form of labels.
    labels: BTreeMap<&'static str, &'static str>,
    /// Whether peers can connect to it from outside; of equally loaded engines it is then preferred.
    forwarded: bool,
    /// When it was first known.
    first_seen: String,
    /// When it answered a probe last.
    last_seen: Option<String>,
    /// Ids of the streams that it carries.
    streams: Vec<String>,
    /// Whether it answers.
    health_status: HealthStatus,
    /// When it was probed last.
    last_health_check: Option<String>,
    /// When a channel came to it or left it last.
    last_stream_usage: Option<String>,
    /// The kind of engine.
    engine_variant: &'static str,
    /// As it calls itself.
    version: Option<String>,
    /// Channels that it carries.
    channels: usize,
    /// Channels that it may carry.
    places: usize,
    /// Whether it gives its channels up and gets no more.
    draining: bool,
    /// How it came here.
    origin: EngineOrigin,
    /// Failures since its last success.
    failures: u32,
    /// What the last of these was.
    last_trouble: Option<String>,
    /// Why it is not chosen at the moment, or only if there is nothing better.
    not_chosen: Option<String>,
}

/// The engines that are wanted, in the order in which they came.
pub(super) fn states(app: &App, wanted: impl Fn(&Address) -> bool) -> Vec<EngineState> {
    let mut streams: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for handle in app.registry.all() {
        if let Some(stream) = handle.stream().as_ref().filter(|it| it.opened)
            && let Some(session) = &stream.session
        {
            let engine = session.engine.to_string();
            streams.entry(engine).or_default().push(stream.id.clone());
        }
    }
    let places = app.engines.places();
    let engines = app.engines.all().into_iter();
    let engines = engines.filter(|known| wanted(&known.engine.engine));
    engines
        .map(|known| {
            let streams = streams.remove(&known.engine.engine.to_string());
            state_of(app, known, streams.unwrap_or_default(), places)
        })
        .collect()
}

fn state_of(app: &App, known: Known, streams: Vec<String>, places: usize) -> EngineState {
    let Known { engine, card } = known;
    let now = app.clock.now();
    let at = |moment: Option<Duration>| {
        let age = moment.map(|moment| now.0.saturating_sub(moment));
        age.and_then(|age| clock::wall().checked_sub(age).ok())
            .map(date)
    };
    let id = engine.engine.to_string();
    EngineState {
        container_name: card.name.unwrap_or_else(|| id.clone()),
        container_id: id,
        host: engine.engine.host,
        port: engine.engine.port,
        labels: BTreeMap::from([("weir.origin", card.origin.as_str())]),
        forwarded: engine.forwarded,
        first_seen: date(card.first_seen),
        last_seen: at(engine.seen_at),
        streams,
        health_status: HealthStatus::from(&engine.health),
        last_health_check: at(engine.checked_at),
        last_stream_usage: at(engine.used_at),
        engine_variant: ENGINE_VARIANT,
        version: engine.version,
        channels: engine.channels,
        places,
        draining: engine.draining,
        origin: EngineOrigin::from(&card.origin),
        failures: engine.failures,
        last_trouble: engine.trouble,
        not_chosen: engine.not_chosen.map(|reason| reason.to_string()),
    }
}
