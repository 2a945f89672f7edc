//! Playlists of channels for players, and users' own turned into ones that lead to Weir.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use super::error::Problem;
use super::{App, base, media, play, query, receive};
use crate::playlists::{self, Target};
use crate::selector::Selector;
use crate::settings::StreamMode;

/// What players know a playlist of channels by.
const PLAYLIST: &str = "audio/x-mpegurl";

/// Bytes of a user's playlist: some ten thousand channels.
const PLAYLIST_BYTES_MAX: usize = 1 << 20;

/// Playlists that are turned at once. Each may take its own size twenty times, while short lines become long ones.
static PLACES: Semaphore = Semaphore::const_new(4);

/// How long a caller is asked to wait while others' playlists are turned; each takes milliseconds.
const RETRY_AFTER: std::time::Duration = std::time::Duration::from_secs(2);

/// How many entries lead to Weir, how many are as they were, and how many viewers may not ask for.
const COUNTS: [HeaderName; 3] = [
    HeaderName::from_static("x-playlist-rewritten"),
    HeaderName::from_static("x-playlist-kept"),
    HeaderName::from_static("x-playlist-not-allowed"),
];

/// A playlist of all that has a name here.
///
/// Its addresses are absolute: they begin with what the request went to (the Host header, X-Forwarded-Proto and
/// X-Forwarded-Prefix), or with `host`. Entries are played in the mode that is set, or in `mode`.
#[utoipa::path(
    get,
    path = "/playlist.m3u",
    tag = "playlists",
    params(
        ("mode" = Option<String>, Query, description = "hls or ts; the mode that is set where it is not given"),
        ("host" = Option<String>, Query, description = "host:port or a whole base address, in the place of the request's own"),
    ),
    responses(
        (status = OK, content_type = "audio/x-mpegurl", body = String),
        (status = BAD_REQUEST, body = super::description::Detail),
    )
)]
pub(super) async fn named(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let form = Form::read(&uri, &headers)?;
    let sources = app.names.iter().map(|name| {
        let selector = Selector::Source(name.clone());
        (selector, name.clone())
    });
    let staged = app.demo.as_ref().map(|stage| stage.channels());
    let staged = staged.unwrap_or_default().into_iter();
    let staged = staged.map(|(id, title)| (Selector::ContentId(id), title));
    let entries: Vec<_> = sources.chain(staged).collect();
    let text = playlists::listing(&entries, &form.base, form.mode);
    let mut response = playlist(text.into_bytes());
    let name = HeaderValue::from_static("inline; filename=\"weir.m3u\"");
    response
        .headers_mut()
        .insert(header::CONTENT_DISPOSITION, name);
    Ok(media::with_cors(response).await)
}

/// Turns a playlist into one that leads to Weir.
///
/// The body is the playlist itself, up to 1 MiB, of whatever type: `curl --data-binary @list.m3u`. Entries with an
/// AceStream id, an infohash or a magnet link in any of the forms that players and engines know become addresses
/// of Weir; all else stays as it is, byte for byte. Headers of the answer count what became of the entries.
#[utoipa::path(
    post,
    path = "/api/v1/playlists/rewrite",
    tag = "playlists",
    params(
        ("mode" = Option<String>, Query, description = "hls or ts; each entry as it says itself where it is not given"),
        ("host" = Option<String>, Query, description = "host:port or a whole base address, in the place of the request's own"),
    ),
    request_body(content = String, content_type = "text/plain"),
    responses(
        (status = OK, content_type = "audio/x-mpegurl", body = String, headers(
            ("x-playlist-rewritten" = u64, description = "Entries that lead to Weir now"),
            ("x-playlist-kept" = u64, description = "Entries that Weir cannot play, and that are as they were"),
            ("x-playlist-not-allowed" = u64, description = "Transport files, which viewers may not name here (WEIR_ALLOW_URL)"),
        )),
        (status = BAD_REQUEST, body = super::description::Detail),
        (status = PAYLOAD_TOO_LARGE, body = super::description::Detail),
        (status = UNSUPPORTED_MEDIA_TYPE, body = super::description::Detail),
        (status = SERVICE_UNAVAILABLE, body = super::description::Detail),
    )
)]
pub(super) async fn rewrite(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let form = Form::read(&uri, &headers)?;
    refuse_wrapped(&headers)?;
    let busy = |_| Problem::unavailable("other playlists are being turned, try again", RETRY_AFTER);
    let _place = PLACES.try_acquire().map_err(busy)?;
    let text = receive::whole(&app, &headers, body, PLAYLIST_BYTES_MAX).await?;
    if text.is_empty() {
        let detail = "the body must be a playlist, and there is none";
        return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
    }
    let target = Target {
        base: &form.base,
        mode: form.mode,
        known: &play::known(&app),
    };
    let done = playlists::rewrite(&text, &target);
    let mut response = playlist(done.text);
    let counts = [done.rewritten, done.kept, done.not_allowed];
    response
        .headers_mut()
        .extend(COUNTS.into_iter().zip(counts.map(HeaderValue::from)));
    Ok(response)
}

/// Refuses a playlist that is sent as a form's file, or compressed: it would come back with what is wrapped around it,
/// as one that nothing plays.
fn refuse_wrapped(headers: &HeaderMap) -> Result<(), Problem> {
    let wrapped = [header::CONTENT_TYPE, header::CONTENT_ENCODING]
        .into_iter()
        .find_map(|name| {
            let said = headers.get(&name)?.to_str().unwrap_or_default();
            let said = said.split(';').next().unwrap_or_default().trim();
            let plain = if name == header::CONTENT_TYPE {
                !said.to_ascii_lowercase().starts_with("multipart/")
            } else {
                said.is_empty() || said.eq_ignore_ascii_case("identity")
            };
            (!plain).then(|| format!("{name} is {said:?}"))
        });
    match wrapped {
        None => Ok(()),
        Some(said) => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!(
                "the body must be the playlist itself, as by curl --data-binary @list.m3u, neither a form nor \
                 compressed ({said})"
            ),
        )),
    }
}

/// What callers may say about the addresses that they want.
struct Form {
    base: String,
    mode: Option<StreamMode>,
}

impl Form {
    fn read(uri: &Uri, headers: &HeaderMap) -> Result<Self, Problem> {
        let pairs = query::pairs(uri);
        let of = |wanted: &str| {
            let pair = pairs.iter().find(|(name, _)| name == wanted);
            pair.map(|(_, value)| value.trim())
                .filter(|value| !value.is_empty())
        };
        Ok(Self {
            base: base::of(headers, of("host"))?,
            mode: of("mode").map(play::mode).transpose()?,
        })
    }
}

fn playlist(text: Vec<u8>) -> Response {
    let mut response = Body::from(text).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PLAYLIST));
    // The addresses in it are made from what this one caller said.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
