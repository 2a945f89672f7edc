//! The program as its operator meets it: mistakes, help, logs, and how it ends.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

fn weir(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    command.current_dir(folder).env_clear().stdin(Stdio::null());
    command
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Reads lines until one holds `wanted`, and returns it.
fn read_until(lines: &mut impl BufRead, wanted: &str) -> String {
    let mut line = String::new();
    while lines.read_line(&mut line).expect("a pipe") != 0 {
        if line.contains(wanted) {
            return line;
        }
        line.clear();
    }
    panic!("the program never said {wanted:?}");
}

fn terminate(child: &Child) {
    let sent = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status();
    assert!(sent.expect("kill runs").success());
}

#[test]
fn all_mistakes_are_told_at_once_and_stop_the_start_with_exit_code_2() {
    let output = weir(folder().path())
        .args(["--port", "eighty", "--engines", "nowhere"])
        .env("HLS_WINDOW_SIZE", "2")
        .env("PROXY_GRACE_PERIOD", "soon")
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(2));
    let text = said(&output);
    assert_eq!(text.lines().count(), 4, "{text}");
    for wanted in [
        "--port (APP_PORT) must be a whole number between 0 and 65535",
        "nowhere",
        "HLS_WINDOW_SIZE: hls_window_size must be between 3 and 20",
        "PROXY_GRACE_PERIOD: channel_shutdown_delay must be between 1 and 60 seconds",
    ] {
        assert!(text.contains(wanted), "{wanted:?} is not in {text}");
    }
}

#[test]
fn a_file_of_variables_in_the_working_directory_is_read() {
    let folder = folder();
    std::fs::write(folder.path().join(".env"), "HLS_MAX_SEGMENTS=4\n").expect("a file");
    let output = weir(folder.path()).output().expect("the program runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said(&output).contains("HLS_MAX_SEGMENTS"),
        "{}",
        said(&output)
    );
}

#[test]
fn help_names_every_setting_with_its_default_and_range() {
    let output = weir(folder().path())
        .arg("--help")
        .output()
        .expect("the program runs");
    let text = String::from_utf8_lossy(&output.stdout);
    // Long sentences are wrapped to the terminal's width.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for key in weir::settings::TABLE {
        assert!(text.contains(key.variable), "{} is missing", key.variable);
        assert!(
            text.contains(key.sentence),
            "{} has no sentence",
            key.variable
        );
    }
    for choice in weir::settings::CHOICES {
        let variable = choice.variable;
        let default = choice.words[choice.default];
        let words = choice.words.join(", ");
        let wanted = format!("{variable} [{default}; {words}] {}", choice.sentence);
        assert!(text.contains(&wanted), "{wanted} is missing");
    }
    assert!(text.contains("WEIR_ENGINES") && text.contains("demo"));
}

#[test]
fn the_program_serves_and_ends_in_order_when_it_is_told_to() {
    let folder = folder();
    let mut child = weir(folder.path())
        .args([
            "serve",
            "--port",
            "0",
            "--bind",
            "127.0.0.1",
            "--log-format",
            "json",
        ])
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut log = BufReader::new(child.stderr.take().expect("a pipe"));
    let line = read_until(&mut log, "listening on");
    let line: serde_json::Value = serde_json::from_str(&line).expect("a line of JSON");
    assert_eq!(line["level"], "INFO");
    read_until(&mut log, "API_KEY is not set");
    terminate(&child);
    read_until(&mut log, "stopped");
    assert_eq!(child.wait().expect("its end").code(), Some(0));
    assert!(folder.path().join("data/weir.sqlite").exists());
}

#[test]
fn an_option_before_the_command_is_refused_instead_of_being_lost() {
    let output = weir(folder().path())
        .args(["--port", "1", "serve"])
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(2));
    let variables = weir(folder().path())
        .args(["serve", "--help"])
        .env("APP_PORT", "0")
        .output()
        .expect("the program runs");
    assert_eq!(variables.status.code(), Some(0));
}

