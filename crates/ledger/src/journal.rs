//! What is to be written: one write at a time, whole, in order, and again when the disk fails.

use std::sync::Arc;
use std::time::Duration;

use crate::kept::Change;

/// First rest after a failed write; it doubles with each in a row.
const REST_MIN: Duration = Duration::from_secs(1);

/// Longest rest: a disk that has room again is found within half a minute.
const REST_MAX: Duration = Duration::from_secs(30);

/// Changes that wait for a disk that fails; beyond it the newest are kept in memory only.
const WAITING_MAX: usize = 50_000;

#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// Changes of the next write.
    waiting: Vec<Change>,
    /// The number that the next write will have.
    next: u64,
    /// What is being written, or has to be written again.
    current: Option<(u64, Arc<[Change]>)>,
    under_way: bool,
    /// Everything up to this write is on the disk.
    written: Option<u64>,
    failures: u32,
    /// Not before this is it tried again.
    rest_until: Duration,
    /// Changes that found no room.
    pub(crate) dropped: u64,
}

impl Journal {
    /// A journal whose write number zero is what was found on the disk.
    pub(crate) fn starting() -> Self {
        Self {
            next: 1,
            written: Some(0),
            ..Self::default()
        }
    }

    /// Takes a change; returns the number of the write that it will be in.
    pub(crate) fn push(&mut self, change: Change) -> u64 {
        if self.waiting.len() < WAITING_MAX {
            self.waiting.push(change);
        } else {
            self.dropped += 1;
        }
        self.next
    }

    /// The write that holds, or will hold, the newest change.
    pub(crate) fn latest(&self) -> u64 {
        if self.waiting.is_empty() {
            self.next - 1
        } else {
            self.next
        }
    }

    /// What to write now, if anything.
    pub(crate) fn take(&mut self, now: Duration) -> Option<(u64, Arc<[Change]>)> {
        if self.under_way || now < self.rest_until {
            return None;
        }
        if self.current.is_none() && !self.waiting.is_empty() {
            let changes = std::mem::take(&mut self.waiting);
            self.current = Some((self.next, changes.into()));
            self.next += 1;
        }
        let current = self.current.clone()?;
        self.under_way = true;
        Some(current)
    }

    /// A write has ended. Returns whether the disk has begun or ceased to fail with it.
    pub(crate) fn ended(&mut self, now: Duration, number: u64, well: bool) -> bool {
        let is_current = self.current.as_ref().is_some_and(|(it, _)| *it == number);
        if !is_current {
            return false;
        }
        self.under_way = false;
        let was_failing = self.is_failing();
        if well {
            self.current = None;
            self.written = Some(number);
            self.failures = 0;
            self.rest_until = Duration::ZERO;
        } else {
            let rest = (REST_MIN * 2_u32.saturating_pow(self.failures.min(6))).min(REST_MAX);
            self.failures += 1;
            self.rest_until = now + rest;
        }
        was_failing != self.is_failing()
    }

    /// Whether the last write failed.
    pub(crate) fn is_failing(&self) -> bool {
        0 < self.failures
    }

    /// Whether a write is on the disk, or need not be waited for because the disk fails.
    pub(crate) fn is_certain(&self, number: u64) -> bool {
        self.is_failing() || self.is_written(number)
    }

    /// Whether a write is on the disk.
    pub(crate) fn is_written(&self, number: u64) -> bool {
        self.written.is_some_and(|written| number <= written)
    }

    /// Whether all is on the disk.
    pub(crate) fn is_idle(&self) -> bool {
        self.current.is_none() && self.waiting.is_empty()
    }

    /// When it wants to write again after a failure.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        (!self.under_way && !self.is_idle()).then_some(self.rest_until)
    }
}
