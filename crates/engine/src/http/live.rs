//! A body without an end: the MPEG-TS of an engine or of a source, read while it comes. It has no total limit;
//! it ends when the other side ends it, or when it stands still.

use std::fmt;
use std::pin::{Pin, pin};
use std::time::Duration;

use bytes::Bytes;
use reqwest::Response;
use tokio::time::Sleep;
use url::Url;

use super::icy::Metadata;
use super::send::{Ask, Kind};
use super::{Http, fault, fetch, icy};
use crate::error::{FetchError, Wait};
use crate::gather::{CHUNK_BYTES, Gather};
use crate::place::Place;
use crate::timeouts::Timeouts;

/// An open body. Dropping it closes the connection.
pub struct Live {
    response: Response,
    content_type: Option<String>,
    /// Takes out what a radio server puts between the media.
    metadata: Option<Metadata>,
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
    /// an engine sends none before it has enough to play. On a plain connection it may also be the answer of a
    /// radio server, `ICY 200 OK`.
    pub async fn open(&self, from: &Place, t: &Timeouts) -> Result<Live, FetchError> {
        let mut response = self
            .follow(&Ask {
                place: from,
                kind: Kind::Live,
                range: None,
                connect: t.connect,
                first_byte: t.first_byte,
            })
            .await?;
        let opening = icy::opening(&mut response, t.first_byte).await?;
        let mut live = Live {
            response,
            content_type: opening.content_type,
            metadata: opening.metadata,
            idle: t.idle,
            silence: Box::pin(tokio::time::sleep(t.idle)),
            got: 0,
            gathered: Gather::default(),
            ended: None,
        };
        live.take(opening.media);
        Ok(live)
    }
}

impl Live {
    /// Where the body comes from in the end.
    pub fn url(&self) -> &Url {
        self.response.url()
    }

    /// What the other side calls it.
    pub fn content_type(&self) -> Option<String> {
        self.content_type.clone()
    }

    /// Bytes received so far.
    pub fn bytes(&self) -> u64 {
        self.got
    }

    /// The next bytes, in one or more chunks; nothing at the end of the body. Less than a chunk is not handed out
    /// before `rest` is over since the call, but joined with what follows; what comes after that is handed out at
    /// once. May be dropped and called again without loss. After an end or an error it repeats that one.
    pub async fn next(&mut self, rest: Duration) -> Result<Option<Vec<Bytes>>, FetchError> {
        let mut patience = pin!(tokio::time::sleep(rest));
        // The timer knows no wait of nothing: it would be one of a millisecond.
        let mut rested = rest.is_zero();
        while self.ended.is_none() && self.gathered.bytes() < CHUNK_BYTES {
            if rested && 0 < self.gathered.bytes() {
                break;
            }
            tokio::select! {
                biased;
                () = self.read() => {}
                () = &mut patience, if !rested => rested = true,
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

    /// The rest of a body that does end, with what was not handed out.
    pub(super) async fn whole(&mut self, bytes_max: usize) -> Result<Bytes, FetchError> {
        let announced = fetch::announced(&self.response).unwrap_or_default();
        loop {
            let bytes = announced.max(self.gathered.bytes() as u64);
            let bytes_max = bytes_max as u64;
            if bytes_max < bytes {
                return Err(FetchError::TooLarge { bytes, bytes_max });
            }
            match &self.ended {
                None => self.read().await,
                Some(Ok(())) => {
                    let gathered = std::mem::take(&mut self.gathered);
                    return Ok(gathered.finish().concat().into());
                }
                Some(Err(error)) => return Err(error.clone()),
            }
        }
    }

    /// What ended the body, if it was no orderly end.
    pub(super) fn failed(&self) -> Option<FetchError> {
        self.ended.clone()?.err()
    }

    /// What has come and was not handed out, up to a chunk of it; and whether more may come.
    pub(super) fn head(&self) -> (&[u8], bool) {
        (self.gathered.head(), self.ended.is_none())
    }

    fn take(&mut self, read: Bytes) {
        self.got += read.len() as u64;
        match &mut self.metadata {
            Some(metadata) => metadata.remove(read, |media| self.gathered.push(media)),
            None => self.gathered.push(read),
        }
    }

    /// One read. Whatever it waited for is stored before it returns, so dropping it loses nothing.
    pub(super) async fn read(&mut self) {
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
                self.take(read);
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
