//! How many log lines strangers may cause: ids and tokens are made up for nothing. It writes none itself.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use channel::Moment;

/// Lines at once: those of thirty channels that start and fail together. A flood has thousands.
const LINES_MAX: u32 = 100;

/// After such a burst, time for one more line.
const LINE_EVERY: Duration = Duration::from_millis(500);

/// Room in the log for what anybody can cause.
#[derive(Debug)]
pub(crate) struct Budget {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    lines: u32,
    /// Until when elapsed time has been turned into lines.
    counted: Moment,
    left_out: u64,
}

impl Default for Budget {
    fn default() -> Self {
        let state = State {
            lines: LINES_MAX,
            counted: Moment::ZERO,
            left_out: 0,
        };
        Self {
            state: Mutex::new(state),
        }
    }
}

impl Budget {
    /// Takes room for one line, if there is some; returns how many lines were left out before it.
    pub(crate) fn take(&self, now: Moment) -> Option<u64> {
        // Counts are changed by code that does not panic half-way.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let earned = now.since(state.counted).as_millis() / LINE_EVERY.as_millis();
        let earned = u32::try_from(earned).unwrap_or(u32::MAX);
        if LINES_MAX <= state.lines.saturating_add(earned) {
            (state.lines, state.counted) = (LINES_MAX, now);
        } else {
            state.lines += earned;
            state.counted = state.counted + LINE_EVERY * earned;
        }
        let Some(lines) = state.lines.checked_sub(1) else {
            state.left_out += 1;
            return None;
        };
        state.lines = lines;
        Some(std::mem::take(&mut state.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> Moment {
        Moment(Duration::from_millis(milliseconds))
    }

    #[test]
    fn a_burst_is_told_up_to_its_bound_and_then_a_line_now_and_then() {
        let budget = Budget::default();
        let told = (0..1_000).filter(|_| budget.take(at(0)).is_some());
        assert_eq!(told.count(), LINES_MAX as usize);
        assert_eq!(budget.take(at(499)), None);
        // What was left out is told with the next line.
        assert_eq!(budget.take(at(500)), Some(901));
        assert_eq!(budget.take(at(999)), None);
        assert_eq!(budget.take(at(1_700)), Some(1));
        assert_eq!(budget.take(at(1_700)), Some(0));
        assert_eq!(budget.take(at(1_999)), None);
        assert_eq!(budget.take(at(2_000)), Some(1));
    }

    #[test]
    fn quiet_earns_one_burst_and_no_more() {
        let budget = Budget::default();
        let later = at(100_000_000);
        let told = (0..1_000).filter(|_| budget.take(later).is_some());
        assert_eq!(told.count(), LINES_MAX as usize);
    }
}
