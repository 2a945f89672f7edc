//! The proof that a continuous body carries marked segments without a hole; it is fed chunks and keeps only its findings.

use std::ops::ControlFlow;

use ts::PACKET_BYTES;
use ts::Timestamp;
use ts::continuity::Counters;
use ts::frame::{Head, HeadRead};
use ts::packet::{Packet, Reader};
use ts::table::PAT_PID;

use super::mark::{self, Mark, Place, Unmarked};
use super::marked::{PMT_PID, VIDEO_PID};

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
    /// Whether PAT and PMT came before the first media.
    pub tables_first: bool,
    /// Counters that do not follow on the one before of their pid.
    pub continuity_errors: u64,
    /// Places where marked packets do not follow on one another.
    pub seams_total: u64,
    /// The first of them, 64 at most.
    pub seams: Vec<Seam>,
    /// All faults, also those that are not listed.
    pub faults_total: u64,
    /// The first faults, 64 at most.
    pub faults: Vec<Fault>,
}

/// A place where other media follows than what comes next.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Seam {
    /// What came before.
    pub after: Place,
    /// What came.
    pub found: Place,
    /// From the last frame before it to the first one behind, as they are shown: ticks of 90 kHz; `None` until that came.
    pub step: Option<i64>,
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
    has_pat: bool,
    has_pmt: bool,
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
            self.report.continuity_errors += 1;
            self.fault(Fault::Continuity {
                packet: number,
                pid: packet.pid(),
            });
        }
        self.has_pat |= packet.pid() == PAT_PID;
        self.has_pmt |= packet.pid() == PMT_PID;
        if packet.pid() != VIDEO_PID || is_filler(packet) {
            return;
        }
        if self.report.first.is_none() {
            self.report.tables_first = self.has_pat && self.has_pmt;
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
            self.report.seams_total += 1;
            if self.report.seams.len() < FAULTS_KEPT_MAX {
                let step = None;
                self.report.seams.push(Seam { after, found, step });
            }
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
        let Some(from) = self.shown.replace(to) else {
            return;
        };
        let step = from.offset_to(to);
        if let Some(seam) = self.report.seams.last_mut() {
            seam.step.get_or_insert(step);
        }
        if !(0..=STEP_TICKS_MAX).contains(&step) {
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

/// Whether a packet is there for its counter alone: a zero behind the end of a frame, which decoders pass over.
fn is_filler(packet: Packet<'_>) -> bool {
    !packet.starts_unit() && packet.payload() == [0]
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

    /// What a viewer gets of these segments, moved on at each that does not come next.
    fn seamless(numbers: &[u64]) -> Report {
        let media = Media::marked(Marked::default());
        let mut seamless = ts::rebase::Seamless::default();
        let mut check = ContinuousCheck::default();
        let mut last = None;
        for number in numbers {
            let segment = ts::segment::whole(&[media.segment(*number)]).expect("a segment");
            let mut out = vec![];
            if last.is_none_or(|last| last + 1 == *number) {
                seamless.next(&segment.opening, &mut out);
            } else {
                seamless.join(&segment.opening, segment.opening.begin, &mut out);
            }
            segment
                .media
                .iter()
                .for_each(|chunk| seamless.media(chunk, &mut out));
            check.feed(&out.concat());
            last = Some(number);
        }
        check.report().clone()
    }

    #[test]
    fn a_body_of_segments_that_follow_one_another_has_no_seam() {
        let report = seamless(&[40, 41, 42, 43]);
        assert!(report.is_clean() && report.tables_first, "{report:?}");
        assert_eq!((report.whole_segments, report.seams_total), (4, 0));
    }

    #[test]
    fn a_viewer_that_is_moved_on_sees_a_seam_of_one_frame_and_nothing_else() {
        // By so many that counters do not happen to meet.
        let report = seamless(&[40, 41, 54, 55]);
        assert_eq!((report.continuity_errors, report.whole_segments), (0, 4));
        let [Seam { after, found, step }] = report.seams[..] else {
            panic!("{report:?}");
        };
        assert_eq!((after.mark.segment, found.mark.segment), (41, 54));
        assert_eq!(step, Some(3600));
        assert!(
            matches!(report.faults[..], [Fault::OutOfPlace { .. }]),
            "{report:?}"
        );
    }

    #[test]
    fn a_seam_that_nobody_smoothed_shows_its_step() {
        let media = Media::marked(Marked::default());
        let report = report(&[&media.segment(3), &media.segment(5)]);
        let steps: Vec<_> = report.seams.iter().map(|seam| seam.step).collect();
        assert_eq!(steps, [Some(2 * 90_000 + 3600)]);
        assert!(!self::report(&[&media.segment(3)[376..]]).tables_first);
    }
}
