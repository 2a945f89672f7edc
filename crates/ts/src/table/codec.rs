//! Which coding a stream has, from its type and descriptors; says nothing of whether the media keeps to it.

/// The codings that live streams are made of.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Codec {
    /// MPEG-1 or MPEG-2 video.
    Mpeg2,
    /// MPEG-4 part 2 video.
    Mpeg4,
    /// H.264, also called AVC.
    H264,
    /// H.265, also called HEVC.
    H265,
    /// H.266, also called VVC.
    H266,
    /// VC-1 video.
    Vc1,
    /// MPEG-1 or MPEG-2 audio, mostly layer 2.
    MpegAudio,
    /// AAC in ADTS frames.
    Aac,
    /// AAC in LATM frames.
    AacLatm,
    /// Dolby Digital.
    Ac3,
    /// Dolby Digital Plus.
    Eac3,
    /// DTS audio.
    Dts,
    /// Opus audio.
    Opus,
    /// DVB subtitles: pictures.
    Subtitles,
    /// Teletext.
    Teletext,
    /// ID3 tags timed with the media.
    Id3,
    /// Anything else.
    Other,
}

impl Codec {
    /// The coding that a PMT line announces.
    pub fn of(stream_type: u8, descriptors: &[u8]) -> Codec {
        match stream_type {
            0x01 | 0x02 => Codec::Mpeg2,
            0x03 | 0x04 => Codec::MpegAudio,
            0x06 => private(descriptors),
            0x0f => Codec::Aac,
            0x10 => Codec::Mpeg4,
            0x11 => Codec::AacLatm,
            0x15 => Codec::Id3,
            0x1b => Codec::H264,
            0x24 => Codec::H265,
            0x33 => Codec::H266,
            0x81 => Codec::Ac3,
            0x82 | 0x85 | 0x8a => Codec::Dts,
            0x84 | 0x87 => Codec::Eac3,
            0xea => Codec::Vc1,
            _ => Codec::Other,
        }
    }

    /// Whether it is moving pictures.
    pub fn is_video(self) -> bool {
        use Codec::{H264, H265, H266, Mpeg2, Mpeg4, Vc1};
        matches!(self, Mpeg2 | Mpeg4 | H264 | H265 | H266 | Vc1)
    }

    /// Whether it is sound.
    pub fn is_audio(self) -> bool {
        use Codec::{Aac, AacLatm, Ac3, Dts, Eac3, MpegAudio, Opus};
        matches!(self, MpegAudio | Aac | AacLatm | Ac3 | Eac3 | Dts | Opus)
    }
}

/// DVB announces most audio that is not MPEG's own as private data with a descriptor.
fn private(mut descriptors: &[u8]) -> Codec {
    while let [tag, length, tail @ ..] = descriptors {
        let Some((body, rest)) = tail.split_at_checked(usize::from(*length)) else {
            return Codec::Other;
        };
        match (*tag, body) {
            (0x56, _) => return Codec::Teletext,
            (0x59, _) => return Codec::Subtitles,
            (0x6a, _) | (0x05, [b'A', b'C', b'-', b'3', ..]) => return Codec::Ac3,
            (0x7a, _) | (0x05, [b'E', b'A', b'C', b'3', ..]) => return Codec::Eac3,
            (0x7b, _) | (0x05, [b'D', b'T', b'S', ..]) => return Codec::Dts,
            (0x7c, _) => return Codec::Aac,
            (0x05, [b'H', b'E', b'V', b'C', ..]) => return Codec::H265,
            (0x05, [b'O', b'p', b'u', b's', ..]) => return Codec::Opus,
            (0x05, [b'I', b'D', b'3', ..]) => return Codec::Id3,
            _ => descriptors = rest,
        }
    }
    Codec::Other
}
