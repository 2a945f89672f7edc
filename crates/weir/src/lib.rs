//! Weir: takes a live stream once and gives it to any number of viewers.
//!
//! From the ground up: `config`, `clock`, `tasks` · `journal` · `settings` · `selector` · `samples` · `handle` ·
//! `upstream` · `outbox` · `pull` · `registry` · `figures`, `series`, `metrics` · `http` · `app`, which puts them together · `demo`.

pub mod app;
pub mod clock;
pub mod config;
pub mod demo;
pub mod figures;
pub mod handle;
pub mod http;
pub mod journal;
pub mod metrics;
pub mod outbox;
mod pull;
pub mod registry;
pub mod samples;
pub mod selector;
pub mod series;
pub mod settings;
pub mod tasks;
pub mod upstream;
