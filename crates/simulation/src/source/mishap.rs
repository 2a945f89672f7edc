//! What goes wrong with sources: spells that last, and jolts that happen once.

use std::sync::Arc;
use std::time::Duration;

use channel::Trouble;

use super::{Source, broadcast};
use crate::coverage::counted;
use crate::random::Random;

/// Longest spell: beyond every patience that a channel has with its usual settings.
const SPELL_MAX: Duration = Duration::from_secs(150);

counted! {
    /// One thing that goes wrong. Those before `BodyEnds` last for a while.
    pub(crate) enum Mishap {
        ListHangs = "source: the list does not come",
        ListSlow = "source: the list comes slowly",
        ListFails = "source: the list is answered with an error",
        ListUnreachable = "source: nothing answers",
        ListBusy = "source: it asks to be left alone",
        ListIsPage = "source: a page in place of the list",
        ListEmpty = "source: the list is empty",
        ListStale = "source: the list lags behind",
        ListFlaps = "source: every other list lags behind",
        ListStuck = "source: the list does not move",
        Stalls = "source: nothing is broadcast",
        Ends = "source: the list says that it is over, and is",
        EndsFalsely = "source: the list says that it is over, and goes on",
        SegmentsSlow = "source: segments come slowly",
        SegmentsHang = "source: segments do not come",
        SegmentsFail = "source: segments are answered with an error",
        SegmentsMissing = "source: segments that are listed are not there",
        SegmentsTorn = "source: segments break off",
        SegmentsArePages = "source: a page in place of a segment",
        SegmentsEmpty = "source: segments are empty",
        SegmentsBusy = "source: segments are to be asked for later",
        ResourcesFail = "source: keys and initialisation sections fail",
        ResourcesWrong = "source: a page in place of a key",
        OpenRefused = "source: opening is refused",
        OpenUnreachable = "source: nobody is there to open it",
        NoEngines = "source: there are no engines",
        EnginesFull = "source: all engines are full",
        OpenSlow = "source: opening is slow",
        OpenHangs = "source: opening takes longer than anybody waits",
        CloseSlow = "source: closing is slow",
        BodySilent = "source: nothing comes of its body",
        BodyHeld = "source: its body does not begin",
        BodyMute = "source: its body begins, and nothing comes of it",
        BodyFails = "source: a body is answered with an error",
        BodyIsPage = "source: a page in place of a body",
        LengthsLie = "source: stated lengths are lies",
        BodyEnds = "source: its body ends",
        BodyBreaks = "source: its body breaks off",
        BodyLoses = "source: media is missing in its body",
        CountsAnew = "source: numbers begin again",
        CountsAnewInPlace = "source: the same numbers at other addresses",
        Hole = "source: numbers are left out",
        LongHole = "source: thousands of numbers are left out",
        SilentHole = "source: media is left out, and no number",
        Repeats = "source: a segment comes twice",
        ClockJumps = "source: timestamps jump",
        TracksChange = "source: tracks change",
        BreakTag = "source: a discontinuity",
        GapTag = "source: a gap",
        SessionExpires = "source: the session expires",
        SessionSick = "source: the session says that it is broken",
        TargetChanges = "source: the target duration changes",
        LongSegment = "source: a segment that is much too long",
        KeyChanges = "source: encryption comes or changes",
        KeyGoes = "source: encryption goes",
        MapComes = "source: initialisation sections come or change",
        MapGoes = "source: initialisation sections go",
        AddressesTurn = "source: hosts and tokens in addresses change",
        CatchesUp = "source: a burst",
        DatesStep = "source: dates step",
    }
}

impl Mishap {
    fn lasts(self) -> bool {
        self < Self::BodyEnds
    }

    /// What makes a body late.
    pub(super) const LATE_BODIES: [Self; 5] = [
        Self::BodySilent,
        Self::BodyHeld,
        Self::BodyMute,
        Self::BodyIsPage,
        Self::Stalls,
    ];

    /// Whether it is something that happens to bodies, or to whatever has a clock and a session.
    pub(crate) fn is_of_bodies(self) -> bool {
        (Self::BodySilent..=Self::BodyIsPage).contains(&self)
            || (Self::BodyEnds..=Self::BodyLoses).contains(&self)
            || matches!(
                self,
                Self::ClockJumps | Self::TracksChange | Self::SessionExpires
            )
    }
}

