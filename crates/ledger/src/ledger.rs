//! The ledger: told what happened to streams, writes and events, it says what to write and to send.

mod message;
mod outgoing;
mod report;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::Now;
use crate::delivery::Delivery;
use crate::event::{Event, Kind};
use crate::journal::Journal;
use crate::kept::{Change, Dead, Kept};
use crate::session::{Session, Sessions};
use crate::stream::{CRASH, End, Stream};

pub use message::{Effect, Input, News, Status};
pub use report::{Ending, TooMany};

/// Ended streams that are remembered, the newest; each is some hundred bytes.
pub const ENDED_MAX: usize = 10_000;

/// Streams of other proxies that may run at once.
pub const REPORTED_MAX: usize = 10_000;

/// Events that may wait to be told: days of a busy Weir without its orchestrator. Beyond it the
/// oldest are given up, and that is said.
pub const QUEUE_MAX: usize = 20_000;

/// How often it is noted that streams run, so that after a crash their end has a time.
const ALIVE_EVERY: Duration = Duration::from_secs(15);

/// An event that waits, and the write that makes it certain.
#[derive(Debug)]
struct Waiting {
    event: Event,
    write: u64,
}

/// What streams there are and were, and what is still to be told.
#[derive(Debug)]
pub struct Ledger {
    /// There is an orchestrator to be told.
    telling: bool,
    streams: BTreeMap<String, Arc<Stream>>,
    /// Ids of our own that run.
    running: BTreeSet<String>,
    /// Ids of reported ones that run.
    reported: BTreeSet<String>,
    /// Ids of the ended, in the order of their ends.
    ended: VecDeque<String>,
    queue: VecDeque<Waiting>,
    next_sequence: u64,
    /// Starts that were taken, with the write that says so: until that is on the disk their ends
    /// wait, or a crash in between would tell the start again behind its end.
    unsettled: BTreeMap<String, u64>,
    dead: VecDeque<Dead>,
    delivered: u64,
    sessions: Sessions,
    journal: Journal,
    delivery: Delivery,
    alive_due: Duration,
}

impl Ledger {
    /// Goes on from what was kept. Streams that were running then have ended with a crash, which is
    /// told before anything new. `telling` says whether there is an orchestrator; `seed` spreads the
    /// retries of many proxies.
    pub fn restore(kept: Kept, now: Now, telling: bool, seed: u64) -> (Self, Vec<Effect>) {
        let mut ended: Vec<_> = kept
            .streams
            .values()
            .filter_map(|stream| Some((stream.ended.as_ref()?.at, stream.id.clone())))
            .collect();
        ended.sort();
        let unended = |own: bool| {
            let streams = kept.streams.values();
            let wanted = streams.filter(move |it| it.own == own && it.ended.is_none());
            wanted.map(|it| it.id.clone()).collect::<BTreeSet<_>>()
        };
        let (running, reported) = (unended(true), unended(false));
        let waiting = |event| Waiting { event, write: 0 };
        let mut ledger = Self {
            telling,
            running: running.clone(),
            reported,
            streams: kept.streams,
            ended: ended.into_iter().map(|(_, id)| id).collect(),
            queue: kept.queue.into_values().map(waiting).collect(),
            next_sequence: kept.last_sequence + 1,
            unsettled: BTreeMap::new(),
            dead: kept.dead.into(),
            delivered: 0,
            sessions: Sessions::of(kept.sessions.values()),
            journal: Journal::starting(),
            delivery: Delivery::new(seed),
            alive_due: now.moment,
        };
        let mut out = Vec::new();
        // A stream without a record cannot be told; only a damaged disk brings this about.
        let streams = &ledger.streams;
        ledger
            .queue
            .retain(|it| streams.contains_key(&it.event.stream));
        for id in running {
            let started_at = ledger.streams[&id].started_at;
            let at = kept.alive_at.unwrap_or(started_at).max(started_at);
            ledger.end(&id, at, Some(CRASH.into()), &mut out);
        }
        ledger.settle(now, &mut out);
        (ledger, out)
    }

    /// Takes one input and says what is to be done, in order.
    pub fn on(&mut self, now: Now, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        let out = &mut effects;
        match input {
            Input::Began(stream) => self.began(now, *stream, out),
            Input::Ended { stream, reason } => {
                self.end(&stream, now.wall, Some(reason.into()), out);
            }
            Input::SessionOpened(session) => self.session_opened(session),
            Input::SessionClosed { command_url } => self.session_closed(command_url),
            Input::Written { number, well } => {
                if self.journal.ended(now.moment, number, well) {
                    out.push(Effect::Tell(if well {
                        News::DiskBack
                    } else {
                        News::DiskFailing
                    }));
                }
                let journal = &self.journal;
                self.unsettled
                    .retain(|_, write| !journal.is_written(*write));
            }
            Input::Sent { sequence, outcome } => self.sent(now, sequence, outcome, out),
            Input::Nudge => {
                if let Some(trouble) = &mut self.delivery.trouble {
                    trouble.until = now.moment;
                }
            }
            Input::Deadline => {}
        }
        self.settle(now, out);
        effects
    }