#[test]
fn a_port_that_is_taken_is_named_and_ends_the_start() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let output = weir(folder().path())
        .args(["--bind", "127.0.0.1", "--port", &port])
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains(&format!("127.0.0.1:{port}")),
        "{}",
        said(&output)
    );
}

#[test]
fn a_data_folder_that_cannot_be_made_is_told_once_with_the_option_that_names_it() {
    let folder = folder();
    std::fs::write(folder.path().join("file"), "").expect("a file");
    let output = weir(folder.path())
        .args(["--port", "0", "--data-dir", "file/data"])
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(1));
    let text = said(&output);
    assert!(text.contains("--data-dir (WEIR_DATA_DIR)"), "{text}");
    assert_eq!(text.matches("os error").count(), 1, "{text}");
}

#[test]
fn what_cannot_be_logged_by_is_a_mistake_and_not_silence() {
    let output = weir(folder().path())
        .env("RUST_LOG", "weir=loud")
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(2));
    let text = said(&output);
    assert!(text.contains("RUST_LOG must be like info"), "{text}");
}

#[test]
fn a_bad_line_in_the_file_of_variables_is_named_without_what_it_holds() {
    let folder = folder();
    std::fs::write(folder.path().join(".env"), "API_KEY=\"hunter2\n").expect("a file");
    let output = weir(folder.path()).output().expect("the program runs");
    assert_eq!(output.status.code(), Some(2));
    let text = said(&output);
    assert!(
        text.contains("API_KEY") && !text.contains("hunter2"),
        "{text}"
    );
}

#[test]
fn a_variable_that_was_mistyped_is_told_and_stops_nothing() {
    let folder = folder();
    let mut child = weir(folder.path())
        .args(["--port", "0", "--bind", "127.0.0.1"])
        .env("WEIR_ENGINE", "127.0.0.1:1")
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut log = BufReader::new(child.stderr.take().expect("a pipe"));
    read_until(
        &mut log,
        "WEIR_ENGINE is set, but Weir reads no such variable",
    );
    read_until(&mut log, "listening on http://127.0.0.1:");
    terminate(&child);
    let mut rest = String::new();
    log.read_to_string(&mut rest).expect("the end of the pipe");
    assert_eq!(child.wait().expect("its end").code(), Some(0));
}

#[test]
fn the_demo_prints_what_to_open_and_ends_in_order() {
    let folder = folder();
    let mut child = weir(folder.path())
        .args(["demo", "--port", "0", "--channels", "2", "--engine", "slow"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program runs");
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    read_until(&mut out, "listening on http://127.0.0.1:");
    read_until(&mut out, "/panel/");
    read_until(&mut out, "/ace/manifest.m3u8?id=");
    read_until(&mut out, "/ace/stream/");
    read_until(&mut out, "Ctrl-C");
    terminate(&child);
    let mut rest = String::new();
    out.read_to_string(&mut rest).expect("the end of the pipe");
    assert_eq!(child.wait().expect("its end").code(), Some(0));
}

#[test]
fn health_says_by_its_exit_code_whether_a_weir_is_ready() {
    let folder = folder();
    let mut child = weir(folder.path())
        .args(["--port", "0", "--bind", "127.0.0.1"])
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe"));
    let line = read_until(&mut lines, "listening on http://127.0.0.1:");
    let (_, port) = line.split_once("http://127.0.0.1:").expect("an address");
    let port = port.split(',').next().expect("a port").to_owned();
    let ask = || {
        let output = weir(folder.path())
            .arg("health")
            .env("APP_PORT", &port)
            .output();
        output.expect("the program runs")
    };
    let ready = ask();
    assert!(ready.status.success(), "{}", said(&ready));
    terminate(&child);
    child.wait().expect("it ends");
    let gone = ask();
    assert_eq!(gone.status.code(), Some(1));
    assert!(said(&gone).contains("nothing answers"), "{}", said(&gone));
}
