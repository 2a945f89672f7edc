//! Streams built from the crate's own writer, for the rules that every stream must keep.

use std::ops::ControlFlow;

use bytes::Bytes;
use ts::packet::{Packet, each_packet};
use ts::table::Program;
use ts::write::{self, Pes, Writer};
use ts::{Codec, Stream, Timestamp};

pub(crate) const VIDEO_PID: u16 = 256;
pub(crate) const AUDIO_PID: u16 = 257;
pub(crate) const PMT_PID: u16 = 4096;

/// What to build: frames of 40 ms, each with a frame of sound.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) video: bool,
    pub(crate) frames: u64,
    pub(crate) first: u64,
    pub(crate) first_key: usize,
    pub(crate) key_every: usize,
    pub(crate) reorder: bool,
    pub(crate) tables: bool,
    /// Tables come again before every so many frames; 0 is never.
    pub(crate) tables_every: usize,
    /// Frames say that they are decoded so many frames before the time of their place.
    pub(crate) decoded_before: Option<u64>,
    /// The type of the video, 0x1b or 0x02.
    pub(crate) video_type: u8,
    /// A byte of the parameter set.
    pub(crate) profile: u8,
    /// Sound is sent so many frames later than the picture of its time.
    pub(crate) sound_late: u64,
    /// Bytes of a frame of video, at least; some hundred come on top.
    pub(crate) frame_bytes: usize,
}

impl Default for Segment {
    fn default() -> Self {
        Segment {
            video: true,
            frames: 50,
            first: 90_000,
            first_key: 0,
            key_every: 50,
            reorder: false,
            tables: true,
            tables_every: 0,
            decoded_before: None,
            video_type: 0x1b,
            profile: 0x42,
            sound_late: 0,
            frame_bytes: 0,
        }
    }
}

impl Segment {
    pub(crate) fn bytes(&self) -> Bytes {
        let mut writer = Writer::default();
        let (mut video, mut audio, mut tables) = (0, 5, 14);
        for index in 0..self.frames {
            let place = index as usize;
            let again = self.tables_every != 0 && place.is_multiple_of(self.tables_every);
            if self.tables && (index == 0 || again) {
                tables = self.write_tables(&mut writer, tables);
            }
            if self.video {
                let data = self.video_frame(place);
                let pts = self.time(self.shown(index));
                let pes = Pes {
                    pcr: Some(pts),
                    dts: self
                        .decoded_before
                        .map(|frames| self.time(index).shifted(-3600 * frames.cast_signed())),
                    ..pes(VIDEO_PID, 0xe0, pts, &data)
                };
                video = writer.pes(&pes, video);
            }
            let pts = self
                .time(index)
                .shifted(-3600 * self.sound_late.cast_signed());
            audio = writer.pes(&pes(AUDIO_PID, 0xc0, pts, &[0xff; 333]), audio);
        }
        writer.into_bytes().into()
    }

    fn write_tables(&self, writer: &mut Writer, counter: u8) -> u8 {
        let streams = [stream(self.video_type, VIDEO_PID), stream(0x0f, AUDIO_PID)];
        let streams = if self.video {
            &streams[..]
        } else {
            &streams[1..]
        };
        let program = Program {
            number: 1,
            pmt_pid: PMT_PID,
        };
        writer.section(0, &write::pat(&[program]), counter);
        writer.section(PMT_PID, &write::pmt(1, streams[0].pid, streams), counter)
    }

    fn time(&self, frame: u64) -> Timestamp {
        Timestamp((self.first + frame * 3600) % (1 << 33))
    }

    /// The place in which a frame is shown: with reordering, each third one is sent before the two it follows.
    fn shown(&self, sent: u64) -> u64 {
        let group = sent.saturating_sub(1) / 3 * 3;
        if !self.reorder || sent == 0 || self.frames <= group + 3 {
            return sent;
        }
        group + [3, 1, 2][(sent as usize - 1) % 3]
    }

