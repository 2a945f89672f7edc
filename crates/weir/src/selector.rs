//! What a viewer may ask for, brought to one form; whatever else a request holds is refused here.

mod hash;

use std::fmt;

pub(crate) use hash::{base32, hash, infohash, topic};
use sha2::{Digest, Sha256};

/// Longest address of a transport file that is taken.
const URL_BYTES_MAX: usize = 2_048;

/// Longest name of a configured source.
pub const NAME_BYTES_MAX: usize = 64;

/// One content: what a channel is made of. Two requests for the same content have equal selectors.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Selector {
    /// An AceStream content id, 40 hexadecimal digits in lower case.
    ContentId(String),
    /// An infohash, likewise.
    Infohash(String),
    /// The infohash of a magnet link, likewise; trackers that a link names are left out.
    Magnet(String),
    /// The address of a transport file, for the engine to read.
    Url(String),
    /// A source that the operator has configured, by its name.
    Source(String),
}

/// What is wrong with a request's selector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectorError {
    /// None was given.
    #[error("no stream was asked for: give one of id, infohash, url, magnet")]
    Missing,
    /// More than one was given.
    #[error("{0} streams were asked for: give exactly one of id, infohash, url, magnet")]
    Several(usize),
    /// The id is neither 40 hexadecimal digits nor a configured name.
    #[error("id {0:?} is neither 40 hexadecimal digits nor the name of a configured source")]
    BadId(String),
    /// The infohash is not one.
    #[error("infohash {0:?} must be 40 hexadecimal digits")]
    BadInfohash(String),
    /// The link has no infohash in it.
    #[error("magnet {0:?} must hold xt=urn:btih: and 40 hexadecimal digits, or 32 of base32")]
    BadMagnet(String),
    /// The address is not one.
    #[error("url {0:?} must be an http or https address of at most {URL_BYTES_MAX} bytes")]
    BadUrl(String),
    /// Addresses are not taken from viewers.
    #[error(
        "url is not taken from viewers here; the operator can allow it with WEIR_ALLOW_URL=true"
    )]
    UrlNotAllowed,
}

/// What requests may name, besides ids.
#[derive(Clone, Debug, Default)]
pub struct Known<'a> {
    /// Names of configured sources.
    pub sources: &'a [String],
    /// Whether viewers may name transport files by address, which the engine then fetches.
    pub url_allowed: bool,
}

impl Selector {
    /// Reads the parameters of a request; those that select nothing are ignored.
    pub fn from_query(
        pairs: &[(String, String)],
        known: &Known<'_>,
    ) -> Result<Self, SelectorError> {
        let mut given = pairs.iter().filter(|(name, _)| {
            matches!(
                name.as_str(),
                "id" | "content_id" | "infohash" | "url" | "magnet"
            )
        });
        let (name, value) = given.next().ok_or(SelectorError::Missing)?;
        match given.count() {
            0 => Self::read(name, value, known),
            more => Err(SelectorError::Several(1 + more)),
        }
    }

    fn read(name: &str, value: &str, known: &Known<'_>) -> Result<Self, SelectorError> {
        let value = value.trim();
        let shown = || value.chars().take(80).collect::<String>();
        match name {
            "infohash" => {
                let hash = hash(value).ok_or_else(|| SelectorError::BadInfohash(shown()))?;
                Ok(Self::Infohash(hash))
            }
            "magnet" => {
                let hash = btih(value).ok_or_else(|| SelectorError::BadMagnet(shown()))?;
                Ok(Self::Magnet(hash))
            }
            "url" if !known.url_allowed => Err(SelectorError::UrlNotAllowed),
            "url" => {
                let url = url::Url::parse(value).ok().filter(|url| {
                    value.len() <= URL_BYTES_MAX && matches!(url.scheme(), "http" | "https")
                });
                url.map(|url| Self::Url(url.into()))
                    .ok_or_else(|| SelectorError::BadUrl(shown()))
            }
            _ => Self::from_id(value, known).ok_or_else(|| SelectorError::BadId(shown())),
        }
    }

    fn from_id(value: &str, known: &Known<'_>) -> Option<Self> {
        let name = value.to_ascii_lowercase();
        match hash(value) {
            Some(id) => Some(Self::ContentId(id)),
            None if known.sources.contains(&name) => Some(Self::Source(name)),
            None => None,
        }
    }

    /// The channel's name in our own paths: short, and safe in a path as it stands.
    pub fn key(&self) -> String {
        match self {
            Self::ContentId(id) => id.clone(),
            Self::Infohash(hash) => format!("infohash-{hash}"),
            Self::Magnet(hash) => format!("magnet-{hash}"),
            Self::Url(url) => format!("url-{}", hex::encode(&Sha256::digest(url)[..20])),
            Self::Source(name) => name.clone(),
        }
    }

    /// Reads a name that `key` gave, as it comes back in a player's requests. An address cannot be
    /// read back from its name.
    pub fn from_key(key: &str, known: &Known<'_>) -> Option<Self> {
        let hash_of = |text: &str| hash(text).filter(|hash| hash == text);
        match key.split_once('-') {
            Some(("infohash", rest)) => hash_of(rest).map(Self::Infohash),
            Some(("magnet", rest)) => hash_of(rest).map(Self::Magnet),
            _ => Self::from_id(key, known).filter(|selector| selector.key() == key),
        }
    }

