//! What viewers of continuous bodies have noticed, of one or of all of them.

use std::time::Duration;

use tokio::time::Instant;

use super::report::{ERRORS_KEPT, Latency};
use super::track::Seen;

/// What a swarm has heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Viewers that got media.
    pub served: usize,
    /// Viewers whose media began with a key frame.
    pub begun_well: usize,
    /// Packets whose marks do not follow on the one before.
    pub gaps: u64,
    /// Packets that a viewer had before.
    pub repeated: u64,
    /// Packets that were left out.
    pub missed: u64,
    /// Packets whose counters do not follow on the one before.
    pub miscounts: u64,
    /// Packets that are none, or media without a mark.
    pub wrong: u64,
    /// Bytes of bodies.
    pub bytes: u64,
    /// From a viewer's request to its first media.
    pub began: Latency,
    /// The longest time in which a viewer that had begun got nothing, up to the end.
    pub silence: Duration,
    /// Of each viewer, what came when, if that is to be noted.
    pub arrivals: Vec<Vec<Arrival>>,
    /// Viewers whose bodies ended or never began.
    pub errors: u64,
    /// What some of them said.
    pub error_texts: Vec<String>,
}

/// A read that brought media.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The number of its newest packet, as [`Place::number`](crate::media::Place::number) counts.
    pub packet: u64,
    /// When it was read.
    pub at: Instant,
}

impl Heard {
    /// Whether every packet was there, in its place, for every viewer.
    pub fn is_clean(&self) -> bool {
        self.gaps == 0 && self.miscounts == 0 && self.wrong == 0 && self.errors == 0
    }

    /// What one viewer has heard: what it saw, beside what it knows without looking.
    pub(super) fn one(seen: Seen, rest: Self) -> Self {
        Self {
            served: usize::from(seen.newest.is_some()),
            begun_well: usize::from(seen.began_with_key_frame),
            gaps: seen.gaps,
            repeated: seen.repeated,
            missed: seen.missed,
            miscounts: seen.miscounts,
            wrong: seen.wrong,
            errors: rest.error_texts.len() as u64,
            ..rest
        }
    }

    /// For how long viewers had nothing to play, summed over all of them, if so much media is a packet and each began to play
    /// `after` its first one. What came when must have been noted.
    pub fn stalled(&self, packet: Duration, after: Duration) -> Duration {
        let viewers = self.arrivals.iter();
        viewers
            .map(|arrivals| stalled(arrivals, packet, after))
            .sum()
    }

    pub(super) fn of_a_broken_viewer() -> Self {
        Self {
            errors: 1,
            error_texts: vec!["a viewer panicked".to_owned()],
            ..Self::default()
        }
    }

    pub(super) fn sum(all: impl IntoIterator<Item = Self>) -> Self {
        let mut sum = Self::default();
        for one in all {
            sum.served += one.served;
            sum.begun_well += one.begun_well;
            sum.gaps += one.gaps;
            sum.repeated += one.repeated;
            sum.missed += one.missed;
            sum.miscounts += one.miscounts;
            sum.wrong += one.wrong;
            sum.bytes += one.bytes;
            sum.began.add(one.began);
            sum.silence = sum.silence.max(one.silence);
            sum.arrivals.extend(one.arrivals);
            sum.errors += one.errors;
            sum.error_texts.extend(one.error_texts);
        }
        sum.error_texts.truncate(ERRORS_KEPT);
        sum
    }
}

/// For how long one viewer had nothing to play, up to its last packet.
fn stalled(arrivals: &[Arrival], packet: Duration, after: Duration) -> Duration {
    let Some(first) = arrivals.first() else {
        return Duration::ZERO;
    };
    let mut stalled = Duration::ZERO;
    let mut newest = first.packet;
    for arrival in arrivals {
        let media = packet.mul_f64((newest - first.packet) as f64);
        let dry_at = first.at + after + media + stalled;
        stalled += arrival.at.saturating_duration_since(dry_at);
        newest = newest.max(arrival.packet);
    }
    stalled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn a_viewer_stalls_for_as_long_as_its_media_comes_late() {
        let begun = clock::now();
        let second = Duration::from_secs(1);
        let arrival = |packet, seconds| Arrival {
            packet,
            at: begun + second * seconds,
        };
        // Ten packets are a second.
        let one = |arrivals: &[Arrival]| stalled(arrivals, second / 10, second);
        assert_eq!(
            one(&[arrival(0, 0), arrival(10, 1), arrival(20, 2)]),
            Duration::ZERO
        );
        assert_eq!(
            one(&[arrival(0, 0), arrival(10, 1), arrival(30, 5)]),
            second * 3
        );
        let twice = [arrival(0, 0), arrival(10, 3), arrival(20, 6)];
        assert_eq!(one(&twice), second * 4);
        assert_eq!(one(&[]), Duration::ZERO);
    }
}
