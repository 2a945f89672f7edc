//! What any bytes must keep to. The fuzzer calls these with bytes that reach ever more of the code; tests with seeded ones.

use std::time::Duration;

use bytes::Bytes;
use ts::rebase::{Rebase, Seamless};
use ts::segment::{Event, Options, Segment, Segmenter};
use ts::table::Program;
use ts::write::{self, Pes, Writer};
use ts::{Codec, PACKET_BYTES, Stream, Timestamp};

const PIDS: [u16; 6] = [0x100, 0x101, 0x102, 0x1000, 0x1001, 0];

/// Cuts a body made of the bytes, in chunks of sizes out of them, and checks all that is promised of segments.
pub(crate) fn segmenter(bytes: &[u8]) {
    let (options, size, body) = read(bytes);
    let whole = cut(&body, body.len().max(1), options);
    let parts = cut(&body, size, options);
    assert_eq!(whole.len(), parts.len());
    let mut place = 0;
    for (segment, part) in whole.iter().zip(&parts) {
        let media = segment.media.concat();
        assert_eq!(media, part.media.concat());
        assert_eq!(
            (segment.duration, &segment.opening),
            (part.duration, &part.opening)
        );
        assert_eq!(segment.keys, part.keys);
        assert!(Duration::ZERO < segment.duration && segment.duration <= options.longest);
        let bytes = segment.opening.packets.len() + segment.media_bytes;
        assert!(bytes <= options.bytes_max && media.len() == segment.media_bytes);
        assert!(segment.keys.iter().all(|key| key.at % PACKET_BYTES == 0));
        place = behind(&body, place, &media);
        for key in &segment.keys {
            assert!(
                key.at < media.len(),
                "a key frame is outside of its segment"
            );
        }
    }
}

/// Passes what was cut on to a viewer that is moved about, and checks that it gets whole packets.
pub(crate) fn viewer(bytes: &[u8]) {
    let (options, size, body) = read(bytes);
    let segments = cut(&body, size, options);
    let (mut viewer, mut out) = (Seamless::default(), vec![]);
    let mut media = 0;
    for (index, segment) in segments.iter().chain(&segments).enumerate() {
        if index.is_multiple_of(3) {
            viewer.join(&segment.opening, segment.opening.begin, &mut out);
        } else {
            viewer.next(&segment.opening, &mut out);
        }
        for chunk in &segment.media {
            viewer.media(chunk, &mut out);
        }
        media += segment.media_bytes;
    }
    assert!(
        out.iter()
            .all(|piece| !piece.is_empty() && piece.len() % PACKET_BYTES == 0)
    );
    assert!(out.iter().all(|piece| piece[0] == ts::SYNC_BYTE));
    // Tables of a segment, and packets to count on with, of which each stream needs 15 at most.
    let more = segments.len() * 2 * (60 + PIDS.len() * 15) * PACKET_BYTES;
    assert!(out.iter().map(Bytes::len).sum::<usize>() <= media + more);
}

/// Looks at the bytes as at a segment that was fetched whole, and moves it in time.
pub(crate) fn segment(bytes: &[u8]) {
    let (options, size, body) = read(bytes);
    for body in [bytes, &body] {
        let chunks: Vec<Bytes> = body.chunks(size).map(Bytes::copy_from_slice).collect();
        let whole = Bytes::copy_from_slice(body);
        assert_eq!(ts::inspect(&chunks), ts::inspect(&[whole]));
        let _ = ts::split(&chunks, options.target);
        let (mut there, by) = (body.to_vec(), (1 << 32) + 12_345);
        Rebase::by(by).packets(&mut there);
        Rebase::by(-by).packets(&mut there);
        assert_eq!(there.len(), body.len());
    }
}

/// The place in the body behind this media, whose packets must come in order, each once.
fn behind(body: &[u8], mut place: usize, media: &[u8]) -> usize {
    for packet in media.chunks(PACKET_BYTES) {
        let mut windows = body[place..].windows(PACKET_BYTES);
        let found = windows.position(|window| window == packet);
        place += found.expect("a packet that came, behind the one before") + PACKET_BYTES;
    }
    place
}

