//! Segments on their way in: fetched several at a time, handed on strictly in order.

use std::collections::VecDeque;
use std::time::Duration;

use crate::examine::Fit;
use crate::failure::Trouble;
use crate::time::Moment;

/// Names one wanted segment for as long as a channel lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId(pub u64);

/// Requests under way at once. Four fill a connection-limited source (a cold start in a third of
/// the time) and stay well under the ten connections that engines take well.
pub const FETCHES_MAX: usize = 4;

/// Segments fetched ahead of one that is still missing; they are held outside the window's bounds.
const AHEAD_MAX: usize = 8;

/// Segments that may wait; a source that lists more at once is skipped through.
pub(crate) const QUEUE_MAX: usize = 64;

/// First wait before a failed segment is asked for again; it doubles with each failure.
const RETRY_MIN: Duration = Duration::from_millis(250);

/// Longest wait before a failed segment is asked for again.
const RETRY_MAX: Duration = Duration::from_secs(2);

/// Shortest time that a running download is given.
const DOWNLOAD_MIN: Duration = Duration::from_secs(10);

/// One segment on its way.
#[derive(Debug)]
pub(crate) struct Item {
    /// Its name.
    pub(crate) id: ItemId,
    /// What the source says of it.
    pub(crate) segment: hls::Segment,
    /// Whether something is missing, or another source begins, just before it.
    pub(crate) breaks: bool,
    state: State,
    failures: u32,
    last_trouble: Option<Trouble>,
    first_tried: Option<Moment>,
    patience: Duration,
    listed: bool,
}

#[derive(Debug)]
enum State {
    Waiting { since: Moment },
    Fetching,
    Fetched(Fit),
}

impl Item {
    /// When the others stop waiting for it: a download that still runs gets half as long again,
    /// and never less than a slow one needs.
    fn give_up_at(&self) -> Option<Moment> {
        let patience = match self.state {
            State::Fetching => (self.patience * 3 / 2).max(DOWNLOAD_MIN),
            State::Waiting { .. } | State::Fetched(_) => self.patience,
        };
        self.first_tried.map(|at| at + patience)
    }
}

/// The head of the queue, when there is something to do about it.
#[derive(Debug)]
pub(crate) enum Head {
    /// It arrived: publish it.
    Fetched(Box<Item>, Fit),
    /// It cannot be had.
    Lost(Trouble),
}

/// The queue of one pull.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    items: VecDeque<Item>,
    next: u64,
    /// The next segment to be pushed does not follow on the one before.
    breaks: bool,
    /// Requests that were not their segment's first.
    retries: u64,
}

impl Queue {
    /// Requests that were not their segment's first, since this was last asked.
    pub(crate) fn take_retries(&mut self) -> u64 {
        std::mem::take(&mut self.retries)
    }

    /// Says that something is missing behind the last segment pushed.
    pub(crate) fn break_next(&mut self) {
        self.breaks = true;
    }

    /// Adds a segment at the end.
    pub(crate) fn push(&mut self, now: Moment, segment: hls::Segment) {
        let breaks = std::mem::take(&mut self.breaks);
        let id = ItemId(self.next);
        self.next += 1;
        self.items.push_back(Item {
            id,
            segment,
            breaks,
            state: State::Waiting { since: now },
            failures: 0,
            last_trouble: None,
            first_tried: None,
            patience: Duration::ZERO,
            listed: true,
        });
    }

    /// Drops what is waiting beyond the bound, oldest first; returns how many.
    pub(crate) fn shed(&mut self) -> usize {
        let surplus = self.items.len().saturating_sub(QUEUE_MAX);
        self.items.drain(..surplus);
        if let (Some(first), true) = (self.items.front_mut(), 0 < surplus) {
            first.breaks = true;
        }
        surplus
    }

    /// Whether nothing is on its way.
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// What waits, in order.
    pub(crate) fn segments(&self) -> impl Iterator<Item = &hls::Segment> + Clone {
        self.items.iter().map(|item| &item.segment)
    }

    /// Takes back what has not arrived, for a source that will list it again; returns the first
    /// number of it. Nothing is taken back across a break, where the source may count anew.
    pub(crate) fn take_back(&mut self) -> Option<u64> {
        let is_here = |item: &Item| matches!(item.state, State::Fetched(_));
        let at = self.items.iter().position(|item| !is_here(item))?;
        if self.items.range(at + 1..).any(|item| item.breaks) {
            return None;
        }
        let first = self.items.drain(at..).next()?;
        self.breaks |= first.breaks;
        Some(first.segment.sequence)
    }

    /// Media on its way, as the source states it.
    pub(crate) fn duration(&self) -> Duration {
        self.items.iter().map(|item| item.segment.duration).sum()
    }

