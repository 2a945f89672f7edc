//! What contents are called: asked once from the engine that plays them, one content at a time, and only when media flows.

use engine::{Address, Content, Status};

use super::Collector;
use crate::handle::Handle;

/// What an engine said of a content, if it knows it.
pub(super) struct Titled {
    infohash: String,
    content: Option<Content>,
}

impl Collector {
    /// Asks what one content is called that nobody has asked for yet.
    pub(super) fn ask_title(&mut self) {
        if !self.titles.is_empty() {
            return;
        }
        let titles = &self.parts.context.records.titles;
        let running = self.parts.registry.all();
        let mut playing = running.iter().filter_map(|handle| playing(handle));
        let found = playing.find(|(infohash, _)| !titles.is_asked(infohash));
        if let Some((infohash, engine)) = found {
            let upstream = self.parts.context.upstream.clone();
            self.titles.spawn(async move {
                let content = upstream.content(&engine, &infohash).await.ok();
                Titled { infohash, content }
            });
        }
    }

    pub(super) fn learn(&self, titled: Titled) {
        let Titled { infohash, content } = titled;
        self.parts.context.records.titles.learn(&infohash, content);
    }
}

/// What a channel's engine plays, and which engine, once media flows.
fn playing(handle: &Handle) -> Option<(String, Address)> {
    let stream = handle.stream();
    let stream = stream.as_ref()?;
    let status = stream.stat.as_ref()?.status.as_ref();
    let engine = stream.session.as_ref()?.engine.clone();
    let flows = status == Some(&Status::Downloading);
    let infohash = stream.infohash().filter(|_| flows)?;
    Some((infohash.to_owned(), engine))
}
