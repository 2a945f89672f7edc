//! One viewer of a continuous body: asks once, reads as much as there is whenever there is some, and looks at it; it
//! never comes back.

use std::cell::RefCell;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::ready;
use std::time::Duration;

use tokio::io::{AsyncRead as _, AsyncReadExt as _, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::chunks::Chunks;
use super::client::{self, GetError, Target};
use super::heard::{Arrival, Heard};
use super::track::Track;
use crate::clock;

/// What is read at once: more than sockets hold of a stream that is read as it comes.
const READ_BYTES: usize = 256 << 10;

/// Arrivals that are noted at most: a minute of pieces of 5 ms.
const ARRIVALS_MAX: usize = 12_000;

thread_local! {
    /// Nothing is kept in it from one read to the next, so all viewers of a thread share it.
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BYTES].into());
}

pub(super) struct Listener {
    target: Target,
    until: Instant,
    /// Whether each arrival is noted.
    notes: bool,
    track: Track,
    bytes: u64,
    arrivals: Vec<Arrival>,
    /// From the request to the first packet of media.
    began: Option<Duration>,
    /// When something came last.
    heard_at: Option<Instant>,
    silence: Duration,
}

impl Listener {
    pub(super) fn new(target: Target, until: Instant, notes: bool) -> Self {
        Self {
            target,
            until,
            notes,
            track: Track::default(),
            bytes: 0,
            arrivals: Vec::new(),
            began: None,
            heard_at: None,
            silence: Duration::ZERO,
        }
    }

    /// Listens until its time is over.
    pub(super) async fn listen(mut self) -> Heard {
        let ended = timeout_at(self.until, self.play()).await;
        let error = match ended {
            Ok(Ok(())) => Some("the body ended".to_owned()),
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) if self.track.seen.newest.is_none() => Some("a viewer got no media".to_owned()),
            Err(_) => None,
        };
        self.hear(clock::now());
        Heard::one(
            self.track.seen,
            Heard {
                bytes: self.bytes,
                silence: self.silence,
                arrivals: vec![self.arrivals],
                began: self.began.into_iter().collect(),
                error_texts: error.into_iter().collect(),
                ..Heard::default()
            },
        )
    }

    async fn play(&mut self) -> Result<(), GetError> {
        let asked_at = clock::now();
        let mut socket = TcpStream::connect(self.target.address).await?;
        let (mut chunks, begun) =
            enter(&mut socket, self.target.address, &self.target.path).await?;
        self.take(&mut chunks, &begun, asked_at)?;
        while chunks != Chunks::Over {
            let more = poll_fn(|context| {
                BUFFER.with_borrow_mut(|buffer| {
                    let mut buffer = ReadBuf::new(buffer);
                    ready!(Pin::new(&mut socket).poll_read(context, &mut buffer))?;
                    let bytes = buffer.filled();
                    self.take(&mut chunks, bytes, asked_at)?;
                    Ok::<_, GetError>(!bytes.is_empty()).into()
                })
            });
            if !more.await? {
                break;
            }
        }
        Ok(())
    }

    fn take(
        &mut self,
        chunks: &mut Chunks,
        bytes: &[u8],
        asked_at: Instant,
    ) -> Result<(), GetError> {
        let before = self.track.seen.newest;
        let (track, count) = (&mut self.track, &mut self.bytes);
        let now = clock::now();
        chunks.feed(bytes, |body| {
            *count += body.len() as u64;
            track.feed(body);
        })?;
        self.hear(now);
        let newest = self.track.seen.newest;
        if let (true, Some(packet)) = (before != newest, newest) {
            self.began.get_or_insert(now - asked_at);
            if self.notes && self.arrivals.len() < ARRIVALS_MAX {
                self.arrivals.push(Arrival { packet, at: now });
            }
        }
        Ok(())
    }

    /// Ends a silence.
    fn hear(&mut self, now: Instant) {
        if let Some(last) = self.heard_at.replace(now) {
            self.silence = self.silence.max(now - last);
        }
    }
}

/// Asks for the body; gives how it is framed, and what came of it together with its head.
async fn enter(
    socket: &mut TcpStream,
    address: SocketAddr,
    path: &str,
) -> Result<(Chunks, Vec<u8>), GetError> {
    socket.set_nodelay(true)?;
    let request = client::request(address, path);
    socket.write_all(request.as_bytes()).await?;
    let mut buffer = Vec::with_capacity(client::HEAD_BYTES_MAX);
    let end = loop {
        if let Some(end) = client::head_end(&buffer) {
            break end;
        }
        let wrong = |why| Err(GetError::Response { why });
        if client::HEAD_BYTES_MAX <= buffer.len() {
            return wrong("the head does not end");
        }
        if socket.read_buf(&mut buffer).await? == 0 {
            return wrong("there is no head");
        }
    };
    let begun = buffer.split_off(end);
    let chunked = client::read_stream_head(&buffer, path)?;
    Ok((Chunks::of(chunked), begun))
}
