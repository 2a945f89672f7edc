//! The numbers that a channel's earlier lives may have used, from the store and back to it.

use std::time::Duration;

use channel::Promise;
use store::{Numbers, Store};

/// Longest wait for the disk before a channel starts without it.
const STORE_PATIENCE: Duration = Duration::from_secs(1);

/// What was promised for a channel; without the disk's word the clock alone keeps numbers rising.
pub(super) async fn promised(store: &Store, channel: &str) -> Option<Promise> {
    let kept = tokio::time::timeout(STORE_PATIENCE, store.numbers(channel)).await;
    let Numbers {
        sequence,
        discontinuities,
        date,
    } = kept.ok()??;
    Some(Promise {
        sequence,
        discontinuities,
        date,
    })
}

/// Keeps a new promise. It does not wait.
pub(super) fn remember(store: &Store, channel: &str, promise: Promise) {
    let Promise {
        sequence,
        discontinuities,
        date,
    } = promise;
    let numbers = Numbers {
        sequence,
        discontinuities,
        date,
    };
    store.remember(channel, numbers);
}
