//! One channel over time: what it was at each sample, and what was counted of it, over all its lives.

use std::sync::Arc;
use std::time::Duration;

use channel::{Counters, Meter, Moment, Totals};
use jiff::Timestamp;

use super::pace::Pace;
use super::rings::{Rings, Stretch};
use super::{Course, Point};
use crate::figures::Audience;
use crate::handle::Handle;

/// How long a loss is worth a word about the channel's health.
const TROUBLED: Duration = Duration::from_secs(60);

/// What was counted, of one channel or of many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Bytes of media from sources.
    pub bytes_in: u64,
    /// Sources opened.
    pub sessions: u64,
    /// Sources that took another's place.
    pub failovers: u64,
    /// Segments published.
    pub segments: u64,
    /// Segments that could not be had.
    pub segments_lost: u64,
    /// Times that something was missing.
    pub gaps: u64,
    /// Segments asked for again.
    pub retries: u64,
    /// Breaks published.
    pub discontinuities: u64,
    /// Clips published.
    pub slate_segments: u64,
    /// Requests to sources that failed.
    pub failures: u64,
    /// Things wrong with continuous bodies.
    pub flaws: u64,
    /// Segments that viewers asked for and that were not there.
    pub segments_404: u64,
    /// Bytes that engines got from peers.
    pub downloaded: u64,
    /// Bytes that engines gave to peers.
    pub uploaded: u64,
    /// What viewers have had.
    pub viewers: Totals,
}

impl Sums {
    /// Adds what was counted of another.
    pub fn add(&mut self, other: &Self) {
        self.bytes_in += other.bytes_in;
        self.sessions += other.sessions;
        self.failovers += other.failovers;
        self.segments += other.segments;
        self.segments_lost += other.segments_lost;
        self.gaps += other.gaps;
        self.retries += other.retries;
        self.discontinuities += other.discontinuities;
        self.slate_segments += other.slate_segments;
        self.failures += other.failures;
        self.flaws += other.flaws;
        self.segments_404 += other.segments_404;
        self.downloaded += other.downloaded;
        self.uploaded += other.uploaded;
        self.viewers.bytes_sent += other.viewers.bytes_sent;
        self.viewers.underruns += other.viewers.underruns;
        self.viewers.stalled += other.viewers.stalled;
        self.viewers.skips += other.viewers.skips;
    }

    /// What a running channel has counted by itself.
    pub fn of(handle: &Handle, now: Moment) -> Self {
        let snapshot = handle.snapshot();
        let counters: &Counters = &snapshot.counters;
        Self {
            bytes_in: counters.bytes_in,
            sessions: counters.opened,
            failovers: counters.failovers,
            segments: counters.segments,
            segments_lost: counters.segments_lost,
            gaps: counters.gaps,
            retries: counters.retries,
            discontinuities: counters.discontinuities,
            slate_segments: counters.slate_segments,
            failures: counters.failures,
            flaws: counters.flaws,
            segments_404: handle.missed(),
            // Each session counts anew, so that only who looks at them all can tell.
            downloaded: 0,
            uploaded: 0,
            viewers: handle.viewers().totals(now),
        }
    }
}

/// A count that begins again from nothing now and then.
#[derive(Clone, Copy, Default)]
struct Count {
    total: u64,
    last: u64,
}

impl Count {
    /// It stands at this now.
    fn take(&mut self, now: Option<u64>) {
        if let Some(now) = now {
            self.total += now.checked_sub(self.last).unwrap_or(now);
            self.last = now;
        }
    }
}

/// A channel, running or ended a while ago.
#[derive(Default)]
pub struct Track {
    /// The channel, as long as it runs.
    handle: Option<Arc<Handle>>,
    /// What was counted of lives that are over.
    before: Sums,
    /// What was counted at the last sample, of the running life.
    last: Sums,
    downloaded: Count,
    uploaded: Count,
    into: Meter,
    out: Meter,
    pace: Pace,
    points: Rings<Point>,
    trouble_at: Option<Moment>,
    ended_at: Option<Moment>,
}

