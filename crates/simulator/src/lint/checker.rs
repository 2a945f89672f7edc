//! One playlist's whole history, held against the rules; it is told the time and asks for nothing.

use std::time::Duration;

use bytes::Bytes;

use super::cadence::Cadence;
use super::finding::{Finding, Findings, Standing};
use super::known::{Entry, Known};
use super::list::Look;
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
    pub(super) last: Option<Look>,
    pub(super) target: Option<Duration>,
    /// The newest date and its number.
    pub(super) newest_date: Option<(u64, jiff::Timestamp)>,
    findings: Findings,
    /// What the text, and what the list broke when they were looked at last.
    text: Standing,
    list: Standing,
    /// Whether only what every server must keep is asked for.
    any_server: bool,
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
    pub fn revision(&mut self, at: Duration, list: &hls::Media) {
        let last = self.last;
        let now = Look::of(at, list, last.as_ref());
        if let Some(last) = &last {
            self.numbers(last, &now);
            self.end(last, &now);
        }
        self.target(at, list.target_duration);
        self.window(&now, list.segments.len(), list.target_duration);
        let fresh = self.entries(at, list, now.duration);
        if let Some(from) = fresh {
            self.dates(at, list, from);
        }
        self.pace(&now, fresh.is_some(), list.target_duration);
        self.last = Some(now);
        self.list.settle();
    }

    /// The text of a revision as a client got it: what a reader forgives is looked at, then it is read and told.
    pub fn text(&mut self, at: Duration, text: &[u8]) {
        for (rule, what) in text::check(text) {
            self.text_broke(at, rule, what);
        }
        match hls::read(text) {
            Ok(hls::Playlist::Media(list)) => self.revision(at, &list),
            Ok(hls::Playlist::Multivariant(_)) => {
                self.text_broke(at, Rule::Unreadable, "it is a multivariant playlist now");
            }
            Err(error) => self.text_broke(at, Rule::Unreadable, error.to_string()),
        }
        self.text.settle();
    }

    /// The list's address answered something else, or nothing.
    pub fn no_list(&mut self, at: Duration, why: &str) {
        self.text_broke(at, Rule::Unavailable, why);
        self.text.settle();
    }

    /// What a segment's address answered. Only numbers that were listed are judged.
    pub fn segment(&mut self, at: Duration, sequence: u64, answer: &SegmentAnswer<'_>) {
        self.answered(at, sequence, answer);
    }

    /// The same by facts alone, for callers that have no bytes.
    pub fn facts(&mut self, at: Duration, sequence: u64, facts: &SegmentFacts) {
        self.seen(at, sequence, facts);
    }

    /// What a segment under AES-128 is when it is opened with the key and the vector that the list states; to be told
    /// after the segment itself.
    pub fn opened(&mut self, at: Duration, sequence: u64, plain: &[Bytes]) {
        self.unsealed(at, sequence, plain);
    }

    /// From `from` to `to` the source delivered nothing: nothing new is asked for meanwhile, and for one and a half
    /// target durations after. To be told before the revisions that it excuses; spells that touch become one.
    pub fn outage(&mut self, from: Duration, to: Duration) {
        self.cadence.outage(from, to);
    }

    /// Until when a segment must be there, if the newest list that had it was the last one to have it.
    pub fn kept_until(&self, sequence: u64) -> Option<Duration> {
        self.known.get(sequence).map(Entry::kept_until)
    }

    /// What was found, in the order of being found.
    pub fn findings(&self) -> &[Finding] {
        self.findings.kept()
    }

    /// Findings beyond [`FINDINGS_MAX`](super::FINDINGS_MAX), which are counted only.
    pub fn findings_left_out(&self) -> u64 {
        self.findings.left_out()
    }

    /// A list breaks a rule; told when that begins, not at every look.
    pub(super) fn broke(&mut self, at: Duration, rule: Rule, what: impl FnOnce() -> String) {
        if self.holds(rule) && self.list.begins(rule) {
            self.findings.add(at, rule, what());
        }
    }

    /// A segment or an answer breaks a rule; told each time.
    pub(super) fn broke_each(&mut self, at: Duration, rule: Rule, what: impl FnOnce() -> String) {
        if self.holds(rule) {
            self.findings.add(at, rule, what());
        }
    }

    fn text_broke(&mut self, at: Duration, rule: Rule, what: impl Into<String>) {
        if self.holds(rule) && self.text.begins(rule) {
            self.findings.add(at, rule, what);
        }
    }

    /// Whether a rule is one for this server.
    fn holds(&self, rule: Rule) -> bool {
        !self.any_server || !rule.is_own()
    }
}
