//! An orchestrator that is told what happens, with every bad habit that one can have.

use std::time::Duration;

use ledger::Outcome;

use crate::coverage::counted;
use crate::random::Random;

/// Longest wait for its answer.
const PATIENCE: Duration = Duration::from_secs(5);

counted! {
    /// What it is like at the moment.
    pub(crate) enum Mood {
        Well = "orchestrator: it is well",
        Slow = "orchestrator: it is slow",
        Down = "orchestrator: nobody answers",
        Hangs = "orchestrator: it takes an event and does not answer",
        LosesReplies = "orchestrator: its replies are lost",
        Fails = "orchestrator: it answers 500",
        FailsAfterwards = "orchestrator: it takes an event and answers 500",
        Busy = "orchestrator: it asks to be left alone",
        WrongKey = "orchestrator: it answers 401",
        Redirects = "orchestrator: it redirects",
        Page = "orchestrator: a page in its place",
        Refuses = "orchestrator: it will never take an event",
    }
}

/// What becomes of one event.
#[derive(Debug)]
pub(crate) struct Fate {
    /// When it gets there, if it does.
    pub(crate) arrives: Option<Duration>,
    /// When the answer, or the want of one, is known.
    pub(crate) known: Duration,
    pub(crate) outcome: Outcome,
}

#[derive(Debug)]
pub(crate) struct Orchestrator {
    pub(crate) mood: Mood,
}

impl Orchestrator {
    /// Takes an event that is sent now.
    pub(crate) fn take(&self, now: Duration, random: &mut Random) -> Fate {
        let quick = now + random.millis(1..=60);
        let slow = now + random.millis(200..=4_500);
        let unavailable = |what: &str, wait: Option<u64>| Outcome::Unavailable {
            what: what.into(),
            retry_after: wait.map(Duration::from_secs),
        };
        let misdirected = |what: &str| Outcome::Misdirected { what: what.into() };
        let own_name = random.chance(30).then(|| "its own name".to_owned());
        let taken = Outcome::Taken { called: own_name };
        let timeout = now + PATIENCE;
        let (arrives, known, outcome) = match self.mood {
            Mood::Well => (Some(quick), quick + random.millis(1..=60), taken),
            Mood::Slow => (Some(slow), slow + random.millis(1..=400), taken),
            Mood::Down => (None, quick, unavailable("connection refused", None)),
            Mood::Hangs => (None, timeout, unavailable("no answer in time", None)),
            Mood::LosesReplies => (Some(quick), timeout, unavailable("no answer in time", None)),
            Mood::Fails => (None, quick, unavailable("it answered 500", None)),
            Mood::FailsAfterwards => {
                let known = quick + random.millis(1..=60);
                (Some(quick), known, unavailable("it answered 500", None))
            }
            Mood::Busy => {
                let wait = Some(random.within(1..=120));
                (None, quick, unavailable("it answered 503", wait))
            }
            Mood::WrongKey => (None, quick, Outcome::Unauthorised { status: 401 }),
            Mood::Redirects => (None, quick, misdirected("it redirects")),
            Mood::Page => (None, quick, misdirected("it answered with a page")),
            Mood::Refuses => {
                let text = "no such thing".into();
                (None, quick, Outcome::Refused { status: 422, text })
            }
        };
        Fate {
            arrives,
            known,
            outcome,
        }
    }
}
