//! Where to fetch, and where that may lead: decided here for every hop, without asking a network.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use url::{Host, Url};

use crate::address::Address;
use crate::error::{FetchError, Refusal};
use crate::public::is_public;

/// One address to fetch from. Shown only as host and path: the rest may be secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    /// What to fetch.
    pub url: Url,
    /// Where the fetch may lead.
    pub guard: Guard,
}

/// The bounds of a fetch; they hold for its first request and for each redirect.
#[derive(Clone, PartialEq, Eq)]
pub enum Guard {
    /// Everything is on this engine: whatever host a URL names, its path and query are asked of the engine.
    Engine(Address),
    /// A source on the net.
    Source {
        /// The URL that the operator configured. Its host and port may be anything, and its user name and
        /// password go to its scheme, host and port alone.
        origin: Url,
        /// Hosts that are fine though they are not public; all others must be.
        allowed: Arc<[Allowed]>,
    },
}

/// A host that the operator allows, on one port or on any: `host` or `host:port`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Allowed {
    host: Host<String>,
    port: Option<u16>,
}

/// How far a hop is trusted: it chooses the connections it may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Named by the operator, wherever it is.
    Configured,
    /// Named by somebody else: every address it resolves to must be public.
    Public,
}

/// One request that may be made.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hop {
    pub(crate) url: Url,
    pub(crate) trust: Trust,
}

impl Place {
    /// A URL of an engine's session.
    pub fn on_engine(engine: &Address, url: Url) -> Place {
        let guard = Guard::Engine(engine.clone());
        Place { url, guard }
    }

    /// A configured source itself.
    pub fn source(origin: Url, allowed: Arc<[Allowed]>) -> Place {
        let url = origin.clone();
        let guard = Guard::Source { origin, allowed };
        Place { url, guard }
    }

    /// Another URL under the same guard, such as a segment that this place's playlist names.
    #[must_use]
    pub fn leading_to(&self, url: Url) -> Place {
        let guard = self.guard.clone();
        Place { url, guard }
    }
}

impl Guard {
    /// The request to make for a URL, or why none may be made.
    pub(crate) fn admit(&self, url: &Url) -> Result<Hop, FetchError> {
        let refused = |reason| FetchError::Forbidden {
            host: url.host_str().unwrap_or_default().to_owned(),
            reason,
        };
        match self {
            Guard::Engine(engine) => {
                let url = engine.pin(url).map_err(|_| refused(Refusal::BadEngine))?;
                let trust = Trust::Configured;
                Ok(Hop { url, trust })
            }
            Guard::Source { origin, allowed } => {
                let trust = trust_of(url, origin, allowed).map_err(refused)?;
                let mut url = url.clone();
                url.set_fragment(None);
                carry_credentials(origin, &mut url).map_err(|()| refused(Refusal::NoHost))?;
                Ok(Hop { url, trust })
            }
        }
    }
}

fn trust_of(url: &Url, origin: &Url, allowed: &[Allowed]) -> Result<Trust, Refusal> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Refusal::Scheme);
    }
    let host = host_of(url).ok_or(Refusal::NoHost)?;
    let port = url.port_or_known_default();
    let configured = host_of(origin).as_ref() == Some(&host)
        && origin.port_or_known_default() == port
        || allowed
            .iter()
            .any(|a| a.host == host && a.port.is_none_or(|only| Some(only) == port));
    match host {
        _ if configured => Ok(Trust::Configured),
        Host::Ipv4(ip) if !is_public(ip.into()) => Err(Refusal::NotPublic(ip.into())),
        Host::Ipv6(ip) if !is_public(ip.into()) => Err(Refusal::NotPublic(ip.into())),
        _ => Ok(Trust::Public),
    }
}

/// User name and password of the origin, to the origin; no others, and to nobody else.
fn carry_credentials(origin: &Url, url: &mut Url) -> Result<(), ()> {
    let own = url.origin() == origin.origin();
    let user = own.then(|| origin.username());
    let password = own.then(|| origin.password());
    url.set_username(user.unwrap_or_default())?;
    url.set_password(password.flatten())
}

/// The host, without the dot that may end a name.
fn host_of(url: &Url) -> Option<Host<String>> {
    url.host().map(|host| normal(host.to_owned()))
}

fn normal(host: Host<String>) -> Host<String> {
    match host {
        Host::Domain(name) => Host::Domain(name.trim_end_matches('.').to_owned()),
        ip => ip,
    }
}

/// A text that is neither `host` nor `host:port`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("allowed host {text:?} must be host or host:port, an IPv6 host in brackets")]
pub struct NotAHost {
    text: String,
}

impl FromStr for Allowed {
    type Err = NotAHost;

    fn from_str(text: &str) -> Result<Allowed, NotAHost> {
        let text = text.trim();
        let bad = || NotAHost {
            text: text.rsplit('@').next().unwrap_or_default().to_owned(),
        };
        if text.contains(['/', '@', '?', '#', '\\', '%']) {
            return Err(bad());
        }
        if let Ok(address) = text.parse::<Address>() {
            let host = Host::parse(&address.host)
                .or_else(|_| Host::parse(&format!("[{}]", address.host)))
                .map_err(|_| bad())?;
            let port = Some(address.port);
            return Ok(Allowed {
                host: normal(host),
                port,
            });
        }
        let host = normal(Host::parse(text).map_err(|_| bad())?);
        Ok(Allowed { host, port: None })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_bare(&self.url, f)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({self}, {:?})", self.guard)
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Guard::Engine(engine) => write!(f, "Engine({engine})"),
            Guard::Source { origin, allowed } => {
                f.write_str("Source(")?;
                write_bare(origin, f)?;
                write!(f, ", {} allowed)", allowed.len())
            }
        }
    }
}

/// Host and path: a URL without its user, its query and its fragment.
fn write_bare(url: &Url, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(url.host_str().unwrap_or_default())?;
    if let Some(port) = url.port() {
        write!(f, ":{port}")?;
    }
    f.write_str(url.path())
}
