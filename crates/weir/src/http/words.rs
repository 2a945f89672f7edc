//! Words that answers choose from fixed lists, each list an enum in the description. They are those of the parts that
//! know what they mean, spelled alike; it decides none of them.

use channel::{Intake, Phase};
use engine::pool;
use serde::Serialize;
use utoipa::ToSchema;

use crate::engines::Origin;
use crate::figures::Health;
use crate::journal::{self, Category};

/// Makes each list out of a part's own enum: a variant more there does not compile here until it is named.
macro_rules! words {
    ($($(#[$about:meta])* $name:ident of $part:ty { $($word:ident),* })*) => {$(
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
        #[serde(rename_all = "lowercase")]
        pub(super) enum $name {
            $($word),*
        }

        impl From<&$part> for $name {
            fn from(word: &$part) -> Self {
                type Part = $part;
                match word {
                    $(Part::$word { .. } => Self::$word,)*
                }
            }
        }
    )*};
}

words! {
    /// Where a channel is in its life.
    ChannelState of Phase { Idle, Starting, Live, Lingering, Failed, Stopping }
    /// What viewers of a channel may notice.
    ChannelHealth of Health { Good, Strained, Stalled, Starting, Failed }
    /// Whether an engine answers.
    HealthStatus of pool::Health { Healthy, Unhealthy, Unknown }
    /// How an engine came here.
    EngineOrigin of Origin { Configured, Added, Learnt }
    /// What something that happened is about.
    EventCategory of Category { Stream, Engine, Viewer, Settings, System }
    /// How much something matters.
    Severity of journal::Severity { Info, Warning, Error }
}

/// How a source gives its media.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) enum SourceStream {
    #[serde(rename = "hls")]
    Playlist,
    #[serde(rename = "ts")]
    Continuous,
}

impl From<&Intake> for SourceStream {
    fn from(intake: &Intake) -> Self {
        match intake {
            Intake::Playlist => Self::Playlist,
            Intake::Continuous => Self::Continuous,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn told<'a, Part, Word: From<&'a Part> + Serialize>(
        parts: &'a [Part],
        word: fn(&Part) -> &'static str,
    ) -> Vec<(Value, Value)> {
        let told = |part: &'a Part| (json!(Word::from(part)), json!(word(part)));
        parts.iter().map(told).collect()
    }

    #[test]
    fn every_word_is_the_one_that_the_part_itself_says() {
        let failed = Phase::Failed {
            failure: channel::Failure::SourceEnded,
            until: channel::Moment::default(),
        };
        let phases = [
            Phase::Idle,
            Phase::Starting,
            Phase::Live,
            Phase::Lingering,
            failed,
            Phase::Stopping,
        ];
        let engines = [
            pool::Health::Unknown,
            pool::Health::Healthy,
            pool::Health::Unhealthy,
        ];
        let severities = [
            journal::Severity::Info,
            journal::Severity::Warning,
            journal::Severity::Error,
        ];
        let intakes = [Intake::Playlist, Intake::Continuous];
        let all = [
            told::<_, ChannelState>(&phases, Phase::as_str),
            told::<_, ChannelHealth>(Health::ALL, |it| it.as_str()),
            told::<_, HealthStatus>(&engines, |it| it.as_str()),
            told::<_, EngineOrigin>(&Origin::ALL, |it| it.as_str()),
            told::<_, EventCategory>(&Category::ALL, |it| it.as_str()),
            told::<_, Severity>(&severities, |it| it.as_str()),
            told::<_, SourceStream>(&intakes, |it| it.as_str()),
        ];
        for (word, own) in all.into_iter().flatten() {
            assert_eq!(word, own);
        }
    }
}
