//! One receiver's task: it looks for what comes next, sends it, and does what the courier says.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use channel::Moment;
use ledger::{Courier, Reply, Verdict};
use store::Webhook;
use store::history::Delivery;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Parts, Standing, standing, wanted};
use crate::clock;
use crate::journal::{Behind, Entry, Kind, News, Severity};

/// Entries that are looked through at once.
const BATCH_MAX: usize = 100;

/// Entries that pass a receiver by before its place is written; what it takes is written each time.
const PASSED_MAX: u64 = 500;

/// Rest when the disk does not give what comes next.
const DISK_REST: Duration = Duration::from_secs(2);

/// Time between two sentences about one receiver, however often it comes and goes.
const NEWS_EVERY: Duration = Duration::from_secs(600);

/// Kinds of news about receivers.
pub(super) const OF_WEBHOOKS: [Kind; 4] = [
    Kind::WebhookHeldBack,
    Kind::WebhookResumed,
    Kind::WebhookGivenUp,
    Kind::WebhookTested,
];

pub(super) struct Driver {
    parts: Parts,
    hook: watch::Receiver<Arc<Webhook>>,
    standing: Arc<Mutex<Standing>>,
    stopping: CancellationToken,
    newest: watch::Receiver<u64>,
    courier: Courier,
    /// What comes next, wanted or not.
    queue: VecDeque<Arc<Entry>>,
    /// A look for more, or a sending; one at a time.
    work: JoinSet<Done>,
    /// Attempts at the first of the queue.
    attempts: u32,
    /// The place that is written.
    written: u64,
    /// No look for more before then.
    rest: Moment,
    /// When something was said of it last, and whether that is still to be taken back.
    said: Option<Moment>,
    held: bool,
}

enum Done {
    Looked(Behind),
    Sent(Box<(Delivery, Reply)>),
}

/// What woke the driver.
enum Wake {
    Done(Done),
    Changed,
    Removed,
    Told,
    Stopping,
}

impl Driver {
    pub(super) fn new(
        parts: Parts,
        hook: watch::Receiver<Arc<Webhook>>,
        standing: Arc<Mutex<Standing>>,
        stopping: CancellationToken,
    ) -> Self {
        let seed = u64::from(clock::since_numbering_epoch().subsec_nanos());
        let cursor = super::standing(&standing).cursor;
        Self {
            newest: parts.journal.newest(),
            parts,
            hook,
            standing,
            stopping,
            courier: Courier::new(seed),
            queue: VecDeque::new(),
            work: JoinSet::new(),
            attempts: 0,
            written: cursor,
            rest: Moment::ZERO,
            said: None,
            held: false,
        }
    }

    /// Runs until the receiver is removed, or the service is over and nothing is left that can be sent now.
    pub(super) async fn run(mut self) {
        let mut leaving = false;
        loop {
            let later = self.carry_out();
            if leaving && self.work.is_empty() {
                return self.write_place(0);
            }
            match self.wait(leaving, later).await {
                Wake::Done(Done::Looked(behind)) => self.looked(behind),
                Wake::Done(Done::Sent(sent)) => self.sent(sent.0, sent.1),
                Wake::Changed => self.changed(),
                Wake::Removed => return,
                Wake::Stopping => leaving = true,
                Wake::Told => {}
            }
        }
    }

