//! Names to addresses: the system's answer, and a filter that lets only public ones through to the connector.
//! What passes here is what is connected to; no name is looked up a second time.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::public::is_public;

/// More addresses than a host has reason to have; each is tried when the one before does not answer.
const ADDRESSES_MAX: usize = 16;

/// The system's resolver.
pub(super) struct System;

/// Fails when a name has any address that is not public: one that has both is not to be trusted with either.
pub(super) struct PublicOnly(pub(super) Arc<dyn Resolve>);

/// A name resolves to an address that is not public.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not a public address")]
pub(super) struct NotPublic(pub(super) IpAddr);

impl Resolve for System {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0))
                .await?
                .take(ADDRESSES_MAX)
                .collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let looked_up = self.0.resolve(name);
        Box::pin(async move {
            let found: Vec<SocketAddr> = looked_up.await?.take(ADDRESSES_MAX).collect();
            if found.is_empty() {
                return Err(io::Error::new(io::ErrorKind::NotFound, "no address").into());
            }
            match found.iter().find(|address| !is_public(address.ip())) {
                Some(inside) => Err(NotPublic(inside.ip()).into()),
                None => Ok(Box::new(found.into_iter()) as Addrs),
            }
        })
    }
}
