//! The continuous body of a source: read as fast as it may be shown, and handed on as fast as viewers can be woken.

use std::time::Duration;

use bytes::Bytes;
use channel::{Input, Moment, PullId};
use engine::{FetchError, Live};

use super::Driver;
use crate::upstream;

/// The pace at which a body is handed on to a few viewers at most.
const PACE_MIN: Duration = Duration::from_millis(1);

/// So many viewers are a few.
const FEW_VIEWERS: usize = 100;

/// What each one more adds to it.
const PACE_STEP: Duration = Duration::from_micros(200);

/// The slowest pace, at which 100 KB come at 8 Mbit/s: as much as is written at once of a segment.
const PACE_MAX: Duration = Duration::from_millis(100);

/// What a read brings: bytes, the end, or why there is none.
pub(super) type Read = Result<Option<Vec<Bytes>>, FetchError>;

/// A continuous body that is being read.
pub(super) struct Body {
    pub(super) pull: PullId,
    pub(super) live: Box<Live>,
    /// When the newest of it was handed on.
    pub(super) read_at: Moment,
}

impl Driver {
    /// Hands on what came of the body, or that it is over.
    pub(super) fn take_read(&mut self, pull: PullId, read: Read) {
        let end = match read {
            Ok(Some(chunks)) => {
                let now = self.context.clock.now();
                if let Some(body) = self.source(pull).and_then(|it| it.body.as_mut()) {
                    body.read_at = now;
                }
                return self.take(Input::Received { pull, chunks });
            }
            Ok(None) => Ok(()),
            Err(error) => Err(upstream::trouble(&error)),
        };
        if let Some(source) = self.source(pull) {
            source.body = None;
        }
        self.take(Input::BodyEnded { pull, end });
    }
}

/// The next bytes of a body, if there is one to be read.
pub(super) async fn next(body: Option<&mut Body>, now: Moment, pace: Duration) -> (PullId, Read) {
    match body {
        Some(body) => {
            let rest = (body.read_at + pace).since(now);
            (body.pull, body.live.next(rest).await)
        }
        None => std::future::pending().await,
    }
}

/// How far apart a body's pieces are handed on at least. A few viewers get them as they come; with many, waking each of
/// them for every little would take more time than sending it, and nobody sees a tenth of a second.
pub(super) fn pace(viewers: usize) -> Duration {
    let many = viewers.saturating_sub(FEW_VIEWERS).try_into();
    (PACE_MIN + PACE_STEP * many.unwrap_or(u32::MAX)).min(PACE_MAX)
}
