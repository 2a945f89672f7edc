//! Where channels pull from: opens sources, asks them, closes them; it keeps no channel's state.

mod others;
mod read;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use channel::{Intake, OpenFailure, SourceKind};
use engine::pool::{Claim, Pool, Unavailable};
use engine::{
    FetchError, Http, Live, Output, Place, Session, StartError, Stat, StatError, Timeouts,
};
use tokio::sync::watch;

pub(crate) use read::trouble;
pub use read::{Listed, Trouble};

use crate::clock::Clock;
use crate::config::{Config, Source};
use crate::selector::Selector;
use crate::settings::Settings;

/// Longest wait of a viewer-facing request for one segment's first byte.
const SEGMENT_FIRST_BYTE: Duration = Duration::from_secs(10);

/// Silence within a segment after which it is asked for again.
const SEGMENT_IDLE: Duration = Duration::from_secs(5);

/// Longest wait for the first byte of a plain source's playlist when it is opened; it has nothing to
/// collect first, as an engine has.
const SOURCE_FIRST_BYTE: Duration = Duration::from_secs(10);

/// Longest wait for what an engine knows of a content; one that plays it knows it at once.
const CONTENT_PATIENCE: Duration = Duration::from_secs(5);

/// Engines and sources, shared by all channels.
pub struct Upstream {
    http: Http,
    pool: Mutex<Pool>,
    clock: Clock,
    config: Arc<Config>,
    settings: watch::Receiver<Arc<Settings>>,
}

/// An open source. Its place on an engine is given back with `Upstream::close`.
#[derive(Debug)]
pub struct Open {
    /// What kind it is.
    pub kind: SourceKind,
    /// How it gives its media.
    pub intake: Intake,
    /// Where its playlist is, or its body.
    pub place: Place,
    /// The variant that was chosen, if there were several.
    pub variant: Option<hls::Variant>,
    /// The session on an engine, if it is one.
    pub session: Option<Session>,
    /// The playlist, when opening has brought it along.
    pub first: Option<hls::Media>,
    /// The body, when opening has brought it along.
    pub body: Option<Live>,
    claim: Option<Claim>,
}

impl Upstream {
    /// Engines and sources as configured.
    pub fn new(
        http: Http,
        clock: Clock,
        config: Arc<Config>,
        settings: watch::Receiver<Arc<Settings>>,
    ) -> Self {
        let pool = Mutex::new(Pool::new(config.engines.clone()));
        Self {
            http,
            pool,
            clock,
            config,
            settings,
        }
    }

    /// What is configured under names.
    pub fn sources(&self) -> &[Source] {
        &self.config.sources
    }

    /// Engines and what they carry.
    pub fn engines(&self) -> Vec<engine::pool::Load> {
        self.pool().load()
    }

    /// Opens a source for a selector. A session on an engine is asked to give its media as `intake` says.
    pub async fn open(&self, selector: &Selector, intake: Intake) -> Result<Open, OpenFailure> {
        let wanted = match selector {
            Selector::ContentId(id) => engine::Selector::ContentId(id.clone()),
            Selector::Infohash(hash) => engine::Selector::Infohash(hash.clone()),
            Selector::Magnet(hash) => engine::Selector::Magnet(hash.clone()),
            Selector::Url(url) => engine::Selector::Url(url.clone()),
            Selector::Source(name) => return self.open_source(name).await,
        };
        self.open_session(&wanted, intake).await
    }

    async fn open_session(
        &self,
        wanted: &engine::Selector,
        intake: Intake,
    ) -> Result<Open, OpenFailure> {
        let claim = Claimed {
            upstream: self,
            claim: Some(self.claim()?),
        };
        let engine = claim.engine().clone();
        let mut intake = intake;
        let mut started = self.start(&engine, wanted, intake).await;
        if let Ok(session) = &started
            && session.is_encrypted
            && intake == Intake::Continuous
        {
            // Engines decrypt for their playlists alone.
            self.stop(session).await;
            intake = Intake::Playlist;
            started = self.start(&engine, wanted, intake).await;
        }
        match started {
            Ok(session) => {
                self.pool().succeeded(&engine);
                Ok(Open {
                    kind: SourceKind::Session,
                    intake,
                    place: session.place(),
                    variant: None,
                    session: Some(session),
                    first: None,
                    body: None,
                    claim: claim.keep(),
                })
            }
            Err(error) => {
                // An engine that does not find what somebody made up is none the worse for it.
                if !error.refused_content() {
                    self.pool().failed(&engine, self.clock.now().0);
                }
                Err(open_failure(&error))
            }
        }
    }

    /// Starts a session, by the other reading of an id where an engine does not know the one.
    async fn start(
        &self,
        engine: &engine::Address,
        wanted: &engine::Selector,
        intake: Intake,
    ) -> Result<Session, StartError> {
        let timeouts = self.timeouts();
        let output = match intake {
            Intake::Playlist => Output::Hls,
            Intake::Continuous => Output::Ts,
        };
        match self.http.start(engine, wanted, output, &timeouts).await {
            // A bare id may be an infohash; engines take the one for the other only by name.
            Err(error) if error.refused_content() => match wanted {
                engine::Selector::ContentId(id) => {
                    let infohash = engine::Selector::Infohash(id.clone());
                    self.http.start(engine, &infohash, output, &timeouts).await
                }
                _ => Err(error),
            },
            other => other,
        }
    }

