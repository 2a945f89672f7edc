//! Writes our own playlists; never what a player may refuse, and never a list that needs an earlier one.

mod text;

use std::{borrow::Cow, time::Duration};

use jiff::Timestamp;

use text::Text;

/// A media playlist to publish. That its numbers never go back is the caller's part.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Media<'a> {
    /// In seconds, constant for the life of the list and no less than any rounded segment (4.3.3.1).
    pub target_duration: u64,
    /// Number of the first segment; always written (6.2.2).
    pub media_sequence: u64,
    /// Discontinuities that have left the list; always written, since players compare it (4.3.3.3).
    pub discontinuity_sequence: u64,
    /// True only if it is of all segments (4.3.5.1).
    pub independent_segments: bool,
    /// Cannot be taken back: players stop asking (4.3.3.4).
    pub ended: bool,
    /// In order, without holes.
    pub segments: &'a [Segment<'a>],
}

/// A segment with all that applies to it; the writer says it once and says it again at the head of each list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Segment<'a> {
    /// Its path must stay the same as long as it is listed: players take another one for another segment.
    pub uri: Cow<'a, str>,
    /// Measured rather than promised; written to the microsecond.
    pub duration: Duration,
    /// Whether encoding, tracks or timestamps change before it (4.3.2.3).
    pub discontinuity: bool,
    /// Written as UTC with milliseconds (4.3.2.6).
    pub program_date_time: Option<Timestamp>,
    /// What it is encrypted with; `None` is clear (4.3.2.4).
    pub key: Option<Key<'a>>,
    /// URI of its initialization section. HLS has no way to end one: after some, `None` says nothing (4.3.2.5).
    pub map: Option<Cow<'a, str>>,
    /// Lines to pass on word for word. One that is not an unknown `EXT-X-` tag or `EXT-X-DATERANGE` is left out.
    pub tags: &'a [String],
}

/// How a segment is encrypted. With our own numbering, AES-128 needs its IV stated (5.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key<'a> {
    /// Such as `AES-128`; never `NONE`, which is the absence of a key.
    pub method: Cow<'a, str>,
    /// Where the player gets it.
    pub uri: Option<Cow<'a, str>>,
    /// Written as 32 hexadecimal digits.
    pub iv: Option<u128>,
    /// `None` is `identity`.
    pub key_format: Option<Cow<'a, str>>,
    /// Such as `1/2/5`.
    pub key_format_versions: Option<Cow<'a, str>>,
}

impl<'a> From<&'a crate::Key> for Key<'a> {
    fn from(key: &'a crate::Key) -> Self {
        Self {
            method: Cow::from(&key.method),
            uri: key.uri.as_ref().map(Cow::from),
            iv: key.iv,
            key_format: key.key_format.as_ref().map(Cow::from),
            key_format_versions: key.key_format_versions.as_ref().map(Cow::from),
        }
    }
}

/// A quality to offer (4.3.4.2).
#[derive(Clone, Debug, PartialEq)]
pub struct Variant<'a> {
    /// Of its media playlist.
    pub uri: Cow<'a, str>,
    /// Peak, in bits per second.
    pub bandwidth: u64,
    /// In bits per second.
    pub average_bandwidth: Option<u64>,
    /// Left out rather than guessed: players refuse what does not match.
    pub codecs: Option<&'a str>,
    /// Width and height, in pixels.
    pub resolution: Option<(u64, u64)>,
    /// In frames per second; written with three decimals, left out unless it is finite and above 0.
    pub frame_rate: Option<f64>,
}

/// A media playlist as text: LF, UTF-8, and complete for a player that joins with it.
pub fn media(list: &Media<'_>) -> String {
    let mut text = Text::new();
    text.line(format_args!("#EXT-X-VERSION:{}", version(list)));
    if list.independent_segments {
        text.line("#EXT-X-INDEPENDENT-SEGMENTS");
    }
    text.line(format_args!(
        "#EXT-X-TARGETDURATION:{}",
        list.target_duration
    ));
    text.line(format_args!(
        "#EXT-X-MEDIA-SEQUENCE:{}",
        list.media_sequence
    ));
    text.line(format_args!(
        "#EXT-X-DISCONTINUITY-SEQUENCE:{}",
        list.discontinuity_sequence
    ));
    let mut before: Option<&Segment<'_>> = None;
    let mut map_before: Option<&str> = None;
    for segment in list.segments {
        if segment.discontinuity {
            text.line("#EXT-X-DISCONTINUITY");
        }
        key_change(
            &mut text,
            before.and_then(|before| before.key.as_ref()),
            segment.key.as_ref(),
        );
        if let Some(map) = segment.map.as_deref().filter(|map| map_before != Some(map)) {
            text.line(format_args!("#EXT-X-MAP:URI=\"{}\"", text::quoted_uri(map)));
            map_before = Some(map);
        }
        entry(&mut text, segment);
        before = Some(segment);
    }
    if list.ended {
        text.line("#EXT-X-ENDLIST");
    }
    text.into_string()
}

