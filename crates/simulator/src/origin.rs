//! A plain source: a live HLS playlist with its segments, and the same media as one continuous body.

mod encrypted;
mod fragmented;
mod handler;
mod options;
mod route;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::fault::Faults;
use crate::metrics::Metrics;
use crate::serve::Server;
pub(crate) use encrypted::opened;
pub use encrypted::{decrypt, key};
use handler::Shared;
pub use options::{Options, Packaging};

/// A running origin; dropping it ends everything that it does.
pub struct Origin(Server<Shared>);

impl Origin {
    /// Starts an origin on 127.0.0.1; it is listening when this returns.
    pub async fn start(options: Options) -> io::Result<Self> {
        let port = options.port;
        let shared = |address, _| Arc::new(Shared::new(options, address));
        Ok(Self(Server::start(port, shared).await?))
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }

    /// Its playlist: `http://127.0.0.1:port/live.m3u8`.
    pub fn url(&self) -> String {
        format!("http://{}/live.m3u8", self.address())
    }

    /// Its continuous body: `http://127.0.0.1:port/live.ts`.
    pub fn stream_url(&self) -> String {
        format!("http://{}/live.ts", self.address())
    }

    /// The faults that it has; change them at any time.
    pub fn faults(&self) -> &Faults {
        &self.0.handler.faults
    }

    /// What clients have done so far.
    pub fn metrics(&self) -> Metrics {
        self.0.handler.meter.snapshot()
    }

    /// Waits until the metrics are as `condition` wants them, and returns them.
    pub async fn until(&self, condition: impl FnMut(&Metrics) -> bool) -> Metrics {
        self.0.handler.meter.until(condition).await
    }

    /// Resets all connections, and refuses new ones for a time; the media goes on.
    pub fn crash(&self, refuse: Duration) {
        self.0.crash(refuse);
    }

    /// Ends everything and waits until it has ended.
    pub async fn stop(self) {
        self.0.stop().await;
    }
}
