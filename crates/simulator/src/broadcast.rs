//! What goes on in the world whether somebody listens or not: it says where a new session joins.

use std::time::Duration;

use std::sync::{Arc, OnceLock};

use tokio::time::Instant;

use crate::media::Media;

/// When a broadcast began: with the first who listened. Clones have one beginning, so that engines which find the same
/// broadcast in the world play the same of it.
#[derive(Debug, Clone, Default)]
pub struct Epoch(Arc<OnceLock<Instant>>);

/// Media that is being sent since somebody first listened.
#[derive(Debug)]
pub(crate) struct Broadcast {
    media: Media,
    epoch: Epoch,
    /// Segments that are complete, and when the next one will be.
    complete: u64,
    next_end: Duration,
}

impl Broadcast {
    pub(crate) fn new(media: Media, epoch: Epoch) -> Self {
        let next_end = media.duration(0);
        Self {
            media,
            epoch,
            complete: 0,
            next_end,
        }
    }

    pub(crate) fn media(&self) -> &Media {
        &self.media
    }

    /// The segment that is being sent at the moment; the first call of all finds number 0.
    pub(crate) fn number(&mut self, now: Instant) -> u64 {
        let began = *self.epoch.0.get_or_init(|| now);
        let elapsed = now.saturating_duration_since(began);
        while self.next_end <= elapsed {
            self.complete += 1;
            self.next_end += self.media.duration(self.complete);
        }
        self.complete
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::media::Marked;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_broadcast_goes_on_while_nobody_listens() {
        let marked = Marked {
            stream: 1,
            duration: SECOND,
            bytes: 1880,
        };
        let mut broadcast = Broadcast::new(Media::marked(marked), Epoch::default());
        let start = clock::now();
        assert_eq!(broadcast.number(start), 0);
        assert_eq!(broadcast.number(start + SECOND * 30), 30);
    }
}
