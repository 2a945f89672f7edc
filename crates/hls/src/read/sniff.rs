//! Tells playlists from what is sent in their place, and bytes from text; never trusts a content type.

use std::borrow::Cow;

use crate::{Looks, ReadError};

const HEADER: &[u8] = b"#EXTM3U";
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Enough to recognise a page by, in a log line that can still be read.
const BEGINNING_CHARS_MAX: usize = 80;

/// How far to look for bytes that no text has.
const LOOK_BYTES_MAX: usize = 512;

/// MPEG-TS repeats its sync byte at this distance.
const TS_PACKET_BYTES: usize = 188;

/// The playlist's text from its header on. Byte order marks and blanks before the header are stripped,
/// though none may be there (4.1); lines that are not UTF-8 are taken as Latin-1, as old encoders write titles.
pub(super) fn text(bytes: &[u8]) -> Result<Cow<'_, str>, ReadError> {
    let bytes = bare(bytes);
    let is_header = bytes.strip_prefix(HEADER).is_some_and(|rest| {
        rest.first()
            .is_none_or(|next| !next.is_ascii_alphanumeric())
    });
    if !is_header {
        return Err(not_a_playlist(
            looks(bytes),
            &String::from_utf8_lossy(beginning(bytes)),
        ));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(_) => Ok(Cow::Owned(
            bytes
                .split_inclusive(|byte| *byte == b'\n')
                .map(latin)
                .collect(),
        )),
    }
}

/// The error for a body that is something else.
pub(super) fn not_a_playlist(looks: Looks, text: &str) -> ReadError {
    ReadError::NotAPlaylist {
        looks,
        beginning: text.chars().take(BEGINNING_CHARS_MAX).collect(),
    }
}

fn bare(mut bytes: &[u8]) -> &[u8] {
    loop {
        let trimmed = bytes.trim_ascii_start();
        match trimmed.strip_prefix(BOM) {
            Some(rest) => bytes = rest,
            None => return trimmed,
        }
    }
}

fn beginning(bytes: &[u8]) -> &[u8] {
    bytes.get(..LOOK_BYTES_MAX).unwrap_or(bytes)
}

fn latin(line: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(line) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => line.iter().map(|byte| char::from(*byte)).collect(),
    }
}

fn looks(bytes: &[u8]) -> Looks {
    let start = beginning(bytes);
    let is_markup = |name: &[u8]| {
        start
            .get(..name.len())
            .is_some_and(|opening| opening.eq_ignore_ascii_case(name))
    };
    match start.first() {
        None => Looks::Empty,
        Some(0x47) if bytes.get(TS_PACKET_BYTES) == Some(&0x47) => Looks::MpegTs,
        _ if start
            .iter()
            .any(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace()) =>
        {
            Looks::Binary
        }
        Some(b'<') if is_markup(b"<?xml") || is_markup(b"<mpd") => Looks::Xml,
        Some(b'<') => Looks::Html,
        Some(b'{' | b'[') => Looks::Json,
        Some(_) => Looks::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_playlist_is_called_by_its_name() {
        let mut ts = vec![0x47; 400];
        ts[1] = 0;
        let cases: [(&[u8], Looks); 9] = [
            (b"", Looks::Empty),
            (b" \r\n \n", Looks::Empty),
            (b"\n<!DOCTYPE html><html>", Looks::Html),
            (b"<?xml version=\"1.0\"?><MPD/>", Looks::Xml),
            (b"{\"detail\": \"no\"}", Looks::Json),
            (b"Gone", Looks::Text),
            (b"#EXTM3U8", Looks::Text),
            (b"\x1f\x8b\x08\x00", Looks::Binary),
            (&ts, Looks::MpegTs),
        ];
        for (bytes, expected) in cases {
            match text(bytes) {
                Err(ReadError::NotAPlaylist { looks, .. }) => assert_eq!(looks, expected),
                other => panic!("{other:?} for {expected}"),
            }
        }
    }

    #[test]
    fn an_error_shows_how_the_body_begins_and_no_more() {
        let page = format!("<html>{}", "x".repeat(10_000));
        let error = text(page.as_bytes()).unwrap_err().to_string();
        assert!(
            error.starts_with("not a playlist but a web page, beginning \"<html>x"),
            "{error}"
        );
        assert!(error.len() < 200, "{error}");
    }

    #[test]
    fn marks_and_blanks_before_the_header_do_not_hide_it() {
        for before in [&b"\xEF\xBB\xBF"[..], b"\r\n\n", b" \xEF\xBB\xBF\n\t", b""] {
            let bytes = [before, b"#EXTM3U url-tvg=x\n"].concat();
            assert_eq!(text(&bytes).as_deref(), Ok("#EXTM3U url-tvg=x\n"));
        }
    }

    #[test]
    fn a_latin_title_does_not_spoil_the_lines_around_it() {
        let bytes = b"#EXTM3U\n#EXTINF:4,Espa\xf1a\nse\xc3\xb1al.ts\n";
        assert_eq!(
            text(bytes).as_deref(),
            Ok("#EXTM3U\n#EXTINF:4,Espa\u{f1}a\nse\u{f1}al.ts\n")
        );
    }
}
