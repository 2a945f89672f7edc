//! What a channel does, told as behaviour; every step of every test is checked by `checker`.

mod breaks;
mod checker;
mod continuous;
mod failover;
mod lives;
mod media;
mod mute;
mod origin;
mod random;
mod resting;
mod scene;
mod settings;
mod slate;
mod sources;
mod starting;
mod stopping;
mod surviving;
