//! What simulated engines and origins send: looped clips to look at, and marked segments to prove things with.
//!
//! Every segment is a function of its number alone: it is rendered when asked for, and nothing is kept.

mod clip;
mod continuous;
mod mark;
mod marked;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use clip::Clip;
use marked::Layout;

pub use continuous::{ContinuousCheck, Fault, Report};
pub use mark::{CheckError, Glance, Mark, Place, check, glance};
pub use marked::Marked;

/// An endless row of segments whose times and counters go on from each to the next.
#[derive(Clone)]
pub struct Media(Arc<Kind>);

enum Kind {
    Clip(&'static Clip),
    Marked { name: String, layout: Layout },
}

impl Media {
    /// Real video of 12 s, looped in segments of 2 s; the index goes round the clips that there are.
    pub fn clip(index: usize) -> Media {
        Media(Arc::new(Kind::Clip(clip::embedded(index))))
    }

    /// Segments whose every packet says which one it is; no decoder shows them, but all that validates takes them.
    pub fn marked(shape: Marked) -> Media {
        let name = format!("marked {}", shape.stream);
        let layout = Layout::of(shape);
        Media(Arc::new(Kind::Marked { name, layout }))
    }

    /// What the media is called; of clips, what is written in the picture.
    pub fn name(&self) -> &str {
        match &*self.0 {
            Kind::Clip(clip) => clip.name,
            Kind::Marked { name, .. } => name,
        }
    }

    /// How long this segment plays.
    pub fn duration(&self, segment: u64) -> Duration {
        match &*self.0 {
            Kind::Clip(clip) => clip.duration(segment),
            Kind::Marked { layout, .. } => layout.duration(),
        }
    }

    /// This segment, whole: PAT, PMT, then a key frame; its times and counters follow on the segment before.
    pub fn segment(&self, segment: u64) -> Bytes {
        self.segment_at(segment, Duration::ZERO)
    }

    /// The segment with all its times so much later: a session that was begun anew has others than the one before.
    pub fn segment_at(&self, segment: u64, later: Duration) -> Bytes {
        match &*self.0 {
            Kind::Clip(clip) => clip.segment(segment, later),
            Kind::Marked { layout, .. } => layout.segment(segment, later),
        }
    }
}

impl fmt::Debug for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Media").field(&self.name()).finish()
    }
}
