//! What readers of the event stream can watch beside news, and the board on which it is shown: made once a second for
//! all who watch, and never while nobody does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::error::Problem;
use super::{App, channels, engines, overview};
use crate::settings::{Given, Mistake};

/// What makes the body of a topic; a topic about one thing gets its name.
type Make = fn(&App, &str) -> Value;

/// Topics about everything of a kind.
const TOPICS: &[(&str, Make)] = &[
    ("channels", |app, _| json!(channels::all(app))),
    ("engines", |app, _| json!(engines::all(app))),
    ("overview", |app, _| json!(overview::overview(app))),
];

/// Topics about one thing, as `channel:KEY`.
const TOPICS_OF: &[(&str, Make)] = &[("channel", channel)];

/// The topic that is no picture of a state.
const NEWS: &str = "news";

/// Topics of one reader: every page of a panel needs fewer.
const TOPICS_MAX: usize = 16;

/// Bytes of a thing's name: keys of channels are shorter.
const NAME_BYTES_MAX: usize = 256;

/// Seconds after which a picture that nobody asked for is taken down.
const KEPT_SECONDS: u64 = 3;

/// Parts of a body that change though nothing happens.
const ALWAYS_NEW: [&str; 2] = ["as_of", "uptime_seconds"];

/// Something to watch.
#[derive(Clone, Debug)]
pub(super) struct Topic {
    /// The word for it, and for its events.
    pub(super) name: &'static str,
    /// Which one, if it is about one thing.
    of: String,
    make: Make,
}

/// What a reader wants.
pub(super) struct Wanted {
    pub(super) news: bool,
    pub(super) topics: Vec<Topic>,
}

impl Wanted {
    /// Reads names between commas.
    pub(super) fn read(text: Option<&str>) -> Result<Self, Problem> {
        let text = text.unwrap_or(NEWS);
        let mut wanted = Self {
            news: false,
            topics: Vec::new(),
        };
        for name in text.split(',').map(str::trim) {
            match topic(name) {
                _ if name == NEWS => wanted.news = true,
                Some(topic) if wanted.topics.len() < TOPICS_MAX => wanted.topics.push(topic),
                _ => return Err(unknown(text)),
            }
        }
        Ok(wanted)
    }
}

fn topic(text: &str) -> Option<Topic> {
    let (word, of) = match text.split_once(':') {
        Some((word, of)) => (word, Some(of)),
        None => (text, None),
    };
    let table = if of.is_some() { TOPICS_OF } else { TOPICS };
    let (name, make) = table.iter().find(|(name, _)| *name == word)?;
    let fits = |of: &str| (1..=NAME_BYTES_MAX).contains(&of.len());
    of.is_none_or(fits).then(|| Topic {
        name,
        of: of.unwrap_or_default().to_owned(),
        make: *make,
    })
}

/// One channel; one that does not run has no state.
fn channel(app: &App, key: &str) -> Value {
    match channels::detail(app, key) {
        Ok(detail) => json!(detail),
        Err(_) => json!({ "key": key, "state": null }),
    }
}

fn unknown(text: &str) -> Problem {
    let names = TOPICS.iter().map(|(name, _)| (*name).to_owned());
    let of = TOPICS_OF.iter().map(|(name, _)| format!("{name}:KEY"));
    let names: Vec<_> = [NEWS.to_owned()]
        .into_iter()
        .chain(names)
        .chain(of)
        .collect();
    let names = names.join(", ");
    Problem::from(vec![Mistake {
        field: "topics".into(),
        message: format!(
            "topics must be names between commas, at most {TOPICS_MAX}, out of {names}"
        ),
        value: Some(Given::Text(text.to_owned())),
    }])
}

/// The newest picture of a topic.
pub(super) struct Shown {
    /// Another one whenever the picture is another one.
    pub(super) version: u64,
    /// One line of JSON.
    pub(super) body: Arc<str>,
}

