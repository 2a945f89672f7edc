//! Writes a feed as a media playlist, right or wrong as its faults say; it reads none.

use std::fmt::Write as _;
use std::time::Duration;

use crate::fault::{Endpoint, Fault, Faults, Listing, Spot};
use crate::feed::{Entry, Feed};

/// Attributes of one segment that only some sources have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Extra {
    pub(crate) uri: String,
    /// Length and offset in the resource.
    pub(crate) range: Option<(u64, u64)>,
    /// The attributes of `EXT-X-KEY`.
    pub(crate) key: Option<String>,
}

/// How one kind of server writes its playlists.
pub(crate) struct Style<'a> {
    pub(crate) version: u32,
    pub(crate) map: Option<&'a str>,
    pub(crate) dates: bool,
    pub(crate) discontinuity_sequence: bool,
    pub(crate) extra: &'a dyn Fn(&Entry) -> Extra,
}

/// The faults that strike one answer to a playlist request.
pub(crate) fn taken(faults: &Faults, content: &str) -> Vec<Listing> {
    faults.take_all(
        &Spot::new(Endpoint::Playlist).content(content),
        |fault| match fault {
            Fault::Listing(Listing::Stall) => None,
            Fault::Listing(listing) if !listing.is_event() => Some(listing.clone()),
            _ => None,
        },
    )
}

/// The playlist of `feed`; `turn` counts its answers, which is what a flapping list goes by.
pub(crate) fn text(feed: &Feed, style: &Style<'_>, faults: &[Listing], turn: u64) -> String {
    let back = faults.iter().find_map(|fault| match fault {
        Listing::Flap(back) if turn % 2 == 1 => Some(*back),
        _ => None,
    });
    let mut entries: Vec<&Entry> = feed.listed(back.unwrap_or_default()).collect();
    if faults.contains(&Listing::Empty) {
        entries.clear();
    }
    let mut text = head(feed, style, &entries);
    let mut key = None;
    for entry in entries {
        segment(&mut text, style, entry, &mut key);
    }
    faults.iter().fold(text, altered)
}

fn head(feed: &Feed, style: &Style<'_>, entries: &[&Entry]) -> String {
    let longest = entries.iter().map(|entry| entry.duration).max();
    let target = longest
        .unwrap_or(Duration::from_secs(1))
        .as_secs_f64()
        .ceil();
    let first = entries
        .first()
        .map_or(feed.next_number(), |entry| entry.number);
    let mut text = format!(
        "#EXTM3U\n#EXT-X-VERSION:{}\n#EXT-X-TARGETDURATION:{target}\n#EXT-X-MEDIA-SEQUENCE:{first}\n",
        style.version
    );
    let gone = feed.discontinuity_sequence(first);
    if style.discontinuity_sequence && 0 < gone {
        line(&mut text, &format!("#EXT-X-DISCONTINUITY-SEQUENCE:{gone}"));
    }
    if let Some(map) = style.map {
        line(&mut text, &format!("#EXT-X-MAP:URI=\"{map}\""));
    }
    text
}

fn segment(text: &mut String, style: &Style<'_>, entry: &Entry, key: &mut Option<String>) {
    let extra = (style.extra)(entry);
    if entry.discontinuity {
        line(text, "#EXT-X-DISCONTINUITY");
    }
    if *key != extra.key {
        line(
            text,
            &format!(
                "#EXT-X-KEY:{}",
                extra.key.as_deref().unwrap_or("METHOD=NONE")
            ),
        );
        key.clone_from(&extra.key);
    }
    if style.dates {
        line(
            text,
            &format!("#EXT-X-PROGRAM-DATE-TIME:{}", date(entry.date)),
        );
    }
    line(
        text,
        &format!("#EXTINF:{:.6},", entry.duration.as_secs_f64()),
    );
    if let Some((length, offset)) = extra.range {
        line(text, &format!("#EXT-X-BYTERANGE:{length}@{offset}"));
    }
    line(text, &extra.uri);
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a String takes all text");
}

fn date(since: Duration) -> String {
    let millis = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis).map_or_else(
        |_| "9999-12-30T00:00:00.000Z".to_owned(),
        |time| format!("{time:.3}"),
    )
}

fn altered(text: String, fault: &Listing) -> String {
    match fault {
        Listing::Endlist => text + "#EXT-X-ENDLIST\n",
        Listing::Bom => format!("\u{feff}{text}"),
        Listing::Crlf => text.replace('\n', "\r\n").replace("#EXTINF", "\r\n#EXTINF"),
        Listing::UnknownTags => unknown(&text),
        Listing::Extinf(duration) => with_value(&text, "#EXTINF:", duration),
        Listing::TargetDuration(seconds) => {
            with_value(&text, "#EXT-X-TARGETDURATION:", &seconds.to_string())
        }
        Listing::Without(start) => lines(&text, |line| {
            (!line.starts_with(start.as_str())).then(|| line.to_owned())
        }),
        Listing::Prefix(prefix) => lines(&text, |line| Some(prefixed(line, prefix))),
        Listing::Oversized(bytes) => oversized(text, *bytes),
        Listing::Replace(other) => other.clone(),
        _ => text,
    }
}

