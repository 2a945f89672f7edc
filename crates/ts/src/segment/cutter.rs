//! Where one segment ends and the next begins; takes chunks, gives segments, and never waits for more than it must.

mod decide;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::line::Line;
use super::open::{Beginning, Making, times};
use super::scanner::{Mark, Scanner, Which};
use super::sound::Sound;
use super::tail::Tail;
use super::watch::Watch;
use super::{Break, Ended, Event, Open, Options, Times, Trouble};
use crate::align::{Aligned, Aligner};
use crate::frame::Frame;
use crate::table::{Programme, Selected, Tables};
use crate::{PACKET_BYTES, Timestamp, ticks};

/// A frame is read until it is known to be a key frame or not, mostly from its first packet; so much of the body may
/// wait for that, four times what is read of the frame itself.
const UNDECIDED_BYTES_MAX: u64 = 128 << 10;

/// Less holds no key frame of today's pictures, and tables of the longest kind.
const BYTES_MAX_MIN: usize = 64 << 10;

/// So many encrypted packets of a stream without a frame in between are no accident: a second at 8 Mbit/s.
const SCRAMBLED_PACKETS_MAX: usize = 5_000;

/// Cuts a continuous body into segments.
pub struct Segmenter {
    options: Options,
    aligner: Aligner,
    programme: Programme,
    scanner: Scanner,
    watch: Watch,
    tables: Option<Arc<Tables>>,
    tail: Tail,
    hold: Hold,
    stage: Stage,
    lead: Which,
    sound: Sound,
    /// What the next segment's players must be told.
    pending: Option<Break>,
    format: Option<u64>,
    /// Where the newest frame of the lead stream begins, and when it is due.
    newest: Option<(u64, Timestamp)>,
    events: Vec<Event>,
}

/// Positions from which on it is not decided where packets belong.
#[derive(Default)]
struct Hold {
    video: Option<u64>,
    sound: Option<u64>,
    /// Something is missing here: if time jumps next, what is new begins here and not only with the next frame.
    suspect: Option<u64>,
}

enum Stage {
    /// For a frame to begin with.
    Waiting {
        /// Left out so far.
        packets: u64,
        /// The time since the first frame that was none to begin with.
        waited: Option<Line>,
        /// How time went on before.
        before: Option<Line>,
    },
    Making(Making),
}

impl Segmenter {
    /// Begins with a body's first byte.
    pub fn new(options: Options) -> Self {
        Segmenter {
            options: Options {
                longest: options.longest.max(options.target),
                bytes_max: options.bytes_max.max(BYTES_MAX_MIN),
                ..options
            },
            aligner: Aligner::default(),
            programme: Programme::default(),
            scanner: Scanner::default(),
            watch: Watch::default(),
            tables: None,
            tail: Tail::default(),
            hold: Hold::default(),
            stage: Stage::waiting(None),
            lead: Which::Video,
            sound: Sound::default(),
            pending: None,
            format: None,
            newest: None,
            events: vec![],
        }
    }

    /// Takes the next chunk, cut anywhere; gives what it completes.
    pub fn push(&mut self, chunk: &Bytes) -> Vec<Event> {
        self.watch.chunk(chunk);
        let mut aligned = vec![];
        self.aligner.push(chunk, &mut aligned);
        self.aligned(aligned);
        let searched = self.aligner.searched_bytes();
        let troubles = [
            self.watch.stream(searched, false),
            self.watch.tables(self.programme.known(), false),
        ];
        self.notice_all(troubles);
        std::mem::take(&mut self.events)
    }

    /// The body has ended; gives what is left of it. Nothing may be pushed after that.
    pub fn finish(&mut self) -> Vec<Event> {
        let mut aligned = vec![];
        self.aligner.finish(&mut aligned);
        // Of a body without a packet, none of its bytes are lost.
        if self.watch.has_packets() || !matches!(aligned[..], [Aligned::Lost { .. }]) {
            self.aligned(aligned);
        }
        let mut news = vec![];
        self.scanner.finish(&mut news);
        news.drain(..).for_each(|news| self.on(news));
        let troubles = [
            self.watch.stream(0, true),
            self.watch.tables(self.programme.known(), true),
        ];
        self.notice_all(troubles);
        let end = self.tail.end();
        self.cut(end, None, Ended::Body);
        std::mem::take(&mut self.events)
    }

    /// Ends the segment in the making with the last frame of the lead stream that is known to be whole, as when a body
    /// breaks off, or it is not known when more will come: decoders give up on half a picture. The next one begins with a
    /// key frame.
    pub fn interrupt(&mut self) -> Vec<Event> {
        let unfinished = match self.hold.of(self.lead) {
            Some(at) => Some((*at, None)),
            None => self.newest.map(|(at, time)| (at, Some(time))),
        };
        if let (Stage::Making(making), Some((at, time))) = (&mut self.stage, unfinished) {
            if making.start < at {
                making.truncate(at);
                self.cut(at, time, Ended::Break);
            } else {
                self.stage = Stage::waiting(Some(making.line));
            }
            self.settle(self.tail.end());
            self.hold = Hold::default();
        }
        std::mem::take(&mut self.events)
    }

    /// From now on segments end with the first key frame that comes so much later, and none is longer than this; the one
    /// in the making must not be longer already.
    pub fn aim(&mut self, target: Duration, longest: Duration) {
        self.options.target = target.min(longest);
        self.options.longest = longest;
    }

    /// The segment that is being received, as far as it is decided what belongs to it: mostly all but what came of the
    /// last frame's first packet.
    pub fn open(&self) -> Option<&Open> {
        match &self.stage {
            Stage::Making(making) => Some(&making.open),
            Stage::Waiting { .. } => None,
        }
    }

