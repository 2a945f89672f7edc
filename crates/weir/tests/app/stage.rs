//! What the tests of this folder stand on: an engine, Weir before it, and players.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use simulator::engine::{Channel, Engine, Options};
use simulator::fault::RuleId;
use simulator::media::{Marked, Media};
use simulator::metrics::Metrics;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use weir::app::{Service, Staged};
use weir::config::{Config, ServeArgs};
use weir::settings::{EngineStream, Slate, StreamMode};

use crate::log;

/// The longest any wait of a test may take before it counts as failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Weir with short limits, and what stands behind it.
pub(crate) struct Stage {
    pub(crate) weir: Service,
    pub(crate) engine: Engine,
    pub(crate) config: Config,
    /// Content ids of the engine's channels.
    pub(crate) ids: Vec<String>,
    /// Keeps the data folder.
    pub(crate) folder: TempDir,
}

/// An HTTP answer, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().expect("text"))
            .unwrap_or_default()
    }

    pub(crate) fn playlist(&self) -> hls::Media {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        match hls::read(&self.body).expect("a playlist") {
            hls::Playlist::Media(media) => media,
            hls::Playlist::Multivariant(_) => panic!("not a media playlist: {}", self.text()),
        }
    }
}

/// An engine that is quick to start and has one-second segments.
pub(crate) fn quick_engine() -> Options {
    let shape = |stream| Marked {
        stream,
        duration: Duration::from_secs(1),
        ..Marked::default()
    };
    Options {
        channels: (1..=3)
            .map(|n| Channel::numbered(n, Media::marked(shape(n as u32))))
            .collect(),
        idle: Duration::from_millis(10),
        prebuf: Duration::from_millis(50),
        initial: 6,
        ..Options::default()
    }
}

/// An engine like that with segments of half a second, so that much happens in little time.
pub(crate) fn fast_engine() -> Options {
    let shape = |stream| Marked {
        stream,
        duration: Duration::from_millis(500),
        bytes: 20_000,
    };
    Options {
        channels: (1..=3)
            .map(|n| Channel::numbered(n, Media::marked(shape(n as u32))))
            .collect(),
        ..quick_engine()
    }
}

/// Asks for playlists often, and is content with three segments of half a second.
pub(crate) fn fast(config: &mut Config) {
    config.settings.hls_segment_fetch_interval = 0.1;
    config.settings.hls_initial_buffer_seconds = Duration::from_millis(1500);
}

/// A configuration with short limits; the data folder is `folder`.
pub(crate) fn quick_config(folder: &TempDir) -> Config {
    log::install();
    let args = ServeArgs {
        port: Some("0".into()),
        bind: Some("127.0.0.1".into()),
        data_dir: Some(folder.path().to_string_lossy().into_owned()),
        ..ServeArgs::default()
    };
    let mut config = Config::read(&args, |_| None).expect("a good configuration");
    config.viewer_idle = Duration::from_millis(500);
    config.collect_interval = Duration::from_millis(100);
    config.settings.channel_shutdown_delay = Duration::from_millis(300);
    config.settings.hls_initial_buffer_seconds = Duration::from_secs(3);
    config.settings.stream_mode = StreamMode::Hls;
    config.settings.engine_stream = EngineStream::Hls;
    config.settings.slate = Slate::Off;
    config.settings.engine_wait_timeout = Duration::ZERO;
    config
}

impl Stage {
    /// A stage with a healthy engine.
    pub(crate) async fn new() -> Self {
        Self::with(quick_engine(), |_| {}).await
    }

    /// A stage with this engine, and a configuration changed by `change`.
    pub(crate) async fn with(options: Options, change: impl FnOnce(&mut Config)) -> Self {
        let ids = options
            .channels
            .iter()
            .map(|channel| channel.content_id.clone())
            .collect();
        let engine = Engine::start(options).await.expect("an engine");
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = quick_config(&folder);
        config.engines = vec![engine.address().to_string().parse().expect("an address")];
        change(&mut config);
        let weir = Service::start(config.clone(), Staged::default())
            .await
            .expect("a service");
        Self {
            weir,
            engine,
            config,
            ids,
            folder,
        }
    }

    /// A stage where everything goes fast, with a configuration changed by `change`.
    pub(crate) async fn fast(change: impl FnOnce(&mut Config)) -> Self {
        Self::with(fast_engine(), |config| {
            fast(config);
            change(config);
        })
        .await
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.weir.address()
    }

    /// Waits until the engine has counted what is wanted.
    pub(crate) async fn engine_until(&self, wanted: impl FnMut(&Metrics) -> bool) -> Metrics {
        within(self.engine.until(wanted)).await
    }

    /// Waits until a fault of the engine has struck so often.
    pub(crate) async fn until_struck(&self, fault: RuleId, times: u64) {
        within(self.engine.faults().until_used(fault, times)).await;
    }

    /// The first channel's entry point.
    pub(crate) fn entry(&self) -> String {
        format!("/ace/manifest.m3u8?id={}", self.ids[0])
    }

    /// A viewer who goes in by the first channel's entry point, whatever the answer is.
    pub(crate) fn viewer(&self) -> JoinHandle<Answer> {
        later(self.address(), self.entry())
    }

