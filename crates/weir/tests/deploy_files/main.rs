//! The files in `deploy/` name options, variables and settings that there are; what needs a container engine or a running
//! systemd is not run here.

mod documents;
mod rules;
mod systemd;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

fn deployed(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy");
    fs::read_to_string(path.join(name)).expect("a file")
}

fn help(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_weir"))
        .args(arguments)
        .env_clear()
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// Words that look like variables of Weir.
fn variables(text: &str) -> BTreeSet<&str> {
    let is_part = |letter: char| letter.is_ascii_uppercase() || letter == '_';
    let words = text.split(|letter| !is_part(letter));
    let ours = |word: &&str| {
        let prefixed = ["WEIR_", "HLS_", "PROXY_"]
            .iter()
            .any(|it| word.starts_with(it));
        prefixed || ["API_KEY", "APP_PORT", "ORCHESTRATOR_URL"].contains(word)
    };
    words.filter(ours).collect()
}

#[test]
fn every_variable_that_the_files_name_is_one_that_weir_reads() {
    let help = help(&["--help"]);
    // It is the compose file's own.
    let own = BTreeSet::from(["WEIR_PORT"]);
    for name in [
        "Dockerfile",
        "compose.yaml",
        "weir.service",
        "nginx.conf",
        "Caddyfile",
    ] {
        let text = deployed(name);
        for variable in variables(&text).difference(&own) {
            assert!(help.contains(variable), "{name} names {variable}");
        }
    }
    assert!(variables("- HLS_NOTHING: 1").contains("HLS_NOTHING"));
}

#[test]
fn the_program_is_asked_for_its_health_as_the_files_ask() {
    let health = help(&["health", "--help"]);
    assert!(deployed("Dockerfile").contains(r#"CMD ["weir", "health"]"#));
    assert!(deployed("weir.service").contains("weir health --wait 20"));
    assert!(health.contains("--wait"), "{health}");
}

#[test]
fn the_image_is_built_from_what_there_is_and_its_program_is_no_root() {
    let text = deployed("Dockerfile");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let ignored = fs::read_to_string(root.join(".dockerignore")).expect("a list");
    for line in text
        .lines()
        .filter(|line| line.starts_with("COPY ") && !line.contains("--from"))
    {
        let places: Vec<_> = line.split_whitespace().skip(1).collect();
        let (_, sources) = places.split_last().expect("a target");
        for source in sources {
            assert!(root.join(source).exists(), "{line}");
            let first = source.split('/').next().expect("a name");
            let let_in = format!("!{first}");
            assert!(ignored.lines().any(|it| it == let_in), "{line}");
        }
    }
    // What was installed and built on this machine may be for another system.
    for built in ["*", "panel/node_modules", "panel/dist"] {
        assert!(ignored.lines().any(|it| it == built), "{built}");
    }
    let manifest = fs::read_to_string(root.join("Cargo.toml")).expect("a manifest");
    let (_, version) = manifest.split_once("rust-version = \"").expect("a version");
    let version = version.split('"').next().expect("a version");
    assert!(
        text.contains(&format!("FROM rust:{version}-")),
        "rust {version}"
    );
    assert!(text.contains("\nUSER 10001\n") && text.contains("--uid 10001 weir"));
    let compose = deployed("compose.yaml");
    for hard in [
        "read_only: true",
        "cap_drop: [ALL]",
        "no-new-privileges:true",
    ] {
        assert!(compose.contains(hard), "{hard}");
    }
}
