//! Leads each request to its answer, through the faults that are on for it.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use http::{Method, StatusCode};
use tokio::time::Instant;

use super::options::Options;
use super::route::{Key, Output, Route};
use super::world::{Start, World};
use crate::clock;
use crate::fault::{self, Ending, Endpoint, Fault, Faults, Http, RuleId, Session, Spot};
use crate::metrics::Meter;
use crate::reply::Reply;
use crate::request::Request;
use crate::serve::Handler;
use crate::tasks::Spawner;

/// Everything that the requests of one engine share.
pub(super) struct Shared {
    pub(super) options: Options,
    pub(super) address: SocketAddr,
    pub(super) faults: Faults,
    pub(super) meter: Meter,
    pub(super) spawner: Spawner,
    /// Wall time at `born`; from there the runtime's clock counts.
    unix: Duration,
    born: Instant,
    world: Mutex<World>,
    /// Itself, for the tasks that it starts.
    pub(super) me: Weak<Self>,
}

/// A request on its way, with the faults that it has met.
pub(super) struct Call<'a> {
    pub(super) request: &'a Request,
    pub(super) seen: BTreeSet<RuleId>,
}

impl Shared {
    pub(super) fn new(options: Options, address: SocketAddr, spawner: Spawner) -> Arc<Self> {
        let world = Mutex::new(World::new(&options));
        let (unix, born) = (clock::unix(), clock::now());
        Arc::new_cyclic(|me| Self {
            options,
            address,
            faults: Faults::default(),
            meter: Meter::default(),
            spawner,
            unix,
            born,
            world,
            me: Weak::clone(me),
        })
    }

