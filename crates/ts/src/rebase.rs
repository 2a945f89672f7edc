//! Moving packets to another time: clock, presentation and decoding times shifted, counters carried on; nothing else is changed.

mod heads;
mod line;
mod part;
mod seamless;

use heads::{Heads, Read};
pub use part::Part;
pub use seamless::Seamless;

use crate::packet::{NULL_PID, Packet};
use crate::{PACKET_BYTES, Timestamp};

/// Rewrites packets in place, one after the other; a head of a frame may be torn over packets of the same buffer.
#[derive(Clone, Default, Debug)]
pub struct Rebase {
    /// Ticks of 90 kHz by which all times are moved, back where they are negative.
    pub by: i64,
    counters: Vec<Counter>,
}

#[derive(Copy, Clone, Debug)]
struct Counter {
    pid: u16,
    /// What the last packet came with; two of the same in a row are one packet sent twice.
    came_with: Option<u8>,
    left_with: u8,
}

impl Rebase {
    /// Moves times by so many ticks; the counters of each pid go on from its first packet.
    pub fn by(ticks: i64) -> Self {
        Rebase {
            by: ticks,
            counters: vec![],
        }
    }

    /// Lets the next packet of a pid have this counter, whatever it comes with.
    pub fn count_from(&mut self, pid: u16, next: u8) {
        let left_with = next.wrapping_sub(1) & 0x0f;
        let counter = Counter {
            pid,
            came_with: None,
            left_with,
        };
        match self.counters.iter_mut().find(|counter| counter.pid == pid) {
            Some(known) => *known = counter,
            None => self.counters.push(counter),
        }
    }

    /// Rewrites every whole packet of the buffer.
    pub fn packets(&mut self, buffer: &mut [u8]) {
        let mut heads = Heads::default();
        let packets = buffer.as_chunks_mut::<PACKET_BYTES>().0;
        for number in 0..packets.len() {
            let Some(read) = self.rewrite(&mut packets[number], &mut heads, number) else {
                continue;
            };
            if let Read::Whole(head) = read {
                for (packet, at, byte) in head.moved(self.by) {
                    packets[packet][at] = byte;
                }
            }
        }
    }

    /// Rewrites one packet; a head whose times go on in another one keeps them.
    pub fn packet(&mut self, bytes: &mut [u8; PACKET_BYTES]) {
        self.packets(bytes);
    }

    /// Rewrites counter and clock of the packet of this number; gives what it says of a frame's head.
    fn rewrite(
        &mut self,
        bytes: &mut [u8; PACKET_BYTES],
        heads: &mut Heads,
        number: usize,
    ) -> Option<Read> {
        let packet = Packet::new(bytes);
        if !packet.is_synced() || packet.pid() == NULL_PID {
            return None;
        }
        let counter = self.next_counter(packet);
        let clock = packet.pcr().map(|pcr| pcr.shifted(self.by));
        let read = heads.read(number, packet);
        set_counter(bytes, counter);
        if let Some(clock) = clock {
            set_clock(bytes, clock);
        }
        Some(read)
    }

    fn next_counter(&mut self, packet: Packet<'_>) -> u8 {
        let (pid, came_with) = (packet.pid(), packet.continuity());
        let known = self.counters.iter_mut().find(|counter| counter.pid == pid);
        let Some(counter) = known else {
            self.counters.push(Counter {
                pid,
                came_with: Some(came_with),
                left_with: came_with,
            });
            return came_with;
        };
        let counts = packet.has_payload() && counter.came_with != Some(came_with);
        counter.left_with = (counter.left_with + u8::from(counts)) & 0x0f;
        counter.came_with = Some(came_with);
        counter.left_with
    }
}

fn set_counter(bytes: &mut [u8; PACKET_BYTES], counter: u8) {
    bytes[3] = bytes[3] & 0xf0 | counter;
}

/// Writes the clock where one stands; its finer part stays as it is.
fn set_clock(bytes: &mut [u8; PACKET_BYTES], clock: Timestamp) {
    let [a, b, c, d] = ((clock.0 >> 1) as u32).to_be_bytes();
    bytes[6..10].copy_from_slice(&[a, b, c, d]);
    bytes[10] = bytes[10] & 0x7f | (clock.0 as u8 & 1) << 7;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::write::{Pes, Writer};

    fn frame(pts: u64, counter: u8) -> Vec<u8> {
        let mut writer = Writer::default();
        let pes = Pes {
            pid: 256,
            stream_id: 0xe0,
            pts: Some(Timestamp(pts + 7)),
            dts: Some(Timestamp(pts)),
            pcr: Some(Timestamp(pts - 5)),
            random_access: true,
            data: &[1; 400],
        };
        writer.pes(&pes, counter);
        writer.into_bytes()
    }

    #[test]
    fn a_moved_frame_is_the_frame_written_at_that_time() {
        let mut moved = frame(90_000, 3);
        let mut rebase = Rebase::by(-45_000);
        rebase.count_from(256, 15);
        rebase.packets(&mut moved);
        assert_eq!(moved, frame(45_000, 15));
    }

    #[test]
    fn times_wrap_and_stay_33_bits() {
        let wrap = 1_i64 << 33;
        let mut moved = frame(90_000, 0);
        Rebase::by(wrap - 10).packets(&mut moved);
        assert_eq!(moved, frame(89_990, 0));
    }

    #[test]
    fn a_packet_sent_twice_stays_one_packet_sent_twice() {
        let once = frame(90_000, 3);
        let mut twice: Vec<u8> = [&once[..188], &once[..188], &once[188..]].concat();
        let mut rebase = Rebase::by(0);
        rebase.count_from(256, 9);
        rebase.packets(&mut twice);
        let counters: Vec<u8> = twice.chunks(188).map(|packet| packet[3] & 0x0f).collect();
        assert_eq!(counters, [9, 9, 10, 11]);
    }
}
