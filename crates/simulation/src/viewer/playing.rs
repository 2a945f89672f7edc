//! A viewer that has a list: what it fetches, how slowly, and whether it runs dry.

use std::time::Duration;

use channel::{Caller, MediaSequence};

use super::{Habit, Stage};
use crate::coverage::Seen;
use crate::world::World;

/// Segments behind the newest at which players begin, or more if these are short: others go by the target duration.
const BEHIND: usize = 3;
const BEHIND_TARGETS: u32 = 2;

/// Where a player begins in a list: so many segments and so much media behind its end.
fn begin(shown: &[hls::Segment], least: Duration) -> usize {
    let mut begin = shown.len().saturating_sub(BEHIND);
    let media = |from: usize| shown[from..].iter().map(|it| it.duration).sum::<Duration>();
    while 0 < begin && media(begin) < least {
        begin -= 1;
    }
    begin
}

impl World {
    /// Fetches what is new, and says when it asks again.
    pub(super) fn plays(&mut self, viewer: usize, driver: u64, first: bool) {
        let number = self.viewers[viewer].channel;
        let mut list = None;
        self.with_table(number, driver, |_, table| list.clone_from(&table.list));
        let Some(list) = list else {
            return self.goes(viewer, true);
        };
        // The first list of a viewer lacks the newest segment, if enough is left.
        let hidden = usize::from(first && !list.ended && BEHIND < list.segments.len());
        let shown = &list.segments[..list.segments.len() - hidden];
        let end = shown
            .last()
            .map_or(list.media_sequence, |it| it.sequence + 1);
        let begin = begin(shown, list.target_duration * BEHIND_TARGETS);
        let wants = self.viewers[viewer].wants.filter(|wants| *wants <= end);
        let wants = wants.unwrap_or_else(|| shown.get(begin).map_or(end, |it| it.sequence));
        let fresh = shown.iter().filter(|it| wants <= it.sequence);
        let media: Duration = fresh.clone().map(|it| it.duration).sum();
        for segment in fresh {
            self.fetches(viewer, driver, segment.sequence);
        }
        self.viewers[viewer].wants = Some(end);
        self.plays_on(viewer, driver, media);
        if list.ended {
            self.see(Seen::EndOfList);
            return self.goes(viewer, self.viewers[viewer].faithful);
        }
        if self.viewers[viewer].habit == Habit::Crawls && self.random.chance(5) {
            return self.crawls(viewer, driver, list.media_sequence);
        }
        let wait = if media.is_zero() {
            list.target_duration / 2
        } else {
            list.target_duration
        };
        let wait = wait.mul_f64(self.random.within(90..=100) as f64 / 100.0);
        self.viewer_in(viewer, wait);
    }

    /// Whether it has run dry, and how long it can go on now.
    fn plays_on(&mut self, viewer: usize, driver: u64, media: Duration) {
        let now = self.now;
        let number = self.viewers[viewer].channel;
        let mut clips = false;
        self.with_table(number, driver, |_, table| {
            clips = table.shown.window.held().any(|it| it.slate);
        });
        let until = match self.viewers[viewer].playing {
            Some((same, until)) if same == driver => {
                if until < now {
                    self.see(Seen::ViewerDry);
                    // Whoever begins at a few clips has less than who begins at as many segments.
                    let few = clips || self.viewers[viewer].began_at_clips;
                    let excused = !self.plan.serene || !self.sources[number].steady || few;
                    let dry = now.saturating_sub(until);
                    assert!(
                        excused,
                        "viewer {viewer} ran dry for {dry:?} though nothing was wrong"
                    );
                    self.viewers[viewer].began_at_clips = clips;
                }
                until.max(now)
            }
            _ => {
                self.viewers[viewer].began_at_clips = clips;
                now
            }
        };
        self.viewers[viewer].playing = Some((driver, until + media));
    }

    fn crawls(&mut self, viewer: usize, driver: u64, sequence: u64) {
        self.see(Seen::ViewerCrawled);
        let number = self.viewers[viewer].channel;
        self.with_table(number, driver, |world, table| {
            let caller = Caller {
                address: "192.0.2.2",
                agent: "player",
                watching: true,
                ..Caller::default()
            };
            let token = world.viewers[viewer].id;
            let begun = table.viewers.begin(world.moment(), token, caller);
            begun.expect("a channel that just answered is open");
        });
        self.viewers[viewer].stage = Stage::Crawling { driver, sequence };
        self.viewers[viewer].playing = None;
        let slowly = self.random.skewed(Duration::from_secs(90));
        self.viewer_in(viewer, slowly);
    }

    pub(super) fn fetches(&mut self, viewer: usize, driver: u64, sequence: u64) {
        let number = self.viewers[viewer].channel;
        let mut there = false;
        self.with_table(number, driver, |_, table| {
            let window = &table.shown.window;
            let segment = window.segment(MediaSequence(sequence));
            there = segment.is_some_and(|it| !it.body.is_empty());
            let listed = window
                .listed()
                .next()
                .is_some_and(|it| it.sequence.0 <= sequence);
            assert!(
                there || !listed,
                "segment {sequence} is listed and not there"
            );
        });
        if !there {
            self.see(Seen::ViewerTooLate);
        }
    }
}
