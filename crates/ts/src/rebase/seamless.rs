//! One viewer's continuous body, put together of segments so that no seam shows; shares every packet that need not change.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::heads::{Head, Heads, Read, times};
use super::line::Line;
use super::{set_clock, set_counter};
use crate::packet::{NULL_PID, Packet};
use crate::segment::{Break, Opening, Times};
use crate::table::{Codec, PAT_PID, Stream, Tables, crc32};
use crate::write::Writer;
use crate::{CLOCK_HZ, PACKET_BYTES, Timestamp};

/// Packets between the two parts of a torn head; behind so many it is passed on with its times as they are.
const HELD_PACKETS_MAX: usize = 512;

/// Programmes have a handful of streams; the counters of more are passed on as they are.
const LINES_MAX: usize = 64;

/// What a stream's parts are apart in time; more is not an order to keep but a fault of the source.
const APART_TICKS_MAX: i64 = 10 * CLOCK_HZ.cast_signed();

/// Makes one body of segments, from whatever sources, wherever the viewer is moved.
///
/// Behind a seam (a jump of time, another source, a place that the viewer was moved to) all times are moved by the same
/// distance, such that the first frame is decoded right behind the last one of before, shown behind all that was shown, and sent behind the
/// clock; across the 33 bits. Every stream begins there with a frame of its own; sound that was sent already for that time is
/// left out. Counters go on: those of frames by packets put in between, at most 15 a stream and seam, all others by
/// being rewritten. PAT and PMT are those of the segments' beginnings, with a version that rises when they change; the
/// source's own in between are left out.
///
/// Until the first seam, nothing but tables is copied; behind it, packets that hold a time: some in a hundred. A viewer takes
/// less than 200 bytes, and 100 more for each stream.
#[derive(Clone, Debug, Default)]
pub struct Seamless {
    by: i64,
    tables: Option<Arc<Tables>>,
    version: u8,
    lines: Vec<Line>,
    clock: Option<Timestamp>,
    heads: Heads,
    /// What came since the beginning of a torn head, packet by packet.
    held: Vec<Bytes>,
}

impl Seamless {
    /// Begins with a segment, or goes on with the one behind the last; where time jumps between them is a seam.
    pub fn next(&mut self, opening: &Opening, out: &mut Vec<Bytes>) {
        let jumps = matches!(opening.discontinuity, Some(Break::TimeJump { .. }));
        self.enter(opening, opening.begin, jumps, out);
    }

    /// Goes on with something else: a segment of another source, from `opening.begin` on, or one that does not come next, from
    /// one of its key frames on.
    pub fn join(&mut self, opening: &Opening, begin: Times, out: &mut Vec<Bytes>) {
        self.enter(opening, begin, true, out);
    }

    /// Passes on the next bytes of the segment's media: whole packets, as segments hold them.
    pub fn media(&mut self, chunk: &Bytes, out: &mut Vec<Bytes>) {
        let packets = chunk.as_chunks::<PACKET_BYTES>().0;
        let (mut from, mut index) = (0, 0);
        loop {
            if self.held.is_empty() {
                index += self.pass_middles(&packets[index..]);
            }
            let Some(bytes) = packets.get(index) else {
                break;
            };
            let at = index * PACKET_BYTES;
            index += 1;
            let behind = at + PACKET_BYTES;
            let passed = self.pass(bytes);
            if let (Passed::Same, true) = (&passed, self.held.is_empty()) {
                continue;
            }
            share(chunk.slice(from..at), out);
            from = behind;
            match passed {
                Passed::Same => self.held.push(chunk.slice(at..behind)),
                Passed::LeftOut => {}
                Passed::Changed { before, packet } => {
                    let holds = self.heads.is_torn() || !self.held.is_empty();
                    share(before.unwrap_or_default(), self.sink(out));
                    let sink = if holds { &mut self.held } else { &mut *out };
                    sink.push(packet);
                }
            }
            if !self.heads.is_torn() || HELD_PACKETS_MAX <= self.held.len() {
                self.release(out);
            }
        }
        share(chunk.slice(from..), out);
    }

