//! The parameters of a call that reads: each is checked by its name, and all that is wrong is told at once.

use axum::http::Uri;
use jiff::Timestamp;

use super::error::Problem;
use super::query;
use crate::settings::{Given, Mistake};

/// What a call was asked, as far as it is read.
pub(super) struct Parameters {
    pairs: Vec<(String, String)>,
    mistakes: Vec<Mistake>,
}

impl Parameters {
    pub(super) fn of(uri: &Uri) -> Self {
        Self {
            pairs: query::pairs(uri),
            mistakes: Vec::new(),
        }
    }

    /// A text that may be anything.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let pair = self.pairs.iter().find(|(given, _)| given == name);
        pair.map(|(_, text)| text.clone())
    }

    /// One of some words.
    pub(super) fn one_of<'a>(&mut self, name: &str, words: &[&'a str]) -> Option<&'a str> {
        let text = self.text(name)?;
        let word = words.iter().find(|word| **word == text);
        if word.is_none() {
            let message = format!("{name} must be {}", words.join(" or "));
            self.wrong(name, message, text);
        }
        word.copied()
    }

    /// A time: ISO 8601, or seconds since 1970.
    pub(super) fn time(&mut self, name: &str) -> Option<Timestamp> {
        let text = self.text(name)?;
        let seconds = text.parse::<f64>().ok().filter(|it| it.is_finite());
        let by_number =
            seconds.and_then(|it| Timestamp::from_millisecond((it * 1_000.0) as i64).ok());
        // A plus in a query is a space.
        let time = by_number.or_else(|| text.trim().replace(' ', "+").parse().ok());
        if time.is_none() {
            let message =
                format!("{name} must be a time, as 2026-01-31T12:00:00Z, or seconds since 1970");
            self.wrong(name, message, text);
        }
        time
    }

    /// `limit` and `offset`; `limits` are what holds without one, and the most.
    pub(super) fn page(&mut self, (default, max): (usize, usize)) -> (usize, usize) {
        let limit = self.whole("limit", 1, max).unwrap_or(default);
        let offset = self.whole("offset", 0, usize::MAX / 2).unwrap_or(0);
        (limit, offset)
    }

    fn whole(&mut self, name: &str, min: usize, max: usize) -> Option<usize> {
        let text = self.text(name)?;
        let number = text.parse().ok().filter(|it| (min..=max).contains(it));
        if number.is_none() {
            let most = if max < usize::MAX / 2 {
                format!("from {min} to {max}")
            } else {
                format!("of at least {min}")
            };
            self.wrong(name, format!("{name} must be a whole number {most}"), text);
        }
        number
    }

    /// Whether all was right.
    pub(super) fn done(self) -> Result<(), Problem> {
        if self.mistakes.is_empty() {
            return Ok(());
        }
        Err(Problem::from(self.mistakes))
    }

    fn wrong(&mut self, name: &str, message: String, text: String) {
        self.mistakes.push(Mistake {
            field: name.to_owned(),
            message,
            value: Some(Given::Text(text)),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(query: &str) -> Parameters {
        let uri = format!("/x?{query}").parse().expect("an address");
        Parameters::of(&uri)
    }

    #[test]
    fn times_are_read_as_dates_and_as_seconds() {
        let second = |text: &str| {
            of(&format!("since={text}"))
                .time("since")
                .map(Timestamp::as_second)
        };
        assert_eq!(second("1800000000"), Some(1_800_000_000));
        assert_eq!(second("1800000000.5"), Some(1_800_000_000));
        assert_eq!(second("2027-01-15T08:00:00Z"), Some(1_800_000_000));
        assert_eq!(second("2027-01-15T08:00:00.000Z"), Some(1_800_000_000));
        assert_eq!(second("2027-01-15T09:00:00+01:00"), Some(1_800_000_000));
        for bad in ["", "yesterday", "NaN", "1e300", "2027-13-15T08:00:00Z"] {
            assert_eq!(second(bad), None, "{bad}");
        }
    }

    #[test]
    fn all_that_is_wrong_is_told_by_name() {
        let mut given = of("status=new&limit=0&offset=-1&since=x&other=1");
        assert_eq!(given.one_of("status", &["started", "ended"]), None);
        assert_eq!(given.page((10, 100)), (10, 0));
        assert_eq!(given.time("since"), None);
        let fields: Vec<_> = given.mistakes.iter().map(|it| it.field.as_str()).collect();
        assert_eq!(fields, ["status", "limit", "offset", "since"]);
        assert!(given.done().is_err());
        let mut given = of("limit=100&offset=7&status=ended");
        assert_eq!(given.one_of("status", &["started", "ended"]), Some("ended"));
        assert_eq!(given.page((10, 100)), (100, 7));
        assert!(given.done().is_ok());
    }
}
