//! How a server answers beside plain requests: HEAD, ranges, pages of other hosts, compression, caches; looks at no media.

use std::io::Read as _;
use std::time::Duration;

use ::http::Method;
use ::http::header::{
    ACCEPT_RANGES, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL,
    CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ETAG, VARY,
};
use flate2::read::MultiGzDecoder;
use url::Url;

use super::http::{Answer, ask};
use crate::lint::Rule;
use crate::lint::entry::extension;

/// How long each of these questions may take.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// What a page on another host sends with its requests.
const ORIGIN: (&str, &str) = ("origin", "http://page.example");

/// Bytes that are asked for as a part.
const PART_BYTES: usize = 188;

/// What is wrong, one after the other.
type Found = Vec<(Rule, String)>;

/// Asks a list and one of its segments, which has just been fetched.
pub(super) async fn check(list: &Url, segment: &Answer, target: Duration) -> Found {
    let mut found = vec![];
    if let Some(plain) = get(list, &[ORIGIN], Rule::Unavailable, &mut found).await {
        of_list(&plain, target, &mut found);
        head(&plain, &mut found).await;
        preflight(list, &mut found).await;
        compression(list, &mut found).await;
        validator(&plain, &mut found).await;
    }
    if let Some(plain) = get(&segment.url, &[ORIGIN], Rule::SegmentRefused, &mut found).await {
        of_segment(&plain, &mut found);
        head(&plain, &mut found).await;
        preflight(&segment.url, &mut found).await;
        ranges(&plain, &mut found).await;
        validator(&plain, &mut found).await;
    }
    missing(&segment.url, &mut found).await;
    found
}

/// The answer to one question; a failure breaks the rule that was asked about.
async fn get(url: &Url, headers: &[(&str, &str)], rule: Rule, found: &mut Found) -> Option<Answer> {
    put(&Method::GET, url, headers, rule, found).await
}

async fn put(
    method: &Method,
    url: &Url,
    headers: &[(&str, &str)],
    rule: Rule,
    found: &mut Found,
) -> Option<Answer> {
    match ask(method, url, headers, ANSWER_MAX).await {
        Ok(answer) => Some(answer),
        Err(error) => {
            found.push((rule, format!("{method} {} failed: {error}", url.path())));
            None
        }
    }
}

fn of_list(answer: &Answer, target: Duration, found: &mut Found) {
    let kind = answer.header(CONTENT_TYPE).to_ascii_lowercase();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let known = ["application/vnd.apple.mpegurl", "audio/mpegurl"];
    if !known.contains(&kind) {
        found.push((Rule::ContentType, format!("the list is of type {kind:?}")));
    }
    let cache = answer.header(CACHE_CONTROL);
    let fresh = max_age(cache).is_some_and(|age| age * 2 < target);
    if !cache.contains("no-cache") && !cache.contains("no-store") && !fresh {
        let what = format!("the list's Cache-Control is {cache:?}");
        found.push((Rule::Caching, what));
    }
    of_both("the list", answer, found);
}

fn of_segment(answer: &Answer, found: &mut Found) {
    let kind = answer.header(CONTENT_TYPE).to_ascii_lowercase();
    if extension(answer.url.path()) == "ts" && kind != "video/mp2t" {
        let what = format!("a segment of MPEG-TS is of type {kind:?}");
        found.push((Rule::ContentType, what));
    }
    let cache = answer.header(CACHE_CONTROL);
    if cache.contains("no-store") || max_age(cache).is_none_or(|age| age.is_zero()) {
        let what = format!("a segment's Cache-Control is {cache:?}");
        found.push((Rule::Caching, what));
    }
    of_both("a segment", answer, found);
}

fn of_both(name: &str, answer: &Answer, found: &mut Found) {
    if answer.declared().is_none() {
        found.push((Rule::ContentLength, format!("{name} has no Content-Length")));
    }
    let encoding = answer.header(CONTENT_ENCODING);
    if !encoding.is_empty() {
        let what = format!("{name} comes as {encoding}, which nobody asked for");
        found.push((Rule::Encoding, what));
    }
    open(name, answer, found);
}

/// Whether a page may read it.
fn open(name: &str, answer: &Answer, found: &mut Found) {
    let origin = answer.header(ACCESS_CONTROL_ALLOW_ORIGIN);
    if origin != "*" && origin != ORIGIN.1 {
        let what = format!("{name} has an Access-Control-Allow-Origin of {origin:?}");
        found.push((Rule::Cors, what));
    }
}

async fn head(plain: &Answer, found: &mut Found) {
    let path = plain.url.path();
    let Some(answer) = put(&Method::HEAD, &plain.url, &[], Rule::Head, found).await else {
        return;
    };
    let length = answer.declared();
    // A list may have changed meanwhile.
    let same = extension(path) == "m3u8" || length.is_none() || length == plain.declared();
    if answer.status != plain.status || !same {
        let status = answer.status;
        let what = format!("HEAD {path} answers {status} with a length of {length:?}");
        found.push((Rule::Head, what));
    }
}

