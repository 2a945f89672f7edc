//! What a viewer costs who stops reading in the middle of a segment.

use std::net::SocketAddr;
use std::time::Duration;

use simulator::origin::Options;
use simulator::swarm::Client;
use socket2::{Domain, Socket, Type};
use tokio::net::TcpSocket;

use crate::child::Server;
use crate::machine::{resident_bytes, socket_bytes};
use crate::report::Row;
use crate::stage;

/// Viewers that stop: enough that a page here or there makes no difference.
const VIEWERS: usize = 200;

/// The least that the system takes: what lies there is the viewer's memory, not ours.
const RECEIVE_BYTES: usize = 2_304;

/// Between two looks at whether the system's figure has come to rest.
const LOOK: Duration = Duration::from_millis(500);

/// Looks at most; it comes to rest within a second.
const LOOKS_MAX: usize = 20;

pub(crate) async fn measure() -> anyhow::Result<Vec<Row>> {
    let source = Options::of(stage::media(10, 4_000_000));
    let (_origin, weir) = stage::with_source(source, &[]).await?;
    let mut viewers = Vec::new();
    for _ in 0..VIEWERS {
        let mut client = tight(weir.address).await?;
        let playlist = stage::enter(&mut client, "bench").await?;
        let segment = stage::newest(&mut client, &playlist).await?;
        viewers.push((client, segment));
    }
    let (kernel, ours) = at_rest(&weir).await?;
    for (client, segment) in &mut viewers {
        client.ask(segment).await?;
    }
    let (kernel_after, ours_after) = at_rest(&weir).await?;
    let each = |before: u64, after: u64| after.saturating_sub(before) as f64 / VIEWERS as f64 / 1e3;
    let kernel = Row::at_most(
        "kernel memory of a viewer who stopped reading",
        300.0,
        each(kernel, kernel_after),
        " KB",
    );
    let ours = Row::at_most(
        "Weir's memory for a viewer who stopped reading",
        8.0,
        each(ours, ours_after),
        " KB",
    );
    Ok(vec![
        kernel.told(format!(
            "{VIEWERS} viewers that ask for 4 MB and read nothing; growth of `mem` in \
             `/proc/net/sockstat`, the viewers' own receive buffers of {RECEIVE_BYTES} B included"
        )),
        ours.told("growth of the resident set, beyond that of a viewer who reads"),
    ])
}

/// A connection with next to no receive buffer, so that what is sent stays with the sender.
async fn tight(address: SocketAddr) -> anyhow::Result<Client> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.set_recv_buffer_size(RECEIVE_BYTES)?;
    let socket = TcpSocket::from_std_stream(socket.into());
    Ok(Client::over(socket.connect(address).await?)?)
}

/// The kernel's memory for sockets and Weir's own, once neither moves any more.
async fn at_rest(weir: &Server) -> anyhow::Result<(u64, u64)> {
    let mut last = (0, 0);
    for _ in 0..LOOKS_MAX {
        let now = (socket_bytes()?, resident_bytes(weir.id())?);
        if now == last {
            break;
        }
        last = now;
        tokio::time::sleep(LOOK).await;
    }
    Ok(last)
}
