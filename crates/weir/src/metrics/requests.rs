//! Requests that were answered, counted by route: a few additions each, without a lock on the short way.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::sheet::Histogram;

/// Bounds of the times that are told apart, in microseconds: from a playlist out of memory to a start that takes long.
const BOUNDS: [u64; BUCKETS - 1] = [
    100, 500, 1_000, 5_000, 10_000, 50_000, 100_000, 500_000, 1_000_000, 5_000_000, 10_000_000,
    30_000_000,
];

/// Times that are told apart.
pub const BUCKETS: usize = 13;

/// Classes of statuses: 1xx to 5xx.
const CLASSES: usize = 5;

/// Routes that are told apart. There are fewer; paths that lead nowhere are one.
const ROUTES_MAX: usize = 200;

/// The route of whatever has none.
const NOWHERE: &str = "none";

/// All requests; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    /// Live playlists.
    pub playlists: Arc<Timed>,
    /// Segments.
    pub segments: Arc<Timed>,
    routes: Arc<RwLock<BTreeMap<Box<str>, Arc<Timed>>>>,
}

/// The requests of one route.
#[derive(Debug, Default)]
pub struct Timed {
    statuses: [AtomicU64; CLASSES],
    buckets: [AtomicU64; BUCKETS],
    micros: AtomicU64,
}

impl Requests {
    /// Counts those of two routes by themselves, for who has no time to look a route up.
    pub fn new(playlists: &str, segments: &str) -> Self {
        let requests = Self::default();
        let mut routes = requests
            .routes
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        routes.insert(playlists.into(), Arc::clone(&requests.playlists));
        routes.insert(segments.into(), Arc::clone(&requests.segments));
        drop(routes);
        requests
    }

    /// Counts a request of a route, or of none.
    pub fn count(&self, route: Option<&str>, status: u16, took: Duration) {
        self.route(route.unwrap_or(NOWHERE)).count(status, took);
    }

    /// All routes that were asked for.
    pub fn all(&self) -> Vec<(Box<str>, Arc<Timed>)> {
        let routes = self.routes.read().unwrap_or_else(PoisonError::into_inner);
        let all = routes.iter();
        all.map(|(route, timed)| (route.clone(), Arc::clone(timed)))
            .collect()
    }

    fn route(&self, route: &str) -> Arc<Timed> {
        let routes = self.routes.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(timed) = routes.get(route) {
            return Arc::clone(timed);
        }
        let full = ROUTES_MAX <= routes.len();
        drop(routes);
        let route = if full { NOWHERE } else { route };
        let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(routes.entry(route.into()).or_default())
    }
}

impl Timed {
    /// A request was answered so, and it took so long until the head of the answer.
    pub fn count(&self, status: u16, took: Duration) {
        let class = usize::from(status / 100).clamp(1, CLASSES) - 1;
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.partition_point(|bound| *bound < micros);
        self.statuses[class].fetch_add(1, Ordering::Relaxed);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// How many were answered, by class of status, where there were any.
    pub fn statuses(&self) -> Vec<(&'static str, u64)> {
        let classes = ["1xx", "2xx", "3xx", "4xx", "5xx"];
        let counted = self
            .statuses
            .iter()
            .map(|count| count.load(Ordering::Relaxed));
        let counted = classes.into_iter().zip(counted);
        counted.filter(|(_, count)| 0 < *count).collect()
    }

    /// How long they took.
    pub fn times(&self) -> Histogram {
        let bounds = BOUNDS.iter().map(|micros| *micros as f64 / 1e6);
        let bounds = bounds.chain([f64::INFINITY]);
        let counts = self.buckets.iter().map(|it| it.load(Ordering::Relaxed));
        Histogram {
            sum: self.micros.load(Ordering::Relaxed) as f64 / 1e6,
            buckets: bounds.zip(counts).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_told_apart_by_route_status_and_time() {
        let requests = Requests::new("/list", "/segment");
        requests.segments.count(200, Duration::from_micros(90));
        requests.count(Some("/segment"), 404, Duration::from_secs(60));
        requests.count(None, 404, Duration::ZERO);
        let all = requests.all();
        let routes: Vec<_> = all.iter().map(|(route, _)| &**route).collect();
        assert_eq!(routes, ["/list", "/segment", "none"]);
        let timed = &all[1].1;
        assert_eq!(timed.statuses(), [("2xx", 1), ("4xx", 1)]);
        let times = timed.times();
        assert_eq!((times.buckets[0], times.buckets[12].1), ((0.000_1, 1), 1));
        assert!((times.sum - 60.000_09).abs() < 1e-9);
    }

    #[test]
    fn routes_are_bounded() {
        let requests = Requests::default();
        for number in 0..1_000 {
            requests.count(Some(&format!("/{number}")), 200, Duration::ZERO);
        }
        assert!(requests.all().len() <= ROUTES_MAX + 1);
        let counted: u64 = (requests.all().iter())
            .flat_map(|(_, timed)| timed.statuses())
            .map(|(_, count)| count)
            .sum();
        assert_eq!(counted, 1_000);
    }
}
