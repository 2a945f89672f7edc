//! Real streams that change codecs, pids and tables in the middle of a body, and change back.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use ts::continuity::Counters;
use ts::packet::Packet;
use ts::rebase::Seamless;
use ts::segment::{Break, Options, Segment};

use crate::cut::cut;
use crate::real::made;
use crate::real_cut::complaints;

/// Six seconds of each, at 25 pictures a second with a key frame each.
const FRAMES: usize = 150;

const H264: &str = "-c:v libx264 -preset ultrafast -bf 2 -g 25 -sc_threshold 0 -c:a aac";

const HEVC: &str = "-c:v libx265 -preset ultrafast \
    -x265-params log-level=error:keyint=25:min-keyint=25:scenecut=0:open-gop=0 -c:a ac3 \
    -mpegts_service_id 7 -mpegts_pmt_start_pid 0x1200 -mpegts_start_pid 0x300";

/// HEVC where H.264 was, and AC-3 where AAC was.
const HEVC_IN_PLACE: &str = "-c:v libx265 -preset ultrafast \
    -x265-params log-level=error:keyint=25:min-keyint=25:scenecut=0:open-gop=0 -c:a ac3";

/// One body of three encoders, the second of another kind than the others; each begins this much later by its clock.
fn body(name: &str, other: &str, offsets: [u32; 3]) -> Option<Bytes> {
    let mut body = Vec::new();
    for (part, (coding, offset)) in [H264, other, H264].iter().zip(offsets).enumerate() {
        let coding = format!("{coding} -output_ts_offset {offset}");
        let (bytes, _) = made(&format!("{name}-{part}.ts"), &coding)?;
        body.extend_from_slice(&bytes);
    }
    Some(body.into())
}

fn segments(body: &Bytes) -> Vec<Segment> {
    let options = Options {
        target: Duration::from_secs(2),
        longest: Duration::from_secs(5),
        ..Options::default()
    };
    cut(body, &[7_000, 65_536, 13], options).segments
}

/// What a viewer of one continuous body gets.
fn joined(segments: &[Segment]) -> Vec<u8> {
    let (mut viewer, mut out) = (Seamless::default(), vec![]);
    for segment in segments {
        if segment.opening.discontinuity.is_some() {
            viewer.join(&segment.opening, segment.opening.begin, &mut out);
        } else {
            viewer.next(&segment.opening, &mut out);
        }
        for chunk in &segment.media {
            viewer.media(chunk, &mut out);
        }
    }
    out.concat()
}

/// Looked for in the whole file: else streams that begin in its middle are not decoded.
const LOOK_FAR: [&str; 4] = ["-analyzeduration", "60000000", "-probesize", "100000000"];

/// What ffmpeg says while it decodes every stream that there is anywhere in a file.
fn complaints_of_all(path: &Path) -> String {
    let output = Command::new("ffmpeg")
        .args(["-v", "warning", "-xerror"])
        .args(LOOK_FAR)
        .arg("-i")
        .arg(path)
        .args(["-map", "0", "-f", "null", "-"])
        .output()
        .expect("ffmpeg made the stream");
    let said = String::from_utf8_lossy(&output.stderr);
    // Of streams that are over before the file is, it does not guess the length.
    let complaints = said
        .lines()
        .filter(|it| !it.contains("no PTS found at end"));
    let said: Vec<&str> = complaints.collect();
    if output.status.success() || !said.is_empty() {
        said.join("\n")
    } else {
        output.status.to_string()
    }
}

/// The codecs that ffprobe finds, sorted.
fn codecs(path: &Path) -> Vec<String> {
    let output = Command::new("ffprobe")
        .args(["-v", "error"])
        .args(LOOK_FAR)
        .args(["-show_entries", "stream=codec_name", "-of", "csv=p=0"])
        .arg(path)
        .output();
    let text = String::from_utf8(output.expect("ffprobe comes with ffmpeg").stdout);
    let text = text.expect("ffprobe writes text");
    let lines = text.lines().map(|line| line.trim_matches(',').to_owned());
    let mut codecs: Vec<String> = lines.filter(|it| !it.is_empty()).collect();
    codecs.sort();
    codecs.dedup();
    codecs
}

