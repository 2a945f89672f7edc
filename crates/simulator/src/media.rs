//! What simulated engines and origins send: looped clips to look at, and marked segments to prove things with.
//!
//! Every segment is a function of its number alone: it is rendered when asked for, and nothing is kept.

mod clip;
mod continuous;
mod flaw;
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

pub use continuous::{ContinuousCheck, Fault, Report, Seam};
pub use flaw::Flaw;
pub use mark::{CheckError, Glance, Mark, Place, check, glance};
pub use marked::Marked;

/// The clock of a transport stream begins again here, in ticks.
const CLOCK_WRAPS_AT: i64 = 1 << 33;

/// An endless row of segments whose times and counters go on from each to the next.
#[derive(Clone)]
pub struct Media(Arc<Kind>);

enum Kind {
    Clip(&'static Clip),
    Marked { name: String, layout: Layout },
    Flawed(Media, Flaw),
    Changing(Box<Change>),
}

/// One media, and from a segment on another, moved so that time goes on.
struct Change {
    before: Media,
    at: u64,
    behind: Media,
    later: Duration,
}

impl Change {
    fn of(before: Media, at: u64, behind: Media) -> Change {
        let begin = |media: &Media| ts::inspect(&[media.segment(at)]).ok()?.start;
        let moved = match (begin(&behind), begin(&before)) {
            (Some(from), Some(to)) => from.offset_to(to).rem_euclid(CLOCK_WRAPS_AT),
            _ => 0,
        };
        let later = ts::duration(moved.unsigned_abs());
        Change {
            before,
            at,
            behind,
            later,
        }
    }

    /// Which of them this segment is of, and how much later it is.
    fn on(&self, segment: u64) -> (&Media, Duration) {
        if segment < self.at {
            (&self.before, Duration::ZERO)
        } else {
            (&self.behind, self.later)
        }
    }
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

    /// The same with something wrong about every segment.
    #[must_use]
    pub fn flawed(self, flaw: Flaw) -> Media {
        Media(Arc::new(Kind::Flawed(self, flaw)))
    }

    /// The same, and from this segment on those of another with other streams; numbers and time go on, counters do not.
    #[must_use]
    pub fn changing(self, from: u64, to: Media) -> Media {
        let change = Change::of(self, from, to);
        Media(Arc::new(Kind::Changing(Box::new(change))))
    }

    /// What the media is called; of clips, what is written in the picture.
    pub fn name(&self) -> &str {
        match &*self.0 {
            Kind::Clip(clip) => clip.name,
            Kind::Marked { name, .. } => name,
            Kind::Flawed(media, _) => media.name(),
            Kind::Changing(change) => change.before.name(),
        }
    }

    /// How long this segment plays.
    pub fn duration(&self, segment: u64) -> Duration {
        match &*self.0 {
            Kind::Clip(clip) => clip.duration(segment),
            Kind::Marked { layout, .. } => layout.duration(),
            Kind::Flawed(media, _) => media.duration(segment),
            Kind::Changing(change) => change.on(segment).0.duration(segment),
        }
    }

    /// How much media one packet is, as viewers count who look at marks; nothing where packets have none.
    pub fn packet(&self) -> Option<Duration> {
        let segment = self.segment(0);
        let mut places = segment.as_chunks().0.iter().map(glance);
        places.find_map(|it| match it {
            Glance::Marked(place) => Some(self.duration(0) / place.packets),
            Glance::Unmarked | Glance::Other => None,
        })
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
            Kind::Flawed(media, flaw) => flaw.put_on(&media.segment_at(segment, later)),
            Kind::Changing(change) => {
                let (media, more) = change.on(segment);
                media.segment_at(segment, later + more)
            }
        }
    }
}

impl fmt::Debug for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Media").field(&self.name()).finish()
    }
}
