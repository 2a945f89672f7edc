//! One session: from its start to media, and what it has sent; it does not know other sessions.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::options::Options;
use super::route::Output;
use crate::broadcast::Broadcast;
use crate::clock;
use crate::fault::Faults;
use crate::feed::Feed;

/// Invariant: `gone` is cancelled when the session is dropped.
pub(super) struct Session {
    pub(super) playback_id: String,
    pub(super) output: Output,
    pub(super) started: Instant,
    pub(super) touched: Instant,
    pub(super) live: Option<Live>,
    pub(super) gone: CancellationToken,
    /// Ends the latest reader of the continuous body.
    pub(super) reader: CancellationToken,
    pub(super) readers: usize,
    /// Requests that are being answered for as long as they like: blocked lists, bodies.
    pub(super) users: usize,
    pub(super) stat_polls: u64,
    pub(super) event_polls: u64,
    starved: bool,
}

/// A session that has media.
pub(super) struct Live {
    pub(super) since: Instant,
    pub(super) feed: Feed,
    /// Counts the playlists that were sent.
    pub(super) turn: u64,
    /// When the source stopped sending, if it has.
    pub(super) frozen: Option<Instant>,
    pub(super) bytes_per_second: f64,
}

/// How far a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Idle,
    Prebuf,
    Dl,
}

impl Session {
    pub(super) fn new(playback_id: String, output: Output, now: Instant) -> Self {
        Self {
            playback_id,
            output,
            started: now,
            touched: now,
            live: None,
            gone: CancellationToken::new(),
            reader: CancellationToken::new(),
            readers: 0,
            users: 0,
            stat_polls: 0,
            event_polls: 0,
            starved: false,
        }
    }

    /// How far the session is at `now`; without peers it does not get to its media.
    pub(super) fn stage(&mut self, now: Instant, options: &Options, starved: bool) -> Stage {
        let ready = self.started + options.prebuf;
        match &self.live {
            Some(_) => Stage::Dl,
            None if ready <= now && !starved => Stage::Dl,
            None if now < self.started + options.idle.min(options.prebuf) => Stage::Idle,
            None => {
                self.starved |= starved;
                Stage::Prebuf
            }
        }
    }

    /// The media of a session that is in `Dl`.
    pub(super) fn live(
        &mut self,
        now: Instant,
        options: &Options,
        broadcast: &mut Broadcast,
        unix: Duration,
    ) -> &mut Live {
        let since = if self.starved {
            now
        } else {
            self.started + options.prebuf
        };
        self.live
            .get_or_insert_with(|| Live::new(since, options, broadcast, unix))
    }

    /// When the session is gone if nobody uses it from now on.
    pub(super) fn deadline(&self, idle_after: Duration) -> Instant {
        let touched = if 0 < self.users {
            clock::now()
        } else {
            self.touched
        };
        touched + idle_after
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.gone.cancel();
    }
}

impl Live {
    fn new(since: Instant, options: &Options, broadcast: &mut Broadcast, unix: Duration) -> Self {
        let first = broadcast.number(since);
        let media = broadcast.media().clone();
        let seconds = media.duration(first).as_secs_f64().max(0.001);
        let bytes_per_second = media.segment(first).len() as f64 / seconds;
        let feed = Feed::new(media, first, options.span(), since, unix);
        Self {
            since,
            feed,
            turn: 0,
            frozen: None,
            bytes_per_second,
        }
    }

    /// Brings the list up to date.
    pub(super) fn advance(&mut self, now: Instant, faults: &Faults, infohash: &str) {
        self.feed.advance(now, faults, infohash);
    }
}
