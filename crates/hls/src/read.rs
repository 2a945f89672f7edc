//! Reads playlists as they come from the field; never fails for what a player would forgive, and never panics.

mod media;
mod multivariant;
mod number;
mod sniff;
mod variables;

use std::sync::LazyLock;

use quick_m3u8::{
    HlsLine,
    config::ParsingOptions,
    custom_parsing::line,
    tag::{KnownTag, hls},
};
use url::Url;

use crate::{
    Looks, ReadError, Variables,
    media::Media,
    multivariant::Multivariant,
    tag::{self, Role},
};

/// An hour-long list of 2-s segments with long addresses is a third of this; more is not a playlist.
pub const PLAYLIST_BYTES_MAX: usize = 1 << 20;

/// Over two hours of 2-s segments; each entry costs memory of its own, whatever its text costs.
pub const ENTRIES_MAX: usize = 5_000;

/// Twice what proxies allow for an address; ad markers in hexadecimal fit too.
pub const LINE_BYTES_MAX: usize = 8 << 10;

/// Key systems in use can be counted on one hand; every segment is looked up among them.
pub const KEY_FORMATS_MAX: usize = 16;

/// A playlist of either kind (4.1).
#[derive(Clone, Debug, PartialEq)]
pub enum Playlist {
    /// A list of segments.
    Media(Media),
    /// A list of media playlists.
    Multivariant(Multivariant),
}

/// Where a playlist came from; `EXT-X-DEFINE` may ask for it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Source<'a> {
    /// After all redirects; for `QUERYPARAM`.
    pub url: Option<&'a Url>,
    /// Of the multivariant playlist that led here; for `IMPORT`.
    pub variables: Option<&'a Variables>,
}

/// Reads a playlist that refers to nothing outside itself, as nearly all do.
pub fn read(bytes: &[u8]) -> Result<Playlist, ReadError> {
    read_from(bytes, &Source::default())
}

/// Reads a playlist whose variables may come from its address or from its multivariant playlist.
pub fn read_from(bytes: &[u8], source: &Source<'_>) -> Result<Playlist, ReadError> {
    within(bytes.len())?;
    let text = sniff::text(bytes)?;
    let mut reader = Reader::new(*source);
    for (index, line) in text.lines().enumerate() {
        // Some encoders end lines with a carriage return alone.
        for part in line.split('\r') {
            reader.line(index + 1, part.trim())?;
        }
    }
    reader.finish(&text)
}

/// What quick-m3u8 takes apart: tags with attributes. Tags with one plain value are read here, since their
/// values are often a little wrong, and a tag that it rejects comes back without a reason to act on.
static PARSED: LazyLock<ParsingOptions> = LazyLock::new(|| {
    ParsingOptions::builder()
        .with_parsing_for_define()
        .with_parsing_for_key()
        .with_parsing_for_map()
        .with_parsing_for_media()
        .with_parsing_for_skip()
        .with_parsing_for_stream_inf()
        .build()
});

/// A tag line in the forms that its readers need.
struct TagLine<'a> {
    number: usize,
    name: &'a str,
    value: &'a str,
    /// Variables filled in, otherwise as it came.
    text: &'a str,
    /// See [`tidy`].
    tidy: &'a str,
    parsed: Option<hls::Tag<'a>>,
}

/// Feeds both drafts until the end, since the tag that decides may come late.
struct Reader<'a> {
    source: Source<'a>,
    variables: Variables,
    version: u64,
    independent_segments: bool,
    media: media::Draft,
    multivariant: multivariant::Draft,
    media_tag: Option<String>,
    multivariant_tag: Option<String>,
    bytes: usize,
}

impl<'a> Reader<'a> {
    fn new(source: Source<'a>) -> Self {
        Self {
            source,
            variables: Variables::new(),
            version: 1,
            independent_segments: false,
            media: media::Draft::default(),
            multivariant: multivariant::Draft::default(),
            media_tag: None,
            multivariant_tag: None,
            bytes: 0,
        }
    }

