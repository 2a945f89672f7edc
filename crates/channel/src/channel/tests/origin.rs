//! A made-up source: a live playlist that moves with time, and what can be wrong with it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use crate::examine::Fit;
use crate::failure::{OpenFailure, Trouble};
use crate::pulse::Measure;
use crate::segment::Body;
use crate::source::{Intake, SourceKind};
use crate::testing;
use crate::time::Moment;

/// Entries of its list.
const LISTED: u64 = 6;

/// Its segments are this long, unless a test says otherwise.
pub(crate) const SEGMENT: Duration = Duration::from_secs(2);

/// One segment that is not like the others.
#[derive(Clone, Debug, Default)]
pub(crate) struct Odd {
    /// What the list says before it.
    pub(crate) tags: &'static str,
    /// What the list says of its length.
    pub(crate) stated: Option<&'static str>,
    /// What a request for it brings.
    pub(crate) trouble: Option<Trouble>,
    /// What it is instead.
    pub(crate) fit: Option<Fit>,
}

/// The source.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) kind: SourceKind,
    /// How it gives its media, whatever is asked for.
    pub(crate) intake: Option<Intake>,
    /// In its addresses and its media; another name is another source.
    pub(crate) name: String,
    /// Its number at the moment it began.
    pub(crate) first: u64,
    pub(crate) began: Moment,
    /// It has had no news since.
    pub(crate) frozen: Option<Moment>,
    pub(crate) ended: bool,
    /// Length of its segments, in seconds.
    pub(crate) seconds: u64,
    /// The target duration that it states.
    pub(crate) target: u64,
    /// Tags before the first entry, which hold for all.
    pub(crate) head: &'static str,
    /// Container of what it sends, and whether its media tells its own times.
    pub(crate) opaque: bool,
    pub(crate) odd: BTreeMap<u64, Odd>,
    /// What the engine says of the session.
    pub(crate) measure: fn(Moment) -> Measure,
    /// There is another engine.
    pub(crate) elsewhere: bool,
    pub(crate) open_failure: Option<OpenFailure>,
    pub(crate) poll_trouble: Option<Trouble>,
    pub(crate) load_trouble: Option<Trouble>,
}

impl Origin {
    /// A source that has been going for a while.
    pub(crate) fn new(name: &str) -> Self {
        Self {
            kind: SourceKind::Session,
            intake: Some(Intake::Playlist),
            name: name.into(),
            first: 100,
            began: Moment::ZERO,
            frozen: None,
            ended: false,
            seconds: SEGMENT.as_secs(),
            target: SEGMENT.as_secs(),
            head: "",
            opaque: false,
            odd: BTreeMap::new(),
            measure: |_| Measure::Nothing,
            elsewhere: false,
            open_failure: None,
            poll_trouble: None,
            load_trouble: None,
        }
    }

    /// The number of the newest segment.
    pub(crate) fn newest(&self, now: Moment) -> u64 {
        let age = self.frozen.unwrap_or(now).since(self.began);
        self.first + age.as_secs() / self.seconds
    }

    pub(crate) fn list(&self, now: Moment) -> hls::Media {
        let newest = self.newest(now);
        let first = (newest + 1).saturating_sub(LISTED);
        let (target, length) = (self.target, format!("{}.000000", self.seconds));
        let mut text = format!(
            "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:{target}\n#EXT-X-MEDIA-SEQUENCE:{first}\n{}",
            self.head
        );
        let usual = Odd::default();
        for number in first..=newest {
            let odd = self.odd.get(&number).unwrap_or(&usual);
            let stated = odd.stated.unwrap_or(&length);
            let name = &self.name;
            let tags = odd.tags;
            write!(
                text,
                "{tags}#EXTINF:{stated},\nhttp://source/{name}/{number}.ts\n"
            )
            .expect("writing to a string cannot fail");
        }
        if self.ended {
            text += "#EXT-X-ENDLIST\n";
        }
        testing::read(&text)
    }

    pub(crate) fn fetch(&self, segment: &hls::Segment) -> Result<Fit, Trouble> {
        let number = segment.sequence;
        let odd = self.odd.get(&number);
        if let Some(trouble) = odd.and_then(|odd| odd.trouble.clone()) {
            return Err(trouble);
        }
        if let Some(fit) = odd.and_then(|odd| odd.fit.clone()) {
            return Ok(fit);
        }
        let mut fit = self.media(number, Duration::from_secs(self.seconds));
        if self.opaque {
            fit.facts = None;
        }
        Ok(fit)
    }

    /// Its media of a number, at its place on its clock.
    pub(crate) fn media(&self, number: u64, length: Duration) -> Fit {
        let place = self
            .name
            .bytes()
            .fold(1, |sum: u64, byte| sum * 31 + u64::from(byte));
        let start = place % 1_000_003 * 1_000 + number % 1_000_000 * self.seconds * 1_000;
        testing::media(
            place.wrapping_mul(1 << 32).wrapping_add(number),
            start,
            length.as_millis() as u64,
        )
    }

    pub(crate) fn load(&self) -> Result<Body, Trouble> {
        match &self.load_trouble {
            Some(trouble) => Err(trouble.clone()),
            None => Ok(Body::new(vec![bytes::Bytes::from_static(&[7; 16])])),
        }
    }
}
