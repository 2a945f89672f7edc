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
mod playing;
mod raw;
mod reports;
mod restart;
mod settings_access;
mod settings_bad_input;
mod settings_calls;
mod settings_effects;
mod settings_saving;
mod slow_viewers;
mod sources;
mod stage;
mod starting;
mod telling;
mod undisturbed;
mod viewers;
mod watcher;
