//! What an engine is asked to play, and in which form; never how a user wrote it.

/// What the engine is asked for. The values are taken as they are: reading users' forms is the caller's task.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Selector {
    /// A content id, 40 hexadecimal digits. Not an infohash, though it looks like one.
    ContentId(String),
    /// The infohash of a transport, 40 hexadecimal digits.
    Infohash(String),
    /// The `btih` of a magnet link, 40 hexadecimal digits.
    Magnet(String),
    /// The URL of a transport file.
    Url(String),
}

impl Selector {
    /// The one query pair that says it in a call of the engine.
    ///
    /// A content id goes as `id`: its newer name `content_id` is not known to every engine, `id` is.
    pub fn query(&self) -> (&'static str, String) {
        match self {
            Selector::ContentId(id) => ("id", id.clone()),
            Selector::Infohash(infohash) => ("infohash", infohash.clone()),
            Selector::Magnet(btih) => ("magnet", format!("magnet:?xt=urn:btih:{btih}")),
            Selector::Url(url) => ("url", url.clone()),
        }
    }
}

/// The form in which the engine hands out the stream. One session has one form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Output {
    /// A live playlist and its segments.
    Hls,
    /// One endless MPEG-TS body, for one reader.
    Ts,
}

impl Output {
    /// The path of the call that starts a session in this form.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Output::Hls => "/ace/manifest.m3u8",
            Output::Ts => "/ace/getstream",
        }
    }
}
