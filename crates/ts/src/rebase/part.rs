//! A whole segment made ready to be part of viewers' continuous bodies, once for all of them; judges nothing and changes nothing.

use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;

use super::heads::{Heads, Read};
use crate::inspect::find_tables;
use crate::packet::{Packet, each_packet};
use crate::segment::{Opening, Times};
use crate::table::{Codec, PAT_PID, Tables};
use crate::write::Writer;
use crate::{Facts, Invalid, PACKET_BYTES};

/// Programmes have a handful of streams; of more, nobody looks whether their counters go on.
const EDGES_MAX: usize = 64;

/// What [`Seamless`](super::Seamless) takes, of a segment that came whole: cut by somebody else, in chunks that split packets.
#[derive(Clone, Debug)]
pub struct Part {
    /// What it begins with.
    pub opening: Opening,
    /// Its packets, none split: slices of what came, and copies of the packets that two chunks shared.
    pub media: Arc<[Bytes]>,
    edges: Vec<Edge>,
}

/// A stream's counters at both ends of a segment.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
struct Edge {
    pid: u16,
    /// The counter that the stream had before, if it goes on from one.
    before: u8,
    first: u8,
    last: u8,
}

impl Part {
    /// Of a segment of which these are the facts.
    pub fn new(chunks: &[Bytes], facts: &Facts) -> Result<Part, Invalid> {
        let tables = find_tables(chunks)?;
        let mut scan = Scan::of(&tables);
        each_packet(chunks, |_, bytes| {
            scan.take(Packet::new(bytes));
            ControlFlow::Continue(())
        });
        let opening = Opening {
            packets: packets(&tables),
            begin: scan.begin.unwrap_or_default(),
            tables: Arc::new(tables),
            discontinuity: None,
            independent: facts.starts_with_key_frame,
            left_out: 0,
        };
        Ok(Part {
            opening,
            media: aligned(chunks).into(),
            edges: scan.edges,
        })
    }

    /// Whether the counters of its streams go on from those of the part before. Where a segmenter counts anew in
    /// each segment they do not, and where something was lost between the two.
    pub fn counts_on(&self, before: &Part) -> bool {
        self.edges.iter().all(|edge| {
            let before = before.edges.iter().find(|before| before.pid == edge.pid);
            // The same counter once more is a packet sent twice.
            before.is_none_or(|before| [edge.before, edge.first].contains(&before.last))
        })
    }
}

/// One look at every packet.
struct Scan {
    /// The video, and the sound: the first of them that has a frame with a time leads.
    leads: [Option<Lead>; 2],
    frames: Vec<u16>,
    edges: Vec<Edge>,
    begin: Option<Times>,
    pcr: Option<crate::Timestamp>,
    pcr_pid: u16,
}

struct Lead {
    pid: u16,
    heads: Heads,
    begin: Option<Times>,
}

impl Scan {
    fn of(tables: &Tables) -> Scan {
        let streams = &tables.pmt.streams;
        let first = |wanted: fn(Codec) -> bool| {
            let stream = streams.iter().find(|stream| wanted(stream.codec));
            stream.map(|stream| Lead {
                pid: stream.pid,
                heads: Heads::default(),
                begin: None,
            })
        };
        let framed = streams.iter().filter(|stream| stream.codec != Codec::Other);
        Scan {
            leads: [first(Codec::is_video), first(Codec::is_audio)],
            frames: framed.map(|stream| stream.pid).take(EDGES_MAX).collect(),
            edges: vec![],
            begin: None,
            pcr: None,
            pcr_pid: tables.pmt.pcr_pid,
        }
    }

    fn take(&mut self, packet: Packet<'_>) {
        if self.frames.contains(&packet.pid()) {
            self.count(packet);
        }
        // Once the video has begun, the sound need not be asked.
        let [video, sound] = &mut self.leads;
        if video.as_ref().is_some_and(|video| video.begin.is_some()) {
            return;
        }
        if packet.pid() == self.pcr_pid {
            self.pcr = packet.pcr().or(self.pcr);
        }
        let leads = [video, sound].into_iter().flatten();
        for lead in leads.filter(|lead| lead.pid == packet.pid()) {
            lead.take(packet, self.pcr);
        }
        let begins = self.leads.iter().flatten().find_map(|lead| lead.begin);
        self.begin = begins.or(self.begin);
    }

    fn count(&mut self, packet: Packet<'_>) {
        let (pid, counter) = (packet.pid(), packet.continuity());
        match self.edges.iter_mut().find(|edge| edge.pid == pid) {
            Some(edge) => edge.last = counter,
            None => self.edges.push(Edge {
                pid,
                before: counter.wrapping_sub(u8::from(packet.has_payload())) & 0x0f,
                first: counter,
                last: counter,
            }),
        }
    }
}

