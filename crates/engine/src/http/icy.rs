//! Answers of radio servers and the relays that are made like them: HTTP but for the first word, `ICY 200 OK`,
//! and sometimes with titles between the media, which are taken out. Titles are never asked for.

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use reqwest::{Response, Version};

use super::fetch;
use crate::error::{FetchError, Wait};

/// The head of such an answer is a dozen lines.
const HEAD_BYTES_MAX: usize = 16 << 10;

/// What such an answer begins with, where HTTP has its version.
const GREETING: &[u8] = b"ICY ";

/// The header that says after how many bytes of media there is a title.
const INTERVAL: &str = "icy-metaint";

/// The unit in which a title's one byte of length counts; so none is longer than 255 of them.
const TITLE_UNIT_BYTES: usize = 16;

/// A live body whose head was read and found good.
pub(super) struct Opening {
    pub(super) content_type: Option<String>,
    pub(super) metadata: Option<Metadata>,
    /// What came of the body with the head.
    pub(super) media: Bytes,
}

/// Titles between the media, each behind so many bytes of it.
pub(super) struct Metadata {
    interval: usize,
    next: Next,
}

#[derive(Clone, Copy)]
enum Next {
    /// So many bytes of media.
    Media(usize),
    /// The byte that says how long a title is.
    Length,
    /// So many bytes of a title.
    Title(usize),
}

/// Judges the head of an answer of either kind; that of a radio server must come within `patience`.
pub(super) async fn opening(
    response: &mut Response,
    patience: Duration,
) -> Result<Opening, FetchError> {
    if response.version() != Version::HTTP_09 {
        fetch::whole_answer(response)?;
        fetch::plain(response)?;
        let interval = response.headers().get(INTERVAL);
        return Ok(Opening {
            content_type: fetch::content_type(response),
            metadata: interval.and_then(|interval| Metadata::every(interval.to_str().ok()?)),
            media: Bytes::new(),
        });
    }
    // Radio servers speak no TLS; behind a front that does, they are made to speak HTTP.
    if response.url().scheme() != "http" {
        return Err(no_http());
    }
    let read = tokio::time::timeout(patience, read_head(response)).await;
    let (head, media) = read.map_err(|_| FetchError::Timeout {
        waiting_for: Wait::FirstByte,
        after: patience,
    })??;
    judge(&head, media)
}

/// The head's text, and what came behind it.
async fn read_head(response: &mut Response) -> Result<(String, Bytes), FetchError> {
    let mut head = BytesMut::new();
    loop {
        let begun = head.len().min(GREETING.len());
        if head[..begun] != GREETING[..begun] {
            return Err(no_http());
        }
        if let Some(end) = end_of(&head) {
            let text = head.split_to(end);
            return Ok((String::from_utf8_lossy(&text).into_owned(), head.freeze()));
        }
        if HEAD_BYTES_MAX < head.len() {
            return Err(FetchError::Broken {
                why: format!("a head of more than {HEAD_BYTES_MAX} bytes"),
            });
        }
        // The wait has a limit already, that of the whole head.
        match fetch::next(response, Duration::MAX, head.len() as u64).await? {
            Some(read) => head.extend_from_slice(&read),
            None => return Err(no_http()),
        }
    }
}

/// Where a head ends: behind its first blank line.
fn end_of(head: &[u8]) -> Option<usize> {
    let mut ends = head.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    ends.find_map(|(at, _)| match &head[at + 1..] {
        [b'\n', ..] => Some(at + 2),
        [b'\r', b'\n', ..] => Some(at + 3),
        _ => None,
    })
}

fn judge(head: &str, media: Bytes) -> Result<Opening, FetchError> {
    let mut words = head.split_ascii_whitespace().skip(1);
    let code: u16 = words
        .next()
        .and_then(|code| code.parse().ok())
        .ok_or_else(no_http)?;
    if code != 200 {
        let retry_after = None;
        return Err(FetchError::Status { code, retry_after });
    }
    let header = |wanted: &str| {
        let mut headers = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        let found = headers.find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.trim())
    };
    fetch::unencoded(header("content-encoding").unwrap_or_default())?;
    // Chunks are of a later HTTP than this; none was seen, and their lengths would go for media.
    fetch::unencoded(header("transfer-encoding").unwrap_or_default())?;
    Ok(Opening {
        content_type: header("content-type").and_then(fetch::media_type),
        metadata: header(INTERVAL).and_then(Metadata::every),
        media,
    })
}

fn no_http() -> FetchError {
    FetchError::Broken {
        why: "the answer is not HTTP".to_owned(),
    }
}

impl Metadata {
    /// Titles as a header announces them; with an interval of zero there are none.
    fn every(interval: &str) -> Option<Metadata> {
        let interval = interval.trim().parse().ok().filter(|bytes| 0 < *bytes)?;
        let next = Next::Media(interval);
        Some(Metadata { interval, next })
    }

    /// Hands on the media in what was read, however it was cut.
    pub(super) fn remove(&mut self, mut read: Bytes, mut media: impl FnMut(Bytes)) {
        while !read.is_empty() {
            self.next = match self.next {
                Next::Media(left) => {
                    let part = read.split_to(left.min(read.len()));
                    let left = left - part.len();
                    media(part);
                    if left == 0 {
                        Next::Length
                    } else {
                        Next::Media(left)
                    }
                }
                Next::Length => self.after_title(usize::from(read.get_u8()) * TITLE_UNIT_BYTES),
                Next::Title(left) => {
                    let part = left.min(read.len());
                    read.advance(part);
                    self.after_title(left - part)
                }
            };
        }
    }

    fn after_title(&self, left: usize) -> Next {
        match left {
            0 => Next::Media(self.interval),
            left => Next::Title(left),
        }
    }
}
