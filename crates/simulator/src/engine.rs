//! The simulated AceStream engine: it answers as the real one was seen to, and plays made-up media.

mod handler;
mod json;
mod options;
mod playback;
mod route;
mod service;
mod session;
mod start;
mod stat;
mod world;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

pub use crate::broadcast::Epoch;
use crate::fault::Faults;
use crate::metrics::Metrics;
use crate::serve::Server;
use handler::Shared;
pub use options::{Channel, Options};

/// A running engine; dropping it ends everything that it does.
pub struct Engine(Server<Shared>);

impl Engine {
    /// Starts an engine on 127.0.0.1; it is listening when this returns.
    pub async fn start(options: Options) -> io::Result<Self> {
        let port = options.port;
        let shared = |address, spawner| Shared::new(options, address, spawner);
        Ok(Self(Server::start(port, shared).await?))
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }

    /// Its base address, as `http://127.0.0.1:6878`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
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

    /// Resets all connections, forgets all sessions, and refuses connections for a time.
    pub fn crash(&self, refuse: Duration) {
        self.0.crash(refuse);
        self.0.handler.forget();
    }

    /// Ends every session now, as inactivity would have done.
    pub fn expire(&self) {
        self.0.handler.expire_all();
    }

    /// Lets a player that nobody knows start the content, which takes it from whoever plays it.
    ///
    /// Returns false for an infohash that the engine does not have.
    pub fn supersede(&self, infohash: &str) -> bool {
        self.0.handler.supersede(infohash)
    }

    /// Ends everything and waits until it has ended.
    pub async fn stop(self) {
        self.0.stop().await;
    }
}
