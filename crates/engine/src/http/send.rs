//! One request, and the redirects it leads through; each hop is admitted by the guard before a byte is sent.

use std::pin::pin;
use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, HeaderValue, LOCATION, RANGE};
use reqwest::{Client, Request, Response};
use url::Url;

use super::connect::Attempt;
use super::{Http, IDLE_PER_HOST_MAX, fault};
use crate::error::{FetchError, Wait};
use crate::place::{Guard, Hop, Place};

/// An engine has two hops at most, a source behind balancers a few.
const REDIRECTS_MAX: usize = 5;

/// Which connections a request uses.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text, which may come compressed.
    Playlist,
    /// Bytes that are taken as they are.
    Media,
    /// A body that may never end, and may turn out to be text.
    Live,
}

/// One thing to get.
pub(super) struct Ask<'a> {
    pub(super) place: &'a Place,
    pub(super) kind: Kind,
    /// First byte and one after the last.
    pub(super) range: Option<(u64, u64)>,
    pub(super) connect: Duration,
    pub(super) first_byte: Duration,
}

impl Http {
    /// The headers of the answer at the end of all redirects, whatever its status.
    pub(super) async fn follow(&self, ask: &Ask<'_>) -> Result<Response, FetchError> {
        let mut url = ask.place.url.clone();
        for _ in 0..=REDIRECTS_MAX {
            let hop = ask.place.guard.admit(&url)?;
            let response = self.knock(&hop, ask).await?;
            match redirected(&response)? {
                // The response ends here, unread, and its connection with it: an engine's redirect announces
                // no length and never closes.
                Some(target) => url = target,
                None => return Ok(response),
            }
        }
        Err(FetchError::Redirects {
            hops_max: REDIRECTS_MAX,
        })
    }

    /// One hop. A kept connection may be closed by the other side just as it is used; then the request goes
    /// out again, at most until it has met every connection that is kept.
    async fn knock(&self, hop: &Hop, ask: &Ask<'_>) -> Result<Response, FetchError> {
        let clients = match ask.kind {
            Kind::Playlist => &self.playlists,
            Kind::Media => &self.media,
            Kind::Live => &self.live,
        };
        let client = clients.trusting(hop.trust);
        let mut stale = 0;
        loop {
            let request = request(client, hop, ask)?;
            let attempt = Attempt::new(ask.connect);
            let error = match send(client, request, &attempt, ask.first_byte).await? {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            let again = attempt.is_pooled() && fault::closed_unanswered(&error);
            if !again || IDLE_PER_HOST_MAX <= stale {
                return Err(fault::of_request(&error, &hop.url, &attempt));
            }
            stale += 1;
        }
    }
}

fn request(client: &Client, hop: &Hop, ask: &Ask<'_>) -> Result<Request, FetchError> {
    let mut request = client.get(hop.url.clone());
    // Engines were never seen to compress, and asking might make them try; a live body would come late.
    if ask.kind != Kind::Playlist || matches!(ask.place.guard, Guard::Engine(_)) {
        request = request.header(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    if let Some((offset, end)) = ask.range {
        request = request.header(RANGE, format!("bytes={offset}-{}", end - 1));
    }
    request.build().map_err(|_| FetchError::Broken {
        why: "the address cannot be put into a request".to_owned(),
    })
}

/// Sends a request and waits for headers; the wait begins anew when a connection had to be made first, for
/// that has its own limit. The outer error is a wait that ended, the inner one is the client's.
pub(super) async fn send(
    client: &Client,
    request: Request,
    attempt: &std::sync::Arc<Attempt>,
    first_byte: Duration,
) -> Result<Result<Response, reqwest::Error>, FetchError> {
    let mut sent = pin!(attempt.cover(client.execute(request)));
    let mut patience = pin!(tokio::time::sleep(first_byte));
    loop {
        tokio::select! {
            biased;
            answered = &mut sent => return Ok(answered),
            () = attempt.connected() => patience.set(tokio::time::sleep(first_byte)),
            () = &mut patience, if !attempt.is_connecting() => {
                if !attempt.is_connecting() {
                    let (waiting_for, after) = (Wait::FirstByte, first_byte);
                    return Err(FetchError::Timeout { waiting_for, after });
                }
            }
        }
    }
}

/// Where an answer redirects to; nothing when it does not.
fn redirected(response: &Response) -> Result<Option<Url>, FetchError> {
    let code = response.status().as_u16();
    if !matches!(code, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    response
        .headers()
        .get(LOCATION)
        .and_then(|location| std::str::from_utf8(location.as_bytes()).ok())
        .and_then(|location| response.url().join(location).ok())
        .map(Some)
        .ok_or(FetchError::BadRedirect { code })
}
