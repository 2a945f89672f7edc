//! Real video out of the embedded assets, looped for ever: its times and counters are moved on, its pictures never touched.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use ts::Timestamp;
use ts::frame::{Frames, Look};
use ts::packet::{Packet, each_packet};
use ts::rebase::Rebase;
use ts::table::{Finder, PAT_PID, Tables};
use ts::write::Writer;

const ASSETS: [(&str, &[u8]); 3] = [
    ("testcard", include_bytes!("../../assets/testcard.mpegts")),
    ("bars", include_bytes!("../../assets/bars.mpegts")),
    ("waves", include_bytes!("../../assets/waves.mpegts")),
];

static CLIPS: LazyLock<[Clip; ASSETS.len()]> = LazyLock::new(|| {
    ASSETS.map(|(name, asset)| {
        Clip::cut(name, asset).expect("make.sh makes clips with tables, key frames and times")
    })
});

/// The clip of this index, going round those that there are.
pub(super) fn embedded(index: usize) -> &'static Clip {
    &CLIPS[index % ASSETS.len()]
}

/// A clip, cut at its key frames.
pub(super) struct Clip {
    pub(super) name: &'static str,
    tables: Tables,
    /// Invariant: not empty.
    groups: Vec<Group>,
    /// Length of the whole.
    ticks: u64,
    /// Packets with payload in the whole, by pid.
    counted: BTreeMap<u16, u64>,
}

/// What lies between two key frames.
struct Group {
    ticks: u64,
    /// Packets of the streams alone; tables are put before them anew.
    media: Vec<u8>,
    /// Packets with payload before this group, by pid.
    counted: BTreeMap<u16, u64>,
}

impl Clip {
    fn cut(name: &'static str, asset: &'static [u8]) -> Option<Clip> {
        let chunks = [Bytes::from_static(asset)];
        let tables = tables_of(&chunks)?;
        let facts = ts::inspect(&chunks).ok()?;
        let keys = key_frames(&chunks, &tables)?;
        let starts = keys.iter().map(|(_, pts)| *pts).chain([facts.end?]);
        let lengths: Vec<u64> = starts
            .collect::<Vec<_>>()
            .windows(2)
            .map(|pair| pair[0].offset_to(pair[1]).unsigned_abs())
            .collect();
        let mut groups: Vec<Group> = vec![];
        let mut counted = BTreeMap::new();
        let begins = |index: usize, groups: usize| match keys.get(groups) {
            Some((packet, _)) => groups == 0 || *packet == index,
            None => false,
        };
        each_packet(&chunks, |index, bytes| {
            let packet = Packet::new(bytes);
            let streams = &tables.pmt.streams;
            if streams.iter().any(|stream| stream.pid == packet.pid()) {
                if begins(index, groups.len()) {
                    let ticks = lengths[groups.len()];
                    groups.push(Group {
                        ticks,
                        media: vec![],
                        counted: counted.clone(),
                    });
                }
                if let Some(group) = groups.last_mut() {
                    group.media.extend_from_slice(bytes);
                }
                *counted.entry(packet.pid()).or_insert(0) += u64::from(packet.has_payload());
            }
            ControlFlow::Continue(())
        });
        let ticks = lengths.iter().sum();
        (!groups.is_empty()).then_some(Clip {
            name,
            tables,
            groups,
            ticks,
            counted,
        })
    }

    pub(super) fn duration(&self, segment: u64) -> Duration {
        ts::duration(self.group(segment).1.ticks)
    }

    pub(super) fn segment(&self, segment: u64, later: Duration) -> Bytes {
        let (turn, group) = self.group(segment);
        let mut writer = Writer::default();
        let pmt_pid = self.tables.program.pmt_pid;
        for (pid, section) in [
            (PAT_PID, &self.tables.pat_section),
            (pmt_pid, &self.tables.pmt_section),
        ] {
            writer.section(pid, section, segment as u8 & 0x0f);
        }
        let mut bytes = writer.into_bytes();
        let media = bytes.len();
        bytes.extend_from_slice(&group.media);
        let moved = turn.wrapping_mul(self.ticks).wrapping_add(ts::ticks(later));
        let mut rebase = Rebase::by(moved.cast_signed());
        for (pid, whole) in &self.counted {
            let before = group.counted.get(pid).unwrap_or(&0);
            let count = turn.wrapping_mul(*whole).wrapping_add(*before);
            rebase.count_from(*pid, count as u8 & 0x0f);
        }
        rebase.packets(&mut bytes[media..]);
        bytes.into()
    }

    /// In which turn of the loop a segment is played, and what it is.
    fn group(&self, segment: u64) -> (u64, &Group) {
        let count = self.groups.len() as u64;
        (segment / count, &self.groups[(segment % count) as usize])
    }
}

fn tables_of(chunks: &[Bytes]) -> Option<Tables> {
    let mut finder = Finder::default();
    each_packet(chunks, |_, bytes| {
        let whole = finder.push(Packet::new(bytes));
        if whole {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    finder.into_tables()
}

/// The packets with which key frames of the video begin, and when those are shown.
fn key_frames(chunks: &[Bytes], tables: &Tables) -> Option<Vec<(usize, Timestamp)>> {
    let video = tables
        .pmt
        .streams
        .iter()
        .find(|stream| stream.codec.is_video())?;
    let mut frames = Frames::new(video.codec, Look::AtAll);
    each_packet(chunks, |index, bytes| {
        let packet = Packet::new(bytes);
        if packet.pid() == video.pid {
            frames.push(index, packet);
        }
        ControlFlow::Continue(())
    });
    let keys = frames.finish().into_iter().filter(|frame| frame.key);
    keys.map(|frame| Some((frame.packet, frame.pts?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_clip_is_six_segments_of_two_seconds() {
        for index in 0..ASSETS.len() {
            let clip = embedded(index);
            assert_eq!(clip.groups.len(), 6, "{}", clip.name);
            assert!((0..7).all(|n| clip.duration(n) == Duration::from_secs(2)));
            let streams: Vec<_> = clip.tables.pmt.streams.iter().map(|s| s.codec).collect();
            assert_eq!(streams, [ts::Codec::H264, ts::Codec::Aac]);
        }
    }

    #[test]
    fn nothing_but_tables_is_left_out() {
        for (index, (name, asset)) in ASSETS.iter().enumerate() {
            let kept: usize = embedded(index)
                .groups
                .iter()
                .map(|group| group.media.len())
                .sum();
            let other = asset.len() - kept;
            assert!(
                other <= 16 * ts::PACKET_BYTES,
                "{name}: {other} bytes are no media"
            );
        }
    }

    #[test]
    fn segments_follow_one_another_across_the_seam() {
        let clip = embedded(0);
        for first in [0, 5, u64::from(u32::MAX)] {
            let pair = [
                clip.segment(first, Duration::ZERO),
                clip.segment(first + 1, Duration::ZERO),
            ];
            let facts = pair
                .each_ref()
                .map(|bytes| ts::inspect(std::slice::from_ref(bytes)).expect("a sound segment"));
            assert_eq!(facts[0].end, facts[1].start);
            assert_eq!(ts::inspect(&pair).expect("both").continuity_errors, 0);
        }
    }

    #[test]
    fn a_later_session_has_later_times_and_the_same_pictures() {
        let clip = embedded(1);
        let times = [Duration::ZERO, Duration::from_secs(1000)].map(|later| {
            let facts = ts::inspect(&[clip.segment(3, later)]).expect("a sound segment");
            facts.start.expect("times")
        });
        assert_eq!(times[0].offset_to(times[1]), 90_000_000);
    }
}
