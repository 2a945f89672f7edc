//! Where a viewer of a continuous body begins and how it goes on; it never waits and sends nothing.

use std::sync::Arc;
use std::time::Duration;

use ts::segment::Opening;

use crate::growing::Growing;
use crate::segment::{Apart, MediaSequence, Segment};
use crate::slate;
use crate::snapshot::{Phase, Snapshot};
use crate::window::Window;

/// A viewer's place in a channel.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cursor {
    next: Option<MediaSequence>,
    /// What was sent last was broken off.
    lost: bool,
    sent: Sent,
}

/// What was sent so far, for our clips, which decoders may not take among other streams than theirs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Sent {
    #[default]
    Nothing,
    Clips,
    /// Media that goes with clips.
    Alike,
    /// Other media.
    Other,
}

/// What is to be done with a continuous body.
#[derive(Clone, Debug)]
pub enum Step {
    /// A segment is to be sent, as a whole.
    Send {
        /// The segment.
        segment: Arc<Segment>,
        /// Whether it does not go on from what was sent before.
        seam: bool,
        /// Whether media was passed over, because the viewer has taken longer than it is held.
        skipped: bool,
    },
    /// A segment is to be followed while it is received; the window will have it under the same number.
    Follow {
        /// The segment in the making.
        open: Arc<Growing>,
        /// Whether it does not go on from what was sent before.
        seam: bool,
        /// Whether media was passed over.
        skipped: bool,
    },
    /// There is nothing yet.
    Wait,
    /// Nothing follows.
    End,
}

impl Cursor {
    /// What comes next; a viewer that begins or is moved on is put `behind` the newest media. Clips are passed over,
    /// unless they are wanted and go with what was sent. A body that began with them ends where other streams follow: a
    /// player that opens it anew finds these.
    pub fn step(
        &mut self,
        snapshot: &Snapshot,
        behind: Duration,
        clips: bool,
    ) -> Result<Step, Apart> {
        if snapshot.phase == Phase::Stopping {
            return Ok(Step::End);
        }
        let window = &snapshot.window;
        let clips = clips && self.sent != Sent::Other;
        while let Some(clip) = self.next.and_then(|next| window.segment(next))
            && clip.slate
            && !clips
        {
            self.next = Some(clip.sequence.next());
        }
        let known = self.next.and_then(|next| window.segment(next));
        let found = match (known, self.next) {
            (Some(segment), _) => Some(segment),
            (None, Some(next)) if window.next() <= next => None,
            (None, _)
                if snapshot
                    .open
                    .as_ref()
                    .is_some_and(|open| is_entry(open, behind)) =>
            {
                None
            }
            (None, _) => window.entry(behind.saturating_sub(snapshot.open_elapsed()))?,
        };
        let open = snapshot.open.as_ref().filter(|it| self.may_follow(it));
        let found = match (found, open) {
            (None, None) if clips && known.is_none() => self.clip(window, behind),
            (found, _) => found,
        };
        let Some(segment) = found else {
            if let Some(open) = open {
                return Ok(self.follow(open));
            }
            return Ok(match snapshot.phase {
                Phase::Failed { .. } | Phase::Idle => Step::End,
                _ => Step::Wait,
            });
        };
        if !self.goes_with(&segment.part()?.opening, segment.slate) {
            return Ok(Step::End);
        }
        let skipped = self.go_to(segment.sequence);
        Ok(Step::Send {
            segment: Arc::clone(segment),
            seam: segment.seam || skipped,
            skipped,
        })
    }

    /// Whether the segment in the making is what comes next. A viewer may begin with one that does not begin with a key
    /// frame only if there is nothing else.
    fn may_follow(&self, open: &Growing) -> bool {
        self.next.is_none_or(|next| next <= open.sequence())
    }

    fn follow(&mut self, open: &Arc<Growing>) -> Step {
        if !self.goes_with(open.opening(), false) {
            return Step::End;
        }
        let skipped = self.go_to(open.sequence());
        Step::Follow {
            open: Arc::clone(open),
            seam: open.seam() || skipped,
            skipped,
        }
    }

