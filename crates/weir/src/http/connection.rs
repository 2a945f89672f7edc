//! A viewer's connection that is dropped when it takes nothing for too long.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::line_ends::LineEnds;
use super::patience::patience;
use crate::settings::Settings;

/// A socket with a limit on how long one write may make no progress. Reading has no limit here:
/// the server bounds headers, and a player may rest between requests.
pub(super) struct Connection {
    socket: TcpStream,
    settings: watch::Receiver<Arc<Settings>>,
    /// Runs while a write waits; most writes never do, so most connections never have one.
    stalled: Option<Stall>,
    line_ends: LineEnds,
}

type Stall = Pin<Box<dyn Future<Output = Duration> + Send>>;

impl Connection {
    pub(super) fn new(socket: TcpStream, settings: watch::Receiver<Arc<Settings>>) -> Self {
        Self {
            socket,
            settings,
            stalled: None,
            line_ends: LineEnds::default(),
        }
    }

    fn judge<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let settings = &self.settings;
        let stalled = self
            .stalled
            .get_or_insert_with(|| Box::pin(patience(settings.clone(), |it| it.stream_timeout)));
        let stall_max = ready!(stalled.as_mut().poll(context));
        // A future that has ended must not be asked again.
        self.stalled = None;
        let text = format!("nothing was taken for {} s", stall_max.as_secs_f64());
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, text)))
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(context, buffer))?;
        self.line_ends.check(&mut buffer.filled_mut()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(context, bytes);
        self.judge(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(context, slices);
        self.judge(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn a_reader_that_takes_nothing_is_dropped_and_one_that_does_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let reader = TcpStream::connect(address).await.expect("a connection");
        let (socket, _) = listener.accept().await.expect("the connection");
        let (_show, settings) = watch::channel(Arc::new(Settings {
            stream_timeout: Duration::from_millis(50),
            ..Settings::default()
        }));
        let mut connection = Connection::new(socket, settings);
        let chunk = vec![0; 1 << 20];
        let error = loop {
            match connection.write_all(&chunk).await {
                Ok(()) => {}
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(reader);
    }
}
