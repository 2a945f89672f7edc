//! A small HTTP/1.1 client over a socket; it shows what came over the wire and repairs nothing.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use simulator::engine::{Channel, Engine, Options};
use simulator::media::{Mark, Marked, Media, check};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// A response that ended as it said it would.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    pub(crate) fn mark(&self) -> Mark {
        check(&self.body).expect("the body is a marked segment")
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(": ")?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}

/// One connection.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = BufReader::new(TcpStream::connect(address).await?);
        Ok(Self {
            stream,
            host: address.to_string(),
        })
    }

    pub(crate) async fn send(
        &mut self,
        method: &str,
        target: &str,
        fields: &str,
    ) -> io::Result<()> {
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\n{fields}\r\n",
            self.host
        );
        self.stream.write_all(request.as_bytes()).await
    }

    pub(crate) async fn raw(&mut self, request: &str) -> io::Result<()> {
        self.stream.write_all(request.as_bytes()).await
    }

    /// The status line and the header fields.
    pub(crate) async fn head(&mut self) -> io::Result<(u16, String)> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.stream.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        Ok((status.ok_or(io::ErrorKind::InvalidData)?, head))
    }

    /// So many raw bytes of what follows.
    pub(crate) async fn bytes(&mut self, count: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        self.stream.read_exact(&mut bytes).await?;
        Ok(bytes)
    }

    /// All raw bytes until the connection ends.
    pub(crate) async fn rest(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.stream.read_to_end(&mut bytes).await?;
        Ok(bytes)
    }

    pub(crate) async fn response(&mut self) -> io::Result<Response> {
        let (status, head) = self.head().await?;
        let length = header(&head, "content-length").and_then(|value| value.parse().ok());
        let body = match (length, header(&head, "transfer-encoding")) {
            (Some(length), _) => self.bytes(length).await?,
            (None, Some("chunked")) => self.chunks().await?,
            (None, _) => self.rest().await?,
        };
        Ok(Response { status, head, body })
    }

    async fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let mut size = Vec::new();
            while !size.ends_with(b"\r\n") {
                size.push(self.stream.read_u8().await?);
            }
            let size = String::from_utf8_lossy(&size).trim().to_owned();
            let size = usize::from_str_radix(&size, 16).map_err(|_| io::ErrorKind::InvalidData)?;
            body.extend(self.bytes(size).await?);
            self.bytes(2).await?;
            if size == 0 {
                return Ok(body);
            }
        }
    }
}

/// One request on a connection of its own, in full.
pub(crate) async fn try_get(address: SocketAddr, target: &str) -> io::Result<Response> {
    let mut connection = Connection::open(address).await?;
    connection.send("GET", target, "").await?;
    connection.response().await
}

/// The same where it must succeed.
pub(crate) async fn get(address: SocketAddr, target: &str) -> Response {
    try_get(address, target)
        .await
        .unwrap_or_else(|error| panic!("{target}: {error}"))
}

/// Now, by the runtime's clock.
#[expect(
    clippy::disallowed_methods,
    reason = "these tests measure the clock that they pause"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The path of an absolute URL.
pub(crate) fn path(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("/", |slash| &rest[slash..])
}

/// The addresses of the segments in a playlist.
pub(crate) fn uris(playlist: &str) -> Vec<&str> {
    playlist
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

/// Media of one-second segments whose bytes say which they are.
pub(crate) fn media(stream: u32) -> Media {
    Media::marked(Marked {
        stream,
        duration: Duration::from_secs(1),
        bytes: 188 * 100,
    })
}

pub(crate) fn channel(number: u32) -> Channel {
    Channel::numbered(u64::from(number), media(number))
}

/// An engine with channels 1 and 2, whose waits are short.
pub(crate) fn options() -> Options {
    Options {
        channels: vec![channel(1), channel(2)],
        idle: Duration::from_millis(5),
        prebuf: Duration::from_millis(20),
        unknown_after: Duration::from_millis(5),
        ..Options::default()
    }
}

pub(crate) async fn engine() -> Engine {
    Engine::start(options())
        .await
        .expect("the loopback has free ports")
}

/// The addresses that a start has given.
#[derive(Debug, Clone)]
pub(crate) struct Started {
    pub(crate) playback: String,
    pub(crate) stat: String,
    pub(crate) command: String,
    pub(crate) id: String,
}

/// Starts channel `number` for a player.
pub(crate) async fn start(engine: &Engine, kind: &str, number: u32, pid: &str) -> Started {
    let id = channel(number).content_id;
    let target = format!("/ace/{kind}?id={id}&format=json&pid={pid}");
    let json = get(engine.address(), &target).await.json();
    let text = |key: &str| {
        let value = json["response"][key].as_str();
        path(value.unwrap_or_else(|| panic!("no {key} in {json}"))).to_owned()
    };
    let id = json["response"]["playback_session_id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    Started {
        playback: text("playback_url"),
        stat: text("stat_url"),
        command: text("command_url"),
        id,
    }
}

pub(crate) async fn start_hls(engine: &Engine, number: u32, pid: &str) -> Started {
    start(engine, "manifest.m3u8", number, pid).await
}

pub(crate) async fn stat(engine: &Engine, started: &Started) -> Value {
    get(engine.address(), &started.stat).await.json()
}

pub(crate) async fn stop(engine: &Engine, started: &Started) -> Value {
    get(
        engine.address(),
        &format!("{}?method=stop", started.command),
    )
    .await
    .json()
}
