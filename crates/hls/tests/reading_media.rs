//! What the reader makes of media playlists as they are found in the field.

use std::time::Duration;

use hls::{Looks, Media, Playlist, ReadError, read};

fn media(text: &str) -> Media {
    match read(text.as_bytes()) {
        Ok(Playlist::Media(media)) => media,
        other => panic!("{other:?} for {text}"),
    }
}

fn error(text: &str) -> ReadError {
    read(text.as_bytes()).expect_err(text)
}

fn list(lines: &str) -> String {
    format!("#EXTM3U\n#EXT-X-TARGETDURATION:6\n{lines}")
}

fn uris(media: &Media) -> Vec<&str> {
    media
        .segments
        .iter()
        .map(|segment| segment.uri.as_str())
        .collect()
}

#[test]
fn a_live_list_is_read_with_all_that_it_says() {
    let media = media(
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-TARGETDURATION:6\n\
         #EXT-X-MEDIA-SEQUENCE:2680\n#EXT-X-DISCONTINUITY-SEQUENCE:4\n\
         #EXT-X-PROGRAM-DATE-TIME:2026-11-22T10:00:00.000+0000\n#EXTINF:5.720000,\na.ts\n\
         #EXT-X-DISCONTINUITY\n#EXTINF:6,Title, with comma\nhttps://b.example/b.ts?t=1#f\n#EXT-X-ENDLIST\n",
    );
    assert_eq!(
        (
            media.version,
            media.media_sequence,
            media.discontinuity_sequence
        ),
        (3, 2680, 4)
    );
    assert!(media.independent_segments && media.ended);
    assert_eq!(media.target_duration, Duration::from_secs(6));
    let [first, second] = &media.segments[..] else {
        panic!("{media:?}")
    };
    assert_eq!((first.sequence, second.sequence), (2680, 2681));
    assert_eq!(first.duration, Duration::from_millis(5_720));
    assert_eq!(first.program_date_time, "2026-11-22T10:00:00Z".parse().ok());
    assert!(!first.discontinuity && second.discontinuity);
    assert_eq!(second.uri, "https://b.example/b.ts?t=1#f");
    assert_eq!(second.program_date_time, None);
}

#[test]
fn line_ends_marks_and_blanks_do_not_matter() {
    let plain = list("#EXTINF:4,\na.ts\n#EXTINF:4,\nb.ts\n");
    let expected = media(&plain);
    for variant in [
        plain.replace('\n', "\r\n"),
        plain.replace('\n', "\r"),
        plain.replace('\n', "\n\n \n"),
        format!("\u{feff}\n\n{plain}"),
        plain.replace('#', "  #"),
        plain
            .replace("EXTINF:4", "EXTINF: 4 ")
            .replace("DURATION:6", "DURATION: 6"),
        plain.trim_end().to_owned(),
    ] {
        assert_eq!(media(&variant), expected, "{variant:?}");
    }
}

#[test]
fn a_latin_title_costs_nothing() {
    let bytes = b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,Espa\xf1a\na.ts\n";
    let Ok(Playlist::Media(media)) = read(bytes) else {
        panic!()
    };
    assert_eq!(uris(&media), ["a.ts"]);
}

#[test]
fn a_segment_without_a_usable_duration_stays_with_the_target_duration() {
    for tag in [
        "#EXTINF:-1,",
        "#EXTINF:abc",
        "#EXTINF:",
        "#EXTINF",
        "#EXTINF:nan,",
        "#x",
    ] {
        let media = media(&list(&format!("{tag}\na.ts\n#EXTINF:2,\nb.ts\n")));
        let [broken, whole] = &media.segments[..] else {
            panic!("{media:?}")
        };
        assert_eq!(
            (broken.duration, broken.duration_stated),
            (Duration::from_secs(6), false)
        );
        assert_eq!(
            (whole.duration, whole.duration_stated),
            (Duration::from_secs(2), true)
        );
    }
}

#[test]
fn durations_need_neither_comma_nor_point() {
    for (text, millis) in [
        ("4,7", 4_000),
        ("5.720000,", 5_720),
        ("5.72", 5_720),
        ("3", 3_000),
    ] {
        let media = media(&list(&format!("#EXTINF:{text}\na.ts\n")));
        assert_eq!(
            media.segments[0].duration,
            Duration::from_millis(millis),
            "{text}"
        );
        assert!(media.segments[0].duration_stated);
    }
}

#[test]
fn the_target_duration_is_whole_and_never_missing() {
    for (header, seconds) in [
        ("#EXT-X-TARGETDURATION:2.0\n", 2),
        ("#EXT-X-TARGETDURATION:2.4\n", 3),
        ("#EXT-X-TARGETDURATION:0\n", 5),
        ("#EXT-X-TARGETDURATION:soon\n", 5),
        ("", 5),
    ] {
        let media = media(&format!(
            "#EXTM3U\n{header}#EXTINF:4.1,\na.ts\n#EXTINF:3,\nb.ts\n"
        ));
        assert_eq!(
            media.target_duration,
            Duration::from_secs(seconds),
            "{header}"
        );
    }
    let unsaid = media("#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:1\n#EXTINF:-1,\na.ts\n");
    assert_eq!(unsaid.target_duration, Duration::from_secs(6));
}

