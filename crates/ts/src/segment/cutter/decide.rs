//! What a frame, a table or a loss means for where segments end; moves no media itself.

use std::sync::Arc;

use super::{Segmenter, Stage};
use crate::frame::{Frame, Settled};
use crate::segment::line::{Line, due};
use crate::segment::scanner::{Mark, News, Which};
use crate::segment::sound::Sound;
use crate::segment::{Break, Ended, Event, Trouble};
use crate::table::Tables;
use crate::{Timestamp, duration, ticks};

/// What the next frame of the lead stream means.
enum Judged {
    NotBegun,
    GoesOn,
    Ends(Ended),
    Jump { from: Timestamp },
}

impl Segmenter {
    /// Takes what the scanner found.
    pub(super) fn on(&mut self, news: News) {
        match news {
            News::Began(which, mark) => *self.hold.of(which) = Some(mark.at),
            News::Foreign(which) => *self.hold.of(which) = None,
            News::Suspect(at) => self.suspect(at),
            News::Settled(which, mark, settled) => {
                *self.hold.of(which) = None;
                if which == self.lead {
                    self.lead_frame(mark, &settled);
                } else {
                    self.other_frame(which, mark, settled.frame);
                }
            }
        }
    }

    fn lead_frame(&mut self, mark: Mark, settled: &Settled) {
        let frame = settled.frame;
        let suspect = self.hold.suspect.take();
        let Some(time) = due(&frame) else {
            return self.timeless_frame(mark, &frame);
        };
        self.newest = Some((mark.at, time));
        if self.lead == Which::Video {
            self.sound.meet_video();
        }
        let format = self.format;
        self.format = settled.format.or(format);
        if format.is_some() && format != self.format && matches!(self.stage, Stage::Making(_)) {
            self.pending.get_or_insert(Break::Format);
        }
        match self.judge(time, &frame) {
            Judged::Jump { from } => {
                let at = suspect.unwrap_or(mark.at).min(mark.at);
                self.cut(at, None, Ended::Break);
                self.pending = Some(Break::TimeJump { from, to: time });
                self.wait(mark, frame, time);
            }
            Judged::Ends(ended) if self.tail.start() <= mark.at => {
                let line = self.cut(mark.at, Some(time), ended);
                let line = Line::from(time, line.as_ref());
                self.begin(mark, Some(frame), line);
            }
            Judged::Ends(_) | Judged::GoesOn => self.note(mark, &frame),
            Judged::NotBegun => self.wait(mark, frame, time),
        }
    }

    /// What the next frame of the lead stream, due at this time, means for the segment.
    fn judge(&self, time: Timestamp, frame: &Frame) -> Judged {
        let Stage::Making(making) = &self.stage else {
            return Judged::NotBegun;
        };
        let line = &making.line;
        let (target, longest) = (ticks(self.options.target), ticks(self.options.longest));
        let (elapsed, longest) = (line.until(time), longest.cast_signed());
        let from = line.latest();
        if line.jumps(time, frame.dts.is_some()) || longest < elapsed {
            return Judged::Jump { from };
        }
        let enough = if self.pending.is_some() {
            0
        } else {
            target - target / 10
        };
        if frame.key && 0 < elapsed && enough.cast_signed() <= elapsed {
            Judged::Ends(Ended::KeyFrame)
        } else if 0 < elapsed && longest < elapsed + line.frame().cast_signed() {
            Judged::Ends(Ended::Longest)
        } else {
            Judged::GoesOn
        }
    }

    fn note(&mut self, mark: Mark, frame: &Frame) {
        if let Stage::Making(making) = &mut self.stage {
            making.note(mark, frame);
        }
    }

    fn timeless_frame(&mut self, mark: Mark, frame: &Frame) {
        self.note(mark, frame);
        let pid = self.scanner.stream(self.lead).map(|stream| stream.pid);
        if let (Stage::Waiting { waited: None, .. }, Some(pid), true) =
            (&self.stage, pid, frame.key)
        {
            let trouble = self.watch.once(Trouble::NoTimestamps { pid });
            self.notice_all([trouble]);
        }
    }

