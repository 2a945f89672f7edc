//! Weir: takes a live stream once and gives it to any number of viewers.
//!
//! From the ground up: `config`, `clock`, `tasks` · `journal` · `settings` · `selector`, `playlists` · `statistics`, `story`,
//! `titles` · `loops` · `records` · `samples` · `handle` · `engines` · `upstream` · `outbox`, `webhooks` · `pull` · `registry` · `collect`,
//! `figures`, `series`, `metrics` · `http` · `app`, which puts them together · `demo`; `probe` asks another Weir.

pub mod app;
pub mod clock;
pub mod collect;
pub mod config;
pub mod demo;
pub mod engines;
pub mod figures;
pub mod handle;
pub mod http;
pub mod journal;
pub mod loops;
pub mod metrics;
pub mod outbox;
pub mod playlists;
pub mod probe;
mod pull;
pub mod records;
pub mod registry;
pub mod samples;
pub mod selector;
pub mod series;
pub mod settings;
pub mod statistics;
pub mod story;
pub mod tasks;
pub mod titles;
pub mod upstream;
pub mod webhooks;