    fn video_frame(&self, index: usize) -> Vec<u8> {
        let key =
            self.first_key <= index && (index - self.first_key).is_multiple_of(self.key_every);
        let profile = self.profile;
        let slice: &[u8] = match (self.video_type, key) {
            (0x1b, true) => &[
                0, 0, 1, 0x67, profile, 0, 0, 1, 0x68, 0xce, 0, 0, 1, 0x65, 0x88, 0x84,
            ],
            (0x1b, false) => &[0, 0, 1, 0x41, 0x9a, 0x24],
            (_, true) => &[0, 0, 1, 0xb3, profile, 1, 2, 3, 0, 0, 1, 0, 0, 1 << 3, 0xff],
            (_, false) => &[0, 0, 1, 0, 0, 2 << 3, 0xff],
        };
        let filler = vec![7; self.frame_bytes + 100 + index * 131 % 900];
        let delimiter: &[u8] = if self.video_type == 0x1b {
            &[0, 0, 0, 1, 9, 0xf0]
        } else {
            &[]
        };
        [delimiter, slice, &filler].concat()
    }
}

pub(crate) fn stream(stream_type: u8, pid: u16) -> Stream {
    Stream {
        pid,
        stream_type,
        codec: Codec::of(stream_type, &[]),
    }
}

fn pes(pid: u16, stream_id: u8, pts: Timestamp, data: &[u8]) -> Pes<'_> {
    Pes {
        pid,
        stream_id,
        pts: Some(pts),
        dts: None,
        pcr: None,
        random_access: false,
        data,
    }
}

/// The bytes as chunks of these lengths; what is over is the last one.
pub(crate) fn chunks_of(whole: &Bytes, lengths: &[usize]) -> Vec<Bytes> {
    let mut rest = whole.clone();
    let mut chunks = vec![];
    for length in lengths {
        chunks.push(rest.split_to((*length).min(rest.len())));
    }
    chunks.push(rest);
    chunks
}

/// All packets that are not tables, one after the other.
pub(crate) fn media_packets(chunks: &[Bytes]) -> Vec<u8> {
    let mut media = vec![];
    each_packet(chunks, |_, packet| {
        if ![0, PMT_PID].contains(&Packet::new(packet).pid()) {
            media.extend_from_slice(packet);
        }
        ControlFlow::Continue(())
    });
    media
}

/// The segment with its first frame's head torn: only seven bytes of it stand in the first packet.
pub(crate) fn tear_first_head(whole: &Bytes) -> Vec<u8> {
    tear_first_head_at(whole, 7)
}

/// The same with so many bytes in the first packet; the clock, if the packet holds one, stays there.
pub(crate) fn tear_first_head_at(whole: &Bytes, bytes: usize) -> Vec<u8> {
    let mut torn = whole.to_vec();
    let packet: [u8; 188] = whole[376..564].try_into().expect("a packet");
    let packet = Packet::new(&packet);
    let (first, second) = packet.payload().split_at(bytes);
    let clock = packet.adaptation();
    let kept = clock.len().min(if packet.pcr().is_some() { 7 } else { 0 });
    let part = |start: u8, counter: u8, clock: &[u8], payload: &[u8]| {
        let room = 188 - 4 - 1 - payload.len();
        let flags = [&[0][..], clock]
            .into_iter()
            .rfind(|flags| !flags.is_empty());
        let mut field = flags.unwrap_or_default().to_vec();
        field.resize(room, 0xff);
        [
            &[0x47, start | 1, 0, 0x30 | counter, room as u8],
            &field[..],
            payload,
        ]
        .concat()
    };
    // Two packets in place of one: counted as the last one before the stream's own and its first.
    let parts = [
        part(0x40, 15, &clock[..kept], first),
        part(0, 0, &[], second),
    ];
    torn.splice(376..564, parts.concat());
    torn
}

/// All packets of a pid.
pub(crate) fn packets_of(whole: &[u8], pid: u16) -> Vec<&[u8]> {
    let of = |packet: &&[u8]| pid_of(packet) == pid;
    whole.chunks(188).filter(of).collect()
}

/// The stream without the video frames of these indexes.
pub(crate) fn without_video(whole: &[u8], silent: impl Fn(usize) -> bool) -> Vec<u8> {
    let mut frames = 0;
    let kept = |packet: &&[u8]| {
        let video = pid_of(packet) == VIDEO_PID;
        frames += usize::from(video && packet[1] & 0x40 != 0);
        !(video && silent(frames - 1))
    };
    whole.chunks(188).filter(kept).collect::<Vec<_>>().concat()
}

fn pid_of(packet: &[u8]) -> u16 {
    Packet::new(packet.try_into().expect("a packet")).pid()
}

/// A packet of a pid without meaning.
pub(crate) fn packet(pid: u16, counter: u8) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.pes(&pes(pid, 0xc0, Timestamp(0), &[0xff; 100]), counter);
    writer.into_bytes()
}
