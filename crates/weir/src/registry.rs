//! Which channels run: finds them by what is asked for, and starts what is not there.

mod contents;
mod stopped;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use channel::EndReason;

use crate::handle::Handle;
use crate::pull::{self, Budget, Context};
use crate::selector::Selector;
use crate::tasks::Tasks;
use contents::Contents;
use stopped::Stopped;

/// Channels at once; each may hold its share of memory, and ids are made up easily.
const CHANNELS_MAX: usize = 1_000;

/// Why a channel is not started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotStarted {
    /// There is no room for a further one.
    #[error("{CHANNELS_MAX} channels run already, no more are started")]
    TooMany,
    /// Players ask again at once when theirs is stopped, and would start it anew.
    #[error("the channel was stopped just now, and is not started again for {} s", rest.as_secs_f64().ceil())]
    Stopped {
        /// Until then.
        rest: Duration,
    },
}

/// The channels that run; clones share them.
#[derive(Clone)]
pub struct Registry {
    context: Context,
    tasks: Tasks,
    running: Arc<RwLock<HashMap<String, Arc<Handle>>>>,
    budget: Arc<Budget>,
    stopped: Arc<Mutex<Stopped>>,
    contents: Arc<Mutex<Contents>>,
    /// The same for news of viewers.
    news: Arc<Budget>,
}

impl Registry {
    /// Nothing runs yet.
    pub fn new(context: Context, tasks: Tasks) -> Self {
        Self {
            context,
            tasks,
            running: Arc::default(),
            budget: Arc::default(),
            stopped: Arc::default(),
            contents: Arc::default(),
            news: Arc::default(),
        }
    }

    /// The channel of a selector; one is started if there is none. However many ask at once, there
    /// is one.
    pub fn get_or_start(&self, selector: &Selector) -> Result<Arc<Handle>, NotStarted> {
        let key = selector.key();
        if let Some(handle) = self.get(&key) {
            return Ok(handle);
        }
        let mut running = self.running.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = running.get(&key).filter(|handle| !handle.is_over()) {
            return Ok(Arc::clone(handle));
        }
        let infohash = self.infohash(selector);
        let now = self.context.clock.now();
        if let Some(rest) = self.stopped().rest(now, &key, infohash.as_deref()) {
            return Err(NotStarted::Stopped { rest });
        }
        if CHANNELS_MAX <= running.len() {
            return Err(NotStarted::TooMany);
        }
        let (handle, driver) = pull::prepare(self.context.clone(), self.clone(), selector.clone());
        self.stopped().forget(&key);
        running.insert(key, Arc::clone(&handle));
        self.tasks.spawn(driver.run());
        Ok(handle)
    }

    /// What a newcomer is to be given: the running channel that plays the same content under another name, as far as
    /// engines have told; else what was asked for. Those who watch already keep the name that they have, since another
    /// channel has other numbers.
    pub fn canonical(&self, selector: &Selector) -> Selector {
        if self.get(&selector.key()).is_some() {
            return selector.clone();
        }
        let same = self.infohash(selector).and_then(|infohash| {
            let mut running = self.all().into_iter();
            running.find(|handle| handle.plays(&infohash))
        });
        same.map_or_else(|| selector.clone(), |handle| handle.selector.clone())
    }

    /// What a selector plays, as far as engines have told.
    fn infohash(&self, selector: &Selector) -> Option<String> {
        match selector {
            Selector::ContentId(id) => self.context.upstream.infohash(id),
            Selector::Infohash(hash) | Selector::Magnet(hash) => Some(hash.clone()),
            Selector::Url(_) | Selector::Source(_) => None,
        }
    }

    /// The channel of a name in our paths, if it runs.
    pub fn get(&self, key: &str) -> Option<Arc<Handle>> {
        let running = self.running.read().unwrap_or_else(PoisonError::into_inner);
        running
            .get(key)
            .filter(|handle| !handle.is_over())
            .map(Arc::clone)
    }

    /// Ends a channel, whoever watches it; for a while nobody starts it anew, by whatever name.
    pub async fn stop(&self, handle: &Handle, reason: EndReason) {
        let infohash = handle
            .infohash()
            .or_else(|| self.infohash(&handle.selector));
        let now = self.context.clock.now();
        self.stopped().note(now, &handle.key, infohash);
        handle.stop(reason).await;
    }

    /// Whether a channel was stopped so lately that players of then must not start it anew by what they poll.
    pub fn was_stopped(&self, key: &str) -> bool {
        self.stopped().is_known(self.context.clock.now(), key)
    }

    fn stopped(&self) -> MutexGuard<'_, Stopped> {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All channels that run, in the order of their names.
    pub fn all(&self) -> Vec<Arc<Handle>> {
        let running = self.running.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = running.values().map(Arc::clone).collect();
        drop(running);
        all.sort_by(|one, other| one.key.cmp(&other.key));
        all
    }

    /// A channel is over; called by its driver alone.
    pub(crate) fn remove(&self, handle: &Arc<Handle>) {
        let mut running = self.running.write().unwrap_or_else(PoisonError::into_inner);
        if running
            .get(&handle.key)
            .is_some_and(|other| Arc::ptr_eq(other, handle))
        {
            running.remove(&handle.key);
            drop(running);
            self.contents().release(&handle.key);
        }
    }

    /// A channel has opened a session of a content; the key of the one that plays it already, if there is one to which
    /// viewers can be led. One of the two must have been asked for by this infohash: an engine's word alone, that two ids
    /// are one content, makes nobody watch what he did not ask for.
    pub(crate) fn claim(&self, infohash: &str, own: &Selector) -> Option<String> {
        let runs = |other: &str| self.get(other).is_some();
        let other = self.contents().claim(infohash, &own.key(), runs)?;
        let other = self.get(&other)?;
        let is_named = [own, &other.selector].into_iter().any(|it| {
            matches!(it, Selector::Infohash(hash) | Selector::Magnet(hash) if hash == infohash)
        });
        let is_found = self.infohash(own).as_deref() == Some(infohash);
        (is_named && is_found).then(|| other.key.clone())
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        // It is changed by calls that do not panic half-way.
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Room in the journal for one more viewer's coming or going; how many were left out before it.
    pub(crate) fn room_in_journal(&self) -> Option<u64> {
        self.news.take(self.context.clock.now())
    }

    /// Room for one more line about what anybody can cause; how many were left out before it.
    pub(crate) fn room_in_log(&self) -> Option<u64> {
        self.budget.take(self.context.clock.now())
    }
}
