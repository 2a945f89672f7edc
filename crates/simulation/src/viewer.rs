//! Viewers as players are: they enter, poll, fetch what they see, and leave in all the ways there are.

mod playing;

use std::time::Duration;

use channel::{Caller, Phase, ViewerId};

use crate::coverage::Seen;
use crate::driver::{Driver, Message};
use crate::world::{What, World};

/// Longest wait of a first request.
const READY_PATIENCE: Duration = Duration::from_secs(30);

/// Longest that word of a viewer is on its way to the driver.
pub(crate) const WORD_MAX: Duration = Duration::from_millis(3);

/// What a viewer is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    /// It plays.
    Steady,
    /// It only looks whether there is something.
    Probe,
    /// It pauses.
    Pauses,
    /// Its line is slow.
    Crawls,
    /// It goes without a word, and comes back when nobody expects it.
    Vanishes,
}

impl Habit {
    pub(crate) const ALL: [Self; 5] = [
        Self::Steady,
        Self::Probe,
        Self::Pauses,
        Self::Crawls,
        Self::Vanishes,
    ];
}

/// Where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Away,
    /// Its request waits for the channel.
    Waiting {
        driver: u64,
        until: Duration,
    },
    Watching,
    /// It takes a segment slowly.
    Crawling {
        driver: u64,
        sequence: u64,
    },
}

#[derive(Debug)]
pub(crate) struct Viewer {
    pub(crate) channel: usize,
    pub(crate) habit: Habit,
    /// It never leaves: whether all is well in the end is seen by it.
    pub(crate) faithful: bool,
    id: ViewerId,
    stage: Stage,
    /// It has a token, so it need not enter.
    entered: bool,
    leaves_at: Duration,
    /// The segment it wants next.
    wants: Option<u64>,
    /// The driver, and the moment up to which it has media to play.
    playing: Option<(u64, Duration)>,
    /// There were clips in its list when it began, or ran dry last.
    began_at_clips: bool,
    /// Calls for it that are older are void.
    turn: u64,
}

impl Viewer {
    pub(crate) fn new(channel: usize, habit: Habit) -> Self {
        Self {
            channel,
            habit,
            faithful: false,
            id: ViewerId(0),
            stage: Stage::Away,
            entered: false,
            leaves_at: Duration::ZERO,
            wants: None,
            playing: None,
            began_at_clips: false,
            turn: 0,
        }
    }
}

impl World {
    pub(crate) fn viewer_in(&mut self, viewer: usize, after: Duration) {
        self.viewers[viewer].turn += 1;
        let turn = self.viewers[viewer].turn;
        self.agenda
            .at(self.now + after, What::Viewer { viewer, turn });
    }

    pub(crate) fn viewer_soon(&mut self, viewer: usize) {
        self.viewer_in(viewer, Duration::ZERO);
    }

    pub(crate) fn viewer_acts(&mut self, viewer: usize, turn: u64) {
        if self.viewers[viewer].turn != turn {
            return;
        }
        match self.viewers[viewer].stage {
            Stage::Away => self.comes(viewer),
            Stage::Waiting { driver, until } => self.waited(viewer, driver, until),
            Stage::Watching => self.polls(viewer),
            Stage::Crawling { driver, sequence } => {
                self.fetches(viewer, driver, sequence);
                let number = self.viewers[viewer].channel;
                self.with_table(number, driver, |world, table| {
                    table
                        .viewers
                        .end(world.moment(), world.viewers[viewer].id, 1);
                });
                self.viewers[viewer].stage = Stage::Watching;
                self.viewer_in(viewer, Duration::from_millis(50));
            }
        }
    }

    /// The process is gone: whoever waited for an answer gets none.
    pub(crate) fn viewers_cut_off(&mut self) {
        for viewer in 0..self.viewers.len() {
            let stage = self.viewers[viewer].stage;
            self.viewers[viewer].playing = None;
            if matches!(stage, Stage::Waiting { .. } | Stage::Crawling { .. }) {
                self.viewers[viewer].stage = Stage::Away;
                let wait = self.random.millis(100..=3_000);
                self.viewer_in(viewer, wait);
            }
        }
    }

