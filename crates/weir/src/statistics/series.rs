//! The readings of one stream, the newest ones, and what becomes of them for days.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::Reading;
use super::thin::{STEPS, Thin};

/// The newest readings of a stream, in the order in which they were made.
#[derive(Clone, Debug)]
pub struct Series {
    readings: VecDeque<Reading>,
    thin: [Thin; STEPS.len()],
}

impl Default for Series {
    fn default() -> Self {
        Self {
            readings: VecDeque::new(),
            thin: STEPS.map(Thin::new),
        }
    }
}

impl Series {
    /// Takes a reading in, and keeps `max`; returns spans that are over with it, each by its length.
    pub(super) fn add(&mut self, reading: Reading, max: usize) -> Vec<(u32, Reading)> {
        let over = self.thin.iter_mut().filter_map(|thin| {
            let done = thin.add(&reading)?;
            Some((thin.step(), done))
        });
        let over = over.collect();
        self.readings.push_back(reading);
        while max < self.readings.len() {
            self.readings.pop_front();
        }
        over
    }

    /// The spans that are not over, as they are.
    pub(super) fn rest(self) -> Vec<(u32, Reading)> {
        let rest = self.thin.into_iter();
        rest.filter_map(|thin| Some((thin.step(), thin.rest()?)))
            .collect()
    }

    /// Readings from a time on, oldest first.
    pub fn since(&self, since: Option<Timestamp>) -> impl Iterator<Item = &Reading> {
        let wanted = move |reading: &&Reading| since.is_none_or(|since| since <= reading.at);
        self.readings.iter().filter(wanted)
    }

    /// The newest reading.
    pub fn newest(&self) -> Option<&Reading> {
        self.readings.back()
    }
}
