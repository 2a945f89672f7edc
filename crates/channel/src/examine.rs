//! Whether fetched bytes are media that may be published; it never lets a broken segment through.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::segment::{Body, Container};

/// Bytes that tell two segments apart: repeats by a source are identical from the first on.
const FINGERPRINT_BYTES: usize = 64 << 10;

/// A fetched segment that may be published.
#[derive(Clone, Debug)]
pub struct Fit {
    /// The media.
    pub body: Body,
    /// How it is packed.
    pub container: Container,
    /// What a transport stream says of itself; nothing when it is encrypted or another container.
    pub facts: Option<Facts>,
    /// The same media for continuous bodies; nothing when it is encrypted or another container.
    pub part: Option<Arc<ts::rebase::Part>>,
    /// The same for the same bytes.
    pub fingerprint: u64,
}

/// What a channel needs to know of a transport stream segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Presentation time of its first frame.
    pub start: Option<ts::Timestamp>,
    /// Presentation time just after its last frame.
    pub end: Option<ts::Timestamp>,
    /// Its length by its own timestamps.
    pub duration: Option<Duration>,
    /// The longest step between frames shown one after the other.
    pub longest_step: Option<Duration>,
    /// Its elementary streams; a change of them is a discontinuity.
    pub streams: Vec<ts::Stream>,
    /// Whether it can be decoded on its own.
    pub starts_with_key_frame: bool,
}

/// Why bytes cannot be published. One such segment ends playback for most players (measured).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// There is nothing.
    #[error("the segment is empty")]
    Empty,
    /// It is not a container that players of HLS know.
    #[error("the segment is {0}, not media")]
    NotMedia(&'static str),
    /// It claims to be a transport stream and is broken.
    #[error("the segment is a broken transport stream: {0}")]
    BrokenTransportStream(String),
    /// It is encrypted with a block cipher and its length is not whole blocks.
    #[error("the encrypted segment has {bytes} bytes, not a multiple of 16")]
    PartialBlock {
        /// Its length.
        bytes: usize,
    },
}

/// Judges a segment's bytes. `method` is that of its key, if it is encrypted.
pub fn segment(chunks: Vec<Bytes>, method: Option<&str>) -> Result<Fit, Unfit> {
    let body = Body::new(chunks);
    if body.is_empty() {
        return Err(Unfit::Empty);
    }
    let fingerprint = fingerprint(&body);
    match method {
        Some("AES-128") if !body.len().is_multiple_of(16) => {
            Err(Unfit::PartialBlock { bytes: body.len() })
        }
        // Behind a whole-segment cipher nothing can be seen; the extension says the usual.
        Some("AES-128") => Ok(Fit {
            body,
            container: Container::TransportStream,
            facts: None,
            part: None,
            fingerprint,
        }),
        _ => clear(body, fingerprint),
    }
}

fn clear(body: Body, fingerprint: u64) -> Result<Fit, Unfit> {
    let head = head(&body);
    let (container, facts, part) = match sniff(&head) {
        Sniffed::Container(Container::TransportStream) => {
            let (facts, part) = transport_stream(&body)
                .map_err(|error| Unfit::BrokenTransportStream(error.to_string()))?;
            (Container::TransportStream, Some(facts), part)
        }
        Sniffed::Container(other) => (other, None, None),
        Sniffed::Not(what) => return Err(Unfit::NotMedia(what)),
    };
    Ok(Fit {
        body,
        container,
        facts,
        part,
        fingerprint,
    })
}

/// What a transport stream says of itself, and the same for continuous bodies unless its media is
/// encrypted.
fn transport_stream(body: &Body) -> Result<(Facts, Option<Arc<ts::rebase::Part>>), ts::Invalid> {
    let facts = ts::inspect(body.chunks())?;
    let part = if facts.scrambled {
        None
    } else {
        Some(Arc::new(ts::rebase::Part::new(body.chunks())?))
    };
    Ok((Facts::from(facts), part))
}

impl From<ts::Facts> for Facts {
    fn from(facts: ts::Facts) -> Self {
        Self {
            start: facts.start,
            end: facts.end,
            duration: facts.duration,
            longest_step: facts.longest_step,
            streams: facts.streams,
            starts_with_key_frame: facts.starts_with_key_frame,
        }
    }
}

