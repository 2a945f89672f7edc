//! The proof that a continuous body carries marked segments without a hole; it is fed chunks and keeps only its findings.

use std::ops::ControlFlow;

use ts::PACKET_BYTES;
use ts::Timestamp;
use ts::continuity::Counters;
use ts::frame::{Head, HeadRead};
use ts::packet::{Packet, Reader};

use super::mark::{self, Mark, Place, Unmarked};
use super::marked::VIDEO_PID;

/// The first faults tell the cause; the ones behind are mostly its consequences, and are only counted.
const FAULTS_KEPT_MAX: usize = 64;

/// Frames are 40 ms apart, or some more in small segments; a second between two is a jump that stops players.
const STEP_TICKS_MAX: i64 = ts::CLOCK_HZ.cast_signed();

/// Follows a continuous body of marked media, from wherever it begins.
#[derive(Default)]
pub struct ContinuousCheck {
    reader: Reader,
    findings: Findings,
}

/// What a continuous body was like so far.
#[derive(Clone, Eq, PartialEq, Debug, Default)]
pub struct Report {
    /// Whole packets, tables included.
    pub packets: u64,
    /// Segments that were there from their first packet to their last.
    pub whole_segments: u64,
    /// The first marked packet.
    pub first: Option<Place>,
    /// The last marked packet.
    pub last: Option<Place>,
    /// All faults, also those that are not listed.
    pub faults_total: u64,
    /// The first faults, 64 at most.
    pub faults: Vec<Fault>,
}

/// What no undisturbed body has.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Fault {
    /// No packet begins where one must; nothing behind is looked at.
    LostSync {
        /// The place in the body.
        byte: u64,
    },
    /// Media without a mark.
    NoMark {
        /// The packet of the body, from 0.
        packet: u64,
    },
    /// Media whose bytes are not those that were marked.
    Damaged {
        /// The packet of the body, from 0.
        packet: u64,
    },
    /// Packets are missing, doubled or out of order.
    OutOfPlace {
        /// What came before.
        after: Place,
        /// What came.
        found: Place,
    },
    /// A counter does not follow on the one before of its pid.
    Continuity {
        /// The packet of the body, from 0.
        packet: u64,
        /// Its pid.
        pid: u16,
    },
    /// The time between two frames is negative or more than a second.
    TimeJump {
        /// When the frame before is shown.
        from: Timestamp,
        /// When this one is.
        to: Timestamp,
    },
}

#[derive(Default)]
struct Findings {
    report: Report,
    counters: Counters,
    shown: Option<Timestamp>,
    lost: bool,
    /// The segment whose packets were all there so far.
    whole_from: Option<Mark>,
}

