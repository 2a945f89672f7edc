//! The body of a source, as the driver reads it: only while the channel wants more, and whatever comes at once.

use std::time::Duration;

use channel::{Input, PullId};

use super::Driver;
use crate::coverage::Seen;
use crate::source::Piece;
use crate::world::{What, World};

/// How soon a body that was not read on is looked at again.
const REST: Duration = Duration::from_millis(250);

/// Pieces that come at one moment, at most: more than any source holds.
const PIECES_MAX: usize = 1_000;

impl Driver {
    /// Whether a body has begun.
    pub(super) fn is_reading(&self) -> bool {
        self.current.as_ref().is_some_and(|it| it.body.is_some())
    }
}

impl World {
    /// Asks for the body of the source.
    pub(super) fn read(&mut self, driver: &mut Driver, pull: PullId) {
        let Some(session) = driver.session().filter(|(open, _)| *open == pull) else {
            return;
        };
        let patience = self.settings.first_segment_timeout;
        let source = &mut self.sources[driver.number];
        let answer = source.read(self.now, &mut self.random, session.1, patience);
        let input = match answer.result {
            Ok(()) => Input::BodyOpened { pull },
            Err(trouble) => Input::BodyEnded {
                pull,
                end: Err(trouble),
            },
        };
        self.request(driver, answer.after, input);
    }

    /// It begins.
    pub(super) fn begin_body(&mut self, driver: &mut Driver, pull: PullId) {
        let source = &mut self.sources[driver.number];
        let Some(current) = driver.current.as_mut().filter(|it| it.pull == pull) else {
            return;
        };
        current.body = source.begin_reading(self.now, current.session);
        self.see(Seen::Body);
        self.piece_in(driver, Duration::ZERO, pull);
    }

    fn piece_in(&mut self, driver: &Driver, after: Duration, pull: PullId) {
        let (number, id) = (driver.number, driver.id);
        let what = What::Piece { number, id, pull };
        self.agenda.at(self.now + after, what);
    }

    /// Reads what there is at this moment.
    pub(crate) fn pieces(&mut self, driver: &mut Driver, pull: PullId) {
        for _ in 0..PIECES_MAX {
            let now = self.moment();
            if !driver.channel.wants_more(now, &self.settings) {
                self.see(Seen::NotReadOn);
                return self.piece_in(driver, REST, pull);
            }
            let source = &mut self.sources[driver.number];
            let current = driver.current.as_mut().filter(|it| it.pull == pull);
            let Some(body) = current.and_then(|it| it.body.as_mut()) else {
                return;
            };
            match source.piece(self.now, &mut self.random, body) {
                Piece::Bytes(bytes) => {
                    let chunks = vec![bytes];
                    self.take(driver, Input::Received { pull, chunks });
                }
                Piece::Later(after) => return self.piece_in(driver, after, pull),
                Piece::Ended(end) => {
                    if let Some(current) = &mut driver.current {
                        current.body = None;
                    }
                    self.see(Seen::BodyOver);
                    return self.take(driver, Input::BodyEnded { pull, end });
                }
            }
        }
        panic!("a body is read on and on");
    }
}
