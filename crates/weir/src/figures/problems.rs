//! What is wrong with the whole service, in words, with what to do about it; decided from values alone.

use super::Health;
use crate::journal::Severity;

/// Problems told at most; with more than these, the first ones say what it is.
const PROBLEMS_MAX: usize = 50;

/// Something that an operator should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong.
    pub what: String,
    /// What helps.
    pub how: &'static str,
    /// The channel that it is about.
    pub channel: Option<String>,
    /// The engine that it is about.
    pub engine: Option<String>,
}

/// An engine, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    /// host:port.
    pub name: String,
    /// Whether it answered when it was last asked.
    pub healthy: bool,
    /// Channels it carries.
    pub channels: usize,
    /// Channels it may carry.
    pub places: usize,
}

/// A channel, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Its key.
    pub key: String,
    /// What people call it, where that is known.
    pub title: Option<String>,
    /// How it does.
    pub health: Health,
    /// Why it failed, if it did.
    pub failure: Option<String>,
    /// Whether clips are shown in the place of media.
    pub on_slate: bool,
    /// Viewers who have run dry.
    pub dry: usize,
    /// Those who watch.
    pub viewers: usize,
}

/// Everything that problems are found in.
#[derive(Clone, Debug, Default)]
pub struct House {
    /// The engines.
    pub engines: Vec<Engine>,
    /// Streams that have names.
    pub sources: usize,
    /// The channels that run.
    pub channels: Vec<Channel>,
    /// Whether the data folder cannot be written.
    pub disk_failing: bool,
    /// Whether what happens cannot be written down.
    pub history_failing: bool,
    /// Why events are held back, and how many.
    pub held_back: Option<(String, usize)>,
}

/// What is wrong, the worst first.
pub fn problems(house: &House) -> Vec<Problem> {
    let mut found = Vec::new();
    found.extend(of_engines(house));
    if house.disk_failing {
        found.push(error(
            "The data folder cannot be written: events, numbers and settings may be lost with a restart.".into(),
            "Give it room or the right to be written; Weir goes on trying.",
        ));
    }
    if house.history_failing {
        found.push(warning(
            "What happens cannot be written down: news, statistics and the list of loops may be lost with a restart.".into(),
            "See what the log says of history.sqlite in the data folder; Weir goes on trying.",
        ));
    }
    if let Some((trouble, waiting)) = &house.held_back {
        found.push(warning(
            format!("Events for the orchestrator are held back, {waiting} by now: {trouble}."),
            "See that ORCHESTRATOR_URL is reachable and API_KEY is right; they are told in order then.",
        ));
    }
    found.extend(house.channels.iter().filter_map(of_channel));
    found.sort_by_key(|problem| std::cmp::Reverse(problem.severity));
    found.truncate(PROBLEMS_MAX);
    found
}

fn of_engines(house: &House) -> Vec<Problem> {
    let engines = &house.engines;
    if engines.is_empty() {
        let nothing = "There is nothing to play: no engine and no source is configured.".into();
        let how = "Name engines with WEIR_ENGINES or streams with WEIR_SOURCES.";
        return Vec::from_iter((house.sources == 0).then(|| error(nothing, how)));
    }
    let sick = engines.iter().filter(|engine| !engine.healthy);
    let down: Vec<_> = sick.collect();
    if down.len() == engines.len() {
        let what = match engines.as_slice() {
            [only] => format!("The only engine, {}, does not answer.", only.name),
            all => format!("None of the {} engines answers.", all.len()),
        };
        return vec![error(
            what,
            "See that the engines run and that their ports can be reached.",
        )];
    }
    let mut found: Vec<_> = down
        .iter()
        .map(|engine| Problem {
            engine: Some(engine.name.clone()),
            ..warning(
                format!("Engine {} does not answer.", engine.name),
                "Channels go to the others; see whether it runs.",
            )
        })
        .collect();
    let mut healthy = engines.iter().filter(|engine| engine.healthy);
    if healthy.all(|engine| engine.places <= engine.channels) {
        found.push(warning(
            "Every engine that answers carries as many channels as it may; a further channel is refused.".into(),
            "Add an engine, or raise max_streams_per_engine.",
        ));
    }
    found
}

