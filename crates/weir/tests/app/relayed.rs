//! Weir before one plain address that is a continuous stream, in every dress that such streams come in.

use std::num::NonZeroUsize;
use std::time::Duration;

use futures_util::future::join_all;
use http::Method;
use simulator::fault::{Ending, Endpoint, Http};
use simulator::media::{Marked, Media};
use simulator::relay::{Framing, Options, Packets, Relay};
use tempfile::TempDir;
use weir::app::{Service, Staged};
use weir::config::{Config, Source};

use crate::audience::Audience;
use crate::listener::Listener;
use crate::plain::{START_MAX, media};
use crate::stage::{Answer, Player, eventually, fast, quick_config, request};
use crate::watcher::Watcher;

/// A continuous stream with a name, and Weir before it.
pub(crate) struct Relayed {
    pub(crate) weir: Service,
    pub(crate) relay: Relay,
    _folder: TempDir,
}

impl Relayed {
    pub(crate) async fn new(options: Options) -> Self {
        Self::with(options, |_| {}).await
    }

    pub(crate) async fn with(options: Options, change: impl FnOnce(&mut Config)) -> Self {
        let relay = Relay::start(options).await.expect("a relay");
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = quick_config(&folder);
        fast(&mut config);
        config.settings.segment_seconds = Duration::from_millis(500);
        config.settings.hls_first_segment_timeout = START_MAX;
        config.sources = vec![Source {
            name: "cam".into(),
            url: relay.url().parse().expect("an address"),
        }];
        change(&mut config);
        let weir = Service::start(config, Staged::default())
            .await
            .expect("a service");
        Self {
            weir,
            relay,
            _folder: folder,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        request(self.weir.address(), Method::GET, path, &[]).await
    }

    pub(crate) async fn player(&self) -> Player {
        Player::enter(self.weir.address(), "/ace/getstream?id=cam").await
    }

    pub(crate) async fn listener(&self) -> Listener {
        let listener = Listener::open(self.weir.address(), "/ace/stream/cam.ts").await;
        assert_eq!(listener.status, 200);
        listener
    }

    /// Both kinds of viewers.
    pub(crate) async fn audience(&self) -> Audience {
        Audience {
            watcher: Watcher::of_pieces(self.player().await),
            listener: self.listener().await,
        }
    }

    /// The channel as `/proxy/status` shows it, once it is as wanted.
    pub(crate) async fn channel(
        &self,
        wanted: impl Fn(&serde_json::Value) -> bool,
    ) -> serde_json::Value {
        let found = eventually("the channel is as wanted", async || {
            let state = self.get("/proxy/status").await.json();
            wanted(&state["channels"][0]).then_some(state)
        });
        found.await["channels"][0].clone()
    }

    /// Everybody has left, and nothing is left of it.
    pub(crate) async fn until_empty(&self) {
        eventually("the channel is over and the relay left alone", async || {
            let state = self.get("/proxy/status").await.json();
            let over = state["channels"].as_array().is_some_and(Vec::is_empty);
            let left = self.relay.metrics().readers_all() == 0;
            (over && left && self.weir.tasks() <= 1).then_some(())
        })
        .await;
    }
}

/// All that changes the look of a stream and nothing of its media.
fn dresses() -> Vec<Options> {
    let plain = || Options::of(media());
    let little = Media::marked(Marked {
        stream: 1,
        duration: Duration::from_millis(500),
        bytes: 3_000,
    });
    let titles = NonZeroUsize::new(8_192);
    vec![
        plain(),
        Options {
            framing: Framing::Chunked,
            ..plain()
        },
        Options {
            framing: Framing::Length(1 << 40),
            ..plain()
        },
        Options {
            content_type: None,
            ..plain()
        },
        Options {
            content_type: Some("text/html".into()),
            ..plain()
        },
        Options {
            icy: true,
            ..plain()
        },
        Options {
            icy: true,
            titles,
            content_type: None,
            ..plain()
        },
        Options { titles, ..plain() },
        Options {
            write_bytes: NonZeroUsize::new(1),
            ..Options::of(little)
        },
        Options {
            skip: 188 * 30 + 77,
            ..plain()
        },
        Options {
            packets: Packets::Timed,
            ..plain()
        },
        Options {
            packets: Packets::WithParity,
            ..plain()
        },
        Options {
            packets: Packets::Timed,
            skip: 192 * 30 + 77,
            framing: Framing::Chunked,
            ..plain()
        },
        Options {
            burst: u64::MAX,
            ..plain()
        },
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_address_that_is_a_stream_is_played_by_both_kinds_of_viewers_in_whatever_dress() {
    let meet = async |options: Options| {
        let shown = format!("{options:?}");
        let relayed = Relayed::new(options).await;
        let mut audience = relayed.audience().await;
        audience.more(5).await;
        audience.assert_unbroken();
        let state = relayed.channel(|it| it["viewers"] == 2).await;
        assert_eq!(state["upstream"]["stream"], "ts", "{shown}");
        drop(audience);
        relayed.until_empty().await;
        let metrics = relayed.relay.metrics();
        assert_eq!(metrics.streams, 1, "{shown}");
        let (heads, ranges) = (metrics.heads, metrics.ranges);
        assert_eq!((heads, ranges, metrics.encodings), (0, 0, 0), "{shown}");
    };
    join_all(dresses().into_iter().map(meet)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_stream_that_breaks_off_is_asked_for_again_and_viewers_of_both_kinds_go_on() {
    let meet = async |framing: Framing, ending: Ending| {
        let options = Options {
            framing,
            burst: 60_000,
            ..Options::of(media())
        };
        let relayed = Relayed::new(options).await;
        let mut audience = relayed.audience().await;
        audience.more(2).await;
        let cut = Http::Cut { after: 0, ending };
        relayed.relay.faults().next(1, Endpoint::Stream, cut);
        audience
            .meanwhile(relayed.channel(|it| Some(2) <= it["upstream"]["sessions"].as_u64()))
            .await;
        audience.more(6).await;
        let streams = relayed.relay.metrics().streams as usize;
        audience.assert_went_on(streams);
        let metrics = relayed.relay.metrics();
        assert!(
            metrics.readers_max.values().all(|it| *it == 1),
            "{metrics:?}"
        );
        drop(audience);
        relayed.until_empty().await;
    };
    tokio::join!(
        meet(Framing::Close, Ending::Fin),
        meet(Framing::Close, Ending::Reset),
        meet(Framing::Chunked, Ending::Fin),
        meet(Framing::Length(1 << 30), Ending::Fin),
        meet(Framing::Length(1 << 30), Ending::Reset),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_stream_whose_host_goes_away_for_a_while_goes_on_for_both_kinds_of_viewers() {
    let options = Options {
        burst: 60_000,
        ..Options::of(media())
    };
    let relayed = Relayed::new(options).await;
    let mut audience = relayed.audience().await;
    audience.more(2).await;
    relayed.relay.crash(Duration::from_secs(1));
    audience
        .meanwhile(relayed.channel(|it| Some(2) <= it["upstream"]["sessions"].as_u64()))
        .await;
    audience.more(6).await;
    audience.assert_went_on(relayed.relay.metrics().streams as usize);
}
