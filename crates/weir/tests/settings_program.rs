//! Saved settings as the operator of the program meets them: over kills, and in its log.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

/// The longest that an answer may take before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// The program, its log, and where it listens. It is killed, never asked to end.
struct Program {
    child: Child,
    log: BufReader<ChildStderr>,
    said: String,
    address: String,
}

impl Program {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_weir"))
            .args(["--port", "0", "--bind", "127.0.0.1", "--data-dir", "."])
            .current_dir(folder)
            .env_clear()
            .env("HLS_WINDOW_SIZE", "5")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let mut log = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut said = String::new();
        let address = loop {
            let begun = said.len();
            assert_ne!(log.read_line(&mut said).expect("a pipe"), 0, "{said}");
            if let Some((_, rest)) = said[begun..].split_once("http://") {
                break rest.split(',').next().unwrap_or_default().to_owned();
            }
        };
        Self {
            child,
            log,
            said,
            address,
        }
    }

    fn call(&self, method_and_path: &str) -> String {
        let mut socket = TcpStream::connect(&self.address).expect("a connection");
        socket.set_read_timeout(Some(PATIENCE)).expect("a limit");
        write!(
            socket,
            "{method_and_path} HTTP/1.1\r\nHost: weir\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        )
        .expect("sent");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).expect("an answer");
        answer
    }

    /// Kills it as it stands, and returns what it had said.
    fn kill(mut self) -> String {
        self.child.kill().expect("killed");
        self.child.wait().expect("its end");
        self.log.read_to_string(&mut self.said).expect("a pipe");
        self.said
    }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn a_change_that_was_answered_is_there_after_the_program_was_killed() {
    let folder = folder();
    for size in 6..12 {
        let program = Program::start(folder.path());
        let answer = program.call(&format!("POST /proxy/config?hls_window_size={size}"));
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        program.kill();
        let program = Program::start(folder.path());
        let answer = program.call("GET /proxy/config");
        let wanted = format!("\"hls_window_size\":{size},");
        assert!(answer.contains(&wanted), "{answer}");
        let said = program.kill();
        let wanted = "saved settings win over variables: hls_window_size";
        assert!(said.contains(wanted), "{said}");
    }
}

#[test]
fn what_is_wrong_with_the_file_is_in_the_log() {
    for (text, wanted) in [
        ("", "is empty; it was put aside as"),
        ("{\"hls_window", "is not JSON"),
        ("[]", "is not a JSON object; it was put aside as"),
        (
            "{\"hls_window_size\": 99}",
            "a saved setting is not used: hls_window_size must be between 3 and 20",
        ),
        (
            "{\"hls_window_size\": 12, \"hls_max_segments\": 10}",
            "hls_window_size (12) must not be greater than hls_max_segments (10)",
        ),
        ("{\"version\": 2}", "was written by a newer version"),
    ] {
        let folder = folder();
        std::fs::write(folder.path().join("proxy_settings.json"), text).expect("a file");
        let said = Program::start(folder.path()).kill();
        assert!(said.contains(wanted), "{text}: {said}");
    }
}
