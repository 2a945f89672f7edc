//! The whole service over loopback, with a simulated engine or origin behind it.

mod first_light;
mod playing;
mod stage;
mod starting;
mod viewers;
mod watcher;
