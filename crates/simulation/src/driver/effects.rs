//! What a driver does with each effect; it decides nothing.

use std::time::Duration;

use channel::{Clip, Effect, EndReason, Event, Failure, Input, Snapshot};

use super::Driver;
use crate::coverage::Seen;
use crate::judge::Expected;
use crate::world::World;

/// How long an engine takes to say how a session is doing.
const ANSWER: Duration = Duration::from_millis(5);

impl World {
    pub(super) fn carry_out(&mut self, driver: &mut Driver, effect: Effect) {
        match effect {
            Effect::Open { pull, intake, .. } => self.open(driver, pull, intake),
            Effect::Poll { pull } => self.poll(driver, pull),
            Effect::Fetch {
                pull,
                item,
                segment,
            } => {
                let source = &mut self.sources[driver.number];
                let answer = source.segment_of(self.now, &mut self.random, &segment);
                let result = answer.result;
                self.request(driver, answer.after, Input::Fetched { pull, item, result });
            }
            Effect::Load {
                pull,
                resource,
                wanted,
            } => {
                let source = &mut self.sources[driver.number];
                let answer = source.resource(self.now, &mut self.random, &wanted);
                let result = answer.result;
                let input = Input::Loaded {
                    pull,
                    resource,
                    result,
                };
                self.see(Seen::Resource);
                self.request(driver, answer.after, input);
            }
            Effect::Measure { pull } => {
                let source = &self.sources[driver.number];
                let input = Input::Measured {
                    pull,
                    measure: source.measure(self.now, driver.is_reading()),
                    elsewhere: false,
                };
                self.request(driver, ANSWER, input);
            }
            Effect::Close { pull } => self.close_pull(driver, pull),
            Effect::Publish(snapshot) => self.publish(driver, *snapshot),
            Effect::Remember(promise) => self.remember(driver.number, promise),
            Effect::Tell(event) => self.tell(driver, &event),
            Effect::Read { pull } => self.read(driver, pull),
            Effect::Wake => {}
            Effect::Finish => driver.finished = driver.viewers.close_if_empty(),
        }
    }

    fn publish(&mut self, driver: &mut Driver, snapshot: Snapshot) {
        let number = driver.number;
        let source = &self.sources[number];
        let expected = Expected {
            steady: source.steady,
            back_max: source.back_max(self.now),
        };
        driver.list =
            self.judge
                .published(self.now, number, expected, &snapshot, &mut self.coverage);
        if !snapshot.reserve.is_zero() {
            self.see(Seen::Reserve);
        }
        driver.shown = snapshot;
        self.trace.mix(driver.shown.window.next().0);
        if driver.is_decided() {
            for viewer in std::mem::take(&mut driver.waiting) {
                self.viewer_soon(viewer);
            }
        }
    }

    fn tell(&mut self, driver: &mut Driver, event: &Event) {
        match event {
            Event::Started => {
                self.see(Seen::Started);
                driver.lives += 1;
                if 1 < driver.lives {
                    self.see(Seen::StartedAgain);
                }
            }
            Event::Ended { reason } => {
                self.see(match reason {
                    EndReason::LastViewerLeft => Seen::EndedUnwatched,
                    EndReason::Stopped | EndReason::Looping => Seen::EndedStopped,
                    EndReason::Shutdown => Seen::EndedShutdown,
                    EndReason::SourceEnded => Seen::EndedSourceOver,
                    EndReason::SourceLost => Seen::EndedSourceLost,
                    EndReason::StartFailed => Seen::EndedStartFailed,
                });
                if let Some(stream) = driver.stream.take() {
                    self.stream_ended(stream, reason.as_str());
                }
            }
            Event::WentLive => self.see(Seen::WentLive),
            Event::SourceOpened { opened } => {
                self.see(Seen::SourceOpened);
                if 1 < *opened {
                    self.see(Seen::SourceReplaced);
                }
                // The first source of a life makes it a stream.
                if driver.stream.is_none() {
                    driver.stream = Some(self.stream_began(driver.number));
                }
            }
            Event::SourceLost { cause } => {
                if cause.starts_with("the stream began and nothing of it came") {
                    self.see(Seen::Mute);
                }
                // A quicker pace of polls makes a slower one look like silence.
                let source = &self.sources[driver.number];
                let well = driver.is_reading() && source.is_well(self.now);
                let steady = (source.steady || well) && !self.setting;
                assert!(!steady, "a source without a fault was given up: {cause}");
                // What it is opened with again is behind a break.
                self.sources[driver.number].steady = false;
                self.see(Seen::SourceLost);
            }
            Event::SourceRestarted => self.see(Seen::SourceRestarted),
            Event::SegmentsLost { .. } => self.see(Seen::SegmentsLost),
            Event::SlateShown { clip } => self.see(match clip {
                Clip::Starting => Seen::SlateStart,
                Clip::Lost => Seen::SlateLost,
                Clip::Ended => Seen::SlateEnded,
            }),
            Event::SlateLeft => self.see(Seen::SlateLeft),
            Event::SourceFlawed { .. } => self.see(Seen::Flaw),
            // No engine is drained here.
            Event::SourceMoved { .. } => {}
            Event::Failed { failure } => {
                if matches!(failure, Failure::Misfit { .. }) {
                    self.see(Seen::Misfit);
                }
            }
        }
    }
}
