//! The alert rules: they are well written, and fire when they should and not before.

use std::path::Path;
use std::process::Command;

/// Rules and what they are tried with, relative to the folder of the files.
const TRIED: &str = "alerts.test.yaml";

fn promtool(arguments: &[&str]) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy");
    let output = Command::new("promtool")
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("promtool, by scripts/install-tools prometheus");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = told + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    told
}

#[test]
fn alerts_come_when_something_lasts_and_not_before() {
    promtool(&["test", "rules", TRIED]);
}
