//! Where channels pull from: opens sources, asks them, closes them; it keeps no channel's state.

mod choice;
mod others;
mod read;
mod refusals;
mod session;
mod tries;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use channel::{Intake, OpenFailure, SourceKind};
use engine::{Address, FetchError, Http, Live, Place, Session, Stat, StatError, Timeouts};
use tokio::sync::watch;

pub(crate) use read::trouble;
pub use read::{Listed, Trouble};
use refusals::Refusals;

use crate::clock::Clock;
use crate::config::{Config, Source};
use crate::engines::{Engines, Hold};
use crate::selector::Selector;
use crate::settings::Settings;
use crate::tasks::Tasks;

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
    engines: Engines,
    refusals: Refusals,
    clock: Clock,
    config: Arc<Config>,
    settings: watch::Receiver<Arc<Settings>>,
    tasks: Tasks,
    stat_failures: AtomicU64,
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
    hold: Option<Hold>,
}

impl Upstream {
    /// Sources as configured, and these engines.
    pub fn new(
        http: Http,
        engines: Engines,
        clock: Clock,
        config: Arc<Config>,
        settings: watch::Receiver<Arc<Settings>>,
        tasks: Tasks,
    ) -> Self {
        Self {
            http,
            engines,
            refusals: Refusals::default(),
            clock,
            config,
            settings,
            tasks,
            stat_failures: AtomicU64::new(0),
        }
    }

    /// What is configured under names.
    pub fn sources(&self) -> &[Source] {
        &self.config.sources
    }

    /// Opens a source for a selector. A session on an engine is asked to give its media as `intake` says, on none of the
    /// engines in `avoid`: a channel that is to leave one names it there.
    pub async fn open(
        &self,
        selector: &Selector,
        intake: Intake,
        avoid: &[Address],
    ) -> Result<Open, OpenFailure> {
        let wanted = match selector {
            Selector::ContentId(id) => engine::Selector::ContentId(id.clone()),
            Selector::Infohash(hash) => engine::Selector::Infohash(hash.clone()),
            Selector::Magnet(hash) => engine::Selector::Magnet(hash.clone()),
            Selector::Url(url) => engine::Selector::Url(url.clone()),
            Selector::Source(name) => return self.open_source(name).await,
        };
        self.open_session(&wanted, intake, avoid).await
    }

    /// The infohash that a content id stands for, if an engine has told it.
    pub fn infohash(&self, id: &str) -> Option<String> {
        self.engines.infohash(id)
    }

    /// Changes whenever open sources may have to be left; ask [`Upstream::must_leave`] then.
    pub fn moves(&self) -> watch::Receiver<u64> {
        self.engines.moves()
    }

    /// Whether a channel is to move away from this source, because its engine drains or was removed.
    pub fn must_leave(&self, open: &Open) -> bool {
        let hold = open.hold.as_ref();
        hold.is_some_and(|hold| self.engines.must_leave(hold.engine()))
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
            hold: None,
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
        let stat = self.http.stat(session).await;
        if matches!(stat, Err(StatError::Api(_))) {
            self.stat_failures.fetch_add(1, Ordering::Relaxed);
        }
        stat
    }

    /// How often an engine gave no statistics where it should have.
    pub fn stat_failures(&self) -> u64 {
        self.stat_failures.load(Ordering::Relaxed)
    }

    /// Tells the engine to stop, and gives the place on it back; returns whether the engine took the stop.
    pub async fn close(&self, open: Open) -> bool {
        // An engine serves one reader; nobody reads on while it stops.
        drop(open.body);
        let mut stopped = true;
        if let Some(session) = &open.session {
            let starter = session::Starter {
                http: self.http.clone(),
                timeouts: self.timeouts(),
            };
            stopped = starter.stop(session).await;
        }
        drop(open.hold);
        stopped
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
}

/// Whether a fetch failed because nothing answers.
fn is_unreachable(error: &FetchError) -> bool {
    matches!(
        error,
        FetchError::Lookup { .. } | FetchError::Connect { .. } | FetchError::Tls { .. }
    )
}
