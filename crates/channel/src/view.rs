//! What players are given to read: playlists made from a window, once a revision, for all viewers.

use std::borrow::Cow;
use std::fmt::Write;
use std::time::Duration;

use crate::segment::Segment;
use crate::settings::PUBLISHED_SEGMENTS_MIN;
use crate::window::Window;

/// Stands in a template where a viewer's token goes: a private character, which nothing that
/// comes from a source may hold.
const TOKEN_MARK: char = '\u{E000}';

/// The query parameter that carries a viewer's token. It is a query, because a number's path must
/// be the same in every list that names it: players compare paths.
pub const TOKEN_PARAMETER: &str = "v";

/// A live playlist without the viewer's token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    text: String,
    marks: usize,
}

impl Template {
    /// The playlist for one viewer.
    pub fn render(&self, token: &str) -> String {
        let mut text = String::with_capacity(self.text.len() + self.marks * token.len());
        for (index, piece) in self.text.split(TOKEN_MARK).enumerate() {
            if 0 < index {
                text.push_str(token);
            }
            text.push_str(piece);
        }
        text
    }
}

/// The live media playlist of a window, or nothing while there is no target duration yet: an
/// empty or partial list ends playback for some players (measured).
pub fn media(window: &Window, viewer_in_segment_uri: bool) -> Option<Template> {
    list(window, viewer_in_segment_uri, window.listed().count())
}

/// The same without the newest segment, for a viewer's first request, as long as enough is left to
/// start on. Chromium's built-in player asks again at once, and gives up for ever if that second
/// list has nothing new (measured); so there must be something to find.
pub fn first_media(window: &Window, viewer_in_segment_uri: bool) -> Option<Template> {
    let listed = window.listed().count();
    let shown = if window.ended() {
        listed
    } else {
        listed.saturating_sub(1).max(PUBLISHED_SEGMENTS_MIN)
    };
    list(window, viewer_in_segment_uri, shown.min(listed))
}

fn list(window: &Window, viewer_in_segment_uri: bool, shown: usize) -> Option<Template> {
    let target_duration = window.target()?;
    let first = window.listed().next()?;
    let token = if viewer_in_segment_uri {
        format!("?{TOKEN_PARAMETER}={TOKEN_MARK}")
    } else {
        String::new()
    };
    let segments: Vec<_> = window
        .listed()
        .take(shown)
        .map(|segment| entry(segment, &token))
        .collect();
    let text = hls::write::media(&hls::write::Media {
        target_duration,
        media_sequence: first.sequence.0,
        discontinuity_sequence: first.discontinuity_sequence(),
        independent_segments: false,
        ended: window.ended(),
        segments: &segments,
    });
    let marks = text.matches(TOKEN_MARK).count();
    Some(Template { text, marks })
}

fn entry<'a>(segment: &'a Segment, token: &str) -> hls::write::Segment<'a> {
    let extension = segment.container.extension();
    hls::write::Segment {
        uri: Cow::Owned(format!("segment/{}.{extension}{token}", segment.sequence)),
        duration: segment.duration,
        discontinuity: segment.discontinuity,
        program_date_time: Some(segment.program_date_time),
        key: segment.key.as_ref().map(|key| {
            let uri = match &key.resource {
                Some(resource) => format!("key/{}.key{token}", resource.number),
                None => key
                    .attributes
                    .uri
                    .as_deref()
                    .unwrap_or_default()
                    .replace(TOKEN_MARK, ""),
            };
            hls::write::Key {
                uri: Some(Cow::Owned(uri)),
                ..(&key.attributes).into()
            }
        }),
        map: segment
            .map
            .as_ref()
            .map(|map| Cow::Owned(format!("init/{}.mp4{token}", map.number))),
        tags: &segment.tags,
    }
}

/// The entry point: a multivariant playlist with one variant, whose link carries the token.
/// `channel` is the channel's name in our paths; it needs no escaping.
pub fn multivariant(
    window: &Window,
    variant: Option<&hls::Variant>,
    channel: &str,
    token: &str,
) -> String {
    let (peak, average) = bandwidth(window);
    hls::write::multivariant(
        &[hls::write::Variant {
            uri: Cow::Owned(format!(
                "hls/{channel}/media.m3u8?{TOKEN_PARAMETER}={token}"
            )),
            bandwidth: variant.map_or(peak, |variant| variant.bandwidth.max(1)),
            average_bandwidth: Some(average),
            codecs: variant.and_then(|variant| variant.codecs.as_deref()),
            resolution: variant.and_then(|variant| variant.resolution),
            frame_rate: variant.and_then(|variant| variant.frame_rate),
        }],
        false,
    )
}

