//! The part of `--help` that lists variables without a flag; it reads none of them.

use std::fmt::Write;

use crate::settings::{CHOICES, TABLE, Unit};

/// Variables that are neither flags nor settings: name, default and range, and what each does.
pub(super) const LISTED_APART: &[(&str, &str, &str)] = &[
    (
        "API_KEY",
        "",
        "Protects calls that change something (Authorization: Bearer ...).",
    ),
    (
        "ORCHESTRATOR_URL",
        "",
        "Where the start and the end of each stream are told.",
    ),
    (
        "COLLECT_INTERVAL_S",
        "  [1; 1 to 3600]",
        "Seconds between two readings of an engine's statistics.",
    ),
    (
        "STATS_HISTORY_MAX",
        "  [720; 1 to 100000]",
        "Readings to keep at full rate for each stream.",
    ),
    (
        "WEIR_EVENTS_MAX",
        "  [100000; 1000 to 10000000]",
        "Events to keep.",
    ),
    (
        "WEIR_EVENTS_DAYS",
        "  [30; 1 to 3650]",
        "Days for which they are kept.",
    ),
];

/// The part of `--help` that lists the settings.
pub(super) fn variables_help() -> String {
    let mut text = String::from(
        "Settings, by variable (or in .env); what was changed by POST /proxy/config wins over them:\n",
    );
    for key in TABLE {
        let unit = match key.unit {
            Unit::Count => "",
            Unit::Seconds => " s",
            Unit::TargetDurations => " target durations",
        };
        let (name, default, min, max) = (key.variable, key.default, key.min, key.max);
        let sentence = key.sentence;
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "\n  {name}  [{default}{unit}; {min} to {max}]\n          {sentence}\n"
        );
    }
    for choice in CHOICES {
        let (name, sentence) = (choice.variable, choice.sentence);
        let (default, words) = (choice.words[choice.default], choice.words.join(", "));
        let _ = write!(
            text,
            "\n  {name}  [{default}; {words}]\n          {sentence}\n"
        );
    }
    for (name, range, sentence) in LISTED_APART {
        let _ = write!(text, "\n  {name}{range}\n          {sentence}\n");
    }
    text
}
