//! What a continuous source sends: frames twice a second, each of which says which it is, written as real packets.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use ts::write::{Pes, Writer, pat, pmt};

use super::broadcast::streams;
use crate::random::Random;

/// Between two frames.
const FRAME: Duration = Duration::from_millis(500);
const FRAME_TICKS: u64 = 45_000;

/// Frames that are kept for readers that are behind: two minutes, longer than any session begins behind another.
const KEPT: usize = 240;

/// In front of what a frame says of itself.
const MAGIC: [u8; 4] = [0xa5, 0x5a, 0xc3, 0x3c];

/// Bytes of its timeline and its place, each in two halves, so that none of it looks like a start code.
const MARK_BYTES: usize = 2 * (8 + 8);

/// Frames that are lost at once are more than a step of time may be.
const LOST: std::ops::RangeInclusive<u64> = 8..=40;

/// What a body is like when nothing is wrong with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// Frames from one key frame to the next.
    pub(crate) key_every: u64,
    /// Frames behind the newest at which a session begins; it sends them in one burst.
    pub(crate) held: u64,
    /// Most frames that come at once.
    pub(crate) at_once: u64,
    /// It sends as fast as it is read, like a file.
    pub(crate) rushes: bool,
    /// Longest time between two pieces.
    pub(crate) pause: Duration,
    /// Its engine has numbers to tell.
    pub(crate) tells: bool,
}

impl Manner {
    pub(crate) fn any(random: &mut Random) -> Self {
        Self {
            key_every: random.pick(&[2, 2, 4, 4, 8, 20]),
            held: random.pick(&[0, 7, 20, 41, 80]),
            at_once: random.pick(&[u64::MAX, u64::MAX, 4, 8]),
            rushes: random.chance(10),
            pause: random.pick(&[200, 700, 1_400].map(Duration::from_millis)),
            tells: random.chance(50),
        }
    }

    /// One that never surprises: it has enough for viewers to begin with, and then gives what there is.
    pub(crate) fn steady(random: &mut Random) -> Self {
        Self {
            key_every: random.pick(&[2, 4, 8]),
            held: random.pick(&[41, 80]),
            at_once: u64::MAX,
            rushes: random.chance(10),
            pause: Duration::from_millis(700),
            tells: random.chance(50),
        }
    }
}

/// A frame that was broadcast.
#[derive(Clone, Copy, Debug)]
struct Frame {
    ordinal: u64,
    timeline: u64,
    time: ts::Timestamp,
    kind: u64,
    key: bool,
}

/// A continuous broadcast.
#[derive(Debug)]
pub(crate) struct Feed {
    pub(crate) manner: Manner,
    frames: VecDeque<Frame>,
    next_at: Duration,
    next: Frame,
    since_key: u64,
    /// The clock has wrapped.
    pub(crate) wrapped: bool,
}

/// A reader's place in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    begun: u64,
    next: u64,
    counter: u8,
    tables: u8,
}

impl Place {
    /// Whether nothing was read yet.
    pub(crate) fn is_fresh(self) -> bool {
        self.begun == self.next
    }
}

impl Feed {
    pub(crate) fn new(random: &mut Random, manner: Manner) -> Self {
        let clock = random.pick(&[random.clone().next() % (1 << 33), (1 << 33) - 27_000_000]);
        let next = Frame {
            ordinal: 1,
            timeline: random.next(),
            time: ts::Timestamp(clock),
            kind: 0,
            key: true,
        };
        let mut feed = Self {
            manner,
            frames: VecDeque::new(),
            next_at: Duration::ZERO,
            next,
            since_key: 0,
            wrapped: false,
        };
        // It was there before the world began.
        for _ in 0..manner.held {
            feed.air();
        }
        feed
    }

    /// Broadcasts what is due by `now`.
    pub(crate) fn advance(&mut self, now: Duration) {
        let due = now.saturating_sub(self.next_at).as_millis() / FRAME.as_millis();
        let unseen = (due as u64).saturating_sub(KEPT as u64);
        if 0 < unseen {
            // Nobody looked.
            self.lose(unseen);
            self.next_at += FRAME * unseen as u32;
        }
        while self.next_at <= now {
            self.air();
            self.next_at += FRAME;
        }
    }

    fn air(&mut self) {
        let key = self.since_key == 0;
        self.since_key = (self.since_key + 1) % self.manner.key_every;
        if self.frames.len() == KEPT {
            self.frames.pop_front();
        }
        self.frames.push_back(Frame { key, ..self.next });
        let before = self.next.time;
        self.next.ordinal += 1;
        self.next.time = before.plus(FRAME);
        self.wrapped |= self.next.time.0 < before.0;
    }

    /// Frames that nobody will see.
    fn lose(&mut self, count: u64) {
        self.next.ordinal += count;
        let ticks = count * FRAME_TICKS;
        self.next.time = self.next.time.shifted(ticks.cast_signed());
    }

    pub(crate) fn lose_some(&mut self, random: &mut Random) {
        self.lose(random.within(LOST));
    }

