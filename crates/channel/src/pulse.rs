//! What an engine's statistics tell of a session beside its media; it asks nobody and knows no clock.

use std::time::Duration;

use crate::time::Moment;

/// A number that stands still for less than this says nothing: engines count in pieces, and answer from one second to the next.
const STILL_MIN: Duration = Duration::from_secs(3);

/// The broadcaster's clock comes in pieces of several seconds; one that stands still for so long is gone.
const BROADCAST_STILL_MIN: Duration = Duration::from_secs(20);

/// A question that is not answered for so long is to an engine that hangs: healthy ones take milliseconds.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// Refusals in a row after which nobody is there: one may be a machine that is just busy.
const REFUSALS: u32 = 2;

/// Between two questions while the media is silent.
const HURRY: Duration = Duration::from_secs(1);

/// Before a refusal is asked about again, and how many times that at most.
const AGAIN: Duration = Duration::from_millis(250);
const AGAIN_MAX: u32 = 8;

/// What came of asking an engine how a session is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// It told.
    Told(Numbers),
    /// Nothing listens where the engine was.
    Refused,
    /// It did not answer in time.
    Unanswered,
    /// It answered, and that tells nothing.
    Nothing,
    /// There is nobody to ask about this session.
    Never,
}

/// What an engine said of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// It is collecting media, and gives none while it does.
    pub collecting: bool,
    /// Peers it is connected to.
    pub peers: Option<u64>,
    /// Bytes received since the start.
    pub downloaded: Option<u64>,
    /// The newest moment of the broadcast that it knows of, in seconds.
    pub newest: Option<u64>,
}

/// What all that means for a silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// Nothing is known.
    Unknown,
    /// The engine receives media, or did a moment ago.
    Flowing,
    /// It is there and waits for its peers.
    Collecting,
    /// It has no peers to wait for.
    Deserted,
    /// What it has received, or what there is to receive, stands still.
    Frozen,
    /// It does not answer.
    Hanging,
    /// It is not there any more.
    Gone,
}

/// Everything that was told of one session.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    /// Since when an answer is awaited.
    asked: Option<Moment>,
    /// When the last answer came.
    answered: Option<Moment>,
    /// Nobody can be asked.
    mute: bool,
    refused: u32,
    hangs: bool,
    numbers: Option<Numbers>,
    downloaded: Risen,
    newest: Risen,
    /// When it said last that it was collecting.
    collected: Moment,
    /// Whether another engine could carry the channel.
    pub(crate) elsewhere: bool,
}

/// A number that ought to rise.
#[derive(Clone, Copy, Debug, Default)]
struct Risen {
    value: Option<u64>,
    at: Moment,
}

impl Risen {
    fn take(&mut self, now: Moment, value: Option<u64>) {
        if value != self.value {
            *self = Self { value, at: now };
        }
    }

    /// Whether it was the same for so long when it was told last.
    fn is_still(&self, told: Moment, least: Duration) -> bool {
        self.value.is_some() && self.at + least <= told
    }
}

impl Pulse {
    /// When the engine is to be asked next: every `interval`, and more often once nothing has been heard of the media
    /// since `quiet`.
    pub(crate) fn due(&self, interval: Duration, quiet: Moment) -> Option<Moment> {
        if self.mute || self.asked.is_some() {
            return None;
        }
        let Some(answered) = self.answered else {
            return Some(Moment::ZERO);
        };
        if 0 < self.refused {
            return Some(answered + AGAIN * self.refused.min(AGAIN_MAX));
        }
        let hurried = answered.max(quiet) + HURRY;
        Some(hurried.min(answered + interval))
    }

    /// The engine is being asked.
    pub(crate) fn ask(&mut self, now: Moment) {
        self.asked = Some(now);
    }

    /// What came of it.
    pub(crate) fn take(&mut self, now: Moment, measure: Measure) {
        self.asked = None;
        self.answered = Some(now);
        self.refused = match measure {
            Measure::Refused => self.refused.saturating_add(1),
            _ => 0,
        };
        self.hangs = measure == Measure::Unanswered;
        match measure {
            Measure::Told(numbers) => {
                self.numbers = Some(numbers);
                self.downloaded.take(now, numbers.downloaded);
                self.newest.take(now, numbers.newest);
                if numbers.collecting {
                    self.collected = now;
                }
            }
            Measure::Nothing => self.numbers = None,
            Measure::Never => self.mute = true,
            Measure::Refused | Measure::Unanswered => {}
        }
    }

    /// When the newest answer came.
    pub(crate) fn answered(&self) -> Moment {
        self.answered.unwrap_or_default()
    }

    /// Until when the engine was collecting media, and may have had none to give.
    pub(crate) fn collected(&self) -> Moment {
        self.collected
    }

