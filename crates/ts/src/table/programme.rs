//! One programme taken out of a stream as its tables change; passes on what may belong to it, drops what belongs to others.

use std::sync::Arc;

use bytes::Bytes;

use super::{PAT_PID, Pmt, Program, Sections, Tables, crc32, pmt, programs};
use crate::PACKET_BYTES;
use crate::packet::{NULL_PID, Packet};

/// The other programmes' tables are waited for so long, a second at 8 Mbit/s; then those that are there must do.
const CHOICE_PACKETS_MAX: u64 = 5_000;

/// Pids have 13 bits.
const PIDS: usize = 1 << 13;

/// What comes out, in the order of the stream.
#[derive(Clone, Debug)]
pub(crate) enum Selected {
    /// Whole packets.
    Packets(Bytes),
    /// The programme has these tables from here on; they differ from those before, be it only in a version.
    Tables(Arc<Tables>),
}

/// Follows the tables and takes one programme out of the stream: of those whose PMT is there when all are, or when the
/// wait is over, the first in the PAT's order that has video, else the first that has sound. It stays chosen for as
/// long as the PAT names it. Until then, and where there is but one, every packet is passed on; of several programmes,
/// those packets are dropped that only the tables of others name, and the PAT, for it names the others.
pub(crate) struct Programme {
    pat: Sections,
    pat_section: Vec<u8>,
    candidates: Vec<Candidate>,
    chosen: Option<Program>,
    /// The tables that were given out last.
    told: Option<Arc<Tables>>,
    /// What each pid is to the choice.
    kinds: Box<[Kind; PIDS]>,
    /// Packets so far, and how many they were when the PAT came.
    packets: u64,
    pat_after: u64,
    changed: bool,
}

#[derive(Copy, Clone, Eq, PartialEq, Debug)]
enum Kind {
    Kept,
    Table,
    Foreign,
}

struct Candidate {
    program: Program,
    sections: Sections,
    found: Option<(Pmt, Vec<u8>)>,
}

impl Default for Programme {
    fn default() -> Self {
        let mut kinds = Box::new([Kind::Kept; PIDS]);
        kinds[usize::from(PAT_PID)] = Kind::Table;
        Programme {
            pat: Sections::default(),
            pat_section: vec![],
            candidates: vec![],
            chosen: None,
            told: None,
            kinds,
            packets: 0,
            pat_after: 0,
            changed: false,
        }
    }
}

/// What is known of the tables.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(crate) enum Known {
    Nothing,
    /// The PAT names this programme first, and its PMT has not come.
    Pat(Program),
    /// Tables are there, and name neither video nor sound.
    NoMedia,
    Chosen,
}

impl Programme {
    /// Takes whole packets.
    pub(crate) fn push(&mut self, run: &Bytes, selected: &mut Vec<Selected>) {
        let mut kept = Kept::new(run);
        for (index, bytes) in run.as_chunks::<PACKET_BYTES>().0.iter().enumerate() {
            self.packets += 1;
            let packet = Packet::new(bytes);
            let kind = self.kinds[usize::from(packet.pid())];
            if kind == Kind::Kept {
                continue;
            }
            let tables = (kind == Kind::Table).then(|| self.read(packet)).flatten();
            if let Some(tables) = tables {
                selected.extend(kept.take_until(index));
                selected.push(Selected::Tables(tables));
            }
            if kind == Kind::Foreign || self.drops_table(packet.pid()) {
                kept.leave_out(index);
            }
        }
        selected.extend(kept.take_until(run.len() / PACKET_BYTES));
    }

    /// What is known so far.
    pub(crate) fn known(&self) -> Known {
        match (&self.chosen, self.candidates.first()) {
            (Some(_), _) => Known::Chosen,
            (None, None) => Known::Nothing,
            (None, Some(_)) if self.candidates.iter().all(|one| one.found.is_some()) => {
                Known::NoMedia
            }
            (None, Some(first)) => Known::Pat(first.program),
        }
    }

    /// Reads a table's packet; gives the programme's tables if they are others now.
    fn read(&mut self, packet: Packet<'_>) -> Option<Arc<Tables>> {
        if packet.pid() == PAT_PID {
            self.read_pat(packet);
        }
        for candidate in &mut self.candidates {
            if candidate.program.pmt_pid == packet.pid() && candidate.read(packet) {
                self.changed = true;
            }
        }
        if self.chosen.is_none() {
            self.choose();
        }
        if !std::mem::take(&mut self.changed) {
            return None;
        }
        self.sort_pids();
        let tables = Some(Arc::new(self.tables_of(self.chosen?)?));
        if self.told == tables {
            return None;
        }
        self.told.clone_from(&tables);
        tables
    }

    fn read_pat(&mut self, packet: Packet<'_>) {
        let known = &self.pat_section;
        let mut news = None;
        self.pat.push(packet, |section| {
            // Of a PAT in several sections the first counts: 253 programmes are enough to choose from.
            if section.get(6) == Some(&0) && section != known {
                let programs = programs(section).filter(|programs| !programs.is_empty());
                news = programs
                    .map(|programs| (programs, section.to_vec()))
                    .or(news.take());
            }
        });
        let Some((programs, section)) = news else {
            return;
        };
        let mut old = std::mem::take(&mut self.candidates);
        let candidate = |program: Program| {
            let known = old.iter().position(|one| one.program == program);
            known.map_or_else(|| Candidate::new(program), |index| old.swap_remove(index))
        };
        self.candidates = programs.into_iter().map(candidate).collect();
        self.pat_section = section;
        self.pat_after = self.packets;
        self.changed = true;
        let named = |chosen: &Program| self.candidates.iter().any(|one| one.program == *chosen);
        self.chosen = self.chosen.filter(named);
    }

