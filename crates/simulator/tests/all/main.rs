//! What clients rely on, asked through sockets by a client that hides nothing.

#![allow(
    clippy::unwrap_used,
    reason = "all of this is test, also what is not marked so"
)]

mod client;
mod engine_faults;
mod engine_sessions;
mod engine_shapes;
mod engine_streams;
mod lint_rules;
mod lint_watch;
mod origin_faults;
mod origin_shapes;
mod relay;
