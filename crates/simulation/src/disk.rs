//! The disk: what was written is there after a while, whole and in order; what was not is gone with a crash.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use channel::Promise;
use ledger::{Change, Kept};

use crate::random::Random;

/// Something to be written.
#[derive(Debug)]
pub(crate) enum Order {
    /// The numbers of a channel. Nobody waits for it.
    Numbers { channel: usize, promise: Promise },
    /// Changes of the ledger, which is told how it went.
    Journal { number: u64, changes: Arc<[Change]> },
}

/// A write of the ledger that is over.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) number: u64,
    pub(crate) well: bool,
    /// What is on the disk now.
    pub(crate) changes: Arc<[Change]>,
}

/// What survives, and what is on its way there.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    numbers: BTreeMap<usize, Promise>,
    /// What could not be written; it is written with whatever comes next.
    unwritten: BTreeMap<usize, Promise>,
    kept: Kept,
    pending: VecDeque<Order>,
    /// The last order will be done then.
    busy_until: Duration,
    pub(crate) failing: bool,
    pub(crate) slow: bool,
}

impl Disk {
    /// Takes an order; says when it will be done.
    pub(crate) fn order(&mut self, now: Duration, random: &mut Random, order: Order) -> Duration {
        self.pending.push_back(order);
        self.after(now, random)
    }

    /// When something asked for now is done, behind all that was asked for before.
    pub(crate) fn after(&mut self, now: Duration, random: &mut Random) -> Duration {
        let takes = if self.slow {
            random.millis(20..=900)
        } else {
            random.millis(1..=8)
        };
        self.busy_until = self.busy_until.max(now) + takes;
        self.busy_until
    }

    /// The oldest order is done, or fails; what it was, if it was one of the ledger's.
    pub(crate) fn done(&mut self) -> Option<Written> {
        let well = !self.failing;
        match self.pending.pop_front()? {
            Order::Numbers { channel, promise } => {
                raise(&mut self.unwritten, channel, promise);
                if well {
                    for (channel, promise) in std::mem::take(&mut self.unwritten) {
                        raise(&mut self.numbers, channel, promise);
                    }
                }
                None
            }
            Order::Journal { number, changes } => {
                for change in changes.iter().filter(|_| well) {
                    self.kept.apply(change);
                }
                let changes = if well { changes } else { Arc::default() };
                Some(Written {
                    number,
                    well,
                    changes,
                })
            }
        }
    }

    /// Whether something is still to be written.
    pub(crate) fn is_busy(&self) -> bool {
        !self.pending.is_empty()
    }

    /// The process goes, and with it what was not written: returns the channels whose numbers are lost.
    pub(crate) fn crash(&mut self) -> Vec<usize> {
        let mut lost: Vec<_> = std::mem::take(&mut self.unwritten).into_keys().collect();
        lost.extend(self.pending.drain(..).filter_map(|order| match order {
            Order::Numbers { channel, .. } => Some(channel),
            Order::Journal { .. } => None,
        }));
        lost
    }

    pub(crate) fn numbers(&self, channel: usize) -> Option<Promise> {
        let newest = self.unwritten.get(&channel);
        newest.or_else(|| self.numbers.get(&channel)).copied()
    }

    pub(crate) fn kept(&self) -> &Kept {
        &self.kept
    }
}

/// Numbers never fall, whatever comes late.
fn raise(numbers: &mut BTreeMap<usize, Promise>, channel: usize, to: Promise) {
    let kept = numbers.entry(channel).or_default();
    kept.sequence = kept.sequence.max(to.sequence);
    kept.discontinuities = kept.discontinuities.max(to.discontinuities);
    kept.date = kept.date.max(to.date);
}
