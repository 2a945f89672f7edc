//! Rules about a playlist's text, which a tolerant reader does not see; what the list means is checked elsewhere.

mod version;

use super::rule::Rule;

/// Tags that only a server that keeps requests waiting, or answers in parts, may write.
const LOW_LATENCY: [&str; 6] = [
    "-X-PART",
    "-X-PART-INF",
    "-X-PRELOAD-HINT",
    "-X-RENDITION-REPORT",
    "-X-SERVER-CONTROL",
    "-X-SKIP",
];

/// Tags of the whole list that may stand but once.
const ONCE: [&str; 6] = [
    "-X-VERSION",
    "-X-TARGETDURATION",
    "-X-MEDIA-SEQUENCE",
    "-X-DISCONTINUITY-SEQUENCE",
    "-X-PLAYLIST-TYPE",
    "-X-ENDLIST",
];

/// Of these the ones that must stand before the first segment.
const BEFORE: [&str; 2] = ["-X-MEDIA-SEQUENCE", "-X-DISCONTINUITY-SEQUENCE"];

/// What is wrong with a text; nothing is allocated where nothing is.
pub(super) fn check(bytes: &[u8]) -> Vec<(Rule, String)> {
    let mut broken = vec![];
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            broken.extend(spelling(text).map(|what| (Rule::Text, what)));
            Tags::of(text).check(&mut broken);
        }
        Err(error) => {
            let what = format!("the text is no UTF-8 from byte {} on", error.valid_up_to());
            broken.push((Rule::Text, what));
        }
    }
    broken
}

fn spelling(text: &str) -> Option<String> {
    if text.starts_with('\u{feff}') {
        return Some("the text begins with a byte order mark".into());
    }
    let first = text.lines().next().unwrap_or_default();
    if first != "#EXTM3U" {
        let beginning: String = first.chars().take(40).collect();
        return Some(format!("the first line is {beginning:?}, not #EXTM3U"));
    }
    let mut after = text.bytes().skip(1).chain([0]);
    let foreign = text.bytes().position(|byte| {
        let next = after.next();
        (byte.is_ascii_control() && byte != b'\n' && byte != b'\r')
            || (byte == b'\r' && next != Some(b'\n'))
    });
    foreign.map(|at| format!("the text has a control character at byte {at}"))
}

/// What of a text is to be checked.
#[derive(Default)]
struct Tags<'a> {
    /// How often each of [`ONCE`] stands.
    counts: [usize; ONCE.len()],
    /// One that comes too late.
    late: Option<&'a str>,
    version: Option<&'a str>,
    target: Option<&'a str>,
    sequence: Option<&'a str>,
    low_latency: Option<&'a str>,
    needed: version::Needed,
}

impl<'a> Tags<'a> {
    fn of(text: &'a str) -> Self {
        let mut tags = Self::default();
        let mut segments = false;
        let mut breaks = false;
        for line in text.trim_start_matches('\u{feff}').lines() {
            let Some(tag) = line.strip_prefix("#EXT") else {
                segments |= !line.is_empty() && !line.starts_with('#');
                continue;
            };
            let (name, value) = tag.split_once(':').unwrap_or((tag, ""));
            if (segments && BEFORE.contains(&name))
                || (breaks && name == "-X-DISCONTINUITY-SEQUENCE")
            {
                tags.late.get_or_insert(name);
            }
            breaks |= name == "-X-DISCONTINUITY";
            tags.take(name, value);
        }
        tags
    }

    fn take(&mut self, name: &'a str, value: &'a str) {
        if let Some(index) = ONCE.iter().position(|once| *once == name) {
            self.counts[index] += 1;
        }
        if LOW_LATENCY.contains(&name) {
            self.low_latency.get_or_insert(name);
        }
        match name {
            "-X-VERSION" => self.version = Some(value),
            "-X-TARGETDURATION" => self.target = Some(value),
            "-X-MEDIA-SEQUENCE" => self.sequence = Some(value),
            _ => {}
        }
        self.needed.tag(name, value);
    }

    fn check(&self, broken: &mut Vec<(Rule, String)>) {
        for (name, count) in ONCE.iter().zip(self.counts) {
            if 1 < count {
                broken.push((Rule::TagTwice, format!("EXT{name} stands {count} times")));
            }
        }
        if let Some(name) = self.late {
            let what = format!("EXT{name} stands behind what it must stand before");
            broken.push((Rule::TagTwice, what));
        }
        if ONCE.iter().zip(self.counts).any(is_playlist_type) {
            let what = "the list has an EXT-X-PLAYLIST-TYPE".into();
            broken.push((Rule::PlaylistType, what));
        }
        if let Some(name) = self.low_latency {
            broken.push((Rule::LowLatency, format!("the list has an EXT{name}")));
        }
        broken.extend(self.numbers());
        broken.extend(self.needed.check(self.version));
    }

