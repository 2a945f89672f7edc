//! HTTP/1.1 over one kept connection, as cheap as can be: what is measured is the other side.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A response's head; servers under test send a few hundred bytes.
pub(super) const HEAD_BYTES_MAX: usize = 16 << 10;

/// A response's body; larger ones are no segment.
const BODY_BYTES_MAX: usize = 64 << 20;

/// Why a request brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum GetError {
    /// The address is not of the one form that is known here.
    #[error("{url:?} is not of the form http://127.0.0.1:8000/path")]
    Url {
        /// As it was given.
        url: String,
    },
    /// The connection did not work.
    #[error("the connection failed: {0}")]
    Connection(#[from] io::Error),
    /// What came is no response, or one without a length.
    #[error("no sound response: {why}")]
    Response {
        /// What is wrong with it.
        why: &'static str,
    },
    /// Another status than 200.
    #[error("status {code} for {path}")]
    Status {
        /// The status.
        code: u16,
        /// What was asked for, without the query.
        path: String,
    },
}

/// Where something is: a socket, and a path with its query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Host and port.
    pub address: SocketAddr,
    /// Path and query.
    pub path: String,
}

impl Target {
    /// Reads `http://127.0.0.1:8000/path?query`; names are not looked up.
    pub fn of(url: &str) -> Result<Self, GetError> {
        let parts = url.strip_prefix("http://").and_then(|rest| {
            let slash = rest.find('/')?;
            let address = rest[..slash].parse().ok()?;
            let path = rest[slash..].to_owned();
            Some(Self { address, path })
        });
        parts.ok_or_else(|| GetError::Url {
            url: url.to_owned(),
        })
    }

    /// Where a line of the playlist at this target leads; always to the same server.
    pub(super) fn joined(&self, line: &str) -> String {
        if line.starts_with('/') {
            return line.to_owned();
        }
        if let Some((_, rest)) = line.split_once("://") {
            return rest
                .find('/')
                .map_or("/", |slash| &rest[slash..])
                .to_owned();
        }
        let path = self.path.split('?').next().unwrap_or_default();
        let folder = path.rfind('/').map_or("/", |slash| &path[..=slash]);
        format!("{folder}{line}")
    }
}

/// One kept connection. Its buffer is used again and again.
pub struct Client {
    socket: TcpStream,
    address: SocketAddr,
    buffer: Vec<u8>,
}

/// A whole response; its body lies in the client's buffer.
#[derive(Debug)]
pub struct Answer<'a> {
    /// The status.
    pub status: u16,
    /// The body, of as many bytes as were announced.
    pub body: &'a [u8],
}

impl Client {
    /// Opens a connection.
    pub async fn connect(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpStream::connect(address).await?;
        Self::over(socket)
    }

    /// Uses a connection that was made with unusual options.
    pub fn over(socket: TcpStream) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        let address = socket.peer_addr()?;
        let buffer = Vec::new();
        Ok(Self {
            socket,
            address,
            buffer,
        })
    }

    /// Sends a request and leaves its answer unread.
    pub async fn ask(&mut self, path: &str) -> io::Result<()> {
        let request = request(self.address, path);
        self.socket.write_all(request.as_bytes()).await
    }

    /// Sends a request and reads its whole answer, whatever its status.
    pub async fn get(&mut self, path: &str) -> Result<Answer<'_>, GetError> {
        self.ask(path).await?;
        self.buffer.clear();
        let head = loop {
            if let Some(end) = head_end(&self.buffer) {
                break end;
            }
            if HEAD_BYTES_MAX < self.buffer.len() {
                return Err(GetError::Response {
                    why: "the head does not end",
                });
            }
            self.fill(HEAD_BYTES_MAX).await?;
        };
        let (status, length) = read_head(&self.buffer[..head])?;
        let end = head + length;
        while self.buffer.len() < end {
            self.fill(end - self.buffer.len()).await?;
        }
        let body = &self.buffer[head..end];
        Ok(Answer { status, body })
    }

    /// The body of an answer that must be a 200.
    pub async fn body(&mut self, path: &str) -> Result<&[u8], GetError> {
        let answer = self.get(path).await?;
        match answer.status {
            200 => Ok(answer.body),
            code => Err(refused(code, path)),
        }
    }

    async fn fill(&mut self, room: usize) -> io::Result<()> {
        self.buffer.reserve(room);
        match self.socket.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

/// What asks for this path.
pub(super) fn request(address: SocketAddr, path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: swarm\r\nAccept: */*\r\n\r\n")
}

fn refused(code: u16, path: &str) -> GetError {
    let path = path.split('?').next().unwrap_or_default().to_owned();
    GetError::Status { code, path }
}

/// Where the body begins, once the head is whole.
pub(super) fn head_end(buffer: &[u8]) -> Option<usize> {
    let end = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    Some(end + 4)
}

/// The status and the length of the body.
fn read_head(head: &[u8]) -> Result<(u16, usize), GetError> {
    let wrong = |why| GetError::Response { why };
    let (status, head) = read_status(head)?;
    let length = header(head, "content-length").and_then(|value| value.parse().ok());
    match length.ok_or(wrong("there is no length"))? {
        length if length <= BODY_BYTES_MAX => Ok((status, length)),
        _ => Err(wrong("the body is larger than any segment")),
    }
}

/// Whether the body of a 200 without an end comes in chunks.
pub(super) fn read_stream_head(head: &[u8], path: &str) -> Result<bool, GetError> {
    match read_status(head)? {
        (200, head) => {
            let coding = header(head, "transfer-encoding");
            Ok(coding.is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")))
        }
        (code, _) => Err(refused(code, path)),
    }
}

fn read_status(head: &[u8]) -> Result<(u16, &str), GetError> {
    let wrong = |why| GetError::Response { why };
    let head = std::str::from_utf8(head).map_err(|_| wrong("the head is no text"))?;
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Ok((status.ok_or(wrong("there is no status"))?, head))
}

fn header<'a>(head: &'a str, wanted: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case(wanted).then(|| value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_lead_where_players_would_go() {
        let at = Target::of("http://127.0.0.1:80/a/b.m3u8?id=c/d").expect("a target");
        assert_eq!(at.joined("e.ts?v=1"), "/a/e.ts?v=1");
        assert_eq!(at.joined("/f.ts"), "/f.ts");
        assert_eq!(at.joined("http://127.0.0.1:80/g/h.ts"), "/g/h.ts");
    }

    #[test]
    fn only_addresses_without_names_are_taken() {
        for url in [
            "https://127.0.0.1:80/",
            "http://localhost:80/",
            "http://127.0.0.1:80",
        ] {
            assert!(Target::of(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_head_tells_status_and_length() {
        let head = read_head(b"HTTP/1.1 404 Not Found\r\nContent-Length: 12\r\n\r\n");
        assert_eq!(head.expect("a head"), (404, 12));
        assert!(read_head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }

    #[test]
    fn a_head_without_a_length_tells_whether_chunks_follow() {
        let read = |head: &str| read_stream_head(head.as_bytes(), "/x?secret");
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n";
        assert!(read(chunked).expect("a head"));
        assert!(!read("ICY 200 OK\r\n\r\n").expect("a head"));
        let refused = read("HTTP/1.1 503 Busy\r\n\r\n").expect_err("refused");
        assert_eq!(refused.to_string(), "status 503 for /x");
    }
}