impl Lead {
    fn take(&mut self, packet: Packet<'_>, pcr: Option<crate::Timestamp>) {
        if self.begin.is_some() {
            return;
        }
        if let Read::Whole(head) = self.heads.read(0, packet) {
            self.begin = Some(Times {
                pts: Some(head.pts),
                dts: Some(head.due()),
                pcr,
            });
        }
    }
}

/// PAT and PMT; their counters are for whoever sends them to set.
fn packets(tables: &Tables) -> Bytes {
    let mut writer = Writer::default();
    writer.section_anew(PAT_PID, &tables.pat_section, 0);
    writer.section_anew(tables.program.pmt_pid, &tables.pmt_section, 0);
    writer.into_bytes().into()
}

/// The same bytes in chunks that split no packet.
fn aligned(chunks: &[Bytes]) -> Vec<Bytes> {
    let mut whole = Vec::with_capacity(2 * chunks.len());
    let mut split = Vec::with_capacity(PACKET_BYTES);
    for chunk in chunks {
        let mut rest = chunk.clone();
        if !split.is_empty() {
            let missing = (PACKET_BYTES - split.len()).min(rest.len());
            split.extend_from_slice(&rest.split_to(missing));
            if split.len() < PACKET_BYTES {
                continue;
            }
            whole.push(Bytes::copy_from_slice(&split));
            split.clear();
        }
        let packets = rest.split_to(rest.len() / PACKET_BYTES * PACKET_BYTES);
        if !packets.is_empty() {
            whole.push(packets);
        }
        split.extend_from_slice(&rest);
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Program, Stream};
    use crate::write::{self, Pes};
    use crate::{Timestamp, inspect};

    const VIDEO: Stream = Stream {
        pid: 256,
        stream_type: 0x1b,
        codec: Codec::H264,
    };

    /// Two frames, the first a key frame decoded at this time; the video's counters begin at `counter`.
    fn segment(dts: u64, counter: u8) -> Bytes {
        let mut writer = Writer::default();
        let program = Program {
            number: 1,
            pmt_pid: 4096,
        };
        writer.section(PAT_PID, &write::pat(&[program]), 0);
        writer.section(4096, &write::pmt(1, VIDEO.pid, &[VIDEO]), 0);
        let mut next = counter;
        for (frame, unit) in [(0, 5_u8), (1, 1)] {
            let due = dts + frame * 3600;
            let mut data = vec![0, 0, 0, 1, 0x60 | unit];
            data.resize(1000, 0x55);
            let pes = Pes {
                pid: VIDEO.pid,
                stream_id: 0xe0,
                pts: Some(Timestamp(due + 7200)),
                dts: Some(Timestamp(due)),
                pcr: Some(Timestamp(due - 900)),
                random_access: frame == 0,
                data: &data,
            };
            next = writer.pes(&pes, next);
        }
        writer.into_bytes().into()
    }

    fn part(chunks: &[Bytes]) -> Part {
        let facts = inspect(chunks).expect("a segment");
        Part::new(chunks, &facts).expect("a part")
    }

    #[test]
    fn a_part_begins_with_the_times_of_its_first_frame() {
        let part = part(&[segment(90_000, 3)]);
        let begin = Times {
            pts: Some(Timestamp(97_200)),
            dts: Some(Timestamp(90_000)),
            pcr: Some(Timestamp(89_100)),
        };
        assert_eq!(part.opening.begin, begin);
        assert!(part.opening.independent);
        assert_eq!(part.opening.tables.pmt.streams, [VIDEO]);
    }

    #[test]
    fn no_chunk_splits_a_packet_however_the_segment_came() {
        let body = segment(90_000, 3);
        for size in [1, 100, 187, 188, 189, 500, 10_000] {
            let chunks: Vec<Bytes> = body.chunks(size).map(Bytes::copy_from_slice).collect();
            let part = part(&chunks);
            assert!(part.media.iter().all(|it| it.len() % PACKET_BYTES == 0));
            assert_eq!(part.media.concat(), body, "chunks of {size}");
        }
    }

    #[test]
    fn packets_that_no_two_chunks_share_are_not_copied() {
        let body = segment(90_000, 3);
        let chunks = [body.slice(..500), body.slice(500..)];
        let part = part(&chunks);
        let shared = |it: &&Bytes| body.as_ptr_range().contains(&it.as_ptr());
        let copied = part.media.iter().filter(|it| !shared(it));
        assert_eq!(copied.map(Bytes::len).sum::<usize>(), PACKET_BYTES);
    }

    #[test]
    fn counters_that_begin_anew_do_not_count_on() {
        let first = part(&[segment(90_000, 3)]);
        let last = first.edges[0].last;
        assert!(part(&[segment(97_200, (last + 1) & 0x0f)]).counts_on(&first));
        assert!(part(&[segment(97_200, last)]).counts_on(&first));
        assert!(!part(&[segment(97_200, (last + 5) & 0x0f)]).counts_on(&first));
    }
}
