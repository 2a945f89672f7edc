//! A whole segment made ready to be part of viewers' continuous bodies, once for all of them; judges nothing and changes nothing.

use std::sync::Arc;

use bytes::Bytes;

use crate::packet::Packet;
use crate::segment::{Opening, Segment, whole};
use crate::table::{Codec, Tables};
use crate::{Invalid, PACKET_BYTES};

/// Programmes have a handful of streams; of more, nobody looks whether their counters go on.
const EDGES_MAX: usize = 64;

/// What [`Seamless`](super::Seamless) takes of a segment that is whole.
#[derive(Clone, Debug)]
pub struct Part {
    /// What it begins with.
    pub opening: Arc<Opening>,
    /// Its packets, none split: slices of what came, where two chunks do not share one.
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
    /// Of a segment, its chunks cut anywhere.
    pub fn new(chunks: &[Bytes]) -> Result<Part, Invalid> {
        let Segment { opening, media, .. } = whole(chunks)?;
        Ok(Part {
            edges: edges(&opening.tables, &media),
            opening,
            media: media.into(),
        })
    }

    /// Of a segment that was cut out of a continuous body, its media in these pieces, none of which splits a packet. The
    /// counters go on from the segment before as they did in the body.
    pub fn cut(opening: Arc<Opening>, media: Arc<[Bytes]>) -> Part {
        Part {
            opening,
            media,
            edges: vec![],
        }
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

/// Of the streams that consist of frames; the counters of others are rewritten for each viewer.
fn edges(tables: &Tables, media: &[Bytes]) -> Vec<Edge> {
    let streams = tables.pmt.streams.iter();
    let framed = streams.filter(|stream| stream.codec != Codec::Other);
    let pids: Vec<u16> = framed.map(|stream| stream.pid).take(EDGES_MAX).collect();
    let mut edges: Vec<Edge> = Vec::with_capacity(pids.len());
    let pieces = media.iter();
    for bytes in pieces.flat_map(|piece| piece.as_chunks::<PACKET_BYTES>().0) {
        let packet = Packet::new(bytes);
        let (pid, counter) = (packet.pid(), packet.continuity());
        if !pids.contains(&pid) {
            continue;
        }
        match edges.iter_mut().find(|edge| edge.pid == pid) {
            Some(edge) => edge.last = counter,
            None => edges.push(Edge {
                pid,
                before: counter.wrapping_sub(u8::from(packet.has_payload())) & 0x0f,
                first: counter,
                last: counter,
            }),
        }
    }
    edges
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;
    use crate::segment::Times;
    use crate::table::{PAT_PID, Program, Stream};
    use crate::write::{self, Pes, Writer};

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
        Part::new(chunks).expect("a part")
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
    fn counters_that_begin_anew_do_not_count_on() {
        let first = part(&[segment(90_000, 3)]);
        let last = first.edges[0].last;
        assert!(part(&[segment(97_200, (last + 1) & 0x0f)]).counts_on(&first));
        assert!(part(&[segment(97_200, last)]).counts_on(&first));
        assert!(!part(&[segment(97_200, (last + 5) & 0x0f)]).counts_on(&first));
    }
}