/// The pictures that ffprobe decodes, whatever their codec.
fn pictures(path: &Path) -> usize {
    let output = Command::new("ffprobe")
        .args(["-v", "error"])
        .args(LOOK_FAR)
        .args(["-select_streams", "v", "-show_entries", "frame=pict_type"])
        .args(["-of", "csv=p=0"])
        .arg(path)
        .output();
    let text = output.expect("ffprobe comes with ffmpeg").stdout;
    let lines = text.split(|byte| *byte == b'\n');
    lines.filter(|line| !line.is_empty()).count()
}

fn written(name: &str, bytes: &[u8]) -> std::path::PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, bytes).expect("a file among build products");
    path
}

/// Each segment is one encoder's, can be decoded alone, and only those at the changes are breaks.
fn assert_segments(name: &str, segments: &[Segment]) {
    let mut breaks = vec![];
    let mut kinds: Vec<Vec<String>> = vec![];
    for (index, segment) in segments.iter().enumerate() {
        let path = written(&format!("{name}.{index}.ts"), &segment.chunks().concat());
        assert_eq!(complaints(&path, &["-map", "0"]), "", "{name}, {index}");
        assert!(segment.opening.independent, "{name}, {index}");
        let found = codecs(&path);
        if kinds.last() != Some(&found) {
            kinds.push(found);
        }
        breaks.extend(segment.opening.discontinuity.map(|why| (index, why)));
    }
    assert_eq!(
        kinds,
        [["aac", "h264"], ["ac3", "hevc"], ["aac", "h264"]],
        "{name}"
    );
    let is_change = |it: &(usize, Break)| it.1 == Break::Streams;
    assert!(
        breaks.len() == 2 && breaks.iter().all(is_change),
        "{name}: {breaks:?}"
    );
    let all: Duration = segments.iter().map(|it| it.duration).sum();
    let missing = all.abs_diff(Duration::from_secs(18));
    assert!(missing <= Duration::from_millis(200), "{name}: {all:?}");
}

/// The versions of the PMT in the order of sending, whichever pid each is on, and packets that do not count on.
fn tables_and_errors(body: &[u8]) -> (Vec<u8>, usize) {
    let (mut counters, mut errors, mut versions) = (Counters::default(), 0, vec![]);
    for bytes in body.as_chunks::<188>().0 {
        let packet = Packet::new(bytes);
        errors += usize::from(!counters.follows(packet));
        let payload = packet.payload();
        // Pointer 0, table 2; length, programme; then the version.
        let is_pmt = packet.starts_unit() && payload.starts_with(&[0, 2]);
        if let (true, Some(byte)) = (is_pmt, payload.get(6)) {
            let version = byte >> 1 & 0x1f;
            if versions.last() != Some(&version) {
                versions.push(version);
            }
        }
    }
    (versions, errors)
}

fn assert_body(name: &str, segments: &[Segment]) {
    let body = joined(segments);
    let (versions, errors) = tables_and_errors(&body);
    assert_eq!((versions.as_slice(), errors), (&[0, 1, 2][..], 0), "{name}");
    let path = written(&format!("{name}.joined.ts"), &body);
    assert_eq!(complaints_of_all(&path), "", "{name}");
    assert_eq!(codecs(&path), ["aac", "ac3", "h264", "hevc"], "{name}");
    assert_eq!(pictures(&path), 3 * FRAMES, "{name}");
}

#[test]
fn codecs_and_pids_that_change_while_time_goes_on_break_segments_and_no_continuous_body() {
    if let Some(body) = body("codecs", HEVC, [0, 6, 12]) {
        let segments = segments(&body);
        assert_segments("codecs", &segments);
        assert_body("codecs", &segments);
    }
}

#[test]
fn codecs_and_pids_that_change_with_the_clock_break_segments_once_and_no_continuous_body() {
    if let Some(body) = body("codecs-and-clock", HEVC, [5_000, 70, 900]) {
        let segments = segments(&body);
        assert_segments("codecs-and-clock", &segments);
        assert_body("codecs-and-clock", &segments);
    }
}

#[test]
fn codecs_that_change_under_the_same_pids_break_segments() {
    if let Some(body) = body("codecs-in-place", HEVC_IN_PLACE, [0, 6, 12]) {
        // In a continuous body ffmpeg goes on with the codec that a pid had first, whatever new tables say.
        assert_segments("codecs-in-place", &segments(&body));
    }
}
