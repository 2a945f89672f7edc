//! What the reader makes of multivariant playlists and of variables, and which variant it would take.

use hls::{Multivariant, Playlist, ReadError, RenditionKind, Source, Variables, read, read_from};
use url::Url;

fn multivariant(lines: &str) -> Multivariant {
    let text = format!("#EXTM3U\n{lines}");
    match read(text.as_bytes()) {
        Ok(Playlist::Multivariant(multivariant)) => multivariant,
        other => panic!("{other:?} for {text}"),
    }
}

fn highest(lines: &str) -> Option<String> {
    multivariant(lines)
        .highest()
        .map(|variant| variant.uri.clone())
}

#[test]
fn variants_and_renditions_are_read_with_what_a_choice_needs() {
    let list = multivariant(
        "#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n\
         #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"English, clear\",LANGUAGE=\"en\",DEFAULT=YES,AUTOSELECT=YES,URI=\"en.m3u8\"\n\
         #EXT-X-STREAM-INF:BANDWIDTH=2000000,AVERAGE-BANDWIDTH=1800000,CODECS=\"avc1.4d401f,mp4a.40.2\",\
         RESOLUTION=1280x720,FRAME-RATE=25.000,AUDIO=\"a\",SUBTITLES=\"s\",CLOSED-CAPTIONS=NONE\n720.m3u8?x=1\n\
         #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=9000000,URI=\"i.m3u8\"\n",
    );
    assert!(list.independent_segments);
    assert_eq!(list.version, 6);
    let [variant] = &list.variants[..] else {
        panic!("{list:?}")
    };
    assert_eq!(variant.uri, "720.m3u8?x=1");
    assert_eq!(
        (variant.bandwidth, variant.average_bandwidth),
        (2_000_000, Some(1_800_000))
    );
    assert_eq!(variant.codecs.as_deref(), Some("avc1.4d401f,mp4a.40.2"));
    assert_eq!(variant.resolution, Some((1280, 720)));
    assert_eq!(variant.frame_rate, Some(25.0));
    assert_eq!(
        (variant.audio.as_deref(), variant.subtitles.as_deref()),
        (Some("a"), Some("s"))
    );
    let [rendition] = &list.renditions[..] else {
        panic!("{list:?}")
    };
    assert_eq!(
        (rendition.kind, rendition.name.as_str()),
        (RenditionKind::Audio, "English, clear")
    );
    assert_eq!(
        (rendition.uri.as_deref(), rendition.language.as_deref()),
        (Some("en.m3u8"), Some("en"))
    );
    assert!(rendition.default && rendition.autoselect);
}

#[test]
fn sloppy_attribute_lists_are_forgiven() {
    let list = multivariant(
        "#EXT-X-STREAM-INF: BANDWIDTH=500000 , CODECS=\"avc1, mp4a\",,RESOLUTION=640x360,\nlow.m3u8\n\
         #EXT-X-STREAM-INF:CODECS=\"avc1\"\nunstated.m3u8\n\
         #EXT-X-STREAM-INF:BANDWIDTH=fast,RESOLUTION=big,FRAME-RATE=nan\nwrong.m3u8\n",
    );
    let [low, unstated, wrong] = &list.variants[..] else {
        panic!("{list:?}")
    };
    assert_eq!((low.bandwidth, low.resolution), (500_000, Some((640, 360))));
    assert_eq!(low.codecs.as_deref(), Some("avc1, mp4a"));
    assert_eq!(
        (unstated.bandwidth, unstated.codecs.as_deref()),
        (0, Some("avc1"))
    );
    assert_eq!(
        (wrong.bandwidth, wrong.resolution, wrong.frame_rate),
        (0, None, None)
    );
}

#[test]
fn the_highest_variant_is_the_one_with_most_bandwidth_and_sound() {
    let with_sound_elsewhere = "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"far\",NAME=\"n\",URI=\"a.m3u8\"\n\
         #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"near\",NAME=\"n\"\n\
         #EXT-X-STREAM-INF:BANDWIDTH=9,AUDIO=\"far\"\nfar.m3u8\n";
    assert_eq!(highest(with_sound_elsewhere).as_deref(), Some("far.m3u8"));
    let with_low = format!("{with_sound_elsewhere}#EXT-X-STREAM-INF:BANDWIDTH=3\nlow.m3u8\n");
    assert_eq!(highest(&with_low).as_deref(), Some("low.m3u8"));
    let with_near = format!("{with_low}#EXT-X-STREAM-INF:BANDWIDTH=5,AUDIO=\"near\"\nnear.m3u8\n");
    assert_eq!(highest(&with_near).as_deref(), Some("near.m3u8"));
    let lost = "#EXT-X-STREAM-INF:BANDWIDTH=5,AUDIO=\"no such\"\na.m3u8\n\
                #EXT-X-STREAM-INF:BANDWIDTH=5\nb.m3u8\n";
    assert_eq!(
        highest(lost).as_deref(),
        Some("a.m3u8"),
        "the first of equals"
    );
}

