//! A gate between a proxy and Weir: it notes what is asked, and can hold answers back.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::stage::within;

/// Lines that are noted at most; a test asks some dozen times.
const LINES_MAX: usize = 10_000;

/// An open port that leads to Weir; it closes when this is dropped.
pub(crate) struct Gate {
    pub(crate) address: SocketAddr,
    asked: watch::Receiver<Vec<String>>,
    held: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What each of its connections knows.
#[derive(Clone)]
struct Keeper {
    asked: watch::Sender<Vec<String>>,
    held: watch::Receiver<bool>,
}

impl Gate {
    #[expect(clippy::disallowed_methods, reason = "a test's own task ends with it")]
    pub(crate) async fn before(weir: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (note, asked) = watch::channel(Vec::new());
        let (held, hold) = watch::channel(false);
        let keeper = Keeper {
            asked: note,
            held: hold,
        };
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(weir).await.expect("Weir");
                let ((near_in, near_out), (far_in, far_out)) =
                    (near.into_split(), far.into_split());
                connections.spawn(keeper.clone().ask(near_in, far_out));
                connections.spawn(keeper.clone().answer(far_in, near_out));
            }
        });
        Self {
            address,
            asked,
            held,
            task,
        }
    }

    /// From now on nothing is answered, until `open`.
    pub(crate) fn shut(&self) {
        self.held.send_replace(true);
    }

    /// What was held back is answered.
    pub(crate) fn open(&self) {
        self.held.send_replace(false);
    }

    /// How often something was asked whose first line holds `text`.
    pub(crate) fn times(&self, text: &str) -> usize {
        count(&self.asked.borrow(), text)
    }

    /// Waits until that was asked so often.
    pub(crate) async fn until(&mut self, text: &str, times: usize) {
        let enough = |lines: &Vec<String>| times <= count(lines, text);
        within(self.asked.wait_for(enough)).await.expect("a gate");
    }
}

fn count(lines: &[String], text: &str) -> usize {
    lines.iter().filter(|line| line.contains(text)).count()
}

impl Keeper {
    async fn ask(self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut unread = Vec::new();
        let mut buffer = vec![0; 64 << 10];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            unread.extend_from_slice(&buffer[..length]);
            self.note(&mut unread);
            if to.write_all(&buffer[..length]).await.is_err() {
                return;
            }
        }
        let _ = to.shutdown().await;
    }

    /// Takes whole heads of requests off what was read; what tests ask has no bodies.
    fn note(&self, unread: &mut Vec<u8>) {
        let end = |bytes: &[u8]| bytes.windows(4).position(|it| it == b"\r\n\r\n");
        while let Some(at) = end(unread) {
            let head: Vec<u8> = unread.drain(..at + 4).collect();
            let head = String::from_utf8_lossy(&head);
            let line = head.lines().next().unwrap_or_default().to_owned();
            self.asked.send_modify(|lines| {
                assert!(lines.len() < LINES_MAX, "somebody asks without an end");
                lines.push(line);
            });
        }
    }

    async fn answer(mut self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            if self.held.wait_for(|held| !held).await.is_err() {
                return;
            }
            if to.write_all(&buffer[..length]).await.is_err() {
                return;
            }
        }
        let _ = to.shutdown().await;
    }
}
