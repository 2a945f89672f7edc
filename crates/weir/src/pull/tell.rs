//! What happened to a channel, told to whoever wants to know: the log, the journal and the outbox.

use std::time::Duration;

use channel::{Delivery, EndReason, Event, Viewer};
use engine::Address;
use uuid::Uuid;

use crate::clock;
use crate::handle::{Handle, Stream, Visit};
use crate::journal::{Journal, Kind, News, Severity};
use crate::outbox::Outbox;
use crate::registry::Registry;
use crate::selector::Selector;
use crate::story::Tales;

/// Bytes of a player's name in a sentence: "Lavf/61.1.100" and the like, with some room.
const NAME_BYTES_MAX: usize = 40;

/// What somebody is told through.
pub(super) struct Teller<'a> {
    pub(super) registry: &'a Registry,
    pub(super) outbox: &'a Outbox,
    pub(super) journal: &'a Journal,
    pub(super) tales: &'a Tales,
    pub(super) handle: &'a Handle,
    /// The engine that carried the channel before.
    pub(super) left: Option<&'a Address>,
    /// Why the source before was given up.
    pub(super) lost: &'a str,
}

impl Teller<'_> {
    pub(super) fn event(&self, event: &Event) {
        match event {
            Event::Started => started(self.registry, self.handle),
            Event::SourceOpened { opened } => self.source_opened(*opened),
            Event::SourceMoved { cause } => self.source_replaced(cause),
            Event::SourceLost { cause } => {
                self.say(Kind::SourceLost, format!("source given up: {cause}"));
            }
            Event::WentLive => self.went_live(),
            Event::SourceFlawed { what } => {
                self.say(Kind::SourceFlawed, format!("flaw in the source: {what}"));
            }
            Event::SlateShown { clip } => {
                let said = clip.as_str();
                self.say(Kind::SlateShown, format!("showing the slate: {said}"));
            }
            Event::SlateLeft => self.say(Kind::SlateLeft, "back on the source".into()),
            Event::SegmentsLost { count, cause } => {
                let message = format!("{count} segment(s) lost: {cause}");
                self.say(Kind::SegmentsLost, message);
            }
            Event::SourceRestarted => {
                self.say(Kind::SourceRestarted, "the source counts anew".into());
            }
            Event::Failed { failure } => {
                self.say(Kind::StreamFailed, format!("failed: {failure}"));
            }
            Event::Ended { reason } => self.ended(*reason),
        }
    }

    fn source_opened(&self, opened: u64) {
        if opened <= 1 {
            let message = format!("{} opened", source(self.handle));
            self.say(Kind::StreamStarted, message);
        } else {
            self.source_replaced(self.lost);
        }
        began(self.outbox, self.handle);
    }

    fn source_replaced(&self, cause: &str) {
        let engine = {
            let stream = self.handle.stream();
            let session = stream.as_ref().and_then(|stream| stream.session.as_ref());
            session.map(|session| session.engine.clone())
        };
        let message = match (self.left, engine) {
            (Some(left), Some(engine)) if *left != engine => {
                format!("moved from engine {left} to {engine}: {cause}")
            }
            _ => format!("{} opened anew: {cause}", source(self.handle)),
        };
        self.say(Kind::SourceReplaced, message);
    }

    fn went_live(&self) {
        let stream = self.handle.stream();
        let since = stream
            .as_ref()
            .map(|it| clock::wall().duration_since(it.started_at));
        let waited = since.map_or(0.0, |since| since.as_secs_f64());
        drop(stream);
        self.say(Kind::StreamLive, format!("live after {waited:.1} s"));
    }

    fn ended(&self, reason: EndReason) {
        let word = reason.as_str();
        self.say(Kind::StreamEnded, format!("ended: {}", reason.sentence()));
        let stream = self.handle.stream().take();
        if let Some(stream) = stream.filter(|stream| stream.opened) {
            self.tales.tell(&stream.id, self.handle.tale(&stream));
            self.outbox.ended(&stream.id, word);
        }
    }

    /// Writes a line about the channel, and tells the journal.
    fn say(&self, kind: Kind, message: String) {
        bounded(self.registry, self.handle, || {
            let key = &self.handle.key;
            match kind.severity() {
                Severity::Info => tracing::info!(channel = %key, "channel {key}: {message}"),
                Severity::Warning | Severity::Error => {
                    tracing::warn!(channel = %key, "channel {key}: {message}");
                }
            }
            let stream = self.handle.stream();
            let news = News::new(kind, message);
            let id = stream.as_ref().map(|stream| stream.id.as_str());
            let session = stream.as_ref().and_then(|stream| stream.session.as_ref());
            let mut news = news.of_channel(key, id);
            news.engine = session.map(|session| session.engine.to_string());
            drop(stream);
            self.journal.tell(news);
        });
    }
}

