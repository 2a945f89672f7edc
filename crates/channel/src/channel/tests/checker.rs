//! What must hold after every step of a channel, whatever it was told: the rules that players and
//! the service rely on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::channel::{Channel, Effect, Input, State};
use crate::event::Event;
use crate::growing::Growing;
use crate::numbering::Promise;
use crate::queue::{FETCHES_MAX, ItemId};
use crate::segment::MediaSequence;
use crate::settings::{PUBLISHED_SEGMENTS_MIN, Settings};
use crate::snapshot::Snapshot;
use crate::source::{PullId, Where};
use crate::time::Moment;
use crate::window::HELD_MAX;

/// What a number stands for, for ever.
#[derive(Debug, PartialEq)]
struct Entry {
    path: String,
    duration: Duration,
    discontinuities: u64,
    key: Option<hls::Key>,
    map: Option<String>,
    date: Option<Timestamp>,
}

#[derive(Debug, Default)]
pub(crate) struct Checker {
    /// The pulls whose sources may be open, and whether they are being closed.
    open: BTreeMap<PullId, bool>,
    polling: BTreeSet<PullId>,
    fetching: BTreeSet<ItemId>,
    alive: bool,
    entries: BTreeMap<u64, Entry>,
    sequence: u64,
    discontinuity_sequence: u64,
    target: Option<Duration>,
    served: bool,
    promise: Promise,
    /// What viewers may be following.
    followed: Option<Arc<Growing>>,
}

impl Checker {
    pub(crate) fn before(&mut self, input: &Input) {
        match input {
            Input::OpenFailed { pull, .. } if self.is_open(*pull) => {
                self.open.remove(pull);
            }
            Input::Closed { pull } if self.open.get(pull) == Some(&true) => {
                self.open.remove(pull);
            }
            Input::Polled { pull, .. } if self.is_open(*pull) => {
                self.polling.remove(pull);
            }
            Input::Fetched { pull, item, .. } if self.is_open(*pull) => {
                self.fetching.remove(item);
            }
            _ => {}
        }
    }

    /// Whether a pull's source is open, or being opened or closed.
    pub(crate) fn knows(&self, pull: PullId) -> bool {
        self.open.contains_key(&pull)
    }

    fn is_open(&self, pull: PullId) -> bool {
        self.open.get(&pull) == Some(&false)
    }

    pub(crate) fn after(
        &mut self,
        now: Moment,
        effects: &[Effect],
        channel: &Channel,
        settings: &Settings,
    ) {
        for effect in effects {
            self.effect(effect, settings);
        }
        let deadline = channel.deadline(settings);
        assert!(
            deadline.is_none_or(|at| now < at),
            "a deadline that is past is a busy loop"
        );
        let waits = deadline.is_some() || self.open.values().any(|closing| *closing);
        let at_rest = matches!(channel.state, State::Idle | State::Over);
        assert!(
            waits || at_rest,
            "nothing will ever wake {:?}",
            channel.state
        );
        assert!(channel.queue.fetching() <= FETCHES_MAX);
    }

    fn effect(&mut self, effect: &Effect, settings: &Settings) {
        match effect {
            Effect::Open { pull, at, .. } => {
                let beside: Vec<_> = self.open.values().copied().collect();
                match at {
                    Where::Beside => assert_eq!(beside, [false], "a second beside an open first"),
                    _ => assert!(beside.is_empty(), "one pull at a time"),
                }
                self.open.insert(*pull, false);
            }
            Effect::Close { pull } => {
                assert!(self.is_open(*pull), "only what is open is closed");
                self.open.insert(*pull, true);
                self.polling.remove(pull);
                self.fetching.clear();
            }
            Effect::Poll { pull } => {
                assert!(self.is_open(*pull));
                assert!(self.polling.insert(*pull), "one poll at a time");
            }
            Effect::Fetch {
                pull,
                item,
                segment,
            } => {
                assert!(self.is_open(*pull) && !segment.gap);
                self.fetching.insert(*item);
            }
            Effect::Load { pull, .. } | Effect::Read { pull } | Effect::Measure { pull } => {
                assert!(self.is_open(*pull));
            }
            Effect::Tell(Event::Started) => {
                assert!(
                    !std::mem::replace(&mut self.alive, true),
                    "a life starts once"
                );
                self.target = None;
                self.served = false;
            }
            Effect::Tell(Event::Ended { .. }) => {
                assert!(std::mem::take(&mut self.alive), "a life ends once");
            }
            Effect::Tell(_) | Effect::Wake => {}
            Effect::Remember(promise) => self.promise = *promise,
            Effect::Finish => {
                assert!(self.open.is_empty(), "an end leaves nothing open");
                assert!(!self.alive, "an end is told before");
            }
            Effect::Publish(snapshot) => self.snapshot(snapshot, settings),
        }
    }

