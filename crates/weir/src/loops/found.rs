//! The channels that were found to loop, and for how long they are refused; a value that knows no clock.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use store::history;

/// Channels on the list; of more, those found first go.
const FOUND_MAX: usize = 1_000;

/// A channel that was found to loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looping {
    /// Its key.
    pub key: String,
    /// What its engine played.
    pub infohash: Option<String>,
    /// When it was found.
    pub at: Timestamp,
}

/// Those that were found, by key.
#[derive(Debug, Default)]
pub struct Found {
    looping: BTreeMap<String, Looping>,
}

impl Looping {
    /// Until when it is refused, if that has an end.
    pub fn until(&self, kept: Option<Duration>) -> Option<Timestamp> {
        self.at.checked_add(kept?).ok()
    }

    fn is_refused(&self, now: Timestamp, kept: Option<Duration>) -> bool {
        self.until(kept).is_none_or(|until| now < until)
    }
}

impl Found {
    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.looping.is_empty()
    }

    pub(super) fn add(&mut self, looping: Looping, now: Timestamp, kept: Option<Duration>) {
        self.looping.retain(|_, it| it.is_refused(now, kept));
        if FOUND_MAX <= self.looping.len()
            && let Some(first) = self.looping.values().min_by_key(|it| it.at)
        {
            let first = first.key.clone();
            self.looping.remove(&first);
        }
        self.looping.insert(looping.key.clone(), looping);
    }

    pub(super) fn list(&self, now: Timestamp, kept: Option<Duration>) -> Vec<Looping> {
        let refused = self.looping.values();
        let mut refused: Vec<_> = refused
            .filter(|it| it.is_refused(now, kept))
            .cloned()
            .collect();
        refused.sort_by_key(|it| it.at);
        refused
    }

    pub(super) fn has(
        &self,
        key: &str,
        hash: &str,
        now: Timestamp,
        kept: Option<Duration>,
    ) -> bool {
        let by_key = self.looping.get(key);
        let by_hash = || {
            let mut all = self.looping.values();
            all.find(|it| it.infohash.as_deref() == Some(hash))
        };
        let found = by_key.or_else(by_hash);
        found.is_some_and(|it| it.is_refused(now, kept))
    }

    pub(super) fn remove(
        &mut self,
        id: &str,
        now: Timestamp,
        kept: Option<Duration>,
    ) -> Option<String> {
        let of_id = |it: &&Looping| it.key == id || it.infohash.as_deref() == Some(id);
        let key = self.looping.values().find(of_id)?.key.clone();
        let removed = self.looping.remove(&key)?;
        removed.is_refused(now, kept).then_some(key)
    }

    pub(super) fn clear(&mut self, now: Timestamp, kept: Option<Duration>) -> usize {
        let refused = self.list(now, kept).len();
        self.looping.clear();
        refused
    }

    pub(super) fn rows(&self) -> Vec<history::Looping> {
        let rows = self.looping.values().cloned();
        rows.map(|Looping { key, infohash, at }| history::Looping { key, infohash, at })
            .collect()
    }
}

impl From<Vec<history::Looping>> for Found {
    fn from(rows: Vec<history::Looping>) -> Self {
        let looping = rows.into_iter().map(|row| {
            let history::Looping { key, infohash, at } = row;
            (key.clone(), Looping { key, infohash, at })
        });
        Self {
            looping: looping.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    fn looping(key: &str, second: i64) -> Looping {
        Looping {
            key: key.into(),
            infohash: Some(format!("hash of {key}")),
            at: at(second),
        }
    }

    const HOUR: Option<Duration> = Some(Duration::from_hours(1));

    #[test]
    fn one_is_refused_by_key_and_by_infohash_until_its_time_is_over() {
        let mut found = Found::default();
        found.add(looping("a", 0), at(0), HOUR);
        let has = |key: &str, hash: &str, second, kept| found.has(key, hash, at(second), kept);
        assert!(has("a", "", 3_599, HOUR) && has("infohash-x", "hash of a", 3_599, HOUR));
        assert!(!has("a", "", 3_600, HOUR) && !has("b", "b", 0, HOUR));
        assert!(has("a", "", 999_999_999, None));
    }

    #[test]
    fn one_is_taken_off_by_either_name_and_only_once() {
        let mut found = Found::default();
        found.add(looping("a", 0), at(0), None);
        found.add(looping("b", 1), at(1), None);
        assert_eq!(found.remove("hash of a", at(2), None), Some("a".into()));
        assert_eq!(found.remove("a", at(2), None), None);
        assert_eq!(found.clear(at(2), None), 1);
        assert!(found.is_empty());
    }

    #[test]
    fn the_list_is_bounded_and_what_is_over_leaves_it() {
        let mut found = Found::default();
        let last = i64::try_from(FOUND_MAX).expect("a small number");
        for second in 0..=last {
            found.add(looping(&format!("{second}"), second), at(second), None);
        }
        let list = found.list(at(5_000), None);
        assert_eq!(list.len(), FOUND_MAX);
        assert_eq!(list[0].key, "1");
        // Of those found at 1 s, 2 s and so on, the first 400 have been refused for an hour.
        assert_eq!(found.list(at(4_000), HOUR).len(), FOUND_MAX - 400);
        found.add(looping("late", 90_000), at(90_000), HOUR);
        assert_eq!(found.rows().len(), 1);
    }
}
