//! What a source answers when it is asked, and after how long.

use std::time::Duration;

use bytes::Bytes;
use channel::examine::Fit;
use channel::{Body, Intake, OpenFailure, SourceKind, Trouble, Wanted};

use super::{Mishap, Source};
use crate::random::Random;

/// Longest that a stop may take, as the driver allows it.
pub(crate) const CLOSE_MAX: Duration = Duration::from_secs(3);

/// Longest wait for a segment's first byte, as the driver allows it.
const SEGMENT_WAIT_MAX: Duration = Duration::from_secs(10);

/// Longest wait that a source can ask for, as the driver allows it.
const RETRY_AFTER_MAX_MILLIS: u64 = 30_000;

/// An answer, and how long it took.
pub(crate) struct Answered<T> {
    pub(crate) after: Duration,
    pub(crate) result: T,
}

/// An open source.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) kind: SourceKind,
    pub(crate) intake: Intake,
    /// Its session's number, if it has one.
    pub(crate) session: u64,
    /// The list, when opening has brought it along.
    pub(crate) first: Option<hls::Media>,
}

impl Source {
    /// Opens it.
    pub(crate) fn open(
        &mut self,
        now: Duration,
        random: &mut Random,
        wanted: Intake,
    ) -> Answered<Result<Opened, OpenFailure>> {
        self.advance(now, random);
        let wrong = |source: &Self, mishap| source.during(now, mishap);
        let failure = if wrong(self, Mishap::NoEngines) {
            Some(OpenFailure::NoEngines)
        } else if wrong(self, Mishap::EnginesFull) {
            Some(OpenFailure::AllEnginesFull { per_engine: 2 })
        } else if wrong(self, Mishap::OpenRefused) {
            Some(OpenFailure::Refused("it says no".into()))
        } else if wrong(self, Mishap::OpenUnreachable) {
            Some(OpenFailure::Unreachable("nobody answers".into()))
        } else {
            None
        };
        let after = match () {
            () if wrong(self, Mishap::OpenHangs) => random.seconds(5..=40),
            () if wrong(self, Mishap::OpenSlow) => random.millis(1_000..=7_000),
            () => random.millis(5..=400),
        };
        if let Some(failure) = failure {
            return Answered {
                after,
                result: Err(failure),
            };
        }
        let intake = self.gives(wanted);
        let first = match self.style.kind {
            SourceKind::Plain if intake == Intake::Continuous => None,
            SourceKind::Plain => match self.list(now, random, true, CLOSE_MAX).result {
                Ok(list) => Some(list),
                Err(Trouble::Unreachable(text)) => {
                    return Answered {
                        after,
                        result: Err(OpenFailure::Unreachable(text)),
                    };
                }
                Err(other) => {
                    let failure = OpenFailure::Refused(other.to_string());
                    return Answered {
                        after,
                        result: Err(failure),
                    };
                }
            },
            SourceKind::Session => {
                self.renumber(now, random.within(2..=8) as usize);
                None
            }
        };
        self.sessions += 1;
        self.session = Some(self.sessions);
        let opened = Opened {
            kind: self.style.kind,
            intake,
            session: self.sessions,
            first,
        };
        Answered {
            after,
            result: Ok(opened),
        }
    }

    /// How long it takes to close it.
    pub(crate) fn close(&mut self, now: Duration, random: &mut Random, session: u64) -> Duration {
        if self.session == Some(session) {
            self.session = None;
        }
        if self.during(now, Mishap::CloseSlow) {
            random.millis(500..=CLOSE_MAX.as_millis() as u64)
        } else {
            random.millis(1..=100)
        }
    }

    /// Whether requests of a session are answered as ones.
    fn is_gone(&self) -> bool {
        self.style.kind == SourceKind::Session && self.session.is_none()
    }

    /// Its list. `known` is whether it has given one before; `patience` is how long it is waited for.
    pub(crate) fn list(
        &mut self,
        now: Duration,
        random: &mut Random,
        known: bool,
        patience: Duration,
    ) -> Answered<Result<hls::Media, Trouble>> {
        self.advance(now, random);
        self.polls += 1;
        let wrong = |mishap| self.during(now, mishap);
        let text = String::from;
        let after = match () {
            () if wrong(Mishap::ListSlow) => random.millis(200..=4_000),
            // An engine holds its first list back until it has enough.
            () if !known => random.millis(100..=3_000),
            () => random.millis(2..=80),
        };
        if wrong(Mishap::ListHangs) || patience < after {
            let result = Err(Trouble::Unfit(text("the list did not come in time")));
            return Answered {
                after: patience,
                result,
            };
        }
        let result = if self.is_gone() {
            Err(Trouble::Gone(text("403")))
        } else if wrong(Mishap::ListUnreachable) {
            Err(Trouble::Unreachable(text("connection refused")))
        } else if wrong(Mishap::ListFails) {
            Err(Trouble::Status(text("500")))
        } else if wrong(Mishap::ListBusy) {
            Err(busy(random))
        } else if wrong(Mishap::ListIsPage) {
            Err(Trouble::Unfit(text("an HTML page")))
        } else {
            Ok(self.listed(now))
        };
        Answered { after, result }
    }

