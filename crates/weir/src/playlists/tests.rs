//! What becomes of users' playlists.

use proptest::prelude::*;

use super::*;

const ID: &str = "0123456789abcdef0123456789abcdef01234567";
const BASE: &str = "http://weir:8000";

fn known(url_allowed: bool) -> Known<'static> {
    static NAMES: std::sync::LazyLock<Vec<String>> =
        std::sync::LazyLock::new(|| vec!["news".to_owned()]);
    Known {
        sources: &NAMES,
        url_allowed,
    }
}

fn turned(text: &str, mode: Option<StreamMode>) -> Rewritten {
    let known = known(false);
    let target = Target {
        base: BASE,
        mode,
        known: &known,
    };
    rewrite(text.as_bytes(), &target)
}

fn line(text: &str) -> String {
    String::from_utf8(turned(text, None).text).expect("text")
}

#[test]
fn every_form_that_users_hold_of_a_content_id_leads_to_weir() {
    let upper = ID.to_uppercase();
    for form in [
        format!("acestream://{ID}"),
        format!("ACESTREAM://{upper}/"),
        format!("acestream:{ID}"),
        format!("acestream:?content_id={ID}&index=2"),
        format!("  {upper}\t"),
        ID.to_owned(),
        format!("http://127.0.0.1:6878/ace/getstream?id={ID}&pid=7&format=json"),
        format!("http://10.0.0.1:6878/ace/getstream?pid=7&content_id=%20{ID}"),
        format!("https://example.org/sub/path/ace/getstream/?id={ID}"),
        format!("localhost:6878/ace/getstream?id={ID}"),
        format!("192.168.1.5/ace/getstream?id={ID}"),
        format!("plugin://program.plexus/?url=acestream://{ID}&mode=1&name=A+B"),
        format!("plugin://program.plexus/?mode=1&url=acestream%3A%2F%2F{ID}"),
        format!("plugin://script.module.horus/?action=play&id={ID}"),
        format!("http://proxy:8888/pid/{ID}/stream.mp4"),
        format!("http://proxy:8888/content_id/{ID}/Some%20Name.ts"),
    ] {
        assert_eq!(
            line(&form),
            format!("{BASE}/ace/getstream?id={ID}"),
            "{form}"
        );
    }
}

#[test]
fn infohashes_and_magnets_stay_what_they_are_also_in_base32() {
    // One infohash, as Python's base64.b32encode and as its hex() write it.
    let base32 = "AAISEM2EKVTHPCEZVK54ZXPO74ABCIRT";
    let hex = "00112233445566778899aabbccddeeff00112233";
    let wanted = format!("{BASE}/ace/getstream?infohash={hex}");
    for form in [
        format!("acestream:?infohash={hex}"),
        format!("http://127.0.0.1:6878/ace/getstream?infohash={hex}&pid=1"),
        format!("http://proxy:8888/infohash/{hex}/video.ts"),
        base32.to_owned(),
        format!("acestream://{base32}"),
        format!("acestream:?infohash={}", base32.to_lowercase()),
    ] {
        assert_eq!(line(&form), wanted, "{form}");
    }
    let wanted = format!("{BASE}/ace/getstream?magnet=magnet%3A%3Fxt%3Durn%3Abtih%3A{hex}");
    for form in [
        format!("magnet:?xt=urn:btih:{hex}&dn=A|B&tr=http%3A%2F%2F10.0.0.1%2F"),
        format!("magnet:?dn=x&xt=urn:BTIH:{base32}"),
        format!("acestream:?magnet=magnet%3A%3Fxt%3Durn%3Abtih%3A{hex}"),
        format!("plugin://program.plexus/?url=magnet%3A%3Fxt%3Durn%3Abtih%3A{hex}"),
    ] {
        assert_eq!(line(&form), wanted, "{form}");
    }
}

#[test]
fn an_entry_is_played_as_it_says_or_as_the_caller_wants_all() {
    let entries = [
        format!("http://e:6878/ace/manifest.m3u8?id={ID}"),
        format!("http://e:6878/ace/getstream?id={ID}&mode=ts"),
        format!("http://e:6878/ace/getstream?id={ID}"),
        format!("acestream:?infohash={ID}"),
    ];
    let turned = |mode| {
        let turned = turned(&entries.join("\n"), mode);
        let text = String::from_utf8(turned.text).expect("text");
        text.replace(BASE, "").replace(ID, "ID")
    };
    assert_eq!(
        turned(None),
        "/ace/manifest.m3u8?id=ID\n/ace/stream/ID.ts\n/ace/getstream?id=ID\n/ace/getstream?infohash=ID"
    );
    assert_eq!(
        turned(Some(StreamMode::Hls)),
        "/ace/manifest.m3u8?id=ID\n/ace/manifest.m3u8?id=ID\n/ace/manifest.m3u8?id=ID\n/ace/manifest.m3u8?infohash=ID"
    );
    assert_eq!(
        turned(Some(StreamMode::Ts)),
        "/ace/stream/ID.ts\n/ace/stream/ID.ts\n/ace/stream/ID.ts\n/ace/getstream?infohash=ID&mode=ts"
    );
}

