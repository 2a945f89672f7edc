//! A server that reads a request and does what a script says; it knows no HTTP beyond the blank line.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::{Address, Guard, Http, Place, Timeouts};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use url::Url;

/// What a server does after a request, in order. Without a last word it closes the connection.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Sends bytes.
    Say(Vec<u8>),
    /// Sends bytes one by one, with a pause after each, if any.
    Trickle(Vec<u8>, Duration),
    /// Sends the same bytes again and again until nobody takes them.
    Repeat(Vec<u8>),
    /// Says nothing until the other side closes.
    Hold,
    /// Waits for the next request on this connection.
    Next,
    /// Closes with a reset.
    Reset,
}

/// What was seen so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) connections: usize,
    /// Connections that are over.
    pub(crate) closed: usize,
    /// Request heads.
    pub(crate) requests: Vec<String>,
}

pub(crate) struct Server {
    pub(crate) address: Address,
    seen: watch::Sender<Seen>,
}

impl Server {
    /// Answers the n-th request (from 0) with a script.
    pub(crate) async fn new(
        script: impl Fn(usize, &str) -> Vec<Step> + Send + Sync + 'static,
    ) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (seen, _) = watch::channel(Seen::default());
        let tell = seen.clone();
        let script = Arc::new(script);
        background(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Single bytes are to arrive as such.
                stream.set_nodelay(true).unwrap();
                tell.send_modify(|seen| seen.connections += 1);
                let (tell, script) = (tell.clone(), Arc::clone(&script));
                background(async move {
                    serve(stream, &tell, &*script).await;
                    tell.send_modify(|seen| seen.closed += 1);
                });
            }
        });
        let host = "127.0.0.1".to_owned();
        Server {
            address: Address { host, port },
            seen,
        }
    }

    /// Answers every request alike and closes.
    pub(crate) async fn saying(bytes: impl Into<Vec<u8>>) -> Server {
        let bytes = bytes.into();
        Server::doing(vec![Step::Say(bytes)]).await
    }

    /// Does the same for every request.
    pub(crate) async fn doing(steps: Vec<Step>) -> Server {
        Server::new(move |_, _| steps.clone()).await
    }

    /// A server that nobody should find.
    pub(crate) async fn canary() -> Server {
        Server::saying(ok("text/plain", "tweet")).await
    }

    pub(crate) fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    pub(crate) fn request(&self, at: usize) -> String {
        self.seen().requests[at].clone()
    }

    /// Waits until so many connections are over.
    pub(crate) async fn closed(&self, count: usize) {
        let mut seen = self.seen.subscribe();
        let closed = seen.wait_for(|seen| count <= seen.closed);
        let waited = tokio::time::timeout(Duration::from_secs(10), closed).await;
        waited.expect("the connection is closed in time").unwrap();
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.address)).unwrap()
    }

    /// A place on this server as on an engine.
    pub(crate) fn on_engine(&self, path: &str) -> Place {
        Place::on_engine(&self.address, self.url(path))
    }

    /// A place on this server as on a configured source.
    pub(crate) fn source(&self, path: &str) -> Place {
        Place::source(self.url(path), Arc::default())
    }
}

async fn serve(
    mut stream: TcpStream,
    tell: &watch::Sender<Seen>,
    script: &(dyn Fn(usize, &str) -> Vec<Step> + Send + Sync),
) {
    while let Some(head) = request(&mut stream).await {
        let mut at = 0;
        tell.send_modify(|seen| {
            at = seen.requests.len();
            seen.requests.push(head.clone());
        });
        let mut kept = false;
        for step in script(at, &head) {
            let done = match step {
                Step::Say(bytes) => stream.write_all(&bytes).await,
                Step::Trickle(bytes, pause) => trickle(&mut stream, &bytes, pause).await,
                Step::Repeat(bytes) => repeat(&mut stream, &bytes).await,
                Step::Hold => hold(&mut stream).await,
                Step::Reset => return stream.set_zero_linger().unwrap(),
                Step::Next => {
                    kept = true;
                    Ok(())
                }
            };
            if done.is_err() {
                return;
            }
        }
        if !kept {
            let _ = stream.shutdown().await;
            return;
        }
    }
}

