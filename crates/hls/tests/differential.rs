//! The reader against an independent one, m3u8-rs, on lists that both must understand alike.

use std::time::Duration;

use hls::{Media, Multivariant, Playlist, read};

const LIVE: &str = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:9\n#EXT-X-MEDIA-SEQUENCE:35232\n\
    #EXT-X-DISCONTINUITY-SEQUENCE:8\n#EXT-X-PROGRAM-DATE-TIME:2026-11-22T18:04:05.250+01:00\n\
    #EXTINF:8.008,Evening news\nhttp://cdn.example/n/35232.ts?s=a%20b\n#EXTINF:7.5,\n35233.ts\n\
    #EXT-X-DISCONTINUITY\n#EXTINF:3,\n../ads/1.ts\n#EXTINF:0.04,\n35235.ts\n";

const ENCRYPTED: &str = "#EXTM3U\n#EXT-X-VERSION:5\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:1\n\
    #EXTINF:4.0,\nclear.ts\n#EXT-X-KEY:METHOD=AES-128,URI=\"https://k.example/1?a,b\",IV=0x10ef8f758ca555115584bb5b3c687f52\n\
    #EXTINF:4.0,\n1.ts\n#EXTINF:4.0,\n2.ts\n#EXT-X-KEY:METHOD=AES-128,URI=\"https://k.example/2\"\n#EXTINF:2.4,\n3.ts\n\
    #EXT-X-ENDLIST\n";

const FRAGMENTED: &str = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-TARGETDURATION:4\n\
    #EXT-X-MAP:URI=\"all.mp4\",BYTERANGE=\"850@0\"\n#EXTINF:3.96,\n#EXT-X-BYTERANGE:61000@850\nall.mp4\n\
    #EXTINF:3.96,\n#EXT-X-BYTERANGE:59000@61850\nall.mp4\n#EXTINF:1.2,\nlast.mp4\n#EXT-X-ENDLIST\n";

const QUALITIES: &str = "#EXTM3U\n#EXT-X-VERSION:4\n\
    #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"stereo\",NAME=\"Castellano\",LANGUAGE=\"es\",DEFAULT=YES,AUTOSELECT=YES,URI=\"es/a.m3u8\"\n\
    #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"stereo\",NAME=\"Muxed\",AUTOSELECT=YES\n\
    #EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"text\",NAME=\"Euskara\",LANGUAGE=\"eu\",URI=\"eu/t.m3u8\"\n\
    #EXT-X-STREAM-INF:BANDWIDTH=1280000,AVERAGE-BANDWIDTH=1000000,CODECS=\"avc1.42c01e,mp4a.40.2\",RESOLUTION=640x360,AUDIO=\"stereo\"\n\
    low.m3u8\n\
    #EXT-X-STREAM-INF:BANDWIDTH=7680000,FRAME-RATE=50.000,RESOLUTION=1920x1080,SUBTITLES=\"text\"\nhttp://b.example/high.m3u8\n\
    #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=90000,URI=\"i.m3u8\"\n";

fn ours(text: &str) -> Playlist {
    read(text.as_bytes()).expect(text)
}

fn theirs(text: &str) -> m3u8_rs::Playlist {
    m3u8_rs::parse_playlist_res(text.as_bytes()).expect(text)
}

fn both(text: &str) -> (Media, m3u8_rs::MediaPlaylist) {
    match (ours(text), theirs(text)) {
        (Playlist::Media(ours), m3u8_rs::Playlist::MediaPlaylist(theirs)) => (ours, theirs),
        other => panic!("{other:?}"),
    }
}

