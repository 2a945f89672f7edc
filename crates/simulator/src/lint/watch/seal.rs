//! Segments under AES-128: fetches their keys, each once, and opens them; trusts no vector but the stated one.

use std::collections::BTreeMap;
use std::time::Duration;

use ::http::Method;
use bytes::Bytes;
use url::Url;

use super::http::ask;
use crate::lint::Rule;
use crate::origin;

/// How long a key may take.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// Keys that are kept; a source that changes them with each segment has older ones asked for again.
const KEYS_MAX: usize = 16;

/// How a segment is sealed.
#[derive(Clone)]
pub(super) struct Seal {
    key: Url,
    vector: u128,
}

impl Seal {
    /// Of a transport stream as a whole under a plain key; other kinds cannot be opened here.
    pub(super) fn of(segment: &hls::Segment, base: &Url) -> Option<Self> {
        let key = segment.key.as_deref()?;
        let plain = key.method == "AES-128" && key.key_format.is_none();
        if !plain || segment.map.is_some() {
            return None;
        }
        Some(Self {
            key: hls::resolve(base, key.uri.as_deref()?).ok()?,
            // RFC 8216 5.2.
            vector: key.iv.unwrap_or(segment.sequence.into()),
        })
    }
}

/// Keys that have been fetched, by their addresses.
#[derive(Default)]
pub(super) struct Keys(BTreeMap<Url, [u8; 16]>);

impl Keys {
    /// What is inside, or which rule was broken how.
    pub(super) async fn open(
        &mut self,
        seal: &Seal,
        sealed: &[u8],
    ) -> Result<Bytes, (Rule, String)> {
        let key = match self.0.get(&seal.key) {
            Some(key) => *key,
            None => self.fetch(&seal.key).await?,
        };
        origin::opened(&key, seal.vector, sealed).ok_or_else(|| {
            let why = "its key and its vector do not open it";
            (Rule::NotMedia, why.into())
        })
    }

    async fn fetch(&mut self, url: &Url) -> Result<[u8; 16], (Rule, String)> {
        let refused = |why: String| (Rule::KeyFile, format!("the key is not there: {why}"));
        let answer = ask(&Method::GET, url, &[], ANSWER_MAX).await;
        let answer = answer.map_err(|error| refused(error.to_string()))?;
        if answer.status != 200 {
            return Err(refused(format!("status {}", answer.status)));
        }
        let bytes = answer.bytes();
        let key = bytes[..].try_into().map_err(|_| {
            let length = bytes.len();
            (Rule::KeyFile, format!("the key has {length} bytes, not 16"))
        })?;
        if KEYS_MAX <= self.0.len() {
            self.0.pop_first();
        }
        self.0.insert(url.clone(), key);
        Ok(key)
    }
}
