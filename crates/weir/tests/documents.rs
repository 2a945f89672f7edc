//! What the documents promise of the sources: every test that they name is there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The rows of the tables of faults: those whose first column is a letter and a number.
fn rows(text: &str) -> BTreeMap<&str, &str> {
    let rows = text.lines().filter_map(|line| {
        let id = line.strip_prefix("| ")?.split(' ').next()?;
        let (kind, number) = id.split_at_checked(1)?;
        let is_row = kind.chars().all(|it| it.is_ascii_uppercase());
        (is_row && number.parse::<u32>().is_ok()).then_some((id, line))
    });
    let mut found = BTreeMap::new();
    for (id, line) in rows {
        assert_eq!(found.insert(id, line), None, "{id} stands twice");
    }
    found
}

/// The tests that a row names, each as its file and its function.
fn tests(row: &str) -> Vec<(&str, &str)> {
    let quoted = row.split('`').skip(1).step_by(2);
    quoted.filter_map(|text| text.split_once(".rs::")).collect()
}

#[test]
fn every_fault_names_tests_and_every_test_named_exists() {
    let text = fs::read_to_string(root().join("docs/faults.md")).expect("the table of faults");
    let rows = rows(&text);
    assert!(37 <= rows.len(), "{} rows", rows.len());
    for (id, row) in rows {
        let tests = tests(row);
        assert!(!tests.is_empty(), "{id} names no test");
        for (file, function) in tests {
            let path = root().join("crates").join(format!("{file}.rs"));
            let source = fs::read_to_string(&path);
            let source = source.unwrap_or_else(|_| panic!("{id}: {} is not there", path.display()));
            let at = source.find(&format!("fn {function}("));
            let at = at.unwrap_or_else(|| panic!("{id}: {file}.rs has no {function}"));
            let above = source[..at].trim_end_matches("async ").trim_end();
            let attribute = above.lines().last().unwrap_or_default();
            assert!(attribute.contains("test"), "{id}: {function} is no test");
        }
    }
}
