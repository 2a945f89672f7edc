//! A start that is tried on one engine after the other: when the next is worth it, decided without asking any.

use std::time::Duration;

use channel::OpenFailure;
use engine::Address;
use engine::pool::Unavailable;

/// Engines that may say they do not have a content, or take too long over it, before that is believed: what somebody
/// made up is not asked of fifty.
const DOUBTS_MAX: u32 = 2;

/// How long after its beginning a start still goes on to another engine: players give up after ten seconds.
const PATIENCE: Duration = Duration::from_secs(8);

/// What one engine did with a start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It does not find the content.
    Unknown(String),
    /// It lives, and has not answered for as long as others take.
    Slow(Duration),
    /// It answered that something else is wrong.
    Unfit(String),
    /// It could not be talked to.
    Silent(String),
}

/// The tries of one start.
#[derive(Debug)]
pub(super) struct Tries {
    begun: Duration,
    /// What the caller does not want, and what was tried.
    avoid: Vec<Address>,
    doubts: u32,
    last: Option<OpenFailure>,
}

impl Tries {
    pub(super) fn new(now: Duration, avoid: &[Address]) -> Self {
        Self {
            begun: now,
            avoid: avoid.to_vec(),
            doubts: 0,
            last: None,
        }
    }

    pub(super) fn avoid(&self) -> &[Address] {
        &self.avoid
    }

    /// Whether none was tried yet.
    pub(super) fn is_first(&self) -> bool {
        self.last.is_none()
    }

    /// An engine is about to be tried.
    pub(super) fn on(&mut self, engine: &Address) {
        self.avoid.push(engine.clone());
    }

    /// Whether the engine that is tried may be left for another because it takes long.
    pub(super) fn may_leave_slow(&self) -> bool {
        self.doubts + 1 < DOUBTS_MAX
    }

    /// An engine has failed; gives the failure of the whole start if no other is to be tried.
    pub(super) fn failed(&mut self, now: Duration, fault: &Fault) -> Option<OpenFailure> {
        if matches!(fault, Fault::Unknown(_) | Fault::Slow(_)) {
            self.doubts += 1;
        }
        let failure = OpenFailure::from(fault);
        let is_over = DOUBTS_MAX <= self.doubts || self.begun + PATIENCE <= now;
        self.last = Some(failure.clone());
        is_over.then_some(failure)
    }

    /// There is no engine to try: what the last one said matters more than that.
    pub(super) fn without(self, unavailable: &Unavailable) -> OpenFailure {
        self.last.unwrap_or(match unavailable {
            Unavailable::NoEngines | Unavailable::AllAvoided => OpenFailure::NoEngines,
            Unavailable::AllFull { per_engine } => OpenFailure::AllEnginesFull {
                per_engine: *per_engine,
            },
        })
    }
}

impl From<&Fault> for OpenFailure {
    fn from(fault: &Fault) -> Self {
        match fault {
            Fault::Unknown(text) | Fault::Unfit(text) => Self::Refused(text.clone()),
            Fault::Silent(text) => Self::Unreachable(text.clone()),
            Fault::Slow(waited) => {
                let seconds = waited.as_secs_f64();
                Self::Unreachable(format!("no answer to a start within {seconds:.1} s"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(100);

    fn tries() -> Tries {
        Tries::new(NOW, &[])
    }

    fn unknown() -> Fault {
        Fault::Unknown("failed to load content".into())
    }

    #[test]
    fn engines_that_cannot_be_talked_to_are_passed_over_as_long_as_a_player_waits() {
        let mut tries = tries();
        let silent = Fault::Silent("connection refused".into());
        for step in 0..40 {
            assert_eq!(
                tries.failed(NOW + Duration::from_millis(step), &silent),
                None
            );
        }
        let over = tries.failed(NOW + PATIENCE, &silent);
        assert_eq!(
            over,
            Some(OpenFailure::Unreachable("connection refused".into()))
        );
    }

    #[test]
    fn a_content_that_two_engines_do_not_find_is_asked_of_no_third() {
        let mut tries = tries();
        assert_eq!(tries.failed(NOW, &unknown()), None);
        assert_eq!(
            tries.failed(NOW, &Fault::Unfit("no playback URL".into())),
            None
        );
        let refused = OpenFailure::Refused("failed to load content".into());
        assert_eq!(tries.failed(NOW, &unknown()), Some(refused));
    }

    #[test]
    fn a_slow_engine_is_left_once_and_the_next_one_is_waited_for() {
        let mut tries = tries();
        assert!(tries.may_leave_slow());
        assert_eq!(
            tries.failed(NOW, &Fault::Slow(Duration::from_secs(6))),
            None
        );
        assert!(!tries.may_leave_slow());
    }

    #[test]
    fn what_the_last_engine_said_is_told_before_that_none_is_left() {
        let full = Unavailable::AllFull { per_engine: 3 };
        let at_once = tries().without(&full);
        assert_eq!(at_once, OpenFailure::AllEnginesFull { per_engine: 3 });
        let mut later = tries();
        later.failed(NOW, &unknown());
        let said = OpenFailure::Refused("failed to load content".into());
        assert_eq!(later.without(&full), said);
        assert_eq!(
            tries().without(&Unavailable::AllAvoided),
            OpenFailure::NoEngines
        );
    }

    #[test]
    fn every_engine_that_was_tried_is_avoided_from_then_on() {
        let engine = |port| Address {
            host: "engine".into(),
            port,
        };
        let mut tries = Tries::new(NOW, &[engine(1)]);
        tries.on(&engine(2));
        assert_eq!(tries.avoid(), [engine(1), engine(2)]);
    }
}
