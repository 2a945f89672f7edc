//! Which infohash a content id stands for, as engines have told: two names of one content make one channel.

use std::collections::{BTreeMap, VecDeque};

use store::CONTENTS_MAX;

/// The newest pairs that are known, at most `CONTENTS_MAX`.
#[derive(Debug, Default)]
pub(super) struct Contents {
    infohashes: BTreeMap<String, String>,
    /// Ids in the order in which they were learnt.
    order: VecDeque<String>,
}

impl Contents {
    /// Takes a pair in; returns whether it is new.
    pub(super) fn learn(&mut self, id: &str, infohash: &str) -> bool {
        let known = self.infohashes.insert(id.to_owned(), infohash.to_owned());
        if let Some(known) = known {
            return known != infohash;
        }
        self.order.push_back(id.to_owned());
        if CONTENTS_MAX < self.order.len()
            && let Some(oldest) = self.order.pop_front()
        {
            self.infohashes.remove(&oldest);
        }
        true
    }

    /// What an id stands for.
    pub(super) fn infohash(&self, id: &str) -> Option<&str> {
        self.infohashes.get(id).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_pairs_are_known_and_the_oldest_forgotten() {
        let mut contents = Contents::default();
        assert!(contents.learn("x", "1"));
        assert!(!contents.learn("x", "1"));
        assert!(contents.learn("x", "2"));
        assert_eq!(contents.infohash("x"), Some("2"));
        for number in 0..CONTENTS_MAX {
            contents.learn(&number.to_string(), "3");
        }
        assert_eq!(contents.infohash("x"), None);
        assert_eq!(contents.infohash("0"), Some("3"));
    }
}
