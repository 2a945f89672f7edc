//! Weir: takes a live stream once and gives it to any number of viewers.
//!
//! From the ground up: `config`, `clock`, `tasks` · `journal` · `settings` · `selector` · `handle` ·
//! `engines` · `upstream` · `outbox` · `pull` · `registry` · `http` · `app`, which puts them together · `demo`.

pub mod app;
pub mod clock;
pub mod config;
pub mod demo;
pub mod engines;
pub mod handle;
pub mod http;
pub mod journal;
pub mod outbox;
mod pull;
pub mod registry;
pub mod selector;
pub mod settings;
pub mod tasks;
pub mod upstream;
