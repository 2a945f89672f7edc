//! What clients rely on, asked through sockets by a client that hides nothing.

mod client;
mod engine_faults;
mod engine_sessions;
mod engine_shapes;
mod engine_streams;
mod origin_faults;
mod origin_shapes;