/// A multivariant playlist as text. It states no version, since nothing in it needs one (7).
pub fn multivariant(variants: &[Variant<'_>], independent_segments: bool) -> String {
    let mut text = Text::new();
    if independent_segments {
        text.line("#EXT-X-INDEPENDENT-SEGMENTS");
    }
    for variant in variants {
        let mut attributes = vec![format!("BANDWIDTH={}", variant.bandwidth)];
        let rate = variant
            .frame_rate
            .filter(|rate| rate.is_finite() && 0.0 < *rate);
        attributes.extend(
            variant
                .average_bandwidth
                .map(|bits| format!("AVERAGE-BANDWIDTH={bits}")),
        );
        attributes.extend(
            variant
                .codecs
                .map(|codecs| format!("CODECS=\"{}\"", text::quoted(codecs))),
        );
        attributes.extend(
            variant
                .resolution
                .map(|(width, height)| format!("RESOLUTION={width}x{height}")),
        );
        attributes.extend(rate.map(|rate| format!("FRAME-RATE={rate:.3}")));
        text.line(format_args!("#EXT-X-STREAM-INF:{}", attributes.join(",")));
        text.line(text::uri_line(&variant.uri));
    }
    text.into_string()
}

/// The lowest version with all that the list uses (7), since players refuse versions they do not know.
fn version(list: &Media<'_>) -> u64 {
    list.segments.iter().map(version_needed).max().unwrap_or(1)
}

fn version_needed(segment: &Segment<'_>) -> u64 {
    const MAP_OUTSIDE_I_FRAME_LISTS: u64 = 6;
    const KEY_FORMAT_OR_SAMPLE_AES: u64 = 5;
    const DECIMAL_DURATION: u64 = 3;
    let is_newer_key = |key: &Key<'_>| {
        key.key_format.is_some() || key.key_format_versions.is_some() || key.method != "AES-128"
    };
    if segment.map.is_some() {
        MAP_OUTSIDE_I_FRAME_LISTS
    } else if segment.key.as_ref().is_some_and(is_newer_key) {
        KEY_FORMAT_OR_SAMPLE_AES
    } else {
        DECIMAL_DURATION
    }
}

/// The key stands before the map, as packagers write it, and so applies to it (4.3.2.5).
fn key_change(text: &mut Text, before: Option<&Key<'_>>, now: Option<&Key<'_>>) {
    match (before, now) {
        (None, None) => {}
        (Some(before), Some(now)) if before == now => {}
        (Some(_), None) => text.line("#EXT-X-KEY:METHOD=NONE"),
        (Some(before), Some(now)) if before.key_format != now.key_format => {
            // A key ends only the one of its own format; without this both would apply.
            text.line("#EXT-X-KEY:METHOD=NONE");
            key(text, now);
        }
        (_, Some(now)) => key(text, now),
    }
}

fn key(text: &mut Text, key: &Key<'_>) {
    let mut attributes = vec![format!("METHOD={}", text::token(&key.method))];
    let uri = key.uri.as_deref().map(text::quoted_uri);
    let format = key.key_format.as_deref().map(text::quoted);
    let versions = key.key_format_versions.as_deref().map(text::quoted);
    attributes.extend(uri.map(|uri| format!("URI=\"{uri}\"")));
    attributes.extend(key.iv.map(|iv| format!("IV=0x{iv:032X}")));
    attributes.extend(format.map(|format| format!("KEYFORMAT=\"{format}\"")));
    attributes.extend(versions.map(|versions| format!("KEYFORMATVERSIONS=\"{versions}\"")));
    text.line(format_args!("#EXT-X-KEY:{}", attributes.join(",")));
}

fn entry(text: &mut Text, segment: &Segment<'_>) {
    if let Some(date) = segment.program_date_time {
        text.line(format_args!("#EXT-X-PROGRAM-DATE-TIME:{date:.3}"));
    }
    for tag in segment.tags.iter().filter(|tag| text::is_carried(tag)) {
        text.line(tag);
    }
    let (seconds, micros) = (segment.duration.as_secs(), segment.duration.subsec_micros());
    text.line(format_args!("#EXTINF:{seconds}.{micros:06},"));
    text.line(text::uri_line(&segment.uri));
}
