//! Starts that wait for a place: each gets one in its turn, or is told after a while that there is none.

use std::collections::VecDeque;
use std::time::Duration;

use channel::Moment;
use engine::Address;
use engine::pool::{Claim, Unavailable};
use tokio::sync::oneshot;

use super::{Engines, Hold};
use crate::journal::{Kind, News};

/// Starts that may wait: one a channel, and one more for each that moves.
const WAITING_MAX: usize = 2_000;

/// How often it is told that there is no place: a house that is full stays so.
const FULL_AGAIN: Duration = Duration::from_mins(1);

/// Those who wait, in the order in which they came.
pub(super) type Line = VecDeque<Waiter>;

/// Somebody who waits.
pub(super) struct Waiter {
    avoid: Vec<Address>,
    answer: oneshot::Sender<Result<Hold, Unavailable>>,
}

/// What comes of asking for a place.
enum Turn {
    Now(Result<Claim, Unavailable>),
    Later(oneshot::Receiver<Result<Hold, Unavailable>>),
}

impl Engines {
    /// A place on one of the engines that are not avoided. Where all are full it waits for its turn, as long as
    /// `engine_wait_timeout` says.
    pub async fn claim(&self, avoid: &[Address]) -> Result<Hold, Unavailable> {
        let mut answer = match self.take_or_queue(avoid) {
            Turn::Now(claimed) => return claimed.map(|claim| Hold::new(self.clone(), claim)),
            Turn::Later(answer) => answer,
        };
        // Whoever is before may want none of what is free.
        self.serve();
        let mut settings = self.inner.settings.clone();
        let begun = self.now();
        loop {
            let wait = settings.borrow_and_update().engine_wait_timeout;
            let end = self.inner.clock.instant(Moment(begun + wait));
            tokio::select! {
                biased;
                served = &mut answer => return served.unwrap_or_else(|_| Err(self.full())),
                () = tokio::time::sleep_until(end) => break,
                Ok(()) = settings.changed() => self.serve(),
            }
        }
        // A place that comes at this very moment is taken.
        answer.close();
        let late = answer.try_recv().ok();
        late.unwrap_or_else(|| Err(self.full()))
    }

    /// The same without a wait.
    pub fn claim_at_once(&self, avoid: &[Address]) -> Result<Hold, Unavailable> {
        let (now, places) = (self.now(), self.places());
        let mut book = self.book();
        if !book.line.is_empty() {
            return Err(self.full());
        }
        let claimed = book.pool.claim(now, places, avoid);
        drop(book);
        claimed.map(|claim| Hold::new(self.clone(), claim))
    }

    fn take_or_queue(&self, avoid: &[Address]) -> Turn {
        let (now, places) = (self.now(), self.places());
        let mut book = self.book();
        // Nobody overtakes those who wait.
        if book.line.is_empty() {
            match book.pool.claim(now, places, avoid) {
                Err(Unavailable::AllFull { .. }) => {}
                claimed => return Turn::Now(claimed),
            }
        }
        book.line.retain(|waiter| !waiter.answer.is_closed());
        if WAITING_MAX <= book.line.len() {
            return Turn::Now(Err(self.full()));
        }
        let (answer, answered) = oneshot::channel();
        let avoid = avoid.to_vec();
        book.line.push_back(Waiter { avoid, answer });
        let is_news = book.full_told.is_none_or(|told| told + FULL_AGAIN <= now);
        if is_news {
            book.full_told = Some(now);
        }
        drop(book);
        if is_news {
            let message =
                format!("all engines are full ({places} channels each): a start waits for a place");
            tracing::warn!("{message}");
            self.inner
                .journal
                .tell(News::new(Kind::EnginesFull, message));
        }
        Turn::Later(answered)
    }

    /// Gives free places to those who wait.
    pub(super) fn serve(&self) {
        let (now, places) = (self.now(), self.places());
        let mut served = Vec::new();
        let mut guard = self.book();
        let book = &mut *guard;
        for waiter in std::mem::take(&mut book.line) {
            if waiter.answer.is_closed() {
                continue;
            }
            match book.pool.claim(now, places, &waiter.avoid) {
                Err(Unavailable::AllFull { .. }) => book.line.push_back(waiter),
                claimed => served.push((waiter.answer, claimed)),
            }
        }
        drop(guard);
        for (answer, claimed) in served {
            let held = claimed.map(|claim| Hold::new(self.clone(), claim));
            // Whoever has gone meanwhile gives it back by this.
            drop(answer.send(held));
        }
    }

    pub(super) fn release(&self, claim: Claim) {
        let now = self.now();
        let engine = claim.engine.clone();
        let mut book = self.book();
        if book.pool.release(now, claim) {
            book.cards.remove(&engine);
        }
        let anybody = !book.line.is_empty();
        drop(book);
        if anybody {
            self.serve();
        }
    }

    fn full(&self) -> Unavailable {
        let per_engine = self.places();
        Unavailable::AllFull { per_engine }
    }
}
