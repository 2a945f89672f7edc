//! The clips that say what is going on while there is nothing else to show, one after the other; when that is, is not known here.

use std::time::Duration;

use ts::PACKET_BYTES;
use ts::packet::Packet;
use ts::rebase::Rebase;

use crate::examine::{self, Fit};

/// Each clip is this long: 48 frames of video, and 90 of sound.
pub(crate) const LENGTH: Duration = Duration::from_millis(1_920);

/// What a clip says. `scripts/make-slate` makes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clip {
    /// That the source is being opened.
    Starting,
    /// That it is away, and looked for.
    Lost,
    /// That nothing follows.
    Ended,
}

impl Clip {
    /// The sentence in its picture.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "Starting...",
            Self::Lost => "Source lost, reconnecting...",
            Self::Ended => "This stream has ended",
        }
    }

    fn bytes(self) -> &'static [u8] {
        match self {
            Self::Starting => include_bytes!("../slate/starting.ts"),
            Self::Lost => include_bytes!("../slate/lost.ts"),
            Self::Ended => include_bytes!("../slate/ended.ts"),
        }
    }
}

/// Clips that follow on each other: times and counters go on from one to the next, whatever they say.
#[derive(Debug, Default)]
pub(crate) struct Run {
    clips: u32,
    /// The last counter of each stream.
    counters: Vec<(u16, u8)>,
}

impl Run {
    /// The next clip, as it stands at its place.
    pub(crate) fn next(&mut self, clip: Clip) -> Fit {
        let by = ts::ticks(LENGTH * self.clips);
        let mut rebase = Rebase::by(i64::try_from(by).unwrap_or_default());
        for (pid, counter) in &self.counters {
            rebase.count_from(*pid, (counter + 1) & 0x0f);
        }
        let mut bytes = clip.bytes().to_vec();
        rebase.packets(&mut bytes);
        self.count(&bytes);
        self.clips = self.clips.wrapping_add(1);
        examine::segment(vec![bytes.into()], None).expect("our own clips are whole")
    }

    fn count(&mut self, bytes: &[u8]) {
        for packet in bytes.as_chunks::<PACKET_BYTES>().0 {
            let packet = Packet::new(packet);
            let (pid, counter) = (packet.pid(), packet.continuity());
            match self.counters.iter_mut().find(|(known, _)| *known == pid) {
                Some((_, last)) => *last = counter,
                None => self.counters.push((pid, counter)),
            }
        }
    }
}

/// Whether clips can stand in a continuous body of these streams: a decoder that was made for others may not
/// take them.
pub(crate) fn goes_with(streams: &[ts::Stream]) -> bool {
    let has = |codec| streams.iter().any(|stream| stream.codec == codec);
    has(ts::Codec::H264) && has(ts::Codec::Aac)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use bytes::Bytes;

    use super::*;

    const ALL: [Clip; 3] = [Clip::Starting, Clip::Lost, Clip::Ended];

    /// From one frame of video, and of sound, to the next: 25 frames a second; 1,024 samples of 48,000.
    const STEPS: [(&str, u64, usize); 2] = [("v:0", 3_600, 48), ("a:0", 1_920, 90)];

    fn fit(clip: Clip) -> Fit {
        Run::default().next(clip)
    }

    /// A run long enough for all counters to have gone round, in which what is said changes.
    fn run() -> Vec<Fit> {
        let mut run = Run::default();
        let said = [Clip::Starting, Clip::Lost].map(|clip| [clip; 9]).concat();
        let said = said.into_iter().chain([Clip::Ended, Clip::Lost]);
        said.map(|clip| run.next(clip)).collect()
    }

    fn whole(fits: &[Fit]) -> Bytes {
        let chunks = fits.iter().flat_map(|fit| fit.body.chunks());
        chunks.flatten().copied().collect()
    }

    /// Times and flags of a stream's packets as ffprobe reads them; nothing where there is no ffprobe.
    fn probed(path: &Path, stream: &str) -> Option<Vec<(u64, bool)>> {
        let line =
            format!("-v error -select_streams {stream} -show_entries packet=pts,flags -of csv=p=0");
        let output = Command::new("ffprobe")
            .args(line.split_whitespace())
            .arg(path)
            .output()
            .ok()?;
        let text = String::from_utf8(output.stdout).expect("ffprobe writes text");
        let read = |line: &str| {
            let (pts, flags) = line.split_once(',')?;
            Some((pts.parse().ok()?, flags.starts_with('K')))
        };
        Some(text.lines().filter_map(read).collect())
    }

    #[test]
    fn each_clip_begins_with_tables_and_a_key_frame_and_is_as_long_as_it_says() {
        for clip in ALL {
            let fit = fit(clip);
            let facts = ts::inspect(fit.body.chunks()).expect("a transport stream");
            assert_eq!(facts.duration, Some(LENGTH), "{clip:?}");
            assert!(facts.starts_with_tables && facts.starts_with_key_frame);
            assert!(goes_with(&facts.streams), "{:?}", facts.streams);
            assert!(fit.body.len() < 64 << 10);
        }
    }

    #[test]
    fn clips_follow_on_each_other_whatever_they_say() {
        let fits = run();
        let facts = ts::inspect(&[whole(&fits)]).expect("a transport stream");
        assert_eq!(facts.continuity_errors, 0);
        assert_eq!(facts.duration, Some(LENGTH * 20));
        assert_eq!(facts.longest_step, facts.frame);
        for pair in fits.windows(2) {
            let (before, after) = (&pair[0], &pair[1]);
            let end = before.facts.as_ref().and_then(|facts| facts.end);
            assert_eq!(end, after.facts.as_ref().and_then(|facts| facts.start));
            let parts = (before.part.as_ref(), after.part.as_ref());
            assert!(parts.1.expect("a part").counts_on(parts.0.expect("a part")));
            assert_ne!(before.fingerprint, after.fingerprint);
        }
    }

    #[test]
    fn ffprobe_reads_a_run_as_one_stream_without_a_gap() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("run.ts");
        std::fs::write(&path, whole(&run())).expect("a file");
        for (stream, step, count) in STEPS {
            let Some(packets) = probed(&path, stream) else {
                eprintln!("there is no ffprobe: nothing to compare");
                return;
            };
            assert_eq!(packets.len(), count * 20, "{stream}");
            let steps = packets.windows(2).map(|pair| pair[1].0 - pair[0].0);
            assert!(steps.clone().all(|it| it == step), "{stream}");
            let keys = packets.iter().step_by(count).all(|(_, key)| *key);
            assert!(keys, "{stream} begins a clip without a key frame");
            if stream == "v:0" {
                let keys = packets.iter().filter(|(_, key)| *key).count();
                assert_eq!(keys, 20, "one key frame a clip");
            }
        }
    }
}
