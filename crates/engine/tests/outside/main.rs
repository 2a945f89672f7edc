//! The crate against small servers that say byte by byte what engines and sources were seen to say, and worse.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails as the test does"
)]

mod api;
mod body;
mod commands;
mod guard;
mod icy;
mod live;
mod protocol;
mod refused;
mod scripted;
mod source;
mod stat;
mod waits;
