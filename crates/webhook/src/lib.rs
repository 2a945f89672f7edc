//! Tells an orchestrator what happened to a stream, and others what the journal holds: one request, one outcome; it
//! never tries twice.

mod answer;
mod body;
mod target;

use std::time::Duration;

use ledger::{Event, Outcome, Stream};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Response};
use rustls::ClientConfig;
use url::Url;

pub use body::of as body;
pub use target::{Heard, Post, Sender, signature};

/// Longest wait for a whole answer. Events are small and so are answers; whoever needs longer is
/// asked again later.
const PATIENCE: Duration = Duration::from_secs(5);

/// Longest wait for a connection, within that.
const CONNECT_PATIENCE: Duration = Duration::from_secs(3);

/// Bytes of an answer that are read; a stream's state is a few hundred.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// Names an event, the same each time it is sent.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Why there can be no orchestrator.
#[derive(Debug)]
pub struct BuildError(String);

impl std::fmt::Display for BuildError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "what is told cannot be sent: {}", self.0)
    }
}

impl std::error::Error for BuildError {}

/// Where events are told; clones share connections.
#[derive(Clone)]
pub struct Orchestrator {
    client: Client,
    root: Url,
}

impl Orchestrator {
    /// One at an address. `key` is sent as a bearer token.
    pub fn new(root: &Url, key: Option<&str>, tls: ClientConfig) -> Result<Self, BuildError> {
        let mut headers = HeaderMap::new();
        if let Some(key) = key {
            let mut value = HeaderValue::try_from(format!("Bearer {key}")).map_err(|_| {
                BuildError("API_KEY holds characters that cannot stand in a header".into())
            })?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let client = builder(tls)
            .default_headers(headers)
            .build()
            .map_err(|error| BuildError(error.to_string()))?;
        let root = root.clone();
        Ok(Self { client, root })
    }

    /// Sends one event and says how it went.
    pub async fn tell(&self, event: &Event, stream: &Stream) -> Outcome {
        let sent = self
            .client
            .post(self.place(event))
            .header(IDEMPOTENCY_KEY, event.id())
            .body(body(event.kind, stream))
            .send()
            .await;
        match sent {
            Ok(response) => heard(response).await,
            Err(error) => answer::nobody(&error),
        }
    }

    /// The address of a kind of event, below whatever path the orchestrator stands at.
    fn place(&self, event: &Event) -> Url {
        let mut place = self.root.clone();
        let path = self.root.path().trim_end_matches('/');
        place.set_path(&format!("{path}/events/{}", event.kind.as_str()));
        place
    }
}

/// What all that is sent has in common.
fn builder(tls: ClientConfig) -> ClientBuilder {
    Client::builder()
        .tls_backend_preconfigured(tls)
        // A redirected POST becomes a GET, and its answer would pass for "taken".
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .user_agent(concat!("Weir/", env!("CARGO_PKG_VERSION")))
        .timeout(PATIENCE)
        .connect_timeout(CONNECT_PATIENCE)
        .tcp_nodelay(true)
        .pool_max_idle_per_host(1)
}

async fn heard(mut response: Response) -> Outcome {
    let (status, headers) = (response.status(), response.headers().clone());
    let mut text = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if text.len() + chunk.len() <= ANSWER_BYTES_MAX => {
                text.extend_from_slice(&chunk);
            }
            // What is longer than any answer is judged by its beginning.
            Ok(Some(_) | None) => return answer::outcome(status, &headers, &text),
            Err(error) => return answer::nobody(&error),
        }
    }
}
