//! Sections out of packets: a table may begin anywhere in a packet, share it, or need several; what is broken is dropped.

use crate::packet::Packet;

/// The longest length that a section can state, and its head. Those of PAT and PMT keep to 1,024 by the standard, which
/// is not every muxer's.
const SECTION_BYTES_MAX: usize = 3 + 0x0fff;

/// Gathers the sections of one pid.
#[derive(Default)]
pub struct Sections {
    gathered: Vec<u8>,
    started: bool,
}

impl Sections {
    /// Takes the pid's next packet and calls `found` with every section that it completes, sound or not.
    pub fn push(&mut self, packet: Packet<'_>, mut found: impl FnMut(&[u8])) {
        if packet.is_damaged() || packet.is_scrambled() {
            self.reset();
            return;
        }
        let payload = packet.payload();
        if !packet.starts_unit() {
            self.extend(payload, &mut found);
            return;
        }
        let split = payload
            .split_first()
            .and_then(|(pointer, rest)| rest.split_at_checked(usize::from(*pointer)));
        match split {
            Some((end, start)) => {
                self.extend(end, &mut found);
                self.reset();
                self.started = true;
                self.extend(start, &mut found);
            }
            None => self.reset(),
        }
    }

    fn extend(&mut self, bytes: &[u8], found: &mut impl FnMut(&[u8])) {
        if !self.started {
            return;
        }
        self.gathered.extend_from_slice(bytes);
        while let [table_id, high, low, ..] = self.gathered[..] {
            let section_bytes = 3 + (usize::from(high & 0x0f) << 8 | usize::from(low));
            if table_id == 0xff || SECTION_BYTES_MAX < section_bytes {
                self.reset();
                return;
            }
            if self.gathered.len() < section_bytes {
                return;
            }
            found(&self.gathered[..section_bytes]);
            self.gathered.drain(..section_bytes);
        }
    }

    fn reset(&mut self) {
        self.gathered.clear();
        self.started = false;
    }
}

/// The CRC that ends every section; zero over a section with its CRC.
pub fn crc32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, byte| {
        crc << 8 ^ CRC_TABLE[usize::from((crc >> 24) as u8 ^ byte)]
    })
}

const CRC_TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut value = (index as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 0x8000_0000 == 0 {
                value << 1
            } else {
                value << 1 ^ 0x04c1_1db7
            };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
};
