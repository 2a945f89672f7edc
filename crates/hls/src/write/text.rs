//! Text that stays on its line and inside its quotes, whatever upstream put into it; never a second meaning.

use std::{
    borrow::Cow,
    fmt::{Display, Write},
};

use crate::tag;

/// The lines of a playlist, header first.
pub(super) struct Text(String);

impl Text {
    pub(super) fn new() -> Self {
        Self(String::from("#EXTM3U\n"))
    }

    pub(super) fn line(&mut self, line: impl Display) {
        writeln!(self.0, "{line}").expect("a String takes any text");
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }
}

/// A URI on a line of its own. One that would read as a tag, a blank or a variable is escaped: without
/// its line, all the following segments would slip by one.
pub(super) fn uri_line(uri: &str) -> Cow<'_, str> {
    let uri = escaped(uri.trim());
    if uri.is_empty() {
        return Cow::Borrowed("./");
    }
    match uri.strip_prefix('#') {
        Some(rest) => Cow::Owned(format!("%23{rest}")),
        None => uri,
    }
}

/// A URI between quotes.
pub(super) fn quoted_uri(uri: &str) -> Cow<'_, str> {
    escaped(uri)
}

/// Text between quotes. What cannot stand there has no meaning in any such attribute, and is left out.
pub(super) fn quoted(text: &str) -> String {
    text.replace(|c: char| c == '"' || c.is_control(), "")
        .replace("{$", "")
}

/// An enumerated string, which has no quotes to be safe in (4.2).
pub(super) fn token(text: &str) -> String {
    text.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', "")
}

/// Whether a line may be passed on: an unknown tag or a date range, on one line, without variables, since our
/// lists define none.
pub(super) fn is_carried(line: &str) -> bool {
    tag::is_carried(line) && !line.contains(|c: char| c.is_control()) && !line.contains("{$")
}

fn escaped(uri: &str) -> Cow<'_, str> {
    let is_safe = |c: char| c != '"' && !c.is_control();
    if uri.chars().all(is_safe) && !uri.contains("{$") {
        return Cow::Borrowed(uri);
    }
    let without: String = uri.chars().filter(|c| !c.is_control()).collect();
    Cow::Owned(without.replace('"', "%22").replace("{$", "%7B$"))
}
