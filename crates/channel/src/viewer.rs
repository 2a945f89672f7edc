//! Who watches: a table of viewers by token, told of each request and asked who has gone.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::meter::Meter;
use crate::playhead::{Piece, Playhead, Playing};
use crate::time::Moment;

/// Viewers of one channel at most; more would be a flood of made-up tokens.
pub const VIEWERS_MAX: usize = 20_000;

/// Longest text kept of what a player calls itself.
const AGENT_BYTES_MAX: usize = 256;

/// A viewer's token: its identity. Address and agent are mere attributes, since many viewers may
/// share them behind one router.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ViewerId(pub u128);

/// How a viewer is served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// By playlists: many requests, with rests between them.
    #[default]
    Playlists,
    /// By one body without an end: the viewer is there as long as its request is.
    Continuous,
}

/// What is known of a viewer.
#[derive(Clone, Debug)]
pub struct Viewer {
    /// Where the newest request came from.
    pub address: String,
    /// What the player calls itself.
    pub agent: String,
    /// How it is served.
    pub delivery: Delivery,
    /// When it came.
    pub connected_at: Moment,
    /// When it was last heard of.
    pub last_active: Moment,
    /// Bytes of media it was sent.
    pub bytes_sent: u64,
    /// Times that it was too slow and was moved on to newer media.
    pub skips: u64,
    /// Whether it has asked for media. One that has only fetched the entry point may be a probe: it
    /// keeps the channel running for a while but is not counted.
    pub watching: bool,
    /// How far it can play.
    pub playhead: Playhead,
    rate: Meter,
    requests: u32,
}

/// What all viewers of a channel have had, those that have gone among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Bytes of media.
    pub bytes_sent: u64,
    /// Times that one of them ran dry.
    pub underruns: u64,
    /// How long they had nothing to play, together.
    pub stalled: Duration,
    /// Times that one of them was moved on to newer media.
    pub skips: u64,
}

impl Totals {
    fn add(&mut self, viewer: &Viewer, playing: &Playing) {
        self.underruns += playing.underruns;
        self.stalled += playing.stalled;
        self.skips += viewer.skips;
    }
}

/// The table is closed: its channel is over, and a new one must be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The channel is over.
    #[error("the channel is over")]
    Closed,
    /// There is no room for another viewer.
    #[error("the channel has {VIEWERS_MAX} viewers, no more are let in")]
    Full,
}

/// What a request tells of its viewer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Caller<'a> {
    /// Where it comes from.
    pub address: &'a str,
    /// What the player calls itself.
    pub agent: &'a str,
    /// Whether it asks for media, not only for the entry point.
    pub watching: bool,
    /// How it is served.
    pub delivery: Delivery,
}

/// What a request that begins changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Nobody was there before, so the channel must be told.
    pub alone: bool,
    /// It is its viewer's first for media.
    pub starts: bool,
}

/// The viewers of one channel.
#[derive(Debug, Default)]
pub struct Viewers {
    present: BTreeMap<ViewerId, Viewer>,
    closed: bool,
    /// Until when somebody is waited for who was told to come again: a start is kept for that, which would
    /// otherwise begin from nothing each time.
    awaited: Option<Moment>,
    /// What those had who have gone; of bytes, what all have had.
    gone: Totals,
}

impl Viewers {
    /// A request begins.
    pub fn begin(
        &mut self,
        now: Moment,
        id: ViewerId,
        caller: Caller<'_>,
    ) -> Result<Begun, Refused> {
        if self.closed {
            return Err(Refused::Closed);
        }
        let alone = self.present.is_empty();
        if VIEWERS_MAX <= self.present.len() && !self.present.contains_key(&id) {
            return Err(Refused::Full);
        }
        let viewer = self.present.entry(id).or_insert_with(|| Viewer {
            address: String::new(),
            agent: shortened(caller.agent).to_owned(),
            delivery: caller.delivery,
            connected_at: now,
            last_active: now,
            bytes_sent: 0,
            skips: 0,
            watching: false,
            playhead: Playhead::default(),
            rate: Meter::default(),
            requests: 0,
        });
        if viewer.address != caller.address {
            caller.address.clone_into(&mut viewer.address);
        }
        let starts = caller.watching && !viewer.watching;
        viewer.watching |= caller.watching;
        viewer.last_active = now;
        viewer.requests += 1;
        Ok(Begun { alone, starts })
    }

