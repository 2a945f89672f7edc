//! The tables of a transport stream, PAT and PMT: which programme it holds, and of which streams; nothing of the media itself.

mod codec;
mod programme;
mod section;

pub use codec::Codec;
pub(crate) use programme::{Known, Programme, Selected};
pub use section::{Sections, crc32};

use crate::packet::Packet;

/// The pid of the PAT.
pub const PAT_PID: u16 = 0;

/// One elementary stream as the PMT announces it; players take any change of these for another stream.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Stream {
    /// The pid of its packets.
    pub pid: u16,
    /// The number by which the PMT names its coding.
    pub stream_type: u8,
    /// The coding, from the type and, where that is a private one, from the descriptors.
    pub codec: Codec,
}

/// A line of the PAT: where a programme's PMT is.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Program {
    /// The programme's number, never 0.
    pub number: u16,
    /// The pid of its PMT.
    pub pmt_pid: u16,
}

/// The PMT of one programme.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Pmt {
    /// The programme that it describes.
    pub program_number: u16,
    /// The pid whose packets carry the clock.
    pub pcr_pid: u16,
    /// Its streams in the order of the table.
    pub streams: Vec<Stream>,
}

/// The programmes that a PAT section names, in order; `None` where the section is no valid PAT.
pub fn programs(section: &[u8]) -> Option<Vec<Program>> {
    let body = body_of(section, 0x00)?;
    let lines = body.as_chunks::<4>().0.iter().map(|line| Program {
        number: u16::from_be_bytes([line[0], line[1]]),
        pmt_pid: u16::from_be_bytes([line[2] & 0x1f, line[3]]),
    });
    Some(lines.filter(|program| program.number != 0).collect())
}

/// What a PMT section says; `None` where the section is no valid PMT.
pub fn pmt(section: &[u8]) -> Option<Pmt> {
    let body = body_of(section, 0x02)?;
    let (fixed, rest) = body.split_at_checked(4)?;
    let mut rest = rest.get(twelve_bits(fixed[2], fixed[3])..)?;
    let mut streams = vec![];
    while let [
        stream_type,
        pid_high,
        pid_low,
        length_high,
        length_low,
        tail @ ..,
    ] = rest
    {
        let length = twelve_bits(*length_high, *length_low);
        let descriptors = tail.get(..length)?;
        streams.push(Stream {
            pid: u16::from_be_bytes([pid_high & 0x1f, *pid_low]),
            stream_type: *stream_type,
            codec: Codec::of(*stream_type, descriptors),
        });
        rest = &tail[length..];
    }
    Some(Pmt {
        program_number: u16::from_be_bytes([section[3], section[4]]),
        pcr_pid: u16::from_be_bytes([fixed[0] & 0x1f, fixed[1]]),
        streams,
    })
}

/// What stands between the common head and the CRC of a section that is whole, sound and in force.
fn body_of(section: &[u8], table_id: u8) -> Option<&[u8]> {
    let sound = 12 <= section.len() && section[0] == table_id && section[1] & 0x80 != 0;
    let in_force = sound && section[5] & 1 == 1;
    if !in_force || crc32(section) != 0 {
        return None;
    }
    Some(&section[8..section.len() - 4])
}

fn twelve_bits(high: u8, low: u8) -> usize {
    usize::from(high & 0x0f) << 8 | usize::from(low)
}

/// The tables of the first programme whose PMT is there, found by looking at packets one after the other.
#[derive(Default)]
pub struct Finder {
    pat: Sections,
    pat_section: Option<Vec<u8>>,
    candidates: Vec<Candidate>,
    packets: usize,
}

struct Candidate {
    program: Program,
    sections: Sections,
    found: Option<(Pmt, Vec<u8>)>,
    /// Packets that were looked at until the PMT was whole.
    found_after: usize,
}

/// Both tables of a programme, with their sections as they were sent.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Tables {
    /// Where the PMT is.
    pub program: Program,
    /// The PMT.
    pub pmt: Pmt,
    /// The PAT's section, CRC included.
    pub pat_section: Vec<u8>,
    /// The PMT's section, CRC included.
    pub pmt_section: Vec<u8>,
    /// How many packets were looked at until both were whole.
    pub whole_after: usize,
}

impl Finder {
    /// Takes the next packet; true once the PAT and the PMT of its first programme are there.
    pub fn push(&mut self, packet: Packet<'_>) -> bool {
        let pid = packet.pid();
        self.packets += 1;
        if pid == PAT_PID && self.pat_section.is_none() {
            self.read_pat(packet);
        }
        for candidate in &mut self.candidates {
            if candidate.program.pmt_pid == pid && candidate.found.is_none() {
                candidate.read(packet);
                candidate.found_after = self.packets;
            }
        }
        self.candidates
            .first()
            .is_some_and(|first| first.found.is_some())
    }

    /// Whether a PAT was found, be it without its PMT.
    pub fn has_pat(&self) -> bool {
        self.pat_section.is_some()
    }

    /// The first programme that was named.
    pub fn first_program(&self) -> Option<Program> {
        self.candidates.first().map(|candidate| candidate.program)
    }

    /// The tables of the first programme that has both.
    pub fn into_tables(self) -> Option<Tables> {
        let pat_section = self.pat_section?;
        self.candidates.into_iter().find_map(|candidate| {
            let (pmt, section) = candidate.found?;
            Some(Tables {
                program: candidate.program,
                pmt,
                pat_section: pat_section.clone(),
                pmt_section: section,
                whole_after: candidate.found_after,
            })
        })
    }

    fn read_pat(&mut self, packet: Packet<'_>) {
        let (pat, kept, candidates) = (&mut self.pat, &mut self.pat_section, &mut self.candidates);
        pat.push(packet, |section| match programs(section) {
            Some(programs) if kept.is_none() && !programs.is_empty() => {
                *kept = Some(section.to_vec());
                candidates.extend(programs.into_iter().map(Candidate::new));
            }
            _ => {}
        });
    }
}

impl Candidate {
    fn new(program: Program) -> Self {
        Candidate {
            program,
            sections: Sections::default(),
            found: None,
            found_after: 0,
        }
    }

    fn read(&mut self, packet: Packet<'_>) {
        let (found, wanted) = (&mut self.found, self.program.number);
        self.sections.push(packet, |section| match pmt(section) {
            Some(pmt) if found.is_none() && pmt.program_number == wanted => {
                *found = Some((pmt, section.to_vec()));
            }
            _ => {}
        });
    }
}
