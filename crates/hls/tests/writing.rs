//! What the writer publishes: exact text, the lowest version, and lists that stand alone.

use std::{borrow::Cow, time::Duration};

use hls::{
    Playlist, read,
    write::{self, Key, Segment, Variant},
};

fn segment(uri: &str) -> Segment<'_> {
    Segment {
        uri: Cow::from(uri),
        duration: Duration::from_secs(2),
        discontinuity: false,
        program_date_time: None,
        key: None,
        map: None,
        tags: &[],
    }
}

fn key(uri: &str) -> Key<'_> {
    Key {
        method: Cow::from("AES-128"),
        uri: Some(Cow::from(uri)),
        iv: Some(7),
        key_format: None,
        key_format_versions: None,
    }
}

fn written(segments: &[Segment<'_>]) -> String {
    write::media(&write::Media {
        target_duration: 2,
        media_sequence: 40,
        discontinuity_sequence: 3,
        independent_segments: false,
        ended: false,
        segments,
    })
}

/// The lines after the five of the head.
fn body(segments: &[Segment<'_>]) -> Vec<String> {
    written(segments)
        .lines()
        .skip(5)
        .map(str::to_owned)
        .collect()
}

fn version(segment: Segment<'_>) -> String {
    written(&[segment])
        .lines()
        .nth(1)
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn a_list_is_written_in_the_order_that_every_player_accepts() {
    let tags = ["#EXT-X-CUE-OUT:30".to_owned()];
    let first = Segment {
        duration: Duration::from_micros(1_999_999),
        discontinuity: true,
        program_date_time: "2026-11-22T12:00:00.1239+02:00".parse().ok(),
        key: Some(key("k")),
        map: Some(Cow::from("init.mp4")),
        tags: &tags,
        ..segment("a.m4s")
    };
    let text = write::media(&write::Media {
        target_duration: 2,
        media_sequence: 40,
        discontinuity_sequence: 3,
        independent_segments: true,
        ended: true,
        segments: &[first],
    });
    assert_eq!(
        text,
        "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-TARGETDURATION:2\n\
         #EXT-X-MEDIA-SEQUENCE:40\n#EXT-X-DISCONTINUITY-SEQUENCE:3\n#EXT-X-DISCONTINUITY\n\
         #EXT-X-KEY:METHOD=AES-128,URI=\"k\",IV=0x00000000000000000000000000000007\n\
         #EXT-X-MAP:URI=\"init.mp4\"\n#EXT-X-PROGRAM-DATE-TIME:2026-11-22T10:00:00.123Z\n\
         #EXT-X-CUE-OUT:30\n#EXTINF:1.999999,\na.m4s\n#EXT-X-ENDLIST\n"
    );
}

#[test]
fn the_version_is_no_greater_than_needed() {
    let with_key = |key| Segment {
        key: Some(key),
        ..segment("a.ts")
    };
    assert_eq!(version(segment("a.ts")), "#EXT-X-VERSION:3");
    assert_eq!(version(with_key(key("k"))), "#EXT-X-VERSION:3");
    let sample = Key {
        method: Cow::from("SAMPLE-AES"),
        ..key("k")
    };
    assert_eq!(version(with_key(sample)), "#EXT-X-VERSION:5");
    let format = Key {
        key_format: Some(Cow::from("com.widevine")),
        ..key("k")
    };
    assert_eq!(version(with_key(format)), "#EXT-X-VERSION:5");
    let map = Segment {
        map: Some(Cow::from("i.mp4")),
        ..segment("a.m4s")
    };
    assert_eq!(version(map), "#EXT-X-VERSION:6");
    assert!(written(&[]).contains("#EXT-X-VERSION:1\n"));
    assert_eq!(
        written(&[segment("a"), segment("b")])
            .matches("VERSION")
            .count(),
        1
    );
}

#[test]
fn a_key_is_written_when_it_changes_and_ended_when_it_ends() {
    let with = |uri| Segment {
        key: Some(key(uri)),
        ..segment("a.ts")
    };
    let lines = body(&[
        segment("c.ts"),
        with("k1"),
        with("k1"),
        with("k2"),
        segment("c.ts"),
        segment("c.ts"),
    ]);
    let keys: Vec<_> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("#EXT-X-KEY:"))
        .map(|attributes| attributes.split(",IV").next().unwrap_or_default())
        .collect();
    assert_eq!(
        keys,
        [
            "METHOD=AES-128,URI=\"k1\"",
            "METHOD=AES-128,URI=\"k2\"",
            "METHOD=NONE"
        ]
    );
}

#[test]
fn a_key_of_another_format_ends_the_one_before() {
    let other = Key {
        key_format: Some(Cow::from("x")),
        ..key("k2")
    };
    let segments = [
        Segment {
            key: Some(key("k1")),
            ..segment("a.ts")
        },
        Segment {
            key: Some(other),
            ..segment("b.ts")
        },
    ];
    let Ok(Playlist::Media(media)) = read(written(&segments).as_bytes()) else {
        panic!()
    };
    assert_eq!(
        media.segments[1].key.as_ref().unwrap().uri.as_deref(),
        Some("k2")
    );
}

#[test]
fn every_window_of_a_stream_stands_alone() {
    let stream: Vec<_> = (0..12)
        .map(|n| Segment {
            key: (n / 3 % 2 == 1).then(|| key(["k0", "k1", "k2", "k3"][n / 3])),
            map: Some(Cow::from(if n < 7 { "i1.mp4" } else { "i2.mp4" })),
            ..segment("a.m4s")
        })
        .collect();
    for start in 0..stream.len() {
        let window = &stream[start..(start + 5).min(stream.len())];
        let Ok(Playlist::Media(media)) = read(written(window).as_bytes()) else {
            panic!()
        };
        for (read, meant) in media.segments.iter().zip(window) {
            assert_eq!(read.key.as_deref().map(Key::from), meant.key);
            assert_eq!(
                read.map.as_ref().map(|map| map.uri.as_str()),
                meant.map.as_deref()
            );
        }
    }
}

#[test]
fn nothing_can_break_out_of_its_line_or_its_quotes() {
    let tags = [
        "#EXT-X-OK:1".to_owned(),
        "#EXT-X-A:1\n#EXT-X-ENDLIST".to_owned(),
        "#EXT-X-ENDLIST".to_owned(),
        "#EXT-X-KEY:METHOD=NONE".to_owned(),
        "#EXT-X-B:{$x}".to_owned(),
        "# comment".to_owned(),
        "stray.ts".to_owned(),
    ];
    let evil = Segment {
        key: Some(Key {
            method: Cow::from("AES-128,URI=\"x\""),
            uri: Some(Cow::from("k\",IV=\"\r\n{$v}")),
            key_format: Some(Cow::from("a\"b\n{$c}")),
            ..key("k")
        }),
        map: Some(Cow::from("i\"\n#EXT-X-ENDLIST")),
        tags: &tags,
        ..segment("#EXT-X-ENDLIST\r\n\"{$v}.ts")
    };
    assert_eq!(
        body(&[evil, segment("")]),
        [
            "#EXT-X-KEY:METHOD=AES-128URIx,URI=\"k%22,IV=%22%7B$v}\",\
             IV=0x00000000000000000000000000000007,KEYFORMAT=\"abc}\"",
            "#EXT-X-MAP:URI=\"i%22#EXT-X-ENDLIST\"",
            "#EXT-X-OK:1",
            "#EXTINF:2.000000,",
            "%23EXT-X-ENDLIST%22%7B$v}.ts",
            "#EXT-X-KEY:METHOD=NONE",
            "#EXTINF:2.000000,",
            "./",
        ]
    );
}

#[test]
fn a_multivariant_list_says_only_what_is_known() {
    let known = Variant {
        uri: Cow::from("a.m3u8?viewer=1"),
        bandwidth: 4_000_000,
        average_bandwidth: Some(3_000_000),
        codecs: Some("avc1.4d401f,\"mp4a.40.2"),
        resolution: Some((1920, 1080)),
        frame_rate: Some(29.97),
    };
    let unknown = Variant {
        uri: Cow::from("b.m3u8"),
        bandwidth: 1,
        average_bandwidth: None,
        codecs: None,
        resolution: None,
        frame_rate: Some(f64::NAN),
    };
    assert_eq!(
        write::multivariant(&[known, unknown], true),
        "#EXTM3U\n#EXT-X-INDEPENDENT-SEGMENTS\n\
         #EXT-X-STREAM-INF:BANDWIDTH=4000000,AVERAGE-BANDWIDTH=3000000,CODECS=\"avc1.4d401f,mp4a.40.2\",\
         RESOLUTION=1920x1080,FRAME-RATE=29.970\na.m3u8?viewer=1\n\
         #EXT-X-STREAM-INF:BANDWIDTH=1\nb.m3u8\n"
    );
}
