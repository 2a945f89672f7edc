//! Bytes as no HTTP client would send them, and whatever comes back.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::stage::PATIENCE;

/// All that came on a connection until Weir closed it.
#[derive(Debug)]
pub(crate) struct Said(pub(crate) Vec<u8>);

impl Said {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }

    /// The statuses of all answers, in order.
    pub(crate) fn statuses(&self) -> Vec<u16> {
        let text = self.text();
        let lines = text.split("HTTP/1.1 ").skip(1);
        lines
            .map(|line| line[..3].parse().expect("a status"))
            .collect()
    }

    /// The one answer's status.
    pub(crate) fn status(&self) -> u16 {
        match self.statuses()[..] {
            [status] => status,
            _ => panic!("not one answer: {:?}", self.text()),
        }
    }

    /// The head of the first answer, in lower case.
    pub(crate) fn head(&self) -> String {
        let text = self.text();
        let (head, _) = text.split_once("\r\n\r\n").expect("a head");
        head.to_ascii_lowercase()
    }

    /// The text of `detail` in the one answer, which is JSON.
    pub(crate) fn detail(&self) -> String {
        let text = self.text();
        let head = self.head();
        assert!(head.contains("content-type: application/json"), "{text}");
        let (_, body) = text.split_once("\r\n\r\n").expect("a head");
        let json: Value = serde_json::from_str(body).expect("JSON");
        let detail = json["detail"].as_str();
        detail.expect("a detail").to_owned()
    }
}

/// A plain request, after which the connection ends.
pub(crate) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: weir\r\nConnection: close\r\n\r\n")
}

/// Says something on a connection of its own and hears all that comes.
pub(crate) async fn say(address: SocketAddr, bytes: impl AsRef<[u8]>) -> Said {
    let mut socket = TcpStream::connect(address).await.expect("a connection");
    let (mut reader, mut writer) = socket.split();
    let talk = async {
        // Whoever says too much is not heard to the end.
        let _ = writer.write_all(bytes.as_ref()).await;
    };
    let mut heard = Vec::new();
    let hear = async {
        let _ = reader.read_to_end(&mut heard).await;
    };
    let both = async { tokio::join!(talk, hear) };
    let ended = tokio::time::timeout(PATIENCE, both).await;
    assert!(ended.is_ok(), "the connection was left open");
    Said(heard)
}

/// Asks for a path exactly as it is written.
pub(crate) async fn ask(address: SocketAddr, path: &str) -> Said {
    say(address, get(path)).await
}
