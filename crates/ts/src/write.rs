//! Building packets: tables with their CRC, frames with their times, stuffing; knows no media and checks none.

use crate::table::{Program, Stream, crc32};
use crate::{PACKET_BYTES, SYNC_BYTE, Timestamp};

/// Bytes of a packet behind its fixed header.
const ROOM: usize = PACKET_BYTES - 4;

/// The longest frame whose length a PES header can hold; longer ones say "unknown", as video always may.
const COUNTED_BYTES_MAX: usize = u16::MAX as usize;

/// Packets in the making; counters are the caller's, for only it knows what came before.
#[derive(Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

/// One frame to be sent.
#[derive(Copy, Clone, Debug)]
pub struct Pes<'a> {
    /// The pid of its packets.
    pub pid: u16,
    /// 0xE0 for video, 0xC0 for sound, 0xBD for private streams.
    pub stream_id: u8,
    /// When it is shown.
    pub pts: Option<Timestamp>,
    /// When it is decoded, where that is another time; not sent without `pts`.
    pub dts: Option<Timestamp>,
    /// The programme clock, sent with the first packet.
    pub pcr: Option<Timestamp>,
    /// Whether the first packet announces that decoding can start here.
    pub random_access: bool,
    /// The frame itself.
    pub data: &'a [u8],
}

impl Writer {
    /// Adds the packets of a table; gives back the counter for the pid's next packet.
    pub fn section(&mut self, pid: u16, section: &[u8], continuity: u8) -> u8 {
        self.section_behind(&[], pid, section, continuity)
    }

    /// The same, announcing that the pid's counter begins anew.
    pub fn section_anew(&mut self, pid: u16, section: &[u8], continuity: u8) -> u8 {
        self.section_behind(&[1, 0x80], pid, section, continuity)
    }

    /// Adds a table, the first packet with this adaptation field, length byte first.
    fn section_behind(&mut self, field: &[u8], pid: u16, section: &[u8], continuity: u8) -> u8 {
        let pointed: Vec<u8> = [&[0], section].concat();
        let (mut field, mut rest) = (field, &pointed[..]);
        let mut counter = continuity;
        while !rest.is_empty() {
            let (piece, later) = rest.split_at(rest.len().min(ROOM - field.len()));
            let control = if field.is_empty() { 0x10 } else { 0x30 };
            self.header(pid, rest.len() == pointed.len(), control, counter);
            self.bytes.extend_from_slice(field);
            self.bytes.extend_from_slice(piece);
            self.fill(ROOM - field.len() - piece.len());
            (field, rest) = (&[], later);
            counter = (counter + 1) & 0x0f;
        }
        counter
    }

    /// Adds the packets of a frame; gives back the counter for the pid's next packet.
    pub fn pes(&mut self, pes: &Pes<'_>, continuity: u8) -> u8 {
        let head = pes.head();
        let (mut head, mut data) = (&head[..], pes.data);
        let mut adaptation = pes.adaptation();
        let (mut counter, mut first) = (continuity, true);
        while first || !head.is_empty() || !data.is_empty() {
            let rest = head.len() + data.len();
            let taken = rest.min(ROOM - adaptation.len());
            let stuffing = ROOM - adaptation.len() - taken;
            let control = if adaptation.is_empty() && stuffing == 0 {
                0x10
            } else {
                0x30
            };
            self.header(pes.pid, first, control, counter);
            self.adaptation(&adaptation, stuffing);
            let (head_now, head_later) = head.split_at(taken.min(head.len()));
            let (data_now, data_later) = data.split_at(taken - head_now.len());
            self.bytes.extend_from_slice(head_now);
            self.bytes.extend_from_slice(data_now);
            (head, data, first) = (head_later, data_later, false);
            adaptation.clear();
            counter = (counter + 1) & 0x0f;
        }
        counter
    }

    /// Adds a packet that means nothing.
    pub fn null(&mut self) {
        self.header(crate::packet::NULL_PID, false, 0x10, 0);
        self.fill(ROOM);
    }

