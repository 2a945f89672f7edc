//! Which channel plays which content: of two that turn out to play the same, the first keeps it; a value.

use std::collections::HashMap;

/// Infohashes, and the keys of the channels that play them. It holds what running channels play, and nothing else.
#[derive(Debug, Default)]
pub(super) struct Contents {
    keys: HashMap<String, String>,
}

impl Contents {
    /// A channel has opened a session of this content; returns the key of the channel that had one before it, if
    /// that one `runs` still.
    pub(super) fn claim(
        &mut self,
        infohash: &str,
        key: &str,
        runs: impl FnOnce(&str) -> bool,
    ) -> Option<String> {
        let holder = self.keys.get(infohash);
        if let Some(holder) = holder.filter(|it| *it != key && runs(it)) {
            return Some(holder.clone());
        }
        // A content id may come to stand for another infohash.
        self.release(key);
        self.keys.insert(infohash.to_owned(), key.to_owned());
        None
    }

    /// A channel is over.
    pub(super) fn release(&mut self, key: &str) {
        self.keys.retain(|_, holder| holder != key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_keeps_a_content_as_long_as_it_runs() {
        let mut contents = Contents::default();
        assert_eq!(contents.claim("abc", "one", |_| true), None);
        assert_eq!(contents.claim("abc", "one", |_| true), None);
        let holder = contents.claim("abc", "two", |key| key == "one");
        assert_eq!(holder.as_deref(), Some("one"));
        assert_eq!(contents.claim("abc", "two", |_| false), None);
        contents.release("two");
        assert_eq!(contents.claim("abc", "three", |_| true), None);
        assert_eq!(contents.keys.len(), 1);
    }

    #[test]
    fn a_channel_that_plays_something_else_now_holds_nothing_of_before() {
        let mut contents = Contents::default();
        assert_eq!(contents.claim("abc", "one", |_| true), None);
        assert_eq!(contents.claim("def", "one", |_| true), None);
        assert_eq!(contents.claim("abc", "two", |_| true), None);
    }
}
