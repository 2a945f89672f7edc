//! Streams of a real muxer and real encoders, compared with what ffprobe reads from them.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use ts::{Codec, Timestamp, inspect, split};

/// What ffprobe says of one packet.
#[derive(Eq, PartialEq, Debug)]
pub(crate) struct Probed {
    pub(crate) pts: u64,
    pub(crate) key: bool,
}

/// Makes a stream with ffmpeg; `None` where there is no ffmpeg or it lacks an encoder.
pub(crate) fn made(name: &str, arguments: &str) -> Option<(Bytes, std::path::PathBuf)> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let video = "-f lavfi -i testsrc2=s=320x180:r=25:d=6";
    let audio = "-f lavfi -i sine=f=440:r=48000:d=6";
    let line = format!("-v error -y {video} {audio} {arguments} -f mpegts");
    let run = Command::new("ffmpeg")
        .args(line.split_whitespace())
        .arg(&path)
        .status();
    match run {
        Ok(status) if status.success() => Some((std::fs::read(&path).ok()?.into(), path)),
        _ => {
            eprintln!("ffmpeg cannot make {name}: nothing to compare");
            None
        }
    }
}

pub(crate) fn probed(path: &Path, stream: &str) -> Vec<Probed> {
    let line =
        format!("-v error -select_streams {stream} -show_entries packet=pts,flags -of csv=p=0");
    let output = Command::new("ffprobe")
        .args(line.split_whitespace())
        .arg(path)
        .output();
    let text = String::from_utf8(output.expect("ffprobe comes with ffmpeg").stdout);
    let read = |line: &str| {
        let (pts, flags) = line.split_once(',')?;
        Some(Probed {
            pts: pts.parse().ok()?,
            key: flags.starts_with('K'),
        })
    };
    text.expect("ffprobe writes text")
        .lines()
        .filter_map(read)
        .collect()
}

/// Compares facts and parts with the lead stream's packets.
fn compare(bytes: &Bytes, path: &Path, stream: &str, codecs: &[Codec]) {
    let packets = probed(path, stream);
    let facts = inspect(std::slice::from_ref(bytes)).expect("a stream of ffmpeg's");
    let first = packets
        .iter()
        .map(|packet| packet.pts)
        .min()
        .expect("packets");
    let last = packets
        .iter()
        .map(|packet| packet.pts)
        .max()
        .expect("packets");
    assert_eq!(facts.start, Some(Timestamp(first)));
    assert_eq!(facts.end, Some(Timestamp(last + 3600)));
    assert_eq!(facts.duration, Some(Duration::from_secs(6)));
    assert_eq!(facts.frame, Some(Duration::from_millis(40)));
    assert!(facts.starts_with_key_frame && facts.starts_with_tables && !facts.scrambled);
    assert_eq!(
        facts.streams.iter().map(|s| s.codec).collect::<Vec<_>>(),
        codecs
    );
    assert_eq!(facts.continuity_errors, 0);

    let keys: Vec<_> = packets
        .iter()
        .filter(|packet| packet.key)
        .map(|packet| packet.pts)
        .collect();
    let parts = split(std::slice::from_ref(bytes), Duration::from_millis(1100)).expect("the same");
    let starts: Vec<_> = parts
        .iter()
        .map(|part| inspect(part).expect("a sound part"))
        .collect();
    assert_eq!(starts.len(), keys.len());
    for (part, key) in starts.iter().zip(keys) {
        assert!(part.starts_with_key_frame && part.starts_with_tables);
        assert!(
            part.start
                .is_some_and(|start| start.offset_to(Timestamp(key)) < 3 * 3600)
        );
    }
}

#[test]
fn h264_with_frames_out_of_order_and_aac_is_read_as_ffprobe_reads_it() {
    let coding = "-c:v libx264 -preset ultrafast -bf 3 -g 25 -sc_threshold 0 -c:a aac";
    if let Some((bytes, path)) = made("h264.ts", coding) {
        compare(&bytes, &path, "v:0", &[Codec::H264, Codec::Aac]);
    }
}

#[test]
fn h264_with_open_groups_is_read_as_ffprobe_reads_it() {
    let coding =
        "-c:v libx264 -preset fast -x264-params open-gop=1:bframes=3:keyint=25:scenecut=0 -an";
    if let Some((bytes, path)) = made("open.ts", coding) {
        compare(&bytes, &path, "v:0", &[Codec::H264]);
    }
}

#[test]
fn hevc_and_ac3_are_read_as_ffprobe_reads_them() {
    let coding =
        "-c:v libx265 -preset ultrafast -x265-params log-level=error:keyint=25:scenecut=0 -c:a ac3";
    if let Some((bytes, path)) = made("hevc.ts", coding) {
        compare(&bytes, &path, "v:0", &[Codec::H265, Codec::Ac3]);
    }
}

#[test]
fn mpeg_2_and_layer_2_are_read_as_ffprobe_reads_them() {
    let coding = "-c:v mpeg2video -bf 2 -g 25 -sc_threshold 1000000000 -c:a mp2";
    if let Some((bytes, path)) = made("mpeg2.ts", coding) {
        compare(&bytes, &path, "v:0", &[Codec::Mpeg2, Codec::MpegAudio]);
    }
}

#[test]
fn sound_alone_is_as_long_as_it_plays_within_a_sent_frame() {
    if let Some((bytes, _)) = made("sound.ts", "-vn -c:a aac") {
        let facts = inspect(&[bytes]).expect("a stream of ffmpeg's");
        let (duration, frame) = (facts.duration.expect("times"), facts.frame.expect("frames"));
        assert!(duration.abs_diff(Duration::from_secs(6)) <= frame);
        assert!(facts.starts_with_key_frame);
    }
}