    fn numbers(&self) -> impl Iterator<Item = (Rule, String)> {
        let target = self.target.and_then(whole).filter(|target| 0 < *target);
        let target = target.is_none().then(|| {
            let what = stated("EXT-X-TARGETDURATION", self.target);
            (Rule::TargetMissing, what)
        });
        let sequence = self.sequence.and_then(whole).is_none().then(|| {
            let what = stated("EXT-X-MEDIA-SEQUENCE", self.sequence);
            (Rule::MediaSequenceMissing, what)
        });
        target.into_iter().chain(sequence)
    }
}

fn is_playlist_type((name, count): (&&str, usize)) -> bool {
    *name == "-X-PLAYLIST-TYPE" && 0 < count
}

fn stated(name: &str, value: Option<&str>) -> String {
    match value {
        Some(value) => format!("{name} is {value:?}"),
        None => format!("the list has no {name}"),
    }
}

/// A number as the grammar has it: digits alone (RFC 8216 4.2).
fn whole(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n\
        #EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n\
        #EXT-X-DISCONTINUITY\n#EXTINF:2.000000,\nsegment/7.ts\n";

    fn broken(text: &str) -> Vec<Rule> {
        let broken = check(text.as_bytes());
        broken.into_iter().map(|(rule, _)| rule).collect()
    }

    #[test]
    fn a_good_text_breaks_nothing_with_either_end_of_lines() {
        assert_eq!(broken(GOOD), []);
        assert_eq!(broken(&GOOD.replace('\n', "\r\n")), []);
    }

    #[test]
    fn marks_blanks_and_foreign_bytes_are_found() {
        for text in [
            format!("\u{feff}{GOOD}"),
            format!("\n{GOOD}"),
            GOOD.replace("#EXTM3U\n", "#EXTM3U \n"),
            GOOD.replace("segment", "seg\rment"),
            GOOD.replace("segment", "seg\0ment"),
            GOOD.replace('\n', "\r"),
        ] {
            assert!(broken(&text).contains(&Rule::Text), "{text:?}");
        }
        let latin = [GOOD.as_bytes(), b"#\xf1\n"].concat();
        assert_eq!(check(&latin)[0].0, Rule::Text);
    }

    #[test]
    fn tags_of_the_list_stand_once_and_in_front() {
        for tag in [
            "#EXT-X-VERSION:3",
            "#EXT-X-TARGETDURATION:2",
            "#EXT-X-MEDIA-SEQUENCE:7",
            "#EXT-X-DISCONTINUITY-SEQUENCE:1",
        ] {
            assert_eq!(broken(&format!("{GOOD}{tag}\n"))[0], Rule::TagTwice);
        }
        let late = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXTINF:2.0,\na.ts\n\
            #EXT-X-MEDIA-SEQUENCE:7\n";
        assert_eq!(broken(late), [Rule::TagTwice]);
        let behind = GOOD.replace(
            "#EXT-X-DISCONTINUITY-SEQUENCE:1\n#EXT-X-DISCONTINUITY\n",
            "#EXT-X-DISCONTINUITY\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n",
        );
        assert_eq!(broken(&behind), [Rule::TagTwice]);
    }

    #[test]
    fn numbers_are_there_and_whole() {
        for (value, rule) in [
            ("TARGETDURATION:2.0", Rule::TargetMissing),
            ("TARGETDURATION:0", Rule::TargetMissing),
            ("TARGETDURATION:", Rule::TargetMissing),
            ("MEDIA-SEQUENCE:-7", Rule::MediaSequenceMissing),
            ("MEDIA-SEQUENCE:+7", Rule::MediaSequenceMissing),
        ] {
            let name = value.split(':').next().expect("a name");
            let tag = format!("#EXT-X-{value}");
            let text: Vec<_> = GOOD
                .lines()
                .map(|line| {
                    line.strip_prefix(&format!("#EXT-X-{name}:"))
                        .map_or(line, |_| tag.as_str())
                })
                .map(|line| format!("{line}\n"))
                .collect();
            assert_eq!(broken(&text.concat()), [rule], "{value}");
        }
        let without = GOOD.replace("#EXT-X-MEDIA-SEQUENCE:7\n", "");
        assert_eq!(broken(&without), [Rule::MediaSequenceMissing]);
    }

    #[test]
    fn tags_that_must_not_be_there_are_found() {
        let with = |tag: &str| broken(&format!("{GOOD}{tag}\n"));
        assert_eq!(with("#EXT-X-PLAYLIST-TYPE:EVENT"), [Rule::PlaylistType]);
        for tag in LOW_LATENCY {
            let rules = with(&format!("#EXT{tag}:X=1"));
            assert!(rules.contains(&Rule::LowLatency), "{tag}");
        }
    }
}
