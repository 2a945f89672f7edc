//! Segments, beside what the list says of them and beside their neighbours; plays nothing.

use std::time::Duration;

use bytes::Bytes;
use ts::LooksLike;

use super::checker::Checker;
use super::entry::{FRAGMENTED, extension};
use super::known::Entry;
use super::rule::Rule;
use super::segment::{SegmentAnswer, SegmentFacts};

/// A frame where the media does not say how long one is: the usual one of European television.
const FRAME: Duration = Duration::from_millis(40);

/// A hole that players go over without a word: what hls.js calls `maxBufferHole`.
const HOLE_MIN: Duration = Duration::from_millis(100);

/// A hole that is one whatever else there is; less is what cutting leaves of long segments.
const HOLE_MAX: Duration = Duration::from_secs(1);

/// Enough to tell what bytes are.
const HEAD_BYTES: usize = 4 * ts::PACKET_BYTES;

/// What blocks of AES-128 are counted in.
const BLOCK_BYTES: u64 = 16;

impl Checker {
    pub(super) fn answered(&mut self, at: Duration, number: u64, answer: &SegmentAnswer<'_>) {
        let Some(entry) = self.known.get(number) else {
            return;
        };
        let is_part = entry.range.is_some() && answer.status == 206;
        if answer.status != 200 && !is_part {
            return self.refused(at, number, &format!("status {}", answer.status));
        }
        let bytes: u64 = answer.body.iter().map(|chunk| chunk.len() as u64).sum();
        if let Some(declared) = answer.declared.filter(|declared| *declared != bytes) {
            return self.broke_each(at, Rule::SegmentCut, || {
                format!("{number} announces {declared} bytes and has {bytes}")
            });
        }
        match read(entry, answer.body, bytes) {
            Ok(facts) => self.facts(at, number, &facts),
            Err(why) => self.broke_each(at, Rule::NotMedia, || format!("{number}: {why}")),
        }
    }

    /// There is no segment where one should be, or the time in which one should be is over.
    pub(super) fn refused(&mut self, at: Duration, number: u64, why: &str) {
        let listed = self
            .last
            .is_some_and(|last| (last.first..last.end).contains(&number));
        let kept_until = self.known.get(number).map(Entry::kept_until);
        if listed {
            self.broke_each(at, Rule::SegmentRefused, || {
                format!("{number} is listed, and not there: {why}")
            });
        } else if let Some(until) = kept_until.filter(|until| at <= *until) {
            let until = until.as_secs_f64();
            self.broke_each(at, Rule::SegmentGone, || {
                format!("{number} must stay until {until:.1} s, and is not there: {why}")
            });
        }
    }

    pub(super) fn seen(&mut self, at: Duration, number: u64, facts: &SegmentFacts) {
        let Some(entry) = self.known.get_mut(number) else {
            return;
        };
        if let Some(before) = entry.facts.replace(facts.clone()) {
            if before.hash != facts.hash {
                self.broke_each(at, Rule::BytesChanged, || {
                    format!("{number} has other bytes than before")
                });
            }
            return;
        }
        let stated = entry.duration;
        self.alone(at, number, stated, facts);
        if let Some(other) = self.known.hash(number, facts.hash) {
            self.broke_each(at, Rule::SameBytes, || {
                format!("{number} has the bytes of {other}")
            });
        }
        self.join(at, number);
        self.join(at, number.saturating_add(1));
    }

    pub(super) fn unsealed(&mut self, at: Duration, number: u64, plain: &[Bytes]) {
        let entry = self.known.get_mut(number);
        let Some((stated, facts)) = entry.and_then(|it| Some((it.duration, it.facts.as_mut()?)))
        else {
            return;
        };
        match ts::inspect(plain) {
            Ok(inside) => {
                // Which bytes it has was seen from outside.
                *facts = SegmentFacts::of(&inside, facts.hash);
                let facts = facts.clone();
                self.alone(at, number, stated, &facts);
                self.join(at, number);
                self.join(at, number.saturating_add(1));
            }
            Err(invalid) => self.broke_each(at, Rule::NotMedia, || {
                format!("{number}, opened with its key and its vector: {invalid}")
            }),
        }
    }

    fn alone(&mut self, at: Duration, number: u64, stated: Duration, facts: &SegmentFacts) {
        if !facts.tables_first {
            self.broke_each(at, Rule::TablesFirst, || {
                format!("{number} has media before its tables")
            });
        }
        if !facts.key_frame_first {
            self.broke_each(at, Rule::KeyFrameFirst, || {
                format!("{number} begins with no key frame")
            });
        }
        let frame = facts.frame.unwrap_or(FRAME);
        if let Some(plays) = facts
            .duration
            .filter(|plays| frame < plays.abs_diff(stated))
        {
            let (plays, stated) = (plays.as_secs_f64(), stated.as_secs_f64());
            self.broke_each(at, Rule::DurationWrong, || {
                format!("{number} plays {plays:.3} s, and EXTINF says {stated:.3} s")
            });
        }
    }

    /// A segment beside the one before it, once both have been seen.
    fn join(&mut self, at: Duration, number: u64) {
        let before = number.checked_sub(1).and_then(|it| self.known.get(it));
        let before = before.and_then(|it| it.facts.as_ref());
        let Some(entry) = self.known.get(number).filter(|it| !it.discontinuity) else {
            return;
        };
        let (Some(before), Some(facts)) = (before, entry.facts.as_ref()) else {
            return;
        };
        // Half a segment, so that a whole one that is missing is seen.
        let slack = (entry.duration / 2).clamp(HOLE_MIN, HOLE_MAX);
        let off = match (before.end, facts.start) {
            (Some(end), Some(start)) => end.offset_to(start),
            _ => 0,
        };
        let tracks = !before.streams.is_empty()
            && !facts.streams.is_empty()
            && before.streams != facts.streams;
        if slack < ts::duration(off.unsigned_abs()) {
            let off = off as f64 / ts::CLOCK_HZ as f64;
            self.broke_each(at, Rule::TimestampJump, || {
                format!(
                    "{number} begins {off:+.3} s from the end of the one before, and marks no break"
                )
            });
        }
        if tracks {
            self.broke_each(at, Rule::TracksChanged, || {
                format!("{number} has other tracks than the one before, and marks no break")
            });
        }
    }
}

/// What can be said of bytes, by what the list says that they are.
fn read(entry: &Entry, body: &[Bytes], bytes: u64) -> Result<SegmentFacts, String> {
    let hash = SegmentFacts::hash_of(body);
    if bytes == 0 {
        return Err("there is not a single byte".into());
    }
    if let Some(key) = &entry.key {
        if key.method == "AES-128" && !bytes.is_multiple_of(BLOCK_BYTES) {
            return Err(format!("{bytes} bytes are no whole blocks of AES-128"));
        }
        return Ok(SegmentFacts::opaque(bytes, hash));
    }
    match extension(&entry.path) {
        extension if entry.map.is_some() || FRAGMENTED.contains(&extension) => {
            let head: Vec<u8> = body.iter().flatten().copied().take(HEAD_BYTES).collect();
            match LooksLike::guess(&head) {
                LooksLike::Mp4 => Ok(SegmentFacts::opaque(bytes, hash)),
                other => Err(format!("it is not MP4 but looks like {other}")),
            }
        }
        "aac" | "mp3" | "ac3" | "ec3" | "vtt" => Ok(SegmentFacts::opaque(bytes, hash)),
        _ => match ts::inspect(body) {
            Ok(facts) => Ok(SegmentFacts::of(&facts, hash)),
            Err(invalid) => Err(invalid.to_string()),
        },
    }
}
