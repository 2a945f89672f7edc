//! What is kept for days: thinned readings, and the story of each stream that has ended.

use std::collections::HashSet;
use std::time::Duration;

use channel::Moment;
use store::history;

use super::Collector;
use crate::clock;
use crate::journal::{Kind, News};
use crate::statistics::{Reading, STEPS, Thinned};

/// How long readings of each step are kept.
const READINGS_AGE: [Duration; STEPS.len()] =
    [Duration::from_hours(2 * 24), Duration::from_hours(30 * 24)];

/// Readings of each step that are kept: a hundred streams for that long, some 50 MB.
const READINGS_MAX: usize = 400_000;

/// How long the stories of ended streams are kept.
const STORIES_AGE: Duration = Duration::from_hours(90 * 24);

/// Stories that are kept; each is half a KiB.
const STORIES_MAX: usize = 20_000;

/// Time between two words of lost records.
const TELL_LOST_EVERY: Duration = Duration::from_hours(1);

/// Ends that are written down in one round. More come together only at a start, which finds those of before: they are
/// written down already.
const ENDED_MAX: usize = 1_000;

impl Collector {
    /// Writes down what has come together: readings, and the stories of streams that have ended.
    pub(super) fn keep(&mut self) {
        let ended = self
            .parts
            .context
            .outbox
            .ended_behind(self.ended.as_deref(), ENDED_MAX);
        if let Some(newest) = ended.first() {
            self.ended = Some(newest.id.clone());
        }
        for stream in ended.into_iter().rev() {
            let story = self.story(&stream);
            self.parts.context.records.history.keep_story(story);
        }
        self.end_forgotten();
        let (thinned, left_out) = self.parts.context.records.statistics.take_thinned();
        if 0 < left_out {
            tracing::warn!("{left_out} reading(s) of statistics found no room and are not kept");
        }
        for Thinned {
            stream,
            step,
            reading,
        } in thinned
        {
            let history = &self.parts.context.records.history;
            history.keep_reading(stream, step, row(reading));
        }
    }

    fn story(&self, stream: &ledger::Stream) -> history::Story {
        let last = self
            .parts
            .context
            .records
            .statistics
            .end(&stream.id)
            .unwrap_or_default();
        let tale = self.parts.context.records.tales.take(&stream.id);
        let of = |figure: fn(&crate::story::Tale) -> u64| tale.as_ref().map(figure);
        let figures = history::Figures {
            sources: of(|it| it.sources),
            viewers_max: of(|it| it.viewers_max),
            bytes_in: of(|it| it.bytes_in),
            bytes_out: of(|it| it.bytes_out),
            segments_lost: of(|it| it.segments_lost),
            slate_segments: of(|it| it.slate_segments),
            peers: last.peers,
            speed_down: last.speed_down,
            speed_up: last.speed_up,
            downloaded: last.downloaded,
            uploaded: last.uploaded,
        };
        let infohash = tale.as_ref().and_then(|it| it.infohash.clone());
        let title = infohash
            .as_deref()
            .and_then(|it| self.parts.context.records.titles.known(it));
        history::Story {
            stream: stream.clone(),
            channel: tale.map(|it| it.channel),
            title: title.and_then(|it| it.title),
            infohash,
            figures,
        }
    }

    /// Lets go of readings of streams that do not run: one may come in when its stream has just ended. Whoever is found
    /// so for the first time may have ended a moment ago, and its story is still to be written with them.
    fn end_forgotten(&mut self) {
        let known = self.parts.context.records.statistics.streams();
        let gone = std::mem::take(&mut self.gone);
        if known.is_empty() {
            return;
        }
        // Asked behind the first, so that a stream that begins meanwhile is not taken for one that has ended.
        let own = self.parts.registry.all();
        let own = own.iter().filter_map(|handle| {
            let stream = handle.stream();
            stream.as_ref().map(|stream| stream.id.clone())
        });
        let others = self.parts.context.outbox.reported();
        let running: HashSet<_> = own.chain(others.iter().map(|it| it.id.clone())).collect();
        for stream in known.into_iter().filter(|id| !running.contains(id)) {
            if gone.contains(&stream) {
                self.parts.context.records.statistics.end(&stream);
            } else {
                self.gone.insert(stream);
            }
        }
    }

    pub(super) fn trim(&self) {
        let now = clock::wall();
        let ago = |age: Duration| now.checked_sub(age).unwrap_or(now);
        let history = &self.parts.context.records.history;
        for (step, age) in STEPS.into_iter().zip(READINGS_AGE) {
            history.trim_readings(history::Retention {
                step,
                since: ago(age),
                rows_max: READINGS_MAX,
            });
        }
        history.trim_stories(STORIES_MAX, ago(STORIES_AGE));
    }
}

impl Collector {
    /// Tells what the history has lost: seldom, since such news may be lost the same way.
    pub(super) fn tell_lost(&mut self, now: Moment) {
        let lost = self.parts.context.records.history.left_out();
        if lost <= self.lost || now < self.tell_lost_at {
            return;
        }
        let count = lost - self.lost;
        self.lost = lost;
        self.tell_lost_at = now + TELL_LOST_EVERY;
        let message = format!("{count} record(s) of what happened are lost; the log says why");
        let news = News::new(Kind::RecordsLost, message).with("records", count.to_string());
        self.parts.context.journal.tell(news);
    }
}

fn row(reading: Reading) -> history::Reading {
    let livepos = reading.livepos.unwrap_or_default();
    history::Reading {
        at: reading.at,
        status: reading.status.map(|status| status.as_str().to_owned()),
        peers: reading.peers,
        speed_down: reading.speed_down,
        speed_up: reading.speed_up,
        downloaded: reading.downloaded,
        uploaded: reading.uploaded,
        livepos: [
            livepos.pos,
            livepos.live_first,
            livepos.live_last,
            livepos.first_ts,
            livepos.last_ts,
            livepos.buffer_pieces,
        ],
    }
}
