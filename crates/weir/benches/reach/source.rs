//! The source of the channels that continuous viewers play, chosen in one place.

use crate::child::Server;
use crate::paced::Paced;
use crate::stage;

/// Seconds between two key frames.
const KEY_FRAME_SECONDS: usize = 2;

/// A live channel: its source, and Weir with it under the name `bench`.
pub(crate) struct Live {
    pub(crate) source: Paced,
    pub(crate) weir: Server,
}

impl Live {
    /// Media of so many bits a second.
    pub(crate) async fn start(bits: usize, variables: &[(&str, String)]) -> anyhow::Result<Self> {
        let bytes = bits / 8 * KEY_FRAME_SECONDS;
        let media = stage::media(KEY_FRAME_SECONDS as u64, bytes);
        let source = Paced::start(media).await?;
        let mut all = vec![("WEIR_SOURCES", format!("bench={}", source.url()))];
        all.extend(variables.iter().cloned());
        let weir = Server::weir(&all).await?;
        Ok(Self { source, weir })
    }

    /// Where it is played as a continuous stream.
    pub(crate) fn stream(&self) -> String {
        format!("http://{}/ace/stream/bench.ts", self.weir.address)
    }

    /// Where it is played as HLS.
    pub(crate) fn playlist(&self) -> String {
        format!("http://{}/ace/manifest.m3u8?id=bench", self.weir.address)
    }
}
