//! Accepts connections and speaks HTTP/1.1 on them; what is answered is the handler's business.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Response;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::fault::Ending;
use crate::reply::{Reply, Wrapped};
use crate::request::Request;
use crate::tasks::{Spawner, Tasks};
use crate::wire;

/// Pause after a failed accept or bind: the cause (no descriptors, a port in use) lasts a moment.
const RETRY_PAUSE: Duration = Duration::from_millis(20);

/// Crashes that may be waiting; a second one during the first adds nothing.
const CRASHES_MAX: usize = 4;

/// Answers requests: the engine does, and the origin.
pub(crate) trait Handler: Send + Sync + 'static {
    /// The reply to one request; dropped when the client goes away first.
    fn answer(&self, request: Request) -> impl Future<Output = Reply> + Send;

    /// Bytes of a body that are read before the handler is asked; nothing is, without a bound.
    fn body_bytes_max(&self) -> Option<usize> {
        None
    }

    /// A connection came in; `Some` ends it before anything is read.
    fn connected(&self) -> Option<Ending>;

    /// A connection that was let in has ended.
    fn disconnected(&self);
}

/// A running server and its handler; dropping it ends everything that it does.
pub(crate) struct Server<H> {
    address: SocketAddr,
    crashes: mpsc::Sender<Duration>,
    tasks: Tasks,
    pub(crate) handler: Arc<H>,
}

impl<H: Handler> Server<H> {
    /// Binds a loopback port (0: any), and serves it with the handler that is made for its address.
    pub(crate) async fn start(
        port: u16,
        handler: impl FnOnce(SocketAddr, Spawner) -> Arc<H>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let (crashes, receiver) = mpsc::channel(CRASHES_MAX);
        let tasks = Tasks::new();
        let handler = handler(address, tasks.spawner());
        let bound = Bound {
            listener,
            address,
            crashes: receiver,
        };
        let serve = accept_for_ever(bound, Arc::clone(&handler), tasks.spawner());
        tasks.spawn(serve);
        Ok(Self {
            address,
            crashes,
            tasks,
            handler,
        })
    }

    /// Ends everything and waits until it has ended.
    pub(crate) async fn stop(self) {
        self.tasks.stop().await;
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Resets every connection, and refuses new ones for `refuse`.
    pub(crate) fn crash(&self, refuse: Duration) {
        if self.crashes.try_send(refuse).is_err() {
            tracing::debug!("the server is crashing already");
        }
    }
}

/// A bound listener and the way to crash it.
struct Bound {
    listener: TcpListener,
    address: SocketAddr,
    crashes: mpsc::Receiver<Duration>,
}

async fn accept_for_ever<H: Handler>(bound: Bound, handler: Arc<H>, spawner: Spawner) {
    let Bound {
        mut listener,
        address,
        mut crashes,
    } = bound;
    loop {
        let life = CancellationToken::new();
        let refuse = tokio::select! {
            biased;
            crash = crashes.recv() => crash,
            () = accept(&listener, &handler, &spawner, &life) => None,
        };
        let Some(refuse) = refuse else { return };
        drop(listener);
        life.cancel();
        tokio::time::sleep(refuse).await;
        listener = rebound(address).await;
    }
}

async fn rebound(address: SocketAddr) -> TcpListener {
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(error) => tracing::warn!(%error, "{address} is taken; trying again"),
        }
        tokio::time::sleep(RETRY_PAUSE).await;
    }
}

async fn accept<H: Handler>(
    listener: &TcpListener,
    handler: &Arc<H>,
    spawner: &Spawner,
    life: &CancellationToken,
) {
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::debug!(%error, "accept failed");
                tokio::time::sleep(RETRY_PAUSE).await;
                continue;
            }
        };
        match handler.connected() {
            Some(Ending::Fin) => drop(stream),
            Some(Ending::Reset) => wire::reset(&stream),
            None => spawner.spawn(connection(stream, peer, Arc::clone(handler), life.clone())),
        }
    }
}

/// Tells the handler that a connection has ended, however it ends.
struct Counted<H: Handler>(Arc<H>);

impl<H: Handler> Drop for Counted<H> {
    fn drop(&mut self) {
        self.0.disconnected();
    }
}

async fn connection<H: Handler>(
    stream: TcpStream,
    peer: SocketAddr,
    handler: Arc<H>,
    life: CancellationToken,
) {
    let _counted = Counted(Arc::clone(&handler));
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let by_hand: Arc<Mutex<Option<Reply>>> = Arc::default();
    let service = service_fn(|request: http::Request<Incoming>| {
        let (handler, by_hand) = (Arc::clone(&handler), Arc::clone(&by_hand));
        async move { respond(&*handler, request, peer, &by_hand).await }
    });
    let mut http = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let reset = tokio::select! {
        biased;
        () = life.cancelled() => true,
        served = &mut http => {
            tracing::trace!(?served, "HTTP ended");
            false
        }
    };
    let mut stream = http.into_parts().io.into_inner();
    if reset {
        return wire::reset(&stream);
    }
    let reply = by_hand
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    let Some((reply, plan)) = reply.and_then(|reply| reply.wire.map(|plan| (reply, plan))) else {
        return;
    };
    tokio::select! {
        biased;
        () = life.cancelled() => {}
        () = wire::send(&mut stream, reply, plan) => return,
    }
    wire::reset(&stream);
}

/// Not an error: the reply is one that hyper would not write.
#[derive(Debug, thiserror::Error)]
#[error("the reply is written by hand")]
struct ByHand;

async fn respond<H: Handler>(
    handler: &H,
    request: http::Request<Incoming>,
    peer: SocketAddr,
    by_hand: &Mutex<Option<Reply>>,
) -> Result<Response<Wrapped>, ByHand> {
    let (head, body) = request.into_parts();
    let mut request = Request::new(head.method, &head.uri, head.headers, peer);
    if let Some(bytes_max) = handler.body_bytes_max() {
        match Limited::new(body, bytes_max).collect().await {
            Ok(body) => request.body = body.to_bytes(),
            Err(error) => tracing::debug!(error, "a body was not read"),
        }
    }
    let reply = handler.answer(request).await;
    if reply.wire.is_none() {
        return Ok(reply.into_response());
    }
    *by_hand.lock().unwrap_or_else(PoisonError::into_inner) = Some(reply);
    Err(ByHand)
}
