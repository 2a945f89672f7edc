//! A receiver of news: it takes what is posted, or answers as it is told, and remembers all of it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::stage::within;

/// What was posted, and how it was answered.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) id: u64,
    pub(crate) kind: String,
    pub(crate) signature: Option<String>,
    pub(crate) text: String,
    pub(crate) body: Value,
}

/// A running receiver; dropping it ends it.
pub(crate) struct Hook {
    address: SocketAddr,
    status: Arc<AtomicU16>,
    got: watch::Receiver<Vec<Got>>,
    _serving: JoinSet<()>,
}

impl Hook {
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let status = Arc::new(AtomicU16::new(200));
        let (show, got) = watch::channel(Vec::new());
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, Arc::clone(&status), Arc::new(show)));
        Self {
            address,
            status,
            got,
            _serving: serving,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Answers with this status from now on.
    pub(crate) fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// Waits until what was posted is as wanted.
    pub(crate) async fn until(&mut self, wanted: impl FnMut(&Vec<Got>) -> bool) -> Vec<Got> {
        within(self.got.wait_for(wanted))
            .await
            .expect("it serves")
            .clone()
    }

    /// What it took, in the order in which it first came.
    pub(crate) fn taken(&self) -> Vec<Got> {
        taken(&self.got.borrow())
    }
}

pub(crate) fn taken(got: &[Got]) -> Vec<Got> {
    let mut seen = std::collections::BTreeSet::new();
    let taken = got.iter().filter(|it| it.status == 200);
    taken.filter(|it| seen.insert(it.id)).cloned().collect()
}

async fn serve(listener: TcpListener, status: Arc<AtomicU16>, show: Arc<watch::Sender<Vec<Got>>>) {
    let mut connections = JoinSet::new();
    loop {
        let (socket, _) = listener.accept().await.expect("a connection");
        let (status, show) = (Arc::clone(&status), Arc::clone(&show));
        let service = service_fn(move |request| {
            let (status, show) = (status.load(Ordering::SeqCst), Arc::clone(&show));
            async move { Ok::<_, Infallible>(take(request, status, &show).await) }
        });
        connections.spawn(async move {
            let server = hyper::server::conn::http1::Builder::new();
            let _ = server.serve_connection(TokioIo::new(socket), service).await;
        });
    }
}

async fn take(
    request: Request<Incoming>,
    status: u16,
    show: &watch::Sender<Vec<Got>>,
) -> Response<Full<Bytes>> {
    let header = |name: &str| {
        let value = request.headers().get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    let id = header("weir-event-id").and_then(|id| id.parse().ok());
    let (kind, signature) = (header("weir-event-type"), header("weir-signature"));
    let text = request.into_body().collect().await.expect("a body");
    let text = String::from_utf8(text.to_bytes().to_vec()).expect("text");
    let got = Got {
        status,
        id: id.expect("an id"),
        kind: kind.expect("a kind"),
        signature,
        body: serde_json::from_str(&text).expect("JSON"),
        text,
    };
    show.send_modify(|all| all.push(got));
    Response::builder()
        .status(status)
        .header("location", "http://127.0.0.1:1/elsewhere")
        .body(Full::from("as you say"))
        .expect("a response")
}
