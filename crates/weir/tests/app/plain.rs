//! Weir before one plain source, which has a name.

use std::time::Duration;

use http::Method;
use simulator::media::{Marked, Media};
use simulator::origin::{Options, Origin};
use tempfile::TempDir;
use weir::app::{Service, Staged};
use weir::config::{Config, Source};

use crate::stage::{Answer, Player, fast, quick_config, request};
use crate::watcher::Watcher;

/// How long a source may go without a first segment here.
pub(crate) const START_MAX: Duration = Duration::from_secs(2);

/// A plain source with a name, and Weir before it.
pub(crate) struct Plain {
    pub(crate) weir: Service,
    pub(crate) origin: Origin,
    _folder: TempDir,
}

pub(crate) fn media() -> Media {
    Media::marked(Marked {
        stream: 1,
        duration: Duration::from_millis(500),
        bytes: 20_000,
    })
}

impl Plain {
    pub(crate) async fn new() -> Self {
        Self::with(Options::of(media()), |_| {}).await
    }

    pub(crate) async fn with(options: Options, change: impl FnOnce(&mut Config)) -> Self {
        let origin = Origin::start(options).await.expect("an origin");
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = quick_config(&folder);
        fast(&mut config);
        config.settings.hls_first_segment_timeout = START_MAX;
        config.sources = vec![Source {
            name: "cam".into(),
            url: origin.url().parse().expect("an address"),
        }];
        change(&mut config);
        let weir = Service::start(config, Staged::default())
            .await
            .expect("a service");
        Self {
            weir,
            origin,
            _folder: folder,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        request(self.weir.address(), Method::GET, path, &[]).await
    }

    pub(crate) async fn enter(&self) -> Answer {
        self.get("/ace/getstream?id=cam").await
    }

    pub(crate) async fn watcher(&self) -> Watcher {
        let address = self.weir.address();
        Watcher::new(Player::enter(address, "/ace/getstream?id=cam").await)
    }
}
