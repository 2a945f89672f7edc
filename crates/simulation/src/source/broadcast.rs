//! What a source broadcasts: each segment says which it is, so that the judge knows what is missing.

use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use channel::examine::{Facts, Fit};
use channel::{Body, Container};
use jiff::{SignedDuration, Timestamp};

use super::{Aired, Next, Source, feed, long};
use crate::random::Random;

/// Segments kept for whoever asks for them late.
const KEPT: usize = 48;

/// Behind by more segments than this, a source goes on as if it had broadcast them: nobody looked.
const UNSEEN_MIN: u32 = 100;

/// The day on which sources that state dates begin.
const DATE_ZERO: i64 = 1_800_000_000;

/// What the bytes of a segment say: its timeline, and its place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) timeline: u64,
    pub(crate) ordinal: u64,
}

/// What the bytes of a segment that was published say: from where to where it goes on its timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) timeline: u64,
    pub(crate) first: u64,
    pub(crate) last: u64,
    /// It was cut out of a body, whose frames are counted.
    pub(crate) cut: bool,
}

impl Span {
    /// Reads it; nothing in parts of a segment that was cut, nor in clips.
    pub(crate) fn of(body: &Body) -> Option<Self> {
        if let Some(Mark { timeline, ordinal }) = Mark::of(body) {
            return Some(Self {
                timeline,
                first: ordinal,
                last: ordinal,
                cut: false,
            });
        }
        let marks = feed::marks(body.chunks());
        let (timeline, first) = *marks.first()?;
        let mut expected = first;
        for mark in &marks {
            assert_eq!(*mark, (timeline, expected), "a hole within a segment");
            expected += 1;
        }
        Some(Self {
            timeline,
            first,
            last: expected - 1,
            cut: true,
        })
    }
}

impl Mark {
    fn of(body: &Body) -> Option<Self> {
        let bytes = body
            .chunks()
            .first()
            .filter(|it| it.len() < ts::PACKET_BYTES)?;
        let number = |from| {
            bytes
                .get(from..from + 8)?
                .try_into()
                .ok()
                .map(u64::from_be_bytes)
        };
        Some(Self {
            timeline: number(1)?,
            ordinal: number(9)?,
        })
    }

    fn fit(self, extra: usize) -> Fit {
        // Anything that is no packet of a transport stream would do for the first byte.
        let mut bytes = vec![1];
        bytes.extend(self.timeline.to_be_bytes());
        bytes.extend(self.ordinal.to_be_bytes());
        bytes.resize(bytes.len() + extra, 0);
        let mut hasher = DefaultHasher::new();
        hasher.write(&bytes);
        Fit {
            body: Body::new(vec![Bytes::from(bytes)]),
            container: Container::TransportStream,
            facts: None,
            part: None,
            fingerprint: hasher.finish(),
        }
    }
}

impl Source {
    /// Broadcasts what is due by `now`.
    pub(crate) fn advance(&mut self, now: Duration, random: &mut Random) {
        let whole = self.style.length * self.style.burst as u32;
        let behind = (now.saturating_sub(self.next_at).as_millis() / whole.as_millis()) as u32;
        if UNSEEN_MIN < behind {
            let unseen = behind - UNSEEN_MIN / 2;
            self.next_at += whole * unseen;
            let count = u64::from(unseen) * self.style.burst;
            self.number += count;
            self.ordinal += count;
            self.listed_after = self.ordinal;
            self.clock = self.clock.plus(whole * unseen);
            self.aired_for += whole * unseen;
        }
        while self.next_at <= now {
            let late = random.below(self.style.jitter.as_millis() as u64 + 1);
            let at = self.next_at + Duration::from_millis(late);
            let at = self.aired.back().map_or(at, |it| it.at.max(at));
            for _ in 0..self.style.burst {
                let length = self.air(at, random);
                self.next_at += length;
            }
        }
    }

