//! The crate from outside: over streams built here, and over real ones where ffmpeg is there to make them.

mod built;
mod codec_change;
mod cut;
mod generated;
mod oracle;
mod real;
mod real_cut;
mod seam;
