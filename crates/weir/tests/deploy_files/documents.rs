//! What the documents name is there: variables, addresses, metrics, and the files that they lead to.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use weir::journal::Kind;
use weir::metrics::Metric;

use super::{help, variables};

/// Variables that are not the program's: of the compose file, and of the tests.
const OF_OTHERS: [&str; 5] = [
    "WEIR_PORT",
    "WEIR_WRITE_DOCS",
    "WEIR_CRASH",
    "WEIR_BIN",
    "WEIR_URL",
];

/// First parts of addresses that Weir answers at.
const PLACES: [&str; 13] = [
    "ace",
    "api",
    "engines",
    "events",
    "health",
    "looping-streams",
    "metrics",
    "orchestrator",
    "playlist.m3u",
    "proxy",
    "settings",
    "stream-loop-detection",
    "streams",
];

/// Addresses that are named for what stands below them, and those that have no description.
const NOT_DESCRIBED: [&str; 6] = [
    "/api/v1",
    "/api/v1/openapi.json",
    "/ace/stream",
    "/ace/hls",
    // An engine's.
    "/ace/manifest",
    "/ace/stat",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The documents with their names.
fn documents() -> Vec<(String, String)> {
    let folder = fs::read_dir(root().join("docs")).expect("a folder");
    let paths = folder.map(|entry| entry.expect("a file").path());
    let written = paths.filter(|path| path.extension().is_some_and(|it| it == "md"));
    let all = written.chain(["README.md", "ARCHITECTURE.md"].map(|name| root().join(name)));
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a document");
        (path.display().to_string(), text)
    };
    all.map(read).collect()
}

/// What stands as code in a line or in a block of its own.
fn code(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for line in text.lines() {
        match line.strip_prefix("    ") {
            Some(block) => found.push(block),
            None => found.extend(line.split('`').skip(1).step_by(2)),
        }
    }
    found
}

#[test]
fn every_variable_that_the_documents_name_is_one_that_weir_reads() {
    let help = help(&["--help"]);
    let mut named = 0;
    for (name, text) in documents() {
        for part in code(&text) {
            for variable in variables(part) {
                let known = help.contains(variable) || OF_OTHERS.contains(&variable);
                assert!(known, "{name} names {variable}");
                named += 1;
            }
        }
    }
    assert!(30 < named, "only {named} are named");
}

/// Addresses in a piece of code: what follows a word or a host, up to a question mark.
fn addresses(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for word in code.split([' ', '"', '\'', ',', ';', '|', '(', ')', '[', ']', '<']) {
        let path = match word.split_once("://") {
            Some((_, rest)) if rest.starts_with("HOST:8000/") => &rest["HOST:8000".len()..],
            Some(_) => continue,
            None => word,
        };
        let path = path.split(['?', '#', '…']).next().unwrap_or_default();
        let path = path.trim_end_matches(['/', '.', '*', ':']);
        let mut parts = path.split('/');
        if parts.next() == Some("") && parts.next().is_some_and(|it| PLACES.contains(&it)) {
            found.push(path.to_owned());
        }
    }
    found
}

/// Whether a described address is the one that a document means, whatever it calls what is variable.
fn is_that(described: &str, named: &str) -> bool {
    let (mut own, mut other) = (described.split('/'), named.split('/'));
    loop {
        match (own.next(), other.next()) {
            (None, None) => return true,
            (Some(own), Some(other)) if own == other || own.contains('{') => {}
            _ => return false,
        }
    }
}

#[test]
fn every_address_that_the_documents_name_is_one_that_weir_answers_at() {
    let description = weir::http::description();
    let described: Vec<_> = description.paths.paths.keys().collect();
    let mut named = BTreeSet::new();
    for (name, text) in documents() {
        for address in code(&text).into_iter().flat_map(addresses) {
            let is_known = described.iter().any(|it| is_that(it, &address));
            let known = is_known || NOT_DESCRIBED.contains(&address.as_str());
            assert!(known, "{name} names {address}");
            named.insert(address);
        }
    }
    assert!(20 < named.len(), "{named:?}");
}

#[test]
fn every_metric_that_the_documents_name_is_one_that_weir_gives() {
    let mut known: BTreeSet<_> = Metric::ALL.iter().map(|it| it.name()).collect();
    // Kinds of news look like metrics.
    known.extend(Kind::ALL.iter().map(|it| it.as_str()));
    for (name, text) in documents() {
        for part in code(&text) {
            let is_part = |letter: char| letter.is_ascii_lowercase() || letter == '_';
            let mut words = part.split(|letter| !is_part(letter));
            let odd = words.find(|it| {
                let ours = it.starts_with("weir_") || it.starts_with("orch_");
                ours && !it.ends_with('_') && !known.contains(it)
            });
            assert_eq!(odd, None, "{name}");
        }
    }
}

#[test]
fn every_file_that_the_documents_lead_to_is_there() {
    for (name, text) in documents() {
        let folder = Path::new(&name).parent().expect("a folder").to_owned();
        for rest in text.split("](").skip(1) {
            let target = rest.split([')', '#']).next().unwrap_or_default();
            let elsewhere = target.is_empty() || target.contains("://");
            let there = elsewhere || folder.join(target).exists();
            assert!(there, "{name} leads to {target}");
        }
    }
}