async fn preflight(url: &Url, found: &mut Found) {
    let headers = [
        ORIGIN,
        ("access-control-request-method", "GET"),
        ("access-control-request-headers", "range"),
    ];
    let Some(answer) = put(&Method::OPTIONS, url, &headers, Rule::Cors, found).await else {
        return;
    };
    let path = url.path();
    let allowed = answer
        .header(ACCESS_CONTROL_ALLOW_HEADERS)
        .to_ascii_lowercase();
    if !(200..300).contains(&answer.status) || !(allowed.contains("range") || allowed == "*") {
        let status = answer.status;
        let what = format!("OPTIONS {path} answers {status}, and allows headers {allowed:?}");
        found.push((Rule::Cors, what));
    }
    open(&format!("OPTIONS {path}"), &answer, found);
}

async fn compression(list: &Url, found: &mut Found) {
    let headers = [("accept-encoding", "gzip")];
    let Some(answer) = get(list, &headers, Rule::Encoding, found).await else {
        return;
    };
    let encoding = answer.header(CONTENT_ENCODING);
    if encoding.is_empty() {
        return;
    }
    let varies = answer.header(VARY).to_ascii_lowercase();
    if !varies.contains("accept-encoding") && varies != "*" {
        let what = format!("the list comes as {encoding}, and Vary is {varies:?}");
        found.push((Rule::Encoding, what));
    }
    let mut text = vec![];
    let bytes = answer.bytes();
    let unpacked = MultiGzDecoder::new(&bytes[..])
        .take(hls::PLAYLIST_BYTES_MAX as u64)
        .read_to_end(&mut text);
    if encoding != "gzip" || unpacked.is_err() || hls::read(&text).is_err() {
        let what = format!("the list comes as {encoding}, and is no list when it is unpacked");
        found.push((Rule::Encoding, what));
    }
}

async fn validator(plain: &Answer, found: &mut Found) {
    let tag = plain.header(ETAG);
    if tag.is_empty() {
        return;
    }
    let headers = [("if-none-match", tag)];
    let Some(answer) = get(&plain.url, &headers, Rule::Validator, found).await else {
        return;
    };
    if answer.status != 304 && answer.header(ETAG) == tag {
        let (path, status) = (plain.url.path(), answer.status);
        let what = format!("{path} answers {status} to who has {tag} already");
        found.push((Rule::Validator, what));
    }
}

async fn ranges(plain: &Answer, found: &mut Found) {
    let whole = plain.bytes();
    let part = whole.get(..PART_BYTES).unwrap_or(&whole);
    let last = part.len().saturating_sub(1);
    let beyond = format!("bytes={}-", whole.len());
    let cases = [
        (format!("bytes=0-{last}"), part),
        ("bytes=0-".into(), &whole[..]),
    ];
    let served = plain.header(ACCEPT_RANGES) == "bytes";
    for (asked, expected) in cases {
        let headers = [("range", asked.as_str())];
        let Some(answer) = get(&plain.url, &headers, Rule::Range, found).await else {
            continue;
        };
        let (status, body) = (answer.status, answer.bytes());
        let said = answer.header(CONTENT_RANGE);
        let right = format!(
            "bytes 0-{}/{}",
            expected.len().saturating_sub(1),
            whole.len()
        );
        let exact = status == 206 && body == expected && said == right;
        // Who has never heard of ranges answers with the whole.
        let ignored = status == 200 && body == whole && !served;
        if !exact && !ignored {
            let bytes = body.len();
            let what = format!("{asked} is answered by {status}, {said:?} and {bytes} bytes");
            found.push((Rule::Range, what));
        }
    }
    let headers = [("range", beyond.as_str())];
    if let Some(answer) = get(&plain.url, &headers, Rule::Range, found).await
        && answer.status != 416
        && served
    {
        let status = answer.status;
        let what = format!("{beyond}, which is beyond the end, is answered by {status}");
        found.push((Rule::Range, what));
    }
}

/// What is not there says so to pages, too.
async fn missing(segment: &Url, found: &mut Found) {
    let Ok(url) = segment.join("no-such-segment.ts") else {
        return;
    };
    if let Some(answer) = get(&url, &[ORIGIN], Rule::Cors, found).await {
        open(&format!("status {}", answer.status), &answer, found);
    }
}

/// How long an answer is fresh.
fn max_age(cache: &str) -> Option<Duration> {
    let mut parts = cache.split(',').map(str::trim);
    let age = parts.find_map(|part| part.strip_prefix("max-age="));
    age?.parse().ok().map(Duration::from_secs)
}
