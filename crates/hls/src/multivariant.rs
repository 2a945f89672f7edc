//! A multivariant playlist as a value: the qualities of one programme, and which to take; never their media.

use std::collections::BTreeMap;

/// Variables by name; a media playlist may import those of its multivariant playlist.
pub type Variables = BTreeMap<String, String>;

/// A multivariant playlist. I-frame lists, session data and steering are left out: Weir pulls one variant.
#[derive(Clone, Debug, PartialEq)]
pub struct Multivariant {
    /// Version as stated, 1 when it is not (4.3.1.2).
    pub version: u64,
    /// Whether every segment of every variant can be decoded alone (4.3.5.1).
    pub independent_segments: bool,
    /// In the order of the list; never an I-frame variant.
    pub variants: Vec<Variant>,
    /// Audio, subtitles and angles that variants refer to by group.
    pub renditions: Vec<Rendition>,
    /// What `EXT-X-DEFINE` defined, for media playlists that import it.
    pub variables: Variables,
}

/// One quality of the programme (4.3.4.2).
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// Of its media playlist, as written, variables filled in.
    pub uri: String,
    /// Peak, in bits per second; 0 when it is not stated although it must be.
    pub bandwidth: u64,
    /// In bits per second.
    pub average_bandwidth: Option<u64>,
    /// As written, such as `avc1.4d401f,mp4a.40.2`.
    pub codecs: Option<String>,
    /// Width and height, in pixels.
    pub resolution: Option<(u64, u64)>,
    /// Highest, in frames per second; finite and above 0.
    pub frame_rate: Option<f64>,
    /// Group of [`RenditionKind::Audio`].
    pub audio: Option<String>,
    /// Group of [`RenditionKind::Video`].
    pub video: Option<String>,
    /// Group of [`RenditionKind::Subtitles`].
    pub subtitles: Option<String>,
    /// Group of [`RenditionKind::ClosedCaptions`], or `NONE`.
    pub closed_captions: Option<String>,
}

/// An alternative that variants share (4.3.4.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rendition {
    /// Which of a variant's groups it can be in.
    pub kind: RenditionKind,
    /// The name by which variants refer to it.
    pub group_id: String,
    /// For the viewer's eye.
    pub name: String,
    /// Of its own media playlist; `None` means that the variants carry it themselves.
    pub uri: Option<String>,
    /// As in BCP 47.
    pub language: Option<String>,
    /// Whether it plays when the viewer has not chosen.
    pub default: bool,
    /// Whether a player may choose it by the viewer's language.
    pub autoselect: bool,
}

/// What a rendition is an alternative of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RenditionKind {
    /// A language or a mix.
    Audio,
    /// An angle.
    Video,
    /// Text beside the picture.
    Subtitles,
    /// Text inside the video stream.
    ClosedCaptions,
    /// A kind that is not known yet.
    Other,
}

impl Multivariant {
    /// The variant to pull when only one is: the most bandwidth among those that have sound in themselves, and
    /// the most of all when none has. The first of equals.
    pub fn highest(&self) -> Option<&Variant> {
        let with_sound = self
            .variants
            .iter()
            .filter(|variant| self.carries_audio(variant));
        most_bandwidth(with_sound).or_else(|| most_bandwidth(self.variants.iter()))
    }

    /// Whether the variant's own segments hold sound: an audio rendition without URI says so (4.3.4.2.1), and
    /// so does the absence of any other place.
    pub fn carries_audio(&self, variant: &Variant) -> bool {
        let Some(group) = &variant.audio else {
            return true;
        };
        let mut renditions = self
            .renditions
            .iter()
            .filter(|rendition| rendition.kind == RenditionKind::Audio)
            .filter(|rendition| rendition.group_id == *group)
            .peekable();
        renditions.peek().is_none() || renditions.any(|rendition| rendition.uri.is_none())
    }
}

fn most_bandwidth<'a>(variants: impl Iterator<Item = &'a Variant>) -> Option<&'a Variant> {
    variants.reduce(|best, next| {
        if best.bandwidth < next.bandwidth {
            next
        } else {
            best
        }
    })
}
