//! Where packets begin in a body that comes in chunks cut anywhere, also after loss; copies only packets that chunks tear.

use bytes::Bytes;
use memchr::memchr;

use crate::{PACKET_BYTES, SYNC_BYTE};

/// Packets plain, behind a timestamp of four bytes as recorders write them, before sixteen bytes of parity as modems do.
const STRIDES: [usize; 3] = [PACKET_BYTES, 192, 204];

/// Packets in a row that must begin where they should; in other bytes that is seen once in a million million.
const SYNCS: usize = 5;

/// How far behind a place one must look to judge it, whatever the stride.
const LOOK_BYTES: usize = (SYNCS - 1) * 204 + 1;

/// Bytes that are looked through at a time; they are copied, so few are taken.
const SEARCH_BYTES_MAX: usize = 4 << 10;

/// What a chunk turned out to hold.
#[derive(Clone, Eq, PartialEq, Debug)]
pub(crate) enum Aligned {
    /// Whole packets, one after the other.
    Packets(Bytes),
    /// Bytes that are no packets; told when packets are found behind them, or the body ends.
    Lost {
        /// How many.
        bytes: u64,
    },
}

/// Finds packets in chunk after chunk. What it finds does not depend on how the body is cut into chunks.
#[derive(Debug, Default)]
pub(crate) struct Aligner {
    state: State,
    /// A packet whose end has not come, or bytes among which the first packet is sought.
    held: Vec<u8>,
}

#[derive(Copy, Clone, Debug)]
enum State {
    Searching {
        /// Bytes before the held ones in which no packet begins.
        passed: u64,
    },
    Locked {
        stride: usize,
        /// Bytes between packets that are still to come.
        skip: usize,
    },
}

impl Default for State {
    fn default() -> Self {
        State::Searching { passed: 0 }
    }
}

impl Aligner {
    /// Takes the next chunk.
    pub(crate) fn push(&mut self, chunk: &Bytes, found: &mut Vec<Aligned>) {
        let mut todo = vec![chunk.clone()];
        while let Some(mut rest) = todo.pop() {
            while !rest.is_empty() {
                match self.state {
                    State::Locked { stride, skip } => self.read(&mut rest, stride, skip, found),
                    State::Searching { passed } => {
                        let room = (SEARCH_BYTES_MAX - self.held.len()).min(rest.len());
                        self.held.extend_from_slice(&rest.split_to(room));
                        if let Some(packets) = self.search(passed, found) {
                            todo.push(std::mem::replace(&mut rest, packets));
                        }
                    }
                }
            }
        }
    }

    /// The body has ended: what could not be judged for want of bytes behind it is packets if it ends with a whole one.
    pub(crate) fn finish(&mut self, found: &mut Vec<Aligned>) {
        let last = match self.state {
            State::Searching { .. } => last_packets(&self.held),
            State::Locked { .. } => None,
        };
        let (lost, packets) = match last {
            Some((from, packets)) => (from, Some(packets)),
            None => (self.held.len(), None),
        };
        let passed = match self.state {
            State::Searching { passed } => passed,
            State::Locked { .. } => 0,
        };
        let bytes = passed + lost as u64;
        if 0 < bytes {
            found.push(Aligned::Lost { bytes });
        }
        found.extend(packets.map(Aligned::Packets));
        *self = Aligner::default();
    }

    /// Bytes that were looked through since the last packet.
    pub(crate) fn searched_bytes(&self) -> u64 {
        match self.state {
            State::Searching { passed } => passed + self.held.len() as u64,
            State::Locked { .. } => 0,
        }
    }

