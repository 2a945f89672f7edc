//! What a change did to the settings, step by step, and whether it can be taken back; it writes nothing.

use store::{Held, Past, Saved, Step};

use super::saved::names;
use super::{CHOICES, Mistake, Settings, TABLE, Who};
use crate::journal::{Kind, News};

/// All values by name.
fn values(settings: &Settings) -> impl Iterator<Item = (&'static str, Held)> {
    let numbers = TABLE
        .iter()
        .map(|key| (key.name, Held::Number((key.get)(settings))));
    let words = CHOICES.iter().map(|choice| {
        let word = (choice.get)(settings);
        (choice.name, Held::Text(word.to_owned()))
    });
    numbers.chain(words)
}

/// What is different, with where each value before came from.
pub(super) fn steps(before: &Settings, saved_before: &Saved, after: &Settings) -> Vec<Step> {
    let pairs = values(before).zip(values(after));
    let changed = pairs.filter(|((_, from), (_, to))| from != to);
    let steps = changed.map(|((key, from), (_, to))| Step {
        key: key.to_owned(),
        from,
        to,
        was_saved: saved_before.get(key).is_some(),
    });
    steps.collect()
}

/// Takes a change back in what is saved. What somebody has changed again since stays, and so does all else then: the mistakes
/// say what has become of it.
pub(super) fn take_back(
    past: &Past,
    now: &Settings,
    saved: &mut Saved,
) -> Result<(), Vec<Mistake>> {
    let mistakes: Vec<_> = past
        .steps
        .iter()
        .filter_map(|step| again(step, now))
        .collect();
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    for step in &past.steps {
        match &step.from {
            _ if !step.was_saved => saved.remove(&step.key),
            Held::Number(number) => saved.set_number(&step.key, *number),
            Held::Text(text) => saved.set_text(&step.key, text),
        }
    }
    Ok(())
}

fn again(step: &Step, now: &Settings) -> Option<Mistake> {
    let held = values(now)
        .find(|(key, _)| *key == step.key)
        .map(|(_, held)| held);
    let message = match held {
        Some(held) if held == step.to => return None,
        Some(held) => format!(
            "{} has been changed since: it is {}, and the change had made it {}",
            step.key,
            shown(&held),
            shown(&step.to)
        ),
        None => format!("{} is no setting any more", step.key),
    };
    Some(Mistake {
        field: step.key.clone(),
        message,
        value: None,
    })
}

/// What is told of a change, and on what authority it was made.
pub(super) fn news(steps: &[Step], who: Who) -> News {
    let authority = match who {
        Who::Key => "the API key",
        Who::Anyone => "anybody: no API key is set",
    };
    let news = News::new(Kind::SettingsChanged, sentence(steps)).with("who", authority);
    let changes = names().filter_map(|name| Some((name, steps.iter().find(|it| it.key == name)?)));
    changes.fold(news, |news, (name, step)| {
        news.with(name, format!("{} → {}", shown(&step.from), shown(&step.to)))
    })
}

fn sentence(steps: &[Step]) -> String {
    let steps = steps
        .iter()
        .map(|it| format!("{} {} → {}", it.key, shown(&it.from), shown(&it.to)));
    format!("settings changed: {}", steps.collect::<Vec<_>>().join(", "))
}

fn shown(held: &Held) -> String {
    match held {
        Held::Number(number) => number.to_string(),
        Held::Text(text) => text.clone(),
    }
}
