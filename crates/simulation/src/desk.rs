//! The ledger with what it writes to and whom it tells: what streams there were must be known in the end.

use std::sync::Arc;

use channel::Promise;
use jiff::Timestamp;
use ledger::{Effect, Input, Ledger, News, Now, Outcome, Stream};

use crate::coverage::Seen;
use crate::disk::Order;
use crate::world::{What, World};

impl World {
    /// The ledger of a process that starts.
    pub(crate) fn restore(&mut self) -> (Ledger, Vec<Effect>) {
        let kept = self.disk.kept().clone();
        let now = Now {
            moment: std::time::Duration::ZERO,
            wall: self.wall(),
        };
        Ledger::restore(kept, now, true, self.random.next())
    }

    /// A life of a channel began; returns its stream's id.
    pub(crate) fn stream_began(&mut self, channel: usize) -> String {
        self.streams += 1;
        let id = format!("stream-{}", self.streams);
        self.judge.streams.began(channel, &id);
        let stream = Stream {
            id: id.clone(),
            key_type: "content_id".into(),
            key: format!("channel {channel}"),
            container_id: None,
            engine_host: "engine".into(),
            engine_port: 6_878,
            playback_session_id: id.clone(),
            stat_url: String::new(),
            command_url: String::new(),
            is_live: true,
            continuous: false,
            started_at: self.wall(),
            ended: None,
            own: true,
            told: false,
            called: None,
        };
        self.report(Input::Began(Box::new(stream)));
        id
    }

    pub(crate) fn stream_ended(&mut self, stream: String, reason: &'static str) {
        self.judge.streams.ended(&stream, reason);
        self.report(Input::Ended { stream, reason });
    }

    /// Tells the ledger something, and does what it wants.
    pub(crate) fn report(&mut self, input: Input) {
        let now = self.both_clocks();
        let Some(process) = &mut self.process else {
            return;
        };
        self.trace.note(self.now, || format!("ledger <- {input:?}"));
        let effects = process.ledger.on(now, input);
        self.carry_out_all(effects);
        self.ledger_sleeps();
    }

    /// Asks to be woken when the ledger wants it.
    pub(crate) fn ledger_sleeps(&mut self) {
        let Some(process) = &mut self.process else {
            return;
        };
        let Some(due) = process.ledger.deadline() else {
            return;
        };
        let at = (process.origin + due).max(self.now);
        if process.ledger_wakes_at.is_none_or(|known| at < known) {
            process.ledger_wakes_at = Some(at);
            let process = process.number;
            self.agenda.at(at, What::LedgerWakes { process });
        }
    }

    pub(crate) fn ledger_wakes(&mut self) {
        let Some(process) = &mut self.process else {
            return;
        };
        process.ledger_wakes_at = None;
        let now = self.now.saturating_sub(process.origin);
        if process.ledger.deadline().is_some_and(|due| due <= now) {
            self.report(Input::Deadline);
            let due = self.process.as_ref().and_then(|it| it.ledger.deadline());
            assert!(
                due.is_none_or(|due| now < due),
                "the ledger is busy with nothing"
            );
        }
        self.ledger_sleeps();
    }

    pub(crate) fn carry_out_all(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            self.trace
                .note(self.now, || format!("ledger -> {effect:?}"));
            match effect {
                Effect::Write { number, changes } => {
                    self.order(Order::Journal { number, changes });
                }
                Effect::Send { event, stream } => {
                    let ledger = self.process.as_ref().map(|it| &it.ledger);
                    let failing = ledger.is_some_and(|it| it.status().disk_failing);
                    self.judge.streams.sent(&event, failing);
                    let fate = self.orchestrator.take(self.now, &mut self.random);
                    self.coverage.feel(self.orchestrator.mood);
                    if let Some(at) = fate.arrives {
                        let event = event.clone();
                        self.agenda.at(
                            at,
                            What::EventArrives {
                                process: self.processes,
                                event,
                                stream,
                            },
                        );
                    }
                    let process = self.processes;
                    let (sequence, outcome) = (event.sequence, fate.outcome);
                    let what = What::EventAnswered {
                        process,
                        sequence,
                        outcome,
                    };
                    self.agenda.at(fate.known, what);
                }
                Effect::Tell(News::GivenUp(dead)) => {
                    self.see(Seen::EventGivenUp);
                    self.judge.streams.given_up(&dead.event);
                }
                Effect::Tell(News::Held(_)) => self.see(Seen::EventsHeld),
                Effect::Tell(News::Resumed { .. }) => self.see(Seen::EventsResumed),
                Effect::Tell(News::DiskFailing | News::DiskBack) => {}
            }
        }
    }

    pub(crate) fn event_arrives(
        &mut self,
        process: u64,
        event: &ledger::Event,
        stream: &Arc<Stream>,
    ) {
        self.burn();
        self.trace.mix(event.sequence);
        self.trace
            .note(self.now, || format!("orchestrator got {}", event.id()));
        if self
            .judge
            .streams
            .arrived(event, stream, process == self.processes)
        {
            self.see(Seen::EventAgain);
        }
        if stream
            .ended
            .as_ref()
            .is_some_and(|end| end.reason.as_deref() == Some(ledger::CRASH))
        {
            self.see(Seen::EndedByCrash);
        }
    }

    pub(crate) fn event_answered(&mut self, sequence: u64, outcome: Outcome) {
        self.burn();
        self.report(Input::Sent { sequence, outcome });
    }

    pub(crate) fn remember(&mut self, channel: usize, promise: Promise) {
        self.order(Order::Numbers { channel, promise });
    }

    fn order(&mut self, order: Order) {
        self.burn();
        let at = self.disk.order(self.now, &mut self.random, order);
        let process = self.processes;
        self.agenda.at(at, What::DiskDone { process });
    }

    pub(crate) fn disk_done(&mut self) {
        self.burn();
        if self.disk.failing {
            self.see(Seen::DiskFailed);
        }
        if self.disk.slow {
            self.see(Seen::DiskSlow);
        }
        if let Some(written) = self.disk.done() {
            self.judge.streams.written(&written.changes);
            let (number, well) = (written.number, written.well);
            self.report(Input::Written { number, well });
        }
    }

    fn both_clocks(&self) -> Now {
        Now {
            moment: self.moment().0,
            wall: self.wall(),
        }
    }

    /// The date by the calendar, which somebody may have set.
    pub(crate) fn wall(&self) -> Timestamp {
        crate::world::date(self.now, self.wall_shift)
    }
}
