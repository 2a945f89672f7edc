//! One packet of 188 bytes, and finding packets in chunks that split them anywhere; no length in a packet is believed.

use std::ops::ControlFlow;

use bytes::Bytes;

use crate::{PACKET_BYTES, SYNC_BYTE, Timestamp};

/// The pid of packets that only fill the line.
pub const NULL_PID: u16 = 0x1fff;

/// A view of a packet's header; every method answers something sane for arbitrary bytes.
#[derive(Copy, Clone)]
pub struct Packet<'a>(&'a [u8; PACKET_BYTES]);

impl<'a> Packet<'a> {
    /// Looks at these bytes as a packet, whatever they are.
    pub fn new(bytes: &'a [u8; PACKET_BYTES]) -> Self {
        Packet(bytes)
    }

    /// Whether the packet begins with the byte that all packets begin with.
    pub fn is_synced(self) -> bool {
        self.0[0] == SYNC_BYTE
    }

    /// The stream the packet belongs to, 13 bits.
    pub fn pid(self) -> u16 {
        u16::from_be_bytes([self.0[1] & 0x1f, self.0[2]])
    }

    /// Whether a sender already knew the packet to be broken; its payload is not worth reading.
    pub fn is_damaged(self) -> bool {
        self.0[1] & 0x80 != 0
    }

    /// Whether a frame or a section begins in this packet.
    pub fn starts_unit(self) -> bool {
        self.0[1] & 0x40 != 0
    }

    /// Whether the packet is whole, carries payload and nothing beside, and nothing begins in it.
    pub fn is_payload_alone(self) -> bool {
        self.0[1] & 0xc0 == 0 && self.0[3] & 0x30 == 0x10
    }

    /// Whether the payload is encrypted.
    pub fn is_scrambled(self) -> bool {
        self.0[3] & 0xc0 != 0
    }

    /// The continuity counter: 4 bits, counting the packets with payload of one pid.
    pub fn continuity(self) -> u8 {
        self.0[3] & 0x0f
    }

    /// Whether the header announces payload, be it empty.
    pub fn has_payload(self) -> bool {
        self.0[3] & 0x10 != 0
    }

    /// What the packet carries; empty where it carries nothing or where the adaptation field's length is a lie.
    pub fn payload(self) -> &'a [u8] {
        if !self.has_payload() {
            return &[];
        }
        let start = if self.has_adaptation() {
            5 + usize::from(self.0[4])
        } else {
            4
        };
        self.0.get(start..).unwrap_or(&[])
    }

    /// The adaptation field from its flags on, cut at the packet's end; empty where there is none.
    pub fn adaptation(self) -> &'a [u8] {
        if !self.has_adaptation() {
            return &[];
        }
        let end = (5 + usize::from(self.0[4])).min(PACKET_BYTES);
        &self.0[5..end]
    }

    /// Whether the sender says that decoding can start here.
    pub fn random_access(self) -> bool {
        self.adaptation()
            .first()
            .is_some_and(|flags| flags & 0x40 != 0)
    }

    /// Whether the sender announces that counters and clock may jump here.
    pub fn discontinuity(self) -> bool {
        self.adaptation()
            .first()
            .is_some_and(|flags| flags & 0x80 != 0)
    }

    /// The programme clock, to a tick of 90 kHz.
    pub fn pcr(self) -> Option<Timestamp> {
        match self.adaptation().split_at_checked(6) {
            Some((&[flags, ref high @ .., low], _)) if flags & 0x10 != 0 => {
                let high = high
                    .iter()
                    .fold(0, |value, byte| value << 8 | u64::from(*byte));
                Some(Timestamp(high << 1 | u64::from(low >> 7)))
            }
            _ => None,
        }
    }

    fn has_adaptation(self) -> bool {
        self.0[3] & 0x20 != 0
    }
}

/// Finds packets in chunks that split them anywhere; only a packet that is split is copied.
pub struct Reader {
    held: [u8; PACKET_BYTES],
    held_bytes: usize,
}