/// The text with `value` after every tag of this name.
fn with_value(text: &str, tag: &str, value: &str) -> String {
    lines(text, |line| {
        if line.starts_with(tag) {
            Some(format!("{tag}{value}"))
        } else {
            Some(line.to_owned())
        }
    })
}

fn lines(text: &str, change: impl Fn(&str) -> Option<String>) -> String {
    text.lines()
        .filter_map(change)
        .fold(String::new(), |mut all, one| {
            line(&mut all, &one);
            all
        })
}

/// A segment's address with `prefix` in place of its own authority.
fn prefixed(line: &str, prefix: &str) -> String {
    if line.is_empty() || line.starts_with('#') {
        return line.to_owned();
    }
    let path = line.split_once("://").map_or(line, |(_, rest)| {
        rest.find('/').map_or("/", |slash| &rest[slash..])
    });
    format!("{prefix}{path}")
}

fn unknown(text: &str) -> String {
    let mut out = String::new();
    for one in text.lines() {
        if one.starts_with("#EXTINF:") {
            line(&mut out, "#EXT-X-UNHEARD-OF:A=\"x,y\",B=0x1F,C=1x2");
            line(&mut out, "# a comment, #EXTINF:99,");
            line(
                &mut out,
                "#EXT-OATCLS-SCTE35:/DAlAAAAAAAAAP/wFAUAAAABf+/+AAAAAH4AKZMuAAEAAAAAVY",
            );
        }
        line(&mut out, one);
    }
    out
}

fn oversized(mut text: String, bytes: usize) -> String {
    const COMMENT: &str = "# padding padding padding padding padding padding padding padding\n";
    let missing = bytes.saturating_sub(text.len());
    text.push_str(&COMMENT.repeat(missing.div_ceil(COMMENT.len())));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::feed::Span;
    use crate::media::{Marked, Media};

    fn rendered(faults: &[Listing], turn: u64) -> String {
        let media = Media::marked(Marked {
            stream: 1,
            duration: Duration::from_millis(1500),
            bytes: 1880,
        });
        let span = Span {
            initial: 3,
            window: 5,
            kept: 2,
        };
        let feed = Feed::new(media, 0, span, clock::now(), Duration::from_secs(86_400));
        let extra = |entry: &Entry| Extra {
            uri: format!("http://h/{}.ts", entry.number),
            ..Extra::default()
        };
        let style = Style {
            version: 3,
            map: None,
            dates: faults.is_empty(),
            discontinuity_sequence: false,
            extra: &extra,
        };
        text(&feed, &style, faults, turn)
    }

    #[test]
    fn a_playlist_has_the_shape_that_clients_know() {
        let expected = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n\
            #EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PROGRAM-DATE-TIME:1970-01-02T00:00:00.000Z\n\
            #EXTINF:1.500000,\nhttp://h/0.ts\n\
            #EXT-X-PROGRAM-DATE-TIME:1970-01-02T00:00:01.500Z\n#EXTINF:1.500000,\nhttp://h/1.ts\n\
            #EXT-X-PROGRAM-DATE-TIME:1970-01-02T00:00:03.000Z\n#EXTINF:1.500000,\nhttp://h/2.ts\n";
        assert_eq!(rendered(&[], 0), expected);
    }

    #[test]
    fn every_second_answer_of_a_flapping_list_is_old() {
        assert!(rendered(&[Listing::Flap(1)], 0).contains("/2.ts"));
        assert!(!rendered(&[Listing::Flap(1)], 1).contains("/2.ts"));
    }

    #[test]
    fn faults_change_the_text_and_nothing_else() {
        assert!(rendered(&[Listing::Endlist], 0).ends_with("#EXT-X-ENDLIST\n"));
        assert!(rendered(&[Listing::Bom], 0).starts_with("\u{feff}#EXTM3U"));
        assert!(rendered(&[Listing::Crlf], 0).contains("\r\n\r\n#EXTINF:1.500000,\r\n"));
        assert!(rendered(&[Listing::Extinf("nan".into())], 0).contains("#EXTINF:nan\n"));
        let target = rendered(&[Listing::TargetDuration(9)], 0);
        assert!(target.contains("#EXT-X-TARGETDURATION:9\n"));
        let without = rendered(&[Listing::Without("#EXT-X-MEDIA-SEQUENCE".into())], 0);
        assert!(!without.contains("SEQUENCE"));
        let prefixed = rendered(&[Listing::Prefix("http://elsewhere".into())], 0);
        assert!(prefixed.contains("\nhttp://elsewhere/1.ts\n"));
        assert!(!rendered(&[Listing::Empty], 0).contains("EXTINF"));
        assert!(10_000_000 <= rendered(&[Listing::Oversized(10_000_000)], 0).len());
        assert_eq!(rendered(&[Listing::Replace("x".into())], 0), "x");
        assert!(rendered(&[Listing::UnknownTags], 0).contains("UNHEARD"));
    }
}
