//! The short way to what viewers ask for all the time: live playlists and segments. It answers as the
//! router would, and leaves to it whatever is out of the ordinary.
//!
//! The router's part (boxed handlers, copies of all headers, names out of the path) is 1 to 2 µs of a
//! playlist's 11 µs.

use axum::http::Method;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};

use super::{App, Ask, Peer, guard, media, play};

/// The route of live playlists.
pub const PLAYLIST: &str = "/ace/hls/{channel}/media.m3u8";

/// The route of segments.
pub const SEGMENT: &str = "/ace/hls/{channel}/segment/{file}";

/// What is asked for in the plainest form.
enum Wanted<'a> {
    Playlist { channel: &'a str },
    Segment { channel: &'a str, file: &'a str },
}

/// The answer to a plain request for a playlist or a segment.
pub(super) async fn answer(app: &App, peer: Peer, request: &Parts) -> Option<Response> {
    if request.method != Method::GET || guard::is_unmeasured(&request.headers) {
        return None;
    }
    let wanted = wanted(request.uri.path())?;
    let ask = Ask {
        peer,
        method: &request.method,
        uri: &request.uri,
        headers: &request.headers,
    };
    let asked_at = app.clock.now();
    let (answer, counted) = match wanted {
        Wanted::Playlist { channel } => (
            play::poll(app, &ask, channel).await,
            &app.requests.playlists,
        ),
        Wanted::Segment { channel, file } => (
            media::held(app, &ask, channel, file),
            &app.requests.segments,
        ),
    };
    let mut response = media::with_cors(answer.into_response()).await;
    guard::forbid_guessing(&mut response);
    let took = app.clock.now().since(asked_at);
    counted.count(response.status().as_u16(), took);
    Some(response)
}

/// Reads `/ace/hls/{channel}/media.m3u8` and `/ace/hls/{channel}/segment/{file}`; nothing that needs
/// decoding.
fn wanted(path: &str) -> Option<Wanted<'_>> {
    let rest = path.strip_prefix("/ace/hls/")?;
    let (channel, rest) = rest.split_once('/')?;
    if channel.is_empty() || path.contains('%') {
        return None;
    }
    match rest.split_once('/') {
        None if rest == "media.m3u8" => Some(Wanted::Playlist { channel }),
        Some(("segment", file)) if !file.is_empty() && !file.contains('/') => {
            Some(Wanted::Segment { channel, file })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_plainest_paths_are_taken() {
        assert!(matches!(
            wanted("/ace/hls/news/media.m3u8"),
            Some(Wanted::Playlist { channel: "news" })
        ));
        assert!(matches!(
            wanted("/ace/hls/news/segment/7.ts"),
            Some(Wanted::Segment {
                channel: "news",
                file: "7.ts"
            })
        ));
        for other in [
            "/ace/manifest.m3u8",
            "/ace/hls//media.m3u8",
            "/ace/hls/ne%77s/media.m3u8",
            "/ace/hls/news/media.m3u8/",
            "/ace/hls/news/segment/",
            "/ace/hls/news/segment/../7.ts",
            "/ace/hls/news/init/1.mp4",
            "/ace/hls/news",
        ] {
            assert!(wanted(other).is_none(), "{other}");
        }
    }
}
