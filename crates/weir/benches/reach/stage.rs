//! A source, Weir in front of it, and viewers that have been let in.

use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use simulator::media::{Marked, Media};
use simulator::origin::{Options, Origin};
use simulator::swarm::Client;

use crate::child::Server;

/// Media whose segments say which they are.
pub(crate) fn media(seconds: u64, bytes: usize) -> Media {
    Media::marked(Marked {
        stream: 1,
        duration: Duration::from_secs(seconds),
        bytes,
    })
}

/// A plain source, and Weir with it under the name `bench`.
pub(crate) async fn with_source(
    options: Options,
    variables: &[(&str, String)],
) -> anyhow::Result<(Origin, Server)> {
    let origin = Origin::start(options).await?;
    let mut all = vec![("WEIR_SOURCES", format!("bench={}", origin.url()))];
    all.extend(variables.iter().cloned());
    let weir = Server::weir(&all).await?;
    Ok((origin, weir))
}

/// Where a new viewer's media playlist is; its first request waits until the channel can be played.
pub(crate) async fn enter(client: &mut Client, id: &str) -> anyhow::Result<String> {
    let body = client.body(&format!("/ace/manifest.m3u8?id={id}")).await?;
    let text = String::from_utf8_lossy(body);
    let mut lines = text.lines();
    let link = lines.find(|line| !line.starts_with('#'));
    Ok(format!("/ace/{}", link.context("no link")?))
}

/// Where the newest segment of a media playlist is.
pub(crate) async fn newest(client: &mut Client, playlist: &str) -> anyhow::Result<String> {
    let text = String::from_utf8_lossy(client.body(playlist).await?).into_owned();
    let line = text.lines().rfind(|line| !line.starts_with('#'));
    let (folder, _) = playlist.rsplit_once('/').context("no folder")?;
    Ok(format!("{folder}/{}", line.context("no segment")?))
}

/// Between two looks at a channel.
const LOOK: Duration = Duration::from_millis(50);

/// A channel that is not live by then never will be.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until Weir's only channel can be played.
pub(crate) async fn until_live(weir: &Server) -> anyhow::Result<()> {
    let live = async {
        while channel(weir).await?.is_none_or(|it| it["state"] != "live") {
            tokio::time::sleep(LOOK).await;
        }
        anyhow::Ok(())
    };
    let live = tokio::time::timeout(PATIENCE, live).await;
    live.context("the channel does not come to life")?
}

/// What Weir says of its only channel; nothing if none runs.
pub(crate) async fn channel(weir: &Server) -> anyhow::Result<Option<Value>> {
    let mut client = Client::connect(weir.address).await?;
    let body = client.body("/proxy/status").await?;
    let status: Value = serde_json::from_slice(body)?;
    Ok(status["channels"].get(0).cloned())
}
