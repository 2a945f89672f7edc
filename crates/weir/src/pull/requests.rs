//! The requests that a driver has under way; none of them decides anything.

use std::sync::Arc;
use std::time::Duration;

use channel::{Input, Intake, ItemId, PullId, ResourceId, Wanted};
use engine::{Session, StatError, Status};

use super::{Answer, CLOSE_PATIENCE, Current, Driver};
use crate::clock;
use crate::statistics::Reading;
use crate::upstream::{Open, Upstream};

/// Least wait for a playlist of a source that has given one before.
const POLL_MIN: Duration = Duration::from_secs(5);

impl Answer {
    fn plain(input: Input) -> Self {
        Self {
            input,
            open: None,
            place: None,
            body: None,
        }
    }
}

impl Driver {
    pub(super) fn open(&mut self, pull: PullId, intake: Intake) {
        let upstream = Arc::clone(&self.context.upstream);
        let selector = self.handle.selector.clone();
        self.sessions.spawn(async move {
            match upstream.open(&selector, intake, &[]).await {
                Ok(open) => {
                    let input = Input::Opened {
                        pull,
                        kind: open.kind,
                        intake: open.intake,
                        variant: open.variant.clone(),
                    };
                    Answer {
                        open: Some(Box::new(open)),
                        ..Answer::plain(input)
                    }
                }
                Err(failure) => Answer::plain(Input::OpenFailed { pull, failure }),
            }
        });
    }

    pub(super) fn poll(&mut self, pull: PullId) {
        let Some(current) = self.current.as_mut().filter(|it| it.pull == pull) else {
            return;
        };
        if let Some(list) = current.open.first.take() {
            let input = Input::Polled {
                pull,
                result: Ok(list),
            };
            self.requests
                .spawn(std::future::ready(Answer::plain(input)));
            return;
        }
        // An engine holds its first answer back until it has enough: that may take as long as a
        // first segment may.
        let patience = if current.listed {
            (self.target * 2).max(POLL_MIN)
        } else {
            self.limits.first_segment_timeout
        };
        let place = current.open.place.clone();
        let upstream = Arc::clone(&self.context.upstream);
        self.requests.spawn(async move {
            match upstream.list(&place, patience).await {
                Ok(listed) => {
                    let input = Input::Polled {
                        pull,
                        result: Ok(listed.media),
                    };
                    Answer {
                        place: Some(listed.place),
                        ..Answer::plain(input)
                    }
                }
                Err(trouble) => Answer::plain(Input::Polled {
                    pull,
                    result: Err(trouble),
                }),
            }
        });
    }

    /// Opens the body of the source, which an engine holds back until it has enough to play.
    pub(super) fn read(&mut self, pull: PullId) {
        let Some(current) = self.current.as_mut().filter(|it| it.pull == pull) else {
            return;
        };
        let opened = Answer::plain(Input::BodyOpened { pull });
        if let Some(body) = current.open.body.take() {
            let body = Some(Box::new(body));
            let answer = Answer { body, ..opened };
            self.requests.spawn(std::future::ready(answer));
            return;
        }
        let place = current.open.place.clone();
        let patience = self.limits.first_segment_timeout;
        let upstream = Arc::clone(&self.context.upstream);
        self.requests.spawn(async move {
            match upstream.read(&place, patience).await {
                Ok(body) => Answer {
                    body: Some(Box::new(body)),
                    ..opened
                },
                Err(trouble) => Answer::plain(Input::BodyEnded {
                    pull,
                    end: Err(trouble),
                }),
            }
        });
    }

    pub(super) fn fetch(&mut self, pull: PullId, item: ItemId, segment: Box<hls::Segment>) {
        let Some(place) = self.place_of(pull) else {
            return;
        };
        let upstream = Arc::clone(&self.context.upstream);
        let (handle, clock) = (Arc::clone(&self.handle), self.context.clock);
        self.requests.spawn(async move {
            let asked_at = clock.now();
            let result = upstream.segment(&place, &segment).await;
            if result.is_ok() {
                handle.fetched(asked_at);
            }
            Answer::plain(Input::Fetched { pull, item, result })
        });
    }

