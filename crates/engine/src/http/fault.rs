//! Reads the client's errors: a chain of causes becomes one of ours, without any address in its text.

use std::error::Error;
use std::io;

use reqwest::Url;

use super::connect::{Attempt, ConnectTimedOut};
use super::resolve::NotPublic;
use crate::error::{FetchError, Refusal, Wait};

/// As much of a cause as a log line needs, in characters.
const WHY_CHARS_MAX: usize = 160;

/// What went wrong before there were headers.
pub(super) fn of_request(error: &reqwest::Error, url: &Url, attempt: &Attempt) -> FetchError {
    if find::<ConnectTimedOut>(error).is_some() {
        return FetchError::Timeout {
            waiting_for: Wait::Connect,
            after: attempt.limit(),
        };
    }
    if let Some(NotPublic(address)) = find::<NotPublic>(error) {
        return FetchError::Forbidden {
            host: url.host_str().unwrap_or_default().to_owned(),
            reason: Refusal::NotPublic(*address),
        };
    }
    let host = authority(url);
    if let Some(tls) = find::<rustls::Error>(error) {
        let why = shortened(&tls.to_string());
        return FetchError::Tls { host, why };
    }
    let why = root_cause(error);
    if error.is_dns() {
        let host = url.host_str().unwrap_or_default().to_owned();
        return FetchError::Lookup { host, why };
    }
    if !error.is_connect() {
        return FetchError::Broken { why };
    }
    // A handshake that ends in the middle is no error of TLS itself.
    if url.scheme() == "https" && ended_early(error) {
        return FetchError::Tls { host, why };
    }
    FetchError::Connect { host, why }
}

/// What went wrong inside a body.
pub(super) fn of_body(error: &reqwest::Error, got: u64, announced: Option<u64>) -> FetchError {
    if ended_early(error) {
        return FetchError::Truncated { got, announced };
    }
    let why = root_cause(error);
    FetchError::Broken { why }
}

/// Whether the other side closed the connection before it sent a byte of an answer.
pub(super) fn closed_unanswered(error: &reqwest::Error) -> bool {
    let closed = [
        io::ErrorKind::ConnectionReset,
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::BrokenPipe,
        io::ErrorKind::NotConnected,
    ];
    find::<hyper::Error>(error).is_some_and(|e| e.is_incomplete_message() || e.is_canceled())
        || has_io(error, &closed)
}

fn ended_early(error: &reqwest::Error) -> bool {
    has_io(error, &[io::ErrorKind::UnexpectedEof])
        || find::<hyper::Error>(error).is_some_and(hyper::Error::is_incomplete_message)
}

fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port_or_known_default() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// An error and all its causes. An I/O error hides what it was made of from the chain; that is given too.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let io = error.downcast_ref::<io::Error>();
        match io.and_then(io::Error::get_ref) {
            Some(hidden) => Some(hidden as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

/// The first cause of a kind.
fn find<E: Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

fn has_io(error: &reqwest::Error, kinds: &[io::ErrorKind]) -> bool {
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|io| kinds.contains(&io.kind()))
}

/// The words of the innermost cause: the outer ones hold addresses.
fn root_cause(error: &reqwest::Error) -> String {
    match causes(error).skip(1).last() {
        Some(cause) => shortened(&cause.to_string()),
        None => "no cause given".to_owned(),
    }
}

fn shortened(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(WHY_CHARS_MAX)
        .collect()
}
