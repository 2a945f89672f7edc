//! One content asked for by id and by infohash: an engine tells with a session what it plays, and where another channel
//! plays that already, this one gives way before it has shown anything. Two sessions of one content on an engine take
//! it away from each other for as long as there are two.

use channel::{EndReason, Input};

use super::Driver;
use crate::upstream::Open;

impl Driver {
    /// Ends the channel if what was opened for it is played by another one already; whoever waits for it finds that one.
    pub(super) fn give_way_if_played(&mut self, open: &Open) {
        let infohash = open.session.as_ref().and_then(|it| it.infohash.as_deref());
        let Some(infohash) = infohash else {
            return;
        };
        let Some(other) = self.registry.claim(infohash, &self.handle.selector) else {
            return;
        };
        let shows_media = {
            let snapshot = self.show.borrow();
            let mut held = snapshot.window.held();
            held.any(|segment| !segment.slate)
        };
        // Who watches already keeps the name that they have: another channel has other numbers.
        if shows_media || self.handle.is_over() {
            return;
        }
        let key = &self.handle.key;
        tracing::info!(
            channel = %key,
            "channel {key}: plays the same as channel {other}, to which its viewers are led"
        );
        self.handle.viewers().close();
        self.take(Input::Stop {
            reason: EndReason::LastViewerLeft,
        });
    }
}