    /// Takes packets off the front.
    fn read(&mut self, rest: &mut Bytes, stride: usize, skip: usize, found: &mut Vec<Aligned>) {
        let skipped = skip.min(rest.len());
        let _ = rest.split_to(skipped);
        let mut skip = skip - skipped;
        if 0 < skip || rest.is_empty() {
            self.state = State::Locked { stride, skip };
            return;
        }
        if !self.held.is_empty() {
            let missing = (PACKET_BYTES - self.held.len()).min(rest.len());
            self.held.extend_from_slice(&rest.split_to(missing));
            if self.held.len() == PACKET_BYTES {
                found.push(Aligned::Packets(Bytes::copy_from_slice(&self.held)));
                self.held.clear();
                skip = stride - PACKET_BYTES;
            }
        } else if rest[0] != SYNC_BYTE {
            self.state = State::Searching { passed: 0 };
            return;
        } else if rest.len() < PACKET_BYTES {
            self.held.extend_from_slice(&rest.split_off(0));
        } else {
            let packets = take_packets(rest, stride);
            found.push(Aligned::Packets(packets));
            skip = stride - PACKET_BYTES;
        }
        self.state = State::Locked { stride, skip };
    }

    /// Looks for packets among the held bytes; gives back what is held from the first on.
    fn search(&mut self, passed: u64, found: &mut Vec<Aligned>) -> Option<Bytes> {
        let mut from = 0;
        while let Some(offset) = memchr(SYNC_BYTE, &self.held[from..]) {
            from += offset;
            if self.held.len() < from + LOOK_BYTES {
                break;
            }
            if let Some(stride) = stride_at(&self.held[from..]) {
                let bytes = passed + from as u64;
                if 0 < bytes {
                    found.push(Aligned::Lost { bytes });
                }
                self.state = State::Locked { stride, skip: 0 };
                let packets = Bytes::copy_from_slice(&self.held[from..]);
                self.held.clear();
                return Some(packets);
            }
            from += 1;
        }
        let from = match memchr(SYNC_BYTE, &self.held[from..]) {
            Some(offset) => from + offset,
            None => self.held.len(),
        };
        self.held.drain(..from);
        let passed = passed + from as u64;
        self.state = State::Searching { passed };
        None
    }
}

/// The distance between packets that begin here, if enough do.
fn stride_at(bytes: &[u8]) -> Option<usize> {
    STRIDES.into_iter().find(|stride| {
        let mut places = bytes.iter().step_by(*stride).take(SYNCS);
        places.all(|byte| *byte == SYNC_BYTE)
    })
}

/// The packets with which these bytes end, and where they begin.
fn last_packets(bytes: &[u8]) -> Option<(usize, Bytes)> {
    let begins = |from: &usize| bytes[*from] == SYNC_BYTE;
    (0..bytes.len()).filter(begins).find_map(|from| {
        let rest = &bytes[from..];
        let stride = STRIDES.into_iter().find(|stride| {
            let whole = [0, PACKET_BYTES].contains(&(rest.len() % stride));
            let mut places = rest.iter().step_by(*stride);
            whole && places.all(|byte| *byte == SYNC_BYTE)
        })?;
        let mut rest = Bytes::copy_from_slice(rest);
        Some((from, take_packets(&mut rest, stride)))
    })
}

