//! A plain source of one continuous body, as relays and tuners are: whatever framing, pieces and packets it has.

mod dress;
mod handler;
mod options;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::fault::Faults;
use crate::metrics::Metrics;
pub use crate::reply::Framing;
use crate::serve::Server;
use handler::Shared;
pub use options::{Options, Packets};

/// A running relay; dropping it ends everything that it does.
pub struct Relay(Server<Shared>);

impl Relay {
    /// Starts a relay on 127.0.0.1; it is listening when this returns.
    pub async fn start(options: Options) -> io::Result<Self> {
        let port = options.port;
        let shared = |_, _| Arc::new(Shared::new(options));
        Ok(Self(Server::start(port, shared).await?))
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }

    /// Its continuous body: `http://127.0.0.1:port/live`.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address(), handler::PATH)
    }

    /// The faults that it has; change them at any time. Those of [`Endpoint::Stream`](crate::fault::Endpoint) strike bodies
    /// that run, and what is no media at all is one of them: `Html`, `Replace`, `Empty`, `Junk`.
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
