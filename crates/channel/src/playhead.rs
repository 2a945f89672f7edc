//! How far a viewer can still play: the media that it was handed, against the clock. It never asks the player.
//!
//! What is assumed of a player: it begins with the first media it has, plays in real time, and goes on as soon as it
//! has something again. Media counts as there when the connection has taken it, which may be up to a mebibyte before
//! the player has it. One that is paused and goes on asking for playlists looks like one that ran dry.

use std::time::Duration;

use crate::segment::MediaSequence;
use crate::time::Moment;
use crate::window::Window;

/// What is shorter is hidden by what every player and every network keeps; three frames.
const SPELL_MIN: Duration = Duration::from_millis(100);

/// Segments behind the newest one that may still come: players fetch few at a time.
const BEHIND_MAX: u64 = u32::BITS as u64;

/// Media that a viewer was handed: a segment from its beginning up to a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The segment.
    pub sequence: MediaSequence,
    /// How far it reaches into the segment, in the time of the media.
    pub until: Duration,
    /// Whether it is a clip of ours.
    pub slate: bool,
}

/// A viewer's playhead. Each piece costs the same, however long the viewer stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Playhead {
    newest: Option<Newest>,
    /// When all that it was handed is played.
    dry_at: Moment,
    underruns: u64,
    stalled: Duration,
    /// Clips that it was handed, played or not.
    slate: Duration,
    /// Where the newest run of clips begins and ends, on the clock.
    slate_from: Moment,
    slate_until: Moment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Newest {
    sequence: MediaSequence,
    until: Duration,
    /// Which of the segments before it were handed over: the lowest bit is the one just before.
    before: u32,
}

/// What a playhead says at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Playing {
    /// What it can still play, clips among it; nothing is known before it has had any.
    pub playable: Option<Duration>,
    /// Times that it ran dry, a time that still goes on among them.
    pub underruns: u64,
    /// How long it had nothing to play, all times together.
    pub stalled: Duration,
    /// How long it was shown clips.
    pub slate: Duration,
    /// Whether it has nothing to play, or is shown a clip.
    pub waiting: bool,
    /// Whether it has run dry and has nothing to play.
    pub dry: bool,
}

impl Playhead {
    /// The viewer has more media. What it had before adds nothing.
    pub fn feed(&mut self, now: Moment, piece: Piece) {
        let begins = self.newest.is_none();
        let gained = self.gain(piece);
        if gained.is_zero() {
            return;
        }
        if begins {
            self.dry_at = now;
        }
        let dry = now.since(self.dry_at);
        if SPELL_MIN <= dry {
            self.underruns += 1;
            self.stalled += dry;
        }
        let from = self.dry_at.max(now);
        self.dry_at = from + gained;
        if piece.slate {
            self.slate += gained;
            if self.slate_until < from {
                self.slate_from = from;
            }
            self.slate_until = self.dry_at;
        }
    }

    /// Takes a piece in; how much of it is new.
    fn gain(&mut self, piece: Piece) -> Duration {
        let Piece {
            sequence, until, ..
        } = piece;
        let Some(newest) = &mut self.newest else {
            let before = 0;
            self.newest = Some(Newest {
                sequence,
                until,
                before,
            });
            return until;
        };
        if newest.sequence == sequence {
            let gained = until.saturating_sub(newest.until);
            newest.until += gained;
            return gained;
        }
        if newest.sequence < sequence {
            let step = sequence.0 - newest.sequence.0;
            let shift = u32::try_from(step).unwrap_or(u32::MAX);
            // The bit below all others is that of the segment that was newest until now.
            let own = 1_u32.checked_shl(shift - 1).unwrap_or(0);
            newest.before = newest.before.checked_shl(shift).unwrap_or(0) | own;
            newest.sequence = sequence;
            newest.until = until;
            return until;
        }
        // Several are fetched at once by some, and come in any order.
        let distance = newest.sequence.0 - sequence.0;
        if BEHIND_MAX < distance {
            return Duration::ZERO;
        }
        let bit = 1_u32 << (distance - 1);
        if newest.before & bit != 0 {
            return Duration::ZERO;
        }
        newest.before |= bit;
        until
    }