/// All packets that follow one another from the front on; with something in between they must be copied together.
fn take_packets(rest: &mut Bytes, stride: usize) -> Bytes {
    let synced = |unit: &&[u8]| unit[0] == SYNC_BYTE && PACKET_BYTES <= unit.len();
    if stride == PACKET_BYTES {
        let whole = rest.as_chunks::<PACKET_BYTES>().0;
        let synced = whole.iter().take_while(|packet| packet[0] == SYNC_BYTE);
        let bytes = synced.count() * PACKET_BYTES;
        return rest.split_to(bytes);
    }
    let units: Vec<&[u8]> = rest.chunks(stride).take_while(synced).collect();
    let mut packets = Vec::with_capacity(units.len() * PACKET_BYTES);
    for unit in &units {
        packets.extend_from_slice(&unit[..PACKET_BYTES]);
    }
    let taken = (units.len() - 1) * stride + PACKET_BYTES;
    let _ = rest.split_to(taken);
    packets.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Packets whose payload looks like the beginning of others.
    fn packets(count: usize) -> Vec<Vec<u8>> {
        let packet = |index: usize| {
            let mut packet = vec![SYNC_BYTE, 0x40, index as u8, 0x10];
            packet.extend((4..PACKET_BYTES).map(|at| (at * 7 + index) as u8));
            packet
        };
        (0..count).map(packet).collect()
    }

    fn aligned(body: &[u8], sizes: &[usize]) -> (Vec<u8>, u64) {
        let (mut aligner, mut found) = (Aligner::default(), vec![]);
        let mut rest = Bytes::copy_from_slice(body);
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let chunk = rest.split_to((*size).clamp(1, rest.len()));
            aligner.push(&chunk, &mut found);
        }
        aligner.finish(&mut found);
        let mut all = (vec![], 0);
        for item in found {
            match item {
                Aligned::Packets(packets) => all.0.extend_from_slice(&packets),
                Aligned::Lost { bytes } => all.1 += bytes,
            }
        }
        all
    }

    #[test]
    fn packets_with_timestamps_before_or_parity_behind_them_are_taken_out() {
        let packets = packets(40);
        let before: Vec<u8> = packets
            .iter()
            .flat_map(|p| [&[1, 2, 3, 4][..], p].concat())
            .collect();
        let behind: Vec<u8> = packets
            .iter()
            .flat_map(|p| [&p[..], &[9; 16]].concat())
            .collect();
        for size in [1, 7, 188, 1000, 100_000] {
            assert_eq!(aligned(&before, &[size]), (packets.concat(), 4));
            assert_eq!(aligned(&behind, &[size]), (packets.concat(), 0));
        }
    }

    #[test]
    fn bytes_lost_in_the_middle_cost_the_packets_that_they_tear_and_no_more() {
        let packets = packets(30).concat();
        let lossy = [&packets[..188 * 10], &packets[188 * 10 + 50..]].concat();
        let (found, lost) = aligned(&lossy, &[64]);
        assert_eq!(lost, 138);
        assert_eq!(found, [&packets[..188 * 10], &packets[188 * 11..]].concat());
    }

    #[test]
    fn a_packet_without_its_first_byte_is_left_out_alone() {
        let mut packets = packets(30).concat();
        packets[188 * 20] = 0;
        assert_eq!(aligned(&packets, &[500]).1, 188);
    }

    #[test]
    fn a_body_of_a_few_packets_is_found_when_it_ends() {
        for count in 1..5 {
            let packets = packets(count).concat();
            assert_eq!(aligned(&packets, &[100]), (packets, 0));
        }
    }

    #[test]
    fn a_body_of_text_is_lost_to_the_last_byte_and_none_of_it_is_kept() {
        let text = b"<html>Gateway Timeout, GET again</html>".repeat(10_000);
        assert_eq!(aligned(&text, &[1460]), (vec![], text.len() as u64));
        let mut aligner = Aligner::default();
        aligner.push(&text.into(), &mut vec![]);
        assert!(aligner.held.capacity() <= 2 * SEARCH_BYTES_MAX);
    }

    #[test]
    fn whole_chunks_are_shared_and_not_copied() {
        let body = Bytes::from(packets(100).concat());
        let (mut aligner, mut found) = (Aligner::default(), vec![]);
        aligner.push(&body.slice(..188 * 20), &mut found);
        found.clear();
        aligner.push(&body.slice(188 * 20..), &mut found);
        let [Aligned::Packets(packets)] = &found[..] else {
            panic!("{found:?}");
        };
        assert_eq!(packets.as_ptr(), body[188 * 20..].as_ptr());
    }

    proptest! {
        #[test]
        fn chunks_never_change_what_is_found(
            pieces in proptest::collection::vec(
                (1_usize..30, proptest::collection::vec(prop_oneof![Just(SYNC_BYTE), any::<u8>()], 0..700)),
                1..6,
            ),
            sizes in proptest::collection::vec(1_usize..3000, 1..8),
        ) {
            let body: Vec<u8> = pieces
                .into_iter()
                .flat_map(|(count, junk)| [packets(count).concat(), junk].concat())
                .collect();
            let whole = aligned(&body, &[body.len()]);
            prop_assert!(whole.0.len() as u64 + whole.1 <= body.len() as u64);
            prop_assert!(whole.0.chunks(PACKET_BYTES).all(|packet| packet[0] == SYNC_BYTE));
            prop_assert_eq!(aligned(&body, &sizes), whole);
        }
    }
}
