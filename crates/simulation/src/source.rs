//! A made-up live source, and everything that is known to go wrong with one.

mod answers;
mod body;
mod broadcast;
mod feed;
mod long;
mod mishap;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use channel::examine::Fit;
use channel::{SourceKind, Trouble};

use crate::random::Random;
use feed::{Feed, Manner};

pub(crate) use answers::{CLOSE_MAX, Opened};
pub(crate) use body::{Piece, Reading};
pub(crate) use broadcast::Span;
pub(crate) use mishap::Mishap;

/// Sources of a hundred that are continuous bodies, or can be.
const BODIES: u64 = 40;

/// What a source is like when nothing is wrong with it.
#[derive(Clone, Debug)]
pub(crate) struct Style {
    pub(crate) kind: SourceKind,
    /// Its segments are about this long.
    length: Duration,
    /// And differ by so many hundredths.
    vary: u64,
    /// Segments that come at once.
    burst: u64,
    /// How late they may come.
    jitter: Duration,
    /// Entries of its list.
    listed: usize,
    /// Its media does not tell its own times.
    opaque: bool,
    /// Its list states dates.
    dated: bool,
}

impl Style {
    fn any(random: &mut Random) -> Self {
        Self {
            kind: random.pick(&[SourceKind::Session, SourceKind::Plain]),
            length: random.millis(900..=9_600),
            vary: random.pick(&[0, 0, 4, 40]),
            burst: random.pick(&[1, 1, 1, 2, 5]),
            jitter: random.pick(&[0, 100, 1_500].map(Duration::from_millis)),
            listed: random.within(4..=17) as usize,
            opaque: random.chance(20),
            dated: random.chance(30),
        }
    }

    /// One that never surprises: what comes of it can be foretold.
    fn steady(random: &mut Random) -> Self {
        Self {
            vary: 0,
            burst: 1,
            jitter: Duration::ZERO,
            listed: random.within(6..=12) as usize,
            ..Self::any(random)
        }
    }

    /// No segment is longer, unless something goes wrong.
    pub(crate) fn target(&self) -> Duration {
        let longest = self.length * (100 + self.vary as u32) / 100;
        Duration::from_secs(longest.as_millis().div_ceil(1_000) as u64)
    }
}

/// A segment that was broadcast.
#[derive(Debug)]
struct Aired {
    at: Duration,
    ordinal: u64,
    /// Breaks that its list has counted before it.
    breaks_before: u64,
    segment: hls::Segment,
    fit: Fit,
}

/// What happens to the next segment that is broadcast.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each happens by itself, and together with the others"
)]
#[derive(Debug, Default)]
struct Next {
    breaks: bool,
    /// The media breaks, and only its own clock and tracks tell.
    silent: bool,
    gap: bool,
    repeats: bool,
    long: bool,
}

/// A source, from where it broadcasts to where it is asked.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) style: Style,
    /// Nothing ever goes wrong with it.
    pub(crate) steady: bool,
    /// Until when each mishap lasts.
    until: Vec<Duration>,
    /// Until when the last of them does.
    troubled_until: Duration,
    aired: VecDeque<Aired>,
    next_at: Duration,
    next: Next,
    /// The number of the next segment in its list.
    number: u64,
    /// Segments broadcast so far; what viewers get is compared with it.
    ordinal: u64,
    /// Breaks that its list has counted.
    breaks: u64,
    /// Changes where the media breaks.
    timeline: u64,
    clock: ts::Timestamp,
    aired_for: Duration,
    streams: Vec<ts::Stream>,
    /// In its addresses; another one is another place.
    place: u64,
    /// In the rest of its addresses, which means nothing.
    turn: u64,
    /// What came before this is not listed any more.
    listed_after: u64,
    stuck_at: Duration,
    polls: u64,
    target: Duration,
    date_shift: i64,
    key: Option<Arc<hls::Key>>,
    map: Option<Arc<hls::Map>>,
    session: Option<u64>,
    sessions: u64,
    /// Its clock has wrapped.
    wrapped: bool,
    /// What it sends where it is one body without an end, or can be.
    feed: Option<Feed>,
    /// The body that is read ends so.
    body_end: Option<Result<(), Trouble>>,
}

impl Source {
    pub(crate) fn new(random: &mut Random, steady: bool) -> Self {
        let style = if steady {
            Style::steady(random)
        } else {
            Style::any(random)
        };
        // Some clocks are about to wrap.
        let clock = random.pick(&[random.clone().next() % (1 << 33), (1 << 33) - 27_000_000]);
        let manner = if steady {
            Manner::steady(random)
        } else {
            Manner::any(random)
        };
        let feed = random.chance(BODIES).then(|| Feed::new(random, manner));
        Self {
            target: style.target(),
            style,
            steady,
            until: vec![Duration::ZERO; Mishap::ALL.len()],
            troubled_until: Duration::ZERO,
            aired: VecDeque::new(),
            next_at: Duration::ZERO,
            next: Next::default(),
            number: random.below(5_000),
            breaks: 0,
            ordinal: 0,
            timeline: random.next(),
            clock: ts::Timestamp(clock),
            aired_for: Duration::ZERO,
            streams: broadcast::streams(0),
            place: 0,
            turn: 0,
            listed_after: 0,
            stuck_at: Duration::ZERO,
            polls: 0,
            date_shift: 0,
            key: None,
            map: None,
            session: None,
            sessions: 0,
            wrapped: false,
            feed,
            body_end: None,
        }
    }

    /// Whether one of its clocks has wrapped.
    pub(crate) fn has_wrapped(&self) -> bool {
        self.wrapped || self.feed.as_ref().is_some_and(|it| it.wrapped)
    }

    fn during(&self, now: Duration, mishap: Mishap) -> bool {
        now < self.until[mishap as usize]
    }

    /// Everything gets well, as it would when somebody repaired the source.
    pub(crate) fn heal(&mut self, now: Duration, random: &mut Random) {
        self.advance(now, random);
        self.until.fill(Duration::ZERO);
        self.troubled_until = now;
        self.next_at = self.next_at.min(now);
        self.next = Next::default();
        self.key = None;
        self.map = None;
        self.style.opaque = false;
        self.style.burst = 1;
        self.body_end = None;
        self.break_media(random);
    }
}
