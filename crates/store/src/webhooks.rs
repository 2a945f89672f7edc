//! What is kept of receivers of news: where they are, what they want, and how far each has got.

use tokio::sync::oneshot;

use crate::Store;
use crate::writer::Order;

/// A receiver of news as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    /// What it is known by.
    pub id: String,
    /// What people call it.
    pub name: Option<String>,
    /// Where it is. It may hold a password.
    pub url: String,
    /// The kinds of news that it wants; all, if none is named.
    pub kinds: Option<Vec<String>>,
    /// What is sent is signed with it. Never to be shown.
    pub secret: Option<String>,
    /// Whether it is sent anything.
    pub enabled: bool,
    /// The last news that it has got, or that passed it by.
    pub cursor: u64,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook")
            .field("id", &self.id)
            .field("cursor", &self.cursor)
            .finish_non_exhaustive()
    }
}

/// One change of what is kept of receivers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookChange {
    /// A receiver is as this says, whatever was known of it.
    Put(Webhook),
    /// It has got this far; nothing, if it is no more.
    Reached {
        /// Which.
        id: String,
        /// The last news.
        cursor: u64,
    },
    /// It is no more.
    Removed {
        /// Which.
        id: String,
    },
}

impl Store {
    /// The receivers that are kept, in the order of their ids; none when the disk fails.
    pub async fn webhooks(&self) -> Vec<Webhook> {
        let (answer, received) = oneshot::channel();
        match self.orders.send(Order::Webhooks { answer }).await {
            Ok(()) => received.await.unwrap_or_default(),
            Err(_) => Vec::new(),
        }
    }

    /// Keeps changes of receivers, all or none; returns whether they are on the disk.
    pub async fn keep_webhooks(&self, changes: Vec<WebhookChange>) -> bool {
        let (answer, received) = oneshot::channel();
        let order = Order::Webhook {
            changes,
            answer: Some(answer),
        };
        self.orders.send(order).await.is_ok() && received.await.unwrap_or(false)
    }

    /// Keeps how far a receiver has got. Does not wait; returns whether there was room for it.
    pub fn reached(&self, id: &str, cursor: u64) -> bool {
        let order = Order::Webhook {
            changes: vec![WebhookChange::Reached {
                id: id.to_owned(),
                cursor,
            }],
            answer: None,
        };
        self.orders.try_send(order).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(id: &str) -> Webhook {
        Webhook {
            id: id.into(),
            name: Some("phone".into()),
            url: "http://10.0.0.5/hook?x=1".into(),
            kinds: Some(vec!["stream_failed".into(), "disk_failing".into()]),
            secret: Some("open sesame".into()),
            enabled: true,
            cursor: 7,
        }
    }

    #[tokio::test]
    async fn receivers_survive_a_restart_with_how_far_they_have_got() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, _) = Store::open(folder.path()).expect("a new store");
        assert!(store.webhooks().await.is_empty());
        let plain = Webhook {
            name: None,
            kinds: None,
            secret: None,
            enabled: false,
            ..webhook("b")
        };
        let all = [webhook("a"), plain.clone(), webhook("c")];
        let puts = all.into_iter().map(WebhookChange::Put);
        assert!(store.keep_webhooks(puts.collect()).await);
        assert!(store.reached("a", 19) && store.reached("gone", 5));
        let id = "c".to_owned();
        let removed = vec![WebhookChange::Removed { id }];
        assert!(store.keep_webhooks(removed).await);
        drop(store);
        let (store, _) = Store::open(folder.path()).expect("the same store");
        let far = Webhook {
            cursor: 19,
            ..webhook("a")
        };
        assert_eq!(store.webhooks().await, [far, plain]);
    }

    #[test]
    fn what_is_shown_of_a_receiver_is_no_secret() {
        let shown = format!("{:?}", WebhookChange::Put(webhook("a")));
        assert!(
            !shown.contains("sesame") && !shown.contains("10.0.0.5"),
            "{shown}"
        );
    }
}