impl Track {
    /// Takes a sample of the running channel.
    pub(super) fn sample(
        &mut self,
        now: Moment,
        at: Timestamp,
        handle: &Arc<Handle>,
        audience: &Audience,
    ) -> Point {
        let is_same = |known: &Arc<Handle>| Arc::ptr_eq(known, handle);
        if !self.handle.as_ref().is_some_and(is_same) {
            self.end(now);
            self.handle = Some(Arc::clone(handle));
            self.pace = Pace::default();
        }
        self.ended_at = None;
        let snapshot = handle.snapshot();
        let sums = Sums::of(handle, now);
        self.into.add(now, sums.bytes_in - self.last.bytes_in);
        let sent = sums.viewers.bytes_sent - self.last.viewers.bytes_sent;
        self.out.add(now, sent);
        if self.last.gaps < sums.gaps || self.last.failovers < sums.failovers {
            self.trouble_at = Some(now);
        }
        self.last = sums;
        let held = snapshot.window.held().map(|it| (&**it).into());
        self.pace.look(held, snapshot.is_served());
        let stream = handle.stream();
        let stat = stream.as_ref().and_then(|stream| stream.stat.as_ref());
        self.downloaded.take(stat.and_then(|stat| stat.downloaded));
        self.uploaded.take(stat.and_then(|stat| stat.uploaded));
        let figure = |of: fn(&engine::Stat) -> Option<u64>| {
            let figure = stat.and_then(of);
            figure.map(|it| u32::try_from(it).unwrap_or(u32::MAX))
        };
        let point = Point {
            at,
            seconds: snapshot.window.duration().as_secs_f32(),
            bytes: snapshot.window.bytes() as u64,
            segments: snapshot.window.held().len() as u32,
            reserve: snapshot.reserve.as_secs_f32(),
            in_bps: self.into.rate(now),
            out_bps: self.out.rate(now),
            viewers: audience.viewers() as u32,
            playable_min: audience.playable_min.map(|it| it.as_secs_f32()),
            peers: figure(|stat| stat.peers),
            speed_down: figure(|stat| stat.speed_down),
            speed_up: figure(|stat| stat.speed_up),
        };
        self.points.push(point);
        point
    }

    /// The channel does not run any more: what it counted last is kept, and nothing else of it.
    pub(super) fn end(&mut self, now: Moment) {
        if let Some(handle) = self.handle.take() {
            self.before.add(&Sums::of(&handle, now));
            self.last = Sums::default();
            self.ended_at = Some(now);
        }
    }

    pub(super) fn is_running(&self) -> bool {
        self.handle.is_some()
    }

    pub(super) fn ended_at(&self) -> Option<Moment> {
        self.ended_at
    }

    pub(super) fn points(&self, since: Option<Timestamp>) -> Stretch<Point> {
        self.points.since(since)
    }

    /// Bits per second from the source and to the viewers.
    pub(super) fn rates(&self, now: Moment) -> (u64, u64) {
        (self.into.rate(now), self.out.rate(now))
    }

    pub(super) fn course(&self, now: Moment) -> Course {
        let (in_bps, out_bps) = self.rates(now);
        Course {
            in_bps,
            out_bps,
            lateness: self.pace.lateness(now),
            jitter: self.pace.jitter(now),
            troubled: (self.trouble_at).is_some_and(|at| now.since(at) < TROUBLED),
        }
    }

    /// What was counted of all its lives.
    pub(super) fn sums(&self, now: Moment) -> Sums {
        let mut sums = Sums {
            downloaded: self.downloaded.total,
            uploaded: self.uploaded.total,
            ..self.before
        };
        if let Some(handle) = &self.handle {
            sums.add(&Sums::of(handle, now));
        }
        sums
    }
}
