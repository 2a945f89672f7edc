//! Leads the one request that a relay knows to its body, through the faults that are on for it.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use futures_util::StreamExt as _;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderName};

use super::dress::dressed;
use super::options::Options;
use crate::broadcast::{Broadcast, Epoch};
use crate::clock;
use crate::continuous::Continuous;
use crate::fault::{self, Ending, Endpoint, Faults, Http, RuleId, Spot};
use crate::metrics::Meter;
use crate::reply::{Body, Reply, Wire};
use crate::request::Request;
use crate::serve::Handler;

/// Where the body is.
pub(super) const PATH: &str = "/live";

/// The header that says how far titles are apart.
const INTERVAL: HeaderName = HeaderName::from_static("icy-metaint");

/// Everything that the requests of one relay share.
pub(super) struct Shared {
    options: Options,
    pub(super) faults: Faults,
    pub(super) meter: Meter,
    broadcast: Mutex<Broadcast>,
}

impl Shared {
    pub(super) fn new(options: Options) -> Self {
        let mut broadcast = Broadcast::new(options.media.clone(), Epoch::default());
        broadcast.number(clock::now());
        Self {
            options,
            faults: Faults::default(),
            meter: Meter::default(),
            broadcast: Mutex::new(broadcast),
        }
    }

    fn stream(&self, seen: BTreeSet<RuleId>) -> Reply {
        let options = &self.options;
        let mut broadcast = self
            .broadcast
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let continuous = Continuous {
            media: options.media.clone(),
            faults: self.faults.clone(),
            content: String::new(),
            first: broadcast.number(clock::now()),
            burst: options.burst,
            piece: options.piece,
            seen,
        };
        self.meter.count(|metrics| metrics.streams += 1);
        let reader = self.meter.reader("");
        let pieces = dressed(continuous.pieces(), options).inspect(move |_| {
            let _ = &reader;
        });
        let mut reply = Reply::new(StatusCode::OK, Body::Stream(pieces.boxed()));
        if let Some(name) = &options.content_type {
            reply = reply.with(CONTENT_TYPE, name);
        }
        if let Some(interval) = options.titles {
            reply = reply.with(INTERVAL, &interval.to_string());
        }
        Reply {
            wire: Some(Wire {
                icy: options.icy,
                ..Wire::new(options.framing)
            }),
            ..reply
        }
    }
}

impl Handler for Shared {
    async fn answer(&self, request: Request) -> Reply {
        let endpoint = match request.path.as_str() {
            PATH => Endpoint::Stream,
            _ => Endpoint::Other,
        };
        self.meter.requested(&request, endpoint);
        let mut seen = BTreeSet::new();
        let faults = self
            .faults
            .take(&Spot::new(endpoint), &mut seen, Http::of_response);
        if let Some(reply) = fault::instead(&faults, &request).await {
            return self.meter.metered(reply);
        }
        let reply = match endpoint {
            Endpoint::Stream => self.stream(seen),
            _ => Reply::text(StatusCode::NOT_FOUND, "not found\n"),
        };
        self.meter.metered(fault::apply(&faults, reply))
    }

    fn connected(&self) -> Option<Ending> {
        self.meter.connected();
        let dead = self
            .faults
            .take_all(&Spot::new(Endpoint::Any), Http::of_connection);
        if !dead.is_empty() {
            self.meter.disconnected();
        }
        dead.first().copied()
    }

    fn disconnected(&self) {
        self.meter.disconnected();
    }
}
