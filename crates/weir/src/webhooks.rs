//! Receivers of news beside the orchestrator: each is sent what the journal holds and it wants, in order, from where it
//! has got to. The entries are on the disk already, so a receiver's queue is nothing but its place among them.
//!
//! Requests add, change and remove receivers, one after the other. Each receiver has one task, started here and ended
//! with the service as one of the last.

mod driver;
mod replace;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ledger::Reply;
use store::history::{Delivery, Unreadable};
use store::{Store, Webhook, WebhookChange};
use tokio::sync::{Semaphore, watch};
use url::Url;
use uuid::Uuid;
use webhook::{Post, Sender};

use crate::clock::{self, Clock};
use crate::journal::{Entry, Journal, Kind, News};
use crate::tasks::Tasks;
use driver::Driver;

/// Receivers at most: each is a task, a connection and a place in the journal.
pub const WEBHOOKS_MAX: usize = 16;

/// What receivers are served with.
#[derive(Clone)]
pub struct Parts {
    /// The clock.
    pub clock: Clock,
    /// What they are told from.
    pub journal: Journal,
    /// Where they are kept.
    pub store: Store,
    /// What sends.
    pub sender: Sender,
    /// How an entry is written.
    pub render: fn(&Entry) -> String,
}

/// The receivers; clones share them.
#[derive(Clone)]
pub struct Webhooks {
    inner: Arc<Inner>,
}

struct Inner {
    parts: Parts,
    tasks: Tasks,
    receivers: Mutex<BTreeMap<String, Receiver>>,
    /// One change at a time.
    turn: Semaphore,
}

struct Receiver {
    /// As it is kept; its cursor is where it stood when it was changed last.
    hook: watch::Sender<Arc<Webhook>>,
    standing: Arc<Mutex<Standing>>,
}

/// How a receiver does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The last news that it has got, or that passed it by.
    pub cursor: u64,
    /// News that it took since the service started.
    pub delivered: u64,
    /// What stands against sending.
    pub trouble: Option<String>,
}

/// What is to be changed of a receiver; what is not given stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    /// What people call it.
    pub name: Option<Option<String>>,
    /// Where it is.
    pub url: Option<Url>,
    /// The kinds that it wants; all, if none is named.
    pub kinds: Option<Option<Vec<String>>>,
    /// What is sent is signed with it.
    pub secret: Option<Option<String>>,
    /// Whether it is sent anything.
    pub enabled: Option<bool>,
}

/// Why nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unchanged {
    /// There is no room.
    #[error("there are {WEBHOOKS_MAX} webhooks already")]
    TooMany,
    /// Nobody knows it.
    #[error("there is no such webhook")]
    Unknown,
    /// The disk did not take it.
    #[error("the webhook cannot be kept at the moment, because the data folder cannot be written")]
    NotKept,
}

/// A receiver as it is shown.
#[derive(Clone, Debug)]
pub struct Shown {
    /// As it is kept.
    pub hook: Arc<Webhook>,
    /// How it does.
    pub standing: Standing,
    /// News that waits for it; nothing, if that cannot be told at the moment.
    pub waiting: Option<usize>,
}

impl Webhooks {
    /// Goes on from what was kept.
    pub fn start(parts: Parts, tasks: Tasks, kept: Vec<Webhook>) -> Self {
        let inner = Inner {
            parts,
            tasks,
            receivers: Mutex::default(),
            turn: Semaphore::new(1),
        };
        let inner = Arc::new(inner);
        let webhooks = Self { inner };
        for hook in kept {
            webhooks.put(hook);
        }
        webhooks
    }

    /// All receivers, in the order of their ids: the oldest first.
    pub async fn all(&self) -> Vec<Shown> {
        let ids: Vec<_> = self.receivers().keys().cloned().collect();
        let mut all = Vec::with_capacity(ids.len());
        for id in ids {
            all.extend(self.get(&id).await);
        }
        all
    }