impl ContinuousCheck {
    /// Takes the next bytes of the body, cut anywhere.
    pub fn feed(&mut self, chunk: &[u8]) {
        let findings = &mut self.findings;
        let _ = self.reader.feed(chunk, |bytes| {
            findings.packet(bytes);
            if findings.lost {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
    }

    /// What was found so far.
    pub fn report(&self) -> &Report {
        &self.findings.report
    }
}

impl Report {
    /// Whether something was there and nothing was wrong with it.
    pub fn is_clean(&self) -> bool {
        self.faults_total == 0 && self.first.is_some()
    }
}

impl Findings {
    fn packet(&mut self, bytes: &[u8; PACKET_BYTES]) {
        let packet = Packet::new(bytes);
        let number = self.report.packets;
        if self.lost {
            return;
        }
        if !packet.is_synced() {
            self.lost = true;
            self.fault(Fault::LostSync {
                byte: number * PACKET_BYTES as u64,
            });
            return;
        }
        self.report.packets += 1;
        if !self.counters.follows(packet) {
            self.fault(Fault::Continuity {
                packet: number,
                pid: packet.pid(),
            });
        }
        if packet.pid() != VIDEO_PID {
            return;
        }
        match mark::read(bytes) {
            Ok(found) => self.place(found),
            Err(Unmarked::Missing) => self.fault(Fault::NoMark { packet: number }),
            Err(Unmarked::Damaged) => self.fault(Fault::Damaged { packet: number }),
        }
        self.time(packet);
    }

    fn place(&mut self, found: Place) {
        let last = self.report.last.replace(found);
        self.report.first.get_or_insert(found);
        let follows = last.is_none_or(|last| follows(last, found));
        if let (Some(after), false) = (last, follows) {
            self.fault(Fault::OutOfPlace { after, found });
        }
        if found.packet == 0 {
            self.whole_from = Some(found.mark);
        } else if !follows {
            self.whole_from = None;
        }
        if found.packet + 1 == found.packets && self.whole_from == Some(found.mark) {
            self.report.whole_segments += 1;
        }
    }

    fn time(&mut self, packet: Packet<'_>) {
        let head = if packet.starts_unit() {
            Head::read(packet.payload())
        } else {
            return;
        };
        let HeadRead::Whole(Head { pts: Some(to), .. }) = head else {
            return;
        };
        if let Some(from) = self.shown.replace(to)
            && !(0..=STEP_TICKS_MAX).contains(&from.offset_to(to))
        {
            self.fault(Fault::TimeJump { from, to });
        }
    }

    fn fault(&mut self, fault: Fault) {
        self.report.faults_total += 1;
        if self.report.faults.len() < FAULTS_KEPT_MAX {
            self.report.faults.push(fault);
        }
    }
}

fn follows(last: Place, found: Place) -> bool {
    let next = if last.packet + 1 < last.packets {
        Place {
            packet: last.packet + 1,
            ..last
        }
    } else {
        let mark = Mark {
            segment: last.mark.segment.wrapping_add(1),
            ..last.mark
        };
        Place {
            mark,
            packet: 0,
            ..last
        }
    };
    next == found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{Marked, Media};
    use std::time::Duration;

    fn body() -> Vec<u8> {
        let media = Media::marked(Marked::default());
        (40..44)
            .flat_map(|segment| media.segment(segment))
            .collect()
    }

    fn report(chunks: &[&[u8]]) -> Report {
        let mut check = ContinuousCheck::default();
        for chunk in chunks {
            check.feed(chunk);
        }
        check.report().clone()
    }

    #[test]
    fn a_whole_body_is_clean_however_it_is_cut() {
        let body = body();
        for size in [1, 100, 188, 1460, 100_000] {
            let report = report(&body.chunks(size).collect::<Vec<_>>());
            assert!(report.is_clean(), "{report:?}");
            assert_eq!(report.whole_segments, 4);
        }
    }

    #[test]
    fn a_viewer_may_join_inside_a_segment() {
        let report = report(&[&body()[188 * 50..]]);
        assert!(report.is_clean());
        assert_eq!(
            (
                report.whole_segments,
                report.first.map(|place| place.packet)
            ),
            (3, Some(48))
        );
    }

    #[test]
    fn a_hole_is_told_with_both_its_edges() {
        let body = body();
        let report = report(&[&body[..188 * 50], &body[188 * 53..]]);
        assert_eq!(report.whole_segments, 3);
        let [Fault::Continuity { .. }, Fault::OutOfPlace { after, found }] = report.faults[..]
        else {
            panic!("{report:?}");
        };
        assert_eq!((after.packet, found.packet), (47, 51));
    }

    #[test]
    fn a_cut_inside_a_packet_is_the_last_thing_told() {
        let body = body();
        let report = report(&[&body[..1000], &body[1010..]]);
        let lost = Fault::LostSync { byte: 1128 };
        assert_eq!(report.faults, [Fault::NoMark { packet: 5 }, lost]);
    }

    #[test]
    fn a_session_begun_anew_is_a_jump_of_time() {
        let media = Media::marked(Marked::default());
        let chunks = [
            media.segment(3),
            media.segment_at(4, Duration::from_secs(100)),
        ];
        let report = report(&[&chunks[0], &chunks[1]]);
        assert!(
            matches!(report.faults[..], [Fault::TimeJump { .. }]),
            "{report:?}"
        );
    }

    #[test]
    fn another_stream_is_no_continuation() {
        let other = Media::marked(Marked {
            stream: 2,
            ..Marked::default()
        });
        let body = [&body()[..], &other.segment(44)[..]].concat();
        assert!(matches!(
            report(&[&body]).faults[..],
            [Fault::OutOfPlace { .. }]
        ));
    }
}
