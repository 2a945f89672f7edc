//! The floors: which crate and which module may know which other. Cargo would let them grow together.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The crates of the workspace, each with those that it may depend on.
const CRATES: &[(&str, &[&str])] = &[
    ("hls", &[]),
    ("ts", &[]),
    ("channel", &["hls", "ts"]),
    ("ledger", &[]),
    ("engine", &[]),
    ("store", &["ledger"]),
    ("webhook", &["ledger"]),
    ("simulator", &["hls", "ts"]),
    (
        "simulation",
        &["channel", "hls", "ledger", "simulator", "ts"],
    ),
    (
        "weir",
        &[
            "channel",
            "engine",
            "hls",
            "ledger",
            "simulator",
            "store",
            "ts",
            "webhook",
        ],
    ),
];

/// The modules of `weir` from the ground up. A module knows those of its own floor and below.
const FLOORS: &[&[&str]] = &[
    &[
        "config",
        "clock",
        "tasks",
        "settings",
        "selector",
        "journal",
        "statistics",
        "story",
        "titles",
        "samples",
        "metrics",
        "playlists",
        "probe",
    ],
    &["loops"],
    &["records"],
    &["engines", "outbox", "webhooks"],
    &["upstream"],
    &["handle"],
    // A channel leaves the registry by itself when it is over, so the two know each other.
    &["pull", "registry"],
    &["collect"],
    &["figures", "series"],
    &["http"],
    &["app"],
    &["demo"],
    &["lib", "main"],
];

/// Looks upwards that are meant, each with its reason.
const MEANT: &[(&str, &str)] = &[
    // A demo's service answers with the figures of its stage.
    ("http", "demo"),
    ("app", "demo"),
];

fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.join("../..")
}

/// The lines of a source file that are code in use: no comments, no tests.
fn code(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).expect("a source file");
    let lines = text.lines().take_while(|line| *line != "#[cfg(test)]");
    lines
        .map(|line| line.split("//").next().unwrap_or_default().to_owned())
        .collect()
}

/// The files below a folder that end in `.rs`.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push(path);
        }
    }
    found
}

/// Every source file of `weir` with the module at the crate's root that it belongs to.
fn modules() -> Vec<(String, PathBuf)> {
    let source = root().join("crates/weir/src");
    let of = |path: &Path| {
        let inside = path.strip_prefix(&source).expect("a file below it");
        let first = inside.iter().next().expect("a name");
        first.to_string_lossy().trim_end_matches(".rs").to_owned()
    };
    let all = files(&source);
    all.into_iter().map(|path| (of(&path), path)).collect()
}

/// The modules that a file names by `crate::`.
fn named(path: &Path) -> BTreeSet<String> {
    let text = code(path).join("\n");
    let mut names = BTreeSet::new();
    for rest in text.split("crate::").skip(1) {
        let list = match rest.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap_or_default(),
            None => rest,
        };
        let many = rest.starts_with('{');
        for part in list.split(',').take(if many { usize::MAX } else { 1 }) {
            let word = |letter: char| letter.is_ascii_lowercase() || letter == '_';
            let part = part.trim_start();
            let end = part.find(|letter| !word(letter)).unwrap_or(part.len());
            names.insert(part[..end].to_owned());
        }
    }
    names.remove("");
    names
}

fn floor(module: &str) -> usize {
    let found = FLOORS.iter().position(|floor| floor.contains(&module));
    found.unwrap_or_else(|| panic!("the module {module} stands on no floor"))
}

#[test]
fn crates_depend_only_on_those_below() {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{output:?}");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let names: BTreeSet<_> = packages
        .iter()
        .filter_map(|it| it["name"].as_str())
        .collect();
    let known: BTreeMap<_, _> = CRATES.iter().copied().collect();
    assert_eq!(names, known.keys().copied().collect());
    for package in packages {
        let name = package["name"].as_str().expect("a name");
        let dependencies = package["dependencies"].as_array().expect("dependencies");
        let ours = dependencies
            .iter()
            .filter(|it| it["kind"] != "dev")
            .filter_map(|it| it["name"].as_str())
            .filter(|it| names.contains(it));
        for dependency in ours {
            let allowed = known[name].contains(&dependency);
            assert!(allowed, "{name} must not depend on {dependency}");
        }
    }
}

#[test]
fn decisions_know_neither_clock_nor_socket() {
    for name in ["hls", "ts", "channel", "ledger"] {
        let source = root().join("crates").join(name).join("src");
        for path in files(&source) {
            let text = code(&path).join("\n");
            for word in [
                "tokio",
                "std::net",
                "Instant",
                "SystemTime",
                "std::fs",
                "rand::",
            ] {
                let shown = path.display();
                assert!(!text.contains(word), "{shown} speaks of {word}");
            }
        }
    }
}

#[test]
fn modules_look_down_and_the_exceptions_are_meant() {
    let mut upwards = BTreeSet::new();
    for (module, path) in modules() {
        for other in named(&path) {
            if floor(&module) < floor(&other) {
                upwards.insert((module.clone(), other));
            }
        }
    }
    let meant: BTreeSet<_> = MEANT
        .iter()
        .map(|(from, to)| ((*from).to_owned(), (*to).to_owned()))
        .collect();
    assert_eq!(upwards, meant);
}

#[test]
fn only_the_http_side_knows_json_and_routes() {
    for (module, path) in modules() {
        // The figures of a demo's stage are handed on as they are.
        let exempt = module == "http" || module == "demo";
        for line in code(&path) {
            let speaks = line.contains("serde_json") || line.contains("axum");
            assert!(exempt || !speaks, "{}: {line}", path.display());
        }
    }
}

#[test]
fn only_the_configuration_reads_the_environment() {
    for (module, path) in modules() {
        for line in code(&path) {
            let reads = line.contains("env::var") || line.contains("env = \"");
            assert!(module == "config" || !reads, "{}: {line}", path.display());
        }
    }
}

#[test]
fn tasks_start_in_one_place() {
    for (module, path) in modules() {
        for line in code(&path) {
            let starts = line.contains("tokio::spawn(") || line.contains("thread::spawn");
            assert!(module == "tasks" || !starts, "{}: {line}", path.display());
        }
    }
}
