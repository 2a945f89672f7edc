//! Segments of real streams, compared with what ffprobe, ffmpeg and another reader make of them and of the whole.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use ts::segment::{Ended, Options, Segment};

use crate::cut::{Out, cut};
use crate::oracle;
use crate::real::{made, probed};

const FRAME: Duration = Duration::from_millis(40);

fn two_seconds() -> Options {
    Options {
        target: Duration::from_secs(2),
        longest: Duration::from_secs(5),
        ..Options::default()
    }
}

/// Cuts a stream whose video has a key frame each second, and compares everything that can be compared.
fn compare(name: &str, bytes: &Bytes, path: &Path) -> Out {
    let out = cut(bytes, &[7_000, 65_536, 13], two_seconds());
    let chunks: Vec<Bytes> = out.segments.iter().flat_map(Segment::chunks).collect();
    let joined = path.with_extension("joined.ts");
    std::fs::write(&joined, chunks.concat()).expect("a file among build products");
    for stream in ["v:0", "a:0"] {
        let (before, after) = (probed(path, stream), probed(&joined, stream));
        assert_eq!(before, after, "{name}, {stream}");
    }
    let (before, after) = (oracle::read(bytes), oracle::read(&chunks.concat()));
    assert_eq!(before, after, "{name}");
    let starts: Vec<u64> = out.segments.iter().map(begin).collect();
    let keys: Vec<u64> = probed(path, "v:0")
        .iter()
        .filter(|packet| packet.key)
        .map(|packet| packet.pts)
        .collect();
    let marked: Vec<u64> = out
        .segments
        .iter()
        .flat_map(|segment| &segment.keys)
        .filter_map(|key| Some(key.times.pts?.0))
        .collect();
    assert_eq!(marked, keys, "{name}: key frames");
    assert_eq!(starts, [keys[0], keys[2], keys[4]], "{name}: segments");
    for (index, segment) in out.segments.iter().enumerate() {
        assert!(segment.opening.independent, "{name}");
        assert!(segment.opening.discontinuity.is_none(), "{name}");
        let seconds = segment.duration.abs_diff(Duration::from_secs(2));
        assert!(seconds <= FRAME, "{name}: {:?}", segment.duration);
        assert!(matches!(segment.ended, Ended::KeyFrame | Ended::Body));
        let file = path.with_extension(format!("{index}.ts"));
        std::fs::write(&file, segment.chunks().concat()).expect("a file among build products");
        assert_eq!(complaints(&file, &[]), "", "{name}, segment {index}");
        let first = &probed(&file, "v:0")[0];
        assert!(
            first.key && first.pts == begin(segment),
            "{name}, segment {index}"
        );
    }
    out
}

fn begin(segment: &Segment) -> u64 {
    segment.opening.begin.pts.expect("a time").0
}

/// What ffmpeg says while it decodes all of a file, giving up at the first error.
pub(crate) fn complaints(path: &Path, arguments: &[&str]) -> String {
    let output = Command::new("ffmpeg")
        .args(["-v", "warning", "-xerror", "-i"])
        .arg(path)
        .args(arguments)
        .args(["-f", "null", "-"])
        .output()
        .expect("ffmpeg made the stream");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() || !said.is_empty() {
        said
    } else {
        output.status.to_string()
    }
}

#[test]
fn h264_and_aac_are_cut_into_what_other_readers_find_in_the_whole() {
    let coding = "-c:v libx264 -preset ultrafast -bf 3 -g 25 -sc_threshold 0 -c:a aac";
    if let Some((bytes, path)) = made("cut-h264.ts", coding) {
        compare("H.264", &bytes, &path);
    }
}

#[test]
fn hevc_and_ac3_are_cut_into_what_other_readers_find_in_the_whole() {
    let coding = "-c:v libx265 -preset ultrafast -x265-params log-level=error:keyint=25:min-keyint=25:scenecut=0:open-gop=0 -c:a ac3";
    if let Some((bytes, path)) = made("cut-hevc.ts", coding) {
        compare("HEVC", &bytes, &path);
    }
}

#[test]
fn mpeg_2_and_layer_2_are_cut_into_what_other_readers_find_in_the_whole() {
    let coding = "-c:v mpeg2video -bf 2 -g 25 -flags +cgop -sc_threshold 1000000000 -c:a mp2";
    if let Some((bytes, path)) = made("cut-mpeg2.ts", coding) {
        compare("MPEG-2", &bytes, &path);
    }
}

#[test]
fn packets_of_192_bytes_are_cut_into_the_same_segments() {
    let coding = "-c:v libx264 -preset ultrafast -g 25 -sc_threshold 0 -c:a aac";
    if let Some((bytes, _)) = made("cut-m2ts.ts", coding) {
        let stamped: Vec<u8> = bytes
            .chunks(188)
            .flat_map(|packet| [&[0, 1, 2, 3], packet].concat())
            .collect();
        let plain = cut(&bytes, &[10_000], two_seconds());
        let out = cut(&stamped, &[10_000], two_seconds());
        assert_eq!(out.media(), plain.media());
    }
}

#[test]
fn sound_alone_is_cut_into_segments_that_can_be_decoded() {
    if let Some((bytes, path)) = made("cut-sound.ts", "-vn -c:a aac") {
        let out = cut(&bytes, &[1000], two_seconds());
        let chunks: Vec<Bytes> = out.segments.iter().flat_map(Segment::chunks).collect();
        assert_eq!(oracle::read(&bytes), oracle::read(&chunks.concat()));
        let total: Duration = out.segments.iter().map(|segment| segment.duration).sum();
        assert!(
            total.abs_diff(Duration::from_secs(6)) < Duration::from_millis(200),
            "{total:?}"
        );
        assert!(2 <= out.segments.len());
        for (index, segment) in out.segments.iter().enumerate() {
            let file = path.with_extension(format!("{index}.ts"));
            std::fs::write(&file, segment.chunks().concat()).expect("a file among build products");
            assert_eq!(complaints(&file, &[]), "");
        }
    }
}

#[test]
fn of_two_programmes_one_is_left_and_whole() {
    let coding = "-map 0:v -map 1:a -map 0:v -map 1:a -c:v libx264 -preset ultrafast -g 25 -sc_threshold 0 -c:a aac \
        -program title=one:st=0:st=1 -program title=two:st=2:st=3";
    if let Some((bytes, path)) = made("cut-two.ts", coding) {
        let out = cut(&bytes, &[50_000], two_seconds());
        let chunks: Vec<Bytes> = out.segments.iter().flat_map(Segment::chunks).collect();
        let (mut before, after) = (oracle::read(&bytes), oracle::read(&chunks.concat()));
        assert_eq!(before.len(), 4);
        before.retain(|pid, _| {
            out.segments[0]
                .opening
                .tables
                .pmt
                .streams
                .iter()
                .any(|s| s.pid == *pid)
        });
        assert_eq!(before, after);
        let file = path.with_extension("one.ts");
        std::fs::write(&file, chunks.concat()).expect("a file among build products");
        assert_eq!(complaints(&file, &["-map", "0"]), "");
    }
}