    /// A request ends, answered or not. As long as one is under way its viewer stays: a slow
    /// download is not silence.
    pub fn end(&mut self, now: Moment, id: ViewerId, bytes: u64) {
        if let Some(viewer) = self.present.get_mut(&id) {
            viewer.requests = viewer.requests.saturating_sub(1);
            viewer.sent(now, bytes);
            self.gone.bytes_sent += bytes;
        }
    }

    /// A request goes on: bytes were sent to its viewer, or it was moved on so often.
    pub fn note(&mut self, now: Moment, id: ViewerId, bytes: u64, skips: u64) {
        if let Some(viewer) = self.present.get_mut(&id) {
            viewer.sent(now, bytes);
            viewer.skips += skips;
            self.gone.bytes_sent += bytes;
        }
    }

    /// A viewer has media to play.
    pub fn hand(&mut self, now: Moment, id: ViewerId, piece: Piece) {
        if let Some(viewer) = self.present.get_mut(&id) {
            viewer.playhead.feed(now, piece);
        }
    }

    /// Bytes of media were sent to somebody who is not told apart.
    pub fn sent_to_anybody(&mut self, bytes: u64) {
        self.gone.bytes_sent += bytes;
    }

    /// What all of them have had so far.
    pub fn totals(&self, now: Moment) -> Totals {
        let mut totals = self.gone;
        for viewer in self.present.values() {
            totals.add(viewer, &viewer.playing(now));
        }
        totals
    }

    /// Takes off one that was refused, unless it watches or asks for something else as well.
    pub fn leave(&mut self, id: ViewerId) {
        if self
            .present
            .get(&id)
            .is_some_and(|viewer| viewer.requests == 0 && !viewer.watching)
        {
            self.present.remove(&id);
        }
    }

    /// Somebody was told to come again by then.
    pub fn expect(&mut self, until: Moment) {
        if !self.closed {
            self.awaited = self.awaited.max(Some(until));
        }
    }

    /// Takes off whoever has been silent for `idle`, and whose continuous body is over; returns them.
    pub fn expire(&mut self, now: Moment, idle: Duration) -> Vec<(ViewerId, Viewer)> {
        let is_over =
            |_: &ViewerId, viewer: &mut Viewer| viewer.expiry(idle).is_some_and(|at| at <= now);
        let gone: Vec<_> = self.present.extract_if(.., is_over).collect();
        self.awaited = self.awaited.filter(|until| now < *until);
        for (_, viewer) in &gone {
            self.gone.add(viewer, &viewer.playing(now));
        }
        gone
    }

    /// When the next viewer would be taken off, if nobody asks for anything.
    pub fn next_expiry(&self, idle: Duration) -> Option<Moment> {
        let expiries = self.present.values().map(|viewer| viewer.expiry(idle));
        expiries.flatten().chain(self.awaited).min()
    }

    /// Closes the table if nobody is there, whoever may come again; returns whether it is closed.
    pub fn close_if_empty(&mut self) -> bool {
        self.closed |= self.present.is_empty();
        self.closed
    }

    /// Closes the table and sends everybody away.
    pub fn close(&mut self) {
        self.closed = true;
        self.awaited = None;
        for (_, viewer) in std::mem::take(&mut self.present) {
            self.gone.add(&viewer, &viewer.playing(viewer.last_active));
        }
    }

    /// Whether nobody is let in any more.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether nobody is there, not even a probe, and nobody is waited for.
    pub fn is_empty(&self) -> bool {
        self.present.is_empty() && self.awaited.is_none()
    }

    /// Viewers that watch.
    pub fn watching(&self) -> usize {
        self.iter().count()
    }

    /// Everybody who watches.
    pub fn iter(&self) -> impl Iterator<Item = (ViewerId, &Viewer)> {
        self.present
            .iter()
            .map(|(id, viewer)| (*id, viewer))
            .filter(|(_, viewer)| viewer.watching && !viewer.is_over())
    }
}

impl Viewer {
    /// How it plays.
    pub fn playing(&self, now: Moment) -> Playing {
        let heard = if self.requests == 0 {
            self.last_active
        } else {
            now
        };
        self.playhead.at(now, heard)
    }

    /// Bits per second that it was sent of late.
    pub fn rate(&self, now: Moment) -> u64 {
        self.rate.rate(now)
    }