    fn aligned(&mut self, aligned: Vec<Aligned>) {
        let mut selected = vec![];
        for item in aligned {
            match item {
                Aligned::Packets(run) => {
                    self.watch.packets((run.len() / PACKET_BYTES) as u64);
                    self.programme.push(&run, &mut selected);
                }
                Aligned::Lost { bytes } => self.lost(bytes),
            }
            for item in selected.drain(..) {
                match item {
                    Selected::Packets(run) => self.run(&run),
                    Selected::Tables(tables) => self.change_tables(&tables),
                }
            }
        }
    }

    /// Takes packets of the programme.
    fn run(&mut self, run: &Bytes) {
        let base = self.tail.end();
        self.tail.push(run.clone());
        let mut news = vec![];
        let mut alarm = self.alarm();
        for (index, bytes) in run.as_chunks::<PACKET_BYTES>().0.iter().enumerate() {
            let at = base + (index * PACKET_BYTES) as u64;
            if alarm < at + PACKET_BYTES as u64 {
                self.relieve(at);
                alarm = self.alarm();
            }
            self.scanner.push(at, bytes, &mut news);
            if !news.is_empty() {
                news.drain(..).for_each(|news| self.on(news));
                alarm = self.alarm();
            }
        }
        let decided = self.hold.first().unwrap_or(self.tail.end());
        self.settle(decided);
        let scrambled = self.scanner.scrambled(SCRAMBLED_PACKETS_MAX);
        let trouble = scrambled.and_then(|pid| self.watch.once(Trouble::Encrypted { pid }));
        self.notice_all([trouble]);
    }

    /// The position that must not be passed without a decision.
    fn alarm(&self) -> u64 {
        let undecided = self.hold.first().map(|first| first + UNDECIDED_BYTES_MAX);
        let full = match &self.stage {
            Stage::Making(making) => {
                let room = self.options.bytes_max - making.open.opening.packets.len();
                Some(making.start + room as u64)
            }
            Stage::Waiting { .. } => None,
        };
        undecided.into_iter().chain(full).min().unwrap_or(u64::MAX)
    }

    /// Decides what must be decided before the packet at this position.
    fn relieve(&mut self, at: u64) {
        self.settle(at);
        self.hold = Hold::default();
        let full = match &self.stage {
            Stage::Making(making) => self.options.bytes_max < making.bytes() + PACKET_BYTES,
            Stage::Waiting { .. } => false,
        };
        if full {
            let line = self.cut(at, None, Ended::Bytes);
            if let Some(line) = line {
                let line = Line::from(line.end(), Some(&line));
                self.begin(self.scanner.mark(at), None, line);
            }
        }
    }

    /// What is before this position belongs to the segment in the making, or to none.
    fn settle(&mut self, until: u64) {
        let media = self.tail.take_until(until);
        match &mut self.stage {
            Stage::Making(making) => making.add(media),
            Stage::Waiting { packets, .. } => {
                let bytes: usize = media.iter().map(Bytes::len).sum();
                *packets += (bytes / PACKET_BYTES) as u64;
            }
        }
    }

    /// Ends the segment in the making before this position, at this time or with its last frame; gives its time.
    fn cut(&mut self, at: u64, time: Option<Timestamp>, ended: Ended) -> Option<Line> {
        self.settle(at);
        let making = match std::mem::replace(&mut self.stage, Stage::waiting(None)) {
            Stage::Making(making) => making,
            waiting @ Stage::Waiting { .. } => {
                self.stage = waiting;
                return None;
            }
        };
        let line = making.line;
        self.stage = Stage::waiting(Some(line));
        self.hold.suspect = None;
        let longest = ticks(self.options.longest).cast_signed();
        let end = line.until(time.unwrap_or_else(|| line.end()));
        let errors = self.scanner.take_continuity_errors();
        let segment = making.close(end.min(longest), ended, errors);
        self.events.push(Event::Cut(segment));
        Some(line)
    }

    fn begin(&mut self, mark: Mark, frame: Option<Frame>, line: Line) {
        let Some(tables) = self.tables.clone() else {
            return;
        };
        let left_out = match self.stage {
            Stage::Waiting { packets, .. } => packets,
            Stage::Making(_) => 0,
        };
        let begin = match frame {
            Some(frame) => times(&frame, mark),
            // In the middle of a frame.
            None => Times {
                pts: None,
                dts: Some(line.latest()),
                pcr: mark.pcr,
            },
        };
        let beginning = Beginning {
            mark,
            begin,
            independent: frame.is_some_and(|frame| frame.key),
            tables,
            discontinuity: self.pending.take(),
            left_out,
            line,
        };
        self.stage = Stage::Making(beginning.open());
    }

    fn notice_all(&mut self, troubles: impl IntoIterator<Item = Option<Trouble>>) {
        let troubles = troubles.into_iter().flatten();
        self.events.extend(troubles.map(Event::Noticed));
    }
}

impl Stage {
    fn waiting(before: Option<Line>) -> Stage {
        Stage::Waiting {
            packets: 0,
            waited: None,
            before,
        }
    }
}

impl Hold {
    fn of(&mut self, which: Which) -> &mut Option<u64> {
        match which {
            Which::Video => &mut self.video,
            Which::Sound => &mut self.sound,
        }
    }

    fn first(&self) -> Option<u64> {
        let positions = [self.video, self.sound, self.suspect];
        positions.into_iter().flatten().min()
    }
}