#[test]
fn what_weir_cannot_play_stays_as_it_is_and_is_counted() {
    for form in [
        "http://example.org/live.m3u8",
        "http://example.org/live.ts?id=0123456789abcdef0123456789abcdef01234567",
        "http://127.0.0.1:6878/ace/getstream?id=unknown",
        "http://127.0.0.1:6878/ace/getstream",
        "acestream://short",
        "acestream:?data=xyz",
        "magnet:?dn=x",
        "plugin://plugin.video.other/?url=acestream://0123456789abcdef0123456789abcdef01234567",
        "rtmp://host/app",
        "abcdefabcdefabcdefabcdefabcdefab",
        "some words",
    ] {
        let turned = turned(form, None);
        assert_eq!(turned.text, form.as_bytes(), "{form}");
        assert_eq!(
            (turned.rewritten, turned.kept, turned.not_allowed),
            (0, 1, 0),
            "{form}"
        );
    }
}

#[test]
fn transport_files_lead_to_weir_where_viewers_may_name_them() {
    for form in [
        "http://example.org/a/b.acelive",
        "http://127.0.0.1:6878/ace/getstream?url=http%3A%2F%2Fexample.org%2Fa%2Fb.acelive",
    ] {
        let refused = turned(form, None);
        assert_eq!(
            (refused.text.as_slice(), refused.not_allowed),
            (form.as_bytes(), 1)
        );
        let known = known(true);
        let target = Target {
            base: BASE,
            mode: Some(StreamMode::Hls),
            known: &known,
        };
        let turned = rewrite(form.as_bytes(), &target);
        let wanted = "/ace/manifest.m3u8?url=http%3A%2F%2Fexample.org%2Fa%2Fb.acelive";
        assert_eq!(
            String::from_utf8_lossy(&turned.text),
            format!("{BASE}{wanted}")
        );
    }
}

#[test]
fn everything_around_the_entries_is_kept_byte_for_byte() {
    let text = format!(
        "\u{feff}#EXTM3U url-tvg=\"http://epg/x.xml\"\r\n\
         #EXTINF:-1 tvg-id=\"\" tvg-logo='a b' group-title=\"Ünï,\",La 1 FHD --> *  \r\n\
         #EXTGRP:Sports\r\n#EXTVLCOPT:http-user-agent=x\r\nacestream://{ID}\r\n\
         \r\n#KODIPROP:a=b\nhttp://h/ace/getstream?id={ID}|User-Agent=a b\n  # note\nhttp://other/x\r"
    );
    let turned = turned(&text, Some(StreamMode::Hls));
    let entry = format!("{BASE}/ace/manifest.m3u8?id={ID}");
    let wanted = text
        .replace(&format!("acestream://{ID}"), &entry)
        .replace(&format!("http://h/ace/getstream?id={ID}"), &entry);
    assert_eq!(String::from_utf8(turned.text).expect("text"), wanted);
    assert_eq!((turned.rewritten, turned.kept), (2, 1));
}

#[test]
fn what_is_no_unicode_is_kept_as_it_is() {
    let mut text = b"#EXTINF:-1,Espa\xf1a\n".to_vec();
    text.extend_from_slice(ID.as_bytes());
    text.extend_from_slice(b"\nhttp://h/\xf1\n");
    let known = known(false);
    let target = Target {
        base: BASE,
        mode: None,
        known: &known,
    };
    let turned = rewrite(&text, &target);
    let entry = format!("{BASE}/ace/getstream?id={ID}\n");
    let wanted = [
        b"#EXTINF:-1,Espa\xf1a\n".as_slice(),
        entry.as_bytes(),
        b"http://h/\xf1\n",
    ];
    assert_eq!(turned.text, wanted.concat());
}

