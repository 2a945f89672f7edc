//! Playlists of channels for players: writes them, and turns users' own into ones that lead to Weir; it fetches nothing.

mod entry;

use std::fmt::Write;

use url::form_urlencoded;

use crate::selector::{Known, Selector};
use crate::settings::StreamMode;
use entry::Entry;

/// What some editors put before the first line.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Where rewritten entries lead, and what they may name.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Where viewers find Weir: `http://host:port` and perhaps a path, without a slash at its end.
    pub base: &'a str,
    /// How entries are to be played; each as it says itself, where nothing is given.
    pub mode: Option<StreamMode>,
    /// What viewers may ask for.
    pub known: &'a Known<'a>,
}

/// A playlist whose entries lead to Weir.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewritten {
    /// The playlist.
    pub text: Vec<u8>,
    /// Entries that lead to Weir now.
    pub rewritten: usize,
    /// Entries that Weir cannot play, and that are as they were.
    pub kept: usize,
    /// Entries that Weir could play if viewers might name transport files; they are as they were.
    pub not_allowed: usize,
}

/// Turns each entry that Weir can play into an address of Weir's. Tags, comments, blank lines, the ends of
/// lines and all other entries stay as they are, byte for byte; so does all of what was rewritten before.
pub fn rewrite(text: &[u8], target: &Target<'_>) -> Rewritten {
    let mut done = Rewritten::default();
    let body = match text.strip_prefix(BYTE_ORDER_MARK) {
        Some(body) => {
            done.text.extend_from_slice(BYTE_ORDER_MARK);
            body
        }
        None => text,
    };
    for line in body.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
        let end = line.len() - usize::from(line.ends_with(b"\n") || line.ends_with(b"\r"));
        let (line, ending) = line.split_at(end);
        done.line(line, target);
        done.text.extend_from_slice(ending);
    }
    done
}

impl Rewritten {
    fn line(&mut self, line: &[u8], target: &Target<'_>) {
        let trimmed = line.trim_ascii();
        if trimmed.is_empty() || trimmed.starts_with(b"#") {
            self.text.extend_from_slice(line);
            return;
        }
        let text = std::str::from_utf8(trimmed).unwrap_or_default();
        // Kodi takes what is behind a bar for headers of its own.
        let (bare, rest) = match text.find('|').filter(|_| !text.starts_with("magnet:")) {
            Some(bar) => text.split_at(bar),
            None => (text, ""),
        };
        match entry::read(bare.trim(), target.known) {
            Some(Entry::Play { selector, mode }) => {
                self.rewritten += 1;
                let address = address(target.base, &selector, target.mode.or(mode));
                self.text.extend_from_slice(address.as_bytes());
                self.text.extend_from_slice(rest.as_bytes());
                return;
            }
            Some(Entry::NotAllowed) => self.not_allowed += 1,
            None => self.kept += 1,
        }
        self.text.extend_from_slice(line);
    }
}

/// A playlist of what the operator has named, each with the title that players show.
pub fn listing(entries: &[(Selector, String)], base: &str, mode: Option<StreamMode>) -> String {
    let mut text = String::from("#EXTM3U\n");
    for (selector, title) in entries {
        let title = title.replace(char::is_control, " ");
        let quoted = title.replace('"', "'");
        let id = selector.key();
        let address = address(base, selector, mode);
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "#EXTINF:-1 tvg-id=\"{id}\" tvg-name=\"{quoted}\",{title}\n{address}\n"
        );
    }
    text
}

/// The address under which Weir plays something. Names and ids that are played as a continuous stream get one
/// that ends in `.ts`: some players go by that.
pub fn address(base: &str, selector: &Selector, mode: Option<StreamMode>) -> String {
    let path = match (mode, selector) {
        (Some(StreamMode::Ts), Selector::ContentId(id) | Selector::Source(id)) => {
            return format!("{base}/ace/stream/{id}.ts");
        }
        (Some(StreamMode::Hls), _) => "manifest.m3u8",
        (Some(StreamMode::Ts) | None, _) => "getstream",
    };
    let (name, value) = match selector {
        Selector::ContentId(id) | Selector::Source(id) => ("id", id.clone()),
        Selector::Infohash(hash) => ("infohash", hash.clone()),
        Selector::Magnet(hash) => ("magnet", format!("magnet:?xt=urn:btih:{hash}")),
        Selector::Url(url) => ("url", url.clone()),
    };
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair(name, &value);
    if mode == Some(StreamMode::Ts) {
        query.append_pair("mode", "ts");
    }
    format!("{base}/ace/{path}?{}", query.finish())
}

#[cfg(test)]
mod tests;
