//! Cutting a segment that is too long into parts that each can be played from their start; media is sliced, never copied.

use std::ops::{ControlFlow, Range};
use std::time::Duration;

use bytes::Bytes;

use crate::frame::{Frame, Look};
use crate::inspect::{Scan, find_tables};
use crate::packet::{Packet, each_packet};
use crate::span::Span;
use crate::table::{PAT_PID, Tables};
use crate::write::{self, Writer};
use crate::{Invalid, PACKET_BYTES, ticks};

/// Cuts a segment that is longer than `longest` into parts each no longer: at the last key frame of the lead stream
/// that is in reach, else at the frame that would be too much.
///
/// Every part begins with PAT and PMT: those that stand before the frame already, else copies of the first with the
/// counters of the last ones sent, which makes them packets sent twice, as the standard allows. A segment that need
/// not be cut is given back as it is, and so is one without timestamps. A single frame is never cut.
pub fn split(chunks: &[Bytes], longest: Duration) -> Result<Vec<Vec<Bytes>>, Invalid> {
    let tables = find_tables(chunks)?;
    let scan = Scan::over(chunks, &tables, Look::AtAll)?;
    let cuts = cuts(&scan.lead, ticks(longest));
    if cuts.is_empty() {
        return Ok(vec![chunks.to_vec()]);
    }
    let starts = starts(chunks, &tables, &cuts);
    let ends = starts
        .iter()
        .skip(1)
        .map(|start| start.packet)
        .chain([usize::MAX]);
    let part = |(start, end): (&Start, usize)| start.part(chunks, &tables, end);
    Ok(starts.iter().zip(ends).map(part).collect())
}

/// The packets with which a new part begins.
fn cuts(lead: &[Frame], longest: u64) -> Vec<usize> {
    let mut cuts = vec![];
    let mut begin = 0;
    while let Some(end) = first_too_late(&lead[begin..], longest) {
        let reach = begin + 1..=begin + end;
        let key = reach.rev().find(|index| lead[*index].key);
        begin = key.unwrap_or(begin + end);
        cuts.push(lead[begin].packet);
    }
    cuts
}

/// The index of the first frame, other than the very first, with which these frames take longer than allowed.
fn first_too_late(frames: &[Frame], longest: u64) -> Option<usize> {
    let mut span = None;
    frames.iter().enumerate().find_map(|(index, frame)| {
        span = Span::with(span, frame);
        let too_long = span
            .and_then(Span::ticks)
            .is_some_and(|ticks| longest < ticks);
        (too_long && 0 < index).then_some(index)
    })
}

/// Where a part begins and what must be put before it.
struct Start {
    packet: usize,
    /// The counters of the PAT and the PMT that were sent last; `None` where the part begins with its own tables.
    copies: Option<(u8, u8)>,
}

impl Start {
    fn part(&self, chunks: &[Bytes], tables: &Tables, end: usize) -> Vec<Bytes> {
        let media = slice(
            chunks,
            self.packet * PACKET_BYTES..end.saturating_mul(PACKET_BYTES),
        );
        match self.copies {
            Some(counters) => [vec![copies(tables, counters)], media].concat(),
            None => media,
        }
    }
}

/// What stands between two packets of media.
#[derive(Default)]
struct Gap {
    pat_at: Option<usize>,
    pmt_follows: bool,
}

/// Where the first part and the ones of these cuts begin: with the tables right before the cut if there are any.
fn starts(chunks: &[Bytes], tables: &Tables, cuts: &[usize]) -> Vec<Start> {
    let mut starts: Vec<Start> = vec![];
    let mut gap = Gap::default();
    let mut last = first_counters(chunks, tables);
    each_packet(chunks, |index, bytes| {
        let packet = Packet::new(bytes);
        match packet.pid() {
            PAT_PID => {
                last.0 = packet.continuity();
                gap = Gap {
                    pat_at: gap.pat_at.or(Some(index)),
                    ..gap
                };
            }
            pid if pid == tables.program.pmt_pid => {
                last.1 = packet.continuity();
                gap.pmt_follows |= gap.pat_at.is_some();
            }
            pid if tables.pmt.streams.iter().any(|stream| stream.pid == pid) => {
                let own = std::mem::take(&mut gap);
                let own = own.pat_at.filter(|_| own.pmt_follows);
                let copies = if own.is_none() { Some(last) } else { None };
                if starts.is_empty() {
                    starts.push(Start { packet: 0, copies });
                } else if cuts.get(starts.len() - 1) == Some(&index) {
                    starts.push(Start {
                        packet: own.unwrap_or(index),
                        copies,
                    });
                }
            }
            _ => {}
        }
        if starts.len() <= cuts.len() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    starts
}

/// The counters that PAT and PMT would have had before their first packets.
fn first_counters(chunks: &[Bytes], tables: &Tables) -> (u8, u8) {
    let before_first = |wanted: u16| {
        let mut before = 0x0f;
        each_packet(chunks, |_, bytes| {
            let packet = Packet::new(bytes);
            if packet.pid() != wanted {
                return ControlFlow::Continue(());
            }
            before = packet.continuity().wrapping_sub(1) & 0x0f;
            ControlFlow::Break(())
        });
        before
    };
    (before_first(PAT_PID), before_first(tables.program.pmt_pid))
}

/// PAT and PMT once more, so that their last packets have these counters.
fn copies(tables: &Tables, last: (u8, u8)) -> Bytes {
    let mut writer = Writer::default();
    for (pid, section, last) in [
        (PAT_PID, &tables.pat_section, last.0),
        (tables.program.pmt_pid, &tables.pmt_section, last.1),
    ] {
        let packets = write::section_packets(section);
        writer.section(pid, section, (last + 1).wrapping_sub(packets as u8) & 0x0f);
    }
    writer.into_bytes().into()
}

/// The chunks' bytes of this range, by reference.
pub(crate) fn slice(chunks: &[Bytes], range: Range<usize>) -> Vec<Bytes> {
    let mut slices = vec![];
    let mut begin = 0;
    for chunk in chunks {
        let end = begin + chunk.len();
        let (from, to) = (range.start.max(begin), range.end.min(end));
        if from < to {
            slices.push(chunk.slice(from - begin..to - begin));
        }
        begin = end;
    }
    slices
}
