//! How a body is let out: its pace, its pauses, its early end; never what is in it.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use tokio::time::Instant;

use super::Ending;
use crate::clock;
use crate::reply::Pieces;

/// Pieces that a paced body is cut into a second: often enough to look like a flow.
const PACED_PIECES_A_SECOND: u64 = 100;

/// A piece of a paced body at most, so that a fast one still flows.
const PACED_PIECE_BYTES_MAX: u64 = 64 << 10;

/// How late a timer may fire; more is somebody else's wait.
const LATE_MAX: Duration = Duration::from_millis(20);

/// What happens at one position of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    Silence(Option<Duration>),
    Cut(Ending),
}

/// The way that one body is let out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shape {
    pub(crate) bytes_per_second: Option<u64>,
    pub(crate) stops: Vec<(u64, Stop)>,
}

impl Shape {
    /// Whether it changes anything.
    pub(crate) fn is_plain(&self) -> bool {
        self.bytes_per_second.is_none() && self.stops.is_empty()
    }

    /// Whether the connection will not outlive the body.
    pub(crate) fn cuts(&self) -> bool {
        self.stops
            .iter()
            .any(|(_, stop)| matches!(stop, Stop::Cut(_)))
    }

    /// `pieces`, let out in this way.
    pub(crate) fn applied(mut self, pieces: Pieces) -> Pieces {
        if self.is_plain() {
            return pieces;
        }
        self.stops.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        let flow = Flow {
            shape: self,
            pieces,
            ready: Bytes::new(),
            sent: 0,
            due: clock::now(),
        };
        stream::unfold(Some(flow), |flow| async move { flow?.next().await }).boxed()
    }
}

struct Flow {
    shape: Shape,
    pieces: Pieces,
    ready: Bytes,
    sent: u64,
    due: Instant,
}

impl Flow {
    async fn next(mut self) -> Option<(Result<Bytes, Ending>, Option<Self>)> {
        while let Some((_, stop)) = self.shape.stops.pop_if(|(at, _)| *at <= self.sent) {
            match stop {
                Stop::Cut(ending) => return Some((Err(ending), None)),
                Stop::Silence(Some(lasting)) => tokio::time::sleep(lasting).await,
                Stop::Silence(None) => std::future::pending().await,
            }
            self.due = clock::now();
        }
        while self.ready.is_empty() {
            match self.pieces.next().await? {
                Ok(bytes) => self.ready = bytes,
                Err(ending) => return Some((Err(ending), None)),
            }
        }
        let piece = self.ready.split_to(self.piece_bytes());
        if let Some(rate) = self.shape.bytes_per_second {
            // A body that waited for its source, or for its reader, does not catch up; one that
            // was woken a little late does.
            self.due = self
                .due
                .max(clock::now().checked_sub(LATE_MAX).unwrap_or(self.due));
            self.due += Duration::from_secs_f64(piece.len() as f64 / rate.max(1) as f64);
            tokio::time::sleep_until(self.due).await;
        }
        self.sent += piece.len() as u64;
        Some((Ok(piece), Some(self)))
    }

    fn piece_bytes(&self) -> usize {
        let mut bytes = self.ready.len() as u64;
        if let Some(rate) = self.shape.bytes_per_second {
            bytes = bytes.min((rate / PACED_PIECES_A_SECOND).clamp(1, PACED_PIECE_BYTES_MAX));
        }
        if let Some((at, _)) = self.shape.stops.last() {
            bytes = bytes.min(at - self.sent);
        }
        bytes as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(bytes: usize) -> Pieces {
        stream::iter([Ok(Bytes::from(vec![1; bytes]))]).boxed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_paced_body_takes_its_time() {
        let shape = Shape {
            bytes_per_second: Some(1000),
            ..Shape::default()
        };
        let start = clock::now();
        let pieces: Vec<_> = shape.applied(whole(5000)).collect().await;
        assert_eq!(
            pieces
                .into_iter()
                .map(|piece| piece.unwrap().len())
                .sum::<usize>(),
            5000
        );
        let took = clock::now() - start;
        assert!((4900..5600).contains(&took.as_millis()), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_silence_and_a_cut_come_at_their_byte() {
        let silence = Stop::Silence(Some(Duration::from_secs(9)));
        let stops = vec![(800, Stop::Cut(Ending::Reset)), (300, silence)];
        let start = clock::now();
        let shape = Shape {
            stops,
            ..Shape::default()
        };
        let pieces: Vec<_> = shape.applied(whole(1000)).collect().await;
        let lengths: Vec<_> = pieces
            .into_iter()
            .map(|piece| piece.map(|bytes| bytes.len()))
            .collect();
        assert_eq!(lengths, [Ok(300), Ok(500), Err(Ending::Reset)]);
        assert_eq!(clock::now() - start, Duration::from_secs(9));
    }
}
