//! How often a source may take another's place: replacing costs peers and viewers something, so that a source which fails again
//! and again must not be replaced as often.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Moment;

/// Sources that may be opened in the place of others within `WITHIN`: one in five seconds, as rarely as one that brings nothing
/// is asked for again.
const REPLACED_MAX: usize = 12;

/// The time over which they are counted.
const WITHIN: Duration = Duration::from_secs(60);

/// When sources were replaced, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Restraint {
    replaced: VecDeque<Moment>,
}

impl Restraint {
    /// When the next source may be opened in another's place, `at` or later; counts it.
    pub(crate) fn take(&mut self, at: Moment) -> Moment {
        let mut allowed = at;
        if self.replaced.len() == REPLACED_MAX
            && let Some(oldest) = self.replaced.pop_front()
        {
            allowed = at.max(oldest + WITHIN);
        }
        self.replaced.push_back(allowed);
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_are_replaced_at_once_and_then_twelve_a_minute() {
        let mut restraint = Restraint::default();
        let at = |seconds| Moment(Duration::from_secs(seconds));
        for _ in 0..REPLACED_MAX {
            assert_eq!(restraint.take(at(100)), at(100));
        }
        assert_eq!(restraint.take(at(110)), at(160));
        assert_eq!(restraint.take(at(170)), at(170));
    }
}
