//! Turns what sources answer into what a channel understands.

use std::sync::Arc;
use std::time::Duration;

use channel::examine::Fit;
use channel::{Body, Wanted};
use engine::{FetchError, Http, Live, Place, Timeouts};
use url::Url;

pub use channel::Trouble;

use super::is_unreachable;

/// Longest rest that a source may ask for; the channel shortens it further.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);

/// A playlist that was read; every address in it is absolute.
#[derive(Debug)]
pub struct Listed {
    /// The list.
    pub media: hls::Media,
    /// Where to ask next time.
    pub place: Place,
    /// The variant that was chosen, if there were several.
    pub variant: Option<hls::Variant>,
}

pub(super) async fn list(http: &Http, place: &Place, t: &Timeouts) -> Result<Listed, Trouble> {
    let fetched = fetch(http, place, t).await?;
    listed(http, place, fetched, t).await
}

/// The media playlist that was fetched, or the one that it leads to.
async fn listed(
    http: &Http,
    place: &Place,
    (playlist, base): (hls::Playlist, Url),
    t: &Timeouts,
) -> Result<Listed, Trouble> {
    let (offers, offers_at) = match playlist {
        hls::Playlist::Media(media) => {
            return Ok(Listed {
                media: absolute(media, &base),
                place: place.clone(),
                variant: None,
            });
        }
        hls::Playlist::Multivariant(offers) => (offers, base),
    };
    let variant = offers
        .highest()
        .ok_or_else(|| Trouble::Unfit("no variant is offered".into()))?;
    if !offers.carries_audio(variant) {
        tracing::warn!(
            "the highest variant has its sound in a stream of its own, which is left out"
        );
    }
    let url = hls::resolve(&offers_at, &variant.uri).map_err(unfit)?;
    let place = place.leading_to(url);
    match fetch(http, &place, t).await? {
        (hls::Playlist::Media(media), base) => Ok(Listed {
            media: absolute(media, &base),
            place,
            variant: Some(variant.clone()),
        }),
        (hls::Playlist::Multivariant(_), _) => Err(Trouble::Unfit(
            "a variant is itself a list of variants".into(),
        )),
    }
}

async fn fetch(http: &Http, place: &Place, t: &Timeouts) -> Result<(hls::Playlist, Url), Trouble> {
    let fetched = http
        .playlist(place, t)
        .await
        .map_err(|error| trouble(&error))?;
    read(&fetched)
}

fn read(fetched: &engine::Fetched) -> Result<(hls::Playlist, Url), Trouble> {
    let source = hls::Source {
        url: Some(&fetched.url),
        variables: None,
    };
    let playlist = hls::read_from(&fetched.bytes, &source).map_err(unfit)?;
    Ok((playlist, fetched.url.clone()))
}

pub(super) async fn segment(
    http: &Http,
    place: &Place,
    segment: &hls::Segment,
    t: &Timeouts,
) -> Result<Fit, Trouble> {
    let url = Url::parse(&segment.uri).map_err(unfit)?;
    let range = segment.byte_range.map(|range| (range.offset, range.length));
    let body = http.segment(&place.leading_to(url), range, t).await;
    let body = body.map_err(|error| trouble(&error))?;
    let method = segment.key.as_ref().map(|key| key.method.as_str());
    channel::examine::segment(body.chunks, method).map_err(unfit)
}

pub(super) async fn resource(
    http: &Http,
    place: &Place,
    wanted: &Wanted,
    t: &Timeouts,
) -> Result<Body, Trouble> {
    let (uri, range) = match wanted {
        Wanted::Key(key) => (key.uri.as_deref().unwrap_or_default(), None),
        Wanted::Map(map) => (map.uri.as_str(), map.byte_range),
    };
    let url = Url::parse(uri).map_err(unfit)?;
    let range = range.map(|range| (range.offset, range.length));
    let body = http.segment(&place.leading_to(url), range, t).await;
    body.map(|body| Body::new(body.chunks))
        .map_err(|error| trouble(&error))
}

/// Resolves every address. A segment whose address is none cannot be had, like a gap.
fn absolute(mut media: hls::Media, base: &Url) -> hls::Media {
    let resolve = |uri: &str| hls::resolve(base, uri).map(String::from);
    for segment in &mut media.segments {
        match resolve(&segment.uri) {
            Ok(uri) => segment.uri = uri,
            Err(_) => segment.gap = true,
        }
        if let Some(key) = &mut segment.key
            && let Some(Ok(uri)) = key.uri.as_deref().map(resolve)
        {
            Arc::make_mut(key).uri = Some(uri);
        }
        if let Some(map) = &mut segment.map {
            match resolve(&map.uri) {
                Ok(uri) => Arc::make_mut(map).uri = uri,
                Err(_) => segment.gap = true,
            }
        }
    }
    media
}

/// A plain source that was opened.
pub(in crate::upstream) enum Opened {
    /// It has a playlist.
    Listed(Box<Listed>),
    /// It is one continuous body.
    Body(Box<Live>),
}

pub(in crate::upstream) async fn source(
    http: &Http,
    place: &Place,
    t: &Timeouts,
) -> Result<Opened, Trouble> {
    let source = http.open_source(place, t).await;
    match source.map_err(|error| trouble(&error))? {
        engine::Source::Continuous(live) => Ok(Opened::Body(Box::new(live))),
        engine::Source::Playlist(fetched) => {
            let listed = listed(http, place, read(&fetched)?, t).await?;
            Ok(Opened::Listed(Box::new(listed)))
        }
    }
}

pub(in crate::upstream) async fn body(
    http: &Http,
    place: &Place,
    t: &Timeouts,
) -> Result<Live, Trouble> {
    http.open(place, t).await.map_err(|error| trouble(&error))
}

/// What a fetch's failure means to a channel.
pub(crate) fn trouble(error: &FetchError) -> Trouble {
    let text = error.to_string();
    match error {
        FetchError::Status {
            code: 401 | 403 | 410,
            ..
        } => Trouble::Gone(text),
        FetchError::Status {
            code: 429 | 503,
            retry_after: Some(retry_after),
        } => Trouble::Busy {
            text,
            retry_after: (*retry_after).min(RETRY_AFTER_MAX),
        },
        FetchError::Status { .. } => Trouble::Status(text),
        error if is_unreachable(error) => Trouble::Unreachable(text),
        _ => Trouble::Unfit(text),
    }
}

fn unfit(error: impl std::fmt::Display) -> Trouble {
    Trouble::Unfit(error.to_string())
}
