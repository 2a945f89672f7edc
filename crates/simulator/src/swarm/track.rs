//! Looks at the heads and the marks of a continuous body's packets as fast as can be: it proves that all of them came, in
//! order, and leaves their other bytes to [`ContinuousCheck`](crate::media::ContinuousCheck).

use std::ops::ControlFlow;

use ts::continuity::Counters;
use ts::packet::{Packet, Reader};

use crate::media::{Glance, Place, glance};

/// What one viewer has seen of a body so far.
#[derive(Default)]
pub(super) struct Track {
    reader: Reader,
    pub(super) seen: Seen,
    follow: Follow,
}

/// The findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) packets: u64,
    /// Marks that do not follow on the one before.
    pub(super) gaps: u64,
    /// Packets of media that came before.
    pub(super) repeated: u64,
    /// Packets of media that were left out.
    pub(super) missed: u64,
    /// Counters that do not.
    pub(super) miscounts: u64,
    /// Packets that are none, or media without a mark.
    pub(super) wrong: u64,
    /// Whether the first packet of media is the beginning of a key frame.
    pub(super) began_with_key_frame: bool,
    /// The number of the newest packet of media, counted from the beginning of the media's first segment.
    pub(super) newest: Option<u64>,
}

#[derive(Default)]
struct Follow {
    counters: Counters,
    last: Option<Place>,
    /// The highest number so far.
    highest: Option<u64>,
}

impl Track {
    /// Takes the next bytes, cut anywhere.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        let (seen, follow) = (&mut self.seen, &mut self.follow);
        let _ = self.reader.feed(bytes, |packet| {
            follow.look(packet, seen);
            ControlFlow::Continue(())
        });
        seen.newest = follow.last.map(Place::number);
    }
}

impl Follow {
    fn look(&mut self, bytes: &[u8; ts::PACKET_BYTES], seen: &mut Seen) {
        let packet = Packet::new(bytes);
        seen.packets += 1;
        if !packet.is_synced() {
            seen.wrong += 1;
            return;
        }
        seen.miscounts += u64::from(!self.counters.follows(packet));
        match glance(bytes) {
            Glance::Marked(place) => {
                match self.last {
                    Some(last) => seen.gaps += u64::from(last.next() != place),
                    None => seen.began_with_key_frame = packet.random_access(),
                }
                self.last = Some(place);
                self.number(place.number(), seen);
            }
            Glance::Unmarked => seen.wrong += 1,
            Glance::Other => {}
        }
    }

    fn number(&mut self, number: u64, seen: &mut Seen) {
        match self.highest {
            Some(highest) if number <= highest => seen.repeated += 1,
            highest => {
                seen.missed += highest.map_or(0, |highest| number - highest - 1);
                self.highest = Some(number);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{Marked, Media};

    fn body() -> Vec<u8> {
        let media = Media::marked(Marked::default());
        (7..10).flat_map(|segment| media.segment(segment)).collect()
    }

    fn seen(chunks: &[&[u8]]) -> Seen {
        let mut track = Track::default();
        for chunk in chunks {
            track.feed(chunk);
        }
        track.seen
    }

    #[test]
    fn a_whole_body_has_no_fault_however_it_is_cut() {
        let body = body();
        for size in [1, 187, 5_000, 100_000] {
            let seen = seen(&body.chunks(size).collect::<Vec<_>>());
            assert_eq!((seen.gaps, seen.miscounts, seen.wrong), (0, 0, 0));
            assert_eq!(seen.packets, body.len() as u64 / 188);
            assert!(seen.began_with_key_frame);
            let media_packets = seen.packets - 3 * 2;
            assert_eq!(seen.newest, Some(media_packets / 3 * 10 - 1));
        }
    }

    #[test]
    fn a_lost_packet_is_found_by_its_counter_and_by_its_mark() {
        let body = body();
        let seen = seen(&[&body[..188 * 9], &body[188 * 10..]]);
        assert_eq!((seen.gaps, seen.miscounts, seen.wrong), (1, 1, 0));
    }

    #[test]
    fn sixteen_lost_packets_are_found_by_their_marks() {
        let body = body();
        let seen = seen(&[&body[..188 * 9], &body[188 * 25..]]);
        assert_eq!((seen.gaps, seen.miscounts), (1, 0));
    }

    #[test]
    fn what_comes_once_more_and_what_is_left_out_are_counted_apart() {
        let body = body();
        let segment = body.len() / 3;
        let media = (segment / 188 - 2) as u64;
        let twice = seen(&[&body, &body[segment..]]);
        assert_eq!((twice.repeated, twice.missed), (2 * media, 0));
        let holed = seen(&[&body[..segment], &body[2 * segment..]]);
        assert_eq!((holed.repeated, holed.missed), (0, media));
    }

    #[test]
    fn media_without_a_mark_and_what_is_no_packet_are_told() {
        let mut body = body();
        body[188 * 9 + 130] ^= 1;
        body[188 * 12] = 0;
        assert_eq!(seen(&[&body]).wrong, 2);
    }
}
