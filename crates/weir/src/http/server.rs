//! Accepts connections and speaks HTTP/1.1 on them, within bounds.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::{Service, ServiceExt};

use super::Peer;
use super::connection::Connection;
use crate::settings::Settings;
use crate::tasks::Tasks;

/// Connections that wait to be accepted; the system's own limit is often this.
const BACKLOG: i32 = 4_096;

/// The system doubles it and keeps that much for a viewer who stops reading, at most; large enough
/// for long writes, which are what serving many viewers costs.
const SEND_BUFFER_BYTES: usize = 128 << 10;

/// Bytes of a request's headers.
const HEADER_BYTES_MAX: usize = 32 << 10;

/// Header lines of a request.
const HEADERS_MAX: usize = 64;

/// Rest after the system gave no connection, as when descriptors have run out: time in which some
/// come back, instead of asking hot.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// Silence after which the system asks whether the other side is still there.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// What viewers may take, together and one by one.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once.
    pub connections_max: usize,
    /// Time for a request's headers to arrive, and longest rest between two requests.
    pub headers_wait: Duration,
}

/// A port that is open, before anybody is served.
#[derive(Debug)]
pub struct Listener {
    inner: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Opens the port.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(
            Domain::for_address(address),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        // Accepted connections inherit it.
        socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        let inner = TcpListener::from_std(socket.into())?;
        let address = inner.local_addr()?;
        Ok(Self { inner, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the tasks are told to stop; then running requests may end, new ones are not
    /// taken.
    pub async fn serve(
        self,
        router: Router,
        tasks: Tasks,
        settings: watch::Receiver<Arc<Settings>>,
        limits: Limits,
    ) {
        let places = limits.connections_max.min(Semaphore::MAX_PERMITS);
        let places = Arc::new(Semaphore::new(places));
        loop {
            let accepted = tokio::select! {
                biased;
                () = tasks.stopping().cancelled() => return,
                accepted = accept(&self.inner, &places) => accepted,
            };
            match accepted {
                Ok((socket, peer, place)) => {
                    let stall_max = settings.borrow().stream_timeout;
                    let connection = Connection::new(socket, stall_max);
                    let stopping = tasks.stopping().clone();
                    let router = router.clone();
                    tasks.spawn(async move {
                        speak(
                            connection,
                            Peer(peer),
                            router,
                            limits.headers_wait,
                            stopping,
                        )
                        .await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!("no connection could be accepted: {error}");
                    tokio::time::sleep(ACCEPT_REST).await;
                }
            }
        }
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (socket, peer) = listener.accept().await?;
    socket.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE);
    socket2::SockRef::from(&socket).set_tcp_keepalive(&keepalive)?;
    Ok((socket, peer, place))
}

async fn speak(
    connection: Connection,
    peer: Peer,
    router: Router,
    headers_wait: Duration,
    stopping: tokio_util::sync::CancellationToken,
) {
    let service = tower::service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(peer);
        let mut router = router.clone();
        async move { router.as_service().ready().await?.call(request).await }
    });
    let conversation = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(headers_wait)
        .max_buf_size(HEADER_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(connection), TowerToHyperService::new(service));
    let mut conversation = std::pin::pin!(conversation);
    let ended = tokio::select! {
        biased;
        ended = conversation.as_mut() => ended,
        () = stopping.cancelled() => {
            conversation.as_mut().graceful_shutdown();
            conversation.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!("a connection broke: {error}");
    }
}
