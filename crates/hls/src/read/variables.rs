//! `EXT-X-DEFINE` and `{$name}`: addresses that are put together from parts; never grown without bound.

use std::borrow::Cow;

use quick_m3u8::tag::hls::Define;

use super::{LINE_BYTES_MAX, Source};
use crate::{ReadError, Variables, tag};

/// Adds what a tag defines. A query parameter or an import that is not there defines nothing, which is an
/// error only once the variable is used.
pub(super) fn define(variables: &mut Variables, define: &Define<'_>, source: &Source<'_>) {
    let (name, value) = match define {
        Define::Name(define) => (define.name(), Some(define.value().to_owned())),
        Define::Import(define) => {
            let value = source
                .variables
                .and_then(|imports| imports.get(define.import()));
            (define.import(), value.cloned())
        }
        Define::Queryparam(define) => (define.queryparam(), parameter(source, define.queryparam())),
    };
    if let Some(value) = value.filter(|value| is_harmless(value)) {
        variables.insert(name.to_owned(), value);
    }
}

fn parameter(source: &Source<'_>, name: &str) -> Option<String> {
    let mut parameters = source.url?.query_pairs();
    parameters
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// Values are put into lines before these are taken apart, so a value must not end its attribute.
fn is_harmless(value: &str) -> bool {
    !value.contains(|c: char| c == '"' || c.is_control())
}

/// What becomes of the variables in a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Filling {
    /// Titles and comments have none.
    Never,
    /// In what is only passed on, an undefined one stays as it is.
    Known,
    /// In what is acted on, an undefined one is an error (draft-pantos-hls-rfc8216bis 4.3).
    All,
}

/// The line with its variables replaced; braces that hold no name stay.
pub(super) fn fill_in<'t>(
    variables: &Variables,
    number: usize,
    line: &'t str,
) -> Result<Cow<'t, str>, ReadError> {
    within(number, line.len())?;
    let filling = filling(line);
    if !line.contains("{$") || filling == Filling::Never {
        return Ok(Cow::Borrowed(line));
    }
    let mut filled = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("{$") {
        filled.push_str(before);
        rest = after;
        let name = after.split_once('}').filter(|(name, _)| is_name(name));
        match name.map(|(name, after)| (name, variables.get(name), after)) {
            Some((_, Some(value), after)) => {
                filled.push_str(value);
                rest = after;
            }
            Some((name, None, _)) if filling == Filling::All => {
                return Err(ReadError::UndefinedVariable {
                    line: number,
                    name: name.to_owned(),
                });
            }
            _ => filled.push_str("{$"),
        }
        within(number, filled.len())?;
    }
    filled.push_str(rest);
    within(number, filled.len())?;
    Ok(Cow::Owned(filled))
}

fn filling(line: &str) -> Filling {
    match tag::name(line) {
        Some("-X-DEFINE" | "-X-KEY" | "-X-MAP" | "-X-MEDIA" | "-X-STREAM-INF") => Filling::All,
        Some(name) if name.starts_with("-X-") => Filling::Known,
        None if !line.starts_with('#') => Filling::All,
        Some(_) | None => Filling::Never,
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

fn within(line: usize, bytes: usize) -> Result<(), ReadError> {
    if bytes <= LINE_BYTES_MAX {
        return Ok(());
    }
    Err(ReadError::LineTooLong {
        line,
        bytes,
        bytes_max: LINE_BYTES_MAX,
    })
}