    fn sent(&mut self, now: Moment, bytes: u64) {
        self.last_active = self.last_active.max(now);
        self.bytes_sent += bytes;
        self.rate.add(now, bytes);
    }

    /// When it is to be taken off, if it asks for nothing more.
    fn expiry(&self, idle: Duration) -> Option<Moment> {
        match (self.requests, self.delivery) {
            (0, Delivery::Playlists) => Some(self.last_active + idle),
            (0, Delivery::Continuous) => Some(self.last_active),
            _ => None,
        }
    }

    /// Whether its continuous body has ended.
    fn is_over(&self) -> bool {
        self.requests == 0 && self.delivery == Delivery::Continuous
    }
}

fn shortened(agent: &str) -> &str {
    let mut end = agent.len().min(AGENT_BYTES_MAX);
    while !agent.is_char_boundary(end) {
        end -= 1;
    }
    &agent[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Duration = Duration::from_secs(15);

    fn at(seconds: u64) -> Moment {
        Moment(Duration::from_secs(seconds))
    }

    fn request(viewers: &mut Viewers, seconds: u64, id: u128, watching: bool) -> bool {
        let caller = Caller {
            address: "192.0.2.1",
            agent: "player",
            watching,
            ..Caller::default()
        };
        let first = viewers
            .begin(at(seconds), ViewerId(id), caller)
            .expect("an open table")
            .alone;
        viewers.end(at(seconds), ViewerId(id), 10);
        first
    }

    #[test]
    fn players_behind_one_router_are_counted_one_by_one() {
        let mut viewers = Viewers::default();
        for id in 0..3 {
            request(&mut viewers, 0, id, true);
        }
        assert_eq!(viewers.watching(), 3);
    }

    #[test]
    fn the_count_does_not_fall_or_rise_with_each_poll() {
        let mut viewers = Viewers::default();
        assert!(request(&mut viewers, 0, 1, false));
        for second in 1..60 {
            assert!(!request(&mut viewers, second, 1, true));
            assert!(viewers.expire(at(second), IDLE).is_empty());
            assert_eq!(viewers.watching(), 1);
        }
    }

    #[test]
    fn a_probe_keeps_the_channel_but_is_not_counted() {
        let mut viewers = Viewers::default();
        request(&mut viewers, 0, 1, false);
        assert_eq!(viewers.watching(), 0);
        assert!(!viewers.is_empty());
        assert_eq!(viewers.expire(at(15), IDLE).len(), 1);
        assert!(viewers.is_empty());
    }

    #[test]
    fn who_was_told_to_come_again_is_waited_for_and_not_counted() {
        let mut viewers = Viewers::default();
        viewers.expect(at(5));
        viewers.expect(at(3));
        assert_eq!((viewers.watching(), viewers.is_empty()), (0, false));
        assert_eq!(viewers.next_expiry(IDLE), Some(at(5)));
        assert!(viewers.expire(at(4), IDLE).is_empty());
        assert!(!viewers.is_empty());
        viewers.expire(at(5), IDLE);
        assert!(viewers.is_empty());
        viewers.expect(at(9));
        assert!(viewers.close_if_empty(), "an end waits for nobody");
    }

    #[test]
    fn a_viewer_starts_with_its_first_request_for_media() {
        let mut viewers = Viewers::default();
        let mut begin = |watching| {
            let caller = Caller {
                address: "192.0.2.1",
                agent: "player",
                watching,
                ..Caller::default()
            };
            viewers
                .begin(at(0), ViewerId(1), caller)
                .expect("an open table")
                .starts
        };
        assert_eq!(
            [begin(false), begin(true), begin(true)],
            [false, true, false]
        );
    }

    #[test]
    fn a_silent_viewer_is_taken_off_after_the_idle_time_and_not_before() {
        let mut viewers = Viewers::default();
        request(&mut viewers, 0, 1, true);
        assert_eq!(viewers.next_expiry(IDLE), Some(at(15)));
        assert!(viewers.expire(at(14), IDLE).is_empty());
        assert_eq!(viewers.expire(at(15), IDLE).len(), 1);
    }

    #[test]
    fn a_viewer_that_waits_or_downloads_slowly_stays() {
        let mut viewers = Viewers::default();
        let caller = Caller {
            address: "192.0.2.1",
            agent: "player",
            watching: true,
            ..Caller::default()
        };
        viewers
            .begin(at(0), ViewerId(1), caller)
            .expect("an open table");
        assert_eq!(viewers.next_expiry(IDLE), None);
        assert!(viewers.expire(at(500), IDLE).is_empty());
        viewers.end(at(500), ViewerId(1), 0);
        assert_eq!(viewers.next_expiry(IDLE), Some(at(515)));
    }

    #[test]
    fn a_closed_table_lets_nobody_in() {
        let mut viewers = Viewers::default();
        request(&mut viewers, 0, 1, true);
        assert!(!viewers.close_if_empty());
        viewers.expire(at(15), IDLE);
        assert!(viewers.close_if_empty());
        let caller = Caller {
            address: "192.0.2.1",
            agent: "player",
            watching: true,
            ..Caller::default()
        };
        assert_eq!(
            viewers.begin(at(16), ViewerId(1), caller),
            Err(Refused::Closed)
        );
    }

    #[test]
    fn a_flood_of_made_up_tokens_is_bounded() {
        let mut viewers = Viewers::default();
        for id in 0..VIEWERS_MAX as u128 {
            request(&mut viewers, 0, id, true);
        }
        let caller = Caller {
            address: "192.0.2.1",
            agent: "player",
            watching: true,
            ..Caller::default()
        };
        assert_eq!(
            viewers.begin(at(0), ViewerId(u128::MAX), caller),
            Err(Refused::Full)
        );
        assert!(viewers.begin(at(0), ViewerId(0), caller).is_ok());
    }

    #[test]
    fn a_long_agent_is_cut_between_characters() {
        let long = "é".repeat(AGENT_BYTES_MAX);
        assert_eq!(shortened(&long).len(), AGENT_BYTES_MAX);
        let long = format!("a{long}");
        assert_eq!(shortened(&long).len(), AGENT_BYTES_MAX - 1);
    }

    #[test]
    fn a_viewer_of_a_continuous_body_is_gone_when_the_body_is_over_and_not_before() {
        let mut viewers = Viewers::default();
        let caller = Caller {
            watching: true,
            delivery: Delivery::Continuous,
            ..Caller::default()
        };
        let id = ViewerId(1);
        viewers.begin(at(0), id, caller).expect("an open table");
        viewers.note(at(30), id, 1_000, 1);
        assert_eq!(viewers.next_expiry(IDLE), None);
        assert!(viewers.expire(at(500), IDLE).is_empty());
        assert_eq!(viewers.watching(), 1);
        viewers.end(at(500), id, 20);
        assert_eq!(viewers.watching(), 0);
        assert!(!viewers.is_empty(), "it is still to be told that it left");
        assert_eq!(viewers.next_expiry(IDLE), Some(at(500)));
        let gone = viewers.expire(at(500), IDLE);
        let figures = gone.iter().map(|(_, it)| (it.bytes_sent, it.skips));
        assert_eq!(figures.collect::<Vec<_>>(), [(1_020, 1)]);
    }

    #[test]
    fn what_viewers_had_is_still_known_when_they_have_gone() {
        let mut viewers = Viewers::default();
        let piece = |sequence| Piece {
            sequence: crate::segment::MediaSequence(sequence),
            until: Duration::from_secs(2),
            slate: false,
        };
        for id in [1, 2] {
            request(&mut viewers, 0, id, true);
            viewers.hand(at(0), ViewerId(id), piece(7));
        }
        // The one asks on when it has run dry, the other was never heard of again.
        request(&mut viewers, 5, 1, true);
        let told = |viewers: &Viewers, now| {
            let totals = viewers.totals(at(now));
            (
                totals.bytes_sent,
                totals.underruns,
                totals.stalled.as_secs(),
            )
        };
        assert_eq!(told(&viewers, 6), (30, 1, 3));
        viewers.hand(at(6), ViewerId(1), piece(8));
        assert_eq!(told(&viewers, 6), (30, 1, 4));
        viewers.sent_to_anybody(12);
        assert_eq!(viewers.expire(at(30), IDLE).len(), 2);
        assert_eq!(told(&viewers, 30), (42, 1, 4));
        request(&mut viewers, 40, 3, true);
        viewers.close();
        assert_eq!(told(&viewers, 50), (52, 1, 4));
    }
}
