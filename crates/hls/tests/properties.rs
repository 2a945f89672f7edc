//! Rules held over thousands of made-up playlists.

use std::{borrow::Cow, time::Duration};

use hls::{Media, Playlist, read, write};
use jiff::Timestamp;
use proptest::{collection::vec, option, prelude::*, sample::Index};

const MEDIA: &str = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:99\n\
    #EXT-X-DEFINE:NAME=\"v\",VALUE=\"w\"\n#EXT-X-KEY:METHOD=AES-128,URI=\"k\",IV=0x01\n\
    #EXT-X-MAP:URI=\"i.mp4\",BYTERANGE=\"10@0\"\n#EXT-X-BYTERANGE:10@5\n#EXTINF:5.005,Title\n{$v}/a.mp4\n\
    #EXT-X-DISCONTINUITY\n#EXT-X-PROGRAM-DATE-TIME:2026-11-22T10:00:00.5+0100\n#EXT-X-BYTERANGE:7\n\
    #EXT-X-DATERANGE:ID=\"d\",START-DATE=\"2026-11-22T10:00:00Z\"\n#EXT-X-NEW:1\n#EXTINF:6\n{$v}/a.mp4\n\
    #EXT-X-KEY:METHOD=NONE\n#EXT-X-SKIP:SKIPPED-SEGMENTS=2\n#EXT-X-GAP\n#EXTINF:4,\nb.mp4\n#EXT-X-ENDLIST\n";

const MULTIVARIANT: &str = "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"n\",URI=\"a.m3u8\"\n\
    #EXT-X-STREAM-INF:BANDWIDTH=100,CODECS=\"avc1,mp4a\",RESOLUTION=1x2,FRAME-RATE=25.0,AUDIO=\"a\"\nv.m3u8\n\
    #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI=\"i.m3u8\"\n#EXT-X-STREAM-INF:AVERAGE-BANDWIDTH=1\nw.m3u8\n";

#[derive(Clone, Debug)]
enum Damage {
    Byte(Index, u8),
    Cut(Index, usize),
    Insert(Index, Vec<u8>),
    Repeat(Index, usize),
    Truncate(Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let piece = prop_oneof![
        vec(any::<u8>(), 1..8),
        "[\"=,:@{$}#\r\n -]{1,4}".prop_map(String::into_bytes),
        "-?[0-9]{1,25}(\\.[0-9]{0,12})?".prop_map(String::into_bytes),
    ];
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Byte(at, byte)),
        (any::<Index>(), 1..40_usize).prop_map(|(at, length)| Damage::Cut(at, length)),
        (any::<Index>(), piece).prop_map(|(at, piece)| Damage::Insert(at, piece)),
        (any::<Index>(), 1..80_usize).prop_map(|(at, length)| Damage::Repeat(at, length)),
        any::<Index>().prop_map(Damage::Truncate),
    ]
}

fn damaged(text: &str, damages: &[Damage]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for damage in damages {
        let place = |at: &Index| at.index(bytes.len().max(1)).min(bytes.len());
        match damage {
            Damage::Byte(at, byte) => {
                let at = place(at);
                bytes.splice(at..(at + 1).min(bytes.len()), [*byte]);
            }
            Damage::Cut(at, length) => {
                let at = place(at);
                bytes.drain(at..(at + length).min(bytes.len()));
            }
            Damage::Insert(at, piece) => {
                let at = place(at);
                bytes.splice(at..at, piece.iter().copied());
            }
            Damage::Repeat(at, length) => {
                let at = place(at);
                let piece = bytes[at..(at + length).min(bytes.len())].to_vec();
                bytes.splice(at..at, piece);
            }
            Damage::Truncate(at) => bytes.truncate(place(at)),
        }
    }
    bytes
}

fn published(media: &Media) -> Vec<write::Segment<'_>> {
    media
        .segments
        .iter()
        .map(|segment| write::Segment {
            uri: Cow::from(&segment.uri),
            duration: segment.duration,
            discontinuity: segment.discontinuity,
            program_date_time: segment.program_date_time,
            key: segment.key.as_deref().map(write::Key::from),
            map: segment.map.as_ref().map(|map| Cow::from(&map.uri)),
            tags: &segment.tags,
        })
        .collect()
}