impl Source {
    /// Lets something go wrong.
    pub(crate) fn suffer(&mut self, now: Duration, random: &mut Random, mishap: Mishap) {
        self.advance(now, random);
        if mishap.lasts() {
            self.begin(now, random, mishap);
        } else {
            self.jolt(random, mishap);
        }
        let until = self.until[mishap as usize].max(now);
        self.troubled_until = self.troubled_until.max(until);
    }

    fn begin(&mut self, now: Duration, random: &mut Random, mishap: Mishap) {
        let until = now + random.skewed(SPELL_MAX);
        self.until[mishap as usize] = until;
        match mishap {
            Mishap::ListStuck => self.stuck_at = now,
            Mishap::Stalls | Mishap::Ends => self.next_at = self.next_at.max(until),
            _ => {}
        }
    }

    fn jolt(&mut self, random: &mut Random, mishap: Mishap) {
        match mishap {
            Mishap::CountsAnew => {
                self.move_on(random);
                let number = random.below(300);
                // To go on exactly where it was would be no beginning again.
                let is_near = number.abs_diff(self.number) < 30;
                self.number = if is_near { number + 60 } else { number };
            }
            Mishap::CountsAnewInPlace => {
                self.number = self.number.saturating_sub(random.within(1..=6));
                self.move_on(random);
                // It may be that nobody has seen the numbers that come again.
                self.next.silent = true;
            }
            Mishap::Hole => self.skip(random.within(1..=20), true),
            Mishap::LongHole => self.skip(random.within(1_001..=5_000), true),
            Mishap::SilentHole => {
                self.next.silent = true;
                self.skip(3, false);
            }
            Mishap::Repeats => self.next.repeats = true,
            Mishap::ClockJumps => {
                self.next.silent = true;
                self.clock = ts::Timestamp(random.below(1 << 33));
                self.timeline = random.next();
                if let Some(feed) = &mut self.feed {
                    feed.jump(random);
                }
            }
            Mishap::TracksChange => {
                self.next.silent = true;
                let kind = random.below(3);
                self.streams = broadcast::streams(kind);
                if let Some(feed) = &mut self.feed {
                    feed.change_streams(kind);
                }
            }
            Mishap::BodyEnds => self.body_end = Some(Ok(())),
            Mishap::BodyBreaks => {
                let reset = "connection reset by peer".into();
                self.body_end = Some(Err(Trouble::Unfit(reset)));
            }
            Mishap::BodyLoses => {
                if let Some(feed) = &mut self.feed {
                    feed.lose_some(random);
                }
            }
            Mishap::BreakTag => self.break_media(random),
            Mishap::GapTag => self.next.gap = true,
            Mishap::SessionExpires => self.session = None,
            Mishap::TargetChanges => self.target = random.seconds(1..=20),
            Mishap::LongSegment => self.next.long = true,
            Mishap::KeyChanges => self.key = Some(Arc::new(broadcast::key(random.below(1_000)))),
            Mishap::KeyGoes => self.key = None,
            Mishap::MapComes => self.map = Some(Arc::new(broadcast::map(random.below(1_000)))),
            Mishap::MapGoes => self.map = None,
            Mishap::AddressesTurn => self.turn += 1,
            Mishap::CatchesUp => self.next_at = self.next_at.saturating_sub(self.style.length * 5),
            Mishap::DatesStep => {
                self.style.dated = true;
                self.date_shift = random.pick(&[-3_600, -5, 0, 7, 3_600, 900_000_000]);
            }
            _ => {}
        }
    }

    /// Another encoder: other addresses, another clock, nothing of what was before.
    fn move_on(&mut self, random: &mut Random) {
        self.place += 1;
        self.listed_after = self.ordinal;
        self.timeline = random.next();
        self.clock = ts::Timestamp(random.below(1 << 33));
    }

    /// Media that nobody will see, and its numbers, if they are `numbered`.
    fn skip(&mut self, count: u64, numbered: bool) {
        self.ordinal += count;
        self.clock = self.clock.plus(self.style.length * count as u32);
        if numbered {
            self.number += count;
            self.listed_after = self.ordinal;
        }
    }

    /// The media breaks, and the list says so.
    pub(super) fn break_media(&mut self, random: &mut Random) {
        self.next.breaks = true;
        self.timeline = random.next();
        self.clock = ts::Timestamp(random.below(1 << 33));
    }
}
