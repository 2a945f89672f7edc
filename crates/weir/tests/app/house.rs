//! Weir before several engines that all have the same channels.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use simulator::engine::Engine;
use tempfile::TempDir;
use weir::app::{Service, Staged};
use weir::config::Config;

use crate::stage::{Answer, Player, eventually, fast, fast_engine, quick_config, request, send};

/// Weir and its engines.
pub(crate) struct House {
    pub(crate) weir: Service,
    pub(crate) engines: Vec<Engine>,
    pub(crate) config: Config,
    /// Content ids of the channels.
    pub(crate) ids: Vec<String>,
    /// Keeps the data folder.
    pub(crate) folder: TempDir,
}

impl House {
    /// So many engines, asked often whether they live, and a configuration changed by `change`.
    pub(crate) async fn of(count: usize, change: impl FnOnce(&mut Config)) -> Self {
        Self::after(count, |_| {}, change).await
    }

    /// The same, with something done to the engines before Weir knows them.
    pub(crate) async fn after(
        count: usize,
        before: impl FnOnce(&[Engine]),
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let mut engines = Vec::new();
        for _ in 0..count {
            engines.push(Engine::start(fast_engine()).await.expect("an engine"));
        }
        before(&engines);
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = quick_config(&folder);
        fast(&mut config);
        config.engines = engines.iter().map(address).collect();
        config.probe_interval = Duration::from_millis(100);
        change(&mut config);
        let channels = fast_engine().channels;
        Self {
            weir: start(&config).await,
            engines,
            config,
            ids: channels.into_iter().map(|it| it.content_id).collect(),
            folder,
        }
    }

    /// Ends Weir in order and starts it anew.
    pub(crate) async fn restart(self) -> Self {
        self.weir.stop().await;
        let weir = start(&self.config).await;
        Self { weir, ..self }
    }

    /// An engine's name in answers.
    pub(crate) fn name(&self, engine: usize) -> String {
        self.engines[engine].address().to_string()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        request(self.weir.address(), Method::GET, path, &[]).await
    }

    /// A call with a body of JSON, or none.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let text = body.as_ref().map(Value::to_string).unwrap_or_default();
        let kind = [("content-type", "application/json")];
        let headers: &[_] = if body.is_some() { &kind } else { &[] };
        send(
            self.weir.address(),
            method,
            path,
            headers,
            Bytes::from(text),
        )
        .await
    }

    pub(crate) async fn drain(&self, engine: usize, draining: bool) -> Answer {
        let path = format!("/api/v1/engines/{}/drain", self.name(engine));
        let body = json!({ "draining": draining });
        self.call(Method::POST, &path, Some(body)).await
    }

    /// One engine as it is shown.
    pub(crate) async fn engine(&self, engine: usize) -> Value {
        let path = format!("/engines/{}", self.name(engine));
        let answer = self.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        answer.json()
    }

    /// Waits until an engine is as wanted.
    pub(crate) async fn until(&self, engine: usize, wanted: impl Fn(&Value) -> bool) -> Value {
        eventually("the engine's state", async || {
            Some(self.engine(engine).await).filter(&wanted)
        })
        .await
    }

    /// Waits until every engine is known to be well.
    pub(crate) async fn until_well(&self) {
        for engine in 0..self.engines.len() {
            self.until(engine, |it| it["health_status"] == "healthy")
                .await;
        }
    }

    /// The address by which a channel is entered.
    pub(crate) fn entry(&self, channel: usize) -> String {
        format!("/ace/manifest.m3u8?id={}", self.ids[channel])
    }

    /// A viewer of a channel, who has been let in.
    pub(crate) async fn player(&self, channel: usize) -> Player {
        Player::enter(self.weir.address(), &self.entry(channel)).await
    }

    /// The engine that a channel is on, by its place among them.
    pub(crate) async fn on(&self, channel: usize) -> usize {
        let state = self.get("/proxy/status").await.json();
        let channels = state["channels"].as_array().expect("channels");
        let found = channels
            .iter()
            .find(|it| it["key"] == self.ids[channel].as_str());
        let engine = &found.expect("it runs")["engine"];
        let names = (0..self.engines.len()).position(|it| *engine == self.name(it).as_str());
        names.expect("one of the engines")
    }
}

/// An engine's address, as it is configured.
pub(crate) fn address(engine: &Engine) -> engine::Address {
    engine.address().to_string().parse().expect("an address")
}

async fn start(config: &Config) -> Service {
    let started = Service::start(config.clone(), Staged::default()).await;
    started.expect("a service")
}
