//! A simulated AceStream engine, plain origins and an orchestrator, for tests, the demo and the benches; never for production.
//!
//! Everything runs in the caller's runtime, on loopback, and ends when its handle is dropped.

mod broadcast;
mod clock;
mod continuous;
pub mod engine;
pub mod fault;
mod feed;
pub mod lint;
pub mod media;
pub mod metrics;
pub mod orchestrator;
pub mod origin;
mod playlist;
mod random;
pub mod relay;
mod reply;
mod request;
mod serve;
pub mod swarm;
mod tasks;
mod wire;