    /// One of them.
    pub async fn get(&self, id: &str) -> Option<Shown> {
        let (hook, standing) = self.known(id)?;
        let waiting = if hook.enabled {
            let (journal, kinds) = (&self.inner.parts.journal, wanted(&hook));
            journal.count_behind(standing.cursor, kinds).await
        } else {
            Some(0)
        };
        Some(Shown {
            hook,
            standing,
            waiting,
        })
    }

    /// Adds one, which is told what happens from now on.
    pub async fn add(&self, url: Url, edit: Edit) -> Result<String, Unchanged> {
        let _turn = self.inner.turn.acquire().await;
        if WEBHOOKS_MAX <= self.receivers().len() {
            return Err(Unchanged::TooMany);
        }
        let hook = self.fresh(&url, edit);
        self.keep(vec![WebhookChange::Put(hook.clone())]).await?;
        let id = hook.id.clone();
        self.show(hook);
        Ok(id)
    }

    /// Changes one. What happened while it was off is not sent.
    pub async fn change(&self, id: &str, edit: Edit) -> Result<(), Unchanged> {
        let _turn = self.inner.turn.acquire().await;
        let (hook, standing) = self.known(id).ok_or(Unchanged::Unknown)?;
        let hook = self.renewed(&hook, &standing, edit);
        self.keep(vec![WebhookChange::Put(hook.clone())]).await?;
        self.show(hook);
        Ok(())
    }

    /// Removes one, with what became of its news.
    pub async fn remove(&self, id: &str) -> Result<Arc<Webhook>, Unchanged> {
        let _turn = self.inner.turn.acquire().await;
        let (hook, _) = self.known(id).ok_or(Unchanged::Unknown)?;
        let removed = WebhookChange::Removed { id: id.to_owned() };
        self.keep(vec![removed]).await?;
        self.forget(id);
        Ok(hook)
    }

    /// Sends one something at once, whether it is on or off, and says what came of it.
    pub async fn test(&self, id: &str) -> Result<Delivery, Unchanged> {
        let (hook, _) = self.known(id).ok_or(Unchanged::Unknown)?;
        let news = News::new(Kind::WebhookTested, "this is a test: news arrives here");
        let entry = news.entry(0, clock::wall());
        let delivery = self.inner.parts.send(&hook, &entry, 1).await.0;
        let history = self.inner.parts.journal.history();
        history.delivered(delivery.clone());
        Ok(delivery)
    }

    /// What became of the newest attempts to tell one, the newest first.
    pub async fn deliveries(
        &self,
        id: &str,
        limit: usize,
    ) -> Result<Result<Vec<Delivery>, Unreadable>, Unchanged> {
        self.known(id).ok_or(Unchanged::Unknown)?;
        let history = self.inner.parts.journal.history();
        history.flush().await;
        Ok(history.deliveries(id.to_owned(), limit).await)
    }

    async fn keep(&self, changes: Vec<WebhookChange>) -> Result<(), Unchanged> {
        let kept = self.inner.parts.store.keep_webhooks(changes).await;
        kept.then_some(()).ok_or(Unchanged::NotKept)
    }

    /// One that nobody knows yet.
    fn fresh(&self, url: &Url, edit: Edit) -> Webhook {
        let hook = Webhook {
            id: Uuid::now_v7().to_string(),
            name: None,
            url: url.to_string(),
            kinds: None,
            secret: None,
            enabled: true,
            cursor: *self.inner.parts.journal.newest().borrow(),
        };
        edited(hook, edit)
    }

    /// One that is known, as it is after a change.
    fn renewed(&self, hook: &Webhook, standing: &Standing, edit: Edit) -> Webhook {
        let mut hook = Webhook {
            cursor: standing.cursor,
            ..hook.clone()
        };
        if !hook.enabled && edit.enabled == Some(true) {
            hook.cursor = *self.inner.parts.journal.newest().borrow();
        }
        edited(hook, edit)
    }

    /// One that was kept is served as it is kept.
    fn show(&self, hook: Webhook) {
        let receivers = self.receivers();
        if let Some(receiver) = receivers.get(&hook.id) {
            receiver.hook.send_replace(Arc::new(hook));
        } else {
            drop(receivers);
            self.put(hook);
        }
    }

