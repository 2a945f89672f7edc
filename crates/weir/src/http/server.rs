//! Accepts connections and speaks HTTP/1.1 on them, within bounds.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::ServiceExt;

use super::connection::Connection;
use super::{App, Peer, direct, forwarded};
use crate::settings::Settings;
use crate::tasks::Tasks;

/// Connections that wait to be accepted; the system's own limit is often this.
const BACKLOG: i32 = 4_096;

/// Bytes that the system takes for one viewer beyond what the network is carrying: what one who stops
/// reading costs, 215 KB with the system's own overhead. A send buffer of a fixed size costs as much
/// then and is no faster here, but bounds what is on the way too, and with it how fast a viewer far
/// away can be served: 256 KB in each round trip.
const UNSENT_BYTES_MAX: u32 = 128 << 10;

/// Bytes of a body that are handed to the system at once: most segments in one call. A chunk a call
/// took 1.6 to 2 times the processor time. It bounds a connection's reads as well, which requests'
/// own limits keep far below.
const WRITE_BYTES: usize = 1 << 20;

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
        socket.set_tcp_notsent_lowat(UNSENT_BYTES_MAX)?;
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
        app: App,
        tasks: Tasks,
        settings: watch::Receiver<Arc<Settings>>,
        limits: Limits,
    ) {
        let router = super::router(app.clone());
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
                    let connection = Connection::new(socket, settings.clone());
                    let stopping = tasks.stopping().clone();
                    let site = Site {
                        app: app.clone(),
                        router: router.clone(),
                        peer: Peer(peer),
                    };
                    tasks.spawn(async move {
                        speak(connection, site, limits.headers_wait, stopping).await;
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

/// What one connection's requests are answered by.
#[derive(Clone)]
struct Site {
    app: App,
    router: Router,
    peer: Peer,
}

impl Site {
    async fn answer(self, request: hyper::Request<Incoming>) -> Result<Response, Infallible> {
        let (mut parts, body) = request.into_parts();
        let trusted = &self.app.config.trusted_proxies;
        let peer = forwarded::client(trusted, self.peer, &parts.headers);
        if let Some(response) = direct::answer(&self.app, peer, &parts).await {
            return Ok(response);
        }
        parts.extensions.insert(peer);
        let request = Request::from_parts(parts, Body::new(body));
        self.router.oneshot(request).await
    }
}

async fn speak(
    connection: Connection,
    site: Site,
    headers_wait: Duration,
    stopping: tokio_util::sync::CancellationToken,
) {
    let service = service_fn(move |request| site.clone().answer(request));
    let conversation = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(headers_wait)
        .max_header_size(HEADER_BYTES_MAX)
        .max_buf_size(WRITE_BYTES)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(connection), service);
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