    /// The one place that waits; not beyond `later`.
    async fn wait(&mut self, leaving: bool, later: Option<Moment>) -> Wake {
        let clock = self.parts.clock;
        let idle = self.work.is_empty() && later.is_none();
        let rest = async move {
            match later {
                Some(later) => tokio::time::sleep_until(clock.instant(later)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            changed = self.hook.changed() => changed.map_or(Wake::Removed, |()| Wake::Changed),
            Some(done) = self.work.join_next() => done.map_or(Wake::Told, Wake::Done),
            () = self.stopping.cancelled(), if !leaving => Wake::Stopping,
            Ok(()) = self.newest.changed(), if idle => Wake::Told,
            () = rest => Wake::Told,
        }
    }

    /// Sends what is first, or looks for more; returns when that can be done, if that is not now.
    fn carry_out(&mut self) -> Option<Moment> {
        let hook = Arc::clone(&self.hook.borrow());
        let now = self.parts.clock.now();
        if !self.work.is_empty() || !hook.enabled {
            return None;
        }
        if now < self.rest {
            return Some(self.rest);
        }
        let wants = wanted(&hook);
        while let Some(entry) = self.queue.pop_front_if(|entry| !wants(&entry.kind)) {
            self.reach(entry.id);
        }
        self.write_place(PASSED_MAX);
        let parts = self.parts.clone();
        match self.queue.front() {
            Some(_) if now.0 < self.courier.due() => return Some(Moment(self.courier.due())),
            Some(entry) => {
                let entry = Arc::clone(entry);
                self.attempts += 1;
                let attempt = self.attempts;
                self.work.spawn(async move {
                    Done::Sent(Box::new(parts.send(&hook, &entry, attempt).await))
                });
            }
            None if self.cursor() < *self.newest.borrow_and_update() => {
                let cursor = self.cursor();
                self.work.spawn(async move {
                    Done::Looked(parts.journal.behind(cursor, BATCH_MAX).await)
                });
            }
            None => {}
        }
        None
    }

    fn looked(&mut self, behind: Behind) {
        match behind {
            Behind::Entries(entries) => self.queue.extend(entries),
            Behind::Later => self.rest = self.parts.clock.now() + DISK_REST,
            Behind::Gone => {
                let at_hand = self.parts.journal.at_hand_behind();
                let message =
                    "news is gone that it was never sent: it was away for longer than news is kept";
                self.tell(Kind::WebhookGivenUp, message);
                standing(&self.standing).cursor = at_hand;
            }
        }
    }

    fn sent(&mut self, delivery: Delivery, reply: Reply) {
        let (id, what) = (delivery.event_id, delivery.error.clone());
        self.parts.journal.history().delivered(delivery);
        // It may have been taken out of the queue meanwhile.
        let first = self.queue.front().filter(|entry| entry.id == id);
        let Some(entry) = first.map(Arc::clone) else {
            return;
        };
        let age = clock::wall().duration_since(entry.at).unsigned_abs();
        let now = self.parts.clock.now();
        match self.courier.on(now.0, age, reply) {
            Verdict::Delivered { failures } => {
                standing(&self.standing).delivered += 1;
                self.on_to_the_next(entry.id);
                if std::mem::take(&mut self.held) {
                    let message = format!("takes news again after {failures} failed attempt(s)");
                    self.say(Kind::WebhookResumed, &message);
                }
            }
            Verdict::GivenUp { why } => {
                self.on_to_the_next(entry.id);
                let message = format!("is not sent news {} any more: {why}", entry.id);
                self.tell(Kind::WebhookGivenUp, &message);
            }
            Verdict::Again => {
                let what = what.unwrap_or_default();
                let message = format!("does not take news, which waits: {what}");
                self.held |= !self.held && self.tell(Kind::WebhookHeldBack, &message);
            }
        }
        let trouble = self.courier.trouble();
        standing(&self.standing).trouble = trouble.map(|trouble| trouble.what.clone());
    }

    fn on_to_the_next(&mut self, id: u64) {
        self.queue.pop_front();
        self.attempts = 0;
        self.reach(id);
        self.write_place(0);
    }

    /// Somebody has changed it, so that it may be mended.
    fn changed(&mut self) {
        let hook = Arc::clone(&self.hook.borrow_and_update());
        self.courier.nudge();
        let reached = standing(&self.standing).cursor;
        if reached < hook.cursor {
            self.queue.retain(|entry| hook.cursor < entry.id);
            standing(&self.standing).cursor = hook.cursor;
        }
    }

    fn cursor(&self) -> u64 {
        let last = self.queue.back().map(|entry| entry.id);
        last.unwrap_or_else(|| standing(&self.standing).cursor)
    }

    fn reach(&self, id: u64) {
        standing(&self.standing).cursor = id;
    }

    /// Has its place written if that is further than so many entries from the one that was.
    fn write_place(&mut self, passed_max: u64) {
        let cursor = standing(&self.standing).cursor;
        let id = self.hook.borrow().id.clone();
        if passed_max < self.written.abs_diff(cursor) && self.parts.store.reached(&id, cursor) {
            self.written = cursor;
        }
    }

    /// Tells of it, unless that was done a moment ago; returns whether it was.
    fn tell(&mut self, kind: Kind, message: &str) -> bool {
        let now = self.parts.clock.now();
        let room = self.said.is_none_or(|said| NEWS_EVERY <= now.since(said));
        if room {
            self.said = Some(now);
            self.say(kind, message);
        }
        room
    }

    fn say(&self, kind: Kind, message: &str) {
        let hook = self.hook.borrow();
        let name = hook.name.as_deref().unwrap_or(&hook.id);
        let message = format!("webhook {name} {message}");
        match kind.severity() {
            Severity::Info => tracing::info!("{message}"),
            Severity::Warning => tracing::warn!("{message}"),
            Severity::Error => tracing::error!("{message}"),
        }
        let news = News::new(kind, message).with("webhook", &hook.id);
        drop(hook);
        self.parts.journal.tell(news);
    }
}
