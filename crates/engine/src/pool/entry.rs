//! One engine of the pool: what it carries, how it is, and its place in the order of choice.

use std::time::Duration;

use super::Pool;
use super::probe::Probe;
use crate::address::Address;

/// How long a first failure sends an engine to the end of the queue: shorter than any wait a viewer notices.
pub(super) const BACKOFF_FIRST: Duration = Duration::from_millis(250);

/// An engine that was restarted is back within seconds; half a minute of doubt is enough.
const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// What is known of an engine's health.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// Nothing yet.
    #[default]
    Unknown,
    /// It answered last.
    Healthy,
    /// It has not answered for as many probes as count.
    Unhealthy,
}

impl Health {
    /// The word for it in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Health::Unknown => "unknown",
            Health::Healthy => "healthy",
            Health::Unhealthy => "unhealthy",
        }
    }
}

/// What kind of failure a channel has met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// The engine could not be talked to; a probe that is answered says that this is over.
    Silent,
    /// It was there and did not serve; that a probe is answered says nothing about it.
    Unfit,
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) engine: Address,
    pub(super) channels: usize,
    pub(super) forwarded: bool,
    pub(super) draining: bool,
    /// No longer wanted, but still carrying channels.
    pub(super) leaving: bool,
    pub(super) health: Health,
    pub(super) probe: Probe,
    pub(super) failed: Option<Failed>,
    /// The claim that used it last.
    pub(super) used: u64,
    pub(super) used_at: Option<Duration>,
}

/// Since its last success.
#[derive(Clone, Debug)]
pub(super) struct Failed {
    pub(super) times: u32,
    pub(super) at: Duration,
    pub(super) sign: Sign,
    pub(super) said: String,
}

impl Pool {
    /// The engine failed its channel: it comes last for 0.25 s, then twice as long each time, up to 30 s. One that could
    /// not be talked to is probed at once.
    pub fn failed(&mut self, engine: &Address, now: Duration, sign: Sign, said: &str) {
        if let Some(entry) = self.entry(engine) {
            entry.fail(now, sign, said);
            if sign == Sign::Silent {
                entry.probe.hasten(now);
            }
        }
    }

    /// The engine served its channel: earlier failures count no more. Returns the health that this makes news of.
    pub fn succeeded(&mut self, engine: &Address) -> Option<Health> {
        let entry = self.entry(engine)?;
        entry.failed = None;
        entry.recover()
    }
}

impl Entry {
    pub(super) fn new(engine: Address) -> Entry {
        Entry {
            engine,
            channels: 0,
            forwarded: false,
            draining: false,
            leaving: false,
            health: Health::Unknown,
            probe: Probe::default(),
            failed: None,
            used: 0,
            used_at: None,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        !self.leaving && !self.draining
    }

    pub(super) fn fail(&mut self, now: Duration, sign: Sign, said: &str) {
        let times = self.failed.as_ref().map_or(0, |failed| failed.times);
        self.failed = Some(Failed {
            times: times.saturating_add(1),
            at: now,
            sign,
            said: said.to_owned(),
        });
    }

    /// It has answered.
    pub(super) fn recover(&mut self) -> Option<Health> {
        self.probe.failures = 0;
        let before = std::mem::replace(&mut self.health, Health::Healthy);
        (before == Health::Unhealthy).then_some(Health::Healthy)
    }

    /// What made it come last, as long as that lasts.
    pub(super) fn backing_off(&self, now: Duration) -> Option<&Failed> {
        self.failed.as_ref().filter(|failed| now < failed.until())
    }

    /// The lower the better. Among those that failed just now, the one that failed first.
    pub(super) fn rank(&self, now: Duration) -> (u8, Duration, usize, bool, u64) {
        let failed_at = self.backing_off(now).map(|failed| failed.at);
        let class = match (self.health, failed_at) {
            (Health::Healthy, None) => 0,
            (Health::Unknown, None) => 1,
            (Health::Healthy | Health::Unknown, Some(_)) => 2,
            (Health::Unhealthy, _) => 3,
        };
        let since = failed_at.unwrap_or_default();
        (class, since, self.channels, !self.forwarded, self.used)
    }
}

impl Failed {
    pub(super) fn until(&self) -> Duration {
        let doubled = 2_u32.saturating_pow(self.times.saturating_sub(1));
        let pause = BACKOFF_FIRST.saturating_mul(doubled).min(BACKOFF_MAX);
        self.at.saturating_add(pause)
    }
}