    /// The clip to begin with where there is nothing else.
    fn clip<'a>(&self, window: &'a Window, behind: Duration) -> Option<&'a Arc<Segment>> {
        let clips = window.held().rev().take_while(|segment| segment.slate);
        let unseen = clips.filter(|clip| self.next.is_none_or(|next| next <= clip.sequence));
        let mut media = Duration::ZERO;
        let begins = |clip: &&Arc<Segment>| {
            let begins = media < behind;
            media += clip.duration;
            begins
        };
        unseen.take_while(begins).last()
    }

    /// Whether what begins so can follow on what was sent, which it is then a part of.
    fn goes_with(&mut self, opening: &Opening, is_clip: bool) -> bool {
        let alike = slate::goes_with(&opening.tables.pmt.streams);
        if self.sent == Sent::Clips && !alike {
            return false;
        }
        self.sent = match (is_clip, self.sent) {
            (true, Sent::Nothing | Sent::Clips) => Sent::Clips,
            (true, sent) => sent,
            (false, _) if alike => Sent::Alike,
            (false, _) => Sent::Other,
        };
        true
    }

    /// What was being followed has not become a segment; the viewer begins anew.
    pub fn lose(&mut self) {
        self.next = None;
        self.lost = true;
    }

    /// Notes that this number comes next; whether others are passed over for it.
    fn go_to(&mut self, sequence: MediaSequence) -> bool {
        let passes = self.next.is_some_and(|next| next != sequence);
        let skipped = std::mem::take(&mut self.lost) || passes;
        self.next = Some(sequence.next());
        skipped
    }
}

/// Whether somebody who begins so far behind the newest media begins with the segment in the making.
fn is_entry(open: &Growing, behind: Duration) -> bool {
    open.opening().independent && behind <= open.elapsed()
}

