//! What Weir's driver does around a channel, in the same order: it does what it is told and decides nothing.

mod effects;
mod reading;
mod requests;
mod words;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use channel::{
    Channel, EndReason, Input, Moment, Numbering, Phase, Promise, PullId, Settings, Snapshot,
    Viewers,
};

use crate::coverage::Seen;
use crate::source::{Opened, Reading};
use crate::world::{What, World};
use words::{told, wanted};

/// Longest target duration that is believed when waits are derived from it.
const TARGET_MAX: Duration = Duration::from_secs(60);

/// Target duration that is assumed until a source states one.
const TARGET_UNKNOWN: Duration = Duration::from_secs(5);

/// An answer that was on its way when its request was dropped may still be read, so much later.
const LATE_MAX: Duration = Duration::from_millis(2);

/// The source that is open.
#[derive(Debug)]
struct Current {
    pull: PullId,
    session: u64,
    first: Option<hls::Media>,
    listed: bool,
    /// Its body, once it has begun.
    body: Option<Reading>,
}

/// One channel with all that stands around it in the service.
#[derive(Debug)]
pub(crate) struct Driver {
    pub(crate) id: u64,
    pub(crate) number: usize,
    pub(crate) channel: Channel,
    pub(crate) viewers: Viewers,
    pub(crate) shown: Snapshot,
    /// The list that viewers get, read by the judge.
    pub(crate) list: Option<Arc<hls::Media>>,
    /// Viewers whose request waits for something to be shown.
    pub(crate) waiting: Vec<usize>,
    /// Its numbers have been read from the disk; until then it is deaf.
    pub(crate) ready: bool,
    /// What came before that.
    pub(crate) unread: Vec<Message>,
    pub(crate) stream: Option<String>,
    pub(crate) finished: bool,
    lives: u64,
    pub(crate) target: Duration,
    current: Option<Current>,
    unwanted: BTreeSet<PullId>,
    /// Requests are dropped together; those of an earlier round are late.
    round: u64,
    dropped_at: Duration,
    present: bool,
    wakes_at: Option<Duration>,
}

/// What a driver is told by the rest of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    Arrived,
    Left,
    Stop(EndReason),
}

/// What a request brought.
#[derive(Debug)]
pub(crate) struct Answer {
    input: Input,
    opened: Option<Opened>,
    /// The round of a request that can be dropped; none for what is always seen through.
    round: Option<u64>,
}

impl Driver {
    /// How long a viewer may be silent, by the source's target duration and by the list's.
    fn viewer_idle(&self, settings: &Settings) -> Duration {
        let shown = self.shown.window.target();
        let shown = shown.map_or(Duration::ZERO, Duration::from_secs);
        settings.viewer_idle(self.target.max(shown))
    }

    pub(crate) fn new(id: u64, number: usize, channel: Channel, shown: Snapshot) -> Self {
        Self {
            id,
            number,
            channel,
            viewers: Viewers::default(),
            shown,
            list: None,
            waiting: Vec::new(),
            ready: false,
            unread: Vec::new(),
            stream: None,
            finished: false,
            lives: 0,
            target: TARGET_UNKNOWN,
            current: None,
            unwanted: BTreeSet::new(),
            round: 0,
            dropped_at: Duration::ZERO,
            present: false,
            wakes_at: None,
        }
    }

    /// The session of the source that is open, if one is.
    pub(crate) fn session(&self) -> Option<(PullId, u64)> {
        self.current.as_ref().map(|it| (it.pull, it.session))
    }

    /// Whether its snapshot settles what a waiting request is to be answered.
    pub(crate) fn is_decided(&self) -> bool {
        match &self.shown.phase {
            Phase::Failed { .. } => true,
            Phase::Starting | Phase::Live | Phase::Lingering => self.shown.playlist.is_some(),
            Phase::Stopping => self.viewers.is_closed(),
            Phase::Idle => false,
        }
    }
}

impl World {
    /// Lets a driver do something, and then what it does after everything.
    pub(crate) fn drive(
        &mut self,
        number: usize,
        id: u64,
        work: impl FnOnce(&mut Self, &mut Driver),
    ) {
        let Some(mut driver) = self.take_driver(number, id) else {
            return;
        };
        work(self, &mut driver);
        if driver.ready {
            self.look_after_viewers(&mut driver);
            self.sleep(&mut driver);
        }
        if driver.finished {
            self.see(Seen::Finished);
            self.judge.finished(self.now, number);
        } else {
            self.put_back(driver);
        }
    }

    /// The numbers have come from the disk: the channel begins behind them.
    pub(crate) fn numbers_read(&mut self, driver: &mut Driver, promised: Option<Promise>) {
        if let Some(promise) = promised {
            driver.channel = self.channel_at_rest(Some(promise));
            self.see(Seen::NumbersFromDisk);
        } else {
            self.see(Seen::NumbersFromClock);
        }
        driver.ready = true;
        for message in std::mem::take(&mut driver.unread) {
            if !driver.finished {
                self.message(driver, message);
            }
        }
    }

