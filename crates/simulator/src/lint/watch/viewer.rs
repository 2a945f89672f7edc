//! One viewer: enters, polls, fetches what is new, and comes back for what has left the list.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use ::http::Method;
use tokio::time::{Instant, sleep_until};
use url::Url;

use super::http::{Answer, ask};
use super::seal::{Keys, Seal};
use super::{Options, Report, WatchError, manners};
use crate::clock;
use crate::lint::{Checker, SegmentAnswer};

/// How long a way in may take: servers hold the first request until there is something to play.
const ENTRY_MAX: Duration = Duration::from_secs(60);

/// How long any other answer may take; players give up earlier.
const ANSWER_MAX: Duration = Duration::from_secs(15);

/// Removed segments that wait to be asked for again; more are let go.
const WAITING_MAX: usize = 256;

/// Asks for a removed segment so much before its time is over, since the question has a way to go.
const EARLY: Duration = Duration::from_millis(200);

/// Rest after a poll that brought no list.
const RETRY_REST: Duration = Duration::from_millis(500);

/// Where a segment is.
#[derive(Clone)]
struct Place {
    url: Url,
    /// The value of a Range header, where it is a part of something.
    range: Option<String>,
    seal: Option<Seal>,
}

/// Timers are not that late where there is nothing else to do.
const HELD_UP_MIN: Duration = Duration::from_millis(100);

/// A segment that has left the list, and when its time is nearly over.
struct Removed {
    due: Duration,
    number: u64,
    place: Place,
}

pub(super) struct Viewer {
    url: Url,
    start: Instant,
    end: Duration,
    checker: Checker,
    report: Report,
    /// The list that came last: its text, and where its segments are.
    text: Vec<u8>,
    listed: BTreeMap<u64, Place>,
    /// The number that comes next; players fetch nothing that is older.
    next: u64,
    removed: VecDeque<Removed>,
    keys: Keys,
    is_checked: bool,
}

impl Viewer {
    /// Goes in by an entry point, to the media playlist that it leads to.
    pub(super) async fn enter(options: &Options) -> Result<Self, WatchError> {
        let bad = || WatchError::Address {
            url: options.url.clone(),
        };
        let entry: Url = options.url.parse().map_err(|_| bad())?;
        let entry = Some(entry).filter(|it| it.scheme() == "http" && it.has_host());
        let entry = entry.ok_or_else(bad)?;
        let shown = &entry[..url::Position::AfterPath];
        let none = |why: String| WatchError::NoList {
            url: shown.to_owned(),
            why,
        };
        let answer = ask(&Method::GET, &entry, &[], ENTRY_MAX).await;
        let answer = answer.map_err(|error| none(error.to_string()))?;
        let url = media_url(&answer).map_err(none)?;
        let mut checker = if options.any_server {
            Checker::of_any_server()
        } else {
            Checker::new()
        };
        for (from, to) in &options.outages {
            checker.outage(*from, *to);
        }
        Ok(Self {
            url,
            start: clock::now(),
            end: options.duration,
            checker,
            report: Report::default(),
            text: vec![],
            listed: BTreeMap::new(),
            next: 0,
            removed: VecDeque::new(),
            keys: Keys::default(),
            is_checked: false,
        })
    }

    /// Watches until its time is over; what is under way then is given up.
    pub(super) async fn watch(&mut self) {
        let end = self.start + self.end;
        let _ = tokio::time::timeout_at(end, self.look_on()).await;
    }

    async fn look_on(&mut self) {
        loop {
            let asked_at = clock::now();
            let rest = self.turn().await;
            self.rest_until(asked_at + rest).await;
        }
    }

    /// Between two polls there is time to come back for what has left the list.
    async fn rest_until(&mut self, poll_at: Instant) {
        loop {
            self.fetch_again().await;
            if poll_at <= clock::now() {
                return;
            }
            let due = self.removed.front().map(|removed| self.start + removed.due);
            let wake_at = due.map_or(poll_at, |due| due.min(poll_at));
            sleep_until(wake_at).await;
            self.note_delay(wake_at);
        }
    }

    /// Whoever is woken late is on a machine that is held up, and cannot say that others are slow.
    fn note_delay(&mut self, wake_at: Instant) {
        let (planned, now) = (wake_at.duration_since(self.start), self.elapsed());
        if planned + HELD_UP_MIN < now {
            self.checker.outage(planned, now);
        }
    }

    pub(super) fn report(mut self) -> Report {
        self.report.watched = self.elapsed();
        self.report.not_yet = self.removed.len() as u64;
        self.report.left_out = self.checker.findings_left_out();
        self.report.findings = self.checker.findings().to_vec();
        self.report
    }

    fn elapsed(&self) -> Duration {
        clock::now().duration_since(self.start)
    }

    /// Polls once, and fetches what is new; returns how long after that to poll again.
    async fn turn(&mut self) -> Duration {
        let asked_at = self.elapsed();
        let answer = ask(&Method::GET, &self.url, &[], ANSWER_MAX).await;
        let list = match answer {
            Ok(answer) if answer.status == 200 => self.read(asked_at, &answer),
            Ok(answer) => self.no_list(&format!("the list answers {}", answer.status)),
            Err(error) => self.no_list(&format!("the list does not answer: {error}")),
        };
        let Some((list, changed)) = list else {
            return RETRY_REST;
        };
        self.fetch_new(&list).await;
        // RFC 8216 6.3.4: half the time where the list has not changed.
        if changed {
            list.target_duration
        } else {
            list.target_duration / 2
        }
    }

