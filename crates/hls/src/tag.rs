//! Which tag belongs to which kind of playlist; never what a tag says.

/// The part a tag plays, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// May stand in both kinds of playlist (4.3.1, 4.3.5).
    Either,
    /// Makes the list a media playlist (4.3.2, 4.3.3).
    Media,
    /// Makes the list a multivariant playlist (4.3.4).
    Multivariant,
    /// A later invention that travels with its segment.
    Unknown,
    /// Not of HLS, or taken out of it.
    Foreign,
}

/// The role of a tag, named as it stands after `#EXT`.
pub(crate) fn role(name: &str) -> Role {
    match name {
        "M3U" | "-X-VERSION" | "-X-INDEPENDENT-SEGMENTS" | "-X-START" | "-X-DEFINE" => Role::Either,
        "INF"
        | "-X-TARGETDURATION"
        | "-X-MEDIA-SEQUENCE"
        | "-X-DISCONTINUITY-SEQUENCE"
        | "-X-ENDLIST"
        | "-X-PLAYLIST-TYPE"
        | "-X-I-FRAMES-ONLY"
        | "-X-PART-INF"
        | "-X-SERVER-CONTROL"
        | "-X-BYTERANGE"
        | "-X-DISCONTINUITY"
        | "-X-KEY"
        | "-X-MAP"
        | "-X-PROGRAM-DATE-TIME"
        | "-X-GAP"
        | "-X-BITRATE"
        | "-X-PART"
        | "-X-DATERANGE"
        | "-X-SKIP"
        | "-X-PRELOAD-HINT"
        | "-X-RENDITION-REPORT" => Role::Media,
        "-X-MEDIA"
        | "-X-STREAM-INF"
        | "-X-I-FRAME-STREAM-INF"
        | "-X-SESSION-DATA"
        | "-X-SESSION-KEY"
        | "-X-CONTENT-STEERING" => Role::Multivariant,
        // Taken out in version 7, and about the whole list rather than a segment.
        "-X-ALLOW-CACHE" => Role::Foreign,
        _ if name.starts_with("-X-") => Role::Unknown,
        _ => Role::Foreign,
    }
}

/// The name of a tag line as [`role`] takes it; `None` for URIs and comments.
pub(crate) fn name(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("#EXT")?;
    let end = rest
        .find(|c: char| c == ':' || c.is_whitespace())
        .unwrap_or(rest.len());
    rest.get(..end).filter(|name| !name.is_empty())
}

/// Whether a tag line travels with its segment, word for word.
pub(crate) fn is_carried(line: &str) -> bool {
    name(line).is_some_and(|name| name == "-X-DATERANGE" || role(name) == Role::Unknown)
}
