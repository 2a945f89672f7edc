//! A configured source that may be a playlist or a continuous MPEG-TS: asked once, and told apart by what comes,
//! never by what it calls itself. It looks at the first bytes and loses none.

use super::Http;
use super::fetch::{Fetched, PLAYLIST_BYTES_MAX};
use super::live::Live;
use crate::error::{FetchError, Instead, Wait};
use crate::place::Place;
use crate::timeouts::Timeouts;

/// What a playlist begins with, behind a byte order mark and blanks.
const TAG: &[u8] = b"#EXTM3U";

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The first byte of every packet.
const SYNC_BYTE: u8 = 0x47;

/// Packets plain, behind a timestamp as recorders write them, before parity as modems do.
const STRIDES: [usize; 3] = [188, 192, 204];

/// Packets in a row that make a stream; in other bytes that is seen once in a million million.
const SYNCS: usize = 5;

/// Here a stream that began inside a packet would have shown its packets: text is then text.
const TEXT_BYTES: usize = 1 << 10;

/// As much junk as a stream may have in front of its packets. Less than a chunk, so that all of it is at hand.
const LOOKED_AT_BYTES_MAX: usize = 16 << 10;

/// What a configured address turned out to be.
#[derive(Debug)]
pub enum Source {
    /// A playlist, whole, as [`Http::playlist`] gives it.
    Playlist(Fetched),
    /// A body that may never end, from its first byte.
    Continuous(Live),
}

/// What the first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Looks {
    Playlist,
    Continuous,
    Neither(Instead),
    /// Too little to say.
    Unclear,
}

impl Http {
    /// What is at a configured address, by one request. A playlist is read to its end within the bounds of
    /// [`Http::playlist`]; of anything else its first bytes must come within `first_byte`.
    pub async fn open_source(&self, from: &Place, t: &Timeouts) -> Result<Source, FetchError> {
        let mut live = self.open(from, t).await?;
        let looked = tokio::time::timeout(t.first_byte, look(&mut live)).await;
        let looked = looked.map_err(|_| FetchError::Timeout {
            waiting_for: Wait::FirstByte,
            after: t.first_byte,
        })?;
        if looked? == Looks::Continuous {
            return Ok(Source::Continuous(live));
        }
        let read = tokio::time::timeout(t.playlist, live.whole(PLAYLIST_BYTES_MAX)).await;
        let bytes = read.map_err(|_| FetchError::Timeout {
            waiting_for: Wait::WholeBody,
            after: t.playlist,
        })??;
        Ok(Source::Playlist(Fetched {
            bytes,
            url: live.url().clone(),
            content_type: live.content_type(),
        }))
    }
}

/// Reads until the first bytes say what they are. More is read than is looked at only when it came at once.
async fn look(live: &mut Live) -> Result<Looks, FetchError> {
    loop {
        let (head, more) = live.head();
        match looks(head, more) {
            Looks::Unclear => live.read().await,
            Looks::Neither(instead) => {
                let (got, announced) = (0, None);
                return Err(match live.failed() {
                    Some(error) => error,
                    None if head.is_empty() => FetchError::Truncated { got, announced },
                    None => FetchError::NotMedia { instead },
                });
            }
            found => return Ok(found),
        }
    }
}

fn looks(head: &[u8], more: bool) -> Looks {
    let text = head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head);
    let is_text = is_text(text);
    if text.trim_ascii_start().starts_with(TAG) {
        return Looks::Playlist;
    }
    if has_packets(head, more) && !is_text {
        return Looks::Continuous;
    }
    let enough = if is_text {
        TEXT_BYTES
    } else {
        LOOKED_AT_BYTES_MAX
    };
    if more && head.len() < enough {
        return Looks::Unclear;
    }
    Looks::Neither(match text.trim_ascii_start() {
        _ if !is_text => Instead::Binary,
        [b'<', ..] => Instead::Html,
        [b'{' | b'[', ..] => Instead::Json,
        _ => Instead::Text,
    })
}

/// Whether packets follow one another somewhere; in a body that has ended, those at its begin may be few.
fn has_packets(head: &[u8], more: bool) -> bool {
    let run = |from: usize, stride: usize| {
        let mut places = head[from..].iter().step_by(stride).take(SYNCS);
        (SYNCS <= places.len() || !more && from == 0) && places.all(|byte| *byte == SYNC_BYTE)
    };
    (0..head.len())
        .filter(|from| head[*from] == SYNC_BYTE)
        .any(|from| STRIDES.into_iter().any(|stride| run(from, stride)))
}

/// Whether there is nothing but text: no packet is without a byte that is none.
fn is_text(bytes: &[u8]) -> bool {
    let printable = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0x80..);
    bytes.iter().all(printable)
}