    /// From when on an engine that does not answer now counts as one that hangs.
    pub(crate) fn hangs_at(&self) -> Option<Moment> {
        self.asked.map(|at| at + ANSWER_MAX)
    }

    /// What the answers so far mean.
    pub(crate) fn evidence(&self) -> Evidence {
        if REFUSALS <= self.refused {
            return Evidence::Gone;
        }
        if self.hangs {
            return Evidence::Hanging;
        }
        let Some(numbers) = &self.numbers else {
            return Evidence::Unknown;
        };
        let told = self.answered();
        let still = self.downloaded.is_still(told, STILL_MIN)
            || self.newest.is_still(told, BROADCAST_STILL_MIN);
        match (numbers.collecting, numbers.peers) {
            (true, Some(0)) => Evidence::Deserted,
            (true, _) => Evidence::Collecting,
            (false, _) if still => Evidence::Frozen,
            (false, _) if numbers.downloaded.is_none() => Evidence::Unknown,
            (false, _) => Evidence::Flowing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment(Duration::from_secs(seconds))
    }

    fn told(downloaded: u64, newest: u64) -> Measure {
        Measure::Told(Numbers {
            collecting: false,
            peers: Some(4),
            downloaded: Some(downloaded),
            newest: Some(newest),
        })
    }

    fn after(measures: &[(u64, Measure)]) -> Evidence {
        let mut pulse = Pulse::default();
        for (seconds, measure) in measures {
            pulse.ask(at(*seconds));
            pulse.take(at(*seconds), *measure);
        }
        pulse.evidence()
    }

    #[test]
    fn numbers_that_rise_flow_and_ones_that_stand_still_for_three_seconds_are_frozen() {
        assert_eq!(after(&[(0, told(1, 1))]), Evidence::Flowing);
        assert_eq!(
            after(&[(0, told(1, 1)), (9, told(2, 1))]),
            Evidence::Flowing
        );
        let short = [(0, told(1, 1)), (2, told(1, 1))];
        assert_eq!(after(&short), Evidence::Flowing);
        let long = [(0, told(1, 1)), (2, told(1, 2)), (3, told(1, 3))];
        assert_eq!(after(&long), Evidence::Frozen);
    }

    #[test]
    fn a_broadcast_that_stands_still_for_twenty_seconds_is_frozen_whatever_is_downloaded() {
        let measures: Vec<_> = (0..=20).map(|second| (second, told(second, 7))).collect();
        assert_eq!(after(&measures[..20]), Evidence::Flowing);
        assert_eq!(after(&measures), Evidence::Frozen);
    }

    #[test]
    fn one_refusal_says_nothing_two_that_nobody_is_there_and_an_answer_that_somebody_is() {
        let first = [(0, told(1, 1)), (1, Measure::Refused)];
        assert_eq!(after(&first), Evidence::Flowing);
        let second = [(0, Measure::Refused), (1, Measure::Refused)];
        assert_eq!(after(&second), Evidence::Gone);
        let back = [
            (0, Measure::Refused),
            (1, Measure::Refused),
            (2, told(1, 1)),
        ];
        assert_eq!(after(&back), Evidence::Flowing);
    }

    #[test]
    fn who_collects_waits_for_peers_or_has_none() {
        let collecting = |peers| {
            Measure::Told(Numbers {
                collecting: true,
                peers,
                ..Numbers::default()
            })
        };
        assert_eq!(after(&[(0, collecting(Some(3)))]), Evidence::Collecting);
        assert_eq!(after(&[(0, collecting(None))]), Evidence::Collecting);
        assert_eq!(after(&[(0, collecting(Some(0)))]), Evidence::Deserted);
        assert_eq!(after(&[(0, Measure::Nothing)]), Evidence::Unknown);
        assert_eq!(after(&[(0, Measure::Unanswered)]), Evidence::Hanging);
    }

    #[test]
    fn an_engine_is_asked_more_often_while_its_media_is_silent_and_one_at_a_time() {
        let mut pulse = Pulse::default();
        let interval = Duration::from_secs(10);
        assert_eq!(pulse.due(interval, at(0)), Some(Moment::ZERO));
        pulse.ask(at(5));
        assert_eq!(pulse.due(interval, at(5)), None);
        assert_eq!(pulse.hangs_at(), Some(at(7)));
        pulse.take(at(5), told(1, 1));
        assert_eq!(pulse.due(interval, at(20)), Some(at(15)));
        assert_eq!(pulse.due(interval, at(8)), Some(at(9)));
        assert_eq!(pulse.due(interval, at(3)), Some(at(6)));
        pulse.take(at(9), Measure::Never);
        assert_eq!(pulse.due(interval, at(20)), None);
    }
}
