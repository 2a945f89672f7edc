//! Sessions that other proxies have opened: read and stopped where the operator has named their engine, and never
//! anywhere else, whatever address was reported.

use std::collections::BTreeSet;

use engine::{Address, ApiError, Content, Selector, Session, Stat, StatError, StopError, Timeouts};
use url::Url;
use uuid::Uuid;

use super::Upstream;

impl Upstream {
    /// The engines that may be asked about sessions of others.
    pub fn named(&self) -> BTreeSet<Address> {
        let engines = self.engines.all().into_iter();
        engines.map(|it| it.engine.engine).collect()
    }

    /// The session of a stream that another proxy has reported, if its engine is one of these.
    pub fn session_of(stream: &ledger::Stream, named: &BTreeSet<Address>) -> Option<Session> {
        let on = |text: &str| {
            let url = Url::parse(text).ok().filter(|url| url.scheme() == "http")?;
            let place = format!("{}:{}", url.host_str()?, url.port_or_known_default()?);
            Some((place.parse::<Address>().ok()?, url))
        };
        let (stat, command) = (on(&stream.stat_url), on(&stream.command_url));
        let (engine, place) = stat.clone().or_else(|| command.clone())?;
        let is_ours = named.contains(&engine);
        // Two addresses on two engines are nobody's session.
        let of_engine = |it: Option<(Address, Url)>| {
            it.filter(|(other, _)| *other == engine).map(|(_, url)| url)
        };
        let (stat_url, command_url) = (of_engine(stat), of_engine(command));
        is_ours.then(|| Session {
            playback_url: place,
            stat_url,
            command_url,
            event_url: None,
            infohash: None,
            playback_session_id: None,
            is_live: Some(stream.is_live),
            is_encrypted: false,
            pid: Uuid::nil(),
            engine,
        })
    }

    /// Asks how a session of another proxy is doing, without keeping it alive in its place.
    pub async fn stat_of_other(&self, session: &Session) -> Result<Stat, StatError> {
        self.http.stat_quietly(session).await
    }

    /// Stops a session of another proxy.
    pub async fn stop_other(&self, session: &Session) -> Result<(), StopError> {
        self.http.stop(session).await
    }

    /// What an engine of ours knows of a content by its infohash, without a session.
    pub async fn content(&self, engine: &Address, infohash: &str) -> Result<Content, ApiError> {
        let selector = Selector::Infohash(infohash.to_owned());
        let timeouts = Timeouts {
            start: super::CONTENT_PATIENCE,
            ..self.timeouts()
        };
        self.http.content(engine, &selector, &timeouts).await
    }
}
