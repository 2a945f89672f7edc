//! The rules that a live playlist is held to: each with its clause and what breaks without it; checks nothing itself.

/// One line a rule: the enum, and what is to be said of each of its values, cannot drift apart.
macro_rules! rules {
    ($($name:ident: $sentence:literal, $clause:literal, $breaks:literal;)*) => {
        /// What a live playlist, its segments and their server keep.
        #[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $(#[doc = $sentence] $name,)*
        }

        impl Rule {
            /// Every rule there is.
            pub const ALL: &'static [Rule] = &[$(Rule::$name),*];

            /// Its name, as it stands in code and in JSON.
            pub fn name(self) -> &'static str {
                match self { $(Rule::$name => stringify!($name),)* }
            }

            /// What is kept, as a sentence.
            pub fn sentence(self) -> &'static str {
                match self { $(Rule::$name => $sentence,)* }
            }

            /// Where that is written. `bis` is draft-pantos-hls-rfc8216bis.
            pub fn clause(self) -> &'static str {
                match self { $(Rule::$name => $clause,)* }
            }

            /// Who suffers where it is not kept.
            pub fn breaks(self) -> &'static str {
                match self { $(Rule::$name => $breaks,)* }
            }
        }
    };
}

rules! {
    // The text.
    Text: "the text is UTF-8 with #EXTM3U in its first line, no byte order mark, no control characters",
        "RFC 8216 4.1, 4.3.1.1", "a mark: ffmpeg, mpv, VLC, GStreamer, streamlink and Chromium refuse";
    Unreadable: "each list can be read by itself, by whoever joins with it",
        "RFC 8216 4.1, 6.3.1", "late joiners, and everybody at the next poll";
    TagTwice: "tags of the whole list stand once, before the first segment",
        "RFC 8216 4.3.1.2, 4.3.3", "players differ in which of the two they take";
    VersionNeeded: "the version is no less than what the list's tags need",
        "RFC 8216 7", "players that read a list by its version: AVPlayer";
    VersionTooHigh: "the version is no greater than what the list's tags need",
        "RFC 8216 7, bis 6.2.1", "players that know no such version: Chromium refuses";
    PlaylistType: "a list that slides has no EXT-X-PLAYLIST-TYPE",
        "RFC 8216 4.3.3.5, 6.2.2", "players that take it for a recording, and seek to its start";
    LowLatency: "tags of low latency stand only where the server answers as they promise",
        "bis 4.4.3.7, 4.4.3.8, 4.4.4.9, 6.2.5", "players that ask to be kept waiting, and are not";
    Gap: "what is missing is left out behind a discontinuity, not listed as a gap",
        "bis 4.4.4.7", "Chromium ends, VLC and GStreamer exit, four more stall for seconds";

    // Numbers.
    MediaSequenceMissing: "the list states its media sequence as a number",
        "RFC 8216 4.3.3.2, 6.2.2", "8 of 10 players end within seconds";
    MediaSequenceFell: "the media sequence never falls",
        "RFC 8216 4.3.3.2, 6.2.2", "9 of 10 players end: hls.js, Shaka, Chromium, ffmpeg, mpv, VLC, GStreamer";
    EndFell: "segments are added at the end and removed at the front only",
        "RFC 8216 6.2.1, 6.2.2", "players that have played what is taken back: AVPlayer, hls.js";
    Jump: "a list that leaves all that it listed behind marks that as a discontinuity",
        "RFC 8216 4.3.2.3, 6.2.2", "Chromium and VLC end";
    Changed: "a number stands for one address and one duration for ever",
        "RFC 8216 6.2.1, 6.3.4", "hls.js ends with levelParsingError, AVPlayer with -12312";
    KeyChanged: "a segment's key is said in every list that has the segment, and is the same",
        "RFC 8216 4.3.2.4, 6.2.3", "every player, within a few segments";
    MapChanged: "a segment's initialization section is said in every list that has the segment, and is the same",
        "RFC 8216 4.3.2.5", "every player that joins late";
    DiscontinuityCount: "discontinuities that leave the list are counted by EXT-X-DISCONTINUITY-SEQUENCE",
        "RFC 8216 4.3.3.3, 6.2.2", "hls.js, and AVPlayer with -12642 where it changes variants";
    DiscontinuitySequenceFell: "the discontinuity sequence never falls",
        "RFC 8216 4.3.3.3, 6.2.2", "hls.js, and AVPlayer with -12642 where it changes variants";
    EndTakenBack: "nothing is added to a list that has ended",
        "RFC 8216 4.3.3.4, 6.2.1", "every player: it has stopped asking";

    // Durations and dates.
    TargetMissing: "the target duration is stated, in whole seconds of at least one",
        "RFC 8216 4.3.3.1", "Chromium refuses a fraction";
    TargetExceeded: "no segment, rounded to seconds, is longer than the target duration",
        "RFC 8216 4.3.3.1", "AVPlayer, with -12312";
    TargetChanged: "the target duration never changes",
        "RFC 8216 6.2.1", "AVPlayer and all that poll by it";
    WindowShort: "the list has three segments, and segments leave it only while three target durations stay",
        "RFC 8216 6.2.2", "Chromium does not start on two segments, VLC and GStreamer not on one";
    Cadence: "there is a new segment within one and a half target durations",
        "RFC 8216 6.2.1", "AVPlayer with -12888; streamlink at 3, media3 at 3.5 target durations";
    DateBack: "program dates never go back",
        "RFC 8216 4.3.2.6, bis 6.2.1", "Shaka ends";
    DateDrift: "program dates go on as the durations say",
        "RFC 8216 4.3.2.6, bis 6.2.1", "players that seek or synchronise by date";

    // Addresses, keys, initialization sections.
    AbsoluteAddress: "addresses are relative, so that a list works behind every proxy",
        "RFC 8216 4.1, 6.2.1", "everybody behind a reverse proxy with another name";
    Extension: "a segment's path ends in an extension that players know",
        "RFC 8216 3, 4", "ffmpeg from 7.1 on, and so Kodi, mpv, Jellyfin";
    VectorMissing: "a renumbered segment under AES-128 states its initialization vector",
        "RFC 8216 4.3.2.4, 5.2", "everybody: the first block of every segment is noise";
    MapMissing: "a segment of fragmented MP4 has an initialization section",
        "RFC 8216 3.3, 4.3.2.5", "everybody who joins";

    // Segments.
    SegmentRefused: "a listed segment is there",
        "RFC 8216 6.2.1, 6.2.2", "Chromium ends, VLC and GStreamer exit, the others stall";
    SegmentGone: "a removed segment stays for its own duration and that of the longest list that had it",
        "RFC 8216 6.2.2", "viewers on slow lines";
    SegmentCut: "a segment has all the bytes that its answer announces",
        "RFC 8216 6.2.1, RFC 9112 6.3", "Chromium ends, GStreamer exits";
    NotMedia: "a segment is whole media of its kind",
        "RFC 8216 3, 6.2.1", "Shaka, video.js and Chromium end, VLC and GStreamer exit";
    KeyFile: "a key is there, and has sixteen bytes",
        "RFC 8216 5.1, 6.2.3", "everybody";
    TablesFirst: "a segment of MPEG-TS begins with its tables",
        "RFC 8216 3.2", "everybody who joins with it";
    KeyFrameFirst: "a segment with pictures begins with a key frame",
        "RFC 8216 3, 4.3.5.1", "who joins with it shows nothing, or mud, up to the next one";
    DurationWrong: "a segment plays as long as its EXTINF says",
        "RFC 8216 4.3.2.1", "Shaka, GStreamer; AVPlayer parks for ever";
    TimestampJump: "timestamps go on from a segment to the next, or a discontinuity says that they do not",
        "RFC 8216 4.3.2.3, 6.2.1", "hls.js freezes; Chromium, VLC and GStreamer end";
    TracksChanged: "tracks are the same from a segment to the next, or a discontinuity says that they are not",
        "RFC 8216 4.3.2.3", "hls.js freezes; Chromium, VLC and GStreamer end";
    SameBytes: "no two numbers stand for the same bytes",
        "RFC 8216 6.2.1", "Chromium ends, VLC and GStreamer stall";
    BytesChanged: "a number stands for the same bytes for ever",
        "RFC 8216 6.2.1", "caches, and all who ask twice";

    // HTTP.
    Unavailable: "the list's address answers with a list for as long as somebody watches",
        "RFC 8216 6.2.1, 6.3.4", "hls.js and Chromium end, ffmpeg, mpv, streamlink and VLC exit";
    ContentType: "the content type says what it is",
        "RFC 8216 4, 3", "Shaka, where the path does not say it either";
    ContentLength: "the length is told before the body",
        "RFC 9110 8.6", "AVPlayer, and boxes that record";
    Cors: "pages of other hosts may read lists and segments",
        "Fetch 3.2", "hls.js, Shaka and video.js on any other page";
    Head: "HEAD is answered as GET, without a body",
        "RFC 9110 9.3.2", "players and boxes that look before they ask";
    Range: "a range is answered with exactly these bytes",
        "RFC 9110 14.2, 15.3.7", "media3 ends, AVPlayer with -12174 or -12939";
    Encoding: "lists are compressed only for those who accept it, and segments never",
        "RFC 9110 12.5.3, 12.5.5", "players without a decoder, and caches";
    Validator: "what has a validator is not sent again to those who have it",
        "RFC 9110 13.1.2", "nobody; it is wasted";
    Caching: "no cache keeps a list, and every cache may keep a segment",
        "RFC 8216 6.2.1, 6.2.2, RFC 9111 5.2", "everybody behind a cache: stale lists";
}

impl Rule {
    /// Whether it is a promise of Weir's rather than every server's duty.
    pub fn is_own(self) -> bool {
        use Rule::{AbsoluteAddress, Gap, LowLatency, VectorMissing};
        matches!(self, AbsoluteAddress | Gap | LowLatency | VectorMissing)
    }
}
