//! Writes replies that HTTP does not allow: without framing, cut short, byte by byte; never parses.

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};

use crate::fault::Ending;
use crate::reply::{After, Framing, Head, Reply, Wire};

/// What the real engine calls itself.
const SERVER: &str = "BaseHTTP/0.6 Python/3.8.16";

/// One write of a header that never ends; small, so that it is a trickle and not a flood.
const ENDLESS_HEADER_PIECE: &[u8] = &[b'a'; 1024];

/// Pause between two writes of such a header.
const ENDLESS_HEADER_PAUSE: Duration = Duration::from_millis(1);

/// How the connection ends.
enum End {
    Hold,
    Cut(Ending),
}

/// Sends `reply` and ends the connection as the reply wants it.
pub(crate) async fn send(stream: &mut TcpStream, reply: Reply, wire: Wire) {
    let end = {
        let (mut read, mut write) = stream.split();
        tokio::select! {
            biased;
            () = left(&mut read) => End::Cut(Ending::Fin),
            end = respond(&mut write, reply, wire) => end.unwrap_or(End::Cut(Ending::Fin)),
        }
    };
    match end {
        End::Cut(Ending::Fin) => drop(stream.shutdown().await),
        End::Cut(Ending::Reset) => reset(stream),
        End::Hold => left(&mut stream.split().0).await,
    }
}

/// Makes the coming close a reset instead of an orderly end.
pub(crate) fn reset(stream: &TcpStream) {
    if let Err(error) = stream.set_zero_linger() {
        tracing::debug!(%error, "the connection ends in order instead of by a reset");
    }
}

/// Returns when the client has closed its side; what it still sends is thrown away.
async fn left(read: &mut ReadHalf<'_>) {
    let mut ignored = [0; 1024];
    while matches!(read.read(&mut ignored).await, Ok(count) if 0 < count) {}
}

async fn respond(write: &mut WriteHalf<'_>, reply: Reply, wire: Wire) -> io::Result<End> {
    if let After::Nothing(ending) = wire.after {
        return Ok(End::Cut(ending));
    }
    let text = head_text(&reply, wire);
    head(write, &text, wire.head).await?;
    let (_, mut pieces) = reply.into_pieces();
    while let Some(piece) = pieces.next().await {
        match piece {
            Ok(bytes) => body(write, &bytes, wire.framing).await?,
            Err(ending) => return Ok(End::Cut(ending)),
        }
    }
    if wire.framing == Framing::Chunked {
        write.write_all(b"0\r\n\r\n").await?;
    }
    match wire.after {
        After::Hold => Ok(End::Hold),
        After::Nothing(ending) => Ok(End::Cut(ending)),
        After::Close => Ok(End::Cut(Ending::Fin)),
    }
}

async fn body(write: &mut WriteHalf<'_>, bytes: &Bytes, framing: Framing) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    if framing != Framing::Chunked {
        return write.write_all(bytes).await;
    }
    write
        .write_all(format!("{:x}\r\n", bytes.len()).as_bytes())
        .await?;
    write.write_all(bytes).await?;
    write.write_all(b"\r\n").await
}

async fn head(write: &mut WriteHalf<'_>, text: &str, manner: Head) -> io::Result<()> {
    match manner {
        Head::Whole => write.write_all(text.as_bytes()).await,
        Head::Slow(pause) => {
            for byte in text.bytes() {
                write.write_all(&[byte]).await?;
                tokio::time::sleep(pause).await;
            }
            Ok(())
        }
        Head::Endless => {
            let started = text.trim_end_matches("\r\n");
            write.write_all(started.as_bytes()).await?;
            write.write_all(b"\r\nX-Padding: ").await?;
            loop {
                write.write_all(ENDLESS_HEADER_PIECE).await?;
                tokio::time::sleep(ENDLESS_HEADER_PAUSE).await;
            }
        }
    }
}

fn head_text(reply: &Reply, wire: Wire) -> String {
    let reason = reply.status.canonical_reason().unwrap_or("Unknown");
    let status = reply.status.as_str();
    let mut text = if wire.icy {
        format!("ICY {status} {reason}\r\n")
    } else {
        format!("HTTP/1.1 {status} {reason}\r\nServer: {SERVER}\r\n")
    };
    for (name, value) in &reply.headers {
        if ![CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION].contains(name) {
            let value = String::from_utf8_lossy(value.as_bytes());
            write!(text, "{name}: {value}\r\n").expect("a String takes all text");
        }
    }
    match (wire.framing, wire.after) {
        (Framing::Length(bytes), _) => {
            write!(text, "Content-Length: {bytes}\r\n").expect("a String takes all text");
        }
        (Framing::Chunked, _) => text.push_str("Transfer-Encoding: chunked\r\n"),
        // The engine says nothing of how its redirects end, and does not close them.
        (Framing::Close, After::Hold) => {}
        (Framing::Close, _) => text.push_str("Connection: close\r\n"),
    }
    text.push_str("\r\n");
    text
}
