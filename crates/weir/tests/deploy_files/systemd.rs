//! The unit for systemd: it is understood, it shuts Weir in, and Weir needs nothing of what it forbids. Where there is no
//! systemd, nothing of it can be told.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::deployed;

/// Tenths of systemd's own measure of what a service may do; 10 is all, and below 2 is called OK.
const EXPOSURE_MAX: &str = "13";

/// The file of the unit as it would be where the program is this one; nothing where there is no systemd.
fn unit(folder: &Path) -> Option<PathBuf> {
    let known = Command::new("systemd-analyze").arg("--version").output();
    known.ok()?;
    let text = deployed("weir.service");
    assert!(text.contains("ExecStart=/usr/local/bin/weir\n"), "{text}");
    let text = text.replace("/usr/local/bin/weir", env!("CARGO_BIN_EXE_weir"));
    let path = folder.join("weir.service");
    fs::write(&path, text).expect("a file");
    Some(path)
}

fn analyze(arguments: &[&str]) -> Output {
    let output = Command::new("systemd-analyze").args(arguments).output();
    output.expect("systemd-analyze runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_unit_says_nothing_that_systemd_does_not_understand() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(unit) = unit(folder.path()) else {
        return;
    };
    let output = analyze(&["verify", &unit.to_string_lossy()]);
    // What other units of this machine are told is not about ours.
    let told = text(&output.stderr);
    let ours: Vec<_> = told.lines().filter(|it| it.contains("weir")).collect();
    assert!(output.status.success() && ours.is_empty(), "{told}");
}

#[test]
fn the_unit_lets_weir_do_little() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(unit) = unit(folder.path()) else {
        return;
    };
    let threshold = format!("--threshold={EXPOSURE_MAX}");
    let unit = unit.to_string_lossy();
    let output = analyze(&[
        "security",
        "--offline=true",
        "--no-pager",
        &threshold,
        &unit,
    ]);
    assert!(output.status.success(), "{}", text(&output.stdout));
}

/// The system calls of a group, and of those that it names.
fn calls(group: &str) -> BTreeSet<String> {
    let told = text(&analyze(&["syscall-filter", group]).stdout);
    let mut found = BTreeSet::new();
    for line in told.lines().skip(1).map(str::trim) {
        match line.split(' ').next() {
            Some(group) if group.starts_with('@') => found.extend(calls(group)),
            Some(name) if !name.is_empty() && name != "#" => {
                found.insert(name.to_owned());
            }
            _ => {}
        }
    }
    found
}

/// What the unit allows: each line of the filter adds to it, or takes away from it.
fn allowed() -> BTreeSet<String> {
    let unit = deployed("weir.service");
    let lines = unit
        .lines()
        .filter_map(|it| it.strip_prefix("SystemCallFilter="));
    let mut allowed = BTreeSet::new();
    for line in lines {
        let (taken, groups) = match line.strip_prefix('~') {
            Some(groups) => (true, groups),
            None => (false, line),
        };
        for call in groups.split(' ').flat_map(calls) {
            if taken {
                allowed.remove(&call);
            } else {
                allowed.insert(call);
            }
        }
    }
    allowed
}

/// Starts Weir under `strace`, asks for its health, and stops it; what it called, a line each.
fn traced(folder: &Path) -> Option<Vec<String>> {
    let trace = folder.join("trace");
    let mut child = Command::new("strace")
        .args(["-f", "-qq", "-s", "0", "-o"])
        .arg(&trace)
        .arg(env!("CARGO_BIN_EXE_weir"))
        .current_dir(folder)
        .env_clear()
        .envs([("APP_PORT", "0"), ("WEIR_BIND", "127.0.0.1")])
        .env("WEIR_ENGINES", "localhost:1")
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let mut log = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut line = String::new();
    while !line.contains("listening on http://") {
        line.clear();
        let length = log.read_line(&mut line).expect("a pipe");
        if length == 0 {
            // Where nobody may be traced, there is nothing to see.
            return None;
        }
    }
    let (_, port) = line.split_once("http://127.0.0.1:").expect("an address");
    let port = port.split(',').next().expect("a port");
    let health = Command::new(env!("CARGO_BIN_EXE_weir"))
        .args(["health", "--port", port, "--wait", "20"])
        .status();
    assert!(health.expect("it runs").success());
    let lines = fs::read_to_string(&trace).expect("a trace");
    // The first one to call anything is the program itself.
    let id = lines.split(' ').next().expect("a number");
    let told = Command::new("kill").args(["-TERM", id]).status();
    assert!(told.expect("kill runs").success());
    std::io::copy(&mut log, &mut std::io::sink()).expect("the end of the log");
    assert!(child.wait().expect("its end").success());
    let lines = fs::read_to_string(&trace).expect("a trace");
    Some(lines.lines().map(str::to_owned).collect())
}

/// The name of what a line says was called.
fn called(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once(' ')?;
    let (name, _) = rest.trim_start().split_once('(')?;
    let is_name = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_';
    name.chars().all(is_name).then_some(name)
}

#[test]
fn weir_makes_no_call_that_the_unit_forbids() {
    let folder = tempfile::tempdir().expect("a folder");
    if unit(folder.path()).is_none() {
        return;
    }
    let Some(lines) = traced(folder.path()) else {
        return;
    };
    let allowed = allowed();
    assert!(allowed.contains("accept4") && !allowed.contains("mount"));
    let families: BTreeSet<_> = deployed("weir.service")
        .lines()
        .filter_map(|it| it.strip_prefix("RestrictAddressFamilies="))
        .flat_map(|it| it.split(' ').map(str::to_owned).collect::<Vec<_>>())
        .collect();
    for line in &lines {
        let Some(name) = called(line) else {
            continue;
        };
        // The database hands its files over to their owner where it is run by root, which the unit does not do.
        let for_root = ["fchown", "chown"].contains(&name);
        assert!(for_root || allowed.contains(name), "{line}");
        if name == "socket" {
            assert!(
                families.iter().any(|it| line.contains(it.as_str())),
                "{line}"
            );
        }
        let is_both = line.contains("PROT_WRITE") && line.contains("PROT_EXEC");
        assert!(!is_both, "memory is both written and run: {line}");
    }
    assert!(lines.iter().any(|line| called(line) == Some("listen")));
}
