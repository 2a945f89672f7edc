//! Made-up playlists and media for the tests of this crate.

use std::time::Duration;

use bytes::Bytes;

use crate::examine::{Facts, Fit};
use crate::segment::{Body, Container};

/// A list of two-second segments `name/<number>.ts`.
pub(crate) fn list(name: &str, first: u64, count: usize) -> hls::Media {
    let text = (first..first + count as u64).fold(
        format!(
            "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:{first}\n"
        ),
        |text, number| format!("{text}#EXTINF:2.000000,\nhttp://source/{name}/{number}.ts\n"),
    );
    read(&text)
}

/// A list from its text.
pub(crate) fn read(text: &str) -> hls::Media {
    match hls::read(text.as_bytes()).expect("a test's own playlist") {
        hls::Playlist::Media(media) => media,
        hls::Playlist::Multivariant(_) => panic!("a media playlist is wanted"),
    }
}

pub(crate) fn numbers(segments: &[hls::Segment]) -> Vec<u64> {
    segments.iter().map(|segment| segment.sequence).collect()
}

/// Media of `millis` that begins at `start_millis` on its own clock, told apart by `mark`.
pub(crate) fn media(mark: u64, start_millis: u64, millis: u64) -> Fit {
    let start = ts::Timestamp(start_millis * 90 % (1 << 33));
    Fit {
        body: Body::new(vec![Bytes::from(mark.to_be_bytes().repeat(4))]),
        container: Container::TransportStream,
        facts: Some(Facts {
            start: Some(start),
            end: Some(start.plus(Duration::from_millis(millis))),
            duration: Some(Duration::from_millis(millis)),
            longest_step: None,
            streams: vec![ts::Stream {
                pid: 256,
                stream_type: 0x1b,
                codec: ts::Codec::of(0x1b, &[]),
            }],
            starts_with_key_frame: true,
        }),
        part: None,
        fingerprint: mark,
    }
}

/// A real transport stream: a frame each half second, a key frame every two seconds.
pub(crate) fn stream(first: u64, seconds: u64) -> Fit {
    use ts::write::{Pes, Writer, pat, pmt};
    let stream = ts::Stream {
        pid: 256,
        stream_type: 0x1b,
        codec: ts::Codec::of(0x1b, &[]),
    };
    let mut writer = Writer::default();
    writer.section(
        0,
        &pat(&[ts::table::Program {
            number: 1,
            pmt_pid: 4096,
        }]),
        0,
    );
    writer.section(4096, &pmt(1, 256, &[stream]), 0);
    let mut counter = 0;
    for frame in 0..seconds * 2 {
        let pts = ts::Timestamp(first * 90_000 + frame * 45_000);
        let key: &[u8] = &[
            0, 0, 0, 1, 9, 0xf0, 0, 0, 1, 0x67, 0x42, 0, 0, 1, 0x65, 0x88, 0x84,
        ];
        let other: &[u8] = &[0, 0, 0, 1, 9, 0xf0, 0, 0, 1, 0x41, 0x9a, 0x24];
        let data = if frame % 4 == 0 { key } else { other };
        let pes = Pes {
            pid: 256,
            stream_id: 0xe0,
            pts: Some(pts),
            dts: None,
            pcr: Some(pts),
            random_access: frame % 4 == 0,
            data,
        };
        counter = writer.pes(&pes, counter);
    }
    let bytes = Bytes::from(writer.into_bytes());
    crate::examine::segment(vec![bytes], None).expect("a real transport stream")
}

pub(crate) fn draft(millis: u64) -> crate::window::Draft {
    crate::window::Draft {
        duration: Duration::from_millis(millis),
        discontinuity: false,
        published_at: crate::time::Moment::ZERO,
        program_date_time: None,
        body: Body::new(vec![Bytes::from_static(&[0x47; 188])]),
        part: None,
        container: Container::TransportStream,
        key: None,
        map: None,
        tags: Vec::new(),
        slate: false,
    }
}

/// The wall clock's date `seconds` into a test.
pub(crate) fn wall(seconds: u64) -> jiff::Timestamp {
    let seconds = i64::try_from(seconds).expect("a test's own time");
    jiff::Timestamp::from_second(1_800_000_000 + seconds).expect("a date of this century")
}

/// A part of a continuous body that begins with a key frame or not. It has sixteen packets of media, so
/// that each goes on from the other by its counters.
pub(crate) fn part(independent: bool) -> ts::rebase::Part {
    let fit = stream(0, 8);
    let part = fit.part.as_deref().expect("a transport stream");
    let mut part = part.clone();
    std::sync::Arc::make_mut(&mut part.opening).independent = independent;
    part
}

/// A broadcast: a frame each half second, a key frame every two seconds.
#[derive(Default)]
pub(crate) struct Broadcast {
    pub(crate) keys_stay_away: bool,
    /// From this frame on sound is announced beside the pictures.
    pub(crate) sound_from: Option<u64>,
    /// Frames so far.
    pub(crate) frame: u64,
    counter: u8,
}

impl Broadcast {
    /// The same from as many seconds earlier on.
    pub(crate) fn back(&mut self, seconds: u64) {
        self.frame -= seconds * 2;
    }

    /// The next of it.
    pub(crate) fn seconds(&mut self, seconds: u64) -> Bytes {
        use ts::write::{Pes, Writer, pat, pmt};
        let stream = ts::Stream {
            pid: 256,
            stream_type: 0x1b,
            codec: ts::Codec::of(0x1b, &[]),
        };
        let program = ts::table::Program {
            number: 1,
            pmt_pid: 4096,
        };
        let mut writer = Writer::default();
        for frame in self.frame..self.frame + seconds * 2 {
            let is_key = frame % 4 == 0 && !self.keys_stay_away;
            if is_key {
                let count = (frame / 4 % 16) as u8;
                writer.section(0, &pat(&[program]), count);
                let sound = ts::Stream {
                    pid: 257,
                    stream_type: 0x0f,
                    codec: ts::Codec::of(0x0f, &[]),
                };
                let all = [stream, sound];
                let has_sound = self.sound_from.is_some_and(|from| from <= frame);
                let streams = &all[..=usize::from(has_sound)];
                writer.section(4096, &pmt(1, 256, streams), count);
            }
            let at = Some(ts::Timestamp(900_000 + frame * 45_000));
            let slice = if is_key { 0x65 } else { 0x41 };
            let data = [0, 0, 0, 1, 9, 0xf0, 0, 0, 1, slice, 0x88, 0x84];
            let pes = Pes {
                pid: 256,
                stream_id: 0xe0,
                pts: at,
                dts: None,
                pcr: at,
                random_access: is_key,
                data: &data,
            };
            self.counter = writer.pes(&pes, self.counter);
        }
        self.frame += seconds * 2;
        writer.into_bytes().into()
    }
}
