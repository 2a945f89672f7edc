//! Mistakes in what surrounds the program: the file of variables, and variables that nobody reads. It shows no value of
//! either, since that may be a key.

use std::collections::BTreeSet;

use clap::CommandFactory;

use super::Args;
use super::help::LISTED_APART;
use crate::settings::{CHOICES, TABLE};

/// What variables of Weir begin with; the names of most settings are older than it, and one that is mistyped would
/// be missed by nobody until the setting does not act.
const OURS: [&str; 4] = ["WEIR_", "HLS_", "PROXY_", "ACEXY_"];

/// Set by Kubernetes in every container beside a service that is called weir.
const OF_KUBERNETES: [&str; 2] = ["WEIR_PORT", "WEIR_SERVICE_"];

/// Names of variables that look like Weir's own and are not: most often one that was mistyped.
pub fn unknown_variables() -> Vec<String> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    unknown(names)
}

fn unknown(names: impl Iterator<Item = String>) -> Vec<String> {
    let command = Args::command();
    let flags = command.get_arguments().filter_map(|it| it.get_env());
    let mut known: BTreeSet<String> = flags.map(|it| it.to_string_lossy().into_owned()).collect();
    known.extend(TABLE.iter().map(|key| key.variable.to_owned()));
    known.extend(CHOICES.iter().map(|choice| choice.variable.to_owned()));
    known.extend(LISTED_APART.iter().map(|(name, ..)| (*name).to_owned()));
    let is_ours = |name: &str| {
        let by_others = OF_KUBERNETES.iter().any(|it| name.starts_with(it));
        OURS.iter().any(|it| name.starts_with(it)) && !by_others
    };
    names
        .filter(|name| is_ours(name) && !known.contains(name))
        .collect()
}

/// What is wrong with the file of variables.
pub fn dotenv_mistake(error: &dotenvy::Error) -> String {
    let why = match error {
        dotenvy::Error::LineParse(line, _) => {
            let name = line.split_once('=').map_or("", |(name, _)| name.trim());
            let which = match name {
                "" => "a line without a name and a '='".to_owned(),
                name => format!("the line of {name}"),
            };
            format!(
                "{which} must be like NAME=value, with quotes around a value that holds spaces or '#'"
            )
        }
        error => error.to_string(),
    };
    format!("the file .env cannot be read: {why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_looks_like_ours_and_is_not_is_named() {
        let names = [
            "WEIR_ENGINE",
            "WEIR_ENGINES",
            "WEIR_SLATE",
            "WEIR_EVENTS_MAX",
            "WEIR_SERVICE_HOST",
            "WEIR_PORT_8000_TCP",
            "HLS_MAX_SEGMENT",
            "HLS_MAX_SEGMENTS",
            "PROXY_STREAMMODE",
            "ACEXY_MAX_STREAMS_PER_ENGINE",
            "HOME",
        ];
        let found = unknown(names.iter().map(|it| (*it).to_owned()));
        assert_eq!(
            found,
            ["WEIR_ENGINE", "HLS_MAX_SEGMENT", "PROXY_STREAMMODE"]
        );
    }

    #[test]
    fn a_mistake_in_the_file_names_the_variable_and_shows_no_value() {
        let line = |text: &str| dotenvy::Error::LineParse(text.into(), 3);
        let told = dotenv_mistake(&line("API_KEY=\"hunter2"));
        assert!(
            told.contains("the line of API_KEY") && !told.contains("hunter2"),
            "{told}"
        );
        let told = dotenv_mistake(&line("hunter2"));
        assert!(
            told.contains("NAME=value") && !told.contains("hunter2"),
            "{told}"
        );
    }
}
