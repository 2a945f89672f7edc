//! What a session says about itself, how it is stopped, and its events.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::handler::Shared;
use super::json::{self as text, Fields};
use super::route::Key;
use super::session::{Live, Session, Stage};
use super::world::Place;
use crate::clock;
use crate::fault::{self, Endpoint, Fault, Malformed, Spot};
use crate::reply::Reply;
use crate::request::Request;

/// The engine counts what it has downloaded in pieces.
const PIECE_BYTES: u64 = 16_384;

/// How much of the broadcast the engine could go back to.
const HISTORY: Duration = Duration::from_mins(30);

/// After so long without bytes the speed is gone, having halved again and again.
const SPEED_HALVES_EVERY: Duration = Duration::from_secs(5);

/// The one answer for sessions that are not there, whatever the reason.
const UNKNOWN: &str = "unknown playback session id";

/// What is wrong with the stats at the moment.
#[derive(Default)]
struct Wrong {
    json: Option<Malformed>,
    broken: Option<String>,
    frozen: bool,
    encrypted: u8,
    livepos_absent: bool,
    livepos_numbers: bool,
}

impl Shared {
    pub(super) fn stat(&self, key: &Key, request: &Request) -> Reply {
        let place = self.world(|world| world.place(key));
        let counts = self.options.stat_keeps_alive
            && place == Place::Live
            && request.parameter("skip_player_activity") != Some("1");
        if matches!(place, Place::Stopped | Place::Unknown) {
            return self.unknown(&place);
        }
        let (now, wrong) = (clock::now(), self.wrong(&key.infohash));
        let starved = self.starved(&key.infohash);
        let current = self.world(|world| {
            let mut keys = world.sessions.keys();
            keys.find(|other| other.infohash == key.infohash).cloned()
        });
        let Some(current) = current else {
            return self.unknown(&Place::Unknown);
        };
        let stage = self.world(|world| {
            let session = world.sessions.get_mut(&current)?;
            if counts {
                session.touched = now;
            }
            session.stat_polls += 1;
            Some(session.stage(now, &self.options, starved))
        });
        let position = match stage {
            None => return self.unknown(&Place::Unknown),
            Some(Stage::Dl) => self.with_live(&current, |live, _| {
                position(live, now, &wrong, self.options.behind)
            }),
            Some(_) => None,
        };
        let fields = self.world(|world| {
            let session = world.sessions.get(&current)?;
            Some(fields(session, &current, stage?, position, starved, &wrong))
        });
        match fields {
            None => self.unknown(&Place::Unknown),
            Some(fields) => {
                self.world(|world| text::answer(fields, wrong.json.as_ref(), &mut world.random))
            }
        }
    }

    fn wrong(&self, infohash: &str) -> Wrong {
        let spot = Spot::new(Endpoint::Any).content(infohash);
        let is_on = |wanted: &fault::Session| {
            self.faults.is_on(
                &spot,
                |fault| matches!(fault, Fault::Session(on) if on == wanted),
            )
        };
        let malformed = Spot::new(Endpoint::Stat).content(infohash);
        Wrong {
            json: self.session_fault(&malformed, |fault| match fault {
                fault::Session::Malformed(kind) => Some(kind.clone()),
                _ => None,
            }),
            broken: self.session_fault(&spot, |fault| match fault {
                fault::Session::Broken(message) => Some(message.clone()),
                _ => None,
            }),
            frozen: is_on(&fault::Session::Freeze)
                || self
                    .faults
                    .is_on(&spot, |on| *on == Fault::Listing(fault::Listing::Stall)),
            encrypted: self.is_encrypted(infohash),
            livepos_absent: is_on(&fault::Session::LiveposAbsent),
            livepos_numbers: is_on(&fault::Session::LiveposNumber),
        }
    }

    fn unknown(&self, place: &Place) -> Reply {
        if *place == Place::Stopped {
            self.meter.count(|metrics| metrics.after_stop += 1);
        }
        text::failed(UNKNOWN)
    }

    pub(super) fn command(&self, key: &Key, request: &Request) -> Reply {
        if request.parameter("method") != Some("stop") {
            return text::succeeded("\"ok\"");
        }
        self.meter.count(|metrics| metrics.stops += 1);
        let spot = Spot::new(Endpoint::Any).content(&key.infohash);
        let refused =
            |fault: &fault::Session| (*fault == fault::Session::StopUnknown).then_some(());
        if self.session_fault(&spot, refused).is_some() {
            return text::failed(UNKNOWN);
        }
        let place = self.world(|world| {
            let place = world.place(key);
            match place {
                Place::Live => world.stop_content(&key.infohash),
                Place::Superseded if self.options.shared_stop => world.stop_content(&key.infohash),
                Place::Superseded => world.stop(key),
                Place::Stopped | Place::Unknown => {}
            }
            place
        });
        match place {
            Place::Live | Place::Superseded => {
                self.meter.count(|metrics| metrics.stops_done += 1);
                text::succeeded("\"ok\"")
            }
            Place::Stopped | Place::Unknown => self.unknown(&place),
        }
    }