/// The newest pictures of what is watched. Bounded by readers: what nobody watches is taken down.
#[derive(Default)]
pub(super) struct Board {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    pictures: HashMap<(&'static str, String), Picture>,
    last_version: u64,
}

struct Picture {
    /// The second in which it was looked at last.
    second: u64,
    version: u64,
    /// What must differ for another version.
    bare: Value,
    body: Arc<str>,
}

impl Board {
    /// What a topic looks like in this second.
    pub(super) fn show(&self, app: &App, topic: &Topic) -> Shown {
        let second = app.clock.now().0.as_secs();
        self.show_at(second, topic, || (topic.make)(app, &topic.of))
    }

    fn show_at(&self, second: u64, topic: &Topic, make: impl FnOnce() -> Value) -> Shown {
        // Under the lock, so that those who come meanwhile find what is being made.
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let Inner {
            pictures,
            last_version,
        } = &mut *inner;
        pictures.retain(|_, picture| second <= picture.second + KEPT_SECONDS);
        let key = (topic.name, topic.of.clone());
        let known = pictures.get(&key);
        if let Some(picture) = known.filter(|picture| picture.second == second) {
            return picture.shown();
        }
        let value = make();
        let body = value.to_string();
        let bare = bare(value);
        let mut version = known
            .filter(|picture| picture.bare == bare)
            .map(|it| it.version);
        if version.is_none() {
            *last_version += 1;
        }
        let picture = Picture {
            second,
            version: *version.get_or_insert(*last_version),
            bare,
            body: body.into(),
        };
        let shown = picture.shown();
        pictures.insert(key, picture);
        shown
    }
}

impl Picture {
    fn shown(&self) -> Shown {
        Shown {
            version: self.version,
            body: Arc::clone(&self.body),
        }
    }
}

fn bare(mut value: Value) -> Value {
    if let Some(members) = value.as_object_mut() {
        members.retain(|name, _| !ALWAYS_NEW.contains(&name.as_str()));
    }
    value
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn of(text: &str) -> Topic {
        topic(text).expect("a topic")
    }

    #[test]
    fn however_many_watch_it_is_made_once_a_second() {
        let board = Board::default();
        let made = Cell::new(0);
        let look = |second, topic: &str| {
            board.show_at(second, &of(topic), || {
                made.set(made.get() + 1);
                json!({ "made": made.get() })
            })
        };
        let first = look(7, "channels");
        for _ in 0..100 {
            assert_eq!(look(7, "channels").version, first.version);
        }
        assert_eq!(made.get(), 1);
        assert_ne!(look(8, "channels").version, first.version);
        assert_ne!(look(8, "channel:a").version, look(8, "channel:b").version);
        assert_eq!(made.get(), 4);
    }

    #[test]
    fn a_picture_is_new_when_more_than_the_time_has_changed() {
        let board = Board::default();
        let look = |second: u64, viewers: u64| {
            let body = json!({ "as_of": second, "uptime_seconds": second, "viewers": viewers });
            board.show_at(second, &of("channels"), || body).version
        };
        let first = look(1, 5);
        assert_eq!(look(2, 5), first);
        let third = look(3, 6);
        assert_ne!(third, first);
        // Somebody who was held up for long may have the version of a picture that was taken down.
        assert_ne!(look(100, 6), third);
    }

    #[test]
    fn what_nobody_watches_is_taken_down() {
        let board = Board::default();
        for name in 0..1_000 {
            board.show_at(1, &of(&format!("channel:{name}")), || json!(null));
        }
        board.show_at(9, &of("channels"), || json!(null));
        assert_eq!(board.inner.lock().expect("whole").pictures.len(), 1);
    }

    #[test]
    fn topics_are_known_or_refused_with_their_name() {
        let read = |text| Wanted::read(Some(text)).map_err(|problem| problem.detail().to_owned());
        let wanted = read("channels, news,channel:a:b").expect("known");
        let names: Vec<_> = wanted.topics.iter().map(|it| (it.name, &*it.of)).collect();
        assert!(wanted.news);
        assert_eq!(names, [("channels", ""), ("channel", "a:b")]);
        assert!(Wanted::read(None).expect("news alone").news);
        let many = ["channels"; 17].join(",");
        for text in [
            "",
            "weather",
            "channel",
            "channel:",
            "channels:a",
            "news:x",
            &many,
        ] {
            let told = read(text).err().expect(text);
            assert!(told.starts_with("topics must be "), "{told}");
        }
    }
}