enum Sniffed {
    Container(Container),
    Not(&'static str),
}

fn sniff(head: &[u8]) -> Sniffed {
    let container = match head {
        [0x47, ..] => Container::TransportStream,
        [_, _, _, _, kind @ ..]
            if [
                b"ftyp", b"styp", b"moof", b"sidx", b"emsg", b"prft", b"mdat",
            ]
            .iter()
            .any(|known| kind.starts_with(*known)) =>
        {
            Container::FragmentedMp4
        }
        [b'I', b'D', b'3', ..] => Container::PackedAudio,
        [0xFF, second, ..] if second & 0xF6 == 0xF0 => Container::PackedAudio,
        _ => return Sniffed::Not(looks_like(head)),
    };
    Sniffed::Container(container)
}

fn looks_like(head: &[u8]) -> &'static str {
    let text = head.trim_ascii_start();
    match text {
        [b'<', ..] => "an HTML or XML page",
        [b'{' | b'[', ..] => "JSON text",
        [b'#', b'E', b'X', b'T', ..] => "a playlist",
        _ if text
            .iter()
            .all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) =>
        {
            "text"
        }
        _ => "of an unknown kind",
    }
}

fn head(body: &Body) -> Vec<u8> {
    body.chunks()
        .iter()
        .flat_map(|chunk| chunk.iter().copied())
        .take(64)
        .collect()
}

pub(crate) fn fingerprint(body: &Body) -> u64 {
    let mut hasher = DefaultHasher::new();
    body.len().hash(&mut hasher);
    let mut left = FINGERPRINT_BYTES;
    for chunk in body.chunks() {
        let part = &chunk[..chunk.len().min(left)];
        hasher.write(part);
        left -= part.len();
        if left == 0 {
            break;
        }
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(bytes: &[u8], method: Option<&str>) -> Result<Fit, Unfit> {
        segment(vec![Bytes::copy_from_slice(bytes)], method)
    }

    #[test]
    fn an_empty_segment_is_never_published() {
        assert_eq!(judge(b"", None).unwrap_err(), Unfit::Empty);
    }

    #[test]
    fn a_page_sent_in_place_of_a_segment_is_never_published() {
        let error = judge(b"\n<html>gateway</html>", None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the segment is an HTML or XML page, not media"
        );
    }

    #[test]
    fn json_text_and_playlists_are_told_by_name() {
        assert_eq!(
            judge(b"{\"a\":1}", None).unwrap_err(),
            Unfit::NotMedia("JSON text")
        );
        assert_eq!(
            judge(b"#EXTM3U\n", None).unwrap_err(),
            Unfit::NotMedia("a playlist")
        );
    }

    #[test]
    fn a_transport_stream_cut_inside_a_packet_is_never_published() {
        let mut bytes = vec![0xFF; 400];
        bytes[0] = 0x47;
        bytes[188] = 0x47;
        assert!(matches!(
            judge(&bytes, None),
            Err(Unfit::BrokenTransportStream(_))
        ));
    }

    #[test]
    fn an_encrypted_segment_must_be_whole_blocks() {
        assert_eq!(
            judge(&[7; 33], Some("AES-128")).unwrap_err(),
            Unfit::PartialBlock { bytes: 33 }
        );
        assert!(judge(&[7; 32], Some("AES-128")).is_ok());
    }

    #[test]
    fn fragmented_mp4_and_packed_audio_are_known_by_their_first_bytes() {
        let fit = judge(b"\0\0\0\x18styp....", None).expect("a fragment");
        assert_eq!(fit.container, Container::FragmentedMp4);
        let fit = judge(b"ID3\x04....", None).expect("packed audio");
        assert_eq!(fit.container, Container::PackedAudio);
    }

    #[test]
    fn the_fingerprint_does_not_depend_on_how_the_bytes_were_chunked() {
        let whole = segment(vec![Bytes::from_static(b"ID3abcdef")], None).expect("media");
        let parts = vec![Bytes::from_static(b"ID3a"), Bytes::from_static(b"bcdef")];
        // DefaultHasher hashes a stream of bytes, not their grouping.
        assert_eq!(
            whole.fingerprint,
            segment(parts, None).expect("media").fingerprint
        );
    }
}
