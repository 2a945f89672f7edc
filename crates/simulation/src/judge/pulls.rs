//! One source at a time for each channel, and only what is open is asked and closed.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use channel::{Effect, Input, PullId};

/// After so long a source that is still being opened may be left behind, as the driver promises.
const CLOSE_PATIENCE: Duration = Duration::from_secs(6);

/// A source is opened no more often than this within `OPENS_WITHIN`, whatever is wrong with it.
const OPENS_MAX: usize = 20;
const OPENS_WITHIN: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Opening,
    /// It is to be closed as soon as it is open.
    Unwanted {
        since: Duration,
    },
    Open,
    Closing {
        until: Duration,
    },
}

/// The pulls of one channel in one process.
#[derive(Debug, Default)]
pub(super) struct Pulls {
    states: BTreeMap<PullId, State>,
    polling: Option<PullId>,
    /// The pull whose body was asked for last.
    reading: Option<PullId>,
    /// When the newest sources were opened.
    opens: VecDeque<Duration>,
}

impl Pulls {
    pub(super) fn input(&mut self, input: &Input) {
        if let Input::Polled { pull, .. } = input
            && self.polling == Some(*pull)
        {
            self.polling = None;
        }
    }

    pub(super) fn effect(&mut self, now: Duration, effect: &Effect) {
        match effect {
            Effect::Open { pull, .. } => {
                self.states.retain(|_, state| !is_over(*state, now));
                let held = self.states.iter().find(|(_, state)| !is_left(**state, now));
                assert!(
                    held.is_none(),
                    "two sources at a time: {pull:?} beside {held:?}"
                );
                self.states.insert(*pull, State::Opening);
                self.opens.push_back(now);
                if OPENS_MAX < self.opens.len() {
                    let first = self.opens.pop_front().unwrap_or_default();
                    let within = now.saturating_sub(first);
                    assert!(
                        OPENS_WITHIN <= within,
                        "{OPENS_MAX} sources opened within {within:?}"
                    );
                }
                self.polling = None;
            }
            Effect::Close { pull } => {
                let state = self.states.get_mut(pull);
                match state {
                    Some(state @ State::Opening) => *state = State::Unwanted { since: now },
                    Some(State::Open) => {}
                    other => panic!("{pull:?} is to be closed and is {other:?}"),
                }
                self.polling = None;
            }
            Effect::Read { pull } => {
                self.is_open(*pull);
                assert_ne!(self.reading, Some(*pull), "a body is read twice");
                self.reading = Some(*pull);
            }
            Effect::Poll { pull } => {
                self.is_open(*pull);
                assert!(self.polling.is_none(), "two polls at a time");
                self.polling = Some(*pull);
            }
            Effect::Fetch { pull, segment, .. } => {
                self.is_open(*pull);
                assert!(!segment.gap, "what is a gap is not to be asked for");
            }
            Effect::Load { pull, .. } => self.is_open(*pull),
            _ => {}
        }
    }

    fn is_open(&self, pull: PullId) {
        let state = self.states.get(&pull);
        assert_eq!(state, Some(&State::Open), "{pull:?} is asked and not open");
    }

    pub(super) fn opened(&mut self, pull: PullId) {
        let state = self.states.entry(pull).or_insert(State::Open);
        if *state == State::Opening {
            *state = State::Open;
        }
    }

    pub(super) fn not_opened(&mut self, pull: PullId) {
        self.states.remove(&pull);
    }

    pub(super) fn closing(&mut self, pull: PullId, until: Duration) {
        let state = self.states.get_mut(&pull);
        let until = match state {
            Some(State::Open) => until,
            // Whoever waits for it waits no longer than this, all in all.
            Some(State::Unwanted { since }) => until.min(*since + CLOSE_PATIENCE),
            other => panic!("{pull:?} is closed and is {other:?}"),
        };
        self.states.insert(pull, State::Closing { until });
    }

    /// Whether an answer is still to come.
    pub(super) fn is_pending(&self, now: Duration) -> bool {
        self.states
            .values()
            .any(|state| *state != State::Open && !is_over(*state, now))
    }

    pub(super) fn finished(&mut self, now: Duration) {
        let mut held = self
            .states
            .iter()
            .filter(|(_, state)| !is_left(**state, now));
        let first = held.next();
        assert!(
            first.is_none(),
            "a channel left and {first:?} was not closed"
        );
        *self = Self::default();
    }
}

fn is_over(state: State, now: Duration) -> bool {
    matches!(state, State::Closing { until } if until <= now)
}

/// Whether nobody need wait for it any more.
fn is_left(state: State, now: Duration) -> bool {
    match state {
        State::Opening | State::Open => false,
        State::Unwanted { since } => since + CLOSE_PATIENCE <= now,
        State::Closing { until } => until <= now,
    }
}