    fn no_list(&mut self, why: &str) -> Option<(hls::Media, bool)> {
        let at = self.elapsed();
        self.checker.no_list(at, why);
        None
    }

    /// Tells the checker, and notes where things are; says whether the list has changed.
    fn read(&mut self, asked_at: Duration, answer: &Answer) -> Option<(hls::Media, bool)> {
        let text = answer.bytes();
        let changed = text != self.text;
        // A list that is old was so when it was asked for; one that is new may have become so on the way.
        let at = if changed { self.elapsed() } else { asked_at };
        self.report.lists += 1;
        self.checker.text(at, &text);
        let Ok(hls::Playlist::Media(list)) = hls::read(&text) else {
            return None;
        };
        self.note_places(at, &list, &answer.url);
        self.text = text;
        Some((list, changed))
    }

    fn note_places(&mut self, at: Duration, list: &hls::Media, base: &Url) {
        let place = |it: &hls::Segment| Some((it.sequence, Place::of(it, base)?));
        let listed: BTreeMap<_, _> = list.segments.iter().filter_map(place).collect();
        let before = std::mem::replace(&mut self.listed, listed);
        for (number, place) in before {
            if !self.listed.contains_key(&number) && self.removed.len() < WAITING_MAX {
                let due = self.checker.kept_until(number).unwrap_or(at);
                let due = due.saturating_sub(EARLY);
                self.removed.push_back(Removed { due, number, place });
            }
        }
        if list
            .segments
            .last()
            .is_some_and(|it| it.sequence + 1 < self.next)
        {
            // It counts anew: what comes now is new, whatever its number.
            self.next = list.media_sequence;
        }
    }

    async fn fetch_new(&mut self, list: &hls::Media) {
        for segment in list.segments.iter().filter(|it| !it.gap) {
            let place = self.listed.get(&segment.sequence).cloned();
            let Some(place) = place.filter(|_| self.next <= segment.sequence) else {
                continue;
            };
            self.next = segment.sequence + 1;
            let fetched = self.fetch(segment.sequence, &place).await;
            self.report.segments += 1;
            let Some(answer) = fetched else { continue };
            self.report.bytes += answer.body.iter().map(|it| it.len() as u64).sum::<u64>();
            if let Some(seal) = place.seal.as_ref().filter(|_| answer.status == 200) {
                self.open(segment.sequence, seal, &answer).await;
            }
            if !self.is_checked && answer.status == 200 {
                self.is_checked = true;
                self.check_manners(&answer, list.target_duration).await;
            }
        }
    }

    /// A wrong vector spoils but the first bytes, which no player shows.
    async fn open(&mut self, number: u64, seal: &Seal, answer: &Answer) {
        let opened = self.keys.open(seal, &answer.bytes()).await;
        let at = self.elapsed();
        match opened {
            Ok(plain) => self.checker.opened(at, number, &[plain]),
            Err((rule, why)) => self
                .checker
                .broke_each(at, rule, || format!("{number}: {why}")),
        }
    }

    async fn check_manners(&mut self, segment: &Answer, target: Duration) {
        let found = manners::check(&self.url, segment, target).await;
        let at = self.elapsed();
        for (rule, what) in found {
            self.checker.broke_each(at, rule, || what);
        }
    }

    /// Comes back for what has left the list and must be there a moment longer.
    async fn fetch_again(&mut self) {
        let now = self.elapsed();
        while let Some(Removed { number, place, .. }) =
            self.removed.pop_front_if(|removed| removed.due <= now)
        {
            self.fetch(number, &place).await;
            self.report.fetched_again += 1;
        }
    }

    async fn fetch(&mut self, number: u64, place: &Place) -> Option<Answer> {
        let asked_at = self.elapsed();
        let range = place.range.as_deref().map(|range| ("range", range));
        let answer = ask(&Method::GET, &place.url, range.as_slice(), ANSWER_MAX).await;
        match answer {
            Ok(answer) => {
                let told = SegmentAnswer {
                    status: answer.status,
                    declared: answer.declared(),
                    body: &answer.body,
                };
                self.checker.segment(asked_at, number, &told);
                Some(answer)
            }
            Err(error) => {
                self.checker.refused(asked_at, number, &error.to_string());
                None
            }
        }
    }
}

impl Place {
    fn of(segment: &hls::Segment, base: &Url) -> Option<Self> {
        let range = segment.byte_range.map(|range| {
            let last = (range.offset + range.length).saturating_sub(1);
            format!("bytes={}-{last}", range.offset)
        });
        let url = hls::resolve(base, &segment.uri).ok()?;
        let seal = Seal::of(segment, base);
        Some(Self { url, range, seal })
    }
}

/// Where the media playlist is that an entry point leads to.
fn media_url(answer: &Answer) -> Result<Url, String> {
    if answer.status != 200 {
        return Err(format!("it answers {}", answer.status));
    }
    let read = hls::read(&answer.bytes()).map_err(|error| error.to_string())?;
    let list = match read {
        hls::Playlist::Media(_) => return Ok(answer.url.clone()),
        hls::Playlist::Multivariant(list) => list,
    };
    let variant = list.variants.first().ok_or("it has no variant")?;
    hls::resolve(&answer.url, &variant.uri).map_err(|error| error.to_string())
}