fn compare(text: &str) {
    let (ours, theirs) = both(text);
    assert_eq!(
        ours.version,
        theirs.version.map_or(1, |version| version as u64)
    );
    assert_eq!(ours.target_duration.as_secs(), theirs.target_duration);
    assert_eq!(ours.media_sequence, theirs.media_sequence);
    assert_eq!(ours.discontinuity_sequence, theirs.discontinuity_sequence);
    assert_eq!(ours.independent_segments, theirs.independent_segments);
    assert_eq!(ours.ended, theirs.end_list);
    assert_eq!(ours.segments.len(), theirs.segments.len());
    // Theirs has a key and a map only where the tag stands; ours has what is in force.
    let (mut key, mut map) = (None, None);
    for (ours, theirs) in ours.segments.iter().zip(&theirs.segments) {
        assert_eq!(ours.uri, theirs.uri);
        assert!(
            ours.duration
                .abs_diff(Duration::from_secs_f32(theirs.duration))
                < Duration::from_millis(1)
        );
        assert_eq!(ours.discontinuity, theirs.discontinuity);
        assert_eq!(
            ours.program_date_time.map(jiff::Timestamp::as_millisecond),
            theirs.program_date_time.map(|date| date.timestamp_millis())
        );
        assert_eq!(
            ours.byte_range
                .map(|range| (range.length, Some(range.offset))),
            theirs
                .byte_range
                .as_ref()
                .map(|range| (range.length, range.offset))
        );
        key = theirs.key.clone().or(key);
        map = theirs.map.clone().or(map);
        assert_eq!(
            ours.key
                .as_ref()
                .map(|key| (key.method.clone(), key.uri.clone(), key.iv)),
            key.as_ref().map(|key| (
                key.method.to_string(),
                key.uri.clone(),
                key.iv.as_deref().map(iv)
            ))
        );
        assert_eq!(
            ours.map
                .as_ref()
                .map(|map| (&map.uri, map.byte_range.map(|range| range.length))),
            map.as_ref()
                .map(|map| (&map.uri, map.byte_range.as_ref().map(|range| range.length)))
        );
    }
}

fn iv(text: &str) -> u128 {
    u128::from_str_radix(text.trim_start_matches("0x"), 16).expect("hexadecimal")
}

#[test]
fn both_read_a_live_list_alike() {
    compare(LIVE);
    compare(&LIVE.replace('\n', "\r\n"));
}

#[test]
fn both_read_keys_alike() {
    compare(ENCRYPTED);
}

#[test]
fn both_read_maps_and_byte_ranges_alike() {
    compare(FRAGMENTED);
}

#[test]
fn both_read_what_we_write_alike() {
    for text in [LIVE, ENCRYPTED, FRAGMENTED] {
        let (media, _) = both(text);
        let segments: Vec<_> = media
            .segments
            .iter()
            .map(|segment| hls::write::Segment {
                uri: segment.uri.as_str().into(),
                duration: segment.duration,
                discontinuity: segment.discontinuity,
                program_date_time: segment.program_date_time,
                key: segment.key.as_deref().map(hls::write::Key::from),
                map: segment.map.as_ref().map(|map| map.uri.as_str().into()),
                tags: &segment.tags,
            })
            .collect();
        compare(&hls::write::media(&hls::write::Media {
            target_duration: media.target_duration.as_secs(),
            media_sequence: media.media_sequence,
            discontinuity_sequence: media.discontinuity_sequence,
            independent_segments: media.independent_segments,
            ended: media.ended,
            segments: &segments,
        }));
    }
}

#[test]
fn both_read_a_multivariant_list_alike() {
    let (ours, theirs): (Multivariant, _) = match (ours(QUALITIES), theirs(QUALITIES)) {
        (Playlist::Multivariant(ours), m3u8_rs::Playlist::MasterPlaylist(theirs)) => (ours, theirs),
        other => panic!("{other:?}"),
    };
    let their_variants: Vec<_> = theirs
        .variants
        .iter()
        .filter(|variant| !variant.is_i_frame)
        .collect();
    assert_eq!(ours.variants.len(), their_variants.len());
    for (ours, theirs) in ours.variants.iter().zip(their_variants) {
        assert_eq!(ours.uri, theirs.uri);
        assert_eq!(ours.bandwidth, theirs.bandwidth);
        assert_eq!(ours.average_bandwidth, theirs.average_bandwidth);
        assert_eq!(ours.codecs, theirs.codecs);
        let resolution = theirs
            .resolution
            .map(|resolution| (resolution.width, resolution.height));
        assert_eq!(ours.resolution, resolution);
        assert_eq!(ours.frame_rate, theirs.frame_rate);
        assert_eq!(
            (&ours.audio, &ours.subtitles),
            (&theirs.audio, &theirs.subtitles)
        );
    }
    assert_eq!(ours.renditions.len(), theirs.alternatives.len());
    for (ours, theirs) in ours.renditions.iter().zip(&theirs.alternatives) {
        assert_eq!(
            (&ours.uri, &ours.name, &ours.group_id),
            (&theirs.uri, &theirs.name, &theirs.group_id)
        );
        assert_eq!(
            (ours.default, ours.autoselect),
            (theirs.default, theirs.autoselect)
        );
        assert_eq!(ours.language, theirs.language);
    }
}