    fn listed(&self, now: Duration) -> hls::Media {
        let lags = self.during(now, Mishap::ListStale)
            || (self.during(now, Mishap::ListFlaps) && self.polls.is_multiple_of(2));
        let until = match () {
            () if self.during(now, Mishap::ListStuck) => self.stuck_at,
            () if lags => now.saturating_sub(self.style.length * 3),
            () => now,
        };
        let shown = self.aired.iter().rev().skip_while(|it| until < it.at);
        let shown = shown.take_while(|it| self.listed_after < it.ordinal);
        let empty = self.during(now, Mishap::ListEmpty);
        let lies = self.during(now, Mishap::LengthsLie);
        let mut segments: Vec<_> = shown
            .take(if empty { 0 } else { self.style.listed })
            .map(|aired| aired.segment.clone())
            .collect();
        segments.reverse();
        for segment in &mut segments {
            if 0 < self.turn {
                let (turn, path) = (self.turn, &segment.uri["http://source".len()..]);
                segment.uri = format!("http://mirror{turn}{path}?token={turn}");
            }
            if lies {
                let lie = [100, 2_000, 20_000][(segment.sequence % 3) as usize];
                segment.duration = Duration::from_millis(lie);
            }
        }
        let first = segments.first().and_then(|it| self.aired_as(it.sequence));
        let breaks = first.map_or(self.breaks, |it| it.breaks_before);
        hls::Media {
            version: 3,
            target_duration: self.target,
            media_sequence: segments.first().map_or(self.number, |it| it.sequence),
            discontinuity_sequence: breaks,
            independent_segments: false,
            ended: self.during(now, Mishap::Ends) || self.during(now, Mishap::EndsFalsely),
            segments,
        }
    }

    fn aired_as(&self, number: u64) -> Option<&super::Aired> {
        let mut aired = self.aired.iter().rev();
        aired.find(|it| it.segment.sequence == number)
    }

    /// A segment, as the driver would judge it.
    pub(crate) fn segment_of(
        &mut self,
        now: Duration,
        random: &mut Random,
        segment: &hls::Segment,
    ) -> Answered<Result<Fit, Trouble>> {
        self.advance(now, random);
        let wrong = |mishap| self.during(now, mishap);
        let text = String::from;
        if wrong(Mishap::SegmentsHang) {
            let result = Err(Trouble::Unfit(text("the segment did not come in time")));
            return Answered {
                after: SEGMENT_WAIT_MAX,
                result,
            };
        }
        let after = match () {
            () if wrong(Mishap::SegmentsSlow) => random.millis(500..=20_000),
            () => random.millis(10..=300),
        };
        let result = if self.is_gone() {
            Err(Trouble::Gone(text("403")))
        } else if wrong(Mishap::SegmentsFail) {
            Err(Trouble::Status(text("500")))
        } else if wrong(Mishap::SegmentsBusy) {
            Err(busy(random))
        } else if wrong(Mishap::SegmentsTorn) && random.chance(60) {
            Err(Trouble::Unfit(text("the body broke off")))
        } else if wrong(Mishap::SegmentsArePages) && random.chance(60) {
            Err(Trouble::Unfit(text("the segment is an HTML or XML page")))
        } else if wrong(Mishap::SegmentsEmpty) && random.chance(60) {
            Err(Trouble::Unfit(text("the segment is empty")))
        } else if wrong(Mishap::SegmentsMissing) && random.chance(50) {
            Err(Trouble::Status(text("404")))
        } else {
            let there = self
                .aired
                .iter()
                .rev()
                .find(|it| is_same(&it.segment.uri, &segment.uri));
            there
                .map(|it| it.fit.clone())
                .ok_or_else(|| Trouble::Status(text("404")))
        };
        Answered { after, result }
    }

    /// A key or an initialisation section.
    pub(crate) fn resource(
        &mut self,
        now: Duration,
        random: &mut Random,
        wanted: &Wanted,
    ) -> Answered<Result<Body, Trouble>> {
        let bytes = match wanted {
            Wanted::Key(_) if self.during(now, Mishap::ResourcesWrong) => 300,
            Wanted::Key(_) => 16,
            Wanted::Map(_) => 24,
        };
        let result = if self.is_gone() {
            Err(Trouble::Gone("403".into()))
        } else if self.during(now, Mishap::ResourcesFail) {
            Err(Trouble::Status("500".into()))
        } else {
            Ok(Body::new(vec![Bytes::from(vec![7; bytes])]))
        };
        Answered {
            after: random.millis(5..=200),
            result,
        }
    }
}

fn busy(random: &mut Random) -> Trouble {
    Trouble::Busy {
        text: "503".into(),
        retry_after: random.millis(100..=RETRY_AFTER_MAX_MILLIS),
    }
}

/// Whether two addresses have one path.
fn is_same(one: &str, other: &str) -> bool {
    path(one) == path(other)
}

fn path(uri: &str) -> &str {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let path = rest.split_once('/').map_or("", |(_, path)| path);
    path.split('?').next().unwrap_or(path)
}
