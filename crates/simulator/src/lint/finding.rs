//! What was found, bounded: the first thousand are kept, the rest is counted; a rule that stays broken is told once.

use std::fmt;
use std::time::Duration;

use super::rule::Rule;

/// More than anybody reads; a server that breaks a rule for hours says nothing new.
pub const FINDINGS_MAX: usize = 1_000;

/// A rule that was broken, when, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// On the caller's time line.
    pub at: Duration,
    /// What was not kept.
    pub rule: Rule,
    /// The values, as a sentence.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, rule) = (self.at.as_secs_f64(), self.rule);
        let (name, clause) = (rule.name(), rule.clause());
        write!(f, "{seconds:.1} s: {} ({name}: {clause})", self.what)
    }
}

/// All that was found.
///
/// Invariant: holds at most [`FINDINGS_MAX`].
#[derive(Debug, Default)]
pub(super) struct Findings {
    kept: Vec<Finding>,
    left_out: u64,
}

impl Findings {
    pub(super) fn add(&mut self, at: Duration, rule: Rule, what: impl Into<String>) {
        if FINDINGS_MAX <= self.kept.len() {
            self.left_out += 1;
            return;
        }
        let what = what.into();
        self.kept.push(Finding { at, rule, what });
    }

    pub(super) fn kept(&self) -> &[Finding] {
        &self.kept
    }

    pub(super) fn left_out(&self) -> u64 {
        self.left_out
    }
}

/// The rules that a list breaks as a whole, from one look to the next: each is told when it begins to be broken.
#[derive(Debug, Default)]
pub(super) struct Standing {
    before: u64,
    now: u64,
}

impl Standing {
    /// A rule is broken at this look; says whether that is new.
    pub(super) fn begins(&mut self, rule: Rule) -> bool {
        let bit = 1 << rule as u32;
        let known = (self.before | self.now) & bit != 0;
        self.now |= bit;
        !known
    }

    /// The look is over: what was not broken can begin to be.
    pub(super) fn settle(&mut self) {
        self.before = std::mem::take(&mut self.now);
    }
}
