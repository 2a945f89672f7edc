//! Asks a Weir that runs beside it how it is, for those who start and watch it; it changes nothing there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// Longest wait for an answer, which a healthy Weir gives in a millisecond.
const ANSWER_WAIT: Duration = Duration::from_secs(3);

/// Rest between two questions to one that is starting.
const REST: Duration = Duration::from_millis(200);

/// Bytes of an answer that are looked at: its status line.
const STATUS_BYTES: usize = 12;

/// Why it is not ready.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// Nobody listens there, or it broke off.
    #[error("nothing answers at {address}: {source}")]
    Silent {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// It took the connection and said nothing.
    #[error("{address} has not answered within {} s", ANSWER_WAIT.as_secs())]
    Slow {
        /// Where.
        address: SocketAddr,
    },
    /// It is stopping, or it is something else.
    #[error("{address} answers {status:?}, not that it is ready")]
    Other {
        /// Where.
        address: SocketAddr,
        /// How the answer begins.
        status: String,
    },
}

/// Where to ask a Weir that listens at an address; one that listens everywhere is asked at home.
pub fn asked(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// Asks until it is ready, for as long as `patience`, and at least once.
pub async fn ready(address: SocketAddr, patience: Duration) -> Result<(), NotReady> {
    let mut last = once(address).await;
    let again = async {
        while last.is_err() {
            sleep(REST).await;
            last = once(address).await;
        }
    };
    // What is said when the time is over is the last answer.
    let _ = timeout(patience, again).await;
    last
}

async fn once(address: SocketAddr) -> Result<(), NotReady> {
    let silent = |source| NotReady::Silent { address, source };
    let answer = timeout(ANSWER_WAIT, status(address)).await;
    let status = answer
        .map_err(|_| NotReady::Slow { address })?
        .map_err(silent)?;
    if status.ends_with(b" 200") {
        return Ok(());
    }
    let status = String::from_utf8_lossy(&status).into_owned();
    Err(NotReady::Other { address, status })
}

async fn status(address: SocketAddr) -> std::io::Result<[u8; STATUS_BYTES]> {
    let mut socket = TcpStream::connect(address).await?;
    let request =
        format!("GET /health/ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await?;
    let mut status = [0; STATUS_BYTES];
    socket.read_exact(&mut status).await?;
    Ok(status)
}