    /// Its clock jumps, and what follows is something else.
    pub(crate) fn jump(&mut self, random: &mut Random) {
        self.next.time = ts::Timestamp(random.below(1 << 33));
        self.next.timeline = random.next();
    }

    /// Other streams from the next frame on.
    pub(crate) fn change_streams(&mut self, kind: u64) {
        self.next.kind = kind;
        self.since_key = 0;
    }

    /// Where a session that begins now is.
    pub(crate) fn begin(&self) -> Place {
        let first = self.frames.len().saturating_sub(self.manner.held as usize);
        let first = self.frames.get(first).unwrap_or(&self.next).ordinal;
        Place {
            begun: first,
            next: first,
            counter: 0,
            tables: 0,
        }
    }

    /// Where somebody who joins what is on the air is.
    pub(crate) fn begin_live(&self) -> Place {
        let first = self.next.ordinal;
        Place {
            begun: first,
            next: first,
            ..self.begin()
        }
    }

    /// The most that viewers may be thrown back by a session that begins behind the one before: half of what lies
    /// between two key frames, or of as much as is cut at once there, and a frame.
    pub(crate) fn back_max(&self) -> u64 {
        self.manner.key_every.max(4) / 2 + 1
    }

    /// So many of the next frames, for a reader that is at a place; nothing when it has all there are.
    pub(crate) fn read(&mut self, place: &mut Place, most: u64) -> Option<Bytes> {
        if self.manner.rushes {
            while self.next.ordinal < place.next + most {
                self.air();
                self.next_at += FRAME;
            }
        }
        let from = self.frames.partition_point(|it| it.ordinal < place.next);
        let count = (self.frames.len() - from).min(usize::try_from(most).unwrap_or(usize::MAX));
        let mut writer = Writer::default();
        for index in from..from + count {
            let frame = self.frames[index];
            let before = index.checked_sub(1).map(|it| self.frames[it].kind);
            if frame.key || before != Some(frame.kind) {
                write_tables(&mut writer, place, frame.kind);
            }
            if place.next != frame.ordinal {
                // What is missing was sent, and got lost.
                place.counter = (place.counter + 3) & 0x0f;
            }
            write(&mut writer, place, &frame);
            place.next = frame.ordinal + 1;
        }
        (0 < count).then(|| writer.into_bytes().into())
    }
}

fn write_tables(writer: &mut Writer, place: &mut Place, kind: u64) {
    let program = ts::table::Program {
        number: 1,
        pmt_pid: 4_096,
    };
    let streams = streams(kind);
    writer.section(0, &pat(&[program]), place.tables);
    writer.section(4_096, &pmt(1, streams[0].pid, &streams), place.tables);
    place.tables = (place.tables + 1) & 0x0f;
}

fn write(writer: &mut Writer, place: &mut Place, frame: &Frame) {
    let stream = streams(frame.kind)[0];
    let mut data: Vec<u8> = match (stream.stream_type, frame.key) {
        (0x24, true) => vec![0, 0, 0, 1, 0x46, 1, 0x10, 0, 0, 1, 0x26, 1, 0x88],
        (0x24, false) => vec![0, 0, 0, 1, 0x46, 1, 0x10, 0, 0, 1, 0x02, 1, 0x88],
        (_, true) => vec![0, 0, 0, 1, 9, 0xf0, 0, 0, 1, 0x65, 0x88, 0x84],
        (_, false) => vec![0, 0, 0, 1, 9, 0xf0, 0, 0, 1, 0x41, 0x9a, 0x24],
    };
    data.extend(MAGIC);
    let said = [frame.timeline.to_be_bytes(), frame.ordinal.to_be_bytes()].concat();
    data.extend(said.iter().flat_map(|it| [0x80 | it >> 4, 0x80 | it & 15]));
    let pes = Pes {
        pid: stream.pid,
        stream_id: 0xe0,
        pts: Some(frame.time),
        dts: None,
        pcr: Some(frame.time),
        random_access: frame.key,
        data: &data,
    };
    place.counter = writer.pes(&pes, place.counter);
}

/// The timeline and the place of each frame in these packets, in order.
pub(super) fn marks(chunks: &[Bytes]) -> Vec<(u64, u64)> {
    let packets = chunks.iter().flat_map(|it| it.chunks(ts::PACKET_BYTES));
    packets.filter_map(mark).collect()
}

fn mark(packet: &[u8]) -> Option<(u64, u64)> {
    let at = packet.windows(MAGIC.len()).position(|it| it == MAGIC)? + MAGIC.len();
    let halves = packet.get(at..at + MARK_BYTES)?;
    let number = |halves: &[u8]| {
        let digits = halves.iter().map(|it| u64::from(it & 15));
        digits.fold(0, |number, digit| number << 4 | digit)
    };
    let (timeline, ordinal) = halves.split_at(MARK_BYTES / 2);
    Some((number(timeline), number(ordinal)))
}
