//! The open source: when its playlist is asked for, and when its silence or its end is believed.

use std::time::Duration;

use super::{Channel, Effect};
use crate::event::EndReason;
use crate::failure::{Failure, Trouble};
use crate::follow::TARGET_MAX;
use crate::settings::Settings;
use crate::source::{Poll, PullId, Source, SourceKind, Where};
use crate::time::Moment;

/// Polls of a session that may fail in a row before it is replaced.
const SESSION_FAILURES_MAX: u32 = 2;

/// Polls of a plain address that may fail in a row before it is resolved anew.
const PLAIN_FAILURES_MAX: u32 = 4;

/// Target durations for which a list must say that it is over: engines say it without meaning it.
const END_BELIEVED: u32 = 3;

impl Channel {
    pub(super) fn polled(
        &mut self,
        now: Moment,
        settings: &Settings,
        out: &mut Vec<Effect>,
        pull: PullId,
        result: Result<hls::Media, Trouble>,
    ) {
        let Some(following) = self.source.following().filter(|it| it.pull == pull) else {
            return self.polled_beside(now, settings, out, pull, result);
        };
        let Poll::UnderWay { since } = following.poll else {
            return;
        };
        match result {
            Ok(list) => {
                following.failures = 0;
                following.rests = false;
                following.poll = Poll::After(since);
                let news = following.follow.read(now, &list, settings);
                self.take_news(now, out, news);
            }
            Err(trouble) => self.poll_failed(now, settings, out, &trouble),
        }
    }

    fn poll_failed(
        &mut self,
        now: Moment,
        settings: &Settings,
        out: &mut Vec<Effect>,
        trouble: &Trouble,
    ) {
        self.counters.failures += 1;
        self.last_trouble = trouble.to_string();
        let failures = self.source.following().map_or(0, |it| it.failures + 1);
        let wait = self.backoff(failures);
        let Some(following) = self.source.following() else {
            return;
        };
        following.failures = failures;
        following.rests = matches!(trouble, Trouble::Busy { .. });
        let target = following.follow.target();
        let replace = match (following.kind, trouble) {
            (_, Trouble::Busy { .. }) => false,
            (SourceKind::Session, Trouble::Gone(_)) => true,
            (SourceKind::Session, Trouble::Status(_) | Trouble::Unreachable(_)) => {
                SESSION_FAILURES_MAX <= failures
            }
            _ => PLAIN_FAILURES_MAX <= failures,
        };
        following.poll = Poll::At(match trouble {
            // Not longer than players wait for news, but never sooner than after any other failure.
            Trouble::Busy { retry_after, .. } => now + wait.max((*retry_after).min(target * 2)),
            _ => now + wait.min(target),
        });
        if replace {
            let at = match trouble {
                Trouble::Gone(_) | Trouble::Status(_) => Where::Again,
                Trouble::Unreachable(_) | Trouble::Unfit(_) | Trouble::Busy { .. } => {
                    Where::Elsewhere
                }
            };
            self.lose(now, settings, out, trouble.to_string(), at);
        }
    }

    /// What time alone makes due in the pull.
    pub(super) fn settle_pull(&mut self, now: Moment, settings: &Settings, out: &mut Vec<Effect>) {
        self.publish_ready(now, settings, out);
        self.publish_reserve(now, settings, out);
        self.end_if_over(now, settings, out);
        self.open_if_due(now, settings, out);
        self.give_up_if_stuck(now, settings, out);
        let Some(following) = self.source.following() else {
            return;
        };
        let pull = following.pull;
        if following.poll_at(settings).is_some_and(|at| at <= now) {
            following.poll = Poll::UnderWay { since: now };
            self.counters.playlist_fetches += 1;
            out.push(Effect::Poll { pull });
        }
        let patience = following.follow.target() * 2;
        self.resources.drop_unneeded(&self.queue.segments());
        for (resource, wanted) in self.resources.start(now) {
            out.push(Effect::Load {
                pull,
                resource,
                wanted,
            });
        }
        for (item, segment) in self.queue.start(now, patience) {
            self.counters.segment_fetches += 1;
            out.push(Effect::Fetch {
                pull,
                item,
                segment: Box::new(segment),
            });
        }
        self.counters.retries += self.queue.take_retries();
    }

    /// Ends a life whose source is over or has been away for longer than the operator allows.
    fn end_if_over(&mut self, now: Moment, settings: &Settings, out: &mut Vec<Effect>) {
        if self.over_at().is_some_and(|at| at <= now) {
            self.fail(now, out, Failure::SourceEnded, EndReason::SourceEnded);
        } else if self.lost_at(settings).is_some_and(|at| at <= now) {
            let silent = now.since(self.last_segment_at);
            let last = self.last_trouble.clone();
            self.fail(
                now,
                out,
                Failure::SourceLost { silent, last },
                EndReason::SourceLost,
            );
        }
    }

    /// When the end that the list tells of is believed, if it goes on telling so.
    fn over_at(&self) -> Option<Moment> {
        let Source::Following(following) = &self.source else {
            return None;
        };
        let since = following.follow.ended_since()?;
        let waits = self.has_media() && self.queue.is_empty();
        waits.then(|| since + following.follow.target() * END_BELIEVED)
    }

    /// When the life ends for want of segments. A source is replaced first, so it is never given
    /// less time than that takes.
    fn lost_at(&self, settings: &Settings) -> Option<Moment> {
        let longest = self.window.held().map(|segment| segment.duration).max()?;
        let target = self.window.target().map_or(longest, Duration::from_secs);
        let patience = settings.no_data_timeout.max(target.min(TARGET_MAX) * 7 / 2);
        self.has_media().then(|| self.last_segment_at + patience)
    }

    pub(super) fn pull_deadline(&self, settings: &Settings) -> Option<Moment> {
        let source = match &self.source {
            Source::Due { at, .. } if self.leaving.is_empty() => [Some(*at), None, None],
            Source::Following(following) => [
                following.poll_at(settings),
                self.queue.deadline(),
                self.resources.deadline(),
            ],
            Source::Absent
            | Source::Due { .. }
            | Source::Opening { .. }
            | Source::Closing { .. }
            | Source::Reading(_) => [None; 3],
        };
        let silence = [
            self.lost_at(settings),
            self.over_at(),
            self.stuck_at(settings),
            self.mute_at(settings),
            self.reserve.due(),
        ];
        source.into_iter().chain(silence).flatten().min()
    }
}
