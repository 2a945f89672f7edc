//! How long a silence of the open source may last: a table, and nothing but a table.

use std::time::Duration;

use crate::pulse::Evidence;

/// No media for so long from an engine that is not there any more: what was on its way has come by then.
const HITCH: Duration = Duration::from_secs(2);

/// A body that has begun and has no first byte for so long will have none: engines begin one when they have enough of it to send,
/// and send it within milliseconds.
const BEGUN: Duration = Duration::from_secs(3);

/// The same where the engine does not say how it is. It is half of what players wait for a first answer.
const BEGUN_UNKNOWN: Duration = Duration::from_secs(5);

/// How long a body that has begun may be without its first byte. One whose engine still collects has as long as it takes:
/// the same would be waited for in any other way.
pub(crate) fn of_first_byte(evidence: Evidence) -> Option<Duration> {
    match evidence {
        Evidence::Gone => Some(HITCH),
        Evidence::Flowing | Evidence::Frozen => Some(BEGUN),
        Evidence::Unknown | Evidence::Hanging => Some(BEGUN_UNKNOWN),
        Evidence::Collecting | Evidence::Deserted => None,
    }
}

/// A silence that is to be judged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Silence {
    /// What the engine's statistics say.
    pub(crate) evidence: Evidence,
    /// Whether another engine could carry the channel.
    pub(crate) elsewhere: bool,
    /// For how long viewers have something to watch, counted from its beginning, less what opening another source takes.
    pub(crate) spare: Duration,
    /// What the source's own pace allows.
    pub(crate) bounds: Bounds,
    /// When a channel that is alone with an engine tries a new session all the same, before its life ends.
    pub(crate) longest: Duration,
}

/// Silences that the pace of a source gives a meaning.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// The shortest that means something where statistics say that the source is ill.
    pub(crate) least: Duration,
    /// The shortest that means something by itself.
    pub(crate) ordinary: Duration,
    /// After which players give up.
    pub(crate) usual: Duration,
}

impl Silence {
    /// How long it may last.
    pub(crate) fn patience(&self) -> Duration {
        let Bounds {
            least,
            ordinary,
            usual,
        } = self.bounds;
        match self.evidence {
            Evidence::Gone => HITCH.min(usual),
            Evidence::Hanging | Evidence::Frozen | Evidence::Deserted => {
                self.spare.max(least).min(usual)
            }
            Evidence::Unknown => self.spare.max(ordinary).min(usual),
            Evidence::Flowing => usual,
            // A new session would begin to collect from nothing.
            Evidence::Collecting if self.elsewhere => usual,
            Evidence::Collecting => usual.max(self.longest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// On segments of five seconds, for viewers who have so much left when another source has been opened.
    fn patience(evidence: Evidence, spare: u64, elsewhere: bool) -> u64 {
        let silence = Silence {
            evidence,
            elsewhere,
            spare: seconds(spare),
            bounds: Bounds {
                least: seconds(5),
                ordinary: seconds(8),
                usual: seconds(17),
            },
            longest: seconds(30),
        };
        silence.patience().as_secs()
    }

    #[test]
    fn an_engine_that_is_gone_is_given_up_before_anything_else() {
        for spare in [0, 10, 40] {
            assert_eq!(patience(Evidence::Gone, spare, false), 2);
        }
    }

    #[test]
    fn what_is_known_to_be_ill_gets_what_viewers_can_spare_and_never_less_than_a_segments_time() {
        for evidence in [Evidence::Hanging, Evidence::Frozen, Evidence::Deserted] {
            let spares = [0, 4, 9, 40];
            let patience = spares.map(|spare| patience(evidence, spare, true));
            assert_eq!(patience, [5, 5, 9, 17], "{evidence:?}");
        }
    }

    #[test]
    fn silence_alone_is_believed_later() {
        let patience = [0, 9, 40].map(|spare| patience(Evidence::Unknown, spare, true));
        assert_eq!(patience, [8, 9, 17]);
    }

    #[test]
    fn an_engine_that_works_is_given_as_long_as_players_wait_whatever_viewers_hold() {
        assert_eq!(patience(Evidence::Flowing, 0, true), 17);
        assert_eq!(patience(Evidence::Collecting, 0, true), 17);
    }

    #[test]
    fn a_first_byte_is_waited_for_as_long_as_the_engine_collects_and_else_for_a_moment() {
        assert_eq!(of_first_byte(Evidence::Collecting), None);
        assert_eq!(of_first_byte(Evidence::Deserted), None);
        let others = [
            Evidence::Gone,
            Evidence::Flowing,
            Evidence::Frozen,
            Evidence::Unknown,
            Evidence::Hanging,
        ];
        let patience = others.map(|it| of_first_byte(it).expect("an end").as_secs());
        assert_eq!(patience, [2, 3, 3, 5, 5]);
    }

    #[test]
    fn an_engine_that_collects_and_is_the_only_one_is_kept() {
        assert_eq!(patience(Evidence::Collecting, 0, false), 30);
        assert_eq!(patience(Evidence::Flowing, 0, false), 17);
    }
}