    /// Everybody is gone at once, without a word.
    pub(crate) fn everybody_goes(&mut self) {
        for viewer in 0..self.viewers.len() {
            let stage = self.viewers[viewer].stage;
            if let Stage::Waiting { driver, .. } | Stage::Crawling { driver, .. } = stage {
                let number = self.viewers[viewer].channel;
                self.with_table(number, driver, |world, table| {
                    table.waiting.retain(|waiting| *waiting != viewer);
                    table
                        .viewers
                        .end(world.moment(), world.viewers[viewer].id, 0);
                });
            }
            self.viewers[viewer].stage = Stage::Away;
            self.viewers[viewer].turn += 1;
        }
    }

    fn comes(&mut self, viewer: usize) {
        if self.viewers[viewer].entered {
            self.see(Seen::ViewerCameBack);
        } else {
            let token = u128::from(self.random.next()) << 64 | u128::from(self.random.next());
            let stays = self.random.skewed(Duration::from_secs(3_000));
            let it = &mut self.viewers[viewer];
            it.id = ViewerId(token);
            it.leaves_at = self.now + stays;
            it.wants = None;
            it.playing = None;
        }
        let watching = self.viewers[viewer].entered;
        self.asks(viewer, watching);
    }

    /// A request for a playlist: the entry point, or the live list.
    fn asks(&mut self, viewer: usize, watching: bool) {
        let number = self.viewers[viewer].channel;
        let Some(id) = self.get_or_start(number) else {
            self.see(Seen::ViewerUnserved);
            self.viewers[viewer].stage = Stage::Away;
            let wait = self.random.millis(300..=3_000);
            return self.viewer_in(viewer, wait);
        };
        let mut first = false;
        let mut decided = false;
        self.with_table(number, id, |world, driver| {
            let caller = Caller {
                address: "192.0.2.1",
                agent: "player",
                watching,
                ..Caller::default()
            };
            let token = world.viewers[viewer].id;
            let begun = driver.viewers.begin(world.moment(), token, caller);
            let begun = begun.expect("a channel that was found is open, and there are few viewers");
            first = begun.starts;
            let has_list = watching && driver.shown.playlist.is_some();
            decided = has_list || driver.is_decided();
            if begun.alone || !driver.shown.is_served() {
                world.send(driver, Message::Arrived);
            }
            if !decided {
                driver.waiting.push(viewer);
            }
        });
        let until = self.now + READY_PATIENCE;
        if decided {
            return self.answer_viewer(viewer, id, first);
        }
        self.see(Seen::ViewerWaited);
        self.viewers[viewer].stage = Stage::Waiting { driver: id, until };
        self.viewer_in(viewer, READY_PATIENCE);
    }

    fn waited(&mut self, viewer: usize, driver: u64, until: Duration) {
        let number = self.viewers[viewer].channel;
        let mut decided = None;
        self.with_table(number, driver, |_, table| {
            table.waiting.retain(|waiting| *waiting != viewer);
            decided = Some(table.is_decided());
        });
        match decided {
            Some(true) => self.answer_viewer(viewer, driver, true),
            Some(false) if self.now < until => {
                // What was to be seen has changed again in the same moment.
                self.with_table(number, driver, |_, table| table.waiting.push(viewer));
                self.viewer_in(viewer, until.saturating_sub(self.now));
            }
            Some(false) => {
                self.see(Seen::ViewerTimedOut);
                self.refuse(viewer, driver);
            }
            None => self.refuse(viewer, driver),
        }
    }

