//! The task that writes and sends what the ledger asks for; it decides nothing.

use channel::Moment;
use ledger::{Effect, Input, News};
use store::Store;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use webhook::Orchestrator;

use super::Outbox;
use crate::journal::{self, Journal, Kind, Severity};

/// Writes and sends until the service is over and nothing is left that can be done now.
pub struct Driver {
    outbox: Outbox,
    store: Store,
    orchestrator: Option<Orchestrator>,
    journal: Journal,
    /// At most one write and one event.
    work: JoinSet<Input>,
    stopping: CancellationToken,
}

/// What woke the driver.
enum Wake {
    Done(Input),
    /// A piece of work was cut off; nothing will come of it.
    Lost,
    Asked,
    Deadline,
    Stopping,
}

impl Driver {
    /// The driver of an outbox. It ends after `stopping` is cancelled.
    pub fn new(
        outbox: Outbox,
        store: Store,
        orchestrator: Option<Orchestrator>,
        journal: Journal,
        stopping: CancellationToken,
    ) -> Self {
        Self {
            outbox,
            store,
            orchestrator,
            journal,
            work: JoinSet::new(),
            stopping,
        }
    }

    /// Runs until the service is over.
    pub async fn run(mut self) {
        let mut leaving = false;
        loop {
            self.carry_out();
            if leaving && self.outbox.book().ledger.is_quiet() {
                return;
            }
            match self.wait(leaving).await {
                Wake::Done(input) => {
                    let is_write = matches!(input, Input::Written { .. });
                    self.outbox.take(input);
                    if is_write {
                        self.outbox.inner.writes.send_replace(());
                    }
                }
                Wake::Deadline => self.outbox.take(Input::Deadline),
                Wake::Stopping => leaving = true,
                Wake::Asked | Wake::Lost => {}
            }
        }
    }

    /// The one place that waits.
    async fn wait(&mut self, leaving: bool) -> Wake {
        let deadline = self.outbox.book().ledger.deadline();
        let clock = self.outbox.clock;
        let sleep = async move {
            match deadline {
                Some(at) => tokio::time::sleep_until(clock.instant(Moment(at))).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            Some(done) = self.work.join_next() => done.map_or(Wake::Lost, Wake::Done),
            () = self.stopping.cancelled(), if !leaving => Wake::Stopping,
            () = self.outbox.inner.wake.notified() => Wake::Asked,
            () = sleep => Wake::Deadline,
        }
    }

    fn carry_out(&mut self) {
        let effects = std::mem::take(&mut self.outbox.book().effects);
        for effect in effects {
            match effect {
                Effect::Write { number, changes } => {
                    let store = self.store.clone();
                    self.work.spawn(async move {
                        let well = store.write(changes).await;
                        Input::Written { number, well }
                    });
                }
                Effect::Send { event, stream } => {
                    let Some(orchestrator) = self.orchestrator.clone() else {
                        continue;
                    };
                    self.work.spawn(async move {
                        let outcome = orchestrator.tell(&event, &stream).await;
                        let sequence = event.sequence;
                        Input::Sent { sequence, outcome }
                    });
                }
                Effect::Tell(news) => tell(&self.journal, &news),
            }
        }
    }
}

/// Writes a line, and tells the journal.
fn tell(journal: &Journal, news: &News) {
    let (kind, message) = match news {
        News::Held(trouble) => (
            Kind::EventsHeldBack,
            format!("events are held back: {}", trouble.what),
        ),
        News::Resumed { failures, waiting } => (
            Kind::EventsResumed,
            format!("events go out again after {failures} failed attempt(s), {waiting} waiting"),
        ),
        News::GivenUp(dead) => (
            Kind::EventGivenUp,
            format!("event {} will not be told: {}", dead.event.id(), dead.why),
        ),
        News::DiskFailing => (
            Kind::DiskFailing,
            "what happens to streams cannot be written; events go out from memory, and what a crash would lose is \
             lost"
                .to_owned(),
        ),
        News::DiskBack => (
            Kind::DiskRecovered,
            "what happens to streams is written again".to_owned(),
        ),
    };
    match kind.severity() {
        Severity::Info => tracing::info!("{message}"),
        Severity::Warning => tracing::warn!("{message}"),
        Severity::Error => tracing::error!("{message}"),
    }
    let mut told = journal::News::new(kind, message);
    if let News::GivenUp(dead) = news {
        told.stream = Some(dead.event.stream.clone());
    }
    journal.tell(told);
}
