//! Weir as a process: it starts, is told to stop, and is killed.

use std::time::Duration;

use channel::EndReason;

use crate::coverage::Seen;
use crate::driver::Message;
use crate::world::{Process, What, World};

/// Longest that a process which was told to stop waits for what is left.
const DRAIN_MAX: Duration = Duration::from_secs(10);

impl World {
    /// Weir is gone between one step and the next.
    pub(crate) fn crash(&mut self) {
        if self.calm {
            return;
        }
        let Some(process) = self.process.take() else {
            return;
        };
        self.see(Seen::Crash);
        let mut drivers = process.drivers.iter().flatten();
        if drivers.any(|it| it.shown.is_served()) {
            self.see(Seen::CrashLive);
        }
        if self.disk.is_busy() {
            self.see(Seen::CrashUnwritten);
        }
        let failing = self.disk.failing || process.ledger.status().disk_failing;
        self.gone(failing);
        let again = self.random.skewed(Duration::from_secs(60));
        self.agenda.at(self.now + again, What::Restart);
    }

    /// What was in memory is no more.
    fn gone(&mut self, disk_failing: bool) {
        self.processes += 1;
        self.process = None;
        for number in self.disk.crash() {
            // The clock alone keeps them rising now, which is no promise.
            self.judge.excuse_numbers(number);
        }
        self.judge.crashed(disk_failing);
        self.viewers_cut_off();
    }

    pub(crate) fn start(&mut self) {
        if self.process.is_some() {
            return;
        }
        self.processes += 1;
        if 1 < self.processes {
            self.see(Seen::Restart);
        }
        let (ledger, effects) = self.restore();
        self.process = Some(Process {
            number: self.processes,
            origin: self.now,
            drivers: (0..self.plan.channels).map(|_| None).collect(),
            ledger,
            ledger_wakes_at: None,
            stopping: false,
        });
        self.carry_out_all(effects);
        self.ledger_sleeps();
    }

    /// Weir is told to stop: every channel is, and then it waits for what is left.
    pub(crate) fn shutdown(&mut self) {
        let Some(process) = self.process.as_mut().filter(|it| !it.stopping) else {
            return;
        };
        process.stopping = true;
        let process = process.number;
        self.see(Seen::Shutdown);
        for number in 0..self.plan.channels {
            self.tell_driver(number, Message::Stop(EndReason::Shutdown));
        }
        let at_last = self.now + DRAIN_MAX;
        self.agenda.at(
            at_last,
            What::Exit {
                process,
                at_last: true,
            },
        );
        self.exit(false);
    }

    /// It goes when all is done, or when it may wait no longer.
    pub(crate) fn exit(&mut self, at_last: bool) {
        let Some(process) = self.process.as_ref().filter(|it| it.stopping) else {
            return;
        };
        let done = process.drivers.iter().all(Option::is_none) && process.ledger.is_quiet();
        if !done && !at_last {
            let process = process.number;
            let soon = self.now + Duration::from_millis(100);
            return self.agenda.at(soon, What::Exit { process, at_last });
        }
        let failing = self.disk.failing || process.ledger.status().disk_failing;
        if done {
            self.see(Seen::ShutdownInTime);
        }
        self.gone(failing);
        let again = self.random.skewed(Duration::from_secs(30));
        self.agenda.at(self.now + again, What::Restart);
    }
}
