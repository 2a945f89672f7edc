//! Which channels were stopped lately, so that players that ask again at once do not start them anew; a value that
//! knows no clock.

use std::collections::HashMap;
use std::time::Duration;

use channel::Moment;

/// How long nobody starts a stopped channel anew: players ask again within seconds, and the stop of its session on
/// the engine must be over before the next begins.
const REST: Duration = Duration::from_secs(10);

/// How long those who watched it then are told by what they poll that it is over. Players that never give up would
/// bring it back otherwise, minutes after an operator wanted it gone.
const POLLS_REFUSED: Duration = Duration::from_mins(10);

/// Channels remembered; there are never more at once.
const KEYS_MAX: usize = 1_000;

/// When each channel was stopped.
#[derive(Debug, Default)]
pub(super) struct Stopped {
    at: HashMap<String, Moment>,
}

impl Stopped {
    /// A channel is being stopped.
    pub(super) fn note(&mut self, now: Moment, key: &str) {
        self.at.retain(|_, at| now.since(*at) < POLLS_REFUSED);
        if KEYS_MAX <= self.at.len()
            && let Some(oldest) = self.at.iter().min_by_key(|(_, at)| **at)
        {
            let oldest = oldest.0.clone();
            self.at.remove(&oldest);
        }
        self.at.insert(key.to_owned(), now);
    }

    /// A channel runs again, so that its players may poll again.
    pub(super) fn forget(&mut self, key: &str) {
        self.at.remove(key);
    }

    /// How long it is not started anew.
    pub(super) fn rest(&self, now: Moment, key: &str) -> Option<Duration> {
        let since = now.since(*self.at.get(key)?);
        REST.checked_sub(since).filter(|rest| !rest.is_zero())
    }

    /// Whether polls are still told that it is over.
    pub(super) fn is_known(&self, now: Moment, key: &str) -> bool {
        let at = self.at.get(key);
        at.is_some_and(|at| now.since(*at) < POLLS_REFUSED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment(Duration::from_secs(seconds))
    }

    #[test]
    fn a_stopped_channel_rests_and_its_old_players_are_refused_for_longer() {
        let mut stopped = Stopped::default();
        stopped.note(at(100), "news");
        assert_eq!(stopped.rest(at(104), "news"), Some(Duration::from_secs(6)));
        assert_eq!(stopped.rest(at(104), "sport"), None);
        assert_eq!(stopped.rest(at(110), "news"), None);
        assert!(stopped.is_known(at(699), "news"));
        assert!(!stopped.is_known(at(700), "news"));
        stopped.forget("news");
        assert!(!stopped.is_known(at(699), "news"));
    }

    #[test]
    fn the_oldest_is_forgotten_for_the_newest_and_what_is_over_makes_room() {
        let mut stopped = Stopped::default();
        for second in 0..=KEYS_MAX as u64 {
            let within = second / 4;
            stopped.note(at(within), &second.to_string());
        }
        assert_eq!(stopped.at.len(), KEYS_MAX);
        assert!(stopped.is_known(at(250), &KEYS_MAX.to_string()));
        stopped.note(at(5_000), "late");
        assert_eq!(stopped.at.len(), 1);
    }
}
