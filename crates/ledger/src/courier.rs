//! One receiver of news: when it is sent the next, and when one is given up; it sends nothing.

use std::time::Duration;

use crate::delivery::{Delivery, Trouble};

/// Times that one piece of news is sent to somebody who stumbles over it before it is given up: three quarters of an
/// hour. It may be this one that does it, and others wait behind it.
const STUMBLES_MAX: u32 = 100;

/// Age at which news is given up that nobody takes: a long weekend's outage loses nothing.
const AGE_MAX: Duration = Duration::from_secs(72 * 3600);

/// Rest where somebody has to act first.
const REST_UNTIL_MENDED: Duration = Duration::from_secs(60);

/// What came of sending a piece of news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It has arrived.
    Taken,
    /// It will never be taken (400, 422 and the like).
    Refused(String),
    /// What answers is not who was meant, or wants something else first (401, 404, a redirect).
    Misdirected(String),
    /// Whoever took it failed over it (500).
    Stumbled(String),
    /// Nobody answered, or the answer was that it cannot be taken at the moment.
    Unavailable {
        /// What went wrong.
        what: String,
        /// For how long it wants to be left alone, if it says.
        retry_after: Option<Duration>,
    },
}

/// What that means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// On to the next.
    Delivered {
        /// Failures in a row that this one ends.
        failures: u32,
    },
    /// On to the next: this one will not arrive.
    GivenUp {
        /// Why.
        why: String,
    },
    /// The same again, when its time has come.
    Again,
}

/// A receiver's state.
#[derive(Clone, Debug, Default)]
pub struct Courier {
    delivery: Delivery,
    /// Times that the next piece of news was stumbled over.
    stumbles: u32,
}

impl Courier {
    /// One that nothing stands against. Seeds spread the rests of many.
    pub fn new(seed: u64) -> Self {
        Self {
            delivery: Delivery::new(seed),
            stumbles: 0,
        }
    }

    /// What stands against sending.
    pub fn trouble(&self) -> Option<&Trouble> {
        self.delivery.trouble.as_ref()
    }

    /// Since the clock's origin: no sending before then.
    pub fn due(&self) -> Duration {
        self.trouble()
            .map_or(Duration::ZERO, |trouble| trouble.until)
    }

    /// Somebody has changed something: it is tried at once.
    pub fn nudge(&mut self) {
        if let Some(trouble) = &mut self.delivery.trouble {
            trouble.until = Duration::ZERO;
        }
    }

    /// A reply has come, to news that happened so long ago.
    pub fn on(&mut self, now: Duration, age: Duration, reply: Reply) -> Verdict {
        let (what, at_least) = match reply {
            Reply::Taken => return self.delivered(),
            Reply::Refused(why) => {
                self.delivered();
                return Verdict::GivenUp { why };
            }
            Reply::Misdirected(what) => (what, Some(REST_UNTIL_MENDED)),
            Reply::Stumbled(what) => {
                self.stumbles += 1;
                (what, None)
            }
            Reply::Unavailable { what, retry_after } => (what, retry_after),
        };
        let given_up = AGE_MAX <= age || STUMBLES_MAX <= self.stumbles;
        self.delivery.rest(now, what.clone(), at_least);
        if !given_up {
            return Verdict::Again;
        }
        self.stumbles = 0;
        Verdict::GivenUp { why: what }
    }

    fn delivered(&mut self) -> Verdict {
        self.stumbles = 0;
        let trouble = self.delivery.trouble.take();
        Verdict::Delivered {
            failures: trouble.map_or(0, |trouble| trouble.failures),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRESH: Duration = Duration::ZERO;

    fn away() -> Reply {
        Reply::Unavailable {
            what: "nobody is there".into(),
            retry_after: None,
        }
    }

    #[test]
    fn rests_grow_to_half_a_minute_and_end_with_the_first_that_arrives() {
        let mut courier = Courier::new(7);
        let mut now = Duration::ZERO;
        let mut rests = Vec::new();
        for _ in 0..12 {
            assert_eq!(courier.on(now, FRESH, away()), Verdict::Again);
            rests.push(courier.due().saturating_sub(now));
            now = courier.due();
        }
        assert!(rests[0] <= Duration::from_millis(500), "{rests:?}");
        assert!(rests[11] <= Duration::from_secs(30), "{rests:?}");
        assert!(Duration::from_secs(22) <= rests[11], "{rests:?}");
        let verdict = courier.on(now, FRESH, Reply::Taken);
        assert_eq!(verdict, Verdict::Delivered { failures: 12 });
        assert_eq!((courier.due(), courier.trouble()), (Duration::ZERO, None));
    }

    #[test]
    fn news_is_given_up_when_it_is_refused_or_old_or_stumbled_over_too_often() {
        let mut courier = Courier::new(7);
        let refused = courier.on(FRESH, FRESH, Reply::Refused("no".into()));
        assert_eq!(refused, Verdict::GivenUp { why: "no".into() });
        // A refusal is an answer, so nothing stands against the next.
        assert_eq!(courier.trouble(), None);
        let second = Duration::from_secs(1);
        assert_eq!(
            courier.on(FRESH, AGE_MAX.saturating_sub(second), away()),
            Verdict::Again
        );
        let old = courier.on(FRESH, AGE_MAX, away());
        assert!(matches!(old, Verdict::GivenUp { .. }), "{old:?}");
        let stumbled = || Reply::Stumbled("500".into());
        for _ in 1..STUMBLES_MAX {
            assert_eq!(courier.on(FRESH, FRESH, stumbled()), Verdict::Again);
        }
        let last = courier.on(FRESH, FRESH, stumbled());
        assert_eq!(last, Verdict::GivenUp { why: "500".into() });
        assert_eq!(courier.on(FRESH, FRESH, stumbled()), Verdict::Again);
    }

    #[test]
    fn whoever_has_to_be_mended_is_asked_once_a_minute_and_at_once_when_something_was_changed() {
        let mut courier = Courier::new(7);
        courier.on(FRESH, FRESH, Reply::Misdirected("404".into()));
        assert!(Duration::from_secs(45) <= courier.due());
        courier.nudge();
        assert_eq!(courier.due(), Duration::ZERO);
        let retry_after = Some(Duration::from_secs(3600));
        let what = "busy".to_owned();
        courier.on(FRESH, FRESH, Reply::Unavailable { what, retry_after });
        assert!(courier.due() <= Duration::from_secs(60));
    }
}
