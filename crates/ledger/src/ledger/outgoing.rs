//! What becomes of events: which goes out next, and what its outcome means.

use std::sync::Arc;

use super::{Effect, Ledger, News, Waiting};
use crate::Now;
use crate::delivery::{Outcome, shortened, trouble_of};
use crate::event::{Event, Kind};
use crate::kept::{Change, DEAD_MAX, Dead};
use crate::stream::Stream;

impl Ledger {
    /// An event will not be told. If it is a start, its end would make no sense to anybody.
    pub(super) fn give_up(&mut self, at: usize, why: &str, out: &mut Vec<Effect>) {
        let Some(Waiting { event, .. }) = self.queue.remove(at) else {
            return;
        };
        let (stream, kind) = (event.stream.clone(), event.kind);
        self.bury(event, why, out);
        if kind == Kind::Ended {
            return;
        }
        if let Some(untold) = self.streams.get(&stream).filter(|it| it.told) {
            let untold = Stream {
                told: false,
                ..Stream::clone(untold)
            };
            self.put(untold);
        }
        if let Some(end) = self.queue.iter().position(|it| it.event.stream == stream)
            && let Some(Waiting { event, .. }) = self.queue.remove(end)
        {
            self.bury(event, "the start of this stream was not told", out);
        }
    }

    fn bury(&mut self, event: Event, why: &str, out: &mut Vec<Effect>) {
        let dead = Dead {
            event,
            why: why.to_owned(),
        };
        self.journal.push(Change::GivenUp(dead.clone()));
        self.dead.push_back(dead.clone());
        if DEAD_MAX < self.dead.len() {
            self.dead.pop_front();
        }
        out.push(Effect::Tell(News::GivenUp(dead)));
    }

    pub(super) fn sent(
        &mut self,
        now: Now,
        sequence: u64,
        outcome: Outcome,
        out: &mut Vec<Effect>,
    ) {
        if self.delivery.sending != Some(sequence) {
            return;
        }
        self.delivery.sending = None;
        if let Some((what, at_least)) = trouble_of(&outcome) {
            let is_new = self
                .delivery
                .trouble
                .as_ref()
                .is_none_or(|known| known.what != what);
            self.delivery.rest(now.moment, what, at_least);
            if let Some(trouble) = self.delivery.trouble.clone().filter(|_| is_new) {
                out.push(Effect::Tell(News::Held(trouble)));
            }
            return;
        }
        if let Some(trouble) = self.delivery.trouble.take() {
            let waiting = self.queue.len();
            out.push(Effect::Tell(News::Resumed {
                failures: trouble.failures,
                waiting,
            }));
        }
        match outcome {
            Outcome::Taken { called } => self.taken(called),
            Outcome::Refused { status, text } => {
                let why = format!("the orchestrator answered {status}: {}", shortened(&text));
                self.give_up(0, &why, out);
            }
            // These are troubles.
            Outcome::Unauthorised { .. }
            | Outcome::Misdirected { .. }
            | Outcome::Unavailable { .. } => {}
        }
    }

    fn taken(&mut self, called: Option<String>) {
        let Some(Waiting { event, .. }) = self.queue.pop_front() else {
            return;
        };
        self.delivered += 1;
        if event.kind == Kind::Started {
            let known = self.streams.get(&event.stream);
            if let (Some(stream), Some(called)) = (known, called)
                && called != stream.name_outside()
            {
                let stream = Stream {
                    called: Some(called),
                    ..Stream::clone(stream)
                };
                self.put(stream);
            }
        }
        let sequence = event.sequence;
        let write = self.journal.push(Change::Settled { sequence });
        if event.kind == Kind::Started {
            self.unsettled.insert(event.stream, write);
        }
    }

    /// The event that is to go out next, if it may.
    pub(super) fn next_event(&self) -> Option<(Event, Arc<Stream>)> {
        let Waiting { event, write } = self.queue.front()?;
        let settled = match self.unsettled.get(&event.stream) {
            Some(write) => self.journal.is_certain(*write),
            None => true,
        };
        if !settled || !self.journal.is_certain(*write) {
            return None;
        }
        let stream = self.streams.get(&event.stream)?;
        Some((event.clone(), Arc::clone(stream)))
    }
}