    fn air(&mut self, at: Duration, random: &mut Random) -> Duration {
        let mut next = std::mem::take(&mut self.next);
        let clear = self.key.is_none() && self.map.is_none() && !self.style.opaque;
        let was_clear = self.aired.back().is_some_and(|it| it.fit.facts.is_some());
        // Where the media does not tell its times, a source that says nothing cannot be found out.
        next.breaks |= next.silent && !(clear && was_clear);
        let vary = self.style.vary;
        let length = self.style.length * random.within(100 - vary..=100 + vary) as u32 / 100;
        let long = next.long && self.target < Duration::from_secs(long::SECONDS);
        let length = if long {
            Duration::from_secs(long::SECONDS)
        } else {
            length
        };
        let again = self
            .aired
            .back()
            .filter(|it| next.repeats && it.segment.key == self.key && it.segment.map == self.map)
            .map(|it| it.fit.clone());
        if again.is_some() {
            // What breaks, breaks behind the repeat.
            self.next.breaks = std::mem::take(&mut next.breaks);
        }
        let begins = self.aired_for;
        let fit = again.unwrap_or_else(|| {
            self.ordinal += 1;
            let fit = self.media(length, clear, long, random);
            let before = self.clock.0;
            self.clock = self.clock.plus(length);
            self.wrapped |= self.clock.0 < before;
            self.aired_for += length;
            fit
        });
        let segment = self.segment(&next, begins, length);
        self.number += 1;
        if self.aired.len() == KEPT {
            self.aired.pop_front();
        }
        let ordinal = self.ordinal;
        let breaks_before = self.breaks;
        self.breaks += u64::from(segment.discontinuity);
        self.aired.push_back(Aired {
            at,
            ordinal,
            breaks_before,
            segment,
            fit,
        });
        length
    }

    fn media(&self, length: Duration, clear: bool, long: bool, random: &mut Random) -> Fit {
        if long && clear {
            return long::segment(self.clock);
        }
        let mark = Mark {
            timeline: self.timeline,
            ordinal: self.ordinal,
        };
        let fit = mark.fit(random.below(32) as usize);
        let container = match (&self.map, self.style.opaque) {
            (Some(_), _) => Container::FragmentedMp4,
            (None, true) if self.key.is_none() => Container::PackedAudio,
            _ => Container::TransportStream,
        };
        let facts = clear.then(|| Facts {
            start: Some(self.clock),
            end: Some(self.clock.plus(length)),
            duration: Some(length),
            longest_step: None,
            streams: self.streams.clone(),
            starts_with_key_frame: true,
        });
        Fit {
            container,
            facts,
            ..fit
        }
    }

    fn segment(&self, next: &Next, begins: Duration, length: Duration) -> hls::Segment {
        let date = self.style.dated.then(|| {
            let shift = SignedDuration::from_secs(self.date_shift);
            let date = Timestamp::from_second(DATE_ZERO).ok()?;
            date.checked_add(begins).ok()?.checked_add(shift).ok()
        });
        hls::Segment {
            sequence: self.number,
            uri: address(self.place, self.number),
            duration: length,
            duration_stated: true,
            discontinuity: next.breaks,
            gap: next.gap,
            program_date_time: date.flatten(),
            byte_range: None,
            key: self.key.as_ref().map(Arc::clone),
            map: self.map.as_ref().map(Arc::clone),
            tags: Vec::new(),
        }
    }

    /// A new session: it has the newest media from a place of its own, and counts from zero.
    pub(super) fn renumber(&mut self, now: Duration, kept: usize) {
        self.place += 1;
        let to_come = self.aired.iter().rev().take_while(|it| now < it.at).count();
        let (last, after) = (to_come + kept, self.listed_after);
        let is_over = |it: &Aired| it.ordinal <= after;
        while last < self.aired.len() || self.aired.front().is_some_and(is_over) {
            self.aired.pop_front();
        }
        self.number = 0;
        for aired in &mut self.aired {
            aired.segment.sequence = self.number;
            aired.segment.uri = address(self.place, self.number);
            self.number += 1;
        }
        self.listed_after = self.aired.front().map_or(self.ordinal, |it| it.ordinal - 1);
    }
}

fn address(place: u64, number: u64) -> String {
    format!("http://source/{place}/{number}.ts")
}

/// Elementary streams: the same for the same `kind`.
pub(super) fn streams(kind: u64) -> Vec<ts::Stream> {
    let stream = |pid, stream_type| ts::Stream {
        pid,
        stream_type,
        codec: ts::Codec::of(stream_type, &[]),
    };
    match kind {
        0 => vec![stream(256, 0x1b)],
        1 => vec![stream(256, 0x1b), stream(257, 0x0f)],
        _ => vec![stream(256, 0x24), stream(257, 0x0f)],
    }
}

pub(super) fn key(number: u64) -> hls::Key {
    hls::Key {
        method: "AES-128".into(),
        uri: Some(format!("http://source/{number}.key")),
        iv: None,
        key_format: None,
        key_format_versions: None,
    }
}

pub(super) fn map(number: u64) -> hls::Map {
    hls::Map {
        uri: format!("http://source/{number}.mp4"),
        byte_range: None,
    }
}
