//! Requests as fast as they are answered, and what they cost the server.

use std::time::Duration;

use anyhow::Context as _;
use simulator::swarm::Client;
use tokio::task::JoinSet;

use crate::child::Server;
use crate::machine::cpu_seconds;

/// Connections that ask at the same time.
pub(crate) const CONNECTIONS: usize = 32;

/// A leg that takes longer is broken.
const LEG_MAX: Duration = Duration::from_secs(120);

/// What one leg has cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) cpu_seconds: f64,
    pub(crate) requests: u64,
    pub(crate) bytes: u64,
}

impl Cost {
    pub(crate) fn per_gigabyte(&self) -> f64 {
        self.cpu_seconds / (self.bytes as f64 / 1e9)
    }

    pub(crate) fn per_request(&self) -> f64 {
        self.cpu_seconds / self.requests as f64
    }
}

/// Lets each connection ask for one of the paths so many times, once the connections stand.
pub(crate) async fn run(server: &Server, paths: &[String], times: usize) -> anyhow::Result<Cost> {
    let mut clients = Vec::new();
    for index in 0..CONNECTIONS {
        let mut client = Client::connect(server.address).await?;
        let path = paths[index % paths.len()].clone();
        client.body(&path).await?;
        clients.push((client, path));
    }
    let before = cpu_seconds(server.id())?;
    let mut legs = JoinSet::new();
    for (mut client, path) in clients {
        legs.spawn(async move {
            let mut bytes = 0;
            for _ in 0..times {
                bytes += client.body(&path).await?.len() as u64;
            }
            anyhow::Ok(bytes)
        });
    }
    let all = tokio::time::timeout(LEG_MAX, legs.join_all()).await;
    let mut bytes = 0;
    for leg in all.context("the server does not answer")? {
        bytes += leg?;
    }
    Ok(Cost {
        cpu_seconds: cpu_seconds(server.id())? - before,
        requests: (CONNECTIONS * times) as u64,
        bytes,
    })
}
