//! The requests that a driver has under way: what becomes of each is settled when it is made.

use std::time::Duration;

use channel::{Input, Intake, PullId};

use super::{Answer, Driver};
use crate::source::CLOSE_MAX;
use crate::world::{What, World};

/// Longest wait for a source to be opened after nobody wants it any more.
const CLOSE_PATIENCE: Duration = Duration::from_secs(6);

/// Least wait for a playlist of a source that has given one before.
const POLL_MIN: Duration = Duration::from_secs(5);

impl World {
    pub(super) fn open(&mut self, driver: &mut Driver, pull: PullId, wanted: Intake) {
        let answer = self.sources[driver.number].open(self.now, &mut self.random, wanted);
        let (input, opened) = match answer.result {
            Ok(opened) => {
                let kind = opened.kind;
                let variant = None;
                let input = Input::Opened {
                    pull,
                    kind,
                    intake: opened.intake,
                    variant,
                };
                (input, Some(opened))
            }
            Err(failure) => (Input::OpenFailed { pull, failure }, None),
        };
        let answer_to_come = Answer {
            input,
            opened,
            round: None,
        };
        self.answer_in(driver, answer.after, answer_to_come);
    }

    pub(super) fn poll(&mut self, driver: &mut Driver, pull: PullId) {
        let Some(current) = driver.current.as_mut().filter(|it| it.pull == pull) else {
            return;
        };
        if let Some(list) = current.first.take() {
            let result = Ok(list);
            return self.request(driver, Duration::ZERO, Input::Polled { pull, result });
        }
        let patience = if current.listed {
            (driver.target * 2).max(POLL_MIN)
        } else {
            self.settings.first_segment_timeout
        };
        let source = &mut self.sources[driver.number];
        let answer = source.list(self.now, &mut self.random, current.listed, patience);
        let result = answer.result;
        self.request(driver, answer.after, Input::Polled { pull, result });
    }

    /// A request that is dropped with its source.
    pub(super) fn request(&mut self, driver: &Driver, after: Duration, input: Input) {
        let round = Some(driver.round);
        let answer = Answer {
            input,
            opened: None,
            round,
        };
        self.answer_in(driver, after, answer);
    }

    /// The open session says of itself that it is broken.
    pub(crate) fn sicken(&mut self, driver: &mut Driver) {
        if let Some((pull, _)) = driver.session() {
            let cause = "the engine gave up".into();
            self.take(driver, Input::Sick { pull, cause });
        }
    }

    fn answer_in(&mut self, driver: &Driver, after: Duration, answer: Answer) {
        let (number, id) = (driver.number, driver.id);
        let answer = Box::new(answer);
        let what = What::Answer { number, id, answer };
        self.agenda.at(self.now + after, what);
    }

    pub(super) fn close_pull(&mut self, driver: &mut Driver, pull: PullId) {
        driver.round += 1;
        driver.dropped_at = self.now;
        match driver.current.take() {
            Some(current) if current.pull == pull => self.close(driver, pull, current.session),
            _ => {
                driver.unwanted.insert(pull);
                self.closed_in(driver, CLOSE_PATIENCE, pull);
            }
        }
    }

    pub(super) fn close(&mut self, driver: &mut Driver, pull: PullId, session: u64) {
        let source = &mut self.sources[driver.number];
        let after = source.close(self.now, &mut self.random, session);
        self.judge
            .closing(driver.number, pull, self.now + after.min(CLOSE_MAX));
        self.closed_in(driver, after, pull);
    }

    fn closed_in(&mut self, driver: &Driver, after: Duration, pull: PullId) {
        let answer = Answer {
            input: Input::Closed { pull },
            opened: None,
            round: None,
        };
        self.answer_in(driver, after, answer);
    }
}
