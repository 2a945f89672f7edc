//! One entry of a user's playlist as what it asks for, in the forms that users hold; hosts and player ids are dropped.

use url::{Url, form_urlencoded};

use crate::selector::{Known, Selector, base32, hash, infohash, topic};
use crate::settings::StreamMode;

/// Endings of files that engines read, and that name what is in them.
const TRANSPORT_FILES: [&str; 4] = [".acelive", ".torrent", ".acestream", ".acemedia"];

/// Kodi's add-ons that play AceStream ids.
const ADD_ONS: [&str; 2] = ["program.plexus", "script.module.horus"];

/// Names of what selects, in the order in which an engine looks for them.
const SELECTORS: [&str; 5] = ["content_id", "id", "infohash", "url", "magnet"];

/// What an entry is to Weir.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// Something that it plays.
    Play {
        selector: Selector,
        /// As what the entry itself wants to be played.
        mode: Option<StreamMode>,
    },
    /// A transport file, which viewers may not name here.
    NotAllowed,
}

/// Reads an entry; nothing if it is none of the forms.
pub(super) fn read(text: &str, known: &Known<'_>) -> Option<Entry> {
    if let Some(id) = hash(text) {
        return Some(played(Selector::ContentId(id)));
    }
    // In lower case it could be any word.
    if let Some(hash) = base32(text).filter(|_| !text.contains(|it: char| it.is_ascii_lowercase()))
    {
        return Some(played(Selector::Infohash(hash)));
    }
    let (scheme, rest) = text.split_once(':').unwrap_or_default();
    match scheme.to_ascii_lowercase().as_str() {
        "acestream" => acestream(rest, known),
        "magnet" => magnet(rest),
        "plugin" => plugin(text, known),
        "http" | "https" => http(&Url::parse(text).ok()?, known),
        // Hosts are written without a scheme now and then.
        _ => played_at(&Url::parse(&format!("http://{text}")).ok()?, known),
    }
}

fn played(selector: Selector) -> Entry {
    let mode = None;
    Entry::Play { selector, mode }
}

/// `acestream://<id>` and `acestream:?infohash=…`.
fn acestream(rest: &str, known: &Known<'_>) -> Option<Entry> {
    let rest = rest.trim_start_matches('/');
    if let Some(query) = rest.strip_prefix('?') {
        return selected(query, known);
    }
    let id = rest.split(['/', '?', '&', '#']).next().unwrap_or_default();
    named("id", id.trim(), known)
}

/// `magnet:?xt=urn:btih:…`
fn magnet(rest: &str) -> Option<Entry> {
    let hash = topic(rest.strip_prefix('?')?)?;
    Some(played(Selector::Magnet(hash)))
}

/// `plugin://program.plexus/?url=acestream://…`
fn plugin(text: &str, known: &Known<'_>) -> Option<Entry> {
    let url = Url::parse(text).ok()?;
    let add_on = url.host_str()?;
    ADD_ONS.contains(&add_on).then_some(())?;
    selected(url.query()?, known)
}

/// An engine's address, a proxy's, or that of a transport file.
fn http(url: &Url, known: &Known<'_>) -> Option<Entry> {
    played_at(url, known).or_else(|| {
        let path = url.path().to_ascii_lowercase();
        let is_file = TRANSPORT_FILES.iter().any(|ending| path.ends_with(ending));
        is_file.then(|| file(url, known))
    })
}

/// An address that some proxy or engine plays at, wherever it is.
fn played_at(url: &Url, known: &Known<'_>) -> Option<Entry> {
    let path = url.path().trim_end_matches('/');
    let query = url.query().unwrap_or_default();
    if path.ends_with("/ace/manifest.m3u8") {
        return Some(selected(query, known)?.in_mode(Some(StreamMode::Hls)));
    }
    if path.ends_with("/ace/getstream") {
        let mode = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "mode");
        let mode = mode.and_then(|(_, mode)| match mode.to_ascii_lowercase().as_str() {
            "hls" => Some(StreamMode::Hls),
            "ts" => Some(StreamMode::Ts),
            _ => None,
        });
        return Some(selected(query, known)?.in_mode(mode));
    }
    let parts: Vec<_> = path.split('/').collect();
    if let [.., "ace", "stream", name] = parts.as_slice() {
        let name = name.strip_suffix(".ts")?;
        return Some(named("id", name, known)?.in_mode(Some(StreamMode::Ts)));
    }
    // HTTPAceProxy says what follows by the part before it.
    parts.windows(2).find_map(|pair| match *pair {
        ["pid" | "content_id", id] => Some(played(Selector::ContentId(hash(id)?))),
        ["infohash", it] => Some(played(Selector::Infohash(infohash(it)?))),
        _ => None,
    })
}

impl Entry {
    fn in_mode(self, mode: Option<StreamMode>) -> Self {
        match self {
            Self::Play { selector, .. } => Self::Play { selector, mode },
            Self::NotAllowed => self,
        }
    }
}

/// What the parameters select: the first that an engine would look at.
fn selected(query: &str, known: &Known<'_>) -> Option<Entry> {
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    SELECTORS.iter().find_map(|wanted| {
        let (name, value) = pairs.iter().find(|(name, _)| name == wanted)?;
        named(name, value.trim(), known)
    })
}

fn named(name: &str, value: &str, known: &Known<'_>) -> Option<Entry> {
    match name {
        "infohash" => Some(played(Selector::Infohash(infohash(value)?))),
        "magnet" => magnet(value.strip_prefix("magnet:")?),
        "url" => match value.split_once(':').unwrap_or_default() {
            ("acestream", rest) if !rest.starts_with('?') => acestream(rest, known),
            ("magnet", rest) => magnet(rest),
            ("http" | "https", _) => Some(file(&Url::parse(value).ok()?, known)),
            _ => Some(played(Selector::ContentId(hash(value)?))),
        },
        _ => match hash(value) {
            Some(id) => Some(played(Selector::ContentId(id))),
            None => match base32(value) {
                Some(hash) => Some(played(Selector::Infohash(hash))),
                None => source(value, known),
            },
        },
    }
}

fn source(name: &str, known: &Known<'_>) -> Option<Entry> {
    let name = name.to_ascii_lowercase();
    known.sources.contains(&name).then_some(())?;
    Some(played(Selector::Source(name)))
}

fn file(url: &Url, known: &Known<'_>) -> Entry {
    let pairs = [("url".to_owned(), url.to_string())];
    match Selector::from_query(&pairs, known) {
        Ok(selector) => Entry::Play {
            selector,
            mode: None,
        },
        Err(_) => Entry::NotAllowed,
    }
}
