//! A continuous MPEG-TS body: a burst, then the pace of the media; it ends only by a fault or its owner.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use tokio::time::Instant;

use crate::clock;
use crate::fault::{Ending, Endpoint, Fault, Faults, Http, Listing, RuleId, Session, Spot};
use crate::feed::bytes_of;
use crate::media::Media;
use crate::reply::Pieces;

/// Unless said otherwise, a piece is about a fiftieth of a segment: 100 ms of one that lasts five seconds.
const PIECES_A_SEGMENT: u32 = 50;

/// The least that is sent at once: what players put into one datagram.
const PIECE_BYTES_MIN: usize = 188 * 7;

/// What a continuous body is made of.
pub(crate) struct Continuous {
    pub(crate) media: Media,
    pub(crate) faults: Faults,
    pub(crate) content: String,
    /// The number of the first segment.
    pub(crate) first: u64,
    /// Bytes that are sent without any pace.
    pub(crate) burst: u64,
    /// How much media is sent at a time; `None`: a share of the segment.
    pub(crate) piece: Option<Duration>,
    /// The rules that have struck this body already.
    pub(crate) seen: BTreeSet<RuleId>,
}

impl Continuous {
    /// The body, without end.
    pub(crate) fn pieces(self) -> Pieces {
        let flow = Flow {
            next: self.first,
            session: 0,
            ready: Bytes::new(),
            piece_bytes: PIECE_BYTES_MIN,
            piece_time: Duration::ZERO,
            sent: 0,
            due: None,
            of: self,
        };
        stream::unfold(Some(flow), |flow| async move { flow?.next().await }).boxed()
    }
}

struct Flow {
    of: Continuous,
    next: u64,
    session: u64,
    ready: Bytes,
    piece_bytes: usize,
    piece_time: Duration,
    sent: u64,
    /// When the next piece may go; `None` during the burst.
    due: Option<Instant>,
}

/// A fault that strikes a body on its way.
enum Turn {
    Cut(Ending),
    Silence(Option<Duration>),
    Listing(Listing),
}

impl Flow {
    async fn next(mut self) -> Option<(Result<Bytes, Ending>, Option<Self>)> {
        if let Some(ending) = self.struck().await {
            return Some((Err(ending), None));
        }
        self.wait_while_frozen().await;
        if self.ready.is_empty() {
            self.refill();
        }
        let piece = self.ready.split_to(self.piece_bytes.min(self.ready.len()));
        if self.of.burst <= self.sent {
            let due = *self.due.get_or_insert_with(clock::now);
            tokio::time::sleep_until(due).await;
            self.due = Some(due + self.piece_time);
        }
        self.sent += piece.len() as u64;
        Some((Ok(piece), Some(self)))
    }

    fn refill(&mut self) {
        self.ready = bytes_of(&self.of.media, self.next, self.session);
        let duration = self.of.media.duration(self.next);
        let (wanted, bytes_min) = match self.of.piece {
            Some(piece) => (piece, 188),
            None => (duration / PIECES_A_SEGMENT, PIECE_BYTES_MIN),
        };
        let share = self.ready.len() as f64 * wanted.div_duration_f64(duration);
        self.piece_bytes = (share as usize / 188 * 188).max(bytes_min);
        let pieces = self.ready.len().div_ceil(self.piece_bytes).max(1);
        self.piece_time = duration / u32::try_from(pieces).unwrap_or(u32::MAX);
        self.next += 1;
    }

    /// Lets new faults strike; the way the connection ends, if one ends it.
    async fn struck(&mut self) -> Option<Ending> {
        let spot = Spot::new(Endpoint::Stream).content(&self.of.content);
        let turns = self
            .of
            .faults
            .take(&spot, &mut self.of.seen, |fault| match fault {
                Fault::Http(Http::Cut { ending, .. }) => Some(Turn::Cut(*ending)),
                Fault::Http(Http::Truncate(_)) => Some(Turn::Cut(Ending::Fin)),
                Fault::Http(Http::Silence { lasting, .. }) => Some(Turn::Silence(*lasting)),
                Fault::Listing(listing) if listing.is_event() => {
                    Some(Turn::Listing(listing.clone()))
                }
                _ => None,
            });
        for turn in turns {
            match turn {
                Turn::Cut(ending) => return Some(ending),
                Turn::Silence(None) => std::future::pending().await,
                Turn::Silence(Some(lasting)) => {
                    tokio::time::sleep(lasting).await;
                    self.due = self.due.map(|_| clock::now());
                }
                Turn::Listing(event) => self.on(&event),
            }
        }
        None
    }

    fn on(&mut self, event: &Listing) {
        match event {
            Listing::Reset | Listing::Discontinuity { .. } => self.session += 1,
            Listing::Jump(count) | Listing::Lose(count) => self.next += count,
            Listing::Loop(count) => self.next = self.next.saturating_sub(*count),
            Listing::Duplicate => self.next = self.next.saturating_sub(1),
            _ => {}
        }
    }

    async fn wait_while_frozen(&mut self) {
        if !self.is_frozen(&self.of.faults) {
            return;
        }
        self.of.faults.until(|faults| !self.is_frozen(faults)).await;
        self.due = self.due.map(|_| clock::now());
    }

    fn is_frozen(&self, faults: &Faults) -> bool {
        let spot = Spot::new(Endpoint::Stream).content(&self.of.content);
        let burst_is_out = self.of.burst <= self.sent;
        faults.is_on(&spot, |fault| match fault {
            Fault::Session(Session::Freeze) => burst_is_out,
            Fault::Listing(Listing::Stall) => true,
            _ => false,
        })
    }
}