async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    Some(String::from_utf8(head).unwrap())
}

async fn trickle(stream: &mut TcpStream, bytes: &[u8], pause: Duration) -> std::io::Result<()> {
    for byte in bytes {
        stream.write_all(&[*byte]).await?;
        if pause.is_zero() {
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(pause).await;
        }
    }
    Ok(())
}

async fn repeat(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    loop {
        stream.write_all(bytes).await?;
    }
}

async fn hold(stream: &mut TcpStream) -> std::io::Result<()> {
    while 0 < stream.read(&mut [0; 1024]).await? {}
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the servers of a test end with its runtime"
)]
pub(crate) fn background(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}

/// A listener that speaks before it is spoken to, and closes.
pub(crate) async fn blurting(bytes: &'static str) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    background(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(bytes.as_bytes()).await;
            let _ = stream.shutdown().await;
            // Takes what comes, so that the close is none by reset.
            let _ = hold(&mut stream).await;
        }
    });
    address
}

/// A whole answer.
pub(crate) fn ok(content_type: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    answer("200 OK", &format!("Content-Type: {content_type}\r\n"), body)
}

/// A whole answer with a status and more headers.
pub(crate) fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// Just a head.
pub(crate) fn head(status: &str, headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{headers}\r\n").into_bytes()
}

pub(crate) fn json(body: &str) -> Vec<u8> {
    ok("application/json", body)
}

pub(crate) fn gzipped(body: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

/// Limits that no test reaches unless it shortens one.
pub(crate) fn patient() -> Timeouts {
    let long = Duration::from_secs(20);
    Timeouts {
        connect: long,
        start: long,
        first_byte: long,
        idle: long,
        playlist: long,
        segment: long,
        stat: long,
        stop: long,
        probe: long,
    }
}

/// Short enough for a test, long enough for a busy machine to answer within.
pub(crate) const SHORT: Duration = Duration::from_millis(250);

pub(crate) fn http() -> Http {
    Http::new(patient()).unwrap()
}

/// One list of addresses a look-up.
type Answers = Vec<Vec<std::net::IpAddr>>;

/// A resolver that knows a few names, and counts.
#[derive(Clone, Default)]
pub(crate) struct Names {
    /// Each name's answers, one look-up after the other; the last one stays.
    answers: Arc<Mutex<Vec<(String, Answers)>>>,
    pub(crate) lookups: Arc<std::sync::atomic::AtomicUsize>,
}

impl Names {
    pub(crate) fn with(self, name: &str, answers: &[&[&str]]) -> Names {
        let answers = answers
            .iter()
            .map(|ips| ips.iter().map(|ip| ip.parse().unwrap()).collect())
            .collect();
        self.answers
            .lock()
            .unwrap()
            .push((name.to_owned(), answers));
        self
    }
}

impl engine::dns::Resolve for Names {
    fn resolve(&self, name: engine::dns::Name) -> engine::dns::Resolving {
        self.lookups
            .fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let mut known = self.answers.lock().unwrap();
        let wanted = name.as_str().trim_end_matches('.');
        let found = known.iter_mut().find(|(name, _)| name == wanted);
        let answer = found.map(|(_, answers)| match answers.len() {
            1 => answers[0].clone(),
            _ => answers.remove(0),
        });
        Box::pin(async move {
            let ips = answer.ok_or("no such name")?;
            let addresses = ips.into_iter().map(|ip| std::net::SocketAddr::new(ip, 0));
            Ok(Box::new(addresses) as engine::dns::Addrs)
        })
    }
}

/// The guard of a source that is somewhere else.
pub(crate) fn elsewhere() -> Guard {
    Guard::Source {
        origin: Url::parse("http://origin.example/live.m3u8").unwrap(),
        allowed: Arc::default(),
    }
}