    pub(super) async fn event(&self, key: &Key) -> Reply {
        let found = self.world(|world| {
            let session = world.sessions.get_mut(key)?;
            session.event_polls += 1;
            Some((session.gone.clone(), session.event_polls))
        });
        let Some((gone, polls)) = found else {
            let place = self.world(|world| world.place(key));
            return self.unknown(&place);
        };
        if polls == 1 {
            return text::succeeded("{\"name\":\"live_changed\",\"params\":{\"is_live\":1}}");
        }
        tokio::select! {
            biased;
            () = gone.cancelled() => text::failed(UNKNOWN),
            () = tokio::time::sleep(self.options.event_wait) => text::succeeded("null"),
        }
    }
}

/// What a session has got, and how fast.
struct Position {
    downloaded: u64,
    speed_kilobytes: u64,
    edge: Duration,
    pos: Duration,
}

fn position(live: &mut Live, now: Instant, wrong: &Wrong, behind: Duration) -> Position {
    if wrong.frozen {
        live.frozen.get_or_insert(now);
    } else {
        live.frozen = None;
    }
    let until = live.frozen.unwrap_or(now);
    let seconds = until.saturating_duration_since(live.since).as_secs_f64();
    let bytes = live.bytes_per_second * (seconds + 1.0);
    let quiet = now.saturating_duration_since(until).as_secs_f64();
    let halvings = quiet / SPEED_HALVES_EVERY.as_secs_f64();
    let speed = live.bytes_per_second / 1000.0 * 0.5_f64.powf(halvings);
    let edge = live.feed.edge().saturating_sub(behind);
    Position {
        downloaded: bytes as u64 / PIECE_BYTES * PIECE_BYTES,
        speed_kilobytes: speed as u64,
        edge,
        pos: edge.saturating_sub(Duration::from_secs(30)),
    }
}

fn fields(
    session: &Session,
    key: &Key,
    stage: Stage,
    position: Option<Position>,
    starved: bool,
    wrong: &Wrong,
) -> Fields {
    let status = match (&wrong.broken, stage) {
        (Some(_), _) => "err",
        (None, Stage::Idle) => "idle",
        (None, Stage::Prebuf) => "prebuf",
        (None, Stage::Dl) => "dl",
    };
    if stage == Stage::Idle && session.stat_polls == 1 && wrong.broken.is_none() {
        return Fields::new();
    }
    let mut fields = text::fields([
        ("status", json!(status)),
        ("playback_session_id", json!(session.playback_id)),
        ("infohash", json!(key.infohash)),
        ("is_live", json!(1)),
        ("is_encrypted", json!(wrong.encrypted)),
        ("client_session_id", json!(-1)),
        ("stream_status", json!(-1)),
        ("selected_stream_index", json!(0)),
        ("selected_file_index", json!(-1)),
        ("manifest_access_mode", json!(-1)),
        ("network_monitor_started", json!(false)),
        ("network_monitor_status", json!(0)),
        ("debug_level", json!(0)),
        ("total_progress", json!(0)),
        (
            "disk_cache_stats",
            json!({
                "avail": 3_199_156_224_u64, "disk_cache_limit": 2_266_017_044_u64,
                "inactive_inuse": 0, "active_inuse": 38_010_982,
            }),
        ),
    ]);
    if let Some(message) = &wrong.broken {
        fields.push(("error_message".to_owned(), json!(message)));
    }
    if stage != Stage::Idle {
        let (downloaded, speed) = position
            .as_ref()
            .map_or((0, 0), |found| (found.downloaded, found.speed_kilobytes));
        fields.extend(text::fields([
            ("peers", json!(if starved { 0 } else { 4 })),
            ("downloaded", json!(downloaded)),
            (
                "uploaded",
                json!(downloaded / 8 / PIECE_BYTES * PIECE_BYTES),
            ),
            ("speed_down", json!(speed)),
            ("speed_up", json!(speed / 9)),
        ]));
    }
    if let Some(position) = position.filter(|_| !wrong.livepos_absent) {
        fields.push((
            "livepos".to_owned(),
            livepos(&position, wrong.livepos_numbers),
        ));
    }
    fields
}

fn livepos(position: &Position, as_numbers: bool) -> Value {
    let number = |value: u64| {
        if as_numbers {
            json!(value)
        } else {
            json!(value.to_string())
        }
    };
    let last = position.edge.as_secs();
    let first = last.saturating_sub(HISTORY.as_secs());
    json!({
        "last": number(last), "live_first": number(first), "pos": number(position.pos.as_secs()),
        "first_ts": number(first), "last_ts": number(last), "is_live": number(1),
        "live_last": number(last), "buffer_pieces": number(30),
    })
}
