//! Whole bodies: playlists and segments, complete or not at all.

use std::time::Duration;

use bytes::Bytes;
use reqwest::Response;
use reqwest::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, RETRY_AFTER};
use url::Url;

use super::send::{Ask, Kind};
use super::{Http, fault};
use crate::error::{FetchError, Wait};
use crate::gather::Gather;
use crate::place::Place;
use crate::timeouts::Timeouts;

/// Five thousand segments with long addresses; a live playlist has twenty. Counted after decompression.
pub const PLAYLIST_BYTES_MAX: usize = 1 << 20;

/// Ten seconds at 50 Mbit/s; more is a fault, not a segment.
pub const SEGMENT_BYTES_MAX: usize = 64 << 20;

/// As much of a header as is handed on or shown, in bytes.
const HEADER_BYTES_MAX: usize = 128;

/// The text of a playlist, not yet read.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The text, decompressed.
    pub bytes: Bytes,
    /// Where it came from in the end: what its lines are relative to.
    pub url: Url,
    /// What the other side calls it.
    pub content_type: Option<String>,
}

/// A whole segment. Its chunks are of 64 KiB or more, but for the last, and keep no other memory alive.
#[derive(Clone, Debug)]
pub struct Body {
    /// The bytes in order.
    pub chunks: Vec<Bytes>,
    /// The sum of the chunks.
    pub bytes: usize,
    /// What the other side calls it.
    pub content_type: Option<String>,
}

/// What a body must fit into, and when it must have come.
struct Limits {
    bytes_max: usize,
    whole: Duration,
    idle: Duration,
}

impl Http {
    /// A playlist's text, of at most [`PLAYLIST_BYTES_MAX`] once decompressed.
    pub async fn playlist(&self, from: &Place, t: &Timeouts) -> Result<Fetched, FetchError> {
        let mut response = self
            .follow(&Ask {
                place: from,
                kind: Kind::Playlist,
                range: None,
                connect: t.connect,
                first_byte: t.first_byte,
            })
            .await?;
        whole_answer(&response)?;
        let limits = Limits {
            bytes_max: PLAYLIST_BYTES_MAX,
            whole: t.playlist,
            idle: t.idle,
        };
        let text = read(&mut response, &limits, None).await?;
        Ok(Fetched {
            bytes: text.finish().concat().into(),
            url: response.url().clone(),
            content_type: content_type(&response),
        })
    }

    /// A segment, or the slice of `range` (offset and length), of at most [`SEGMENT_BYTES_MAX`].
    pub async fn segment(
        &self,
        from: &Place,
        range: Option<(u64, u64)>,
        t: &Timeouts,
    ) -> Result<Body, FetchError> {
        let range = range.map(checked).transpose()?;
        let mut response = self
            .follow(&Ask {
                place: from,
                kind: Kind::Media,
                range,
                connect: t.connect,
                first_byte: t.first_byte,
            })
            .await?;
        let partial = range.is_some() && response.status().as_u16() == 206;
        match range {
            Some(range) if partial => exactly(&response, range)?,
            _ => whole_answer(&response)?,
        }
        plain(&response)?;
        let limits = Limits {
            bytes_max: SEGMENT_BYTES_MAX,
            whole: t.segment,
            idle: t.idle,
        };
        let slice = range.filter(|_| !partial);
        let gathered = read(&mut response, &limits, slice).await?;
        let bytes = gathered.bytes();
        match range {
            Some((offset, end)) if bytes as u64 != end - offset => {
                Err(FetchError::Range { offset, end })
            }
            _ => Ok(Body {
                chunks: gathered.finish(),
                bytes,
                content_type: content_type(&response),
            }),
        }
    }
}

/// Offset and length as first byte and one after the last; what cannot be a slice of a segment is refused.
fn checked((offset, length): (u64, u64)) -> Result<(u64, u64), FetchError> {
    let end = offset.saturating_add(length);
    match length {
        0 => Err(FetchError::Range { offset, end }),
        _ if end == u64::MAX || (SEGMENT_BYTES_MAX as u64) < length => Err(FetchError::TooLarge {
            bytes: length,
            bytes_max: SEGMENT_BYTES_MAX as u64,
        }),
        _ => Ok((offset, end)),
    }
}

