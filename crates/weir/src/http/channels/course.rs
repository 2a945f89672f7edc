//! A channel's buffer over time, as types.

use serde::Serialize;
use utoipa::ToSchema;

use crate::http::api::date;
use crate::series;

/// A channel's buffer over time.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Points {
    /// Time between two points.
    pub(super) interval_seconds: f64,
    /// Oldest first.
    pub(super) points: Vec<Point>,
}

/// A channel's buffer at one moment.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Point {
    /// When.
    at: String,
    /// Media held.
    seconds: f64,
    /// Bytes held.
    bytes: u64,
    /// Segments held.
    segments: u32,
    /// Media that waits for its time.
    reserve_seconds: f64,
    /// Bits per second from the source.
    in_bps: u64,
    /// Bits per second to the viewers.
    out_bps: u64,
    /// Who watches.
    viewers: u32,
    /// What the viewer with least can still play.
    playable_seconds_min: Option<f64>,
    /// Peers of the engine.
    peers: Option<u32>,
    /// KB/s that the engine receives.
    speed_down: Option<u32>,
    /// KB/s that the engine gives.
    speed_up: Option<u32>,
}

impl From<&series::Point> for Point {
    fn from(point: &series::Point) -> Self {
        Self {
            at: date(point.at),
            seconds: point.seconds.into(),
            bytes: point.bytes,
            segments: point.segments,
            reserve_seconds: point.reserve.into(),
            in_bps: point.in_bps,
            out_bps: point.out_bps,
            viewers: point.viewers,
            playable_seconds_min: point.playable_min.map(f64::from),
            peers: point.peers,
            speed_down: point.speed_down,
            speed_up: point.speed_up,
        }
    }
}
