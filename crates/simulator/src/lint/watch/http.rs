//! Asks one thing on a connection of its own and tells all that came, cut short or not; judges nothing.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, LOCATION, USER_AGENT};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use url::Url;

/// A body beyond this is no segment.
const BODY_BYTES_MAX: usize = 64 << 20;

/// What players follow.
const REDIRECTS_MAX: usize = 5;

/// Why nothing came.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    #[error("{url:?} is no http address")]
    Address { url: String },
    #[error("the connection failed: {0}")]
    Connection(String),
    #[error("there was no answer within {0:?}")]
    Late(Duration),
    #[error("it redirects more than {REDIRECTS_MAX} times")]
    Redirects,
}

/// All that came.
#[derive(Debug)]
pub(super) struct Answer {
    /// After redirects.
    pub(super) url: Url,
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// As much as came of it.
    pub(super) body: Vec<Bytes>,
}

impl Answer {
    pub(super) fn header(&self, name: impl http::header::AsHeaderName) -> &str {
        let value = self.headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    pub(super) fn declared(&self) -> Option<u64> {
        self.header(CONTENT_LENGTH).parse().ok()
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.body.concat()
    }
}

/// One request, through its redirects.
pub(super) async fn ask(
    method: &Method,
    url: &Url,
    headers: &[(&str, &str)],
    patience: Duration,
) -> Result<Answer, Failed> {
    let work = async {
        let mut url = url.clone();
        for _ in 0..=REDIRECTS_MAX {
            let answer = once(method, &url, headers).await?;
            let location = answer.header(LOCATION);
            if !(300..400).contains(&answer.status) || location.is_empty() {
                return Ok(answer);
            }
            let led = hls::resolve(&url, location);
            url = led.map_err(|error| Failed::Connection(error.to_string()))?;
        }
        Err(Failed::Redirects)
    };
    let late = |_| Err(Failed::Late(patience));
    tokio::time::timeout(patience, work)
        .await
        .unwrap_or_else(late)
}

async fn once(method: &Method, url: &Url, headers: &[(&str, &str)]) -> Result<Answer, Failed> {
    let bad = || Failed::Address {
        url: url.as_str().into(),
    };
    let failed = |error: &dyn std::error::Error| Failed::Connection(error.to_string());
    let host = url.host_str().ok_or_else(bad)?;
    let port = url
        .port_or_known_default()
        .filter(|_| url.scheme() == "http");
    let port = port.ok_or_else(bad)?;
    let socket = TcpStream::connect((host.trim_matches(['[', ']']), port)).await;
    let socket = socket.map_err(|error| failed(&error))?;
    let handshake = http1::handshake(TokioIo::new(socket)).await;
    let (mut sender, connection) = handshake.map_err(|error| failed(&error))?;
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let mut request = Request::builder()
        .method(method)
        .uri(target)
        .header(HOST, format!("{host}:{port}"))
        .header(USER_AGENT, "hls-lint");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request
        .body(Empty::<Bytes>::new())
        .map_err(|error| failed(&error))?;
    let answer = async {
        let response = sender.send_request(request).await;
        Ok(whole(url, response.map_err(|error| failed(&error))?).await)
    };
    tokio::pin!(answer, connection);
    tokio::select! {
        biased;
        answer = &mut answer => answer,
        // A connection may end with its last bytes still to be read.
        _ = &mut connection => answer.await,
    }
}

async fn whole(url: &Url, response: Response<Incoming>) -> Answer {
    let (parts, mut incoming) = response.into_parts();
    let mut body = vec![];
    let mut bytes = 0;
    // What is cut short is told as far as it came: its length says that something is missing.
    while let Some(Ok(frame)) = incoming.frame().await {
        if let Ok(chunk) = frame.into_data() {
            bytes += chunk.len();
            body.push(chunk);
        }
        if BODY_BYTES_MAX < bytes {
            break;
        }
    }
    Answer {
        url: url.clone(),
        status: parts.status.as_u16(),
        headers: parts.headers,
        body,
    }
}
