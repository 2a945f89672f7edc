//! The crate from outside: over streams built here, and over real ones where ffmpeg is there to make them.

mod built;
mod cut;
mod generated;
mod real;