    /// What it says now. `heard` is when the viewer was last heard of: one that is silent may have gone, and does not
    /// count as stalled for longer.
    pub fn at(&self, now: Moment, heard: Moment) -> Playing {
        let has_begun = self.newest.is_some();
        let spell = heard.min(now).since(self.dry_at);
        let dry = has_begun && SPELL_MIN <= spell;
        let spell = if dry { spell } else { Duration::ZERO };
        let to_come = self.slate_until.since(self.slate_from.max(now));
        let on_slate = self.slate_from <= now && now < self.slate_until;
        Playing {
            playable: has_begun.then(|| self.dry_at.since(now)),
            underruns: self.underruns + u64::from(dry),
            stalled: self.stalled + spell,
            slate: self.slate.saturating_sub(to_come),
            waiting: dry || on_slate || !has_begun,
            dry,
        }
    }

    /// Where it plays now, and how far that is behind the newest media of the window.
    pub fn place(&self, now: Moment, window: &Window) -> Option<Place> {
        let newest = self.newest?;
        let mut left = self.dry_at.since(now);
        let mut sequence = newest.sequence;
        let mut reach = newest.until;
        while reach < left {
            left -= reach;
            let before = MediaSequence(sequence.0.checked_sub(1)?);
            // What it plays may have left the window.
            let Some(segment) = window.segment(before) else {
                left = reach;
                break;
            };
            sequence = before;
            reach = segment.duration;
        }
        let into = reach.saturating_sub(left);
        let duration = window.segment(sequence).map(|it| it.duration);
        let length = duration.unwrap_or(reach).max(reach);
        let share = if length.is_zero() {
            0.0
        } else {
            into.as_secs_f64() / length.as_secs_f64()
        };
        let ahead = window.held().filter(|it| sequence < it.sequence);
        let ahead: Duration = ahead.map(|it| it.duration).sum();
        Some(Place {
            position: sequence.0 as f64 + share,
            behind: ahead + duration.map_or(Duration::ZERO, |all| all.saturating_sub(into)),
        })
    }
}

