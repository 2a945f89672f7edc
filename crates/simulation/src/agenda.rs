//! What is still to happen, in the order of time; what falls on one moment keeps the order of being said.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::time::Duration;

#[derive(Debug)]
struct Entry<T> {
    at: Duration,
    order: u64,
    what: T,
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    /// The earliest is the greatest, since that is what a heap gives first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

/// The queue of a simulated world.
#[derive(Debug)]
pub(crate) struct Agenda<T> {
    entries: BinaryHeap<Entry<T>>,
    order: u64,
}

impl<T> Agenda<T> {
    pub(crate) fn new() -> Self {
        Self {
            entries: BinaryHeap::new(),
            order: 0,
        }
    }

    pub(crate) fn at(&mut self, at: Duration, what: T) {
        let order = self.order;
        self.order += 1;
        self.entries.push(Entry { at, order, what });
    }

    /// The next to happen, no later than `until`.
    pub(crate) fn next(&mut self, until: Duration) -> Option<(Duration, T)> {
        if until < self.entries.peek()?.at {
            return None;
        }
        self.entries.pop().map(|entry| (entry.at, entry.what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_happen_in_the_order_of_time_and_then_of_being_said() {
        let mut agenda = Agenda::new();
        let at = Duration::from_secs;
        for (second, what) in [(3, 'c'), (1, 'a'), (3, 'd'), (2, 'b'), (9, 'z')] {
            agenda.at(at(second), what);
        }
        let all: String = std::iter::from_fn(|| agenda.next(at(5)))
            .map(|(_, what)| what)
            .collect();
        assert_eq!(all, "abcd");
    }
}
