//! What a watch has seen, for people and for programs.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use crate::lint::Finding;

/// What a watch has seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// What was not kept.
    pub findings: Vec<Finding>,
    /// Findings that there was no room for.
    pub left_out: u64,
    /// For how long it watched.
    pub watched: Duration,
    /// Lists that came.
    pub lists: u64,
    /// Segments that were fetched when they were new.
    pub segments: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Segments that were fetched again when they had left the list and had to be there still.
    pub fetched_again: u64,
    /// Segments that had left the list when the watch ended, before their time was over.
    pub not_yet: u64,
}

impl Report {
    /// Whether nothing was found.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let finding = |it: &Finding| {
            json!({
                "at": it.at.as_secs_f64(),
                "rule": it.rule.name(),
                "what": it.what,
                "sentence": it.rule.sentence(),
                "clause": it.rule.clause(),
                "breaks": it.rule.breaks(),
            })
        };
        json!({
            "clean": self.is_clean(),
            "findings": self.findings.iter().map(finding).collect::<Vec<_>>(),
            "left_out": self.left_out,
            "watched": self.watched.as_secs_f64(),
            "lists": self.lists,
            "segments": self.segments,
            "bytes": self.bytes,
            "fetched_again": self.fetched_again,
            "not_yet": self.not_yet,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
            writeln!(f, "    kept: {}", finding.rule.sentence())?;
            writeln!(f, "    suffers: {}", finding.rule.breaks())?;
        }
        let found = match self.findings.len() as u64 + self.left_out {
            0 => "nothing to find fault with".to_owned(),
            1 => "1 finding".to_owned(),
            many => format!("{many} findings"),
        };
        write!(
            f,
            "{found} in {:.0} s: {} lists, {} segments of {:.1} MB, {} of them fetched again at the end of their time, \
             {} not yet",
            self.watched.as_secs_f64(),
            self.lists,
            self.segments,
            self.bytes as f64 / 1e6,
            self.fetched_again,
            self.not_yet,
        )
    }
}