#[test]
fn numbering_begins_at_zero_unless_it_is_stated() {
    let media = media(&list("#EXTINF:4,\na.ts\n#EXTINF:4,\nb.ts\n"));
    assert_eq!(
        media
            .segments
            .iter()
            .map(|s| s.sequence)
            .collect::<Vec<_>>(),
        [0, 1]
    );
    assert_eq!(media.discontinuity_sequence, 0);
    assert_eq!(
        error(&list("#EXT-X-MEDIA-SEQUENCE:new\n#EXTINF:4,\na.ts\n")),
        ReadError::BadMediaSequence {
            value: "new".to_owned()
        }
    );
    let end = list(&format!(
        "#EXT-X-MEDIA-SEQUENCE:{}\n#EXTINF:4,\na.ts\n",
        u64::MAX
    ));
    assert_eq!(
        error(&end),
        ReadError::MediaSequenceTooHigh {
            media_sequence: u64::MAX
        }
    );
}

#[test]
fn tags_that_nobody_knows_travel_with_their_segment() {
    let cue = "#EXT-X-CUE-OUT:DURATION=30, \"as is\"";
    let range = "#EXT-X-DATERANGE:ID=\"a\",START-DATE=\"2026-11-22T10:00:00Z\"";
    let media = media(&list(&format!(
        "#EXT-X-ALLOW-CACHE:NO\n#EXTVLCOPT:x\n# comment\n{cue}\n{range}\n#EXTINF:4,\na.ts\n#EXTINF:4,\nb.ts\n"
    )));
    assert_eq!(media.segments[0].tags, [cue, range]);
    assert_eq!(media.segments[1].tags, [""; 0]);
}

#[test]
fn low_latency_tags_are_dropped_and_skipped_segments_are_counted() {
    let media = media(&list(
        "#EXT-X-MEDIA-SEQUENCE:10\n#EXT-X-PART-INF:PART-TARGET=0.5\n\
         #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5\n#EXT-X-START:TIME-OFFSET=-2\n\
         #EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n\
         #EXT-X-PART:DURATION=0.5,URI=\"p.ts\"\n#EXTINF:4,\na.ts\n#EXT-X-GAP\n#EXTINF:4,\nb.ts\n\
         #EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"q.ts\"\n#EXT-X-RENDITION-REPORT:URI=\"r.m3u8\"\n",
    ));
    assert_eq!(uris(&media), ["a.ts", "b.ts"]);
    assert_eq!((media.media_sequence, media.segments[0].sequence), (10, 13));
    assert!(!media.segments[0].gap && media.segments[1].gap);
    assert!(media.segments.iter().all(|segment| segment.tags.is_empty()));
}

#[test]
fn an_empty_live_list_is_a_list_without_segments() {
    assert!(media(&list("")).segments.is_empty());
}

#[test]
fn lists_that_are_not_hls_are_called_so() {
    let looks = |text: &str| match error(text) {
        ReadError::NotAPlaylist { looks, .. } => looks,
        other => panic!("{other:?}"),
    };
    assert_eq!(looks("#EXTM3U\n"), Looks::HeaderOnly);
    assert_eq!(looks("#EXTM3U\nhttp://a.example/1\n"), Looks::AddressList);
    assert_eq!(
        looks("#EXTM3U\n#EXTINF:-1 tvg-id=\"x\",One\nhttp://a.example/1\n"),
        Looks::AddressList
    );
    assert_eq!(looks("<html><title>Log in</title></html>"), Looks::Html);
}

#[test]
fn everything_has_a_bound() {
    let big = format!("#EXTM3U\n{}", "# x\n".repeat(hls::PLAYLIST_BYTES_MAX / 4));
    assert!(matches!(error(&big), ReadError::TooLarge { .. }));
    let long = list(&format!(
        "#EXTINF:4,\n{}\n",
        "x".repeat(hls::LINE_BYTES_MAX + 1)
    ));
    assert!(matches!(
        error(&long),
        ReadError::LineTooLong { line: 4, .. }
    ));
    let full = list(&"#EXTINF:4,\na.ts\n".repeat(hls::ENTRIES_MAX));
    assert_eq!(media(&full).segments.len(), hls::ENTRIES_MAX);
    let many = list(&"#EXTINF:4,\na.ts\n".repeat(hls::ENTRIES_MAX + 1));
    assert_eq!(
        error(&many),
        ReadError::TooManyEntries {
            entries_max: hls::ENTRIES_MAX
        }
    );
}
