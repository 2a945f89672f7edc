//! What is wrong with a body that cannot be cut, told once each; it never stops anything, for it may yet become right.

use crate::table::Known;
use crate::{LooksLike, PACKET_BYTES};

use super::Trouble;

/// Tables come several times a second; in so many packets, eight seconds at 8 Mbit/s and one at the rate of a whole transponder, they
/// would have.
const PACKETS_MAX: u64 = 40_000;

/// No packet in so many bytes: there is none. What comes before a stream is a message of a few kilobytes at most.
const SEARCH_BYTES_MAX: u64 = 64 << 10;

/// So much of a body is looked at to name what it is.
const HEAD_BYTES: usize = 4 * PACKET_BYTES;

/// Keeps what has been told.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    head: Vec<u8>,
    packets: u64,
    told: Vec<Trouble>,
}

impl Watch {
    /// Takes the next chunk.
    pub(crate) fn chunk(&mut self, chunk: &[u8]) {
        let wanted = HEAD_BYTES - self.head.len();
        self.head
            .extend_from_slice(&chunk[..chunk.len().min(wanted)]);
    }

    /// So many packets more were found.
    pub(crate) fn packets(&mut self, packets: u64) {
        self.packets += packets;
    }

    /// Whether any were found.
    pub(crate) fn has_packets(&self) -> bool {
        0 < self.packets
    }

    /// What is wrong if nothing was found in the bytes searched last, or will be, for the body has ended.
    pub(crate) fn stream(&mut self, searched_bytes: u64, ended: bool) -> Option<Trouble> {
        let hopeless = SEARCH_BYTES_MAX <= searched_bytes || ended && !self.head.is_empty();
        if self.has_packets() || !hopeless {
            return None;
        }
        let looks_like = LooksLike::guess(&self.head);
        self.once(Trouble::NotTransportStream { looks_like })
    }

    /// What is wrong if the tables have not come by now.
    pub(crate) fn tables(&mut self, known: Known, ended: bool) -> Option<Trouble> {
        if self.packets < PACKETS_MAX && !ended || self.packets == 0 {
            return None;
        }
        let trouble = match known {
            Known::Chosen => return None,
            Known::NoMedia => Trouble::NoMedia,
            Known::Pat(program) => Trouble::NoPmt {
                pid: program.pmt_pid,
            },
            Known::Nothing => Trouble::NoPat {
                packets: self.packets,
            },
        };
        self.once(trouble)
    }

    /// The trouble, if none of its kind was told.
    pub(crate) fn once(&mut self, trouble: Trouble) -> Option<Trouble> {
        let kind = std::mem::discriminant(&trouble);
        let told = |told: &Trouble| std::mem::discriminant(told) == kind;
        if self.told.iter().any(told) {
            return None;
        }
        self.told.push(trouble.clone());
        Some(trouble)
    }
}
