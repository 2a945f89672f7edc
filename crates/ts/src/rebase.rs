//! Moving packets to another time: clock, presentation and decoding times shifted, counters carried on; nothing else is changed.

use crate::frame::{Head, HeadRead};
use crate::packet::{NULL_PID, Packet};
use crate::{PACKET_BYTES, Timestamp, write};

/// Rewrites packets one after the other.
///
/// A head of a frame that is torn over two packets keeps its times: no muxer was seen to send one.
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
        for packet in buffer.as_chunks_mut::<PACKET_BYTES>().0 {
            self.packet(packet);
        }
    }

    /// Rewrites one packet.
    pub fn packet(&mut self, bytes: &mut [u8; PACKET_BYTES]) {
        let packet = Packet::new(bytes);
        if !packet.is_synced() || packet.pid() == NULL_PID {
            return;
        }
        let counter = self.next_counter(packet);
        let clock = packet.pcr().map(|pcr| pcr.shifted(self.by));
        let times = times_at(packet);
        bytes[3] = bytes[3] & 0xf0 | counter;
        if let Some(pcr) = clock {
            let [a, b, c, d] = ((pcr.0 >> 1) as u32).to_be_bytes();
            bytes[6..10].copy_from_slice(&[a, b, c, d]);
            bytes[10] = bytes[10] & 0x7f | (pcr.0 as u8 & 1) << 7;
        }
        for (at, time) in times.into_iter().flatten() {
            let mark = bytes[at] & 0xf0;
            bytes[at..at + 5].copy_from_slice(&write::stamp(mark, time.shifted(self.by)));
        }
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

/// Where in the packet which times stand, if a frame begins in it.
fn times_at(packet: Packet<'_>) -> [Option<(usize, Timestamp)>; 2] {
    let readable = packet.starts_unit() && !packet.is_damaged() && !packet.is_scrambled();
    let payload = packet.payload();
    let start = PACKET_BYTES - payload.len();
    match Head::read(payload) {
        HeadRead::Whole(head) if readable => [
            head.pts.map(|pts| (start + 9, pts)),
            head.dts.map(|dts| (start + 14, dts)),
        ],
        _ => [None, None],
    }
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
