//! The whole service over loopback, with a simulated engine or origin behind it.

mod bad_requests;
mod canary;
mod first_light;
mod floods;
mod hanging_engine;
mod hostile_engine;
mod hostile_source;
mod http_details;
mod lifecycle;
mod linted;
mod playing;
mod raw;
mod restart;
mod slow_viewers;
mod sources;
mod stage;
mod starting;
mod undisturbed;
mod viewers;
mod watcher;
