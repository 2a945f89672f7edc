//! Starts: which content is meant, which player asks, and the addresses that it gets.

use md5::{Digest as _, Md5};
use serde_json::json;

use http::StatusCode;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, LOCATION};

use super::handler::{Call, Shared};
use super::json;
use super::route::{Key, Output};
use super::world::{Start, World};
use crate::fault::{Endpoint, Fault, Malformed, Session, Spot};
use crate::reply::{After, Framing, Reply, Wire};
use crate::request::Request;

/// The text that stands in magnet links before the infohash.
const MAGNET_MARK: &str = "btih:";

impl Shared {
    /// The infohash that a request names, in the order in which the engine looks.
    pub(super) fn selected(&self, request: &Request) -> Option<String> {
        self.world(|world| selected(world, request))
    }

    pub(super) async fn start(&self, output: Output, call: Call<'_>) -> Reply {
        let request = call.request;
        let in_json = request.parameter("format") == Some("json");
        if !names_content(request) {
            return self.refused(in_json, "missing content id");
        }
        let Some(infohash) = self.selected(request) else {
            tokio::time::sleep(self.options.unknown_after).await;
            return self.refused(in_json, "failed to load content");
        };
        let spot = Spot::new(Endpoint::Start).content(&infohash);
        let failure = self.session_fault(&spot, |fault| match fault {
            Session::StartFails { error, extra } => Some((error.clone(), extra.clone())),
            _ => None,
        });
        if let Some((error, extra)) = failure {
            let refused = self.refused(in_json, &error);
            return match extra {
                Some(extra) if in_json => json::failed_with(&error, &extra),
                _ => refused,
            };
        }
        let player = player(request);
        let key = Key {
            token: token(&player),
            infohash,
        };
        let restart = request.parameter("force_session_restart") == Some("1");
        self.begin(&Start {
            key: &key,
            player: &player,
            output,
            restart,
        });
        match (in_json, output) {
            (true, _) => self.addresses(&key, output, request),
            (false, Output::Ts) if self.hops() == 0 => self.stream(&key, call).await,
            (false, _) => unframed_redirect(&self.playback_url(&key, output, request)),
        }
    }

    /// The second redirect on the way to a continuous body.
    pub(super) async fn hop(&self, key: &Key, request: &Request) -> Reply {
        match self.ready(key, Output::Ts).await {
            Ok(()) => {
                let content = content_token(&key.token);
                let base = self.base(request);
                unframed_redirect(&format!("{base}/content/{}/{content}", key.infohash))
            }
            Err(reply) => reply,
        }
    }

    fn refused(&self, in_json: bool, error: &str) -> Reply {
        self.meter.count(|metrics| metrics.starts_failed += 1);
        if in_json {
            json::failed(error)
        } else {
            Reply::text(StatusCode::INTERNAL_SERVER_ERROR, error)
        }
    }

    fn addresses(&self, key: &Key, output: Output, request: &Request) -> Reply {
        let base = self.base(request);
        let Key { infohash, token } = key;
        let path = format!("{infohash}/{token}");
        let spot = Spot::new(Endpoint::Start).content(infohash);
        let wrong: Option<Malformed> = self.session_fault(&spot, |fault| match fault {
            Session::Malformed(kind) => Some(kind.clone()),
            _ => None,
        });
        let encrypted = self.is_encrypted(infohash);
        self.world(|world| {
            let playback_id = world
                .sessions
                .get(key)
                .map(|session| session.playback_id.clone());
            let mut fields = json::fields([
                (
                    "playback_url",
                    json!(self.playback_url(key, output, request)),
                ),
                ("stat_url", json!(format!("{base}/ace/stat/{path}"))),
                ("command_url", json!(format!("{base}/ace/cmd/{path}"))),
                ("infohash", json!(infohash)),
                ("playback_session_id", json!(playback_id)),
                ("is_live", json!(1)),
                ("is_encrypted", json!(encrypted)),
                ("client_session_id", json!(-1)),
            ]);
            if request.parameter("use_api_events") == Some("1") {
                let url = json!(format!("{base}/ace/event/{path}"));
                fields.push(("event_url".to_owned(), url));
            }
            json::answer(fields, wrong.as_ref(), &mut world.random)
        })
    }

    /// What the engine says of a content, whatever its media is: 0 or 1.
    pub(super) fn is_encrypted(&self, infohash: &str) -> u8 {
        let spot = Spot::new(Endpoint::Any).content(infohash);
        let encrypted = Fault::Session(Session::Encrypted);
        u8::from(self.faults.is_on(&spot, |fault| *fault == encrypted))
    }

    fn playback_url(&self, key: &Key, output: Output, request: &Request) -> String {
        let (base, Key { infohash, token }) = (self.base(request), key);
        match output {
            Output::Ts => format!("{base}/ace/r/{infohash}/{token}"),
            Output::Hls => format!("{base}/ace/m/{infohash}/{token}.m3u8"),
        }
    }

    /// The beginning of every address that the engine hands out.
    pub(super) fn base(&self, request: &Request) -> String {
        let bad = self
            .faults
            .find(&Spot::new(Endpoint::Any), |fault| match fault {
                Fault::Session(Session::BadHost(host)) => Some(host.clone()),
                _ => None,
            });
        format!(
            "http://{}",
            bad.unwrap_or_else(|| request.host(self.address))
        )
    }
}

/// A redirect as the engine sends it: nothing says where its body ends, and nothing ends it.
fn unframed_redirect(url: &str) -> Reply {
    let mut reply = Reply::text(StatusCode::FOUND, &format!("Redirect to {url}"))
        .with(LOCATION, url)
        .with(ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    reply.wire = Some(Wire {
        after: After::Hold,
        ..Wire::new(Framing::Close)
    });
    reply
}

fn names_content(request: &Request) -> bool {
    ["content_id", "id", "infohash", "url", "magnet"]
        .iter()
        .any(|name| {
            request
                .parameter(name)
                .is_some_and(|value| !value.is_empty())
        })
}

fn selected(world: &World, request: &Request) -> Option<String> {
    if let Some(id) = request.parameter("content_id").or(request.parameter("id")) {
        return world.resolve_id(id);
    }
    if let Some(infohash) = request.parameter("infohash") {
        return world.resolve_infohash(infohash);
    }
    let magnet = request.parameter("magnet").or(request.parameter("url"))?;
    let (_, rest) = magnet.split_once(MAGNET_MARK)?;
    world.resolve_infohash(rest.get(..40)?)
}

fn player(request: &Request) -> String {
    let named = request.parameter("pid").or(request.parameter("sid"));
    named
        .filter(|pid| !pid.is_empty())
        .map_or_else(|| request.peer.ip().to_string(), str::to_owned)
}

/// The last part of a session's addresses: the MD5 of the player, or of its address.
fn token(player: &str) -> String {
    hex::encode(Md5::digest(player.as_bytes()))
}

/// The last part of the address to which the second redirect leads.
pub(super) fn content_token(token_of_player: &str) -> String {
    token(&format!("{token_of_player}/content"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_of_an_address_is_the_one_that_was_captured() {
        assert_eq!(token("127.0.0.1"), "f528764d624db129b32c21fbca0cb8d6");
    }
}
