//! One playlist's whole history, held against the rules; it is told the time and asks for nothing.

use std::time::Duration;

use super::cadence::Cadence;
use super::finding::{Finding, Findings, Standing};
use super::known::Known;
use super::rule::Rule;
use super::segment::{SegmentAnswer, SegmentFacts};
use super::text;

/// Checks one media playlist over its whole life, restarts of its server among it.
///
/// Moments are on the caller's own time line and never go back. A revision that changed nothing is worth telling, too:
/// that is how a list is seen to stand still.
#[derive(Debug, Default)]
pub struct Checker {
    pub(super) known: Known,
    pub(super) cadence: Cadence,
    pub(super) findings: Findings,
    /// What the text, and what the list broke when they were looked at last.
    text: Standing,
    pub(super) list: Standing,
    pub(super) last: Option<Last>,
    pub(super) target: Option<Duration>,
    /// Whether only what every server must keep is asked for.
    any_server: bool,
}

/// What is remembered of the last revision as a whole.
#[derive(Copy, Clone, Debug)]
pub(super) struct Last {
    pub(super) at: Duration,
    /// The first number.
    pub(super) first: u64,
    /// The number that would come next.
    pub(super) end: u64,
    pub(super) discontinuity_sequence: u64,
    /// Discontinuities up to the last segment.
    pub(super) breaks: u64,
    pub(super) duration: Duration,
    pub(super) ended: bool,
    /// The first number of this row without a jump: while it is listed, nothing has been removed.
    pub(super) row: u64,
}

impl Checker {
    /// For a list of Weir's, which promises more than the standard asks for: relative addresses, vectors with its keys,
    /// no gaps, no tags of low latency.
    pub fn new() -> Self {
        Self::default()
    }

    /// For a list of any server.
    pub fn of_any_server() -> Self {
        Self {
            any_server: true,
            ..Self::default()
        }
    }

    /// A revision as a client got it.
    pub fn revision(&mut self, _at: Duration, _list: &hls::Media) {}

    /// The text of a revision as a client got it: what a reader forgives is looked at before it is read.
    pub fn text(&mut self, at: Duration, text: &[u8]) {
        let read = hls::read(text);
        for (rule, what) in text::check(text) {
            self.text_broke(at, rule, what);
        }
        match read {
            Ok(hls::Playlist::Media(list)) => self.revision(at, &list),
            Ok(hls::Playlist::Multivariant(_)) => {
                self.text_broke(at, Rule::Unreadable, "the list became a multivariant playlist");
            }
            Err(error) => self.text_broke(at, Rule::Unreadable, error.to_string()),
        }
        self.text.settle();
    }

    fn text_broke(&mut self, at: Duration, rule: Rule, what: impl Into<String>) {
        if self.holds(rule) && self.text.begins(rule) {
            self.findings.add(at, rule, what);
        }
    }

    /// What a segment's address answered.
    pub fn segment(&mut self, _at: Duration, _sequence: u64, _answer: &SegmentAnswer<'_>) {}

    /// The same by facts alone, for callers that have no bytes.
    pub fn facts(&mut self, _at: Duration, _sequence: u64, _facts: &SegmentFacts) {}

    /// From `from` to `to` the source delivered nothing: nothing new is asked for meanwhile, and for one and a half
    /// target durations after. To be told before the revisions that it excuses; told again with the same beginning, a
    /// spell becomes longer.
    pub fn outage(&mut self, from: Duration, to: Duration) {
        self.cadence.outage(from, to);
    }

    /// Until when a segment must be there, had the newest list been the last to have it.
    pub fn kept_until(&self, sequence: u64) -> Option<Duration> {
        self.known.get(sequence).map(super::known::Entry::kept_until)
    }

    /// What was found, in the order of being found.
    pub fn findings(&self) -> &[Finding] {
        self.findings.kept()
    }

    /// Findings beyond [`FINDINGS_MAX`](super::FINDINGS_MAX), which are counted only.
    pub fn findings_left_out(&self) -> u64 {
        self.findings.left_out()
    }

    /// Whether a rule is one for this server.
    pub(super) fn holds(&self, rule: Rule) -> bool {
        !self.any_server || !rule.is_own()
    }
}
