//! The driver of one channel: it waits, does what the channel says, and tells it what came of it.
//!
//! Started by the registry, one task a channel; it ends when the channel is over, and takes the
//! channel out of the registry itself.

mod budget;
mod effects;
mod measure;
mod numbers;
mod reading;
mod requests;
mod same;
mod sessions;
mod sources;
mod tell;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use budget::Budget;
use channel::{Channel, Input, Moment, Numbering, Phase, Promise, PullId, Snapshot};
use engine::{Address, Live};
pub(crate) use tell::{viewer_joined, viewer_put_off};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock::{self, Clock};
use crate::config::Config;
use crate::handle::{Handle, Message};
use crate::journal::Journal;
use crate::outbox::Outbox;
use crate::records::Records;
use crate::registry::Registry;
use crate::selector::Selector;
use crate::settings::Settings;
use crate::upstream::{Open, Upstream};
use reading::{Body, Read};
use sources::Current;

/// Longest wait for a source to be opened after nobody wants it any more, so that it can be closed
/// properly: with the stop that follows, less than a shutdown waits.
const CLOSE_PATIENCE: Duration = Duration::from_secs(6);

/// Longest target duration that is believed when waits are derived from it.
const TARGET_MAX: Duration = Duration::from_secs(60);

/// Target duration that is assumed until a source states one: about that of engines.
const TARGET_UNKNOWN: Duration = Duration::from_secs(5);

/// What drivers share.
#[derive(Clone)]
pub struct Context {
    /// The clock.
    pub clock: Clock,
    /// What is fixed.
    pub config: Arc<Config>,
    /// What may change.
    pub settings: watch::Receiver<Arc<Settings>>,
    /// Where to pull from.
    pub upstream: Arc<Upstream>,
    /// What survives.
    pub store: store::Store,
    /// What is told of streams.
    pub outbox: Outbox,
    /// What is known of streams beside their state.
    pub records: Records,
    /// What is told to operators.
    pub journal: Journal,
    /// Cancelled when the service ends.
    pub stopping: CancellationToken,
}

/// What a request brought.
struct Answer {
    input: Input,
    /// The source that was opened.
    open: Option<Box<Open>>,
    /// Where the playlist is to be asked for from now on.
    place: Option<engine::Place>,
    /// The body that was opened.
    body: Option<Box<Live>>,
}

pub(crate) struct Driver {
    context: Context,
    registry: Registry,
    handle: Arc<Handle>,
    channel: Channel,
    limits: channel::Settings,
    show: watch::Sender<Arc<Snapshot>>,
    messages: mpsc::Receiver<Message>,
    /// Sources being opened and closed; they are always seen through.
    sessions: JoinSet<Answer>,
    current: Option<Current>,
    /// The source that is to take its place, with its first media.
    aside: Option<Current>,
    /// The engine that carried the channel last.
    left: Option<Address>,
    /// Whether the channel was told to leave the engine that carries it; nothing if that is still to be found out.
    leaves: Option<bool>,
    /// Changes when engines have to be left.
    moves: watch::Receiver<u64>,
    /// Pulls that are to be closed as soon as they are opened.
    unwanted: BTreeSet<PullId>,
    /// Why the source before was given up.
    lost: String,
    present: bool,
    target: Duration,
    finished: bool,
}

/// What woke the driver.
enum Wake {
    Message(Message),
    Answer(Box<Answer>),
    Read(PullId, Read),
    /// Engines have to be left, or need not be any more.
    Moves,
    Lost,
    Shutdown,
    Deadline,
}

/// A channel's handle, and the driver that will run it.
pub(crate) fn prepare(
    context: Context,
    registry: Registry,
    selector: Selector,
) -> (Arc<Handle>, Driver) {
    let channel = at_rest(context.clock, None);
    let limits = context.config.channel_settings(&context.settings.borrow());
    let first = channel.snapshot(&limits);
    let (handle, show, messages) = Handle::new(selector, context.clock, first);
    let moves = context.upstream.moves();
    let driver = Driver {
        context,
        registry,
        handle: Arc::clone(&handle),
        channel,
        limits,
        show,
        messages,
        sessions: JoinSet::new(),
        current: None,
        aside: None,
        left: None,
        leaves: Some(false),
        moves,
        unwanted: BTreeSet::new(),
        lost: String::new(),
        present: false,
        target: TARGET_UNKNOWN,
        finished: false,
    };
    (handle, driver)
}

/// A channel whose numbers begin behind those that earlier lives were promised.
fn at_rest(clock: Clock, promised: Option<Promise>) -> Channel {
    let age = clock::since_numbering_epoch();
    let seed = u64::from(age.subsec_nanos());
    Channel::new(
        Numbering::after(promised, age),
        clock.wall_at_origin(),
        seed,
    )
}

