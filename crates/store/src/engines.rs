//! What is kept of engines: those that were added or learnt, what operators said of them, and which infohash each content
//! id stood for.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::oneshot;

use crate::Store;
use crate::writer::Order;

/// Content ids whose infohash is kept, the newest; each is a hundred bytes.
pub const CONTENTS_MAX: usize = 10_000;

/// An engine as it is kept. Addresses and origins are texts of the caller's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptEngine {
    /// Its host and port.
    pub address: String,
    /// How it came here.
    pub origin: String,
    /// What people call it.
    pub name: Option<String>,
    /// Whether peers can connect to it.
    pub forwarded: bool,
    /// Whether it is to get no channels.
    pub draining: bool,
    /// When it was first known.
    pub first_seen: Timestamp,
}

/// One change of what is kept of engines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineChange {
    /// An engine is as this says, whatever was known of it.
    Put(KeptEngine),
    /// It is no more.
    Removed {
        /// Its address.
        address: String,
    },
    /// A content id stands for an infohash.
    Content {
        /// The content id.
        id: String,
        /// The infohash.
        infohash: String,
    },
}

/// Everything that is kept of engines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptEngines {
    /// The engines, in the order in which they were first known.
    pub engines: Vec<KeptEngine>,
    /// Content ids and their infohashes, oldest first.
    pub contents: Vec<(String, String)>,
}

impl Store {
    /// What is kept of engines; nothing when the disk fails.
    pub async fn engines(&self) -> KeptEngines {
        let (answer, received) = oneshot::channel();
        let asked = self.orders.send(Order::Engines { answer }).await;
        match asked {
            Ok(()) => received.await.unwrap_or_default(),
            Err(_) => KeptEngines::default(),
        }
    }

    /// Keeps a change of what is known of engines. Does not wait; returns whether there was room for it.
    pub fn note(&self, change: EngineChange) -> bool {
        let order = Order::Note {
            change: Arc::new(change),
        };
        self.orders.try_send(order).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engine(address: &str, second: i64) -> KeptEngine {
        KeptEngine {
            address: address.into(),
            origin: "added".into(),
            name: Some("attic".into()),
            forwarded: true,
            draining: false,
            first_seen: Timestamp::from_second(second).expect("a date"),
        }
    }

    fn content(id: &str, infohash: &str) -> EngineChange {
        EngineChange::Content {
            id: id.into(),
            infohash: infohash.into(),
        }
    }

    #[tokio::test]
    async fn engines_and_contents_survive_a_restart_as_they_were_said_last() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, _) = Store::open(folder.path()).expect("a new store");
        assert_eq!(store.engines().await, KeptEngines::default());
        let (late, early) = (engine("b:1", 2), engine("a:1", 1));
        let drained = KeptEngine {
            draining: true,
            ..late.clone()
        };
        for change in [
            EngineChange::Put(late),
            EngineChange::Put(early.clone()),
            EngineChange::Put(engine("c:1", 3)),
            EngineChange::Put(drained.clone()),
            EngineChange::Removed {
                address: "c:1".into(),
            },
            content("x", "1"),
            content("y", "2"),
            content("x", "3"),
        ] {
            assert!(store.note(change));
        }
        store.flush().await;
        drop(store);
        let (store, _) = Store::open(folder.path()).expect("the same store");
        let kept = store.engines().await;
        assert_eq!(kept.engines, [early, drained]);
        let pairs = [("y", "2"), ("x", "3")].map(|(id, hash)| (id.to_owned(), hash.to_owned()));
        assert_eq!(kept.contents, pairs);
    }

    #[tokio::test]
    async fn only_the_newest_contents_are_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, _) = Store::open(folder.path()).expect("a new store");
        for number in 0..=CONTENTS_MAX {
            if !store.note(content(&number.to_string(), "1")) {
                store.flush().await;
                assert!(store.note(content(&number.to_string(), "1")));
            }
        }
        let kept = store.engines().await.contents;
        assert_eq!(kept.len(), CONTENTS_MAX);
        assert_eq!(kept[0].0, "1");
    }
}
