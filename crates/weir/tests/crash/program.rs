//! The program as a child process, traced so that it can be killed at a system call.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// The key that protects the program's calls.
pub(crate) const KEY: &str = "open sesame";

/// Longest wait for an end: an orderly one takes ten seconds at most.
const END_PATIENCE: Duration = Duration::from_secs(30);

/// A system call at which the program is killed, before the call does anything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    /// Names of system calls.
    pub(crate) kind: &'static str,
    /// The how manieth of them, from one.
    pub(crate) at: usize,
}

/// What the program is started with.
pub(crate) struct Surroundings {
    pub(crate) folder: PathBuf,
    pub(crate) engine: SocketAddr,
    pub(crate) orchestrator: String,
}

/// What is done at the program's system calls.
#[derive(Clone, Copy)]
pub(crate) enum Watch<'a> {
    /// Nothing.
    Nothing,
    /// It is killed at one of them.
    Kill(Point),
    /// They are written to a file.
    Count(&'a Path),
    /// Those of these names fail, with this error.
    Fail(&'a str, &'a str),
}

/// A running program, and who watches it.
pub(crate) struct Program {
    child: Child,
    tracer: Option<Child>,
    log: PathBuf,
    /// Bytes of the log that earlier programs wrote.
    logged: usize,
}

/// Whether a program may be traced here at all.
pub(crate) fn may_trace() -> bool {
    let traced = Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "-e", "trace=none", "true"])
        .stderr(Stdio::null())
        .status();
    traced.is_ok_and(|status| status.success())
}

impl Program {
    /// Starts the program, watched from its first system call on.
    pub(crate) fn start(around: &Surroundings, watch: Watch<'_>) -> Self {
        let weir = env!("CARGO_BIN_EXE_weir");
        let mut command = match strace(watch) {
            Some(mut command) => {
                // The tracer stands aside (`-D`), so that our child is the program itself.
                command.args(["-D", weir]);
                command
            }
            None => Command::new(weir),
        };
        let log = around.folder.join("log");
        let logged = std::fs::read(&log).map_or(0, |text| text.len());
        let written = std::fs::File::options()
            .append(true)
            .create(true)
            .open(&log)
            .expect("a log");
        let child = command
            .args(["--bind", "127.0.0.1", "--port", "0"])
            .args([
                "--engines",
                &around.engine.to_string(),
                "--viewer-idle",
                "1",
            ])
            .arg("--data-dir")
            .arg(around.folder.join("data"))
            .env("ORCHESTRATOR_URL", &around.orchestrator)
            .env("API_KEY", KEY)
            .env("HLS_INITIAL_BUFFER_SECONDS", "5")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(written)
            .spawn()
            .expect("the program starts");
        Self {
            child,
            tracer: None,
            log,
            logged,
        }
    }

    /// Where it listens, as soon as it has said so: a port that was found free for it might be taken by another.
    pub(crate) fn root(&self) -> Option<String> {
        let said = self.said();
        let (_, behind) = said.split_once("listening on ")?;
        let (root, _) = behind.split_once(',')?;
        Some(root.to_owned())
    }

    /// Watches the program from now on; the calls of each thread count from here.
    pub(crate) async fn watch(&mut self, watch: Watch<'_>) {
        let Some(mut command) = strace(watch) else {
            return;
        };
        let pid = self.child.id();
        let tracer = command
            .args(["-p", &pid.to_string()])
            .stderr(Stdio::null())
            .spawn();
        self.tracer = Some(tracer.expect("a tracer"));
        while !is_traced(pid) && self.ended().is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Nobody watches it any more.
    pub(crate) fn leave_alone(&mut self) {
        if let Some(mut tracer) = self.tracer.take() {
            // Asked politely, a tracer lets its program go on.
            let _ = Command::new("kill").arg(tracer.id().to_string()).status();
            let _ = tracer.wait();
        }
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child's state")
    }

    /// Asks it to end, as an operator's machine does.
    pub(crate) fn terminate(&self) {
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
    }

    /// Waits for its end.
    pub(crate) async fn end(&mut self) -> ExitStatus {
        let ended = async {
            loop {
                if let Some(status) = self.ended() {
                    return status;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let ended = tokio::time::timeout(END_PATIENCE, ended).await;
        ended.unwrap_or_else(|_| panic!("it does not end: {}", self.said()))
    }

    /// What it has logged.
    fn said(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(text.get(self.logged..).unwrap_or_default()).into_owned()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // A test that failed leaves nothing behind.
        for child in std::iter::once(&mut self.child).chain(&mut self.tracer) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn strace(watch: Watch<'_>) -> Option<Command> {
    let mut command = Command::new("strace");
    command.args(["-f", "-qq"]);
    match watch {
        Watch::Nothing => return None,
        Watch::Kill(Point { kind, at }) => {
            command.args(["-o", "/dev/null", "-e", &format!("trace={kind}")]);
            command.args(["-e", &format!("inject={kind}:signal=SIGKILL:when={at}")]);
        }
        Watch::Fail(kind, error) => {
            command.args(["-o", "/dev/null", "-e", &format!("trace={kind}")]);
            command.args(["-e", &format!("inject={kind}:error={error}")]);
        }
        Watch::Count(file) => {
            let kinds = crate::KINDS.join(",");
            command.arg("-o").arg(file);
            command.args(["-e", &format!("trace={kinds}")]);
        }
    }
    Some(command)
}

/// Whether every thread of a process is traced.
fn is_traced(pid: u32) -> bool {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else {
        return false;
    };
    threads.flatten().all(|thread| {
        let status = std::fs::read_to_string(thread.path().join("status"));
        status.is_ok_and(|text| !text.contains("TracerPid:\t0\n"))
    })
}
