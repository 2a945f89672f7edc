//! Reads of a media playlist what a viewer goes by; a reader of its own, so that it shares no mistake with others.

use std::time::Duration;

/// What a viewer knows of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct List {
    pub(super) target: Duration,
    pub(super) entries: Vec<Entry>,
}

/// One listed segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) sequence: u64,
    pub(super) duration: Duration,
    pub(super) line: String,
}

impl List {
    /// Nothing, if it is no media playlist with segments.
    pub(super) fn read(text: &str) -> Option<Self> {
        let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
        let target = value("#EXT-X-TARGETDURATION:")?.parse().ok()?;
        let mut sequence = value("#EXT-X-MEDIA-SEQUENCE:").map_or(Some(0), |it| it.parse().ok())?;
        let mut duration = None;
        let mut entries = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(rest) = line.strip_prefix("#EXTINF:") {
                let seconds = rest.split(',').next()?.parse().ok()?;
                duration = Some(Duration::try_from_secs_f64(seconds).ok()?);
            } else if !line.starts_with('#') {
                entries.push(Entry {
                    sequence,
                    duration: duration.take()?,
                    line: line.to_owned(),
                });
                sequence += 1;
            }
        }
        Some(Self {
            target: Duration::from_secs(target),
            entries,
        })
    }

    /// The number at which a player begins: three segments from the end.
    pub(super) fn beginning(&self) -> Option<u64> {
        let from = self.entries.len().saturating_sub(3);
        self.entries.get(from).map(|entry| entry.sequence)
    }
}

/// The first link of a multivariant playlist.
pub(super) fn link(text: &str) -> Option<&str> {
    let mut lines = text.lines();
    lines.find(|line| line.starts_with("#EXT-X-STREAM-INF:"))?;
    lines.find(|line| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:7\n\
        #EXTINF:2,\na.ts\n#EXT-X-DISCONTINUITY\n#EXTINF:1.5,\nb.ts\n#EXTINF:2,\nc.ts\n#EXTINF:2,\nd.ts\n";

    #[test]
    fn segments_are_numbered_from_the_lists_own_number() {
        let list = List::read(LIST).expect("a list");
        let numbers: Vec<_> = list.entries.iter().map(|entry| entry.sequence).collect();
        assert_eq!(numbers, [7, 8, 9, 10]);
        assert_eq!(list.entries[1].duration, Duration::from_millis(1500));
        assert_eq!(list.beginning(), Some(8));
        assert_eq!(list.target, Duration::from_secs(2));
    }

    #[test]
    fn a_list_of_variants_has_a_link_and_no_segments() {
        let text = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhls/media.m3u8?v=1\n";
        assert_eq!(link(text), Some("hls/media.m3u8?v=1"));
        assert_eq!(List::read(text), None);
        assert_eq!(link(LIST), None);
    }
}
