//! Keys, maps and byte ranges: what must be brought to each segment, or fail.

use hls::{ByteRange, Key, Media, Playlist, ReadError, read};

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

#[test]
fn a_key_is_in_force_until_the_next_one_and_none_ends_it() {
    let media = media(&list(
        "#EXTINF:4,\nclear.ts\n#EXT-X-KEY:METHOD=AES-128,URI=\"k?a,b=1\",IV=0x0000000000000000000000000000000F\n\
         #EXTINF:4,\na.ts\n#EXTINF:4,\nb.ts\n#EXT-X-KEY:METHOD=AES-128, URI=\"k2\",\n#EXTINF:4,\nc.ts\n\
         #EXT-X-KEY:METHOD=NONE\n#EXTINF:4,\nd.ts\n",
    ));
    let keys: Vec<_> = media
        .segments
        .iter()
        .map(|segment| segment.key.as_deref())
        .collect();
    let first = Key {
        method: "AES-128".to_owned(),
        uri: Some("k?a,b=1".to_owned()),
        iv: Some(15),
        key_format: None,
        key_format_versions: None,
    };
    let second = Key {
        uri: Some("k2".to_owned()),
        iv: None,
        ..first.clone()
    };
    assert_eq!(
        keys,
        [None, Some(&first), Some(&first), Some(&second), None]
    );
}

#[test]
fn of_keys_for_several_players_the_plain_one_counts() {
    let media = media(&list(
        "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://x\",KEYFORMAT=\"com.apple.streamingkeydelivery\",KEYFORMATVERSIONS=\"1\"\n\
         #EXTINF:4,\na.ts\n\
         #EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"k\",KEYFORMAT=\"identity\"\n#EXTINF:4,\nb.ts\n",
    ));
    let uri = |index: usize| {
        media.segments[index]
            .key
            .as_ref()
            .and_then(|key| key.uri.clone())
    };
    assert_eq!(uri(0).as_deref(), Some("skd://x"));
    assert_eq!(uri(1).as_deref(), Some("k"));
    assert_eq!(media.segments[1].key.as_ref().unwrap().key_format, None);
}

#[test]
fn a_key_or_map_that_cannot_be_read_fails_rather_than_handing_out_noise() {
    for key in [
        "METHOD",
        "URI=\"k\"",
        "METHOD=AES-128,IV=15",
        "METHOD=AES-128,IV=0x+1",
        "METHOD=A_B",
    ] {
        let text = list(&format!("#EXT-X-KEY:{key}\n#EXTINF:4,\na.ts\n"));
        assert_eq!(error(&text), ReadError::BadKey { line: 3 }, "{key}");
    }
    for map in [
        "",
        "URI=\"\"",
        "BYTERANGE=\"1@0\"",
        "URI=\"i\",BYTERANGE=\"x\"",
    ] {
        let text = list(&format!("#EXT-X-MAP:{map}\n#EXTINF:4,\na.mp4\n"));
        assert_eq!(error(&text), ReadError::BadMap { line: 3 }, "{map}");
    }
}

#[test]
fn a_map_is_in_force_until_the_next_one() {
    let media = media(&list(
        "#EXT-X-MAP:URI=\"i1.mp4\",BYTERANGE=\"720@10\"\n#EXTINF:4,\na.mp4\n#EXTINF:4,\nb.mp4\n\
         #EXT-X-MAP:URI=\"i2.mp4\", BYTERANGE = \"720\"\n#EXTINF:4,\nc.mp4\n",
    ));
    let maps: Vec<_> = media
        .segments
        .iter()
        .filter_map(|segment| segment.map.as_deref())
        .map(|map| (map.uri.as_str(), map.byte_range))
        .collect();
    let at = |offset| {
        Some(ByteRange {
            length: 720,
            offset,
        })
    };
    assert_eq!(
        maps,
        [("i1.mp4", at(10)), ("i1.mp4", at(10)), ("i2.mp4", at(0))]
    );
}

#[test]
fn byte_ranges_always_say_where_they_begin() {
    let media = media(&list(
        "#EXTINF:4,\n#EXT-X-BYTERANGE:100@50\na.ts\n#EXTINF:4,\n#EXT-X-BYTERANGE:30\na.ts\n\
         #EXTINF:4,\nb.ts\n",
    ));
    let ranges: Vec<_> = media
        .segments
        .iter()
        .map(|segment| segment.byte_range)
        .collect();
    assert_eq!(
        ranges,
        [
            Some(ByteRange {
                length: 100,
                offset: 50
            }),
            Some(ByteRange {
                length: 30,
                offset: 150
            }),
            None
        ]
    );
}

#[test]
fn a_byte_range_that_follows_nothing_is_an_error() {
    let after_another = "#EXTINF:4,\n#EXT-X-BYTERANGE:9@0\na.ts\n#EXT-X-BYTERANGE:7\nb.ts\n";
    assert_eq!(
        error(&list(after_another)),
        ReadError::ByteRangeWithoutStart { line: 7, length: 7 }
    );
    let endless = format!("#EXT-X-BYTERANGE:2@{}\na.ts\n", u64::MAX);
    assert!(matches!(
        error(&list(&endless)),
        ReadError::BadByteRange { line: 4, .. }
    ));
    assert!(matches!(
        error(&list("#EXT-X-BYTERANGE:few\na.ts\n")),
        ReadError::BadByteRange { line: 3, .. }
    ));
}

#[test]
fn key_formats_have_a_bound() {
    let mut formats = String::new();
    for n in 0..=hls::KEY_FORMATS_MAX {
        formats += "#EXT-X-KEY:METHOD=X,URI=\"k\",KEYFORMAT=\"f";
        formats += &n.to_string();
        formats += "\"\n";
    }
    assert_eq!(
        error(&list(&formats)),
        ReadError::TooManyKeyFormats {
            formats_max: hls::KEY_FORMATS_MAX
        }
    );
}
