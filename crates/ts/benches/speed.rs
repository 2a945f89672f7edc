//! How fast a continuous body is cut, and carried across a seam, on one core; prints gigabytes a second, the best of some
//! rounds: what else the machine does can only make it slower.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use bytes::Bytes;
use ts::rebase::Seamless;
use ts::segment::{Event, Options, Segment, Segmenter};
use ts::table::Program;
use ts::write::{self, Pes, Writer};
use ts::{Codec, Stream, Timestamp};

const ROUNDS: usize = 30;

/// As the service receives it.
const CHUNK_BYTES: usize = 64 << 10;

/// What is asked of cutting, in gigabytes a second.
const GOAL: f64 = 2.0;

const VIDEO_PID: u16 = 0x100;
const AUDIO_PID: u16 = 0x101;
const PMT_PID: u16 = 0x1000;

fn main() -> ExitCode {
    let body = body();
    let chunks: Vec<Bytes> = (0..body.len())
        .step_by(CHUNK_BYTES)
        .map(|from| body.slice(from..(from + CHUNK_BYTES).min(body.len())))
        .collect();
    let cutting = best(body.len(), || cut(&chunks).len());
    let whole = best(body.len(), || {
        ts::inspect(&chunks).map_or(0, |facts| facts.packets)
    });
    let segments = cut(&chunks);
    let viewing = best(body.len(), || view(&segments, false));
    let joining = best(body.len(), || view(&segments, true));
    println!(
        "{:.1} MB of H.264 and AAC at 8 Mbit/s, in chunks of 64 KiB",
        body.len() as f64 / 1e6
    );
    println!("segmenter                {cutting:6.2} GB/s (goal {GOAL:.0})");
    println!("inspect                  {whole:6.2} GB/s");
    println!("a viewer before a seam   {viewing:6.2} GB/s");
    println!("a viewer behind a seam   {joining:6.2} GB/s");
    let strict = std::env::args().any(|argument| argument == "--strict");
    if strict && cutting < GOAL {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Gigabytes a second in the fastest of the rounds.
#[expect(
    clippy::disallowed_methods,
    reason = "a bench measures time, and this crate has no clock"
)]
fn best(bytes: usize, mut round: impl FnMut() -> usize) -> f64 {
    let rounds = (0..ROUNDS).map(|_| {
        let begin = Instant::now();
        black_box(round());
        begin.elapsed()
    });
    let shortest = rounds.min().unwrap_or(Duration::MAX);
    bytes as f64 / shortest.as_secs_f64() / 1e9
}

fn cut(chunks: &[Bytes]) -> Vec<Segment> {
    let mut segmenter = Segmenter::new(Options::default());
    let mut events: Vec<Event> = chunks
        .iter()
        .flat_map(|chunk| segmenter.push(chunk))
        .collect();
    events.extend(segmenter.finish());
    let segment = |event| match event {
        Event::Cut(segment) => Some(segment),
        Event::Noticed(_) => None,
    };
    events.into_iter().filter_map(segment).collect()
}

/// What a viewer gets, behind a seam or before any.
fn view(segments: &[Segment], seam: bool) -> usize {
    let (mut viewer, mut out) = (Seamless::default(), vec![]);
    if seam && let [first, .., last] = segments {
        viewer.next(&last.opening, &mut out);
        last.media
            .iter()
            .for_each(|chunk| viewer.media(chunk, &mut out));
        viewer.join(&first.opening, first.opening.begin, &mut out);
    }
    for segment in segments {
        viewer.next(&segment.opening, &mut out);
        for chunk in &segment.media {
            viewer.media(chunk, &mut out);
        }
        black_box(&out);
        out.clear();
    }
    out.len()
}

/// Half a minute, a key frame every two seconds that is five times as large as other frames.
fn body() -> Bytes {
    let (mut writer, mut video, mut audio) = (Writer::default(), 0, 0);
    let mut tables = 0;
    for frame in 0..750_u64 {
        if frame % 5 == 0 {
            tables = write_tables(&mut writer, tables);
        }
        let pts = Timestamp(900_000 + frame * 3600);
        let data = picture(frame % 50 == 0);
        let pes = Pes {
            pid: VIDEO_PID,
            stream_id: 0xe0,
            pts: Some(pts.shifted(7200)),
            dts: Some(pts),
            pcr: Some(pts.shifted(-45_000)),
            random_access: frame % 50 == 0,
            data: &data,
        };
        video = writer.pes(&pes, video);
        let pes = Pes {
            pid: AUDIO_PID,
            stream_id: 0xc0,
            dts: None,
            pcr: None,
            random_access: false,
            data: &[0x55; 640],
            ..pes
        };
        audio = writer.pes(&pes, audio);
    }
    writer.into_bytes().into()
}

fn picture(key: bool) -> Vec<u8> {
    let (begin, bytes): (&[u8], usize) = if key {
        (
            b"\0\0\0\x01\x67\x42\xc0\x1e\xd9\0\0\0\x01\x68\xcb\x83\0\0\x01\x65\x88\x84",
            185_000,
        )
    } else {
        (b"\0\0\x01\x41\x9a\x24", 36_000)
    };
    let mut picture = [b"\0\0\0\x01\x09\xf0", begin].concat();
    // Coded pictures look like noise.
    let mut noise = 1_u32;
    picture.resize_with(bytes, || {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (noise >> 24) as u8 | 1
    });
    picture
}

fn write_tables(writer: &mut Writer, counter: u8) -> u8 {
    let stream = |pid, stream_type| Stream {
        pid,
        stream_type,
        codec: Codec::of(stream_type, &[]),
    };
    let streams = [stream(VIDEO_PID, 0x1b), stream(AUDIO_PID, 0x0f)];
    let program = Program {
        number: 1,
        pmt_pid: PMT_PID,
    };
    writer.section(0, &write::pat(&[program]), counter);
    writer.section(PMT_PID, &write::pmt(1, VIDEO_PID, &streams), counter)
}