    /// A channel that nobody has asked for, whose numbers begin behind those that were promised.
    pub(crate) fn channel_at_rest(&mut self, promised: Option<Promise>) -> Channel {
        let numbering = Numbering::after(promised, self.since_numbering_epoch());
        Channel::new(numbering, self.wall_at_origin(), self.random.next())
    }

    pub(crate) fn message(&mut self, driver: &mut Driver, message: Message) {
        if !driver.ready {
            return driver.unread.push(message);
        }
        match message {
            Message::Arrived => {
                driver.present = true;
                if driver.shown.phase == Phase::Lingering {
                    self.see(Seen::CameBackInLinger);
                }
                if driver.shown.phase == Phase::Stopping {
                    self.see(Seen::ArrivedInStop);
                }
                self.take(driver, Input::ViewerArrived);
            }
            Message::Left => {}
            Message::Stop(reason) => {
                if reason == EndReason::Shutdown {
                    driver.viewers.close();
                }
                self.take(driver, Input::Stop { reason });
            }
        }
    }

    /// The driver's clock has come.
    pub(crate) fn wake(&mut self, driver: &mut Driver) {
        if driver.wakes_at.is_some_and(|at| at <= self.now) {
            driver.wakes_at = None;
            if self.due(driver).is_some_and(|at| at <= self.moment()) {
                self.take(driver, Input::Deadline);
            }
        }
    }

    fn due(&self, driver: &Driver) -> Option<Moment> {
        let idle = driver.viewer_idle(&self.settings);
        let expiry = driver.viewers.next_expiry(idle);
        let deadline = driver.channel.deadline(&self.settings);
        deadline.into_iter().chain(expiry).min()
    }

    fn sleep(&mut self, driver: &mut Driver) {
        let Some(at) = self.due(driver) else {
            return;
        };
        let at = self.time_of(at).max(self.now);
        if driver
            .wakes_at
            .is_none_or(|known| at < known || known < self.now)
        {
            driver.wakes_at = Some(at);
            let (number, id) = (driver.number, driver.id);
            self.agenda.at(at, What::Wake { number, id });
        }
    }

    fn look_after_viewers(&mut self, driver: &mut Driver) {
        let idle = driver.viewer_idle(&self.settings);
        for _ in driver.viewers.expire(self.moment(), idle) {
            self.see(Seen::ViewerExpired);
        }
        let present = !driver.viewers.is_empty();
        self.judge
            .presence(self.now, driver.number, present, &self.settings);
        match (std::mem::replace(&mut driver.present, present), present) {
            (true, false) => self.take(driver, Input::LastViewerLeft),
            (false, true) => self.take(driver, Input::ViewerArrived),
            _ => {}
        }
    }

    pub(crate) fn answered(&mut self, driver: &mut Driver, answer: Answer) {
        let Answer {
            input,
            opened,
            round,
        } = answer;
        if round.is_some_and(|round| round != driver.round) {
            if LATE_MAX < self.now.saturating_sub(driver.dropped_at) {
                return;
            }
            self.see(Seen::LateAnswer);
        }
        match (&input, opened) {
            (Input::Opened { pull, .. }, Some(opened)) => {
                self.judge.opened(driver.number, *pull);
                if driver.unwanted.remove(pull) {
                    self.see(Seen::UnwantedOpened);
                    return self.close(driver, *pull, opened.session);
                }
                if opened.first.is_some() {
                    self.see(Seen::FirstWithOpen);
                }
                driver.current = Some(Current {
                    pull: *pull,
                    session: opened.session,
                    first: opened.first,
                    listed: false,
                    body: None,
                });
            }
            (Input::OpenFailed { pull, .. }, _) => {
                self.judge.not_opened(driver.number, *pull);
                if driver.unwanted.remove(pull) {
                    self.see(Seen::UnwantedFailed);
                    return self.take(driver, Input::Closed { pull: *pull });
                }
            }
            (Input::Polled { pull, result }, _) => {
                if let (Some(current), Ok(list)) = (&mut driver.current, result)
                    && current.pull == *pull
                {
                    driver.target = list.target_duration.min(TARGET_MAX);
                    current.listed = true;
                }
            }
            (Input::Closed { pull }, _) if driver.unwanted.contains(pull) => {
                self.see(Seen::ClosePatience);
            }
            _ => {}
        }
        if let Input::BodyOpened { pull } = input {
            self.begin_body(driver, pull);
        }
        self.take(driver, input);
    }

    pub(crate) fn take(&mut self, driver: &mut Driver, input: Input) {
        self.trace.mix(driver.number as u64);
        let number = driver.number;
        self.trace.note(self.now, || told(number, &input));
        self.judge.input(number, &input);
        let effects = driver.channel.on(self.moment(), &self.settings, input);
        for effect in effects {
            self.trace.note(self.now, || wanted(number, &effect));
            self.judge.effect(
                self.now,
                number,
                &effect,
                &self.settings,
                &mut self.coverage,
            );
            self.carry_out(driver, effect);
        }
        self.judge
            .rested(self.now, self.moment(), driver, &self.settings);
    }

    /// Its monotonic clock, which begins with the process.
    pub(crate) fn moment(&self) -> Moment {
        Moment(self.now.saturating_sub(self.origin()))
    }

    fn time_of(&self, moment: Moment) -> Duration {
        self.origin() + moment.0
    }
}