fn cut(body: &[u8], size: usize, options: Options) -> Vec<Segment> {
    let mut segmenter = Segmenter::new(options);
    let chunks = body.chunks(size).map(Bytes::copy_from_slice);
    let mut events: Vec<Event> = chunks.flat_map(|chunk| segmenter.push(&chunk)).collect();
    events.extend(segmenter.finish());
    let segment = |event| match event {
        Event::Cut(segment) => Some(segment),
        Event::Noticed(_) => None,
    };
    events.into_iter().filter_map(segment).collect()
}

/// Options, a size of chunks and a body: bytes taken for steps of a muxer that is not in its right mind.
fn read(bytes: &[u8]) -> (Options, usize, Vec<u8>) {
    let (head, steps) = bytes.split_at(bytes.len().min(4));
    let number = |index: usize| head.get(index).map_or(1, |byte| u64::from(*byte) + 1);
    let options = Options {
        target: Duration::from_millis(number(0) * 20),
        longest: Duration::from_millis(number(0) * 20 + number(1) * 40),
        bytes_max: (64 << 10) + (number(2) as usize) * 188,
    };
    (options, number(3) as usize * 7, body(steps))
}

fn body(steps: &[u8]) -> Vec<u8> {
    let (mut body, mut counters, mut time) = (vec![], [0_u8; PIDS.len()], 0_u64);
    for step in steps.as_chunks::<6>().0 {
        let [kind, which, a, b, c, d] = *step;
        let index = usize::from(which) % PIDS.len();
        let (pid, counter) = (PIDS[index], &mut counters[index]);
        let mut writer = Writer::default();
        match kind % 16 {
            0 => {
                let pmts = &PIDS[3..3 + 1 + usize::from(a & 1)];
                let program = |pid: &u16| Program {
                    number: *pid,
                    pmt_pid: *pid,
                };
                let programs: Vec<Program> = pmts.iter().map(program).collect();
                counters[5] = writer.section(0, &write::pat(&programs), counters[5]);
            }
            1 => {
                let types = [[0x1b, 0x02, 0x24, 0x0f][usize::from(a & 3)], 0x0f, 0x06];
                let at = 3 + usize::from(b & 1);
                let stream = |(pid, stream_type): (&u16, &u8)| Stream {
                    pid: *pid,
                    stream_type: *stream_type,
                    codec: Codec::of(*stream_type, &[]),
                };
                let streams: Vec<Stream> = PIDS
                    .iter()
                    .zip(&types)
                    .skip(usize::from(c & 1))
                    .map(stream)
                    .collect();
                let section = write::pmt(PIDS[at], PIDS[0], &streams);
                counters[at] = writer.section(PIDS[at], &section, counters[at]);
            }
            // A jump, else a step; then a frame.
            2..=11 => {
                time = match kind {
                    0xf2.. => u64::from(a) << 25 | u64::from(b) << 17,
                    _ => (time + 40 * u64::from(a)) % (1 << 33),
                };
                let slice = [0x65, 0x41, 0x67, 0x06, 0x46, 0x00][usize::from(c) % 6];
                let mut data = vec![0, 0, 1, slice, b, 0x88];
                data.resize(6 + usize::from(d) * 5, c);
                *counter = writer.pes(&pes(pid, time, b, &data), *counter);
            }
            12 => writer.null(),
            // Foreign bytes, bytes that are missing, bytes that are others.
            13 => body.resize(body.len() + usize::from(a), b),
            14 => body.truncate(body.len() - body.len().min(usize::from(a))),
            _ => {
                let at = body
                    .len()
                    .saturating_sub(1 + usize::from(a) + usize::from(b & 3) * 188);
                body.extend(body.get(at).is_none().then_some(c));
                body[at] = c;
            }
        }
        body.extend(writer.into_bytes());
    }
    body
}

fn pes(pid: u16, time: u64, flags: u8, data: &[u8]) -> Pes<'_> {
    let pts = Timestamp(time);
    Pes {
        pid,
        stream_id: 0xe0,
        pts: (flags & 7 != 0).then_some(pts),
        dts: (flags & 8 != 0).then(|| pts.shifted(-7200)),
        pcr: (flags & 16 != 0).then(|| pts.shifted(-9000)),
        random_access: flags & 32 != 0,
        data,
    }
}
