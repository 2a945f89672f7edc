//! Sends news to an address of the operator's: one signed request, one reply; it never tries twice.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use ledger::Reply;
use reqwest::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use reqwest::{Client, Response};
use rustls::ClientConfig;
use sha2::Sha256;
use url::Url;

use crate::{ANSWER_BYTES_MAX, BuildError, builder};

/// Names what is sent, the same each time it is.
const EVENT_ID: &str = "weir-event-id";

/// Says what kind of news it is.
const EVENT_TYPE: &str = "weir-event-type";

/// Shows that it comes from whom the receiver shares a secret with.
const SIGNATURE: &str = "weir-signature";

/// Characters of an answer that are kept to be looked at.
const TEXT_MAX: usize = 200;

/// What is sent.
#[derive(Clone, Copy, Debug)]
pub struct Post<'a> {
    /// Where to.
    pub url: &'a Url,
    /// What it is signed with, if it is.
    pub secret: Option<&'a str>,
    /// The news' id.
    pub id: u64,
    /// What kind of news it is.
    pub kind: &'a str,
    /// The news as JSON.
    pub body: &'a str,
    /// When it is sent, in seconds since 1970.
    pub now: i64,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The status, if there was an answer.
    pub status: Option<u16>,
    /// What it means.
    pub reply: Reply,
}

/// Sends to any address; clones share connections.
#[derive(Clone)]
pub struct Sender {
    client: Client,
}

impl Sender {
    /// One that trusts whom `tls` trusts.
    pub fn new(tls: ClientConfig) -> Result<Self, BuildError> {
        let client = builder(tls).build();
        let client = client.map_err(|error| BuildError(error.to_string()))?;
        Ok(Self { client })
    }

    /// Sends one piece of news and says how it went.
    pub async fn send(&self, post: &Post<'_>) -> Heard {
        let mut request = self
            .client
            .post(post.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(EVENT_ID, post.id)
            .header(EVENT_TYPE, post.kind);
        if let Some(secret) = post.secret {
            request = request.header(SIGNATURE, signature(secret, post.now, post.body));
        }
        match request.body(post.body.to_owned()).send().await {
            Ok(response) => heard(response).await,
            Err(error) => Heard {
                status: None,
                reply: Reply::Unavailable {
                    what: nobody(&error),
                    retry_after: None,
                },
            },
        }
    }
}

/// The signature of a body that is sent at a time: HMAC-SHA256 over both, so that an old request cannot be sent again
/// as a new one.
pub fn signature(secret: &str, now: i64, body: &str) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length can be used");
    mac.update(format!("{now}.").as_bytes());
    mac.update(body.as_bytes());
    let digest = hex::encode(mac.finalize().into_bytes());
    format!("t={now},v1={digest}")
}

async fn heard(mut response: Response) -> Heard {
    let status = response.status().as_u16();
    let header = |name| {
        let value = response.headers().get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    let (place, pause) = (header(LOCATION), header(RETRY_AFTER));
    let pause = pause.and_then(|text| text.trim().parse().ok());
    let mut text = Vec::new();
    // What cannot be read of it does not change what the status says.
    while let Ok(Some(chunk)) = response.chunk().await {
        text.extend_from_slice(&chunk);
        if ANSWER_BYTES_MAX < text.len() {
            break;
        }
    }
    let text = String::from_utf8_lossy(&text);
    let said: String = text.trim().chars().take(TEXT_MAX).collect();
    Heard {
        status: Some(status),
        reply: reply(
            status,
            &said,
            place.as_deref(),
            pause.map(Duration::from_secs),
        ),
    }
}

/// Judges an answer. Any 2xx counts as taken: receivers are of all kinds, and few answer with more.
fn reply(status: u16, said: &str, place: Option<&str>, retry_after: Option<Duration>) -> Reply {
    let what = match said {
        "" => format!("it answered {status}"),
        said => format!("it answered {status}: {said}"),
    };
    match status {
        200..=299 => Reply::Taken,
        300..=399 => {
            let place = place.unwrap_or_default();
            let hint = "news is not sent elsewhere: set the address that is right";
            Reply::Misdirected(format!(
                "it answered {status}, a redirect to {place:?}, and {hint}"
            ))
        }
        401 | 403 | 404 | 405 | 407 | 410 => {
            Reply::Misdirected(format!("{what} (check its address and what it expects)"))
        }
        408 | 425 | 429 | 502..=504 => Reply::Unavailable { what, retry_after },
        400..=499 => Reply::Refused(what),
        _ => Reply::Stumbled(what),
    }
}

fn nobody(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it did not answer in time".into();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    format!("it cannot be reached: {cause}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_what_everybody_else_computes() {
        // By Python's hmac module.
        assert_eq!(
            signature("open sesame", 1_767_225_600, "{\"id\":1}"),
            "t=1767225600,v1=c9fa7fcf8cfded34da3d9916a8d59c096af1a03103c66d519df574edde11298d"
        );
    }

    #[test]
    fn another_time_another_body_and_another_secret_sign_otherwise() {
        let one = signature("secret", 5, "body");
        for other in [
            signature("secret", 6, "body"),
            signature("secret", 5, "Body"),
            signature("Secret", 5, "body"),
        ] {
            assert_ne!(one.split_once("v1="), other.split_once("v1="));
        }
    }

    #[test]
    fn every_status_means_one_thing() {
        for (status, wanted) in [
            (200, "Taken"),
            (204, "Taken"),
            (302, "Misdirected"),
            (400, "Refused"),
            (401, "Misdirected"),
            (404, "Misdirected"),
            (413, "Refused"),
            (429, "Unavailable"),
            (500, "Stumbled"),
            (503, "Unavailable"),
            (600, "Stumbled"),
        ] {
            let reply = format!("{:?}", reply(status, "", None, None));
            assert!(reply.starts_with(wanted), "{status}: {reply}");
        }
    }
}