    /// Takes the packets up to the first that is not the middle of a frame; most are. There is nothing to be read or
    /// changed in them: one by one, they cost as much as sending them.
    fn pass_middles(&mut self, packets: &[[u8; PACKET_BYTES]]) -> usize {
        let mut known = None;
        for (count, bytes) in packets.iter().enumerate() {
            let packet = Packet::new(bytes);
            let pid = packet.pid();
            if pid == NULL_PID {
                continue;
            }
            if known.is_none_or(|(known, _)| known != pid) {
                let mut lines = self.lines.iter();
                let line = lines.position(|line| line.pid == pid && line.goes_on());
                known = line.filter(|_| !self.is_table(pid)).map(|line| (pid, line));
            }
            match known {
                Some((_, line)) if packet.is_payload_alone() => {
                    self.lines[line].counter = Some(packet.continuity());
                }
                _ => return count,
            }
        }
        packets.len()
    }

    /// Takes a packet, and says what becomes of it.
    fn pass(&mut self, bytes: &[u8; PACKET_BYTES]) -> Passed {
        let packet = Packet::new(bytes);
        if packet.pid() == NULL_PID || packet.is_damaged() {
            return Passed::Same;
        }
        if self.is_table(packet.pid()) {
            return Passed::LeftOut;
        }
        let by = self.by;
        let (mut counter, mut before) = (packet.continuity(), None);
        let line = self.line(packet.pid());
        if let Some(line) = line.map(|index| &mut self.lines[index]) {
            if line.begins_amiss(packet, by) {
                return Passed::LeftOut;
            }
            (counter, before) = line.count(packet);
        }
        let changed = counter != packet.continuity() || before.is_some();
        let mut copy = *bytes;
        set_counter(&mut copy, counter);
        let timed = if by == 0 {
            self.note_times(packet, line);
            false
        } else {
            let number = self.held.len() + usize::from(before.is_some() && !self.held.is_empty());
            self.move_times(packet, line, number, &mut copy)
        };
        if !changed && !timed {
            return Passed::Same;
        }
        let packet = Bytes::copy_from_slice(&copy);
        Passed::Changed { before, packet }
    }

    /// Notes the times of a packet that keeps them.
    fn note_times(&mut self, packet: Packet<'_>, line: Option<usize>) {
        self.clock = packet.pcr().or(self.clock);
        if let (Some((pts, dts)), Some(line)) = (times(packet), line) {
            self.lines[line].take(dts.unwrap_or(pts), pts);
        }
    }

    /// Notes the times of a packet as they are moved, and writes them to its copy; false where it has none.
    fn move_times(
        &mut self,
        packet: Packet<'_>,
        line: Option<usize>,
        number: usize,
        copy: &mut [u8; PACKET_BYTES],
    ) -> bool {
        let by = self.by;
        let read = self.heads.read(number, packet);
        let clock = packet.pcr().map(|pcr| pcr.shifted(by));
        self.clock = clock.or(self.clock);
        if let Some(clock) = clock {
            set_clock(copy, clock);
        }
        if let Read::Whole(head) = &read {
            if let Some(line) = line {
                let shown = head.pts.shifted(by);
                self.lines[line].take(head.due().shifted(by), shown);
            }
            self.write_head(head, number, copy);
        }
        clock.is_some() || !matches!(read, Read::Nothing)
    }

    /// Writes the moved times where they stand: in this packet, and in held ones where the head is torn.
    fn write_head(&mut self, head: &Head, number: usize, packet: &mut [u8; PACKET_BYTES]) {
        for (place, at, byte) in head.moved(self.by) {
            if place == number {
                packet[at] = byte;
            } else if let Some(held) = self.held.get_mut(place) {
                let mut copy = BytesMut::from(&held[..]);
                copy[at] = byte;
                *held = copy.freeze();
            }
        }
    }

