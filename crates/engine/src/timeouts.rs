//! How long each wait may take; a caller sets them, nothing here knows a clock.

use std::time::Duration;

/// The limits of one call, each of a different wait, so that none hides another. Together they bound a call:
/// a body without an end is the one thing that may last, and only while it moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// To look up a host, connect and shake hands.
    pub connect: Duration,
    /// From a start call's connection to its whole answer. An unknown infohash takes an engine 28 s to refuse.
    pub start: Duration,
    /// From a request's connection to the headers of its answer. An engine holds them back while it prebuffers,
    /// 45 s and more; for a segment of a running session, 10 s are plenty.
    pub first_byte: Duration,
    /// Between two reads of a body. An engine that looks for peers is silent for up to a minute.
    pub idle: Duration,
    /// From a playlist's headers to its last byte.
    pub playlist: Duration,
    /// From a segment's headers to its last byte: what comes slower than real time cannot be played.
    pub segment: Duration,
    /// A whole call for an engine's statistics.
    pub stat: Duration,
    /// A whole call to stop a session; an engine may hang here, and nobody should wait for it.
    pub stop: Duration,
    /// A whole call that asks whether an engine lives.
    pub probe: Duration,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            connect: Duration::from_secs(5),
            start: Duration::from_secs(60),
            first_byte: Duration::from_secs(60),
            idle: Duration::from_secs(30),
            playlist: Duration::from_secs(10),
            segment: Duration::from_secs(60),
            stat: Duration::from_secs(5),
            stop: Duration::from_secs(3),
            probe: Duration::from_secs(5),
        }
    }
}