#[test]
fn a_listing_names_what_there_is_and_titles_cannot_break_out_of_their_line() {
    let entries = [
        (Selector::Source("news".into()), "news".to_owned()),
        (
            Selector::ContentId(ID.into()),
            "A \"b\"\n#EXTINF:x".to_owned(),
        ),
    ];
    assert_eq!(
        listing(&entries, BASE, None),
        format!(
            "#EXTM3U\n\
             #EXTINF:-1 tvg-id=\"news\" tvg-name=\"news\",news\n{BASE}/ace/getstream?id=news\n\
             #EXTINF:-1 tvg-id=\"{ID}\" tvg-name=\"A 'b' #EXTINF:x\",A \"b\" #EXTINF:x\n{BASE}/ace/getstream?id={ID}\n"
        )
    );
}

#[test]
fn what_is_listed_is_read_back_as_the_same() {
    let entries = [
        Selector::Source("news".into()),
        Selector::ContentId(ID.into()),
        Selector::Infohash(ID.into()),
        Selector::Magnet(ID.into()),
        Selector::Url("http://example.org/a%20b.torrent?x=1&y=2".into()),
    ];
    let known = known(true);
    for selector in entries {
        for mode in [None, Some(StreamMode::Hls), Some(StreamMode::Ts)] {
            let address = address("https://h/sub", &selector, mode);
            let read = entry::read(&address, &known);
            let selector = selector.clone();
            assert_eq!(read, Some(Entry::Play { selector, mode }), "{address}");
        }
    }
}

/// Lines as they may stand in a playlist: every form, whole or damaged, and anything else.
fn any_line() -> impl Strategy<Value = Vec<u8>> {
    let form = prop_oneof![
        Just("acestream://".to_owned()),
        Just("acestream:?infohash=".to_owned()),
        Just("http://a:6878/ace/getstream?mode=ts&id=".to_owned()),
        Just("https://b/x/ace/manifest.m3u8?infohash=".to_owned()),
        Just("http://c/ace/stream/".to_owned()),
        Just("http://c/pid/".to_owned()),
        Just("magnet:?xt=urn:btih:".to_owned()),
        Just("plugin://program.plexus/?url=acestream://".to_owned()),
        Just("#EXTINF:-1 tvg-id=\"acestream://".to_owned()),
        Just(String::new()),
    ];
    let id = prop_oneof![3 => "[0-9a-fA-F]{40}", 1 => "[A-Z2-7]{32}", 1 => "news", 1 => ".{0,12}"];
    let tail = prop_oneof![
        Just(""),
        Just(".ts"),
        Just("/x.ts"),
        Just("&pid=1"),
        Just("|a=b|c"),
        Just(" "),
        Just(".torrent")
    ];
    let made =
        (form, id, tail).prop_map(|(form, id, tail)| format!("{form}{id}{tail}").into_bytes());
    prop_oneof![4 => made, 1 => prop::collection::vec(any::<u8>(), 0..40)]
}

fn any_playlist() -> impl Strategy<Value = Vec<u8>> {
    let ending = prop_oneof![Just("\n"), Just("\r\n"), Just("\n\n"), Just("\r")];
    let lines = prop::collection::vec((any_line(), ending), 0..12);
    (any::<bool>(), lines).prop_map(|(marked, lines)| {
        let mut text = if marked {
            BYTE_ORDER_MARK.to_vec()
        } else {
            Vec::new()
        };
        for (line, ending) in lines {
            text.extend_from_slice(&line);
            text.extend_from_slice(ending.as_bytes());
        }
        text
    })
}

fn any_mode() -> impl Strategy<Value = Option<StreamMode>> {
    prop_oneof![
        Just(None),
        Just(Some(StreamMode::Hls)),
        Just(Some(StreamMode::Ts))
    ]
}

fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| matches!(byte, b'\n' | b'\r'))
        .collect()
}

proptest! {
    #[test]
    fn rewriting_twice_changes_nothing_and_tags_are_never_touched(
        text in any_playlist(), mode in any_mode(), url_allowed in any::<bool>(),
    ) {
        let known = known(url_allowed);
        let target = Target { base: "https://tv.example/weir", mode, known: &known };
        let once = rewrite(&text, &target);
        let twice = rewrite(&once.text, &target);
        prop_assert_eq!(&once, &twice);
        let (before, after) = (lines(&text), lines(&once.text));
        prop_assert_eq!(before.len(), after.len());
        let mut changed = 0;
        for (before, after) in before.iter().zip(&after) {
            let is_tag = before.trim_ascii().starts_with(b"#");
            prop_assert!(!is_tag || before == after);
            prop_assert_eq!(before.last(), after.last());
            changed += usize::from(before != after);
        }
        prop_assert!(changed <= once.rewritten);
    }
}
