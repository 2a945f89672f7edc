//! Asks what time it is, for the whole crate; nothing else does.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Now, by the runtime's clock: a test that pauses time pauses the simulator.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the clock module of this crate"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Seconds since 1970, read once at a start; later values are this plus elapsed time.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the clock module of this crate"
)]
pub(crate) fn unix() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}