    /// Requests under way.
    pub(crate) fn fetching(&self) -> usize {
        self.items
            .iter()
            .filter(|it| matches!(it.state, State::Fetching))
            .count()
    }

    /// Tells which numbers the source still lists: from `first` on.
    pub(crate) fn listed_from(&mut self, first: u64) {
        for item in &mut self.items {
            item.listed = first <= item.segment.sequence;
        }
    }

    /// What to ask for now, earliest first. `patience` is how long one segment may be tried.
    pub(crate) fn start(&mut self, now: Moment, patience: Duration) -> Vec<(ItemId, hls::Segment)> {
        let mut free = FETCHES_MAX.saturating_sub(self.fetching());
        let mut started = Vec::new();
        for item in self.items.iter_mut().take(AHEAD_MAX) {
            let due = matches!(item.state, State::Waiting { since } if since <= now);
            if due && 0 < free {
                free -= 1;
                item.state = State::Fetching;
                // What was begun in patience is not cut short by a target duration that shrinks.
                if item.first_tried.is_none() {
                    item.first_tried = Some(now);
                    item.patience = patience;
                } else {
                    self.retries += 1;
                }
                started.push((item.id, item.segment.clone()));
            }
        }
        started
    }

    /// A segment arrived. One that was given up meanwhile is not there any more.
    pub(crate) fn fetched(&mut self, id: ItemId, fit: Fit) {
        if let Some(item) = self.find(id) {
            item.state = State::Fetched(fit);
        }
    }

    /// A request failed; the segment is asked for again later.
    pub(crate) fn failed(&mut self, now: Moment, id: ItemId, trouble: Trouble) {
        if let Some(item) = self.find(id)
            && matches!(item.state, State::Fetching)
        {
            let wait = match &trouble {
                Trouble::Busy { retry_after, .. } => *retry_after,
                _ => (RETRY_MIN * 2_u32.saturating_pow(item.failures.min(8))).min(RETRY_MAX),
            };
            item.failures += 1;
            item.last_trouble = Some(trouble);
            item.state = State::Waiting { since: now + wait };
        }
    }

    /// Takes the head when it has arrived, or when it failed and is not worth another try: the
    /// source does not list it any more, or viewers would run dry waiting for it. `complete` says
    /// whether what a segment needs besides itself is there.
    pub(crate) fn pop(
        &mut self,
        now: Moment,
        complete: impl Fn(&hls::Segment) -> bool,
    ) -> Option<Head> {
        let head = self.items.front()?;
        let late = head.give_up_at().is_some_and(|at| at <= now);
        let complete = complete(&head.segment);
        let leaves = match &head.state {
            State::Fetched(_) => complete || late,
            State::Waiting { .. } => head.last_trouble.is_some() && (late || !head.listed),
            State::Fetching => late,
        };
        if !leaves {
            return None;
        }
        self.items.pop_front().map(|item| leave(item, complete))
    }

    /// Empties the queue: what has arrived is worth publishing, the rest is lost.
    pub(crate) fn drain(&mut self, complete: impl Fn(&hls::Segment) -> bool) -> Vec<Head> {
        let items = std::mem::take(&mut self.items);
        items
            .into_iter()
            .map(|item| {
                let complete = complete(&item.segment);
                leave(item, complete)
            })
            .collect()
    }

    /// The next moment at which something is to be done without news from outside.
    pub(crate) fn deadline(&self) -> Option<Moment> {
        let free = self.fetching() < FETCHES_MAX;
        let ahead = self.items.iter().take(AHEAD_MAX);
        let due = ahead.filter_map(|item| match item.state {
            State::Waiting { since } if free => Some(since),
            _ => None,
        });
        let give_up = self.items.front().and_then(Item::give_up_at);
        due.chain(give_up).min()
    }

    fn find(&mut self, id: ItemId) -> Option<&mut Item> {
        self.items.iter_mut().find(|item| item.id == id)
    }
}