impl Driver {
    /// Runs the channel until it is over.
    pub(crate) async fn run(mut self) {
        if let Some(promise) = numbers::promised(&self.context.store, &self.handle.key).await {
            self.channel = at_rest(self.context.clock, Some(promise));
        }
        while !self.finished {
            match self.wait().await {
                Wake::Message(Message::Arrived) => {
                    self.present = true;
                    self.take(Input::ViewerArrived);
                }
                Wake::Answer(answer) => self.answered(*answer),
                Wake::Read(pull, read) => self.take_read(pull, read),
                Wake::Message(Message::Stop(reason)) => self.take(Input::Stop { reason }),
                Wake::Moves => self.look_at_engine(),
                Wake::Message(Message::Left) | Wake::Lost => {}
                Wake::Shutdown => {
                    self.handle.viewers().close();
                    self.take(Input::Stop {
                        reason: channel::EndReason::Shutdown,
                    });
                }
                Wake::Deadline => self.take(Input::Deadline),
            }
            self.look_after_viewers();
        }
    }

    /// The one place that waits.
    async fn wait(&mut self) -> Wake {
        let idle = self.viewer_idle();
        let expiry = self.handle.viewers().next_expiry(idle);
        let deadline = self
            .channel
            .deadline(&self.limits)
            .into_iter()
            .chain(expiry)
            .min();
        let stopping = self.context.stopping.clone();
        let stopped = matches!(self.show.borrow().phase, Phase::Stopping);
        let now = self.context.clock.now();
        let pace = reading::pace(self.handle.viewers().watching());
        let wanted = self.channel.wants_more(now, &self.limits);
        let (body, requests) = parts(self.current.as_mut());
        let body = body.filter(|_| wanted);
        let (body_aside, requests_aside) = parts(self.aside.as_mut());
        tokio::select! {
            biased;
            () = stopping.cancelled(), if !stopped => Wake::Shutdown,
            Some(message) = self.messages.recv() => Wake::Message(message),
            Some(done) = self.sessions.join_next() => done.map_or(Wake::Lost, answered),
            done = sources::next(requests) => done.map_or(Wake::Lost, answered),
            done = sources::next(requests_aside) => done.map_or(Wake::Lost, answered),
            Ok(()) = self.moves.changed() => Wake::Moves,
            Ok(()) = self.context.settings.changed() => {
                let settings = self.context.settings.borrow_and_update();
                self.limits = self.context.config.channel_settings(&settings);
                Wake::Deadline
            }
            () = sleep_until(self.context.clock, deadline) => Wake::Deadline,
            (pull, read) = reading::next(body, now, pace) => Wake::Read(pull, read),
            (pull, read) = reading::next(body_aside, now, pace) => Wake::Read(pull, read),
        }
    }

    /// How long a viewer may be silent. Viewers go by the list they are shown, which may have been begun before the
    /// source's.
    fn viewer_idle(&self) -> Duration {
        let shown = self.show.borrow().window.target();
        let shown = shown.map_or(Duration::ZERO, Duration::from_secs);
        self.limits.viewer_idle(self.target.max(shown))
    }

    fn look_after_viewers(&mut self) {
        let idle = self.viewer_idle();
        let mut viewers = self.handle.viewers();
        let gone = viewers.expire(self.context.clock.now(), idle);
        let present = !viewers.is_empty();
        drop(viewers);
        for (_, viewer) in &gone {
            tell::viewer_left(&self.registry, &self.context.journal, &self.handle, viewer);
        }
        let was_present = std::mem::replace(&mut self.present, present);
        match (was_present, present) {
            (true, false) => self.take(Input::LastViewerLeft),
            // Its word was lost among many.
            (false, true) => self.take(Input::ViewerArrived),
            _ => {}
        }
    }

    fn answered(&mut self, answer: Answer) {
        let Answer {
            input,
            open,
            place,
            body,
        } = answer;
        if let Some(open) = &open {
            self.give_way_if_played(open);
            sessions::opened(&self.context.outbox, open.session.as_ref());
        }
        match (&input, open) {
            (Input::Opened { pull, .. }, Some(open)) if self.unwanted.remove(pull) => {
                return self.close(*pull, *open);
            }
            (Input::Opened { pull, .. }, Some(open)) => self.keep(*pull, *open),
            (Input::OpenFailed { pull, .. }, _) if self.unwanted.remove(pull) => {
                return self.take(Input::Closed { pull: *pull });
            }
            (Input::BodyOpened { pull }, _) => {
                let (pull, read_at) = (*pull, self.context.clock.now());
                if let Some(source) = self.source(pull) {
                    source.body = body.map(|live| Body {
                        pull,
                        live,
                        read_at,
                    });
                }
            }
            (Input::Polled { pull, result }, _) => {
                if let (Some(source), Ok(list)) = (self.source(*pull), result) {
                    source.listed = true;
                    source.open.place = place.unwrap_or_else(|| source.open.place.clone());
                    self.target = list.target_duration.min(TARGET_MAX);
                }
            }
            _ => {}
        }
        self.take(input);
        if self.leaves.is_none() {
            self.look_at_engine();
        }
    }
}

/// A source's body and its requests.
fn parts(source: Option<&mut Current>) -> (Option<&mut Body>, Option<&mut JoinSet<Answer>>) {
    match source {
        Some(source) => (source.body.as_mut(), Some(&mut source.requests)),
        None => (None, None),
    }
}

fn answered(answer: Answer) -> Wake {
    Wake::Answer(Box::new(answer))
}

async fn sleep_until(clock: Clock, deadline: Option<Moment>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(clock.instant(deadline)).await,
        None => std::future::pending().await,
    }
}
