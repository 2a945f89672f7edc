//! Continuity counters: whether the packets of each pid follow one another; says that something is missing, never what.

use crate::packet::{NULL_PID, Packet};

/// Pids have 13 bits.
const PIDS: usize = 1 << 13;

/// The last counter of every pid.
pub struct Counters(Box<[Last; PIDS]>);

#[derive(Copy, Clone)]
enum Last {
    Unseen,
    Once(u8),
    /// A packet may be sent twice in a row, no more.
    Twice(u8),
}

impl Default for Counters {
    fn default() -> Self {
        Counters(Box::new([Last::Unseen; PIDS]))
    }
}

impl Counters {
    /// Takes the next packet of a stream; false where it does not follow on the one before of its pid.
    pub fn follows(&mut self, packet: Packet<'_>) -> bool {
        let (pid, now) = (packet.pid(), packet.continuity());
        if pid == NULL_PID {
            return true;
        }
        let last = &mut self.0[usize::from(pid)];
        let (next, follows) = match *last {
            Last::Unseen => (Last::Once(now), true),
            Last::Once(before) | Last::Twice(before) if !packet.has_payload() => {
                (*last, before == now)
            }
            Last::Once(before) if before == now => (Last::Twice(now), true),
            Last::Once(before) | Last::Twice(before) => {
                (Last::Once(now), (before + 1) & 0x0f == now)
            }
        };
        *last = if follows { next } else { Last::Once(now) };
        follows || packet.discontinuity()
    }

    /// The counter that the pid's last packet had.
    pub fn last(&self, pid: u16) -> Option<u8> {
        match self.0[usize::from(pid) % PIDS] {
            Last::Unseen => None,
            Last::Once(counter) | Last::Twice(counter) => Some(counter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PACKET_BYTES, SYNC_BYTE};

    fn follows(counters: &mut Counters, control: u8, counter: u8) -> bool {
        let mut bytes = [0; PACKET_BYTES];
        bytes[..4].copy_from_slice(&[SYNC_BYTE, 1, 0, control | counter]);
        counters.follows(Packet::new(&bytes))
    }

    #[test]
    fn a_packet_may_come_twice_but_not_three_times() {
        let mut counters = Counters::default();
        let seen = [7, 7, 8, 8, 8].map(|counter| follows(&mut counters, 0x10, counter));
        assert_eq!(seen, [true, true, true, true, false]);
    }

    #[test]
    fn a_missing_packet_is_told_once() {
        let mut counters = Counters::default();
        let seen = [15, 0, 2, 3].map(|counter| follows(&mut counters, 0x10, counter));
        assert_eq!(seen, [true, true, false, true]);
    }

    #[test]
    fn a_packet_without_payload_does_not_count() {
        let mut counters = Counters::default();
        assert!(follows(&mut counters, 0x10, 4));
        assert!(follows(&mut counters, 0x20, 4));
        assert!(follows(&mut counters, 0x10, 5));
        assert_eq!(counters.last(0x100), Some(5));
    }
}