    /// The kind of the key in events.
    pub fn key_type(&self) -> &'static str {
        match self {
            Self::ContentId(_) => "content_id",
            Self::Infohash(_) => "infohash",
            Self::Magnet(_) => "magnet",
            Self::Url(_) | Self::Source(_) => "url",
        }
    }

    /// What it names, without the prefix that tells kinds apart in paths; `key_type` says its kind.
    pub fn bare(&self) -> &str {
        match self {
            Self::ContentId(text)
            | Self::Infohash(text)
            | Self::Magnet(text)
            | Self::Url(text)
            | Self::Source(text) => text,
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key())
    }
}

/// Whether a text can be a configured source's name: what stands in paths without escaping and
/// cannot be taken for an id.
pub fn is_name(text: &str) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    let taken = ["infohash-", "magnet-", "url-"]
        .iter()
        .any(|prefix| text.starts_with(prefix));
    (1..=NAME_BYTES_MAX).contains(&text.len())
        && text.bytes().all(plain)
        && !taken
        && hash(text).is_none()
}

/// The infohash of a magnet link, in whatever letters and digits.
fn btih(magnet: &str) -> Option<String> {
    let (scheme, query) = magnet.split_once(":?")?;
    let query = scheme.eq_ignore_ascii_case("magnet").then_some(query)?;
    topic(query)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef01234567";

    fn read(query: &str) -> Result<Selector, SelectorError> {
        let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let sources = ["news".to_owned()];
        Selector::from_query(
            &pairs,
            &Known {
                sources: &sources,
                url_allowed: false,
            },
        )
    }

    #[test]
    fn ids_are_trimmed_and_lower_cased() {
        let upper = format!("id=%20{}%20", ID.to_uppercase());
        assert_eq!(read(&upper), Ok(Selector::ContentId(ID.into())));
    }

    #[test]
    fn none_or_several_selectors_are_refused() {
        assert_eq!(read("pid=1"), Err(SelectorError::Missing));
        assert_eq!(
            read(&format!("id={ID}&infohash={ID}")),
            Err(SelectorError::Several(2))
        );
        assert_eq!(
            read(&format!("id={ID}&id={ID}")),
            Err(SelectorError::Several(2))
        );
    }

    #[test]
    fn what_is_no_id_and_no_configured_name_is_refused() {
        for bad in [
            "",
            "../etc/passwd",
            "0123",
            "newsx",
            "%00",
            "http://127.0.0.1/",
            &"a".repeat(9000),
        ] {
            let query: String = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("id", bad)
                .finish();
            assert!(
                matches!(read(&query), Err(SelectorError::BadId(_))),
                "{bad}"
            );
        }
        assert_eq!(read("id=News"), Ok(Selector::Source("news".into())));
    }

    #[test]
    fn a_viewer_cannot_name_an_address_unless_the_operator_allows_it() {
        assert_eq!(
            read("url=http://192.0.2.1/x.acelive"),
            Err(SelectorError::UrlNotAllowed)
        );
        let pairs = [("url".to_owned(), "file:///etc/passwd".to_owned())];
        let known = Known {
            sources: &[],
            url_allowed: true,
        };
        assert!(matches!(
            Selector::from_query(&pairs, &known),
            Err(SelectorError::BadUrl(_))
        ));
    }

    #[test]
    fn a_magnet_link_is_its_infohash_and_nothing_else() {
        let link =
            format!("magnet=magnet%3A%3Fxt%3Durn%3Abtih%3A{ID}%26tr%3Dhttp%3A%2F%2F10.0.0.1%2F");
        assert_eq!(read(&link), Ok(Selector::Magnet(ID.into())));
        // The same, as Python's base64.b32encode writes it.
        for link in [
            "MAGNET%3A%3Fdn%3Dx%26xt%3Durn%3ABTIH%3AAERUKZ4JVPG66AJDIVTYTK6N54ASGRLH",
            "magnet%3A%3Fxt%3Durn%3Asha1%3Ax%26xt%3Durn%3Abtih%3Aaerukz4jvpg66ajdivtytk6n54asgrlh",
        ] {
            let read = read(&format!("magnet={link}"));
            assert_eq!(read, Ok(Selector::Magnet(ID.into())), "{link}");
        }
        assert!(matches!(
            read("magnet=magnet%3A%3Fdn%3Dx"),
            Err(SelectorError::BadMagnet(_))
        ));
    }

    #[test]
    fn keys_come_back_as_what_they_were_made_of() {
        let sources = ["news".to_owned()];
        let known = Known {
            sources: &sources,
            url_allowed: false,
        };
        for selector in [
            Selector::ContentId(ID.into()),
            Selector::Infohash(ID.into()),
            Selector::Magnet(ID.into()),
            Selector::Source("news".into()),
        ] {
            assert_eq!(Selector::from_key(&selector.key(), &known), Some(selector));
        }
        for bad in ["", "..", "other", &ID.to_uppercase(), "infohash-", "url-00"] {
            assert_eq!(Selector::from_key(bad, &known), None, "{bad}");
        }
    }

    #[test]
    fn names_of_sources_are_safe_in_paths_and_unlike_ids() {
        assert!(is_name("news-1_hd"));
        for bad in ["", "News", "a/b", "..", "infohash-x", ID, &"a".repeat(65)] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