#[test]
fn an_i_frame_variant_is_never_taken() {
    assert_eq!(
        highest("#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=9,URI=\"i.m3u8\"\n"),
        None
    );
}

#[test]
fn mixing_both_kinds_is_an_error_that_names_the_tags() {
    let text = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\na.ts\n";
    let error = read(text.as_bytes()).unwrap_err();
    assert_eq!(
        error,
        ReadError::MixedKinds {
            media: "-X-TARGETDURATION".to_owned(),
            multivariant: "-X-STREAM-INF".to_owned()
        }
    );
    assert!(error.to_string().contains("#EXT-X-STREAM-INF"), "{error}");
}

#[test]
fn variables_are_filled_in_before_anything_is_read() {
    let list = multivariant(
        "#EXT-X-DEFINE:NAME=\"host\",VALUE=\"https://cdn.example\"\n\
         #EXT-X-DEFINE:NAME=\"path\",VALUE=\"{$host}/live\"\n\
         #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"n\",URI=\"{$path}/a.m3u8\"\n\
         #EXT-X-STREAM-INF:BANDWIDTH=1\n{$path}/v.m3u8?a={$}&b={$not a name}\n",
    );
    assert_eq!(
        list.variants[0].uri,
        "https://cdn.example/live/v.m3u8?a={$}&b={$not a name}"
    );
    assert_eq!(
        list.renditions[0].uri.as_deref(),
        Some("https://cdn.example/live/a.m3u8")
    );
    assert_eq!(list.variables["path"], "https://cdn.example/live");
}

#[test]
fn an_undefined_variable_is_an_error() {
    let text = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,{$title}\n{$host}/a.ts\n";
    assert_eq!(
        read(text.as_bytes()),
        Err(ReadError::UndefinedVariable {
            line: 4,
            name: "host".to_owned()
        })
    );
}

#[test]
fn in_what_is_only_passed_on_an_undefined_variable_stays() {
    let text = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-DEFINE:NAME=\"a\",VALUE=\"1\"\n\
        #EXT-X-NEW:X=\"{$a}{$b}\"\n# {$b}\n#EXTINF:4,\na.ts\n";
    let Ok(Playlist::Media(media)) = read(text.as_bytes()) else {
        panic!()
    };
    assert_eq!(media.segments[0].tags, ["#EXT-X-NEW:X=\"1{$b}\""]);
}

#[test]
fn variables_may_come_from_the_address_and_from_the_multivariant_list() {
    let text = b"#EXTM3U\n#EXT-X-DEFINE:QUERYPARAM=\"token\"\n#EXT-X-DEFINE:IMPORT=\"host\"\n\
        #EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{$host}/a.ts?t={$token}\n";
    let variables = Variables::from([("host".to_owned(), "https://cdn.example".to_owned())]);
    let uri = |address: &str| {
        let url = Url::parse(address).unwrap();
        let source = Source {
            url: Some(&url),
            variables: Some(&variables),
        };
        read_from(text, &source).map(|playlist| match playlist {
            Playlist::Media(media) => media.segments[0].uri.clone(),
            Playlist::Multivariant(_) => panic!("read as multivariant"),
        })
    };
    assert_eq!(
        uri("http://a.example/x.m3u8?token=7").as_deref(),
        Ok("https://cdn.example/a.ts?t=7")
    );
    for harmful in [
        "http://a.example/x.m3u8",
        "http://a.example/?token=a%22b",
        "http://a.example/?token=a%0Ab",
    ] {
        assert!(
            matches!(uri(harmful), Err(ReadError::UndefinedVariable { .. })),
            "{harmful}"
        );
    }
}

#[test]
fn variables_that_grow_each_other_meet_a_bound() {
    let mut text = String::from("#EXTM3U\n#EXT-X-DEFINE:NAME=\"v0\",VALUE=\"lol\"\n");
    for n in 1..30 {
        let last = n - 1;
        let twice = format!("{{$v{last}}}{{$v{last}}}");
        text += &[
            "#EXT-X-DEFINE:NAME=\"v",
            &n.to_string(),
            "\",VALUE=\"",
            &twice,
            "\"\n",
        ]
        .concat();
    }
    assert!(matches!(
        read(text.as_bytes()),
        Err(ReadError::LineTooLong { .. })
    ));
    let value = "x".repeat(8_000);
    let mut text =
        format!("#EXTM3U\n#EXT-X-DEFINE:NAME=\"v\",VALUE=\"{value}\"\n#EXT-X-TARGETDURATION:4\n");
    text += &"{$v}\n".repeat(1_000);
    assert!(matches!(
        read(text.as_bytes()),
        Err(ReadError::TooLarge { .. })
    ));
}