    pub(super) fn load(&mut self, pull: PullId, resource: ResourceId, wanted: Wanted) {
        let Some(place) = self.place_of(pull) else {
            return;
        };
        let upstream = Arc::clone(&self.context.upstream);
        self.requests.spawn(async move {
            let result = upstream.resource(&place, &wanted).await;
            Answer::plain(Input::Loaded {
                pull,
                resource,
                result,
            })
        });
    }

    /// Drops what is under way and closes the source, or waits for one that is being opened: a
    /// start that is broken off could leave a session behind.
    pub(super) fn close_pull(&mut self, pull: PullId) {
        self.requests.abort_all();
        self.body = None;
        match self.current.take() {
            Some(current) if current.pull == pull => self.close(pull, current.open),
            _ => {
                self.unwanted.insert(pull);
                self.sessions.spawn(async move {
                    tokio::time::sleep(CLOSE_PATIENCE).await;
                    Answer::plain(Input::Closed { pull })
                });
            }
        }
    }

    pub(super) fn close(&mut self, pull: PullId, open: Open) {
        let upstream = Arc::clone(&self.context.upstream);
        self.sessions.spawn(async move {
            upstream.close(open).await;
            Answer::plain(Input::Closed { pull })
        });
    }

    /// Asks the engine how the session is doing, again and again as long as it is the current one.
    pub(super) fn watch_session(&mut self) {
        let Some(Current { pull, open, .. }) = &self.current else {
            return;
        };
        let Some(session) = open.session.clone().filter(|_| self.watched != Some(*pull)) else {
            return;
        };
        self.watched = Some(*pull);
        let pull = *pull;
        let upstream = Arc::clone(&self.context.upstream);
        let handle = Arc::clone(&self.handle);
        let interval = self.context.config.collect_interval;
        let statistics = self.context.records.statistics.clone();
        self.requests.spawn(async move {
            let show = |stat: engine::Stat| {
                let reading = Reading::of(clock::wall(), &stat);
                if let Some(stream) = handle.measured(stat) {
                    statistics.add(&stream, reading);
                }
            };
            let cause = until_sick(&upstream, &session, interval, show).await;
            Answer::plain(Input::Sick { pull, cause })
        });
    }

    fn place_of(&self, pull: PullId) -> Option<engine::Place> {
        let current = self.current.as_ref().filter(|it| it.pull == pull)?;
        Some(current.open.place.clone())
    }
}

/// Reads a session's statistics until they say that it is over. What cannot be read says nothing:
/// the media tells by itself whether it flows.
async fn until_sick(
    upstream: &Upstream,
    session: &Session,
    interval: Duration,
    show: impl Fn(engine::Stat),
) -> String {
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match upstream.stat(session).await {
            Ok(stat) if stat.status == Some(Status::Failed) => {
                let text = stat
                    .error_message
                    .unwrap_or_else(|| "no reason given".into());
                return format!("the engine gave up: {text}");
            }
            Ok(stat) if is_taken_over(&stat, session) => {
                return "another player took the session over".into();
            }
            Ok(stat) => show(stat),
            Err(StatError::SessionGone) => return StatError::SessionGone.to_string(),
            Err(StatError::NoStatUrl) => std::future::pending().await,
            Err(StatError::Api(_)) => {}
        }
    }
}

fn is_taken_over(stat: &engine::Stat, session: &Session) -> bool {
    match (&stat.playback_session_id, &session.playback_session_id) {
        // Ids of one engine have one length; another one is a slip, not another session.
        (Some(now), Some(ours)) => now.len() == ours.len() && now != ours,
        _ => false,
    }
}
