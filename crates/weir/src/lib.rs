//! Weir: takes a live stream once and gives it to any number of viewers.
//!
//! From the ground up: `config`, `clock`, `tasks` · `journal` · `settings` · `selector` · `playlists` · `handle` ·
//! `upstream` · `outbox` · `pull` · `registry` · `http` · `app`, which puts them together · `demo`; `probe` asks another Weir.

pub mod app;
pub mod clock;
pub mod config;
pub mod demo;
pub mod handle;
pub mod http;
pub mod journal;
pub mod outbox;
pub mod playlists;
pub mod probe;
mod pull;
pub mod registry;
pub mod selector;
pub mod settings;
pub mod tasks;
pub mod upstream;