    /// When it wants to be called though nothing happened.
    pub fn deadline(&self) -> Option<Duration> {
        let send = self
            .telling
            .then(|| self.next_event().and(self.delivery.deadline()))
            .flatten();
        let alive = (!self.running.is_empty()).then_some(self.alive_due);
        [send, alive, self.journal.deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    /// A stream by its id.
    pub fn stream(&self, id: &str) -> Option<&Arc<Stream>> {
        self.streams.get(id)
    }

    /// Streams that other proxies have reported and that run, in the order of their ids.
    pub fn reported_running(&self) -> impl Iterator<Item = &Arc<Stream>> {
        self.reported.iter().filter_map(|id| self.streams.get(id))
    }

    /// Streams that have ended, newest first.
    pub fn ended(&self) -> impl Iterator<Item = &Arc<Stream>> {
        self.ended
            .iter()
            .rev()
            .filter_map(|id| self.streams.get(id))
    }

    /// Events that were given up, oldest first.
    pub fn dead(&self) -> impl Iterator<Item = &Dead> {
        self.dead.iter()
    }

    /// How telling and writing go.
    pub fn status(&self) -> Status {
        Status {
            telling: self.telling,
            waiting: self.queue.len(),
            delivered: self.delivered,
            given_up: self.dead.len(),
            trouble: self.delivery.trouble.clone(),
            disk_failing: self.journal.is_failing(),
            changes_dropped: self.journal.dropped,
        }
    }

    /// The write after which all that happened until now is on the disk.
    pub fn write_number(&self) -> u64 {
        self.journal.latest()
    }

    /// Whether that write is on the disk.
    pub fn is_written(&self, number: u64) -> bool {
        self.journal.is_written(number)
    }

    /// Whether all that happened is on the disk, and everything told that can be told now.
    pub fn is_quiet(&self) -> bool {
        let told = !self.telling || self.queue.is_empty() || self.delivery.trouble.is_some();
        told && self.delivery.sending.is_none()
            && (self.journal.is_idle() || self.journal.is_failing())
    }

    fn began(&mut self, now: Now, mut stream: Stream, out: &mut Vec<Effect>) {
        stream.own = true;
        stream.told = self.telling;
        if self.running.is_empty() {
            self.alive_due = now.moment + ALIVE_EVERY;
        }
        let (id, told) = (stream.id.clone(), stream.told);
        self.running.insert(id.clone());
        self.put(stream);
        if told {
            self.enqueue(id, Kind::Started, out);
        }
    }

    fn end(&mut self, id: &str, at: Timestamp, reason: Option<String>, out: &mut Vec<Effect>) {
        let Some(stream) = self.streams.get(id).filter(|it| it.ended.is_none()) else {
            return;
        };
        let stream = Stream {
            ended: Some(End { at, reason }),
            ..Stream::clone(stream)
        };
        let told = stream.own && stream.told;
        self.put(stream);
        self.running.remove(id);
        self.reported.remove(id);
        self.ended.push_back(id.to_owned());
        if told {
            self.enqueue(id.to_owned(), Kind::Ended, out);
        }
        self.forget_oldest();
    }

    fn session_opened(&mut self, session: Session) {
        let surplus = self.sessions.open(&session.command_url);
        self.journal.push(Change::SessionOpened(session));
        if let Some(command_url) = surplus {
            self.journal.push(Change::SessionClosed { command_url });
        }
    }

    fn session_closed(&mut self, command_url: String) {
        if self.sessions.close(&command_url) {
            self.journal.push(Change::SessionClosed { command_url });
        }
    }

    fn put(&mut self, stream: Stream) {
        let stream = Arc::new(stream);
        self.journal.push(Change::Stream(Arc::clone(&stream)));
        self.streams.insert(stream.id.clone(), stream);
    }

    fn enqueue(&mut self, stream: String, kind: Kind, out: &mut Vec<Effect>) {
        let event = Event {
            sequence: self.next_sequence,
            stream,
            kind,
        };
        self.next_sequence += 1;
        let write = self.journal.push(Change::Queued(event.clone()));
        self.queue.push_back(Waiting { event, write });
        while QUEUE_MAX < self.queue.len() {
            let oldest = self.most_dispensable();
            let why = format!("more than {QUEUE_MAX} events waited for the orchestrator");
            self.give_up(oldest, &why, out);
        }
    }

    /// The oldest start, with which its end goes too: a start without its end would be a stream
    /// that never ends. Else the oldest end. Never the event that is on its way.
    fn most_dispensable(&self) -> usize {
        let sending = self.delivery.sending;
        let at_rest = |it: &Waiting| Some(it.event.sequence) != sending;
        let is_start = |it: &Waiting| at_rest(it) && it.event.kind == Kind::Started;
        let start = self.queue.iter().position(is_start);
        start
            .or_else(|| self.queue.iter().position(at_rest))
            .expect("a queue over its limit holds more than one")
    }

    /// Drops what ended longest ago, beyond what is remembered.
    fn forget_oldest(&mut self) {
        while ENDED_MAX < self.ended.len() {
            let Some(stream) = self.ended.pop_front() else {
                return;
            };
            // What is still to be told of it is told by this record.
            if self.queue.iter().any(|it| it.event.stream == stream) {
                return self.ended.push_front(stream);
            }
            self.streams.remove(&stream);
            self.journal.push(Change::Forgotten { stream });
        }
    }

    /// Does what is due.
    fn settle(&mut self, now: Now, out: &mut Vec<Effect>) {
        if !self.running.is_empty() && self.alive_due <= now.moment {
            self.alive_due = now.moment + ALIVE_EVERY;
            self.journal.push(Change::Alive { at: now.wall });
        }
        if let Some((number, changes)) = self.journal.take(now.moment) {
            out.push(Effect::Write { number, changes });
        }
        if self.telling
            && self.delivery.is_free(now.moment)
            && let Some((event, stream)) = self.next_event()
        {
            self.delivery.sending = Some(event.sequence);
            out.push(Effect::Send { event, stream });
        }
    }
}
