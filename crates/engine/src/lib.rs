//! AceStream engines and plain sources over HTTP: one thing asked, one answer or one error; it never retries
//! a fault, never chooses a policy and never leaves the place that its caller named.
//!
//! [`Http`] holds the connections. [`Http::start`], [`Http::stat`] and [`Http::stop`] speak an engine's API,
//! [`Http::playlist`], [`Http::segment`], [`Http::open`] and [`Http::open_source`] fetch media from a [`Place`], whose
//! [`Guard`] says where that may lead. [`pool`] chooses engines and does no I/O at all.
//!
//! Every future here may be dropped at any time: the connection it used is then closed.

mod address;
mod error;
mod gather;
mod http;
mod json;
mod place;
pub mod pool;
mod public;
mod selector;
mod session;
mod stat;
mod timeouts;

pub use address::{Address, AddressError};
pub use error::{ApiError, FetchError, Instead, Refusal, StartError, StatError, StopError, Wait};
pub use http::fetch::{Body, Fetched, PLAYLIST_BYTES_MAX, SEGMENT_BYTES_MAX};
pub use http::live::Live;
pub use http::service::{Content, Version};
pub use http::source::Source;
pub use http::{BuildError, Http, USER_AGENT, tls};
pub use place::{Allowed, Guard, Place};
pub use public::is_public;
pub use selector::{Output, Selector};
pub use session::Session;
pub use stat::{LivePos, Stat, Status};
pub use timeouts::Timeouts;

/// The resolver's interface, for a caller that brings its own.
pub use reqwest::dns;
