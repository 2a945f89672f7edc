//! Statistics of streams that other proxies run, from engines of ours alone. Each engine is asked one thing at a time,
//! so that a slow one delays nobody but itself.

use std::collections::BTreeMap;

use engine::{Address, Session, Stat, StatError};

use super::Collector;
use crate::clock;
use crate::statistics::Reading;
use crate::upstream::Upstream;

/// Streams of others that are asked about in one round at one engine; it carries twenty at most.
const STREAMS_MAX: usize = 64;

/// What came of asking one engine.
pub(super) struct Polled {
    engine: Address,
    stats: Vec<(String, Stat)>,
}

impl Collector {
    /// Asks each engine that is at rest about the streams that others have on it.
    pub(super) fn ask_others(&mut self) {
        let mut wanted: BTreeMap<Address, Vec<(String, Session)>> = BTreeMap::new();
        let reported = self.parts.context.outbox.reported();
        if reported.is_empty() {
            return;
        }
        let named = self.parts.context.upstream.named();
        for stream in reported {
            let session = Upstream::session_of(&stream, &named);
            let Some(session) = session.filter(|it| it.stat_url.is_some()) else {
                continue;
            };
            let of_engine = wanted.entry(session.engine.clone()).or_default();
            if of_engine.len() < STREAMS_MAX {
                of_engine.push((stream.id.clone(), session));
            }
        }
        for (engine, sessions) in wanted {
            if self.busy.contains(&engine) {
                continue;
            }
            self.busy.push(engine.clone());
            let upstream = self.parts.context.upstream.clone();
            self.polls.spawn(async move {
                let mut stats = Vec::new();
                for (stream, session) in sessions {
                    match upstream.stat_of_other(&session).await {
                        Ok(stat) => stats.push((stream, stat)),
                        // The others would wait for nothing.
                        Err(StatError::Api(error)) if !error.answered() => break,
                        Err(_) => {}
                    }
                }
                Polled { engine, stats }
            });
        }
    }

    pub(super) fn take(&mut self, polled: Option<Polled>) {
        let Some(Polled { engine, stats }) = polled else {
            // Nobody knows whose it was; each is asked again.
            return self.busy.clear();
        };
        self.busy.retain(|other| *other != engine);
        let at = clock::wall();
        for (stream, stat) in stats {
            let reading = Reading::of(at, &stat);
            self.parts.context.records.statistics.add(&stream, reading);
        }
    }
}