    fn line(&mut self, number: usize, line: &str) -> Result<(), ReadError> {
        if line.is_empty() {
            return Ok(());
        }
        let line = variables::fill_in(&self.variables, number, line)?;
        self.bytes += line.len();
        within(self.bytes)?;
        match tag::name(&line) {
            Some(name) => self.tag(number, name, &line)?,
            None if line.starts_with('#') => {}
            None if self.multivariant.uri(&line) => {}
            None => self.media.uri(number, &line)?,
        }
        if ENTRIES_MAX < self.media.entries().max(self.multivariant.entries()) {
            return Err(ReadError::TooManyEntries {
                entries_max: ENTRIES_MAX,
            });
        }
        Ok(())
    }

    fn tag(&mut self, number: usize, name: &str, text: &str) -> Result<(), ReadError> {
        let tidy = tidy(text);
        let parsed = parse(&tidy);
        let value = text.split_once(':').map_or("", |(_, value)| value.trim());
        let tag = TagLine {
            number,
            name,
            value,
            text,
            tidy: &tidy,
            parsed,
        };
        match tag::role(name) {
            Role::Either => self.either(&tag),
            Role::Media => {
                if media::decides(&tag) {
                    self.media_tag.get_or_insert_with(|| name.to_owned());
                }
                self.media.tag(&tag)?;
            }
            Role::Multivariant => {
                self.multivariant_tag.get_or_insert_with(|| name.to_owned());
                self.multivariant.tag(&tag);
            }
            Role::Unknown => self.media.carry(text),
            Role::Foreign => {}
        }
        Ok(())
    }

    fn either(&mut self, tag: &TagLine<'_>) {
        match (tag.name, &tag.parsed) {
            ("-X-VERSION", _) => self.version = number::whole(tag.value).unwrap_or(1),
            ("-X-INDEPENDENT-SEGMENTS", _) => self.independent_segments = true,
            (_, Some(hls::Tag::Define(define))) => {
                variables::define(&mut self.variables, define, &self.source);
            }
            _ => {}
        }
    }

    fn finish(self, text: &str) -> Result<Playlist, ReadError> {
        match (self.media_tag, self.multivariant_tag) {
            (Some(media), Some(multivariant)) => Err(ReadError::MixedKinds {
                media,
                multivariant,
            }),
            (Some(_), None) => {
                let media = self.media.finish(self.version, self.independent_segments)?;
                Ok(Playlist::Media(media))
            }
            (None, Some(_)) => Ok(Playlist::Multivariant(self.multivariant.finish(
                self.version,
                self.independent_segments,
                self.variables,
            ))),
            (None, None) if self.media.entries() == 0 => {
                Err(sniff::not_a_playlist(Looks::HeaderOnly, text))
            }
            (None, None) => Err(sniff::not_a_playlist(Looks::AddressList, text)),
        }
    }
}

fn within(bytes: usize) -> Result<(), ReadError> {
    if bytes <= PLAYLIST_BYTES_MAX {
        return Ok(());
    }
    Err(ReadError::TooLarge {
        bytes,
        bytes_max: PLAYLIST_BYTES_MAX,
    })
}

/// What quick-m3u8 makes of a tag line; `None` for tags that are read here, and for broken ones.
fn parse(tidy: &str) -> Option<hls::Tag<'_>> {
    match line::parse(tidy, &PARSED).ok()?.parsed {
        HlsLine::KnownTag(KnownTag::Hls(parsed)) => Some(parsed),
        _ => None,
    }
}

/// An attribute list without blanks and stray commas outside quotes: players forgive them, the parser does not.
fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut quoted = false;
    for c in text.chars() {
        if c == '"' {
            quoted = !quoted;
        }
        let stray = c.is_whitespace() || (c == ',' && tidy.ends_with([',', ':']));
        if quoted || !stray {
            tidy.push(c);
        }
    }
    if !quoted && tidy.ends_with(',') {
        tidy.pop();
    }
    tidy
}
