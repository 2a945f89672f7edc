//! One viewer: enters, polls as a player does, fetches each new segment once, and looks at every byte.

use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use super::client::{Client, GetError, Target};
use super::playhead::Playhead;
use super::playlist::{self, Entry, List};
use super::report::Report;
use super::track::Track;
use crate::clock;
use crate::media::check;

/// Rest after something failed, as players have it.
const RETRY_REST: Duration = Duration::from_millis(500);

/// Polls before a list is known; half of the shortest target duration.
const FIRST_POLLS: Duration = Duration::from_millis(500);

pub(super) struct Viewer {
    target: Target,
    until: Instant,
    client: Option<Client>,
    /// The number that comes next in the list.
    next: Option<u64>,
    /// The number that comes next in the media.
    mark: Option<u64>,
    /// What looks at packets, where segments are not looked at as wholes.
    track: Option<Track>,
    playhead: Playhead,
    report: Report,
}

impl Viewer {
    pub(super) fn new(target: Target, until: Instant) -> Self {
        Self {
            target,
            until,
            client: None,
            next: None,
            mark: None,
            track: None,
            playhead: Playhead::default(),
            report: Report::default(),
        }
    }

    /// Looks at heads and marks alone, in segments that were cut anywhere.
    pub(super) fn glancing(self) -> Self {
        Self {
            track: Some(Track::default()),
            ..self
        }
    }

    /// Watches until its time is over.
    pub(super) async fn watch(mut self) -> Report {
        let until = self.until;
        // What is under way at the end is given up; nobody waits for it any more.
        let _ = timeout_at(until, self.play()).await;
        if self.report.segments == 0 {
            self.report.failed(&"a viewer got no segment");
        }
        let seen = self.track.map(|track| track.seen).unwrap_or_default();
        self.report.gaps += seen.gaps;
        self.report.wrong_bytes += seen.wrong;
        self.playhead.end(until);
        self.report.served = usize::from(0 < self.report.segments);
        self.report.stalls = self.playhead.stalls;
        self.report.stalled_seconds = self.playhead.stalled.as_secs_f64();
        self.report
    }

    async fn play(&mut self) {
        loop {
            let polled_at = clock::now();
            let rest = match self.turn().await {
                Ok(rest) => rest,
                Err(error) => {
                    self.report.failed(&error);
                    self.client = None;
                    RETRY_REST
                }
            };
            sleep_until(polled_at + rest).await;
        }
    }

    /// Polls once, and fetches what is new; returns the time until the next poll.
    async fn turn(&mut self) -> Result<Duration, GetError> {
        let asked_at = clock::now();
        let path = self.target.path.clone();
        let body = self.client().await?.body(&path).await?;
        let text = String::from_utf8_lossy(body).into_owned();
        if let Some(link) = playlist::link(&text) {
            self.target.path = self.target.joined(link);
            return Ok(Duration::ZERO);
        }
        let Some(list) = List::read(&text) else {
            let why = "it is no playlist";
            return Err(GetError::Response { why });
        };
        self.report.playlists += 1;
        self.report
            .playlist_latency
            .note(clock::now().duration_since(asked_at));
        let Some(mut next) = self.next.or(list.beginning()) else {
            return Ok(FIRST_POLLS);
        };
        let fresh = list.entries.iter().filter(|entry| next <= entry.sequence);
        let fresh: Vec<_> = fresh.collect();
        for entry in &fresh {
            self.report.gaps += entry.sequence - next;
            // One that fails is fetched again at the next poll, and its gap counted once.
            self.next = Some(entry.sequence);
            self.fetch(entry).await?;
            next = entry.sequence + 1;
            self.next = Some(next);
        }
        // RFC 8216 6.3.4: after half the time, if the list has not changed.
        Ok(if fresh.is_empty() {
            list.target / 2
        } else {
            list.target
        })
    }

    async fn fetch(&mut self, entry: &Entry) -> Result<(), GetError> {
        let asked_at = clock::now();
        let path = self.target.joined(&entry.line);
        let mut track = self.track.take();
        let body = self.client().await?.body(&path).await?;
        let bytes = body.len();
        let checked = match &mut track {
            Some(track) => {
                track.feed(body);
                None
            }
            None => Some(check(body)),
        };
        self.track = track;
        let now = clock::now();
        self.report.segments += 1;
        self.report.bytes += bytes as u64;
        self.report
            .segment_latency
            .note(now.duration_since(asked_at));
        self.playhead.feed(now, entry.duration);
        let Some(checked) = checked else {
            return Ok(());
        };
        let found = checked.map(|mark| mark.segment);
        self.report.wrong_bytes += u64::from(found.is_err());
        let place = found.ok().or(self.mark);
        if let (Some(place), Some(expected)) = (place, self.mark) {
            self.report.gaps += expected.abs_diff(place);
        }
        self.mark = place.map(|place| place + 1);
        Ok(())
    }

    async fn client(&mut self) -> Result<&mut Client, GetError> {
        let client = match self.client.take() {
            Some(client) => client,
            None => Client::connect(self.target.address).await?,
        };
        Ok(self.client.insert(client))
    }
}
