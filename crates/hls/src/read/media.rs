//! Puts a media playlist together from its lines: tags that last are brought down to their segments.

use std::{mem, sync::Arc, time::Duration};

use quick_m3u8::tag::hls::{self, EnumeratedString, Method};

use super::{KEY_FORMATS_MAX, TagLine, number};
use crate::{
    ReadError,
    media::{ByteRange, Key, Map, Media, Segment},
};

/// What Apple advises, for a list that states neither a target nor any duration.
const TARGET_DURATION_GUESS: Duration = Duration::from_secs(6);

/// Whether a tag makes its list a media playlist. `EXTINF` without a duration does not: lists of channels
/// have it too.
pub(super) fn decides(tag: &TagLine<'_>) -> bool {
    tag.name != "INF" || number::segment_duration(tag.value).is_some()
}

/// What has been read so far.
#[derive(Default)]
pub(super) struct Draft {
    target_duration: Option<Duration>,
    media_sequence: u64,
    discontinuity_sequence: u64,
    skipped: u64,
    ended: bool,
    segments: Vec<Segment>,
    next: Next,
    /// In force, one for each key format.
    keys: Vec<Arc<Key>>,
    map: Option<Arc<Map>>,
    /// Where the byte range of the segment before ended, and of what.
    range_end: Option<(String, u64)>,
}

/// What has been said of the segment that comes next.
#[derive(Default)]
struct Next {
    duration: Option<Duration>,
    discontinuity: bool,
    gap: bool,
    program_date_time: Option<jiff::Timestamp>,
    byte_range: Option<(u64, Option<u64>)>,
    tags: Vec<String>,
}

impl Draft {
    pub(super) fn entries(&self) -> usize {
        self.segments.len()
    }

    /// Keeps a line for the segment that follows.
    pub(super) fn carry(&mut self, text: &str) {
        self.next.tags.push(text.to_owned());
    }

    pub(super) fn tag(&mut self, tag: &TagLine<'_>) -> Result<(), ReadError> {
        match tag.name {
            "INF" => self.next.duration = number::segment_duration(tag.value),
            "-X-DISCONTINUITY" => self.next.discontinuity = true,
            "-X-GAP" => self.next.gap = true,
            "-X-PROGRAM-DATE-TIME" => self.next.program_date_time = number::date(tag.value),
            "-X-DATERANGE" => self.carry(tag.text),
            "-X-BYTERANGE" => {
                let range = number::byte_range(tag.value);
                self.next.byte_range = Some(range.ok_or_else(|| bad_range(tag))?);
            }
            "-X-KEY" => self.key(tag)?,
            "-X-MAP" => self.map = Some(Arc::new(map(tag)?)),
            "-X-TARGETDURATION" => self.target_duration = number::seconds(tag.value),
            "-X-MEDIA-SEQUENCE" => {
                self.media_sequence =
                    number::whole(tag.value).ok_or_else(|| ReadError::BadMediaSequence {
                        value: tag.value.to_owned(),
                    })?;
            }
            "-X-DISCONTINUITY-SEQUENCE" => {
                self.discontinuity_sequence = number::whole(tag.value).unwrap_or(0);
            }
            "-X-SKIP" => {
                if let Some(hls::Tag::Skip(skip)) = &tag.parsed {
                    self.skipped = skip.skipped_segments();
                }
            }
            "-X-ENDLIST" => self.ended = true,
            // Low-latency tags promise what Weir does not serve; the rest is of no use to it.
            _ => {}
        }
        Ok(())
    }

    /// A key replaces the one of its format; `NONE` ends them all (4.3.2.4).
    fn key(&mut self, tag: &TagLine<'_>) -> Result<(), ReadError> {
        match key(tag)? {
            None => self.keys.clear(),
            Some(key) => {
                self.keys.retain(|other| other.key_format != key.key_format);
                self.keys.push(Arc::new(key));
            }
        }
        if self.keys.len() > KEY_FORMATS_MAX {
            return Err(ReadError::TooManyKeyFormats {
                formats_max: KEY_FORMATS_MAX,
            });
        }
        Ok(())
    }

    pub(super) fn uri(&mut self, line: usize, uri: &str) -> Result<(), ReadError> {
        let next = mem::take(&mut self.next);
        let byte_range = self.byte_range(line, uri, next.byte_range)?;
        let plain = self.keys.iter().find(|key| key.key_format.is_none());
        self.segments.push(Segment {
            sequence: 0, // Numbered at the end, when the first number is known.
            uri: uri.to_owned(),
            duration: next.duration.unwrap_or_default(),
            duration_stated: next.duration.is_some(),
            discontinuity: next.discontinuity,
            gap: next.gap,
            program_date_time: next.program_date_time,
            byte_range,
            key: plain.or(self.keys.first()).cloned(),
            map: self.map.clone(),
            tags: next.tags,
        });
        Ok(())
    }

