//! What is known of a channel's buffer, its source and its viewers at one moment, read from their owners. It changes
//! nothing and remembers nothing.

mod health;
mod problems;

use std::time::Duration;

use channel::{Delivery, Moment, Snapshot, Totals, Viewer};

use crate::handle::Handle;

pub use health::{Facts, Health};
pub use problems::{Channel, Engine, House, Problem, problems};

/// The viewers of a channel, together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    /// Who watches playlists.
    pub playlists: usize,
    /// Who watches continuous bodies.
    pub continuous: usize,
    /// Who has run dry.
    pub dry: usize,
    /// What the one with least can still play, if anything is known of any.
    pub playable_min: Option<Duration>,
    /// What all have had so far, those that have gone among them.
    pub totals: Totals,
}

impl Audience {
    /// The viewers of a channel now. It looks at each of them once.
    pub fn of(handle: &Handle, now: Moment) -> Self {
        let viewers = handle.viewers();
        let mut audience = Self {
            totals: viewers.totals(now),
            ..Self::default()
        };
        for (_, viewer) in viewers.iter() {
            audience.count(now, viewer);
        }
        audience
    }

    fn count(&mut self, now: Moment, viewer: &Viewer) {
        match viewer.delivery {
            Delivery::Playlists => self.playlists += 1,
            Delivery::Continuous => self.continuous += 1,
        }
        let playing = viewer.playing(now);
        self.dry += usize::from(playing.dry);
        // One that is silent may have gone, with what it had.
        let there = playing.playable.filter(|it| playing.dry || !it.is_zero());
        self.playable_min = self.playable_min.into_iter().chain(there).min();
    }

    /// All of them.
    pub fn viewers(&self) -> usize {
        self.playlists + self.continuous
    }
}

/// What a channel holds, against what it may hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Buffer {
    /// Segments held.
    pub segments: usize,
    /// Segments that it may hold.
    pub segments_max: usize,
    /// Bytes held.
    pub bytes: usize,
    /// Bytes that it may hold.
    pub bytes_max: usize,
    /// Media held.
    pub media: Duration,
    /// Media that waits for its time.
    pub reserve: Duration,
}

impl Buffer {
    /// What a snapshot shows, with the bounds that are set.
    pub fn of(snapshot: &Snapshot, segments_max: usize, bytes_max: usize) -> Self {
        Self {
            segments: snapshot.window.held().len(),
            segments_max,
            bytes: snapshot.window.bytes(),
            bytes_max,
            media: snapshot.window.duration(),
            reserve: snapshot.reserve,
        }
    }

    /// How full it is, by whichever bound is nearer: from 0 to 1.
    pub fn fill(&self) -> f64 {
        let share = |held: usize, max: usize| held as f64 / max.max(1) as f64;
        let fuller = share(self.segments, self.segments_max).max(share(self.bytes, self.bytes_max));
        fuller.min(1.0)
    }
}

/// Since when nothing of the source's was published.
pub fn newest_media(snapshot: &Snapshot) -> Option<Moment> {
    let mut newest = snapshot.window.held().rev();
    newest.find(|it| !it.slate).map(|it| it.published_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_as_full_as_the_nearer_of_its_bounds_says() {
        let buffer = Buffer {
            segments: 5,
            segments_max: 20,
            bytes: 90,
            bytes_max: 100,
            media: Duration::ZERO,
            reserve: Duration::ZERO,
        };
        assert!((buffer.fill() - 0.9).abs() < f64::EPSILON);
        let short = Buffer {
            segments: 40,
            ..buffer
        };
        assert!(
            (short.fill() - 1.0).abs() < f64::EPSILON,
            "for the list's sake"
        );
    }
}