    /// The packets so far.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn header(&mut self, pid: u16, starts_unit: bool, control: u8, counter: u8) {
        let [high, low] = (pid & 0x1fff).to_be_bytes();
        let start = if starts_unit { 0x40 } else { 0 };
        self.bytes
            .extend_from_slice(&[SYNC_BYTE, start | high, low, control | (counter & 0x0f)]);
    }

    /// An adaptation field of these bytes, length byte first, made longer by the stuffing.
    fn adaptation(&mut self, field: &[u8], stuffing: usize) {
        match (field, stuffing) {
            ([], 0) => {}
            ([], 1) => self.bytes.push(0),
            ([], more) => {
                self.bytes.extend_from_slice(&[more as u8 - 1, 0]);
                self.fill(more - 2);
            }
            ([length, body @ ..], more) => {
                self.bytes.push(length + more as u8);
                self.bytes.extend_from_slice(body);
                self.fill(more);
            }
        }
    }

    fn fill(&mut self, count: usize) {
        self.bytes.resize(self.bytes.len() + count, 0xff);
    }
}

impl Pes<'_> {
    fn head(&self) -> Vec<u8> {
        let mut fields = vec![];
        let flags = match (self.pts, self.dts) {
            (Some(pts), Some(dts)) => {
                fields.extend_from_slice(&stamp(0x30, pts));
                fields.extend_from_slice(&stamp(0x10, dts));
                0xc0
            }
            (Some(pts), None) => {
                fields.extend_from_slice(&stamp(0x20, pts));
                0x80
            }
            (None, _) => 0,
        };
        let counted = 3 + fields.len() + self.data.len();
        let length = if COUNTED_BYTES_MAX < counted {
            0
        } else {
            counted as u16
        };
        let [high, low] = length.to_be_bytes();
        let mut head = vec![
            0,
            0,
            1,
            self.stream_id,
            high,
            low,
            0x80,
            flags,
            fields.len() as u8,
        ];
        head.append(&mut fields);
        head
    }

    /// The adaptation field of the first packet, length byte first; empty where nothing is to be said.
    fn adaptation(&self) -> Vec<u8> {
        let access = if self.random_access { 0x40 } else { 0 };
        match self.pcr {
            Some(pcr) => {
                let [a, b, c, d] = ((pcr.0 >> 1) as u32).to_be_bytes();
                vec![
                    7,
                    access | 0x10,
                    a,
                    b,
                    c,
                    d,
                    (pcr.0 as u8 & 1) << 7 | 0x7e,
                    0,
                ]
            }
            None if self.random_access => vec![1, access],
            None => vec![],
        }
    }
}

/// A timestamp as five bytes; the mark says which of the two it is.
pub(crate) fn stamp(mark: u8, time: Timestamp) -> [u8; 5] {
    let bits = |shift: u32| (time.0 >> shift) as u8;
    [
        mark | (bits(30) & 0x07) << 1 | 1,
        bits(22),
        bits(15) << 1 | 1,
        bits(7),
        bits(0) << 1 | 1,
    ]
}

/// How many packets a section takes.
pub fn section_packets(section: &[u8]) -> usize {
    (1 + section.len()).div_ceil(ROOM)
}

/// How many packets a section takes where the first one announces that the pid's counter begins anew.
pub fn section_anew_packets(section: &[u8]) -> usize {
    (2 + 1 + section.len()).div_ceil(ROOM)
}

/// The section of a PAT.
pub fn pat(programs: &[Program]) -> Vec<u8> {
    let lines = programs.iter().flat_map(|program| {
        let ([a, b], [c, d]) = (program.number.to_be_bytes(), program.pmt_pid.to_be_bytes());
        [a, b, 0xe0 | c, d]
    });
    section(0x00, 1, &lines.collect::<Vec<u8>>())
}

/// The section of a PMT whose streams need no descriptors.
pub fn pmt(program_number: u16, pcr_pid: u16, streams: &[Stream]) -> Vec<u8> {
    let [high, low] = pcr_pid.to_be_bytes();
    let mut body = vec![0xe0 | high, low, 0xf0, 0];
    for stream in streams {
        let [high, low] = stream.pid.to_be_bytes();
        body.extend_from_slice(&[stream.stream_type, 0xe0 | high, low, 0xf0, 0]);
    }
    section(0x02, program_number, &body)
}

fn section(table_id: u8, id: u16, body: &[u8]) -> Vec<u8> {
    let [length_high, length_low] = (body.len() as u16 + 9).to_be_bytes();
    let [id_high, id_low] = id.to_be_bytes();
    let head = [
        table_id,
        0xb0 | length_high,
        length_low,
        id_high,
        id_low,
        0xc1,
        0,
        0,
    ];
    let mut section = [&head[..], body].concat();
    let crc = crc32(&section);
    section.extend_from_slice(&crc.to_be_bytes());
    section
}
