//! Sessions that an earlier Weir was killed over: its engines are told once to stop them, and no other address is.

use std::collections::{BTreeMap, BTreeSet};

use engine::{Address, Http};
use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream;
use ledger::Kept;
use url::Url;

use super::Engines;

/// Sessions that are looked after: more channels than one Weir runs.
const SESSIONS_MAX: usize = 1_000;

/// Engines that are swept at once. One that hangs takes three seconds.
const SWEEPS_MAX: usize = 64;

/// A session that nobody reads any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    engine: Address,
    command: Url,
}

/// The sessions of streams that ran when Weir ended.
pub fn leftovers(kept: &Kept) -> Vec<Leftover> {
    let running = kept.streams.values();
    let running = running.filter(|stream| stream.own && stream.ended.is_none());
    let found = running.filter_map(|stream| {
        let command = Url::parse(&stream.command_url).ok()?;
        let (host, port) = (stream.engine_host.clone(), stream.engine_port);
        let engine = Address { host, port };
        Some(Leftover { engine, command })
    });
    found.take(SESSIONS_MAX).collect()
}

impl Engines {
    /// Tells the engines of the pool to stop what was left on them. Until an engine has answered, or has not in time, no
    /// start is made there: a late stop could end the new session of the same content.
    pub fn sweep(
        &self,
        leftovers: Vec<Leftover>,
        http: Http,
    ) -> impl Future<Output = ()> + Send + use<> {
        let mut commands: BTreeMap<Address, Vec<Url>> = BTreeMap::new();
        for Leftover { engine, command } in leftovers {
            if self.book().pool.has(&engine) {
                commands.entry(engine).or_default().push(command);
            }
        }
        let unswept = commands.keys().cloned().collect();
        self.inner.unswept.send_replace(unswept);
        let engines = self.clone();
        async move {
            let sweeps = stream::iter(commands);
            let sweep = |(engine, commands)| engines.sweep_one(engine, commands, &http);
            sweeps.for_each_concurrent(SWEEPS_MAX, sweep).await;
        }
    }

    async fn sweep_one(&self, engine: Address, commands: Vec<Url>, http: &Http) {
        let stops = commands.iter().map(|it| http.stop_at(&engine, it));
        let results = join_all(stops).await;
        let stopped = results.iter().filter(|result| result.is_ok()).count();
        let count = results.len();
        tracing::info!(engine = %engine, "engine {engine}: {stopped} of {count} session(s) stopped that were left there when Weir was killed");
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
