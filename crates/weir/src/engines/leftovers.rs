//! Sessions that an earlier Weir has left: its engines are told once a start to stop them, and no other address is.

use std::collections::{BTreeMap, BTreeSet};

use engine::{Address, Http};
use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream;
use ledger::Kept;
use url::Url;

use super::Engines;

/// Engines that are swept at once. One that hangs takes three seconds.
const SWEEPS_MAX: usize = 64;

/// A session that nobody reads any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    engine: Address,
    command: Url,
}

/// The sessions that were begun and not stopped when Weir ended.
pub fn leftovers(kept: &Kept) -> Vec<Leftover> {
    let found = kept.sessions.values().filter_map(|session| {
        let command = Url::parse(&session.command_url).ok()?;
        let (host, port) = (session.engine_host.clone(), session.engine_port);
        let engine = Address { host, port };
        Some(Leftover { engine, command })
    });
    found.collect()
}

impl Engines {
    /// Tells the engines of the pool to stop what was left on them. Until an engine has answered, or has not in time, no
    /// start is made there: a late stop could end the new session of the same content. `done` is told of each session that was
    /// stopped, or that is on an engine which is not known any more.
    pub fn sweep<Done: Fn(&Url) + Send + Sync>(
        &self,
        leftovers: Vec<Leftover>,
        http: Http,
        done: Done,
    ) -> impl Future<Output = ()> + Send + use<Done> {
        let mut commands: BTreeMap<Address, Vec<Url>> = BTreeMap::new();
        for Leftover { engine, command } in leftovers {
            if self.book().pool.has(&engine) {
                commands.entry(engine).or_default().push(command);
            } else {
                done(&command);
            }
        }
        let unswept = commands.keys().cloned().collect();
        self.inner.unswept.send_replace(unswept);
        let engines = self.clone();
        async move {
            let sweeps = stream::iter(commands);
            let sweep = |(engine, commands)| engines.sweep_one(engine, commands, &http, &done);
            sweeps.for_each_concurrent(SWEEPS_MAX, sweep).await;
        }
    }

    async fn sweep_one(
        &self,
        engine: Address,
        commands: Vec<Url>,
        http: &Http,
        done: &(impl Fn(&Url) + Sync),
    ) {
        let stops = commands.iter().map(|it| http.stop_at(&engine, it));
        let results = join_all(stops).await;
        let stopped = commands.iter().zip(&results);
        let stopped = stopped.filter(|(_, result)| result.is_ok());
        let stopped = stopped.map(|(command, _)| done(command)).count();
        let count = results.len();
        tracing::info!(engine = %engine, "engine {engine}: {stopped} of {count} session(s) stopped that were left there before this start");
        let done = |unswept: &mut BTreeSet<Address>| {
            unswept.remove(&engine);
        };
        self.inner.unswept.send_modify(done);
    }

    /// Waits until an engine has nothing left on it from before.
    pub async fn swept(&self, engine: &Address) {
        let mut unswept = self.inner.unswept.subscribe();
        // The sender is ours, so there is always an answer.
        let _ = unswept.wait_for(|left| !left.contains(engine)).await;
    }
}
