//! The ledger by examples, over a disk that is a value and an orchestrator that is a list.

mod disk;
mod reports;
mod sessions;
mod telling;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::{Change, Effect, Event, Input, Kept, Ledger, News, Now, Outcome, Stream};

/// A ledger with what stands around it.
struct Desk {
    ledger: Ledger,
    disk: Kept,
    now: Now,
    /// A write that was asked for and has not ended.
    writing: Option<(u64, Arc<[Change]>)>,
    /// An event that is on its way.
    sending: Option<(Event, Arc<Stream>)>,
    news: Vec<News>,
}

fn stream(id: &str) -> Stream {
    Stream {
        id: id.into(),
        key_type: "content_id".into(),
        key: "a".repeat(40),
        container_id: Some("engine:6878".into()),
        engine_host: "engine".into(),
        engine_port: 6878,
        playback_session_id: format!("session of {id}"),
        stat_url: "http://engine:6878/ace/stat/a/b".into(),
        command_url: "http://engine:6878/ace/cmd/a/b".into(),
        is_live: true,
        continuous: false,
        started_at: Timestamp::UNIX_EPOCH,
        ended: None,
        own: true,
        told: false,
        called: None,
    }
}

fn taken() -> Outcome {
    Outcome::Taken { called: None }
}

fn down() -> Outcome {
    Outcome::Unavailable {
        what: "refused".into(),
        retry_after: None,
    }
}

impl Desk {
    fn new() -> Self {
        Self::on(Kept::default())
    }

    fn on(disk: Kept) -> Self {
        let now = Now {
            moment: Duration::ZERO,
            wall: Timestamp::UNIX_EPOCH,
        };
        let (ledger, effects) = Ledger::restore(disk.clone(), now, true, 7);
        let mut desk = Self {
            ledger,
            disk,
            now,
            writing: None,
            sending: None,
            news: Vec::new(),
        };
        desk.take(effects);
        desk
    }

    fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Write { number, changes } => {
                    assert!(self.writing.is_none(), "two writes at a time");
                    self.writing = Some((number, changes));
                }
                Effect::Send { event, stream } => {
                    assert!(self.sending.is_none(), "two events at a time");
                    self.sending = Some((event, stream));
                }
                Effect::Tell(news) => self.news.push(news),
            }
        }
    }

    fn on_input(&mut self, input: Input) {
        let effects = self.ledger.on(self.now, input);
        self.take(effects);
    }

    fn began(&mut self, id: &str) {
        self.on_input(Input::Began(Box::new(stream(id))));
    }

    fn ended(&mut self, id: &str) {
        let stream = id.to_owned();
        self.on_input(Input::Ended {
            stream,
            reason: "stopped",
        });
    }

    /// The write that is under way ends well; returns whether there was one.
    fn written(&mut self) -> bool {
        let Some((number, changes)) = self.writing.take() else {
            return false;
        };
        changes.iter().for_each(|change| self.disk.apply(change));
        self.on_input(Input::Written { number, well: true });
        true
    }

    fn not_written(&mut self) {
        let (number, _) = self.writing.take().expect("a write under way");
        self.on_input(Input::Written {
            number,
            well: false,
        });
    }

    /// The event that is on its way ends like this; returns what it told.
    fn sent(&mut self, outcome: Outcome) -> String {
        let (event, _) = self.sending.take().expect("an event on its way");
        let sequence = event.sequence;
        self.on_input(Input::Sent { sequence, outcome });
        event.id()
    }

    /// Lets time pass until the ledger wants to be called.
    fn wait(&mut self) -> Duration {
        let due = self.ledger.deadline().expect("something to wait for");
        let waited = due.saturating_sub(self.now.moment);
        self.pass(waited);
        waited
    }

    fn pass(&mut self, time: Duration) {
        self.now.moment += time;
        self.now.wall = self.now.wall.checked_add(time).expect("a date");
        self.on_input(Input::Deadline);
    }

    /// Weir is killed, and starts again with what is on the disk.
    fn killed(self) -> Self {
        Self::on(self.disk)
    }

    /// Everything goes well until nothing is left to be done; returns what was told.
    fn finish(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        loop {
            if self.sending.is_some() {
                told.push(self.sent(taken()));
            } else if !self.written() {
                return told;
            }
        }
    }
}
