//! Each listed segment: the same as ever if its number is known, and as it should be if it is new.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::checker::Checker;
use super::known::{Entry, path};
use super::rule::Rule;

/// Extensions that ffmpeg from 7.1 on takes in a playlist, as far as live streams have them.
const EXTENSIONS: [&str; 12] = [
    "ts", "m4s", "mp4", "m4a", "m4v", "cmfa", "cmfv", "aac", "mp3", "ac3", "ec3", "vtt",
];

/// Of these the ones of fragmented MP4.
pub(super) const FRAGMENTED: [&str; 6] = ["m4s", "mp4", "m4a", "m4v", "cmfa", "cmfv"];

/// Dates that are further off than this say of one moment that it was two (bis 6.2.1).
const DATE_SLACK: SignedDuration = SignedDuration::from_secs(1);

impl Checker {
    /// Looks at each segment; returns the first number that is new.
    pub(super) fn entries(
        &mut self,
        at: Duration,
        list: &hls::Media,
        longest: Duration,
    ) -> Option<u64> {
        let mut first = None;
        let mut breaks = list.discontinuity_sequence;
        for segment in &list.segments {
            breaks += u64::from(segment.discontinuity);
            let number = segment.sequence;
            let known = self.known.get(number);
            let difference = known.map(|entry| difference(entry, segment, breaks));
            match difference {
                Some(None) => {}
                Some(Some((rule, what))) => {
                    self.broke(at, rule, || what);
                    self.known.learn(number, Entry::new(segment, breaks));
                    first = first.or(Some(number));
                }
                None => {
                    self.known.learn(number, Entry::new(segment, breaks));
                    self.fresh(at, segment, list.target_duration);
                    first = first.or(Some(number));
                }
            }
            if let Some(entry) = self.known.get_mut(number) {
                entry.listed_at = at;
                entry.longest = entry.longest.max(longest);
            }
        }
        first
    }

    /// A number that was never listed before.
    fn fresh(&mut self, at: Duration, segment: &hls::Segment, target: Duration) {
        let number = segment.sequence;
        if !segment.duration_stated {
            self.broke(at, Rule::DurationWrong, || {
                format!("{number} has no EXTINF")
            });
        }
        // Rounded to the nearest second (RFC 8216 4.3.3.1).
        let rounded = (segment.duration + Duration::from_millis(500)).as_secs();
        if target.as_secs() < rounded {
            let (duration, target) = (segment.duration.as_secs_f64(), target.as_secs());
            self.broke(at, Rule::TargetExceeded, || {
                format!("{number} has {duration:.3} s, with a target duration of {target} s")
            });
        }
        if segment.gap {
            self.broke(at, Rule::Gap, || format!("{number} is a gap"));
        }
        self.addresses(at, segment);
    }

    fn addresses(&mut self, at: Duration, segment: &hls::Segment) {
        let number = segment.sequence;
        let key = segment.key.as_deref();
        let key_uri = key.and_then(|key| key.uri.as_deref());
        let map_uri = segment.map.as_deref().map(|map| map.uri.as_str());
        let all = [Some(segment.uri.as_str()), key_uri, map_uri];
        if let Some(uri) = all.into_iter().flatten().find(|uri| is_absolute(uri)) {
            let uri = path(uri);
            self.broke(at, Rule::AbsoluteAddress, || {
                format!("{number} leads to {uri}")
            });
        }
        let extension = extension(&segment.uri);
        if !EXTENSIONS.contains(&extension) {
            let uri = path(&segment.uri);
            self.broke(at, Rule::Extension, || format!("{number} is at {uri}"));
        }
        if FRAGMENTED.contains(&extension) && segment.map.is_none() {
            self.broke(at, Rule::MapMissing, || {
                format!("{number} has no EXT-X-MAP")
            });
        }
        let lacks_vector = |key: &hls::Key| {
            key.method == "AES-128" && key.iv.is_none() && key.key_format.is_none()
        };
        if key.is_some_and(lacks_vector) {
            self.broke(at, Rule::VectorMissing, || {
                format!("the key of {number} has no IV")
            });
        }
    }

    /// The dates of what is new, from this number on.
    pub(super) fn dates(&mut self, at: Duration, list: &hls::Media, from: u64) {
        let mut expected: Option<Timestamp> = None;
        for segment in &list.segments {
            if segment.discontinuity {
                expected = None;
            }
            if let Some(date) = segment.program_date_time {
                if from <= segment.sequence {
                    self.date(at, segment.sequence, date, expected);
                }
                expected.get_or_insert(date);
            }
            expected = expected.and_then(|it| it.checked_add(segment.duration).ok());
        }
    }

    fn date(&mut self, at: Duration, number: u64, date: Timestamp, expected: Option<Timestamp>) {
        let newest = self.newest_date.filter(|(before, _)| *before < number);
        self.newest_date = Some((number, date));
        if let Some((before, newest)) = newest.filter(|(_, newest)| date < *newest) {
            return self.broke(at, Rule::DateBack, || {
                format!("the date of {before} is {newest}, and that of {number} is {date}")
            });
        }
        let off = expected.map(|expected| date.duration_since(expected).abs());
        if off.is_some_and(|off| DATE_SLACK < off) {
            let expected = expected.unwrap_or_default();
            self.broke(at, Rule::DateDrift, || {
                format!("the date of {number} is {date}, and by the durations {expected}")
            });
        }
    }
}

/// What a list says of a number, other than before.
fn difference(entry: &Entry, segment: &hls::Segment, breaks: u64) -> Option<(Rule, String)> {
    let number = segment.sequence;
    let (old, new) = (&*entry.path, path(&segment.uri));
    if old != new || entry.range != segment.byte_range {
        let what = format!("{number} was at {old}, and is at {new}");
        return Some((Rule::Changed, what));
    }
    if entry.duration != segment.duration {
        let (old, new) = (entry.duration.as_secs_f64(), segment.duration.as_secs_f64());
        let what = format!("{number} had {old:.6} s, and has {new:.6} s");
        return Some((Rule::Changed, what));
    }
    if let (Some(old), Some(new)) = (entry.date, segment.program_date_time)
        && old != new
    {
        let what = format!("{number} had the date {old}, and has {new}");
        return Some((Rule::Changed, what));
    }
    if entry.breaks != breaks {
        let old = entry.breaks;
        let what = format!("{number} had {old} discontinuities up to it, and has {breaks}");
        return Some((Rule::DiscontinuityCount, what));
    }
    if !entry.has_key(segment.key.as_ref()) {
        let what = format!("{number} has another key than it had, or none");
        return Some((Rule::KeyChanged, what));
    }
    if !entry.has_map(segment.map.as_ref()) {
        let what = format!("{number} has another initialization section than it had, or none");
        return Some((Rule::MapChanged, what));
    }
    None
}

/// The letters behind the last dot of the path.
pub(super) fn extension(uri: &str) -> &str {
    let path = path(uri);
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

/// Whether an address says more than where it is, seen from the list.
fn is_absolute(uri: &str) -> bool {
    let path = path(uri);
    let scheme = path.split('/').next().is_some_and(|it| it.contains(':'));
    scheme || path.starts_with('/')
}
