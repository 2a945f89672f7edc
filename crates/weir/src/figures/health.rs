//! How a channel does, in one word; decided from what is known of it.

use std::time::Duration;

use channel::Phase;

/// Media of the source may be this many target durations old before viewers who keep little run dry.
const STALLED_TARGETS: f64 = 2.5;

/// A channel whose target duration is not known yet is judged as if it were this.
const TARGET_UNKNOWN: Duration = Duration::from_secs(5);

/// In one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Viewers notice nothing.
    Good,
    /// Something was wrong of late, or viewers have little left; most notice nothing.
    Strained,
    /// Nothing comes from the source, or viewers are shown the slate.
    Stalled,
    /// Its first segments are waited for.
    Starting,
    /// It refuses viewers.
    Failed,
}

impl Health {
    /// All there are.
    pub const ALL: &[Self] = &[
        Self::Good,
        Self::Strained,
        Self::Stalled,
        Self::Starting,
        Self::Failed,
    ];

    /// The word for it in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Strained => "strained",
            Self::Stalled => "stalled",
            Self::Starting => "starting",
            Self::Failed => "failed",
        }
    }
}

/// What it is decided from.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Where the channel is.
    pub phase: &'a Phase,
    /// Whether clips are shown in the place of media.
    pub on_slate: bool,
    /// Age of the newest media.
    pub newest_age: Option<Duration>,
    /// Media that waits for its time.
    pub reserve: Duration,
    /// The list's target duration.
    pub target: Option<Duration>,
    /// Segments were lost or a source was replaced within the last minute.
    pub troubled: bool,
    /// Viewers who have run dry.
    pub dry: usize,
}

impl Facts<'_> {
    /// The verdict.
    pub fn health(&self) -> Health {
        match self.phase {
            Phase::Failed { .. } => return Health::Failed,
            Phase::Idle | Phase::Starting => return Health::Starting,
            Phase::Live | Phase::Lingering | Phase::Stopping => {}
        }
        let target = self.target.unwrap_or(TARGET_UNKNOWN);
        let silent = self
            .newest_age
            .is_none_or(|age| target.mul_f64(STALLED_TARGETS) < age);
        if self.on_slate || (silent && self.reserve.is_zero()) {
            Health::Stalled
        } else if self.troubled || 0 < self.dry {
            Health::Strained
        } else {
            Health::Good
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(phase: &Phase) -> Facts<'_> {
        Facts {
            phase,
            on_slate: false,
            newest_age: Some(Duration::from_secs(3)),
            reserve: Duration::ZERO,
            target: Some(Duration::from_secs(4)),
            troubled: false,
            dry: 0,
        }
    }

    #[test]
    fn the_word_is_of_the_worst_that_viewers_may_notice() {
        let good = facts(&Phase::Live);
        let old = Some(Duration::from_secs(11));
        let told = [
            good.health(),
            facts(&Phase::Starting).health(),
            Facts { dry: 1, ..good }.health(),
            Facts {
                troubled: true,
                ..good
            }
            .health(),
            Facts {
                newest_age: old,
                troubled: true,
                ..good
            }
            .health(),
            Facts {
                newest_age: None,
                ..good
            }
            .health(),
            Facts {
                on_slate: true,
                ..good
            }
            .health(),
        ];
        let words = told.map(Health::as_str);
        assert_eq!(
            words,
            [
                "good", "starting", "strained", "strained", "stalled", "stalled", "stalled"
            ]
        );
    }

    #[test]
    fn a_source_that_is_silent_while_its_reserve_is_shown_has_not_stalled() {
        let shown = Facts {
            newest_age: Some(Duration::from_secs(60)),
            reserve: Duration::from_secs(9),
            ..facts(&Phase::Live)
        };
        assert_eq!(shown.health(), Health::Good);
    }
}
