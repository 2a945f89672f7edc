//! One rule: a fault and the requests that it strikes.

use std::time::Duration;

use tokio::time::Instant;

use super::kinds::{Endpoint, Fault};

/// Names a rule that was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub(crate) u64);

/// A fault with its place, its time and its count; without any of them it strikes every request.
#[derive(Debug, Clone)]
pub struct Rule {
    pub(crate) fault: Fault,
    endpoint: Endpoint,
    segment: Option<u64>,
    content: Option<String>,
    times: Option<u64>,
    after: Duration,
    lasting: Option<Duration>,
}

impl Rule {
    /// A rule for every request; faults that are events, as a sequence jump, happen once.
    pub fn new(fault: impl Into<Fault>) -> Self {
        let fault = fault.into();
        let times = fault.is_event().then_some(1);
        Self {
            fault,
            endpoint: Endpoint::Any,
            segment: None,
            content: None,
            times,
            after: Duration::ZERO,
            lasting: None,
        }
    }

    /// Only requests of this endpoint.
    #[must_use]
    pub fn on(self, endpoint: Endpoint) -> Self {
        Self { endpoint, ..self }
    }

    /// Only the segment with this number in its playlist.
    #[must_use]
    pub fn segment(self, number: u64) -> Self {
        Self {
            segment: Some(number),
            ..self
        }
    }

    /// Only the content with this infohash.
    #[must_use]
    pub fn content(self, infohash: &str) -> Self {
        Self {
            content: Some(infohash.to_ascii_lowercase()),
            ..self
        }
    }

    /// Only so many times.
    #[must_use]
    pub fn times(self, times: u64) -> Self {
        Self {
            times: Some(times),
            ..self
        }
    }

    /// Only from that much later on.
    #[must_use]
    pub fn after(self, after: Duration) -> Self {
        Self { after, ..self }
    }

    /// Only that long, counted from its beginning.
    #[must_use]
    pub fn lasting(self, lasting: Duration) -> Self {
        Self {
            lasting: Some(lasting),
            ..self
        }
    }
}

impl<F: Into<Fault>> From<F> for Rule {
    fn from(fault: F) -> Self {
        Self::new(fault)
    }
}

/// What a request, or a moment in a stream, is about; `Endpoint::Any` is about none in particular.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spot<'a> {
    endpoint: Endpoint,
    segment: Option<u64>,
    content: Option<&'a str>,
}

impl<'a> Spot<'a> {
    pub(crate) fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            segment: None,
            content: None,
        }
    }

    pub(crate) fn segment(self, number: u64) -> Self {
        Self {
            segment: Some(number),
            ..self
        }
    }

    pub(crate) fn content(self, infohash: &'a str) -> Self {
        Self {
            content: Some(infohash),
            ..self
        }
    }
}

/// A rule in force.
#[derive(Debug)]
pub(super) struct Armed {
    pub(super) id: RuleId,
    pub(super) rule: Rule,
    from: Instant,
    until: Option<Instant>,
    left: Option<u64>,
}

impl Armed {
    pub(super) fn new(id: RuleId, rule: Rule, now: Instant) -> Self {
        let from = now + rule.after;
        let until = rule.lasting.map(|lasting| from + lasting);
        Self {
            id,
            from,
            until,
            left: rule.times,
            rule,
        }
    }

    pub(super) fn fits(&self, spot: &Spot<'_>, now: Instant) -> bool {
        let Rule {
            endpoint,
            segment,
            content,
            ..
        } = &self.rule;
        self.from <= now
            && !self.over(now)
            && (*endpoint == spot.endpoint || [*endpoint, spot.endpoint].contains(&Endpoint::Any))
            && segment.is_none_or(|number| spot.segment == Some(number))
            && content
                .as_deref()
                .is_none_or(|content| spot.content == Some(content))
    }

    pub(super) fn use_up(&mut self) {
        self.left = self.left.map(|left| left.saturating_sub(1));
    }

    pub(super) fn over(&self, now: Instant) -> bool {
        self.left == Some(0) || self.until.is_some_and(|until| until <= now)
    }

    pub(super) fn boundary(&self, now: Instant) -> Option<Instant> {
        if now < self.from {
            Some(self.from)
        } else {
            self.until.filter(|until| now < *until)
        }
    }
}
