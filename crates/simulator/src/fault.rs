//! Faults that tests switch on: where, how often, how long; what they do is done elsewhere.

mod apply;
mod gzip;
mod kinds;
mod rule;
mod shape;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio::time::Instant;

use crate::clock;

pub(crate) use apply::{apply, instead, shaped};
pub use kinds::{Ending, Endpoint, Fault, Http, Listing, Malformed, SecondReader, Session};
use rule::Armed;
pub(crate) use rule::Spot;
pub use rule::{Rule, RuleId};
pub(crate) use shape::Shape;

/// The faults of one server: a list of rules that tests change while it runs.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    rules: Vec<Armed>,
    used: BTreeMap<RuleId, u64>,
    last: u64,
}

impl Faults {
    /// Switches a fault on, in all places that know it, or where the rule says.
    pub fn add(&self, rule: impl Into<Rule>) -> RuleId {
        let armed_at = clock::now();
        let id = {
            let mut state = self.lock();
            state.last += 1;
            let id = RuleId(state.last);
            state.rules.push(Armed::new(id, rule.into(), armed_at));
            id
        };
        self.notify();
        id
    }

    /// Switches a fault on for the next `times` requests of an endpoint.
    pub fn next(&self, times: u64, endpoint: Endpoint, fault: impl Into<Fault>) -> RuleId {
        self.add(Rule::new(fault).on(endpoint).times(times))
    }

    /// Switches a fault on for an endpoint until it is removed.
    pub fn always(&self, endpoint: Endpoint, fault: impl Into<Fault>) -> RuleId {
        self.add(Rule::new(fault).on(endpoint))
    }

    /// Switches one fault off.
    pub fn remove(&self, id: RuleId) {
        self.lock().rules.retain(|armed| armed.id != id);
        self.notify();
    }

    /// Switches every fault off.
    pub fn clear(&self) {
        self.lock().rules.clear();
        self.notify();
    }

    /// How often a fault has struck, also after it is gone.
    pub fn used(&self, id: RuleId) -> u64 {
        self.lock().used.get(&id).copied().unwrap_or_default()
    }

    /// Whether a fault may still strike.
    pub fn armed(&self, id: RuleId) -> bool {
        let now = clock::now();
        self.lock()
            .rules
            .iter()
            .any(|armed| armed.id == id && !armed.over(now))
    }

    /// Waits until a fault has struck `times` times.
    pub async fn until_used(&self, id: RuleId, times: u64) {
        let mut changed = self.shared.changed.subscribe();
        while self.used(id) < times {
            if changed.changed().await.is_err() {
                return;
            }
        }
    }

    /// Whether a matching fault is on; it is not used up by asking.
    pub(crate) fn is_on(&self, spot: &Spot<'_>, wanted: impl Fn(&Fault) -> bool) -> bool {
        self.find(spot, |fault| wanted(fault).then_some(()))
            .is_some()
    }

    /// What the first matching fault says; it is not used up by asking.
    pub(crate) fn find<T>(&self, spot: &Spot<'_>, pick: impl Fn(&Fault) -> Option<T>) -> Option<T> {
        let now = clock::now();
        let state = self.lock();
        let mut fitting = state.rules.iter().filter(|armed| armed.fits(spot, now));
        fitting.find_map(|armed| pick(&armed.rule.fault))
    }

    /// Uses every matching fault once, except those in `seen`, which learns the new ones.
    pub(crate) fn take<T>(
        &self,
        spot: &Spot<'_>,
        seen: &mut BTreeSet<RuleId>,
        pick: impl Fn(&Fault) -> Option<T>,
    ) -> Vec<T> {
        let now = clock::now();
        let mut taken = Vec::new();
        {
            let mut state = self.lock();
            let State { rules, used, .. } = &mut *state;
            for armed in rules.iter_mut() {
                if seen.contains(&armed.id) || !armed.fits(spot, now) {
                    continue;
                }
                if let Some(picked) = pick(&armed.rule.fault) {
                    armed.use_up();
                    *used.entry(armed.id).or_default() += 1;
                    seen.insert(armed.id);
                    taken.push(picked);
                }
            }
            rules.retain(|armed| !armed.over(now));
        }
        if !taken.is_empty() {
            self.notify();
        }
        taken
    }

    /// Uses every matching fault once.
    pub(crate) fn take_all<T>(
        &self,
        spot: &Spot<'_>,
        pick: impl Fn(&Fault) -> Option<T>,
    ) -> Vec<T> {
        self.take(spot, &mut BTreeSet::new(), pick)
    }

    /// Waits until the faults are as `condition` wants them.
    pub(crate) async fn until(&self, mut condition: impl FnMut(&Self) -> bool) {
        let mut changed = self.shared.changed.subscribe();
        while !condition(self) {
            match self.next_boundary() {
                Some(boundary) => {
                    tokio::select! {
                        _ = changed.changed() => {}
                        () = tokio::time::sleep_until(boundary) => {}
                    }
                }
                None => drop(changed.changed().await),
            }
        }
    }

    /// The next instant at which a rule begins or ends by itself.
    fn next_boundary(&self) -> Option<Instant> {
        let now = clock::now();
        self.lock()
            .rules
            .iter()
            .filter_map(|armed| armed.boundary(now))
            .min()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn notify(&self) {
        self.shared.changed.send_modify(|version| *version += 1);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn is_status(fault: &Fault) -> Option<u16> {
        match fault {
            Fault::Http(Http::Status(code)) => Some(*code),
            _ => None,
        }
    }

    #[test]
    fn a_counted_fault_strikes_that_often_and_is_gone() {
        let faults = Faults::default();
        let id = faults.next(2, Endpoint::Playlist, Http::Status(503));
        let (here, there) = (Spot::new(Endpoint::Playlist), Spot::new(Endpoint::Segment));
        assert!(faults.take_all(&there, is_status).is_empty());
        assert_eq!(faults.take_all(&here, is_status), [503]);
        assert!(faults.armed(id));
        assert_eq!(faults.take_all(&here, is_status), [503]);
        assert!(faults.take_all(&here, is_status).is_empty());
        assert!(!faults.armed(id));
        assert_eq!(faults.used(id), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_timed_fault_begins_and_ends_by_the_clock() {
        let faults = Faults::default();
        let second = Duration::from_secs(1);
        faults.add(Rule::new(Http::Status(500)).after(second).lasting(second));
        let spot = Spot::new(Endpoint::Stat);
        let start = clock::now();
        assert_eq!(faults.find(&spot, is_status), None);
        faults
            .until(|faults| faults.find(&spot, is_status) == Some(500))
            .await;
        assert_eq!(clock::now() - start, second);
        faults
            .until(|faults| faults.find(&spot, is_status).is_none())
            .await;
        assert_eq!(clock::now() - start, second * 2);
    }

    #[test]
    fn a_fault_for_one_segment_spares_the_others() {
        let faults = Faults::default();
        faults.add(
            Rule::new(Http::Status(404))
                .on(Endpoint::Segment)
                .segment(7),
        );
        let spot = Spot::new(Endpoint::Segment);
        assert_eq!(faults.find(&spot, is_status), None);
        assert_eq!(faults.find(&spot.segment(6), is_status), None);
        assert_eq!(faults.find(&spot.segment(7), is_status), Some(404));
    }
}
