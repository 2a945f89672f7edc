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
use crate::tasks::Tasks;
pub(crate) use encrypted::opened;
pub use encrypted::{decrypt, key};
use handler::Shared;
pub use options::{Options, Packaging};

/// A running origin; dropping it ends everything that it does.
pub struct Origin {
    tasks: Tasks,
    server: Server,
    shared: Arc<Shared>,
}

impl Origin {
    /// Starts an origin on 127.0.0.1; it is listening when this returns.
    pub async fn start(options: Options) -> io::Result<Self> {
        let tasks = Tasks::new();
        let (server, bound) = Server::bind(options.port).await?;
        let shared = Arc::new(Shared::new(options, server.address()));
        bound.run(Arc::clone(&shared), &tasks);
        Ok(Self {
            tasks,
            server,
            shared,
        })
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
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
        &self.shared.faults
    }

    /// What clients have done so far.
    pub fn metrics(&self) -> Metrics {
        self.shared.meter.snapshot()
    }

    /// Waits until the metrics are as `condition` wants them, and returns them.
    pub async fn until(&self, condition: impl FnMut(&Metrics) -> bool) -> Metrics {
        self.shared.meter.until(condition).await
    }

    /// Resets all connections, and refuses new ones for a time; the media goes on.
    pub fn crash(&self, refuse: Duration) {
        self.server.crash(refuse);
    }

    /// Ends everything and waits until it has ended.
    pub async fn stop(self) {
        self.tasks.stop().await;
    }
}
