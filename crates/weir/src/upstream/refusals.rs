//! Contents that no engine finds, for a moment: a channel that tries again asks no further engines for what two do not have.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use engine::Selector;

/// How long it is believed: past the next try of the channel that asked; whoever comes later asks anew.
const BELIEVED: Duration = Duration::from_secs(2);

/// Contents that are remembered; ids are made up easily, and beyond this the engines are asked.
const REFUSALS_MAX: usize = 1_000;

/// What engines do not have, and what they said of it.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    recent: Mutex<HashMap<Selector, Refusal>>,
}

#[derive(Debug)]
struct Refusal {
    until: Duration,
    said: String,
}

impl Refusals {
    /// Several engines did not find it.
    pub(super) fn remember(&self, now: Duration, wanted: &Selector, said: &str) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|_, refusal| now < refusal.until);
        if recent.len() < REFUSALS_MAX {
            let refusal = Refusal {
                until: now + BELIEVED,
                said: said.to_owned(),
            };
            recent.insert(wanted.clone(), refusal);
        }
    }

    /// What was said of it, if that was just now.
    pub(super) fn of(&self, now: Duration, wanted: &Selector) -> Option<String> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let refusal = recent.get(wanted).filter(|refusal| now < refusal.until);
        refusal.map(|refusal| refusal.said.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_found_is_believed_for_a_moment_and_within_bounds() {
        let refusals = Refusals::default();
        let content = |number: usize| Selector::ContentId(format!("{number:040x}"));
        let now = Duration::from_secs(9);
        for number in 0..=REFUSALS_MAX {
            refusals.remember(now, &content(number), "failed to load content");
        }
        let said = Some("failed to load content".to_owned());
        assert_eq!(refusals.of(now, &content(0)), said);
        assert_eq!(refusals.of(now, &content(REFUSALS_MAX)), None);
        assert_eq!(refusals.of(now + BELIEVED, &content(0)), None);
        refusals.remember(now + BELIEVED, &content(REFUSALS_MAX), "no");
        assert!(
            refusals
                .of(now + BELIEVED, &content(REFUSALS_MAX))
                .is_some()
        );
    }
}
