//! Ids and infohashes in the digits in which people hold them.

/// Digits of an infohash as base32.
const BASE32_DIGITS: usize = 32;

/// What a magnet link's query says of the kind of content that engines play.
const BTIH: &str = "urn:btih:";

/// The infohash in the query of a magnet link.
pub(crate) fn topic(query: &str) -> Option<String> {
    let topics = url::form_urlencoded::parse(query.as_bytes());
    let mut topics = topics.filter(|(name, _)| name == "xt");
    topics.find_map(|(_, topic)| {
        let (kind, digits) = topic.split_at_checked(BTIH.len())?;
        let digits = kind.eq_ignore_ascii_case(BTIH).then_some(digits)?;
        infohash(digits)
    })
}

/// An infohash in either kind of digits.
pub(crate) fn infohash(text: &str) -> Option<String> {
    hash(text).or_else(|| base32(text))
}

/// 40 hexadecimal digits, in lower case.
pub(crate) fn hash(text: &str) -> Option<String> {
    let is_hash = text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then(|| text.to_ascii_lowercase())
}

/// An infohash in base32, as older magnet links have it, in hexadecimal digits.
pub(crate) fn base32(text: &str) -> Option<String> {
    if text.len() != BASE32_DIGITS {
        return None;
    }
    let mut bytes = Vec::with_capacity(BASE32_DIGITS * 5 / 8);
    let (mut bits, mut held) = (0_u32, 0);
    for digit in text.bytes() {
        let value = match digit.to_ascii_uppercase() {
            letter @ b'A'..=b'Z' => letter - b'A',
            number @ b'2'..=b'7' => number - b'2' + 26,
            _ => return None,
        };
        bits = bits << 5 | u32::from(value);
        held += 5;
        if 8 <= held {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    Some(hex::encode(bytes))
}