impl Default for Reader {
    fn default() -> Self {
        Reader {
            held: [0; PACKET_BYTES],
            held_bytes: 0,
        }
    }
}

impl Reader {
    /// Calls `each` with every packet that this chunk completes, until `each` breaks.
    pub fn feed(
        &mut self,
        chunk: &[u8],
        mut each: impl FnMut(&[u8; PACKET_BYTES]) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut rest = chunk;
        if 0 < self.held_bytes {
            let missing = (PACKET_BYTES - self.held_bytes).min(rest.len());
            let (head, tail) = rest.split_at(missing);
            self.hold(head);
            if self.held_bytes < PACKET_BYTES {
                return ControlFlow::Continue(());
            }
            self.held_bytes = 0;
            rest = tail;
            each(&self.held)?;
        }
        let (whole, tail) = rest.as_chunks::<PACKET_BYTES>();
        for packet in whole {
            each(packet)?;
        }
        self.hold(tail);
        ControlFlow::Continue(())
    }

    /// Bytes of a packet whose end has not been seen.
    pub fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    fn hold(&mut self, bytes: &[u8]) {
        self.held[self.held_bytes..self.held_bytes + bytes.len()].copy_from_slice(bytes);
        self.held_bytes += bytes.len();
    }
}

/// Calls `each` with the index and the bytes of every whole packet until it breaks; tells how many bytes are left over.
pub fn each_packet(
    chunks: &[Bytes],
    mut each: impl FnMut(usize, &[u8; PACKET_BYTES]) -> ControlFlow<()>,
) -> usize {
    let mut reader = Reader::default();
    let mut index = 0;
    for chunk in chunks {
        let flow = reader.feed(chunk, |packet| {
            let flow = each(index, packet);
            index += 1;
            flow
        });
        if flow.is_break() {
            break;
        }
    }
    reader.held_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_lying_adaptation_length_leaves_no_payload() {
        let mut bytes = [0xff; PACKET_BYTES];
        bytes[..5].copy_from_slice(&[SYNC_BYTE, 0x41, 0x00, 0x30, 200]);
        let packet = Packet::new(&bytes);
        assert!(packet.payload().is_empty());
        assert_eq!(packet.adaptation().len(), 183);
        assert_eq!(packet.pid(), 0x100);
    }

    #[test]
    fn an_empty_adaptation_field_is_one_byte_of_stuffing() {
        let mut bytes = [0xff; PACKET_BYTES];
        bytes[..5].copy_from_slice(&[SYNC_BYTE, 0x01, 0x00, 0x30, 0]);
        let packet = Packet::new(&bytes);
        assert_eq!(packet.payload().len(), 183);
        assert!(!packet.random_access());
        assert_eq!(packet.pcr(), None);
    }

    proptest! {
        #[test]
        fn packets_are_the_same_however_the_bytes_are_cut(
            bytes in proptest::collection::vec(any::<u8>(), 0..2000),
            cuts in proptest::collection::vec(0_usize..400, 1..20),
        ) {
            let mut chunks = vec![];
            let mut rest = Bytes::from(bytes.clone());
            for cut in cuts {
                chunks.push(rest.split_to(cut.min(rest.len())));
            }
            chunks.push(rest);
            let mut found = vec![];
            let left = each_packet(&chunks, |_, packet| {
                found.extend_from_slice(packet);
                ControlFlow::Continue(())
            });
            prop_assert_eq!(left, bytes.len() % PACKET_BYTES);
            prop_assert_eq!(&found[..], &bytes[..bytes.len() - left]);
        }

        #[test]
        fn no_bytes_make_a_header_panic(bytes in proptest::collection::vec(any::<u8>(), PACKET_BYTES)) {
            let bytes: [u8; PACKET_BYTES] = bytes.try_into().expect("the strategy makes one packet");
            let packet = Packet::new(&bytes);
            let _ = (packet.payload(), packet.adaptation(), packet.pcr(), packet.discontinuity());
        }
    }
}