    /// Looks at the world or changes it; the metrics follow.
    pub(super) fn world<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        let before = world.sessions.len();
        let result = change(&mut world);
        let after = world.sessions.len();
        if before != after {
            // Before anybody else changes it, or the most that lived at once would be one too many.
            self.meter.count(|metrics| {
                metrics.sessions = after;
                metrics.sessions_max = metrics.sessions_max.max(after);
            });
        }
        result
    }

    /// Wall time at an instant.
    pub(super) fn unix(&self, at: Instant) -> Duration {
        self.unix + at.saturating_duration_since(self.born)
    }

    pub(super) fn starved(&self, infohash: &str) -> bool {
        let spot = Spot::new(Endpoint::Any).content(infohash);
        self.faults
            .is_on(&spot, |fault| *fault == Fault::Session(Session::NoPeers))
    }

    /// The first session fault that `pick` takes, used once.
    pub(super) fn session_fault<T>(
        &self,
        spot: &Spot<'_>,
        pick: impl Fn(&Session) -> Option<T>,
    ) -> Option<T> {
        let taken = self.faults.take_all(spot, |fault| match fault {
            Fault::Session(session) => pick(session),
            _ => None,
        });
        taken.into_iter().next()
    }

    pub(super) fn forget(&self) {
        self.world(World::forget);
    }

    pub(super) fn expire_all(&self) {
        let count = self.world(|world| {
            let count = world.sessions.len();
            world.end_all();
            count
        });
        self.meter.count(|metrics| metrics.expired += count as u64);
    }

    pub(super) fn supersede(&self, infohash: &str) -> bool {
        let stranger = self.world(|world| world.random.hex(32));
        let Some(infohash) = self.world(|world| world.resolve_infohash(infohash)) else {
            return false;
        };
        let key = Key {
            infohash,
            token: stranger,
        };
        let start = Start {
            key: &key,
            player: "a stranger",
            output: Output::Ts,
            restart: false,
        };
        self.begin(&start);
        true
    }

    /// Starts or joins a session, and sees to it that it expires.
    pub(super) fn begin(&self, start: &Start<'_>) {
        let is_new = self.world(|world| world.start(start, clock::now()));
        self.meter.count(|metrics| {
            let player = (start.key.infohash.clone(), start.player.to_owned());
            *metrics.starts.entry(player).or_default() += 1;
        });
        if let Some(me) = self.me.upgrade().filter(|_| is_new) {
            let key = start.key.clone();
            self.spawner
                .spawn(async move { me.expire_when_idle(&key).await });
        }
    }

    async fn expire_when_idle(&self, key: &Key) {
        let idle_after = self.options.idle_after;
        let gone = self.world(|world| world.sessions.get(key).map(|found| found.gone.clone()));
        let Some(gone) = gone else { return };
        loop {
            let deadline = self.world(|world| {
                world
                    .sessions
                    .get(key)
                    .map(|session| session.deadline(idle_after))
            });
            let Some(deadline) = deadline.filter(|_| !gone.is_cancelled()) else {
                return;
            };
            if deadline <= clock::now() {
                self.world(|world| world.end(key));
                self.meter.count(|metrics| metrics.expired += 1);
                return;
            }
            tokio::select! {
                biased;
                () = gone.cancelled() => return,
                () = tokio::time::sleep_until(deadline) => {}
            }
        }
    }

    fn endpoint(&self, route: &Route) -> Endpoint {
        match route {
            Route::Redirect(_) if self.hops() < 2 => Endpoint::Stream,
            route => route.endpoint(),
        }
    }

    /// Redirects between a start and the continuous body.
    pub(super) fn hops(&self) -> u8 {
        let spot = Spot::new(Endpoint::Any);
        let changed = self.faults.find(&spot, |fault| match fault {
            Fault::Session(Session::RedirectHops(hops)) => Some(*hops),
            _ => None,
        });
        changed.unwrap_or(self.options.redirect_hops)
    }

    async fn route(&self, route: Route, call: Call<'_>) -> Reply {
        match route {
            Route::Start(output) => self.start(output, call).await,
            Route::Playlist(key) => self.playlist(&key, call.request).await,
            Route::Segment { infohash, number } => self.segment(&infohash, number),
            Route::Redirect(key) if self.hops() == 2 => self.hop(&key, call.request).await,
            Route::Redirect(key) | Route::Content(key) => self.stream(&key, call).await,
            Route::Stat(key) => self.stat(&key, call.request),
            Route::Command(key) => self.command(&key, call.request),
            Route::Event(key) => self.event(&key).await,
            Route::WebService => self.web_service(call.request),
            Route::ServerService => self.server_service(call.request),
            Route::Search => self.search(call.request),
            Route::Unknown => Reply::text(StatusCode::NOT_FOUND, "not found"),
        }
    }
}

impl Handler for Shared {
    async fn answer(&self, request: Request) -> Reply {
        let route = Route::of(&request.path);
        let endpoint = self.endpoint(&route);
        self.meter.requested(&request, endpoint);
        let content = match &route {
            Route::Start(_) => self.selected(&request),
            route => route.infohash().map(str::to_owned),
        };
        let mut spot = Spot::new(endpoint);
        if let Some(content) = &content {
            spot = spot.content(content);
        }
        if let Route::Segment { infohash, number } = &route {
            spot = spot.segment(*number);
            self.meter.segment(infohash, *number);
        }
        let mut seen = BTreeSet::new();
        let faults = self.faults.take(&spot, &mut seen, Http::of_response);
        if let Some(reply) = fault::instead(&faults, &request).await {
            return self.meter.metered(reply);
        }
        if request.method == Method::HEAD {
            return Reply::text(StatusCode::NOT_IMPLEMENTED, "");
        }
        let reply = self
            .route(
                route,
                Call {
                    request: &request,
                    seen,
                },
            )
            .await;
        self.meter.metered(fault::apply(&faults, reply))
    }

    fn connected(&self) -> Option<Ending> {
        self.meter.connected();
        let spot = Spot::new(Endpoint::Any);
        let dead = self.faults.take_all(&spot, Http::of_connection);
        if !dead.is_empty() {
            self.meter.disconnected();
        }
        dead.first().copied()
    }

    fn disconnected(&self) {
        self.meter.disconnected();
    }
}
