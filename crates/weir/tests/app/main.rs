//! The whole service over loopback, with a simulated engine or origin behind it.

mod bad_requests;
mod canary;
mod first_light;
mod hostile_engine;
mod lifecycle;
mod playing;
mod raw;
mod restart;
mod stage;
mod starting;
mod undisturbed;
mod viewers;
mod watcher;