    fn choose(&mut self) {
        let waits = self.packets - self.pat_after < CHOICE_PACKETS_MAX;
        if waits && self.candidates.iter().any(|one| one.found.is_none()) {
            return;
        }
        let has = |wanted: fn(&Pmt) -> bool| {
            let mut candidates = self.candidates.iter();
            candidates.find(|one| one.found.as_ref().is_some_and(|(pmt, _)| wanted(pmt)))
        };
        let best = has(Pmt::has_video).or_else(|| has(Pmt::has_audio));
        self.chosen = best.map(|best| best.program);
        self.changed |= self.chosen.is_some();
    }

    fn tables_of(&self, program: Program) -> Option<Tables> {
        let of = |one: &&Candidate| one.program == program;
        let (pmt, section) = self.candidates.iter().find(of)?.found.as_ref()?;
        let pat_section = if self.candidates.len() == 1 {
            self.pat_section.clone()
        } else {
            pat_of_one(&self.pat_section, program)
        };
        Some(Tables {
            program,
            pmt: pmt.clone(),
            pat_section,
            pmt_section: section.clone(),
            whole_after: 0,
        })
    }

    fn drops_table(&self, pid: u16) -> bool {
        let alone = self.candidates.len() <= 1;
        let own = |chosen: Program| pid == chosen.pmt_pid;
        !alone && self.chosen.is_some_and(|chosen| !own(chosen))
    }

    /// Which pids are tables, and which belong to others alone.
    fn sort_pids(&mut self) {
        self.kinds.fill(Kind::Kept);
        let (own, others): (Vec<_>, Vec<_>) = self
            .candidates
            .iter()
            .partition(|one| Some(one.program) == self.chosen);
        let kinds = [(others, Kind::Foreign), (own, Kind::Kept)];
        for (candidates, kind) in kinds.into_iter().filter(|_| self.chosen.is_some()) {
            let pmts = candidates.iter().filter_map(|one| one.found.as_ref());
            for pid in pmts.flat_map(|(pmt, _)| pmt.pids()) {
                self.kinds[usize::from(pid)] = kind;
            }
        }
        for candidate in &self.candidates {
            self.kinds[usize::from(candidate.program.pmt_pid)] = Kind::Table;
        }
        self.kinds[usize::from(PAT_PID)] = Kind::Table;
    }
}

/// What is kept of a run. Where packets are left out the others are copied together: a slice for each, and the memory of
/// what was left out held as long, would cost more.
struct Kept<'a> {
    run: &'a Bytes,
    from: usize,
    copy: Vec<u8>,
}

impl<'a> Kept<'a> {
    fn new(run: &'a Bytes) -> Self {
        Kept {
            run,
            from: 0,
            copy: vec![],
        }
    }

    /// Leaves out the packet of this index.
    fn leave_out(&mut self, index: usize) {
        let at = index * PACKET_BYTES;
        self.copy.extend_from_slice(&self.run[self.from..at]);
        self.from = at + PACKET_BYTES;
    }

    /// What is kept before the packet of this index and was not taken yet.
    fn take_until(&mut self, index: usize) -> Option<Selected> {
        let at = index * PACKET_BYTES;
        let rest = self.from..at;
        self.from = at;
        let packets = if self.copy.is_empty() {
            self.run.slice(rest)
        } else {
            self.copy.extend_from_slice(&self.run[rest]);
            std::mem::take(&mut self.copy).into()
        };
        (!packets.is_empty()).then_some(Selected::Packets(packets))
    }
}

impl Candidate {
    fn new(program: Program) -> Self {
        Candidate {
            program,
            sections: Sections::default(),
            found: None,
        }
    }

    /// Takes a packet of the PMT's pid; true where the PMT is there or another now.
    fn read(&mut self, packet: Packet<'_>) -> bool {
        let (found, wanted) = (&mut self.found, self.program.number);
        let mut changed = false;
        self.sections.push(packet, |section| {
            if found.as_ref().is_some_and(|(_, known)| known == section) {
                return;
            }
            if let Some(pmt) = pmt(section).filter(|pmt| pmt.program_number == wanted) {
                *found = Some((pmt, section.to_vec()));
                changed = true;
            }
        });
        changed
    }
}

impl Pmt {
    fn has_video(&self) -> bool {
        self.streams.iter().any(|stream| stream.codec.is_video())
    }

    fn has_audio(&self) -> bool {
        self.streams.iter().any(|stream| stream.codec.is_audio())
    }

    fn pids(&self) -> impl Iterator<Item = u16> {
        let streams = self.streams.iter().map(|stream| stream.pid);
        streams.chain([self.pcr_pid]).filter(|pid| *pid != NULL_PID)
    }
}

/// The PAT as it would be with this programme alone.
fn pat_of_one(pat_section: &[u8], program: Program) -> Vec<u8> {
    let ([a, b], [c, d]) = (program.number.to_be_bytes(), program.pmt_pid.to_be_bytes());
    let mut section = [&pat_section[..8], &[a, b, 0xe0 | c, d]].concat();
    section[1] &= 0xf0;
    // Five bytes of the head, a line, the CRC.
    section[2] = 5 + 4 + 4;
    // The only section: its number is 0, and so is the last one's.
    section[7] = 0;
    let crc = crc32(&section);
    section.extend_from_slice(&crc.to_be_bytes());
    section
}