    async fn open_source(&self, name: &str) -> Result<Open, OpenFailure> {
        let source = self
            .config
            .sources
            .iter()
            .find(|source| source.name == name);
        let source =
            source.ok_or_else(|| OpenFailure::Refused(format!("no source is named {name:?}")))?;
        let place = Place::source(source.url.clone(), Arc::clone(&self.config.source_hosts));
        let timeouts = Timeouts {
            first_byte: SOURCE_FIRST_BYTE,
            ..self.timeouts()
        };
        let opened = read::source(&self.http, &place, &timeouts).await;
        let opened = opened.map_err(|trouble| match trouble {
            Trouble::Unreachable(text) => OpenFailure::Unreachable(text),
            other => OpenFailure::Refused(other.to_string()),
        })?;
        let (intake, listed, body) = match opened {
            read::Opened::Listed(listed) => (Intake::Playlist, Some(*listed), None),
            read::Opened::Body(live) => (Intake::Continuous, None, Some(*live)),
        };
        let (place, first, variant) = match listed {
            Some(listed) => (listed.place, Some(listed.media), listed.variant),
            None => (place, None, None),
        };
        Ok(Open {
            kind: SourceKind::Plain,
            intake,
            place,
            variant,
            session: None,
            first,
            body,
            claim: None,
        })
    }

    /// Opens a continuous body. `patience` is how long its first byte may take.
    pub async fn read(&self, place: &Place, patience: Duration) -> Result<Live, Trouble> {
        let timeouts = Timeouts {
            first_byte: patience,
            ..self.timeouts()
        };
        read::body(&self.http, place, &timeouts).await
    }

    /// Gets a playlist; where it offers variants, the highest one's. `patience` is how long its
    /// first byte may take.
    pub async fn list(&self, place: &Place, patience: Duration) -> Result<Listed, Trouble> {
        let timeouts = Timeouts {
            first_byte: patience,
            ..self.timeouts()
        };
        read::list(&self.http, place, &timeouts).await
    }

    /// Gets a segment and judges it.
    pub async fn segment(
        &self,
        place: &Place,
        segment: &hls::Segment,
    ) -> Result<channel::examine::Fit, Trouble> {
        read::segment(&self.http, place, segment, &self.media_timeouts()).await
    }

    /// Gets a key or an initialisation section.
    pub async fn resource(
        &self,
        place: &Place,
        wanted: &channel::Wanted,
    ) -> Result<channel::Body, Trouble> {
        read::resource(&self.http, place, wanted, &self.media_timeouts()).await
    }

    /// Asks an engine how a session is doing.
    pub async fn stat(&self, session: &Session) -> Result<Stat, StatError> {
        self.http.stat(session).await
    }

    /// Tells the engine to stop, and gives the place on it back.
    pub async fn close(&self, open: Open) {
        let claim = Claimed {
            upstream: self,
            claim: open.claim,
        };
        // An engine serves one reader; nobody reads on while it stops.
        drop(open.body);
        if let Some(session) = &open.session {
            self.stop(session).await;
        }
        drop(claim);
    }

    async fn stop(&self, session: &Session) {
        if let Err(error) = self.http.stop(session).await {
            tracing::warn!(engine = %session.engine, "engine {} did not take the stop of a session: {error}", session.engine);
        }
    }

    fn claim(&self) -> Result<Claim, OpenFailure> {
        let per_engine = self.settings.borrow().max_streams_per_engine;
        let claimed = self.pool().claim(self.clock.now().0, per_engine, &[]);
        claimed.map_err(|unavailable| match unavailable {
            Unavailable::NoEngines | Unavailable::AllAvoided => OpenFailure::NoEngines,
            Unavailable::AllFull { per_engine } => OpenFailure::AllEnginesFull { per_engine },
        })
    }

    fn timeouts(&self) -> Timeouts {
        Timeouts {
            connect: self.settings.borrow().connection_timeout,
            ..Timeouts::default()
        }
    }

    fn media_timeouts(&self) -> Timeouts {
        Timeouts {
            first_byte: SEGMENT_FIRST_BYTE,
            idle: SEGMENT_IDLE,
            ..self.timeouts()
        }
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        // The pool is plain counts; a panic elsewhere cannot leave it half-changed.
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place on an engine that is given back when it is dropped, as when opening is broken off.
struct Claimed<'a> {
    upstream: &'a Upstream,
    claim: Option<Claim>,
}

impl Claimed<'_> {
    fn engine(&self) -> &engine::Address {
        &self
            .claim
            .as_ref()
            .expect("a claim is there until it is kept")
            .engine
    }

    fn keep(mut self) -> Option<Claim> {
        self.claim.take()
    }
}

impl Drop for Claimed<'_> {
    fn drop(&mut self) {
        if let Some(claim) = self.claim.take() {
            self.upstream.pool().release(claim);
        }
    }
}

fn open_failure(error: &StartError) -> OpenFailure {
    if error.answered() {
        OpenFailure::Refused(error.to_string())
    } else {
        OpenFailure::Unreachable(error.to_string())
    }
}

/// Whether a fetch failed because nothing answers.
fn is_unreachable(error: &FetchError) -> bool {
    matches!(
        error,
        FetchError::Lookup { .. } | FetchError::Connect { .. } | FetchError::Tls { .. }
    )
}
