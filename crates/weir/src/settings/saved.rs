//! Saved settings laid over those that Weir was started with; what cannot be used is left out.

use store::{Entry, Saved};

use super::{CHOICES, Change, Given, Settings, TABLE};

/// What came of laying them over.
pub(super) struct Laid {
    pub(super) settings: Settings,
    /// One sentence for each saved value that is not used, and was taken out of what is saved.
    pub(super) ignored: Vec<String>,
    /// The settings that are saved.
    pub(super) used: Vec<&'static str>,
}

/// Lays saved settings over others.
pub(super) fn lay(base: &Settings, saved: &mut Saved) -> Laid {
    let mut laid = Laid {
        settings: base.clone(),
        ignored: Vec::new(),
        used: Vec::new(),
    };
    for name in names() {
        if let Some(Err(mistake)) = change_of(name, saved) {
            laid.ignored.push(mistake);
            saved.remove(name);
        }
    }
    loop {
        laid.settings = over(base, saved);
        let contradiction = laid.settings.contradictions().into_iter().find(|found| {
            let is_saved = |name| saved.get(name).is_some();
            is_saved(found.name) || is_saved(found.other)
        });
        // Each round takes at least one saved value out.
        let Some(found) = contradiction else {
            laid.used = names().filter(|name| saved.get(name).is_some()).collect();
            return laid;
        };
        laid.ignored.push(found.message);
        saved.remove(found.name);
        saved.remove(found.other);
    }
}

/// Saved settings laid over others, also where they contradict each other.
pub(super) fn over(base: &Settings, saved: &Saved) -> Settings {
    let mut settings = base.clone();
    for change in names().filter_map(|name| change_of(name, saved)?.ok()) {
        change.apply(&mut settings);
    }
    settings
}

pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let choices = CHOICES.iter().map(|choice| choice.name);
    TABLE.iter().map(|key| key.name).chain(choices)
}

fn change_of(name: &str, saved: &Saved) -> Option<Result<Change, String>> {
    let given = match saved.get(name)? {
        Entry::Number(number) => Given::Number(number),
        Entry::Text(text) => Given::Text(text.to_owned()),
        Entry::Other => Given::Other("something else"),
    };
    let change = Change::read(&[(name.to_owned(), given)]);
    Some(change.map_err(|mistakes| mistakes.into_iter().map(|it| it.message).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(numbers: &[(&str, f64)]) -> Saved {
        let mut saved = Saved::default();
        for (name, number) in numbers {
            saved.set_number(name, *number);
        }
        saved
    }

    #[test]
    fn saved_values_win_over_those_of_the_start() {
        let base = Settings {
            hls_window_size: 8,
            hls_max_segments: 40,
            ..Settings::default()
        };
        let laid = lay(&base, &mut saved(&[("hls_window_size", 10.0)]));
        let wanted = Settings {
            hls_window_size: 10,
            ..base
        };
        assert_eq!((laid.settings, laid.ignored.len()), (wanted, 0));
        assert_eq!(laid.used, ["hls_window_size"]);
    }

    #[test]
    fn a_bad_value_is_left_out_alone() {
        let mut saved = saved(&[
            ("hls_window_size", 1_000.0),
            ("hls_max_segments", 30.0),
            ("unknown", 5.0),
        ]);
        saved.set_text("connection_timeout", "soon");
        saved.set_text("stream_mode", "DASH");
        let laid = lay(&Settings::default(), &mut saved);
        let wanted = Settings {
            hls_max_segments: 30,
            ..Settings::default()
        };
        assert_eq!(laid.settings, wanted);
        assert_eq!(laid.ignored.len(), 3, "{:?}", laid.ignored);
        assert_eq!(saved.get("hls_window_size"), None);
        assert_eq!(saved.get("unknown"), Some(Entry::Number(5.0)));
    }

    #[test]
    fn values_that_contradict_each_other_are_left_out_and_others_are_kept() {
        let mut saved = saved(&[
            ("hls_window_size", 20.0),
            ("hls_max_segments", 10.0),
            ("stream_timeout", 90.0),
        ]);
        let laid = lay(&Settings::default(), &mut saved);
        let wanted = Settings {
            stream_timeout: std::time::Duration::from_secs(90),
            ..Settings::default()
        };
        assert_eq!((laid.settings, laid.ignored.len()), (wanted, 1));
    }

    #[test]
    fn a_saved_value_that_contradicts_the_environment_is_left_out() {
        let base = Settings {
            hls_max_segments: 10,
            ..Settings::default()
        };
        let laid = lay(&base, &mut saved(&[("hls_window_size", 15.0)]));
        assert_eq!((laid.settings, laid.ignored.len()), (base, 1));
    }

    #[test]
    fn leaving_values_out_never_makes_a_new_contradiction() {
        // Without the greater memory, the initial segments would not fit either.
        let base = Settings {
            hls_max_segments: 10,
            ..Settings::default()
        };
        let mut saved = saved(&[
            ("hls_window_size", 20.0),
            ("hls_max_segments", 19.0),
            ("hls_max_initial_segments", 18.0),
        ]);
        let laid = lay(&base, &mut saved);
        assert!(laid.settings.contradictions().is_empty());
        assert_eq!((laid.settings, laid.ignored.len()), (base, 2));
    }
}