fn of_channel(channel: &Channel) -> Option<Problem> {
    let name = channel.title.as_deref().unwrap_or(&channel.key);
    let watching = match channel.viewers {
        1 => "1 viewer".to_owned(),
        many => format!("{many} viewers"),
    };
    let (what, how) = match (channel.health, channel.on_slate) {
        (Health::Failed, _) => {
            let why = channel.failure.as_deref().unwrap_or("nothing is known");
            let what = format!("{name} failed: {why}.");
            (what, "It is tried again with the next viewer.")
        }
        (_, true) => (
            format!("{name} shows the slate to {watching}: its source gives nothing."),
            "Weir goes on looking for another one.",
        ),
        (Health::Stalled, false) => (
            format!("{name} has nothing new for {watching}: its source gives nothing."),
            "Weir goes on looking for another one.",
        ),
        _ if 0 < channel.dry => (
            format!("{} of {watching} of {name} ran dry.", channel.dry),
            "If it is one, its network is slow; if it is all, the source is.",
        ),
        _ => return None,
    };
    let problem = if channel.health == Health::Failed {
        error(what, how)
    } else {
        warning(what, how)
    };
    Some(Problem {
        channel: Some(channel.key.clone()),
        ..problem
    })
}

fn error(what: String, how: &'static str) -> Problem {
    Problem {
        severity: Severity::Error,
        what,
        how,
        channel: None,
        engine: None,
    }
}

fn warning(what: String, how: &'static str) -> Problem {
    Problem {
        severity: Severity::Warning,
        ..error(what, how)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engine(name: &str, healthy: bool, channels: usize) -> Engine {
        Engine {
            name: name.into(),
            healthy,
            channels,
            places: 3,
        }
    }

    fn channel(key: &str, health: Health) -> Channel {
        Channel {
            key: key.into(),
            title: None,
            health,
            failure: None,
            on_slate: false,
            dry: 0,
            viewers: 2,
        }
    }

    fn told(house: &House) -> Vec<String> {
        let found = problems(house);
        found.into_iter().map(|problem| problem.what).collect()
    }

    #[test]
    fn a_house_in_order_has_none() {
        let house = House {
            engines: vec![engine("a:1", true, 2)],
            channels: vec![channel("news", Health::Good)],
            ..House::default()
        };
        assert_eq!(told(&house), [""; 0]);
    }

    #[test]
    fn nothing_to_play_is_one_and_a_named_stream_is_something() {
        assert!(told(&House::default())[0].contains("nothing to play"));
        let named = House {
            sources: 1,
            ..House::default()
        };
        assert_eq!(told(&named), [""; 0]);
    }

    #[test]
    fn engines_that_are_down_or_full_are_told_once() {
        let house = |engines| House {
            engines,
            ..House::default()
        };
        let all = house(vec![engine("a:1", false, 0), engine("b:1", false, 0)]);
        assert_eq!(told(&all), ["None of the 2 engines answers."]);
        let one = house(vec![engine("a:1", false, 0), engine("b:1", true, 1)]);
        assert_eq!(told(&one), ["Engine a:1 does not answer."]);
        let full = house(vec![engine("a:1", true, 3), engine("b:1", true, 4)]);
        assert_eq!(told(&full).len(), 1);
        assert!(told(&full)[0].contains("as many channels as it may"));
    }

    #[test]
    fn the_worst_comes_first_and_each_says_what_it_is_about() {
        let slate = Channel {
            on_slate: true,
            ..channel("a", Health::Stalled)
        };
        let dry = Channel {
            dry: 1,
            title: Some("Evening News".into()),
            ..channel("b", Health::Strained)
        };
        let failed = Channel {
            failure: Some("no peers".into()),
            ..channel("c", Health::Failed)
        };
        let house = House {
            sources: 1,
            channels: vec![slate, dry, failed],
            held_back: Some(("it answers 500".into(), 7)),
            ..House::default()
        };
        let found = problems(&house);
        let about: Vec<_> = found.iter().map(|it| it.channel.as_deref()).collect();
        assert_eq!(about, [Some("c"), None, Some("a"), Some("b")]);
        assert_eq!(found[0].what, "c failed: no peers.");
        assert_eq!(found[3].what, "1 of 2 viewers of Evening News ran dry.");
    }

    #[test]
    fn they_are_bounded() {
        let house = House {
            sources: 1,
            channels: vec![channel("a", Health::Failed); 500],
            disk_failing: true,
            ..House::default()
        };
        assert_eq!(problems(&house).len(), PROBLEMS_MAX);
    }
}
