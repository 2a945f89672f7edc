//! What Weir is compared with: each viewer's request is piped to an engine, the next one if the one before does not answer. It keeps
//! nothing, and repairs nothing.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use simulator::swarm::{Client, Target};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// How long an engine may take to begin a session.
const START: Duration = Duration::from_secs(5);

/// It, until it is dropped.
pub(crate) struct Passthrough {
    pub(crate) address: SocketAddr,
    carrying: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Passthrough {
    pub(crate) async fn start(engines: Vec<SocketAddr>, id: &str) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let carrying = Arc::new(AtomicUsize::new(0));
        let (noted, id) = (Arc::clone(&carrying), id.to_owned());
        let engines = Arc::new(engines);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut viewers = JoinSet::new();
            while let Ok((viewer, _)) = listener.accept().await {
                let (engines, id, noted) = (Arc::clone(&engines), id.clone(), Arc::clone(&noted));
                viewers.spawn(async move {
                    // What ends a viewer's body is what the viewer notices; there is nothing to be said here.
                    let _ = serve(viewer, &engines, &id, &noted).await;
                });
            }
        });
        Ok(Self {
            address,
            carrying,
            _tasks: tasks,
        })
    }

    /// The number of the engine that was used last.
    pub(crate) fn carrying(&self) -> usize {
        self.carrying.load(Ordering::Relaxed)
    }
}

async fn serve(
    mut viewer: TcpStream,
    engines: &[SocketAddr],
    id: &str,
    noted: &AtomicUsize,
) -> anyhow::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        anyhow::ensure!(0 < viewer.read_buf(&mut request).await?, "nothing is asked");
    }
    let first = noted.load(Ordering::Relaxed);
    for step in 0..engines.len() {
        let number = (first + step) % engines.len();
        let begun = tokio::time::timeout(START, begin(engines[number], id)).await;
        let Ok(Ok(playback)) = begun else {
            continue;
        };
        noted.store(number, Ordering::Relaxed);
        let mut engine = TcpStream::connect(playback.address).await?;
        let (path, host) = (playback.path, playback.address);
        let ask = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        engine.write_all(ask.as_bytes()).await?;
        tokio::io::copy(&mut engine, &mut viewer).await?;
        return Ok(());
    }
    anyhow::bail!("no engine answers")
}

/// Where a session's body is.
async fn begin(engine: SocketAddr, id: &str) -> anyhow::Result<Target> {
    let mut client = Client::connect(engine).await?;
    let path = format!("/ace/getstream?format=json&id={id}");
    let answer: Value = serde_json::from_slice(client.body(&path).await?)?;
    let url = answer["response"]["playback_url"].as_str();
    Ok(Target::of(url.context("no session")?)?)
}