    /// A range without offset begins where the one before it, of the same resource, ended (4.3.2.2).
    fn byte_range(
        &mut self,
        line: usize,
        uri: &str,
        range: Option<(u64, Option<u64>)>,
    ) -> Result<Option<ByteRange>, ReadError> {
        let end_before = self
            .range_end
            .take()
            .filter(|(of, _)| of == uri)
            .map(|(_, end)| end);
        let Some((length, offset)) = range else {
            return Ok(None);
        };
        let Some(offset) = offset.or(end_before) else {
            return Err(ReadError::ByteRangeWithoutStart { line, length });
        };
        let Some(end) = offset.checked_add(length) else {
            let value = format!("{length}@{offset}");
            return Err(ReadError::BadByteRange { line, value });
        };
        self.range_end = Some((uri.to_owned(), end));
        Ok(Some(ByteRange { length, offset }))
    }

    pub(super) fn finish(
        mut self,
        version: u64,
        independent_segments: bool,
    ) -> Result<Media, ReadError> {
        let target_duration = self.target_duration();
        let too_high = ReadError::MediaSequenceTooHigh {
            media_sequence: self.media_sequence,
        };
        let Some(first) = self.media_sequence.checked_add(self.skipped) else {
            return Err(too_high);
        };
        if first.checked_add(self.segments.len() as u64).is_none() {
            return Err(too_high);
        }
        for (segment, sequence) in self.segments.iter_mut().zip(first..) {
            segment.sequence = sequence;
            if !segment.duration_stated {
                segment.duration = target_duration;
            }
        }
        Ok(Media {
            version,
            target_duration,
            media_sequence: self.media_sequence,
            discontinuity_sequence: self.discontinuity_sequence,
            independent_segments,
            ended: self.ended,
            segments: self.segments,
        })
    }

    fn target_duration(&self) -> Duration {
        let stated = self.target_duration.filter(|target| !target.is_zero());
        let stated_durations = self
            .segments
            .iter()
            .filter(|segment| segment.duration_stated);
        let longest = || stated_durations.map(|segment| segment.duration).max();
        number::round_up(stated.or_else(longest).unwrap_or(TARGET_DURATION_GUESS))
    }
}

fn key(tag: &TagLine<'_>) -> Result<Option<Key>, ReadError> {
    let bad = || ReadError::BadKey { line: tag.number };
    let Some(hls::Tag::Key(key)) = &tag.parsed else {
        return Err(bad());
    };
    if key.method() == EnumeratedString::Known(Method::None) {
        return Ok(None);
    }
    let iv = key.iv().or_else(|| quoted("IV", tag.tidy));
    let iv = iv
        .map(|text| initialization_vector(text).ok_or_else(bad))
        .transpose()?;
    let method = key.method().to_string();
    if !method
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    {
        return Err(bad());
    }
    Ok(Some(Key {
        method,
        uri: key.uri().map(str::to_owned),
        iv,
        key_format: Some(key.keyformat())
            .filter(|format| *format != "identity")
            .map(str::to_owned),
        key_format_versions: key.keyformatversions().map(str::to_owned),
    }))
}

fn initialization_vector(text: &str) -> Option<u128> {
    let digits = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))?;
    let is_hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u128::from_str_radix(digits, 16)
        .ok()
        .filter(|_| is_hexadecimal)
}

fn map(tag: &TagLine<'_>) -> Result<Map, ReadError> {
    let bad = || ReadError::BadMap { line: tag.number };
    let Some(hls::Tag::Map(map)) = &tag.parsed else {
        return Err(bad());
    };
    let byte_range = match quoted("BYTERANGE", tag.tidy) {
        None => None,
        Some(value) => {
            let (length, offset) = number::byte_range(value).ok_or_else(bad)?;
            let offset = offset.unwrap_or(0);
            offset.checked_add(length).ok_or_else(bad)?;
            Some(ByteRange { length, offset })
        }
    };
    if map.uri().is_empty() {
        return Err(bad());
    }
    Ok(Map {
        uri: map.uri().to_owned(),
        byte_range,
    })
}

/// The value of an attribute in quotes, for those that the parser drops when they are a little wrong. Without
/// such an attribute there is no such text, since a quoted value holds no quotes.
fn quoted<'a>(attribute: &str, text: &'a str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("{attribute}=\""))?;
    rest.split('"').next()
}

fn bad_range(tag: &TagLine<'_>) -> ReadError {
    ReadError::BadByteRange {
        line: tag.number,
        value: tag.value.to_owned(),
    }
}
