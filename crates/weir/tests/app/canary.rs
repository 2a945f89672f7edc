//! A place that nobody may ever ask: it only tells whether somebody did.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};

/// A listener on another loopback address than everything else.
pub(crate) struct Canary {
    listener: TcpListener,
}

impl Canary {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.2:0").expect("a port");
        listener.set_nonblocking(true).expect("a listener");
        Self { listener }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.listener.local_addr().expect("an address")
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Whether somebody has connected since it was last asked.
    pub(crate) fn was_asked(&self) -> bool {
        match self.listener.accept() {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                false
            }
        }
    }
}