    /// The channel is served, or has failed: the request ends.
    fn answer_viewer(&mut self, viewer: usize, driver: u64, first: bool) {
        let number = self.viewers[viewer].channel;
        let mut served = false;
        self.with_table(number, driver, |world, table| {
            served = table.shown.playlist.is_some() && table.list.is_some();
            served &= !matches!(table.shown.phase, Phase::Failed { .. }) || !first;
            if served {
                table
                    .viewers
                    .end(world.moment(), world.viewers[viewer].id, 0);
            }
        });
        if !served {
            return self.refuse(viewer, driver);
        }
        if !self.viewers[viewer].entered {
            self.see(Seen::ViewerEntered);
            self.viewers[viewer].entered = true;
            if self.viewers[viewer].habit == Habit::Probe {
                self.see(Seen::ViewerProbed);
                return self.goes(viewer, false);
            }
            self.viewers[viewer].stage = Stage::Watching;
            let soon = self.random.millis(5..=200);
            return self.viewer_in(viewer, soon);
        }
        self.viewers[viewer].stage = Stage::Watching;
        self.plays(viewer, driver, first);
    }

    /// The request ends with a refusal, and the viewer leaves with it.
    fn refuse(&mut self, viewer: usize, driver: u64) {
        self.see(Seen::ViewerRefused);
        let number = self.viewers[viewer].channel;
        self.with_table(number, driver, |world, table| {
            table
                .viewers
                .end(world.moment(), world.viewers[viewer].id, 0);
            table.viewers.leave(world.viewers[viewer].id);
            world.send(table, Message::Left);
        });
        self.viewers[viewer].stage = Stage::Away;
        let wait = self.random.millis(500..=8_000);
        self.viewer_in(viewer, wait);
    }

    fn polls(&mut self, viewer: usize) {
        let it = &self.viewers[viewer];
        if it.leaves_at <= self.now && !it.faithful {
            return self.goes(viewer, false);
        }
        let odd = !it.faithful && self.random.chance(3);
        match self.viewers[viewer].habit {
            Habit::Pauses if odd => {
                self.see(Seen::ViewerPaused);
                self.viewers[viewer].playing = None;
                let pause = self.random.skewed(Duration::from_secs(300));
                self.viewers[viewer].stage = Stage::Away;
                self.viewer_in(viewer, pause);
            }
            Habit::Vanishes if odd => {
                self.see(Seen::ViewerVanished);
                self.goes(viewer, true);
            }
            _ => self.asks(viewer, true),
        }
    }

    /// It stops asking. One that comes back `again` has its old token still, and times it badly.
    fn goes(&mut self, viewer: usize, again: bool) {
        let number = self.viewers[viewer].channel;
        let target = self
            .driver(number)
            .map_or(Duration::from_secs(5), |it| it.target);
        let badly = self.settings.viewer_idle(target) + self.settings.linger;
        let away = if self.random.chance(60) {
            badly.saturating_sub(Duration::from_secs(1)) + self.random.millis(0..=2_500)
        } else {
            self.random.skewed(Duration::from_secs(600))
        };
        let it = &mut self.viewers[viewer];
        it.stage = Stage::Away;
        it.entered = again;
        it.playing = None;
        self.viewer_in(viewer, away);
    }

    /// A viewer's request does something to the table; the driver does not notice by itself.
    fn with_table(&mut self, number: usize, id: u64, work: impl FnOnce(&mut Self, &mut Driver)) {
        let Some(mut driver) = self.take_driver(number, id) else {
            return;
        };
        work(self, &mut driver);
        let present = !driver.viewers.is_empty();
        self.judge
            .presence(self.now, number, present, &self.settings);
        self.put_back(driver);
    }

    /// Word for the driver, which takes a moment.
    pub(crate) fn send(&mut self, driver: &Driver, message: Message) {
        let (number, id) = (driver.number, driver.id);
        let quick = self.random.chance(70);
        let after = if quick {
            0
        } else {
            self.random.below(WORD_MAX.as_micros() as u64)
        };
        let at = self.now + Duration::from_micros(after);
        let what = What::Word {
            number,
            id,
            message,
        };
        self.agenda.at(at, what);
    }
}