/// Peak and average bit rate of what is held, in bit/s, measured as RFC 8216 4.3.4.2 says.
fn bandwidth(window: &Window) -> (u64, u64) {
    let rate = |bytes: usize, duration: Duration| {
        let seconds = duration.as_secs_f64().max(0.001);
        (bytes as f64 * 8.0 / seconds).ceil() as u64
    };
    let peak = window
        .held()
        .map(|it| rate(it.body.len(), it.duration))
        .max()
        .unwrap_or(1);
    (peak.max(1), rate(window.bytes(), window.duration()).max(1))
}

/// Whether a tag of the source can stand in our text: it must not hold what we use as a mark.
pub(crate) fn is_plain(tag: &str) -> bool {
    !tag.contains(TOKEN_MARK)
}

/// A token of 128 random bits as text.
pub fn token_text(token: u128) -> String {
    let mut text = String::with_capacity(32);
    write!(text, "{token:032x}").expect("writing to a string cannot fail");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbering::Numbering;
    use crate::segment::MediaSequence;
    use crate::settings::Settings;
    use crate::testing::{draft, wall};
    use crate::time::Moment;
    use crate::window::Draft;

    fn window(count: u64) -> Window {
        let numbering = Numbering {
            sequence: MediaSequence(7),
            discontinuities: 2,
            continues: false,
            date: None,
        };
        let mut window = Window::new(numbering);
        for second in 0..count {
            let draft = Draft {
                published_at: Moment(Duration::from_secs(second * 2)),
                discontinuity: second == 4,
                ..draft(2000)
            };
            window.push(draft, wall(second * 2), &Settings::default());
        }
        window.fix_target(Duration::from_secs(2), &Settings::default());
        window
    }

    #[test]
    fn no_list_is_better_than_an_empty_one() {
        assert_eq!(media(&window(0), true), None);
    }

    #[test]
    fn a_first_list_leaves_something_to_find_and_enough_to_start_on() {
        let entries = |template: Option<Template>| {
            template.map_or(0, |it| it.render("abc").matches("#EXTINF").count())
        };
        assert_eq!(entries(first_media(&window(5), true)), 4);
        assert_eq!(entries(first_media(&window(4), true)), 3);
        assert_eq!(entries(first_media(&window(3), true)), 3);
        let mut over = window(5);
        over.set_ended(true);
        assert_eq!(entries(first_media(&over, true)), 5);
    }

    #[test]
    fn the_token_is_in_the_query_of_every_segment() {
        let text = media(&window(3), true).expect("a list").render("abc");
        assert!(text.contains("\nsegment/7.ts?v=abc\n"), "{text}");
        assert_eq!(text.matches("?v=abc").count(), 3);
    }

    #[test]
    fn segment_addresses_can_be_the_same_for_everybody() {
        let template = media(&window(3), false).expect("a list");
        assert_eq!(template.render("abc"), template.render("def"));
        assert!(template.render("abc").contains("\nsegment/7.ts\n"));
    }

    #[test]
    fn a_published_entry_reads_the_same_in_every_list() {
        let mut window = window(6);
        let entry = |text: &str| {
            let from = text.find("EXT-X-DISCONTINUITY\n").expect("the break");
            text[from..text.find("segment/11.ts").expect("the segment after it")].to_owned()
        };
        let before = media(&window, true).expect("a list").render("abc");
        let later = Draft {
            published_at: Moment(Duration::from_secs(30)),
            ..draft(2000)
        };
        window.push(later, wall(30), &Settings::default());
        let after = media(&window, true).expect("a list").render("abc");
        assert_eq!(entry(&before), entry(&after));
        assert!(after.contains("#EXT-X-MEDIA-SEQUENCE:8\n"), "{after}");
    }

    #[test]
    fn the_entry_point_tells_a_true_bit_rate_and_a_relative_link() {
        let text = multivariant(&window(3), None, "name", "abc");
        assert!(text.contains("BANDWIDTH=752"), "{text}");
        assert!(text.contains("\nhls/name/media.m3u8?v=abc\n"), "{text}");
    }
}
