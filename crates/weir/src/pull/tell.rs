//! What happened to a channel, told to whoever wants to know: the log and the outbox.

use channel::{Delivery, EndReason, Event, Viewer};
use uuid::Uuid;

use crate::clock;
use crate::handle::{Handle, Stream};
use crate::outbox::Outbox;
use crate::registry::Registry;
use crate::selector::Selector;

pub(super) fn event(registry: &Registry, outbox: &Outbox, handle: &Handle, event: &Event) {
    let key = &handle.key;
    match event {
        Event::Started => started(registry, handle),
        Event::SourceOpened { opened } => {
            let place = source(handle);
            tracing::info!(channel = %key, opened, "channel {key}: {place} opened");
            began(outbox, handle);
        }
        Event::SourceLost { cause } => {
            tracing::warn!(channel = %key, "channel {key}: source given up: {cause}");
        }
        Event::WentLive => {
            let stream = handle.stream();
            let since = stream
                .as_ref()
                .map(|it| clock::wall().duration_since(it.started_at));
            let waited = since.map_or(0.0, |since| since.as_secs_f64());
            tracing::info!(channel = %key, "channel {key}: live after {waited:.1} s");
        }
        Event::SourceFlawed { what } => {
            tracing::warn!(channel = %key, "channel {key}: flaw in the source: {what}");
        }
        Event::SlateShown { clip } => bounded(registry, handle, || {
            let said = clip.as_str();
            tracing::warn!(channel = %key, "channel {key}: showing the slate: {said}");
        }),
        Event::SlateLeft => {
            tracing::info!(channel = %key, "channel {key}: back on the source");
        }
        Event::SegmentsLost { count, cause } => {
            tracing::warn!(channel = %key, count, "channel {key}: segments lost: {cause}");
        }
        Event::SourceRestarted => {
            tracing::info!(channel = %key, "channel {key}: the source counts anew");
        }
        Event::Failed { failure } => bounded(registry, handle, || {
            tracing::warn!(channel = %key, "channel {key}: failed: {failure}");
        }),
        Event::Ended { reason } => ended(registry, outbox, handle, *reason),
    }
}

pub(super) fn viewer_left(registry: &Registry, handle: &Handle, viewer: &Viewer) {
    if viewer.watching {
        let key = &handle.key;
        let (agent, bytes, address) = (&viewer.agent, viewer.bytes_sent, &viewer.address);
        if has_room(registry) {
            tracing::info!(channel = %key, bytes, agent, "channel {key}: a viewer left");
        }
        tracing::debug!(channel = %key, "channel {key}: the viewer that left was at {address}");
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

fn ended(registry: &Registry, outbox: &Outbox, handle: &Handle, reason: EndReason) {
    let key = &handle.key;
    let word = reason.as_str();
    bounded(registry, handle, || {
        tracing::info!(channel = %key, reason = word, "channel {key}: ended");
    });
    if let Some(stream) = handle.stream().take() {
        outbox.ended(&stream.id, word);
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