fn leave(mut item: Item, complete: bool) -> Head {
    match std::mem::replace(&mut item.state, State::Fetching) {
        State::Fetched(fit) if complete => Head::Fetched(Box::new(item), fit),
        State::Fetched(_) => Head::Lost(Trouble::Unfit(
            "its key or initialisation section is missing".into(),
        )),
        State::Waiting { .. } | State::Fetching => {
            let trouble = item.last_trouble.take();
            let trouble = trouble.unwrap_or(Trouble::Unfit("it did not arrive in time".into()));
            Head::Lost(trouble)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{list, media};

    const PATIENCE: Duration = Duration::from_secs(4);

    fn at(millis: u64) -> Moment {
        Moment(Duration::from_millis(millis))
    }

    fn queue(count: usize) -> Queue {
        let mut queue = Queue::default();
        for segment in list("a", 0, count).segments {
            queue.push(at(0), segment);
        }
        queue
    }

    fn started(queue: &mut Queue, now: Moment) -> Vec<u64> {
        queue
            .start(now, PATIENCE)
            .into_iter()
            .map(|(id, _)| id.0)
            .collect()
    }

    #[test]
    fn a_segment_that_is_tried_again_keeps_the_time_that_it_was_given() {
        let mut queue = queue(1);
        let id = queue.start(at(0), PATIENCE * 5)[0].0;
        queue.failed(at(11_000), id, Trouble::Status("500".into()));
        assert_eq!(queue.start(at(11_250), PATIENCE / 4).len(), 1);
        assert_eq!(queue.deadline(), Some(at(30_000)));
    }

    fn popped(queue: &mut Queue, now: Moment) -> Vec<Option<u64>> {
        std::iter::from_fn(|| queue.pop(now, |_| true))
            .map(|head| match head {
                Head::Fetched(item, _) => Some(item.id.0),
                Head::Lost(_) => None,
            })
            .collect()
    }

    fn not_found() -> Trouble {
        Trouble::Status("404".into())
    }

    #[test]
    fn four_segments_are_fetched_at_once_and_handed_on_in_order() {
        let mut queue = queue(6);
        assert_eq!(started(&mut queue, at(0)), [0, 1, 2, 3]);
        queue.fetched(ItemId(1), media(1, 0, 2000));
        assert_eq!(popped(&mut queue, at(1)), []);
        assert_eq!(started(&mut queue, at(1)), [4]);
        queue.fetched(ItemId(0), media(0, 0, 2000));
        assert_eq!(popped(&mut queue, at(2)), [Some(0), Some(1)]);
    }

    #[test]
    fn a_failed_segment_is_asked_for_again_with_growing_waits() {
        let mut queue = queue(1);
        started(&mut queue, at(0));
        queue.failed(at(10), ItemId(0), not_found());
        assert_eq!(started(&mut queue, at(100)), []);
        assert_eq!(queue.deadline(), Some(at(260)));
        assert_eq!(started(&mut queue, at(260)), [0]);
        queue.failed(at(270), ItemId(0), not_found());
        assert_eq!(queue.deadline(), Some(at(770)));
    }

    #[test]
    fn a_failed_segment_is_lost_once_the_source_lists_it_no_more() {
        let mut queue = queue(2);
        started(&mut queue, at(0));
        queue.failed(at(10), ItemId(0), not_found());
        assert_eq!(popped(&mut queue, at(10)), []);
        queue.listed_from(1);
        assert_eq!(popped(&mut queue, at(10)), [None]);
    }

    #[test]
    fn a_segment_that_keeps_failing_is_given_up_before_viewers_run_dry() {
        let mut queue = queue(2);
        started(&mut queue, at(0));
        queue.fetched(ItemId(1), media(1, 0, 2000));
        queue.failed(at(3990), ItemId(0), not_found());
        assert_eq!(popped(&mut queue, at(3999)), []);
        assert_eq!(popped(&mut queue, at(4000)), [None, Some(1)]);
    }

    #[test]
    fn a_request_that_never_answers_does_not_hold_the_others_up() {
        let mut queue = queue(2);
        started(&mut queue, at(0));
        queue.fetched(ItemId(1), media(1, 0, 2000));
        assert_eq!(queue.deadline(), Some(at(10_000)));
        assert_eq!(popped(&mut queue, at(10_000)), [None, Some(1)]);
        queue.fetched(ItemId(0), media(0, 0, 2000));
        assert!(queue.is_empty());
    }

    #[test]
    fn a_source_that_asks_for_rest_gets_it() {
        let mut queue = queue(1);
        started(&mut queue, at(0));
        let busy = Trouble::Busy {
            text: "503".into(),
            retry_after: Duration::from_secs(2),
        };
        queue.failed(at(0), ItemId(0), busy);
        assert_eq!(queue.deadline(), Some(at(2000)));
    }

    #[test]
    fn a_flood_of_listed_segments_is_bounded_and_leaves_a_break() {
        let mut queue = queue(100);
        assert_eq!(queue.shed(), 36);
        let first = queue.start(at(0), PATIENCE).remove(0);
        assert_eq!(first.0, ItemId(36));
        queue.fetched(ItemId(36), media(36, 0, 2000));
        assert!(matches!(queue.pop(at(0), |_| true), Some(Head::Fetched(item, _)) if item.breaks));
    }
}
