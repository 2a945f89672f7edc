//! A body without an end: the MPEG-TS of an engine or of a source, read while it comes. It has no total limit;
//! it ends when the other side ends it, or when it stands still.

use std::fmt;
use std::pin::{Pin, pin};
use std::time::Duration;

use bytes::Bytes;
use reqwest::Response;
use tokio::time::Sleep;
use url::Url;

use super::send::{Ask, Kind};
use super::{Http, fault, fetch};
use crate::error::{FetchError, Wait};
use crate::gather::{CHUNK_BYTES, Gather};
use crate::place::Place;
use crate::timeouts::Timeouts;

/// How long a small read waits to be joined with what follows it. Nobody sees a fiftieth of a second,
/// and a chunk of one packet costs as much to handle as one of 64 KiB.
const GATHERED_FOR: Duration = Duration::from_millis(20);

/// An open body. Dropping it closes the connection.
pub struct Live {
    response: Response,
    idle: Duration,
    /// Ends when nothing came for `idle`, also while the caller is busy with other things.
    silence: Pin<Box<Sleep>>,
    got: u64,
    gathered: Gather,
    /// What ended the body, kept until the bytes before it are handed out.
    ended: Option<Result<(), FetchError>>,
}

impl Http {
    /// Opens a body that may never end. Returns when its headers are there, which `first_byte` limits:
    /// an engine sends none before it has enough to play.
    pub async fn open(&self, from: &Place, t: &Timeouts) -> Result<Live, FetchError> {
        let response = self
            .follow(&Ask {
                place: from,
                kind: Kind::Media,
                range: None,
                connect: t.connect,
                first_byte: t.first_byte,
            })
            .await?;
        fetch::whole_answer(&response)?;
        fetch::plain(&response)?;
        Ok(Live {
            response,
            idle: t.idle,
            silence: Box::pin(tokio::time::sleep(t.idle)),
            got: 0,
            gathered: Gather::default(),
            ended: None,
        })
    }
}

impl Live {
    /// Where the body comes from in the end.
    pub fn url(&self) -> &Url {
        self.response.url()
    }

    /// What the other side calls it.
    pub fn content_type(&self) -> Option<String> {
        fetch::content_type(&self.response)
    }

    /// Bytes received so far.
    pub fn bytes(&self) -> u64 {
        self.got
    }

    /// The next bytes, in one or more chunks; nothing at the end of the body. May be dropped and called again
    /// without loss. After an end or an error it repeats that one.
    pub async fn next(&mut self) -> Result<Option<Vec<Bytes>>, FetchError> {
        if self.gathered.bytes() == 0 && self.ended.is_none() {
            self.read().await;
        }
        let mut patience = pin!(tokio::time::sleep(GATHERED_FOR));
        while self.ended.is_none() && self.gathered.bytes() < CHUNK_BYTES {
            tokio::select! {
                biased;
                () = self.read() => {}
                () = &mut patience => break,
            }
        }
        if 0 < self.gathered.bytes() {
            return Ok(Some(std::mem::take(&mut self.gathered).finish()));
        }
        match &self.ended {
            Some(Err(error)) => Err(error.clone()),
            _ => Ok(None),
        }
    }

    /// One read. Whatever it waited for is stored before it returns, so dropping it loses nothing.
    async fn read(&mut self) {
        let read = tokio::select! {
            biased;
            read = self.response.chunk() => read,
            () = &mut self.silence => {
                let (waiting_for, after) = (Wait::MoreBytes, self.idle);
                self.ended = Some(Err(FetchError::Timeout { waiting_for, after }));
                return;
            }
        };
        match read {
            Ok(Some(read)) => {
                self.got += read.len() as u64;
                self.gathered.push(read);
                self.silence.set(tokio::time::sleep(self.idle));
            }
            Ok(None) => self.ended = Some(Ok(())),
            Err(error) => {
                let announced = fetch::announced(&self.response);
                self.ended = Some(Err(fault::of_body(&error, self.got, announced)));
            }
        }
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("host", &self.url().host_str())
            .field("bytes", &self.got)
            .finish_non_exhaustive()
    }
}
