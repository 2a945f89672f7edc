//! The requests that a driver has under way; none of them decides anything.

use std::sync::Arc;
use std::time::Duration;

use channel::{Input, Intake, ItemId, PullId, ResourceId, Wanted, Where};

use super::{Answer, CLOSE_PATIENCE, Driver, measure, sessions};
use crate::clock;
use crate::statistics::Reading;
use crate::upstream::Open;

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
    pub(super) fn open(&mut self, pull: PullId, intake: Intake, at: Where) {
        let upstream = Arc::clone(&self.context.upstream);
        let selector = self.handle.selector.clone();
        let carried = self.current.as_ref().and_then(|it| it.engine());
        let last = carried.or(self.left.as_ref()).cloned();
        self.sessions.spawn(async move {
            match upstream.open_at(&selector, intake, at, last.as_ref()).await {
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
        let target = self.target;
        let first = self.limits.first_segment_timeout;
        let upstream = Arc::clone(&self.context.upstream);
        let Some(current) = self.source(pull) else {
            return;
        };
        if let Some(list) = current.open.first.take() {
            let input = Input::Polled {
                pull,
                result: Ok(list),
            };
            current
                .requests
                .spawn(std::future::ready(Answer::plain(input)));
            return;
        }
        // An engine holds its first answer back until it has enough: that may take as long as a
        // first segment may.
        let patience = if current.listed {
            (target * 2).max(POLL_MIN)
        } else {
            first
        };
        let place = current.open.place.clone();
        current.requests.spawn(async move {
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
        let patience = self.limits.first_segment_timeout;
        let upstream = Arc::clone(&self.context.upstream);
        let Some(current) = self.source(pull) else {
            return;
        };
        let opened = Answer::plain(Input::BodyOpened { pull });
        if let Some(body) = current.open.body.take() {
            let body = Some(Box::new(body));
            let answer = Answer { body, ..opened };
            current.requests.spawn(std::future::ready(answer));
            return;
        }
        let place = current.open.place.clone();
        current.requests.spawn(async move {
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
        let upstream = Arc::clone(&self.context.upstream);
        let (handle, clock) = (Arc::clone(&self.handle), self.context.clock);
        let Some(current) = self.source(pull) else {
            return;
        };
        let place = current.open.place.clone();
        current.requests.spawn(async move {
            let asked_at = clock.now();
            let result = upstream.segment(&place, &segment).await;
            if result.is_ok() {
                handle.fetched(asked_at);
            }
            Answer::plain(Input::Fetched { pull, item, result })
        });
    }

    pub(super) fn load(&mut self, pull: PullId, resource: ResourceId, wanted: Wanted) {
        let upstream = Arc::clone(&self.context.upstream);
        let Some(current) = self.source(pull) else {
            return;
        };
        let place = current.open.place.clone();
        current.requests.spawn(async move {
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
        if let Some(open) = self.take_out(pull) {
            return self.close(pull, open);
        }
        self.unwanted.insert(pull);
        self.sessions.spawn(async move {
            tokio::time::sleep(CLOSE_PATIENCE).await;
            Answer::plain(Input::Closed { pull })
        });
    }

    pub(super) fn close(&mut self, pull: PullId, open: Open) {
        let upstream = Arc::clone(&self.context.upstream);
        let outbox = self.context.outbox.clone();
        self.sessions.spawn(async move {
            let command_url = sessions::command_url(open.session.as_ref());
            let stopped = upstream.close(open).await;
            if let Some(command_url) = command_url.filter(|_| stopped) {
                outbox.session_closed(command_url);
            }
            Answer::plain(Input::Closed { pull })
        });
    }

    /// Asks the engine how the session is doing.
    pub(super) fn measure(&mut self, pull: PullId) {
        let upstream = Arc::clone(&self.context.upstream);
        let handle = Arc::clone(&self.handle);
        let statistics = self.context.records.statistics.clone();
        let Some(current) = self.source(pull) else {
            return;
        };
        let Some(session) = current.open.session.clone() else {
            return;
        };
        current.requests.spawn(async move {
            let asked = upstream.stat(&session).await;
            let elsewhere = upstream.has_another(&session.engine);
            let input = match measure::of(&session, &asked) {
                Ok(measure) => Input::Measured {
                    pull,
                    measure,
                    elsewhere,
                },
                Err(cause) => Input::Sick { pull, cause },
            };
            if let (Input::Measured { .. }, Ok(stat)) = (&input, asked) {
                let reading = Reading::of(clock::wall(), &stat);
                if let Some(stream) = handle.measured(stat) {
                    statistics.add(&stream, reading);
                }
            }
            Answer::plain(input)
        });
    }
}