/// A place in the media.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Media sequence numbers: 12.5 is half-way through segment 12.
    pub position: f64,
    /// Media between it and the end of the newest whole segment.
    pub behind: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbering::Numbering;
    use crate::settings::Settings;
    use crate::testing::{draft, wall};

    fn at(millis: u64) -> Moment {
        Moment(Duration::from_millis(millis))
    }

    fn piece(sequence: u64, millis: u64) -> Piece {
        Piece {
            sequence: MediaSequence(sequence),
            until: Duration::from_millis(millis),
            slate: false,
        }
    }

    fn fed(pieces: &[(u64, u64, u64)]) -> Playhead {
        let mut playhead = Playhead::default();
        for (now, sequence, until) in pieces {
            playhead.feed(at(*now), piece(*sequence, *until));
        }
        playhead
    }

    /// What it says, in milliseconds: to play, times dry, stalled.
    fn said(playhead: &Playhead, now: u64) -> (Option<u128>, u64, u128) {
        let playing = playhead.at(at(now), at(now));
        let playable = playing.playable.map(|it| it.as_millis());
        (playable, playing.underruns, playing.stalled.as_millis())
    }

    #[test]
    fn it_plays_what_it_was_handed_in_real_time() {
        let playhead = fed(&[(0, 7, 2_000), (500, 8, 2_000)]);
        assert_eq!(said(&playhead, 500), (Some(3_500), 0, 0));
        assert_eq!(said(&playhead, 4_000), (Some(0), 0, 0));
        assert_eq!(said(&Playhead::default(), 4_000), (None, 0, 0));
    }

    #[test]
    fn it_runs_dry_when_the_next_comes_late_and_stalls_until_it_is_there() {
        let mut playhead = fed(&[(0, 7, 2_000)]);
        assert_eq!(
            said(&playhead, 3_000),
            (Some(0), 1, 1_000),
            "while it lasts"
        );
        assert!(playhead.at(at(3_000), at(3_000)).waiting);
        playhead.feed(at(5_000), piece(8, 2_000));
        assert_eq!(said(&playhead, 5_000), (Some(2_000), 1, 3_000));
        assert!(!playhead.at(at(5_000), at(5_000)).waiting);
        assert_eq!(said(&playhead, 8_000), (Some(0), 2, 4_000));
    }

    #[test]
    fn what_nobody_sees_is_no_stall() {
        let playhead = fed(&[(0, 7, 2_000), (2_099, 8, 2_000)]);
        assert_eq!(said(&playhead, 4_000), (Some(99), 0, 0));
    }

    #[test]
    fn one_that_has_gone_without_a_word_does_not_stall_for_ever() {
        let playhead = fed(&[(0, 7, 2_000)]);
        let silent = playhead.at(at(9_000), at(1_500));
        assert_eq!((silent.underruns, silent.waiting), (0, false));
        let asked = playhead.at(at(9_000), at(2_500));
        assert_eq!(asked.underruns, 1);
        assert_eq!(asked.stalled, Duration::from_millis(500));
    }

    #[test]
    fn the_same_media_again_adds_nothing_and_what_comes_in_another_order_does() {
        let playhead = fed(&[
            (0, 7, 2_000),
            (0, 9, 2_000),
            (0, 7, 2_000),
            (0, 8, 2_000),
            (0, 8, 2_000),
            (0, 9, 2_000),
        ]);
        assert_eq!(said(&playhead, 0), (Some(6_000), 0, 0));
        let far = fed(&[(0, 7, 2_000), (0, 200, 2_000), (0, 7, 2_000)]);
        assert_eq!(said(&far, 0), (Some(4_000), 0, 0));
    }

    #[test]
    fn a_segment_that_comes_in_pieces_counts_once() {
        let playhead = fed(&[(0, 7, 400), (400, 7, 900), (900, 7, 2_000), (1_900, 8, 100)]);
        assert_eq!(said(&playhead, 1_900), (Some(200), 0, 0));
    }

    #[test]
    fn time_on_the_slate_is_waiting_and_counted_as_it_passes() {
        let mut playhead = fed(&[(0, 7, 2_000)]);
        for number in [8, 9] {
            let clip = Piece {
                slate: true,
                ..piece(number, 2_000)
            };
            playhead.feed(at(1_000), clip);
        }
        playhead.feed(at(1_000), piece(10, 2_000));
        let told = |now| {
            let playing = playhead.at(at(now), at(now));
            (playing.waiting, playing.slate.as_millis())
        };
        assert_eq!(told(1_500), (false, 0));
        assert_eq!(told(3_000), (true, 1_000));
        assert_eq!(told(6_500), (false, 4_000));
        assert_eq!(said(&playhead, 8_000), (Some(0), 0, 0));
    }

    #[test]
    fn its_place_is_a_number_with_a_share_of_a_segment() {
        let numbering = Numbering {
            sequence: MediaSequence(10),
            discontinuities: 0,
            continues: false,
            date: None,
        };
        let mut window = Window::new(numbering);
        for second in 0..4 {
            window.push(draft(2_000), wall(second), &Settings::default());
        }
        let playhead = fed(&[(0, 10, 2_000), (0, 11, 2_000), (0, 12, 2_000)]);
        let place = |now| playhead.place(at(now), &window).expect("a place");
        assert!((place(0).position - 10.0).abs() < 0.001);
        assert_eq!(place(0).behind, Duration::from_secs(8));
        assert!((place(3_000).position - 11.5).abs() < 0.001);
        assert_eq!(place(3_000).behind, Duration::from_secs(5));
        assert!((place(60_000).position - 13.0).abs() < 0.001);
        assert_eq!(place(60_000).behind, Duration::from_secs(2));
        assert_eq!(Playhead::default().place(at(0), &window), None);
    }
}
