//! The service API and the search: versions, names, ids; it opens no session.

use serde_json::{Value, json};

use super::handler::Shared;
use super::options::Channel;
use crate::reply::Reply;
use crate::request::Request;

/// What the service API answers to a method that it does not know.
const UNKNOWN_METHOD: i64 = 1;

impl Shared {
    pub(super) fn web_service(&self, request: &Request) -> Reply {
        let answer = match request.parameter("method") {
            Some("get_version") => done(&self.version()),
            _ => unknown_method(),
        };
        match (request.parameter("format"), request.parameter("callback")) {
            (Some("jsonp"), Some(callback)) => {
                Reply::whole("application/javascript", format!("{callback}({answer});"))
            }
            _ => Reply::json(answer),
        }
    }

    pub(super) fn server_service(&self, request: &Request) -> Reply {
        if request.parameter("api_version").is_none() {
            return Reply::json(json!({"result": null, "error": "access denied"}).to_string());
        }
        Reply::json(match request.parameter("method") {
            Some("get_status") => done(&json!({
                "playlist_loaded": false, "version": self.version(),
            })),
            Some("get_version") => done(&self.version()),
            Some("get_network_connection_status") => done(&json!({"connected": true})),
            Some("get_api_access_token") => {
                let token = self.world(|world| world.random.hex(64));
                done(&json!({"token": token}))
            }
            Some("get_media_files") => self.named(request).map_or_else(
                || not_done("cannot get transport file"),
                |channel| done(&files(&channel)),
            ),
            Some("get_content_id") => self.named(request).map_or_else(
                || not_done("cannot get transport file"),
                |channel| done(&json!({"content_id": channel.content_id})),
            ),
            Some("analyze_content") => self.analysed(request).map_or_else(
                || not_done("unknown protocol"),
                |channel| done(&analysis(&channel)),
            ),
            _ => unknown_method(),
        })
    }

    pub(super) fn search(&self, request: &Request) -> Reply {
        let query = request
            .parameter("query")
            .unwrap_or_default()
            .to_lowercase();
        let results: Vec<Value> = self.world(|world| {
            let channels = world.contents.values().map(|content| &content.channel);
            let found = channels.filter(|channel| channel.title.to_lowercase().contains(&query));
            found.map(search_result).collect()
        });
        Reply::json(done(
            &json!({"total": results.len(), "results": results, "time": 0.01}),
        ))
    }

    fn version(&self) -> Value {
        let version = &self.options.version;
        let code = version.split('.').fold(0, |code: u64, part| {
            code * 100 + part.parse::<u64>().unwrap_or_default()
        });
        json!({
            "platform": "linux", "version": version, "code": code * 100, "websocket_port": 37_293,
        })
    }

    /// The channel that a request names; here every id is looked for.
    fn named(&self, request: &Request) -> Option<Channel> {
        let by_infohash = request.parameter("infohash");
        self.world(|world| {
            let infohash = match by_infohash {
                Some(infohash) => world.resolve_infohash(infohash),
                None => world.resolve_id(request.parameter("content_id")?),
            };
            world
                .contents
                .get(&infohash?)
                .map(|content| content.channel.clone())
        })
    }

    fn analysed(&self, request: &Request) -> Option<Channel> {
        let query = request
            .parameter("query")?
            .strip_prefix("acestream:?")?
            .to_owned();
        let (kind, id) = query.split_once('=')?;
        self.world(|world| {
            let infohash = match kind {
                "infohash" => world.resolve_infohash(id),
                "content_id" => world.resolve_id(id),
                _ => None,
            };
            world
                .contents
                .get(&infohash?)
                .map(|content| content.channel.clone())
        })
    }
}

fn files(channel: &Channel) -> Value {
    json!({
        "files": [{"index": 0, "filename": channel.title}], "name": channel.title,
        "infohash": channel.infohash, "transport_type": "bt", "type": "live",
        "transport_file_cache_key": null,
    })
}

fn analysis(channel: &Channel) -> Value {
    json!({
        "is_live": true, "item_url": null, "transport_type": "bt", "content_type": "video",
        "title": channel.title, "content_id": channel.content_id, "infohash": channel.infohash,
        "categories": [],
    })
}

fn search_result(channel: &Channel) -> Value {
    json!({"name": channel.title, "icons": [], "items": [{
        "infohash": channel.infohash, "name": channel.title, "bitrate": 500_000, "status": 2,
        "availability": 1.0, "availability_updated_at": 1_700_000_000, "channel_id": 1,
        "categories": [], "countries": [], "languages": [],
    }]})
}

fn done(result: &Value) -> String {
    json!({"result": result, "error": null}).to_string()
}

fn not_done(message: &str) -> String {
    json!({"error": {"message": message, "code": 0}}).to_string()
}

fn unknown_method() -> String {
    json!({"error": {"message": "unknown method", "code": UNKNOWN_METHOD}}).to_string()
}