impl Window {
    /// The newest segment of the source with a key frame at its beginning from which there is as much media as
    /// wanted; where nothing is old enough, the oldest with one; where none has one, any.
    pub fn entry(&self, behind: Duration) -> Result<Option<&Arc<Segment>>, Apart> {
        let (mut media, mut found, mut any) = (Duration::ZERO, None, None);
        for segment in self.held().rev().filter(|segment| !segment.slate) {
            let part = match segment.part() {
                Ok(part) => part,
                Err(apart) if any.is_none() => return Err(apart),
                // A body cannot lead across it.
                Err(_) => break,
            };
            if media < behind {
                any = Some(segment);
            }
            any = any.or(Some(segment));
            media += segment.duration;
            if part.opening.independent {
                found = Some(segment);
                if behind <= media {
                    break;
                }
            }
        }
        Ok(found.or(any))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbering::Numbering;
    use crate::segment::Container;
    use crate::settings::Settings;
    use crate::snapshot::Counters;
    use crate::testing::{draft, part, wall};
    use crate::window::Draft;

    /// Two seconds each; the letter says how a segment begins: with a key frame, without, with a break; or that
    /// it cannot be a part of a continuous body; or that it is a clip, the first behind a break.
    fn window(segments: &str) -> Window {
        let mut window = Window::new(Numbering {
            sequence: MediaSequence(10),
            discontinuities: 0,
            continues: false,
            date: None,
        });
        let mut clips = crate::slate::Run::default();
        let mut before = 'k';
        for (index, letter) in (0..).zip(segments.chars()) {
            let is_clip = letter == 's';
            let part = match letter {
                's' => clips.next(crate::Clip::Lost).part,
                // What stands between clips as media: clips, too, which are H.264 with AAC.
                'h' => crate::slate::Run::default().next(crate::Clip::Lost).part,
                _ => Some(Arc::new(part(letter != 'p'))),
            };
            let draft = Draft {
                container: match letter {
                    'm' => Container::FragmentedMp4,
                    _ => Container::TransportStream,
                },
                discontinuity: letter == 'd' || is_clip != (before == 's'),
                part,
                slate: is_clip,
                ..draft(2000)
            };
            before = letter;
            window.push(draft, wall(index * 2), &Settings::default());
        }
        window
    }

    fn entry(segments: &str, behind: u64) -> Result<Option<u64>, Apart> {
        let window = window(segments);
        let found = window.entry(Duration::from_secs(behind))?;
        Ok(found.map(|segment| segment.sequence.0))
    }

    fn snapshot(segments: &str, phase: Phase) -> Snapshot {
        Snapshot {
            phase,
            playlist: None,
            first_playlist: None,
            window: window(segments),
            open: None,
            reserve: Duration::ZERO,
            intake: None,
            variant: None,
            counters: Counters::default(),
            on_slate: false,
        }
    }

    fn failed() -> Phase {
        Phase::Failed {
            failure: crate::failure::Failure::SourceEnded,
            until: crate::time::Moment::ZERO,
        }
    }

    /// What is sent from here on: number, seam, skipped; and what comes then.
    fn sent(cursor: &mut Cursor, snapshot: &Snapshot) -> (Vec<(u64, bool, bool)>, Step) {
        sent_with(cursor, snapshot, false)
    }

    /// The same, with clips if they are wanted.
    fn sent_with(
        cursor: &mut Cursor,
        snapshot: &Snapshot,
        clips: bool,
    ) -> (Vec<(u64, bool, bool)>, Step) {
        let mut sent = Vec::new();
        loop {
            match cursor.step(snapshot, Duration::from_secs(4), clips) {
                Ok(Step::Send {
                    segment,
                    seam,
                    skipped,
                }) => sent.push((segment.sequence.0, seam, skipped)),
                Ok(step) => return (sent, step),
                Err(apart) => panic!("{apart}"),
            }
        }
    }

    #[test]
    fn a_body_begins_with_a_key_frame_as_far_behind_as_wanted() {
        assert_eq!(entry("kkkk", 4), Ok(Some(12)));
        assert_eq!(entry("kkkk", 5), Ok(Some(11)));
        assert_eq!(entry("kkpk", 4), Ok(Some(11)));
        assert_eq!(entry("kkkk", 0), Ok(Some(13)));
    }

    #[test]
    fn with_too_little_media_a_body_begins_with_the_oldest_key_frame_or_the_best_there_is() {
        assert_eq!(entry("pkk", 30), Ok(Some(11)));
        assert_eq!(entry("pppp", 4), Ok(Some(12)));
        assert_eq!(entry("pp", 30), Ok(Some(10)));
        assert_eq!(entry("", 4), Ok(None));
    }

    #[test]
    fn a_body_begins_behind_what_cannot_be_a_part_of_it() {
        assert_eq!(entry("kkmk", 6), Ok(Some(13)));
        assert_eq!(entry("kkkm", 6), Err(Apart::FragmentedMp4));
    }

    #[test]
    fn a_viewer_gets_each_segment_once_and_then_waits() {
        let mut cursor = Cursor::default();
        let (first, step) = sent(&mut cursor, &snapshot("kkkk", Phase::Live));
        assert_eq!(first, [(12, false, false), (13, false, false)]);
        assert!(matches!(step, Step::Wait), "{step:?}");
        let (more, _) = sent(&mut cursor, &snapshot("kkkkpd", Phase::Live));
        assert_eq!(more, [(14, false, false), (15, true, false)]);
    }

    #[test]
    fn a_viewer_that_is_too_slow_is_moved_to_where_one_begins() {
        let mut cursor = Cursor::default();
        sent(&mut cursor, &snapshot("kk", Phase::Live));
        let mut later = snapshot("kkkkkkkk", Phase::Live);
        let settings = Settings {
            segments_max: 5,
            ..Settings::default()
        };
        later.window.fit(&settings);
        let (more, _) = sent(&mut cursor, &later);
        assert_eq!(more, [(16, true, true), (17, false, false)]);
    }

    #[test]
    fn what_is_held_is_still_sent_when_the_channel_has_failed_and_then_the_body_ends() {
        let mut cursor = Cursor::default();
        sent(&mut cursor, &snapshot("kk", Phase::Live));
        let (more, step) = sent(&mut cursor, &snapshot("kkk", failed()));
        assert_eq!(more.len(), 1);
        assert!(matches!(step, Step::End), "{step:?}");
    }

    #[test]
    fn a_body_ends_when_the_channel_is_stopped() {
        let mut cursor = Cursor::default();
        let (sent, step) = sent(&mut cursor, &snapshot("kkk", Phase::Stopping));
        assert!(sent.is_empty());
        assert!(matches!(step, Step::End), "{step:?}");
    }

    #[test]
    fn a_body_begins_with_media_of_the_source_where_there_is_any() {
        assert_eq!(entry("kkss", 2), Ok(Some(11)));
        assert_eq!(entry("sskk", 30), Ok(Some(12)));
        assert_eq!(entry("ssss", 4), Ok(None));
        let (none, step) = sent(&mut Cursor::default(), &snapshot("ssss", Phase::Live));
        assert!(none.is_empty() && matches!(step, Step::Wait), "{step:?}");
        let mut cursor = Cursor::default();
        let (first, _) = sent_with(&mut cursor, &snapshot("ssshs", Phase::Live), true);
        assert_eq!(first, [(13, true, false), (14, true, false)]);
    }

    #[test]
    fn a_body_begins_with_clips_where_they_are_wanted_and_there_is_nothing_else() {
        let mut cursor = Cursor::default();
        let (first, step) = sent_with(&mut cursor, &snapshot("ssss", Phase::Starting), true);
        assert_eq!(first, [(12, false, false), (13, false, false)]);
        assert!(matches!(step, Step::Wait), "{step:?}");
        let (more, _) = sent_with(&mut cursor, &snapshot("ssssshs", Phase::Live), true);
        let wanted = [(14, false, false), (15, true, false), (16, true, false)];
        assert_eq!(more, wanted);
    }

    #[test]
    fn a_body_that_began_with_clips_ends_where_the_source_has_other_streams() {
        let mut cursor = Cursor::default();
        sent_with(&mut cursor, &snapshot("ssss", Phase::Starting), true);
        let (more, step) = sent_with(&mut cursor, &snapshot("sssskk", Phase::Live), true);
        assert!(more.is_empty() && matches!(step, Step::End), "{step:?}");
    }

    #[test]
    fn what_is_followed_while_it_comes_decides_of_clips_as_well() {
        let following = |segments: &str, streams: char| {
            let mut snapshot = snapshot(segments, Phase::Live);
            let like = window(&streams.to_string());
            let opening = Arc::clone(&like.held().next().expect("one").part().expect("it").opening);
            let open = Growing::new(snapshot.window.next(), opening, true);
            snapshot.open = Some(Arc::new(open));
            snapshot
        };
        let mut cursor = Cursor::default();
        let (_, step) = sent_with(&mut cursor, &following("", 'k'), true);
        assert!(matches!(step, Step::Follow { .. }), "{step:?}");
        let (none, _) = sent_with(&mut cursor, &snapshot("kss", Phase::Live), true);
        assert!(none.is_empty(), "{none:?}");
        for (streams, goes_on) in [('h', true), ('k', false)] {
            let mut cursor = Cursor::default();
            sent_with(&mut cursor, &snapshot("ss", Phase::Starting), true);
            let (_, step) = sent_with(&mut cursor, &following("ss", streams), true);
            assert_eq!(matches!(step, Step::Follow { .. }), goes_on, "{step:?}");
            assert_eq!(matches!(step, Step::End), !goes_on, "{step:?}");
        }
    }

    #[test]
    fn a_viewer_that_is_too_slow_for_clips_is_moved_among_them() {
        let mut cursor = Cursor::default();
        sent_with(&mut cursor, &snapshot("ss", Phase::Starting), true);
        let mut later = snapshot("ssssssss", Phase::Starting);
        let settings = Settings {
            segments_max: 5,
            ..Settings::default()
        };
        later.window.fit(&settings);
        let (more, _) = sent_with(&mut cursor, &later, true);
        assert_eq!(more, [(16, true, true), (17, false, false)]);
    }

    #[test]
    fn clips_that_are_not_wanted_are_passed_over_with_a_seam_and_count_as_no_loss() {
        let mut cursor = Cursor::default();
        sent(&mut cursor, &snapshot("hh", Phase::Live));
        let (none, step) = sent(&mut cursor, &snapshot("hhss", Phase::Live));
        assert!(none.is_empty() && matches!(step, Step::Wait), "{step:?}");
        let (more, _) = sent(&mut cursor, &snapshot("hhsssh", Phase::Live));
        assert_eq!(more, [(15, true, false)]);
        let (none, step) = sent(&mut cursor, &snapshot("hhsssh", failed()));
        assert!(none.is_empty() && matches!(step, Step::End), "{step:?}");
    }

    #[test]
    fn clips_that_are_wanted_are_sent_with_a_seam_at_both_ends() {
        let mut cursor = Cursor::default();
        sent_with(&mut cursor, &snapshot("hh", Phase::Live), true);
        let (more, _) = sent_with(&mut cursor, &snapshot("hhsssh", Phase::Live), true);
        let wanted = [
            (12, true, false),
            (13, false, false),
            (14, false, false),
            (15, true, false),
        ];
        assert_eq!(more, wanted);
    }

    #[test]
    fn clips_are_passed_over_in_a_body_that_has_other_streams_than_they() {
        let mut cursor = Cursor::default();
        sent_with(&mut cursor, &snapshot("kk", Phase::Live), true);
        let (more, _) = sent_with(&mut cursor, &snapshot("kkssk", Phase::Live), true);
        assert_eq!(more, [(14, true, false)]);
    }

    #[test]
    fn a_body_cannot_go_on_with_what_cannot_be_a_part_of_it() {
        let mut cursor = Cursor::default();
        sent(&mut cursor, &snapshot("kk", Phase::Live));
        let step = cursor.step(&snapshot("kkm", Phase::Live), Duration::ZERO, false);
        assert_eq!(step.err(), Some(Apart::FragmentedMp4));
    }
}