    fn enter(&mut self, opening: &Opening, begin: Times, seam: bool, out: &mut Vec<Bytes>) {
        if seam {
            self.release(out);
            self.by = self.distance(begin).unwrap_or(self.by);
            self.lines.iter_mut().for_each(Line::begin_anew);
        }
        let sections = |tables: &Tables| (tables.pat_section.clone(), tables.pmt_section.clone());
        let before = self.tables.replace(opening.tables.clone());
        if before.is_some_and(|before| sections(&before) != sections(&opening.tables)) {
            self.version = (self.version + 1) & 0x1f;
        }
        for line in &mut self.lines {
            line.frames = has_frames(&opening.tables, line.pid);
        }
        let tables = self.table_packets(&opening.tables);
        self.sink(out).push(tables);
    }

    /// By how much times must be moved so that what begins at these follows on what was sent.
    fn distance(&self, begin: Times) -> Option<i64> {
        let streams = &self.tables.as_ref()?.pmt.streams;
        let next = |wanted: fn(&Stream) -> bool| {
            let mut streams = streams.iter().filter(|stream| wanted(stream));
            streams.find_map(|stream| {
                self.lines
                    .iter()
                    .find(|line| line.pid == stream.pid)?
                    .next()
            })
        };
        let next = next(|stream| stream.codec.is_video()).or_else(|| next(|_| true));
        let (due, shown) = next?;
        let by = begin.dts?.offset_to(due);
        let late = |time: Option<Timestamp>, wanted: Timestamp| {
            let late = time.map_or(0, |time| time.shifted(by).offset_to(wanted));
            if APART_TICKS_MAX < late {
                0
            } else {
                late.max(0)
            }
        };
        let clock = self.clock.map_or(0, |clock| late(begin.pcr, clock));
        Some(by + late(begin.pts, shown).max(clock))
    }

    fn table_packets(&mut self, tables: &Tables) -> Bytes {
        let mut writer = Writer::default();
        let sections = [
            (PAT_PID, &tables.pat_section),
            (tables.program.pmt_pid, &tables.pmt_section),
        ];
        for (pid, section) in sections {
            let line = self.line(pid);
            let counter = line.and_then(|index| self.lines[index].counter);
            let next = counter.map_or(0, |counter| (counter + 1) & 0x0f);
            let next = writer.section(pid, &with_version(section, self.version), next);
            if let Some(index) = line {
                self.lines[index].counter = Some(next.wrapping_sub(1) & 0x0f);
            }
        }
        writer.into_bytes().into()
    }

    fn is_table(&self, pid: u16) -> bool {
        let pmt = self.tables.as_ref().map(|tables| tables.program.pmt_pid);
        pid == PAT_PID || Some(pid) == pmt
    }

    /// The line of a pid, a new one if it has none.
    fn line(&mut self, pid: u16) -> Option<usize> {
        let known = self.lines.iter().position(|line| line.pid == pid);
        if known.is_some() || LINES_MAX <= self.lines.len() {
            return known;
        }
        let tables = self.tables.as_ref();
        let frames = tables.is_some_and(|tables| has_frames(tables, pid));
        self.lines.push(Line::new(pid, frames));
        Some(self.lines.len() - 1)
    }

    /// Where what comes next goes, so that it stays behind what is held.
    fn sink<'a>(&'a mut self, out: &'a mut Vec<Bytes>) -> &'a mut Vec<Bytes> {
        if self.held.is_empty() {
            out
        } else {
            &mut self.held
        }
    }

    fn release(&mut self, out: &mut Vec<Bytes>) {
        out.append(&mut self.held);
        self.heads.give_up();
    }
}

enum Passed {
    Same,
    LeftOut,
    Changed {
        /// To be sent before it.
        before: Option<Bytes>,
        packet: Bytes,
    },
}

fn share(bytes: Bytes, out: &mut Vec<Bytes>) {
    if !bytes.is_empty() {
        out.push(bytes);
    }
}

/// Whether the stream's packets carry frames and nothing else, so that what is put between two frames means nothing.
fn has_frames(tables: &Tables, pid: u16) -> bool {
    let mut streams = tables.pmt.streams.iter();
    streams.any(|stream| stream.pid == pid && stream.codec != Codec::Other)
}

fn with_version(section: &[u8], version: u8) -> Vec<u8> {
    let mut section = section[..section.len() - 4].to_vec();
    section[5] = section[5] & 0xc1 | version << 1;
    let crc = crc32(&section);
    section.extend_from_slice(&crc.to_be_bytes());
    section
}
