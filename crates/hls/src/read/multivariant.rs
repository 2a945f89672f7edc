//! Puts a multivariant playlist together from its lines; never keeps a variant without an address.

use quick_m3u8::tag::hls::{self, EnumeratedString, MediaType, StreamInf};

use super::{TagLine, parse, tidy};
use crate::multivariant::{Multivariant, Rendition, RenditionKind, Variables, Variant};

/// What has been read so far.
#[derive(Default)]
pub(super) struct Draft {
    variants: Vec<Variant>,
    renditions: Vec<Rendition>,
    /// A variant whose URI comes on the next line (4.3.4.2).
    next: Option<Variant>,
}

impl Draft {
    pub(super) fn entries(&self) -> usize {
        self.variants.len() + self.renditions.len()
    }

    pub(super) fn tag(&mut self, tag: &TagLine<'_>) {
        match (tag.name, &tag.parsed) {
            (_, Some(hls::Tag::StreamInf(stream))) => self.next = Some(variant(stream)),
            ("-X-STREAM-INF", _) => self.next = without_bandwidth(tag.text),
            (_, Some(hls::Tag::Media(media))) => self.renditions.push(rendition(media)),
            _ => {}
        }
    }

    /// Takes the URI line if it belongs to a variant.
    pub(super) fn uri(&mut self, uri: &str) -> bool {
        let Some(variant) = self.next.take() else {
            return false;
        };
        self.variants.push(Variant {
            uri: uri.to_owned(),
            ..variant
        });
        true
    }

    pub(super) fn finish(
        self,
        version: u64,
        independent_segments: bool,
        variables: Variables,
    ) -> Multivariant {
        Multivariant {
            version,
            independent_segments,
            variants: self.variants,
            renditions: self.renditions,
            variables,
        }
    }
}

/// `BANDWIDTH` must be there, and players do without it: it only orders the variants.
fn without_bandwidth(text: &str) -> Option<Variant> {
    let attributes = text
        .split_once(':')
        .map_or("", |(_, attributes)| attributes);
    match parse(&tidy(&format!(
        "#EXT-X-STREAM-INF:{attributes},BANDWIDTH=0"
    )))? {
        hls::Tag::StreamInf(stream) => Some(variant(&stream)),
        _ => None,
    }
}

fn variant(stream: &StreamInf<'_>) -> Variant {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Variant {
        uri: String::new(),
        bandwidth: stream.bandwidth(),
        average_bandwidth: stream.average_bandwidth(),
        codecs: owned(stream.codecs()),
        resolution: stream
            .resolution()
            .map(|resolution| (resolution.width, resolution.height)),
        frame_rate: stream
            .frame_rate()
            .filter(|rate| rate.is_finite() && 0.0 < *rate),
        audio: owned(stream.audio()),
        video: owned(stream.video()),
        subtitles: owned(stream.subtitles()),
        closed_captions: owned(stream.closed_captions()),
    }
}

fn rendition(media: &hls::Media<'_>) -> Rendition {
    let kind = match media.media_type() {
        EnumeratedString::Known(MediaType::Audio) => RenditionKind::Audio,
        EnumeratedString::Known(MediaType::Video) => RenditionKind::Video,
        EnumeratedString::Known(MediaType::Subtitles) => RenditionKind::Subtitles,
        EnumeratedString::Known(MediaType::ClosedCaptions) => RenditionKind::ClosedCaptions,
        EnumeratedString::Unknown(_) => RenditionKind::Other,
    };
    Rendition {
        kind,
        group_id: media.group_id().to_owned(),
        name: media.name().to_owned(),
        uri: media.uri().map(str::to_owned),
        language: media.language().map(str::to_owned),
        default: media.default(),
        autoselect: media.autoselect(),
    }
}