fn list<'a>(media: &Media, segments: &'a [write::Segment<'a>]) -> write::Media<'a> {
    write::Media {
        target_duration: media.target_duration.as_secs(),
        media_sequence: media
            .segments
            .first()
            .map_or(media.media_sequence, |first| first.sequence),
        discontinuity_sequence: media.discontinuity_sequence,
        independent_segments: media.independent_segments,
        ended: media.ended,
        segments,
    }
}

fn key() -> impl Strategy<Value = write::Key<'static>> {
    let method = prop::sample::select(vec!["AES-128", "SAMPLE-AES", "SAMPLE-AES-CTR"]);
    let text = || option::of("[a-z0-9.:/?=,-]{1,9}".prop_map(Cow::from));
    (method, text(), any::<Option<u128>>(), text(), text()).prop_map(
        |(method, uri, iv, key_format, key_format_versions)| write::Key {
            method: Cow::from(method),
            uri,
            iv,
            key_format,
            key_format_versions,
        },
    )
}

fn segment() -> impl Strategy<Value = write::Segment<'static>> {
    let date = option::of(0..4_000_000_000_000_i64);
    let map = option::of("[a-z]{1,3}\\.mp4".prop_map(Cow::from));
    let uri = "[a-z0-9]{1,8}/[a-z0-9 ,=?&]{0,8}\\.ts".prop_map(Cow::from);
    (
        uri,
        0..86_400_000_000_u64,
        any::<bool>(),
        date,
        option::of(key()),
        map,
    )
        .prop_map(
            |(uri, micros, discontinuity, date, key, map)| write::Segment {
                uri,
                duration: Duration::from_micros(micros),
                discontinuity,
                program_date_time: date.and_then(|millis| Timestamp::from_millisecond(millis).ok()),
                key,
                map,
                tags: &[],
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn reading_survives_any_bytes(bytes in vec(any::<u8>(), 0..600)) {
        let _ = read(&bytes);
        let _ = read(&[b"#EXTM3U\n", &bytes[..]].concat());
    }

    #[test]
    fn reading_survives_any_value_of_any_tag(
        name in prop::sample::select(vec![
            "INF", "-X-TARGETDURATION", "-X-MEDIA-SEQUENCE", "-X-KEY", "-X-MAP", "-X-BYTERANGE", "-X-DEFINE",
            "-X-PROGRAM-DATE-TIME", "-X-SKIP", "-X-MEDIA", "-X-STREAM-INF", "-X-NEW", "-X-DATERANGE",
        ]),
        value in "([A-Z]{2,9}=)?[\"=,@:{}$.0-9A-Fa-fx \\PC-]{0,30}",
    ) {
        let _ = read(format!("#EXTM3U\n#EXT{name}:{value}\na.ts\n").as_bytes());
    }

    #[test]
    fn what_is_left_of_a_damaged_list_can_be_published_and_read_again(
        damages in vec(damage(), 0..6),
    ) {
        let _ = read(&damaged(MULTIVARIANT, &damages)).map(|playlist| match playlist {
            Playlist::Multivariant(list) => list.highest().cloned(),
            Playlist::Media(_) => None,
        });
        if let Ok(Playlist::Media(media)) = read(&damaged(MEDIA, &damages)) {
            let segments = published(&media);
            let text = write::media(&list(&media, &segments));
            let Ok(Playlist::Media(again)) = read(text.as_bytes()) else {
                return Err(TestCaseError::fail(text));
            };
            let facts = |media: &Media| -> Vec<_> {
                let segments = media.segments.iter();
                segments.map(|s| (s.sequence, s.duration, s.discontinuity, s.key.is_some())).collect()
            };
            prop_assert_eq!(facts(&again), facts(&media), "{}", text);
            prop_assert_eq!(again.ended, media.ended);
        }
    }

    #[test]
    fn what_is_written_is_read_back_the_same(
        segments in vec(segment(), 0..12),
        media_sequence in 0..u64::MAX / 2,
        discontinuity_sequence in any::<u64>(),
        target_duration in 1..86_400_u64,
        independent_segments in any::<bool>(),
        ended in any::<bool>(),
    ) {
        let mut map = None;
        let segments: Vec<_> = segments
            .into_iter()
            .map(|segment| {
                // HLS cannot end a map, so a list that has begun with maps goes on with them.
                map = segment.map.clone().or(map.take());
                write::Segment { map: map.clone(), ..segment }
            })
            .collect();
        let meant = write::Media {
            target_duration, media_sequence, discontinuity_sequence, independent_segments, ended,
            segments: &segments,
        };
        let text = write::media(&meant);
        let Ok(Playlist::Media(media)) = read(text.as_bytes()) else {
            return Err(TestCaseError::fail(text));
        };
        prop_assert!(media.segments.iter().all(|segment| segment.duration_stated));
        prop_assert_eq!(media.media_sequence, media_sequence);
        let again = published(&media);
        prop_assert_eq!(list(&media, &again), meant);
    }
}
