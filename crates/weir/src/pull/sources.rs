//! The sources of one channel that are open: one, and for the length of a move a second. Each has its requests, which are dropped
//! with it.

use channel::{Input, PullId};
use engine::Address;
use tokio::task::{JoinError, JoinSet};

use super::reading::Body;
use super::{Answer, Driver};
use crate::upstream::Open;

/// An open source, as long as requests to it are made.
pub(super) struct Current {
    pub(super) pull: PullId,
    pub(super) open: Open,
    /// Whether it has given a playlist; before that an engine may hold its answer back for long.
    pub(super) listed: bool,
    /// Its body, if it has one that is open.
    pub(super) body: Option<Body>,
    pub(super) requests: JoinSet<Answer>,
}

impl Current {
    pub(super) fn new(pull: PullId, open: Open) -> Self {
        Self {
            pull,
            open,
            listed: false,
            body: None,
            requests: JoinSet::new(),
        }
    }

    /// The engine that it is a session on.
    pub(super) fn engine(&self) -> Option<&Address> {
        self.open.session.as_ref().map(|it| &it.engine)
    }
}

/// What the next request of a source brings, if it has some under way.
pub(super) async fn next(requests: Option<&mut JoinSet<Answer>>) -> Result<Answer, JoinError> {
    if let Some(requests) = requests
        && let Some(done) = requests.join_next().await
    {
        return done;
    }
    std::future::pending().await
}

impl Driver {
    /// An open source by its name.
    pub(super) fn source(&mut self, pull: PullId) -> Option<&mut Current> {
        let all = self.current.iter_mut().chain(&mut self.aside);
        let mut all = all.filter(|it| it.pull == pull);
        all.next()
    }

    /// A source was opened: it is the channel's, or stands beside that one.
    pub(super) fn keep(&mut self, pull: PullId, open: Open) {
        let opened = Current::new(pull, open);
        if self.current.is_none() {
            self.put(opened);
        } else {
            self.aside = Some(opened);
        }
    }

    /// Takes a source out, of which nothing is wanted any more; the one beside it takes its place.
    pub(super) fn take_out(&mut self, pull: PullId) -> Option<Open> {
        if let Some(aside) = self.aside.take_if(|it| it.pull == pull) {
            return Some(aside.open);
        }
        let closed = self.current.take_if(|it| it.pull == pull)?;
        self.left = closed.engine().cloned();
        if let Some(aside) = self.aside.take() {
            self.put(aside);
        }
        Some(closed.open)
    }

    fn put(&mut self, source: Current) {
        self.handle.opened(&source.open);
        self.current = Some(source);
        self.leaves = None;
    }

    /// Tells the channel to leave its engine if that is what the engines want, and to stay if they want it no more.
    pub(super) fn look_at_engine(&mut self) {
        let Some(current) = &self.current else {
            return;
        };
        let must_leave = self.context.upstream.must_leave(&current.open);
        if self.leaves != Some(must_leave) {
            self.leaves = Some(must_leave);
            let engine = current.engine();
            let engine = engine.filter(|_| must_leave).map(ToString::to_string);
            let cause = engine.map(|engine| format!("engine {engine} is to carry no channels"));
            self.take(Input::MoveAway { cause });
        }
    }
}
