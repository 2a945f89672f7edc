//! What bytes are that should have been a transport stream, for a message that names the cause; never used to play them.

use std::fmt;

/// A guess from the first bytes.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum LooksLike {
    /// A web page: an error page of a front, mostly.
    Html,
    /// JSON: an answer of an API where media was due.
    Json,
    /// An HLS playlist.
    Playlist,
    /// Some other text.
    Text,
    /// Fragmented MP4.
    Mp4,
    /// Audio frames without a container, as HLS allows them.
    PackedAudio,
    /// Something compressed with gzip that nobody unpacked.
    Gzip,
    /// Nothing known.
    Junk,
}

impl LooksLike {
    /// Guesses from the first bytes of a body.
    pub fn guess(head: &[u8]) -> LooksLike {
        match head {
            [0x1f, 0x8b, ..] => return LooksLike::Gzip,
            [b'I', b'D', b'3', ..] | [0xff, 0xf0 | 0xf1 | 0xf8 | 0xf9, ..] => {
                return LooksLike::PackedAudio;
            }
            [_, _, _, _, kind @ ..] if is_mp4_box(kind) => return LooksLike::Mp4,
            _ => {}
        }
        let text = head
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(head)
            .trim_ascii_start();
        match text {
            [b'<', ..] => LooksLike::Html,
            [b'{' | b'[', ..] => LooksLike::Json,
            _ if text.starts_with(b"#EXTM3U") => LooksLike::Playlist,
            _ if is_text(text) => LooksLike::Text,
            _ => LooksLike::Junk,
        }
    }
}

impl fmt::Display for LooksLike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LooksLike::Html => "HTML",
            LooksLike::Json => "JSON",
            LooksLike::Playlist => "a playlist",
            LooksLike::Text => "text",
            LooksLike::Mp4 => "MP4",
            LooksLike::PackedAudio => "packed audio",
            LooksLike::Gzip => "gzip",
            LooksLike::Junk => "junk",
        })
    }
}

fn is_mp4_box(kind: &[u8]) -> bool {
    [b"ftyp", b"styp", b"moof", b"sidx", b"emsg"]
        .iter()
        .any(|name| kind.starts_with(*name))
}

fn is_text(head: &[u8]) -> bool {
    let printable = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0x80..);
    !head.is_empty() && head.iter().all(printable) && head.iter().any(u8::is_ascii_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_that_are_often_sent_instead_of_media_are_named() {
        let guess = |head: &[u8]| LooksLike::guess(head);
        assert_eq!(guess(b"\n<!doctype html><p>no"), LooksLike::Html);
        assert_eq!(guess(b"{\"error\":\"x\"}"), LooksLike::Json);
        assert_eq!(guess(b"\xef\xbb\xbf#EXTM3U\n"), LooksLike::Playlist);
        assert_eq!(guess(b"download not found"), LooksLike::Text);
        assert_eq!(guess(b"\0\0\0\x18stypmsdh"), LooksLike::Mp4);
        assert_eq!(guess(b"ID3\x04"), LooksLike::PackedAudio);
        assert_eq!(guess(b"\x1f\x8b\x08"), LooksLike::Gzip);
        assert_eq!(guess(b"\0\0\0\0\0\0\0\0"), LooksLike::Junk);
    }
}
