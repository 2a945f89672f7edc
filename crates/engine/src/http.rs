//! The connections to engines and sources: who may share one, and how long each wait may take.
//! It follows no redirect by itself, asks no system proxy and keeps no cookie.

pub(crate) mod connect;
mod fault;
pub(crate) mod fetch;
mod icy;
pub(crate) mod live;
mod resolve;
mod send;
pub(crate) mod service;
pub(crate) mod source;

use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::Resolve;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use rustls::{ClientConfig, RootCertStore};

use crate::place::Trust;
use crate::timeouts::Timeouts;

use connect::ConnectLimit;
use resolve::{PublicOnly, System};

/// What Weir calls itself towards engines and sources.
pub const USER_AGENT: &str = concat!("Weir/", env!("CARGO_PKG_VERSION"));

/// Idle connections kept for one host: a playlist and a segment. More would only wait for their end.
const IDLE_PER_HOST_MAX: usize = 2;

/// Above the longest target duration that is usual, below the idle limit of most servers.
const IDLE_KEPT: Duration = Duration::from_secs(20);

/// A peer that vanished without a word is noticed by the system too, not only by a limit of ours.
const TCP_KEEPALIVE: Duration = Duration::from_secs(15);

/// Engines and sources over HTTP. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct Http {
    /// For an engine's API. No connection is used twice: a start is not safe to repeat, so it must not meet a
    /// connection that the engine is just closing.
    api: Client,
    playlists: Clients,
    media: Clients,
    /// For bodies that may never end, of which nobody knows beforehand what they are: text may come compressed,
    /// and the answer may be one of a radio server.
    live: Clients,
    /// For the calls that take no limits of their own.
    timeouts: Timeouts,
}

/// Two sets of connections, so that none that was made on trust serves a request without it.
#[derive(Clone, Debug)]
struct Clients {
    configured: Client,
    public: Client,
}

/// What sets one client apart from the others. All unpack gzip that comes unasked, unless told not to.
type Manner = fn(ClientBuilder) -> ClientBuilder;

/// The HTTP client cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up the HTTP client: {why}")]
pub struct BuildError {
    why: String,
}

impl Http {
    /// Connections with the system's resolver. The limits are those of the calls that take none.
    pub fn new(timeouts: Timeouts) -> Result<Http, BuildError> {
        Http::with_resolver(timeouts, System)
    }

    /// Connections with a resolver of the caller's.
    pub fn with_resolver(
        timeouts: Timeouts,
        resolver: impl Resolve + 'static,
    ) -> Result<Http, BuildError> {
        let tls = tls()?;
        let resolver: Arc<dyn Resolve> = Arc::new(resolver);
        let public: Arc<dyn Resolve> = Arc::new(PublicOnly(Arc::clone(&resolver)));
        let build = |resolver: &Arc<dyn Resolve>, manner: Manner| {
            manner(common(tls.clone()).dns_resolver(Arc::clone(resolver)))
                .build()
                .map_err(|error| because(&error))
        };
        let pair = |manner| {
            let configured = build(&resolver, manner)?;
            let public = build(&public, manner)?;
            Ok(Clients { configured, public })
        };
        Ok(Http {
            api: build(&resolver, |client| client.pool_max_idle_per_host(0))?,
            playlists: pair(|client| client.pool_max_idle_per_host(IDLE_PER_HOST_MAX))?,
            media: pair(|client| client.pool_max_idle_per_host(IDLE_PER_HOST_MAX).gzip(false))?,
            // What is no HTTP comes as HTTP 0.9, which is all body; `icy` then looks what it is.
            live: pair(|client| client.pool_max_idle_per_host(0).http09_responses())?,
            timeouts,
        })
    }

    /// The same connections with other limits for the calls that take none.
    #[must_use]
    pub fn with_timeouts(&self, timeouts: Timeouts) -> Http {
        let mut http = self.clone();
        http.timeouts = timeouts;
        http
    }
}

impl Clients {
    fn trusting(&self, trust: Trust) -> &Client {
        match trust {
            Trust::Configured => &self.configured,
            Trust::Public => &self.public,
        }
    }
}

/// What all clients have in common. The lenient settings are for the servers of the field, which write headers
/// that no standard knows.
fn common(tls: ClientConfig) -> ClientBuilder {
    let accept = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("*/*"))]);
    Client::builder()
        .tls_backend_preconfigured(tls)
        .connector_layer(ConnectLimit)
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .user_agent(USER_AGENT)
        .default_headers(accept)
        .http1_only()
        .http1_ignore_invalid_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true)
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .tcp_nodelay(true)
        .tcp_keepalive(TCP_KEEPALIVE)
        .pool_idle_timeout(IDLE_KEPT)
}

/// TLS with the system's roots. A system without any can still use engines and plain sources, so that is no
/// error here; each secure connection will fail and say why.
pub fn tls() -> Result<ClientConfig, BuildError> {
    let mut roots = RootCertStore::empty();
    let (found, _) =
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if found == 0 {
        tracing::warn!("no root certificates on this system: sources over https cannot be fetched");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| because(&error))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn because(error: &dyn std::error::Error) -> BuildError {
    let why = error.to_string();
    BuildError { why }
}