/// Somebody asks for media for the first time.
pub(crate) fn viewer_joined(
    registry: &Registry,
    journal: &Journal,
    handle: &Handle,
    agent: &str,
    delivery: Delivery,
) {
    let mode = mode(delivery);
    let message = format!("a viewer joined: {}, {mode}", called(agent));
    let news = News::new(Kind::ViewerJoined, message)
        .with("agent", agent)
        .with("mode", mode);
    of_viewers(registry, journal, handle, news);
}

/// Somebody has waited for so long, and was told to come again.
pub(crate) fn viewer_put_off(registry: &Registry, visit: &Visit, waited: Duration) {
    let key = &visit.handle().key;
    if has_room(registry) {
        let seconds = waited.as_secs_f64();
        tracing::warn!(
            channel = %key,
            "channel {key}: a viewer was told to come again: nothing to play within {seconds} s"
        );
    }
}

pub(super) fn viewer_left(
    registry: &Registry,
    journal: &Journal,
    handle: &Handle,
    viewer: &Viewer,
) {
    if viewer.watching {
        let key = &handle.key;
        let (agent, bytes, address) = (&viewer.agent, viewer.bytes_sent, &viewer.address);
        if has_room(registry) {
            tracing::info!(channel = %key, bytes, agent, "channel {key}: a viewer left");
        }
        tracing::debug!(channel = %key, "channel {key}: the viewer that left was at {address}");
        let watched = viewer.last_active.since(viewer.connected_at).as_secs();
        let (mode, called) = (mode(viewer.delivery), called(agent));
        let message = format!("a viewer left after {watched} s: {called}, {mode}");
        let news = News::new(Kind::ViewerLeft, message)
            .with("agent", agent)
            .with("mode", mode)
            .with("seconds", watched.to_string())
            .with("bytes_sent", bytes.to_string())
            .with("skips", viewer.skips.to_string());
        of_viewers(registry, journal, handle, news);
    }
}

/// Tells the journal, as long as strangers do not make it all about them.
fn of_viewers(registry: &Registry, journal: &Journal, handle: &Handle, news: News) {
    let Some(left_out) = registry.room_in_journal() else {
        return;
    };
    let stream = handle.stream();
    let id = stream.as_ref().map(|stream| stream.id.as_str());
    let mut news = news.of_channel(&handle.key, id);
    drop(stream);
    if 0 < left_out {
        let more = format!(" ({left_out} arrivals and departures before it were left out)");
        news.message.push_str(&more);
        news = news.with("left_out", left_out.to_string());
    }
    journal.tell(news);
}

fn mode(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::Playlists => "HLS",
        Delivery::Continuous => "TS",
    }
}

/// What a player calls itself, as far as it is a name and not a story.
fn called(agent: &str) -> &str {
    match agent.split([' ', '(']).next() {
        None | Some("") => "a player without a name",
        Some(name) => &name[..name.floor_char_boundary(NAME_BYTES_MAX)],
    }
}

/// Writes a line about a channel. One that has never had a source, because its id may be made up,
/// has the room in the log that all such channels share.
fn bounded(registry: &Registry, handle: &Handle, write: impl FnOnce()) {
    let named = matches!(handle.selector, Selector::Source(_));
    let opened = (handle.stream().as_ref()).is_some_and(|stream| stream.session.is_some());
    if named || opened || has_room(registry) {
        write();
    }
}

/// Whether the log has room for one more line that anybody can cause.
fn has_room(registry: &Registry) -> bool {
    match registry.room_in_log() {
        Some(0) => true,
        Some(left_out) => {
            tracing::warn!(
                left_out,
                "{left_out} line(s) about viewers who left and channels without a source were left out"
            );
            true
        }
        None => false,
    }
}

fn started(registry: &Registry, handle: &Handle) {
    let key = &handle.key;
    bounded(registry, handle, || {
        tracing::info!(channel = %key, "channel {key}: starting for a first viewer");
    });
    *handle.stream() = Some(Stream {
        id: Uuid::now_v7().to_string(),
        selector: handle.selector.clone(),
        started_at: clock::wall(),
        opened: false,
        session: None,
        stat: None,
        before: handle.counted(),
        viewers_max: 0,
    });
}

/// The first source of a life makes it a stream; later ones are the same stream.
fn began(outbox: &Outbox, handle: &Handle) {
    let continuous = {
        let viewers = handle.viewers();
        let mut deliveries = viewers.iter().map(|(_, viewer)| viewer.delivery).peekable();
        deliveries.peek().is_some() && deliveries.all(|it| it == Delivery::Continuous)
    };
    if let Some(stream) = handle.stream().as_mut()
        && !std::mem::replace(&mut stream.opened, true)
    {
        outbox.began(stream.record(continuous));
    }
}

fn source(handle: &Handle) -> String {
    let stream = handle.stream();
    let session = stream.as_ref().and_then(|stream| stream.session.as_ref());
    match session {
        Some(session) => format!("session on engine {}", session.engine),
        None => "source".into(),
    }
}