    /// The first channel as `/proxy/status` shows it.
    pub(crate) async fn channel(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let found = self.until(|state| wanted(&state["channels"][0])).await;
        found["channels"][0].clone()
    }

    /// Waits until no channel runs.
    pub(crate) async fn until_empty(&self) {
        self.until(|state| state["channels"].as_array().is_some_and(Vec::is_empty))
            .await;
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        request(self.address(), Method::GET, path, &[]).await
    }

    /// A player of the first channel, that has been let in.
    pub(crate) async fn player(&self) -> Player {
        Player::enter(
            self.address(),
            &format!("/ace/manifest.m3u8?id={}", self.ids[0]),
        )
        .await
    }

    /// The channels as `/proxy/status` shows them.
    pub(crate) async fn status(&self) -> Value {
        self.get("/proxy/status").await.json()
    }

    /// Waits until the state is as wanted, and returns it.
    pub(crate) async fn until(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = tokio::time::sleep(PATIENCE);
        tokio::pin!(deadline);
        let mut state = self.status().await;
        while !wanted(&state) {
            tokio::select! {
                () = &mut deadline => panic!("never came to be; the state is {state:#}"),
                () = tokio::time::sleep(Duration::from_millis(20)) => state = self.status().await,
            }
        }
        state
    }
}

/// A player that does what players do: enters, polls, fetches.
pub(crate) struct Player {
    pub(crate) address: SocketAddr,
    /// Path and query of its media playlist.
    pub(crate) media: String,
}

impl Player {
    /// Enters by an entry point's path; it must be let in.
    pub(crate) async fn enter(address: SocketAddr, path: &str) -> Self {
        Self::of(address, &request(address, Method::GET, path, &[]).await)
    }

    /// A player that has been let in with this answer.
    pub(crate) fn of(address: SocketAddr, answer: &Answer) -> Self {
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        let text = answer.text();
        let link = text
            .lines()
            .find(|line| !line.starts_with('#'))
            .expect("a link");
        Self {
            address,
            media: format!("/ace/{link}"),
        }
    }

    pub(crate) async fn poll(&self) -> hls::Media {
        request(self.address, Method::GET, &self.media, &[])
            .await
            .playlist()
    }

    /// A listed segment's whole answer.
    pub(crate) async fn fetch(&self, segment: &hls::Segment) -> Answer {
        let (folder, _) = self.media.rsplit_once('/').expect("a path");
        request(
            self.address,
            Method::GET,
            &format!("{folder}/{}", segment.uri),
            &[],
        )
        .await
    }

    /// Polls until the list is as wanted.
    pub(crate) async fn poll_until(&self, wanted: impl Fn(&hls::Media) -> bool) -> hls::Media {
        let deadline = tokio::time::sleep(PATIENCE);
        tokio::pin!(deadline);
        let mut list = self.poll().await;
        while !wanted(&list) {
            tokio::select! {
                () = &mut deadline => panic!("never came to be; the list is {list:#?}"),
                () = tokio::time::sleep(Duration::from_millis(50)) => list = self.poll().await,
            }
        }
        list
    }
}

/// What comes in time.
pub(crate) async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work)
        .await
        .expect("what was waited for")
}

/// Asks again and again until there is an answer.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = tokio::time::sleep(PATIENCE);
    tokio::pin!(deadline);
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        tokio::select! {
            () = &mut deadline => panic!("never came to be: {what}"),
            () = tokio::time::sleep(Duration::from_millis(20)) => {}
        }
    }
}

/// A request that runs by itself.
#[expect(clippy::disallowed_methods, reason = "a test's own task ends with it")]
pub(crate) fn later(address: SocketAddr, path: String) -> JoinHandle<Answer> {
    tokio::spawn(async move { request(address, Method::GET, &path, &[]).await })
}

/// One request on a connection of its own.
pub(crate) async fn request(
    address: SocketAddr,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
) -> Answer {
    send(address, method, path, headers, Bytes::new()).await
}

/// JSON is posted, with a bearer token if there is one.
pub(crate) async fn post(
    address: SocketAddr,
    path: &str,
    key: Option<&str>,
    body: &Value,
) -> Answer {
    let bearer = key.map(|key| format!("Bearer {key}"));
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(bearer.iter().map(|it| ("authorization", it.as_str())));
    let body = Bytes::from(body.to_string());
    send(address, Method::POST, path, &headers, body).await
}

/// One request with a body on a connection of its own.
pub(crate) async fn send(
    address: SocketAddr,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: Bytes,
) -> Answer {
    let work = async {
        let socket = TcpStream::connect(address).await.expect("a connection");
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket))
            .await
            .expect("a handshake");
        let mut request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("host", address.to_string())
            .header("user-agent", "test player");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body)).expect("a request");
        let answer = async move {
            let response = sender.send_request(request).await.expect("an answer");
            let (parts, body) = response.into_parts();
            let body = body.collect().await.expect("a whole body").to_bytes();
            Answer {
                status: parts.status,
                headers: parts.headers,
                body,
            }
        };
        // The connection may end with its last answer; both are seen through.
        tokio::join!(answer, connection).0
    };
    tokio::time::timeout(PATIENCE, work)
        .await
        .expect("an answer in time")
}