    /// What could be followed becomes a segment, byte for byte, unless its life ended.
    fn follow(&mut self, snapshot: &Snapshot) {
        let window = &snapshot.window;
        if let Some(open) = &snapshot.open {
            assert_eq!(open.sequence(), window.next(), "it comes next");
        }
        let known = |it: &Arc<Growing>| {
            snapshot
                .open
                .as_ref()
                .is_some_and(|open| Arc::ptr_eq(it, open))
        };
        let Some(followed) = self.followed.take_if(|it| !known(it)) else {
            self.followed.clone_from(&snapshot.open);
            return;
        };
        match window.segment(followed.sequence()).map(|it| it.part()) {
            Some(Ok(part)) if Arc::ptr_eq(&part.opening, followed.opening()) => {
                let mut pieces = Vec::new();
                followed.media_from(0, &mut pieces);
                let (whole, followed) = (part.media.concat(), pieces.concat());
                // Half a picture at the end of a body that broke off is in no segment.
                assert!(whole.starts_with(&followed) || followed.starts_with(&whole));
            }
            Some(_) => assert!(!self.alive, "it has become another segment"),
            // It waits for its time, or the window has no room.
            None if snapshot.is_running() && window.next() <= followed.sequence() => {
                self.followed = Some(followed);
                return;
            }
            None => {}
        }
        self.followed.clone_from(&snapshot.open);
    }

    fn snapshot(&mut self, snapshot: &Snapshot, settings: &Settings) {
        let window = &snapshot.window;
        let held = window.held().len();
        let needed = window.listed_least();
        let oldest = window.held().next().map(|segment| segment.duration);
        let spared = window.duration().saturating_sub(oldest.unwrap_or_default());
        assert!(
            held <= settings.segments_max.max(PUBLISHED_SEGMENTS_MIN)
                || (held <= HELD_MAX && spared < needed),
            "more is held than is set, and than a list needs"
        );
        assert!(window.bytes() <= settings.bytes_max || held <= PUBLISHED_SEGMENTS_MIN);
        assert_eq!(
            window.bytes(),
            window.held().map(|it| it.body.len()).sum::<usize>()
        );
        assert!(
            window.next().0 <= self.promise.sequence,
            "numbers are promised before use"
        );
        self.follow(snapshot);
        let Some(template) = &snapshot.playlist else {
            assert!(
                !self.served || !self.alive,
                "a list that was served does not vanish"
            );
            return;
        };
        self.served = true;
        self.playlist(&crate::testing::read(&template.render("token")));
        for segment in window.listed() {
            let key = segment.key.as_ref().and_then(|key| key.resource.as_ref());
            for resource in segment.map.iter().chain(key) {
                assert!(window.resource(resource.number).is_some());
            }
            assert!(window.segment(segment.sequence).is_some());
        }
        assert!(window.segment(MediaSequence(u64::MAX)).is_none());
    }

    fn playlist(&mut self, list: &hls::Media) {
        assert!(
            self.sequence <= list.media_sequence,
            "the media sequence never falls"
        );
        self.sequence = list.media_sequence;
        assert!(self.discontinuity_sequence <= list.discontinuity_sequence);
        self.discontinuity_sequence = list.discontinuity_sequence;
        assert_eq!(
            *self.target.get_or_insert(list.target_duration),
            list.target_duration
        );
        assert!(
            list.ended || PUBLISHED_SEGMENTS_MIN <= list.segments.len(),
            "a short list"
        );
        let mut discontinuities = list.discontinuity_sequence;
        let mut date = None;
        for segment in &list.segments {
            discontinuities += u64::from(segment.discontinuity);
            assert!(segment.duration.as_secs_f64().round() <= list.target_duration.as_secs_f64());
            let listed = segment.program_date_time.or(date);
            assert!(date <= listed, "dates never go back");
            date = listed;
            let key = segment.key.as_deref().map(|key| hls::Key {
                uri: key.uri.as_deref().map(path),
                ..key.clone()
            });
            let entry = Entry {
                path: path(&segment.uri),
                duration: segment.duration,
                discontinuities,
                key,
                map: segment.map.as_ref().map(|map| path(&map.uri)),
                date: segment.program_date_time,
            };
            let newest = self.entries.keys().next_back().copied();
            let known = self.entries.get(&segment.sequence);
            assert!(
                known.is_none_or(|it| *it == entry),
                "a number means one thing: {entry:?} {known:?}"
            );
            assert!(
                known.is_some() || newest < Some(segment.sequence),
                "numbers come in order"
            );
            self.entries.insert(segment.sequence, entry);
        }
    }
}

/// An address without what is each viewer's own.
fn path(uri: &str) -> String {
    uri.split('?').next().unwrap_or_default().to_owned()
}
