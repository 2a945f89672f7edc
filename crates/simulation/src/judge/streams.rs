//! What the orchestrator must know in the end: of each life one start and one end, in this order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ledger::{CRASH, Change, Event, Kind, Stream};

/// What happened to one life, and who knows of it.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, and every combination can be"
)]
#[derive(Debug, Default)]
struct Life {
    channel: usize,
    ended: Option<&'static str>,
    /// Its process crashed while it ran, or before its end was written.
    crashed: bool,
    on_disk: bool,
    end_on_disk: bool,
    /// The disk knows that its end was told, so nothing of it will be told again.
    settled: bool,
    started_told: bool,
    ended_told: bool,
    /// Something of it was told while the disk failed and memory was all there was.
    unsure: bool,
}

/// All lives of all channels.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    lives: BTreeMap<String, Life>,
    /// Lives that nobody can be expected to tell of: a disk that failed took them with it, or the
    /// orchestrator did not want them.
    excused: BTreeSet<String>,
    newest: BTreeMap<usize, String>,
    /// Ends that are to be told, by their place in the order of events.
    ends: BTreeMap<u64, String>,
    /// The highest place in the order of events that was told.
    sequence: u64,
    /// Events were sent that only memory held.
    unsure: bool,
}

impl Streams {
    pub(crate) fn began(&mut self, channel: usize, id: &str) {
        let life = Life {
            channel,
            ..Life::default()
        };
        self.lives.insert(id.to_owned(), life);
    }

    pub(crate) fn ended(&mut self, id: &str, reason: &'static str) {
        if let Some(life) = self.lives.get_mut(id) {
            assert_eq!(life.ended, None, "{id} ended twice");
            life.ended = Some(reason);
        }
    }

    pub(crate) fn written(&mut self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Stream(stream) => {
                    if let Some(life) = self.lives.get_mut(&stream.id) {
                        life.on_disk = true;
                        life.end_on_disk |= stream.ended.is_some();
                    }
                }
                Change::Queued(event) if event.kind == Kind::Ended => {
                    self.ends.insert(event.sequence, event.stream.clone());
                }
                Change::Settled { sequence } => {
                    let id = self.ends.remove(sequence);
                    if let Some(life) = id.and_then(|id| self.lives.get_mut(&id)) {
                        life.settled = true;
                    }
                }
                _ => {}
            }
        }
    }

    pub(crate) fn crashed(&mut self, disk_failing: bool) {
        self.unsure |= disk_failing;
        for (id, life) in &mut self.lives {
            if life.settled || self.excused.contains(id) {
                continue;
            }
            life.crashed |= !life.end_on_disk;
            assert!(
                disk_failing || life.on_disk || life.unsure || !life.started_told,
                "{id} was told and is lost: nobody will tell its end"
            );
            if disk_failing || life.unsure || !life.on_disk {
                self.excused.insert(id.clone());
            }
        }
    }

    /// An event is sent.
    pub(crate) fn sent(&mut self, event: &Event, disk_failing: bool) {
        self.unsure |= disk_failing;
        if let Some(life) = self.lives.get_mut(&event.stream) {
            life.unsure |= disk_failing;
        }
    }

    pub(crate) fn given_up(&mut self, event: &Event) {
        self.excused.insert(event.stream.clone());
    }

    /// The orchestrator got an event, `fresh` if the process that sent it still runs: what one sent
    /// that was killed may come at any time. Returns whether it knew it already.
    pub(crate) fn arrived(&mut self, event: &Event, stream: &Arc<Stream>, fresh: bool) -> bool {
        let id = &event.stream;
        let excused = self.excused.contains(id);
        let Some(life) = self.lives.get_mut(id) else {
            panic!("{id} was told and never was");
        };
        assert!(
            excused || !fresh || event.kind == Kind::Ended || !life.ended_told,
            "the start of {id} was told behind its end"
        );
        assert!(
            excused || event.kind == Kind::Started || life.started_told,
            "the end of {id} was told before its start"
        );
        let told = match event.kind {
            Kind::Started => std::mem::replace(&mut life.started_told, true),
            Kind::Ended => std::mem::replace(&mut life.ended_told, true),
        };
        if event.kind == Kind::Ended {
            let said = stream.ended.as_ref().and_then(|end| end.reason.as_deref());
            let right = said == life.ended || (life.crashed && said == Some(CRASH));
            let was = life.ended;
            assert!(
                excused || (right && said.is_some()),
                "{id} ended with {was:?}, and {said:?} was told"
            );
        } else if !told {
            let channel = life.channel;
            self.follows(channel, id);
        }
        if !told {
            let order = self.sequence < event.sequence || self.unsure || excused;
            assert!(order, "{} was told out of order", event.id());
            self.sequence = self.sequence.max(event.sequence);
        }
        told
    }

    /// The start of another life of a channel comes after all that is told of the one before.
    fn follows(&mut self, channel: usize, id: &str) {
        let before = self.newest.insert(channel, id.to_owned());
        let Some(before) = before.filter(|before| !self.excused.contains(before)) else {
            return;
        };
        let known = &self.lives[&before];
        assert!(
            known.ended_told || self.unsure,
            "{id} started before the end of {before} was told"
        );
    }

    pub(super) fn at_the_end(&self) {
        for (id, life) in &self.lives {
            let told = life.started_told && life.ended_told;
            assert!(
                told || self.excused.contains(id),
                "{id} is not known in the end: {life:?}"
            );
        }
    }
}
