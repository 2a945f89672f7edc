//! Which endpoint a path is; what it does is not known here.

use crate::fault::Endpoint;

/// What a player wants from a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Output {
    Ts,
    Hls,
}

/// A session, as its addresses name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) infohash: String,
    pub(super) token: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    Start(Output),
    Playlist(Key),
    Redirect(Key),
    Content(Key),
    Segment { infohash: String, number: u64 },
    Stat(Key),
    Command(Key),
    Event(Key),
    WebService,
    ServerService,
    Search,
    Unknown,
}

impl Route {
    pub(super) fn of(path: &str) -> Self {
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match parts[..] {
            ["ace", "getstream"] => Self::Start(Output::Ts),
            ["ace", "manifest.m3u8"] => Self::Start(Output::Hls),
            ["ace", "m", infohash, file] => Self::Playlist(key(infohash, stem(file, ".m3u8"))),
            ["ace", "r", infohash, token] => Self::Redirect(key(infohash, token)),
            ["content", infohash, token] => Self::Content(key(infohash, token)),
            ["ace", "c", infohash, file] => match stem(file, ".ts").parse() {
                Ok(number) => Self::Segment {
                    infohash: infohash.to_owned(),
                    number,
                },
                Err(_) => Self::Unknown,
            },
            ["ace", "stat", infohash, token] => Self::Stat(key(infohash, token)),
            ["ace", "cmd", infohash, token] => Self::Command(key(infohash, token)),
            ["ace", "event", infohash, token] => Self::Event(key(infohash, token)),
            ["webui", "api", "service"] => Self::WebService,
            ["server", "api"] => Self::ServerService,
            ["search"] => Self::Search,
            _ => Self::Unknown,
        }
    }

    pub(super) fn endpoint(&self) -> Endpoint {
        match self {
            Self::Start(_) => Endpoint::Start,
            Self::Playlist(_) => Endpoint::Playlist,
            Self::Redirect(_) => Endpoint::Redirect,
            Self::Content(_) => Endpoint::Stream,
            Self::Segment { .. } => Endpoint::Segment,
            Self::Stat(_) => Endpoint::Stat,
            Self::Command(_) => Endpoint::Command,
            Self::Event(_) => Endpoint::Event,
            Self::WebService | Self::ServerService => Endpoint::Service,
            Self::Search => Endpoint::Search,
            Self::Unknown => Endpoint::Other,
        }
    }

    /// The infohash in the path.
    pub(super) fn infohash(&self) -> Option<&str> {
        match self {
            Self::Playlist(key)
            | Self::Redirect(key)
            | Self::Content(key)
            | Self::Stat(key)
            | Self::Command(key)
            | Self::Event(key) => Some(&key.infohash),
            Self::Segment { infohash, .. } => Some(infohash),
            _ => None,
        }
    }
}

fn key(infohash: &str, token: &str) -> Key {
    Key {
        infohash: infohash.to_owned(),
        token: token.to_owned(),
    }
}

fn stem<'a>(file: &'a str, extension: &str) -> &'a str {
    file.strip_suffix(extension).unwrap_or(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_apart() {
        assert_eq!(Route::of("/ace/getstream"), Route::Start(Output::Ts));
        assert_eq!(
            Route::of("/ace/m/ab/cd.m3u8"),
            Route::Playlist(key("ab", "cd"))
        );
        let segment = Route::Segment {
            infohash: "ab".into(),
            number: 12,
        };
        assert_eq!(Route::of("/ace/c/ab/12.ts"), segment);
        assert_eq!(Route::of("/ace/c/ab/x.ts"), Route::Unknown);
        assert_eq!(Route::of("/content/ab/cd"), Route::Content(key("ab", "cd")));
        assert_eq!(Route::of("/"), Route::Unknown);
    }
}
