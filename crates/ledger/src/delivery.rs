//! When the next event is sent: at once, or after a rest that fits what went wrong.

use std::time::Duration;

/// First rest after a failure; it doubles with each failure in a row.
const REST_MIN: Duration = Duration::from_millis(500);

/// Longest rest. An orchestrator that is back is found within half a minute, so that even a long queue
/// is told within a minute of an outage's end.
const REST_MAX: Duration = Duration::from_secs(30);

/// Rest where somebody has to act first.
const REST_UNTIL_MENDED: Duration = Duration::from_secs(60);

/// Characters of an answer that are kept to be looked at.
const TEXT_MAX: usize = 300;

/// How sending an event went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The orchestrator has it.
    Taken {
        /// What it calls the stream, if it says.
        called: Option<String>,
    },
    /// It wants another key (401, 403). The event is kept; somebody has to act.
    Unauthorised {
        /// The status it answered with.
        status: u16,
    },
    /// It will never take this event (400, 422 and the like).
    Refused {
        /// The status it answered with.
        status: u16,
        /// What it said.
        text: String,
    },
    /// What answers there is no orchestrator: a redirect, a page, an unknown path.
    Misdirected {
        /// What it did.
        what: String,
    },
    /// Nobody answered in time, or the answer was that it cannot at the moment.
    Unavailable {
        /// What went wrong.
        what: String,
        /// For how long it wants to be left alone, if it says.
        retry_after: Option<Duration>,
    },
}

/// What stands against telling at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What went wrong, with a hint at what to do.
    pub what: String,
    /// Failures in a row.
    pub failures: u32,
    /// When it is tried again, since the clock's origin.
    pub until: Duration,
}

/// Where sending stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Delivery {
    /// The event that is on its way.
    pub(crate) sending: Option<u64>,
    pub(crate) trouble: Option<Trouble>,
    jitter: u64,
}

impl Delivery {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            jitter: seed | 1,
            ..Self::default()
        }
    }

    /// Whether the next event may go out now.
    pub(crate) fn is_free(&self, now: Duration) -> bool {
        self.sending.is_none() && self.trouble.as_ref().is_none_or(|it| it.until <= now)
    }

    /// When it becomes free by time alone.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        let trouble = self.trouble.as_ref()?;
        self.sending.is_none().then_some(trouble.until)
    }

    /// Rests after a failure.
    pub(crate) fn rest(&mut self, now: Duration, what: String, at_least: Option<Duration>) {
        let failures = 1 + self.trouble.as_ref().map_or(0, |it| it.failures);
        let grown = (REST_MIN * 2_u32.saturating_pow((failures - 1).min(8))).min(REST_MAX);
        let rest = grown
            .max(at_least.unwrap_or_default())
            .min(REST_UNTIL_MENDED)
            .mul_f64(self.spread());
        self.trouble = Some(Trouble {
            what,
            failures,
            until: now + rest,
        });
    }

    /// Between three quarters and one, so that many proxies do not come back at the same moment.
    fn spread(&mut self) -> f64 {
        self.jitter ^= self.jitter << 13;
        self.jitter ^= self.jitter >> 7;
        self.jitter ^= self.jitter << 17;
        0.75 + (self.jitter >> 11) as f64 / (1_u64 << 53) as f64 / 4.0
    }
}

/// What an operator is told of a failure, and how long to rest at least.
pub(crate) fn trouble_of(outcome: &Outcome) -> Option<(String, Option<Duration>)> {
    match outcome {
        Outcome::Taken { .. } | Outcome::Refused { .. } => None,
        Outcome::Unauthorised { status } => Some((
            format!(
                "the orchestrator answered {status}: check that API_KEY is the one that it expects"
            ),
            Some(REST_UNTIL_MENDED),
        )),
        Outcome::Misdirected { what } => Some((
            format!("what answers at ORCHESTRATOR_URL is no orchestrator: {what}"),
            Some(REST_UNTIL_MENDED),
        )),
        Outcome::Unavailable { what, retry_after } => Some((what.clone(), *retry_after)),
    }
}

/// An answer's text, short enough to be kept.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(TEXT_MAX).collect()
}
