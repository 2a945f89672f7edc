//! A segment in the making: its beginning, what is added to it, its end; decides nothing.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::line::{Line, due};
use super::scanner::Mark;
use super::{Break, Ended, Key, Open, Opening, Segment, Times};
use crate::duration;
use crate::frame::Frame;
use crate::table::{PAT_PID, Tables};
use crate::write::{Writer, section_anew_packets};

/// Viewers begin where they like within half a second; streams of key frames alone would make a list as long as they are.
const KEYS_APART: Duration = Duration::from_millis(500);

/// The segment that is being received, and its time.
#[derive(Debug)]
pub(crate) struct Making {
    pub(crate) open: Open,
    /// The position at which its media begins.
    pub(crate) start: u64,
    pub(crate) line: Line,
}

/// What a segment begins with.
pub(crate) struct Beginning {
    pub(crate) mark: Mark,
    pub(crate) begin: Times,
    pub(crate) independent: bool,
    pub(crate) tables: Arc<Tables>,
    pub(crate) discontinuity: Option<Break>,
    pub(crate) left_out: u64,
    pub(crate) line: Line,
}

impl Beginning {
    pub(crate) fn open(self) -> Making {
        let opening = Opening {
            packets: packets(&self.tables, self.mark.counters),
            tables: self.tables,
            begin: self.begin,
            discontinuity: self.discontinuity,
            independent: self.independent,
            left_out: self.left_out,
        };
        let key = Key {
            at: 0,
            elapsed: Duration::ZERO,
            times: self.begin,
        };
        Making {
            open: Open {
                opening: Arc::new(opening),
                media: vec![],
                media_bytes: 0,
                keys: if self.independent { vec![key] } else { vec![] },
                elapsed: Duration::ZERO,
            },
            start: self.mark.at,
            line: self.line,
        }
    }
}

impl Making {
    pub(crate) fn add(&mut self, media: Vec<Bytes>) {
        self.open.media_bytes += media.iter().map(Bytes::len).sum::<usize>();
        self.open.media.extend(media);
    }

    /// Leaves out what came at this position and behind it.
    pub(crate) fn truncate(&mut self, at: u64) {
        let kept = usize::try_from(at - self.start).unwrap_or(usize::MAX);
        while let Some(excess) = self.open.media_bytes.checked_sub(kept).filter(|it| 0 < *it) {
            let Some(mut last) = self.open.media.pop() else {
                return;
            };
            let left = last.len().saturating_sub(excess);
            self.open.media_bytes -= last.len() - left;
            last.truncate(left);
            if !last.is_empty() {
                self.open.media.push(last);
            }
        }
    }

    /// All bytes so far, tables included.
    pub(crate) fn bytes(&self) -> usize {
        self.open.opening.packets.len() + self.open.media_bytes
    }

    /// Notes a frame that does not end the segment.
    pub(crate) fn note(&mut self, mark: Mark, frame: &Frame) {
        let time = due(frame);
        self.line.take(time);
        self.open.elapsed = elapsed(self.line.until(self.line.latest()));
        let at = mark.at.checked_sub(self.start).filter(|_| frame.key);
        let (Some(time), Some(at)) = (time, at) else {
            return;
        };
        let key_elapsed = elapsed(self.line.until(time));
        let last = self.open.keys.last();
        if last.is_none_or(|last| last.elapsed + KEYS_APART < key_elapsed) {
            self.open.keys.push(Key {
                at: usize::try_from(at).unwrap_or(usize::MAX),
                elapsed: key_elapsed,
                times: times(frame, mark),
            });
        }
    }

    /// The segment, which is so many ticks long.
    pub(crate) fn close(mut self, ticks: i64, ended: Ended, continuity_errors: usize) -> Segment {
        // A key frame of the sound may have come before it was seen that the video, come back, had begun already.
        self.open.keys.retain(|key| key.at < self.open.media_bytes);
        Segment {
            opening: self.open.opening,
            media: self.open.media,
            media_bytes: self.open.media_bytes,
            keys: self.open.keys,
            duration: elapsed(ticks),
            ended,
            continuity_errors,
        }
    }
}

fn elapsed(ticks: i64) -> Duration {
    duration(u64::try_from(ticks).unwrap_or(0))
}

/// A frame's times, and the clock at its mark.
pub(crate) fn times(frame: &Frame, mark: Mark) -> Times {
    Times {
        pts: frame.pts,
        dts: due(frame),
        pcr: mark.pcr,
    }
}

/// PAT and PMT, with the counters that the source's own had last; its next ones count on from them.
fn packets(tables: &Tables, counters: (u8, u8)) -> Bytes {
    let mut writer = Writer::default();
    for (pid, section, last) in [
        (PAT_PID, &tables.pat_section, counters.0),
        (tables.program.pmt_pid, &tables.pmt_section, counters.1),
    ] {
        let packets = section_anew_packets(section) as u8;
        writer.section_anew(pid, section, last.wrapping_sub(packets - 1) & 0x0f);
    }
    writer.into_bytes().into()
}
