//! Which version a list's tags need (RFC 8216 7); knows tags, not what they do.

use crate::lint::rule::Rule;

/// The highest version that a tag asked for, and that tag.
#[derive(Default)]
pub(super) struct Needed(Option<(u64, &'static str)>);

impl Needed {
    pub(super) fn tag(&mut self, name: &str, value: &str) {
        let needed = of(name, value);
        if self.0.map_or(1, |(version, _)| version) < needed.map_or(1, |(version, _)| version) {
            self.0 = needed;
        }
    }

    /// What is wrong with a version that is stated so, or not at all.
    pub(super) fn check(&self, stated: Option<&str>) -> Option<(Rule, String)> {
        let (needed, cause) = self.0.unwrap_or((1, "nothing"));
        let version = match stated {
            None => 1,
            Some(text) => super::whole(text).unwrap_or(0),
        };
        let written = stated.unwrap_or("none");
        let what = format!("the version is {written}, and {cause} needs {needed}");
        match version {
            _ if version < needed => Some((Rule::VersionNeeded, what)),
            _ if needed < version => Some((Rule::VersionTooHigh, what)),
            _ => None,
        }
    }
}

fn of(name: &str, value: &str) -> Option<(u64, &'static str)> {
    let has = |attribute: &str| value.contains(attribute);
    match name {
        "-X-KEY" if has("METHOD=SAMPLE-AES") || has("KEYFORMAT") => {
            Some((5, "a key of another kind"))
        }
        "-X-KEY" if has("IV=") => Some((2, "a key's vector")),
        "INF" if value.split(',').next()?.contains('.') => Some((3, "a fraction in EXTINF")),
        "-X-BYTERANGE" => Some((4, "EXT-X-BYTERANGE")),
        "-X-I-FRAMES-ONLY" => Some((4, "EXT-X-I-FRAMES-ONLY")),
        "-X-MAP" => Some((6, "EXT-X-MAP")),
        "-X-DEFINE" if has("QUERYPARAM=") => Some((11, "a variable from the query")),
        "-X-DEFINE" => Some((8, "EXT-X-DEFINE")),
        "-X-SKIP" => Some((9, "EXT-X-SKIP")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(stated: Option<&str>, tags: &[(&str, &str)]) -> Option<Rule> {
        let mut needed = Needed::default();
        for (name, value) in tags {
            needed.tag(name, value);
        }
        needed.check(stated).map(|(rule, _)| rule)
    }

    #[test]
    fn the_version_is_exactly_what_the_tags_need() {
        let whole = ("INF", "2,a title. with a dot");
        let fraction = ("INF", "2.5,");
        let vector = ("-X-KEY", "METHOD=AES-128,URI=\"k\",IV=0x0");
        let sample = ("-X-KEY", "METHOD=SAMPLE-AES,URI=\"k\"");
        let map = ("-X-MAP", "URI=\"i.mp4\"");
        for (stated, tags) in [
            (None, &[whole][..]),
            (Some("1"), &[whole]),
            (Some("2"), &[whole, vector]),
            (Some("3"), &[fraction, vector, whole]),
            (Some("5"), &[fraction, sample]),
            (Some("6"), &[map, fraction]),
        ] {
            assert_eq!(broken(stated, tags), None, "{stated:?} {tags:?}");
        }
        assert_eq!(broken(None, &[fraction]), Some(Rule::VersionNeeded));
        assert_eq!(broken(Some("2"), &[fraction]), Some(Rule::VersionNeeded));
        assert_eq!(broken(Some("x"), &[whole]), Some(Rule::VersionNeeded));
        assert_eq!(broken(Some("4"), &[fraction]), Some(Rule::VersionTooHigh));
    }
}