    /// Begins with this frame if it is a key frame, or if one was waited for long enough.
    fn wait(&mut self, mark: Mark, frame: Frame, time: Timestamp) {
        let Stage::Waiting { waited, before, .. } = &mut self.stage else {
            return;
        };
        let going_on = waited
            .take()
            .filter(|waited| !waited.jumps(time, frame.dts.is_some()));
        let mut line = going_on.unwrap_or_else(|| Line::from(time, None));
        line.take(Some(time));
        *waited = Some(line);
        let since = duration(line.until(time).unsigned_abs());
        let before = *before;
        if mark.at < self.tail.start() || !frame.key && since < self.options.longest {
            return;
        }
        if !frame.key {
            let trouble = Trouble::NoKeyFrame { waited: since };
            self.events.push(Event::Noticed(trouble));
        }
        self.settle(mark.at);
        self.begin(mark, Some(frame), Line::from(time, before.as_ref()));
    }

    /// A frame of the stream that does not lead.
    fn other_frame(&mut self, which: Which, mark: Mark, frame: Frame) {
        let Some(time) = due(&frame).filter(|_| self.tail.start() <= mark.at) else {
            return;
        };
        match which {
            Which::Video => {
                if self.sound.video_goes_on(time) && frame.key {
                    self.change_lead(which, mark, frame, time);
                }
            }
            Which::Sound => {
                if self.sound.jumps_to(time) {
                    self.suspect(mark.at);
                }
                if let (true, Some(video)) =
                    (self.sound.is_alone(time), self.scanner.stream(Which::Video))
                {
                    let trouble = Trouble::VideoSilent { pid: video.pid };
                    self.events.push(Event::Noticed(trouble));
                    self.change_lead(which, mark, frame, time);
                }
            }
        }
    }

    /// From this frame on another stream decides.
    fn change_lead(&mut self, which: Which, mark: Mark, frame: Frame, time: Timestamp) {
        self.lead = which;
        self.newest = Some((mark.at, time));
        self.sound.meet_video();
        if let Stage::Making(making) = &self.stage {
            let longest = ticks(self.options.longest).cast_signed();
            let fits = (1..=longest).contains(&making.line.until(time));
            self.cut(mark.at, Some(time).filter(|_| fits), Ended::Break);
            self.pending.get_or_insert(Break::Silence);
        } else {
            self.settle(mark.at);
        }
        self.begin(mark, Some(frame), Line::from(time, None));
    }

    /// The programme is another, or has other streams.
    pub(super) fn change_tables(&mut self, tables: &Arc<Tables>) {
        let both = [Which::Video, Which::Sound];
        let followed = both.map(|which| self.scanner.stream(which));
        self.scanner.aim(tables);
        let follows = both.map(|which| self.scanner.stream(which));
        for (index, which) in both.into_iter().enumerate() {
            if followed[index] != follows[index] {
                *self.hold.of(which) = None;
            }
        }
        let lead = |streams: [_; 2]| streams.into_iter().flatten().next();
        let kept = lead(followed) == lead(follows);
        let before = self.tables.replace(tables.clone());
        let same = |before: &Tables| {
            before.pmt.streams == tables.pmt.streams && before.pmt.pcr_pid == tables.pmt.pcr_pid
        };
        if !kept {
            self.lead = match self.scanner.stream(Which::Video) {
                Some(_) => Which::Video,
                None => Which::Sound,
            };
            (self.format, self.sound) = (None, Sound::default());
            self.cut(self.tail.end(), None, Ended::Break);
        }
        if before.is_some_and(|before| !same(&before)) {
            self.pending.get_or_insert(Break::Streams);
        }
    }

    /// Bytes that are no packets came.
    pub(super) fn lost(&mut self, bytes: u64) {
        self.events
            .push(Event::Noticed(Trouble::LostBytes { bytes }));
        if matches!(self.stage, Stage::Making(_)) {
            self.suspect(self.tail.end());
            self.pending.get_or_insert(Break::Loss);
        }
    }

    /// Something is missing before this position, or may be.
    fn suspect(&mut self, at: u64) {
        if matches!(self.stage, Stage::Making(_)) {
            self.hold.suspect.get_or_insert(at);
        }
    }
}
