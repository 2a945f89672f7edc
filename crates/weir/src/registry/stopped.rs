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

/// Which channels were stopped, by their keys.
#[derive(Debug, Default)]
pub(super) struct Stopped {
    channels: HashMap<String, Stop>,
}

#[derive(Debug)]
struct Stop {
    at: Moment,
    /// What it played, if its engine has told: the same content may be asked for by another name.
    infohash: Option<String>,
}

impl Stopped {
    /// A channel is being stopped.
    pub(super) fn note(&mut self, now: Moment, key: &str, infohash: Option<String>) {
        self.channels
            .retain(|_, stop| now.since(stop.at) < POLLS_REFUSED);
        if KEYS_MAX <= self.channels.len()
            && let Some(oldest) = self.channels.iter().min_by_key(|(_, stop)| stop.at)
        {
            let oldest = oldest.0.clone();
            self.channels.remove(&oldest);
        }
        let stop = Stop { at: now, infohash };
        self.channels.insert(key.to_owned(), stop);
    }

    /// A channel runs again, so that its players may poll again.
    pub(super) fn forget(&mut self, key: &str) {
        self.channels.remove(key);
    }

    /// How long it is not started anew, under this name or as what plays the same.
    pub(super) fn rest(&self, now: Moment, key: &str, infohash: Option<&str>) -> Option<Duration> {
        let is_it = |name: &str, stop: &Stop| {
            name == key || (infohash.is_some() && stop.infohash.as_deref() == infohash)
        };
        let meant = self
            .channels
            .iter()
            .filter(|(name, stop)| is_it(name, stop));
        let rests = meant.filter_map(|(_, stop)| REST.checked_sub(now.since(stop.at)));
        rests.max().filter(|rest| !rest.is_zero())
    }

    /// Whether polls are still told that it is over.
    pub(super) fn is_known(&self, now: Moment, key: &str) -> bool {
        let stop = self.channels.get(key);
        stop.is_some_and(|stop| now.since(stop.at) < POLLS_REFUSED)
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
        stopped.note(at(100), "news", None);
        let rest = |stopped: &Stopped, second, key| stopped.rest(at(second), key, None);
        assert_eq!(rest(&stopped, 104, "news"), Some(Duration::from_secs(6)));
        assert_eq!(rest(&stopped, 104, "sport"), None);
        assert_eq!(rest(&stopped, 110, "news"), None);
        assert!(stopped.is_known(at(699), "news"));
        assert!(!stopped.is_known(at(700), "news"));
        stopped.forget("news");
        assert!(!stopped.is_known(at(699), "news"));
    }

    #[test]
    fn a_stopped_channel_rests_under_every_name_of_its_content() {
        let mut stopped = Stopped::default();
        stopped.note(at(100), "news", Some("abc".into()));
        let rest = |infohash| stopped.rest(at(104), "magnet-abc", infohash);
        assert_eq!(rest(Some("abc")), Some(Duration::from_secs(6)));
        assert_eq!(rest(Some("def")), None);
        assert_eq!(rest(None), None);
        // Two of which nothing is known are not the same.
        stopped.note(at(100), "sport", None);
        assert_eq!(stopped.rest(at(104), "weather", None), None);
    }

    #[test]
    fn the_oldest_is_forgotten_for_the_newest_and_what_is_over_makes_room() {
        let mut stopped = Stopped::default();
        for second in 0..=KEYS_MAX as u64 {
            let within = second / 4;
            stopped.note(at(within), &second.to_string(), None);
        }
        assert_eq!(stopped.channels.len(), KEYS_MAX);
        assert!(stopped.is_known(at(250), &KEYS_MAX.to_string()));
        stopped.note(at(5_000), "late", None);
        assert_eq!(stopped.channels.len(), 1);
    }
}
