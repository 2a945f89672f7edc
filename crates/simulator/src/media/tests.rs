//! The clips as a real player sees them; where there is no ffmpeg, nothing is asserted.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

use super::Media;

/// A file of these bytes in the folder for temporary ones, gone when dropped.
struct File(PathBuf);

impl File {
    fn of(name: &str, bytes: &[u8]) -> File {
        let path = std::env::temp_dir().join(format!("weir-{}-{name}.ts", std::process::id()));
        fs::write(&path, bytes).expect("the folder for temporary files can be written");
        File(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// What a program says of a file; `None` where the program is not there.
fn run(program: &str, before: &str, file: &File, after: &str) -> Option<Output> {
    let mut command = Command::new(program);
    command
        .args(before.split_whitespace())
        .arg(&file.0)
        .args(after.split_whitespace());
    command.output().ok()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("ffmpeg writes text")
}

/// Decodes all of it; gives the warnings and the number of frames.
fn play(name: &str, bytes: &[u8]) -> Option<(String, u64)> {
    let file = File::of(name, bytes);
    let quiet = "-v warning -xerror -progress pipe:1 -f mpegts -i";
    let output = run("ffmpeg", quiet, &file, "-f null -")?;
    let progress = text(output.stdout);
    let frames = progress
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("frame="));
    let frames = frames
        .and_then(|count| count.trim().parse().ok())
        .unwrap_or(0);
    Some((text(output.stderr), frames))
}

#[test]
fn forty_seconds_of_every_clip_play_across_the_seams_without_a_warning() {
    for index in 0..3 {
        let media = Media::clip(index);
        // From the middle of a loop on: three seams.
        let body: Vec<u8> = (4..24).flat_map(|segment| media.segment(segment)).collect();
        if let Some((warnings, frames)) = play(media.name(), &body) {
            assert_eq!(
                (warnings.as_str(), frames),
                ("", 40 * 25),
                "{}",
                media.name()
            );
        }
    }
}

#[test]
fn a_single_segment_has_a_key_frame_first_and_its_duration() {
    for (index, segment) in [(0, 0), (1, 5), (2, 6), (0, 1_000_000_000)] {
        let media = Media::clip(index);
        let file = File::of(
            &format!("single-{index}-{segment}"),
            &media.segment(segment),
        );
        let fields = "-v warning -select_streams v:0 -of csv=p=0 -show_entries";
        let Some(packets) = run(
            "ffprobe",
            &format!("{fields} packet=pts_time,flags"),
            &file,
            "",
        ) else {
            return;
        };
        assert_eq!(text(packets.stderr), "");
        let packets = text(packets.stdout);
        let lines: Vec<&str> = packets.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(lines.len(), 50);
        assert!(lines[0].contains('K'), "{}", lines[0]);
        let stream = run("ffprobe", &format!("{fields} stream=duration"), &file, "");
        let stream = text(stream.expect("ffprobe was there").stdout);
        let seconds: f64 = stream
            .split_whitespace()
            .next()
            .and_then(|s| s.parse().ok())
            .expect("a duration");
        let off = media
            .duration(segment)
            .abs_diff(Duration::from_secs_f64(seconds));
        assert!(off <= Duration::from_millis(40), "{seconds} s");
    }
}

#[test]
fn sound_goes_on_across_the_seam_to_the_tick() {
    let media = Media::clip(0);
    let file = File::of("sound", &[media.segment(5), media.segment(6)].concat());
    let fields = "-v error -select_streams a:0 -of csv=p=0 -show_entries packet=pts";
    let Some(output) = run("ffprobe", fields, &file, "") else {
        return;
    };
    let times = text(output.stdout);
    let times: Vec<i64> = times
        .lines()
        .filter_map(|line| line.trim_matches(',').parse().ok())
        .collect();
    assert!(100 < times.len());
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] == 2880));
}
