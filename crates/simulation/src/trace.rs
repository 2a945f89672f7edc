//! The story of a life: a hash of it always, its words only when somebody wants to read them.

use std::collections::VecDeque;
use std::time::Duration;

/// Lines kept for whoever has to find out what went wrong.
const LINES_MAX: usize = 50;

/// What is done with the words of a story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Telling {
    /// Only the hash is made: a life that broke a rule is simply lived again to hear its story.
    Silent,
    /// The newest lines are kept.
    Kept,
    /// Each line is printed.
    Printed,
}

#[derive(Debug)]
pub(crate) struct Trace {
    telling: Telling,
    lines: VecDeque<String>,
    hash: u64,
}

impl Trace {
    pub(crate) fn new(telling: Telling) -> Self {
        Self {
            telling,
            lines: VecDeque::new(),
            hash: 0,
        }
    }

    /// Adds a number to the hash.
    pub(crate) fn mix(&mut self, number: u64) {
        let mixed = (self.hash ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.hash = mixed ^ (mixed >> 29);
    }

    /// Tells of something; the words are only made when they are wanted.
    pub(crate) fn note(&mut self, now: Duration, words: impl FnOnce() -> String) {
        if self.telling == Telling::Silent {
            return;
        }
        let line = format!("{:>11.3} s  {}", now.as_secs_f64(), words());
        if self.telling == Telling::Printed {
            println!("{line}");
        }
        if self.lines.len() == LINES_MAX {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    /// The newest lines.
    pub(crate) fn into_lines(self) -> Vec<String> {
        self.lines.into()
    }
}
