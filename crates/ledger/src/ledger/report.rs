//! Streams that other proxies report.

use std::sync::Arc;

use super::{Effect, Ledger, REPORTED_MAX};
use crate::Now;
use crate::stream::Stream;

/// More streams are reported than can be kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

/// What a report of an end changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// A stream was running and has ended with this report.
    pub updated: bool,
    /// The stream that was meant, if it is known.
    pub stream: Option<Arc<Stream>>,
}

impl Ledger {
    /// Another proxy has started a stream. The same stream again takes the place of what was known of
    /// it; the same report again changes nothing. One of our own is never changed from outside.
    pub fn report(
        &mut self,
        now: Now,
        stream: Stream,
    ) -> Result<(Arc<Stream>, Vec<Effect>), TooMany> {
        if let Some(known) = self.streams.get(&stream.id) {
            if known.own || known.is_same_session(&stream) {
                return Ok((Arc::clone(known), Vec::new()));
            }
        } else if REPORTED_MAX <= self.reported.len() {
            return Err(TooMany);
        }
        let id = stream.id.clone();
        let had_ended = self.reported.insert(id.clone()) && self.streams.contains_key(&id);
        if had_ended {
            self.ended.retain(|other| *other != id);
        }
        self.put(Stream {
            own: false,
            told: false,
            ended: None,
            called: None,
            ..stream
        });
        let mut out = Vec::new();
        self.settle(now, &mut out);
        let stream = Arc::clone(&self.streams[&id]);
        Ok((stream, out))
    }

    /// Another proxy says that a stream has ended: the one of this id, or, without an id, the newest
    /// that runs in this container.
    pub fn report_end(
        &mut self,
        now: Now,
        stream: Option<&str>,
        container: Option<&str>,
        reason: Option<String>,
    ) -> (Ending, Vec<Effect>) {
        let found = match (stream, container) {
            (Some(id), _) => self.streams.get(id),
            (None, Some(container)) => self
                .reported_running()
                .filter(|it| it.container_id.as_deref() == Some(container))
                .max_by_key(|it| it.started_at),
            (None, None) => None,
        };
        let Some(found) = found.map(Arc::clone) else {
            let ending = Ending {
                updated: false,
                stream: None,
            };
            return (ending, Vec::new());
        };
        let updated = !found.own && found.ended.is_none();
        let mut out = Vec::new();
        if updated {
            self.end(&found.id, now.wall, reason, &mut out);
            self.settle(now, &mut out);
        }
        let stream = self.streams.get(&found.id).map(Arc::clone);
        (Ending { updated, stream }, out)
    }
}