    /// One is no more.
    fn forget(&self, id: &str) {
        // Its task ends with its sender.
        self.receivers().remove(id);
        let history = self.inner.parts.journal.history();
        history.forget_deliveries(id.to_owned());
    }

    fn put(&self, hook: Webhook) {
        // What nobody told yet is not what it has got.
        let newest = *self.inner.parts.journal.newest().borrow();
        let standing = Standing {
            cursor: hook.cursor.min(newest),
            ..Standing::default()
        };
        let standing = Arc::new(Mutex::new(standing));
        let id = hook.id.clone();
        let (hook, shown) = watch::channel(Arc::new(hook));
        let driver = Driver::new(
            self.inner.parts.clone(),
            shown,
            Arc::clone(&standing),
            self.inner.tasks.stopping().clone(),
        );
        self.receivers().insert(id, Receiver { hook, standing });
        self.inner.tasks.spawn(driver.run());
    }

    fn known(&self, id: &str) -> Option<(Arc<Webhook>, Standing)> {
        let receivers = self.receivers();
        let receiver = receivers.get(id)?;
        let hook = Arc::clone(&receiver.hook.borrow());
        Some((hook, standing(&receiver.standing).clone()))
    }

    fn receivers(&self) -> MutexGuard<'_, BTreeMap<String, Receiver>> {
        let receivers = self.inner.receivers.lock();
        receivers.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Parts {
    /// Sends an entry, and says what came of it.
    async fn send(&self, hook: &Webhook, entry: &Entry, attempt: u32) -> (Delivery, Reply) {
        let (at, began) = (clock::wall(), self.clock.now());
        let body = (self.render)(entry);
        let heard = match Url::parse(&hook.url) {
            Ok(url) => {
                let post = Post {
                    url: &url,
                    secret: hook.secret.as_deref(),
                    id: entry.id,
                    kind: &entry.kind,
                    body: &body,
                    now: at.as_second(),
                };
                self.sender.send(&post).await
            }
            // It was one when it was kept.
            Err(error) => webhook::Heard {
                status: None,
                reply: Reply::Misdirected(format!("its address is none: {error}")),
            },
        };
        let took = self.clock.now().since(began);
        let delivery = Delivery {
            receiver: hook.id.clone(),
            at,
            event_id: entry.id,
            event_kind: entry.kind.clone(),
            status: heard.status,
            ok: heard.reply == Reply::Taken,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            error: what(&heard.reply).map(str::to_owned),
            attempt,
        };
        (delivery, heard.reply)
    }
}

/// What a receiver wants to be sent. It is told nothing of receivers, or one that refuses news would be sent the news
/// of its refusal.
fn wanted(hook: &Webhook) -> impl Fn(&str) -> bool + use<> {
    let kinds = hook.kinds.clone();
    move |kind| {
        let wanted = kinds.as_ref();
        wanted.is_none_or(|kinds| kinds.iter().any(|it| it == kind))
            && !driver::OF_WEBHOOKS.iter().any(|it| it.as_str() == kind)
    }
}

fn edited(hook: Webhook, edit: Edit) -> Webhook {
    Webhook {
        name: edit.name.unwrap_or(hook.name),
        url: edit.url.map_or(hook.url, |url| url.to_string()),
        kinds: edit.kinds.unwrap_or(hook.kinds),
        secret: edit.secret.unwrap_or(hook.secret),
        enabled: edit.enabled.unwrap_or(hook.enabled),
        ..hook
    }
}

fn what(reply: &Reply) -> Option<&str> {
    match reply {
        Reply::Taken => None,
        Reply::Refused(what)
        | Reply::Misdirected(what)
        | Reply::Stumbled(what)
        | Reply::Unavailable { what, .. } => Some(what),
    }
}

fn standing(standing: &Mutex<Standing>) -> MutexGuard<'_, Standing> {
    standing.lock().unwrap_or_else(PoisonError::into_inner)
}