/// Whether the answer is the whole thing that was asked for.
pub(super) fn whole_answer(response: &Response) -> Result<(), FetchError> {
    match response.status().as_u16() {
        200 | 203 => Ok(()),
        code => Err(FetchError::Status {
            code,
            retry_after: retry_after(response),
        }),
    }
}

/// Only the form in seconds: the other one is a date, and there is no clock here.
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

/// Whether a partial answer holds just the slice that was asked for: `bytes 0-99/1234`.
fn exactly(response: &Response, (offset, end): (u64, u64)) -> Result<(), FetchError> {
    response
        .headers()
        .get(CONTENT_RANGE)
        .and_then(|header| header.to_str().ok())
        .and_then(|header| header.trim().strip_prefix("bytes "))
        .and_then(|range| range.split_once('/'))
        .and_then(|(range, _)| range.split_once('-'))
        .filter(|(first, last)| {
            first.trim().parse() == Ok(offset) && last.trim().parse() == Ok(end - 1)
        })
        .map(|_| ())
        .ok_or(FetchError::Range { offset, end })
}

/// Whether media came as it is.
pub(super) fn plain(response: &Response) -> Result<(), FetchError> {
    let encoding = response.headers().get(CONTENT_ENCODING);
    unencoded(encoding.map_or("", |encoding| encoding.to_str().unwrap_or("?")))
}

/// Whether an encoding is none.
pub(super) fn unencoded(encoding: &str) -> Result<(), FetchError> {
    match encoding.trim() {
        "" | "identity" => Ok(()),
        other => Err(FetchError::Encoded {
            encoding: other.chars().take(HEADER_BYTES_MAX).collect(),
        }),
    }
}

/// The media type, lower-cased and without parameters, if it is of a sensible length.
pub(super) fn content_type(response: &Response) -> Option<String> {
    media_type(response.headers().get(CONTENT_TYPE)?.to_str().ok()?)
}

pub(super) fn media_type(header: &str) -> Option<String> {
    let media_type = header.split(';').next().unwrap_or_default().trim();
    (media_type.len() <= HEADER_BYTES_MAX && !media_type.is_empty())
        .then(|| media_type.to_ascii_lowercase())
}

/// The announced length of the body as it travels.
pub(super) fn announced(response: &Response) -> Option<u64> {
    let length = response.headers().get(CONTENT_LENGTH)?;
    length.to_str().ok()?.trim().parse().ok()
}

/// Reads a body to its end, or to the end of the slice.
async fn read(
    response: &mut Response,
    limits: &Limits,
    slice: Option<(u64, u64)>,
) -> Result<Gather, FetchError> {
    match tokio::time::timeout(limits.whole, read_on(response, limits, slice)).await {
        Ok(read) => read,
        Err(_) => Err(FetchError::Timeout {
            waiting_for: Wait::WholeBody,
            after: limits.whole,
        }),
    }
}

async fn read_on(
    response: &mut Response,
    limits: &Limits,
    slice: Option<(u64, u64)>,
) -> Result<Gather, FetchError> {
    let bytes_max = limits.bytes_max as u64;
    let too_large = |bytes| FetchError::TooLarge { bytes, bytes_max };
    let (start, end) = slice.unwrap_or((0, u64::MAX));
    match announced(response) {
        Some(bytes) if bytes_max < bytes && slice.is_none() => return Err(too_large(bytes)),
        _ => {}
    }
    let mut gather = Gather::default();
    let mut got = 0_u64;
    while let Some(mut chunk) = next(response, limits.idle, got).await? {
        let begins = got;
        got += chunk.len() as u64;
        if bytes_max < got {
            return Err(too_large(got));
        }
        chunk.truncate(end.saturating_sub(begins).min(chunk.len() as u64) as usize);
        let skipped = start.saturating_sub(begins).min(chunk.len() as u64) as usize;
        gather.push(chunk.split_off(skipped));
        if end <= got {
            break;
        }
    }
    Ok(gather)
}

/// The next bytes of a body that must keep coming, or its end.
pub(super) async fn next(
    response: &mut Response,
    idle: Duration,
    got: u64,
) -> Result<Option<Bytes>, FetchError> {
    match tokio::time::timeout(idle, response.chunk()).await {
        Ok(Ok(chunk)) => Ok(chunk),
        Ok(Err(error)) => Err(fault::of_body(&error, got, announced(response))),
        Err(_) => Err(FetchError::Timeout {
            waiting_for: Wait::MoreBytes,
            after: idle,
        }),
    }
}
