//! Which endpoint of an origin a path is; what it does is not known here.

use http::header::RANGE;

use crate::fault::Endpoint;
use crate::request::Request;

/// Distance of two segments in the one file of `Packaging::Ranges`; no segment is larger.
pub(super) const RANGE_STRIDE_BYTES: u64 = 64 << 20;

/// The one file of `Packaging::Ranges`.
pub(super) const RANGES_PATH: &str = "/all.ts";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    Multivariant,
    Playlist,
    Segment(u64),
    Ranges,
    Key(u64),
    Init,
    Stream,
    Unknown,
}

impl Route {
    pub(super) fn of(path: &str, multivariant: bool) -> Self {
        match path {
            "/live.m3u8" if multivariant => Self::Multivariant,
            "/live.m3u8" | "/low.m3u8" | "/high.m3u8" => Self::Playlist,
            "/live.ts" => Self::Stream,
            "/init.mp4" => Self::Init,
            RANGES_PATH => Self::Ranges,
            path => numbered(path),
        }
    }

    pub(super) fn endpoint(&self) -> Endpoint {
        match self {
            Self::Multivariant => Endpoint::Multivariant,
            Self::Playlist => Endpoint::Playlist,
            Self::Segment(_) | Self::Ranges => Endpoint::Segment,
            Self::Key(_) => Endpoint::Key,
            Self::Init => Endpoint::Init,
            Self::Stream => Endpoint::Stream,
            Self::Unknown => Endpoint::Other,
        }
    }

    /// The number of the segment that is meant.
    pub(super) fn segment(&self, request: &Request) -> Option<u64> {
        match self {
            Self::Segment(number) => Some(*number),
            Self::Ranges => range(request).map(|(first, _)| first / RANGE_STRIDE_BYTES),
            _ => None,
        }
    }
}

fn numbered(path: &str) -> Route {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let [folder, file] = parts[..] else {
        return Route::Unknown;
    };
    let number = file.split('.').next().and_then(|stem| stem.parse().ok());
    match (folder, number) {
        ("segment", Some(number)) => Route::Segment(number),
        ("key", Some(number)) => Route::Key(number),
        _ => Route::Unknown,
    }
}

/// The first and last byte of a request for one range.
pub(super) fn range(request: &Request) -> Option<(u64, u64)> {
    let (first, last) = request
        .header(RANGE)?
        .strip_prefix("bytes=")?
        .split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_apart() {
        assert_eq!(Route::of("/live.m3u8", true), Route::Multivariant);
        assert_eq!(Route::of("/live.m3u8", false), Route::Playlist);
        assert_eq!(Route::of("/segment/12.m4s", false), Route::Segment(12));
        assert_eq!(Route::of("/key/1.key", false), Route::Key(1));
        assert_eq!(Route::of("/segment/x.ts", false), Route::Unknown);
    }
}
