//! The program itself, run as a process of its own, so that what it takes can be measured.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use simulator::engine::Engine;
use tempfile::TempDir;

use crate::stage::eventually;

/// A running program; it ends when this is dropped.
pub(crate) struct Program {
    command: Command,
    child: Child,
    pub(crate) address: SocketAddr,
    folder: TempDir,
}

impl Program {
    /// Weir before this engine, allowed so many open files, with these variables.
    pub(crate) async fn start(
        engine: &Engine,
        files_max: Option<u32>,
        variables: &[(&str, &str)],
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let limit = files_max.map_or(String::new(), |most| format!("ulimit -n {most} && "));
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(format!("{limit}exec {} serve", env!("CARGO_BIN_EXE_weir")))
            .current_dir(folder.path())
            .env_clear()
            .envs([("APP_PORT", "0"), ("WEIR_BIND", "127.0.0.1")])
            .env("WEIR_ENGINES", engine.address().to_string())
            .env("WEIR_VIEWER_IDLE_SECONDS", "1")
            .env("WEIR_ENGINE_STREAM", "hls")
            .env("WEIR_SLATE", "off")
            .env("PROXY_GRACE_PERIOD", "1")
            .env("HLS_INITIAL_BUFFER_SECONDS", "5")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let child = spawn(&mut command, &folder);
        let mut program = Self {
            command,
            child,
            address: ([127, 0, 0, 1], 0).into(),
            folder,
        };
        program.until_it_listens().await;
        program
    }

    /// Kills it, and starts it anew on what it has left.
    pub(crate) async fn kill_and_start(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it is ours");
        self.child = spawn(&mut self.command, &self.folder);
        self.until_it_listens().await;
    }

    async fn until_it_listens(&mut self) {
        self.address = eventually("it listens", async || {
            let log = self.log();
            let (_, rest) = log.split_once("listening on http://")?;
            rest.split(',').next()?.parse().ok()
        })
        .await;
    }

    /// What is kept of streams and sessions in its data folder.
    pub(crate) fn kept(&self) -> Option<ledger::Kept> {
        let opened = store::Store::open(&self.folder.path().join("data"));
        opened.ok().map(|(_, kept)| kept)
    }

    /// All that it has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).expect("a log")
    }

    /// Bytes of memory that it occupies.
    pub(crate) fn resident_bytes(&self) -> usize {
        let text = self.figures("statm");
        let pages = text.split(' ').nth(1).expect("a second figure");
        pages.parse::<usize>().expect("a number") * 4096
    }

    /// Files and sockets that it has open.
    pub(crate) fn files(&self) -> usize {
        let folder = format!("/proc/{}/fd", self.child.id());
        std::fs::read_dir(folder).expect("its files").count()
    }

    fn figures(&self, name: &str) -> String {
        let path = format!("/proc/{}/{name}", self.child.id());
        std::fs::read_to_string(path).expect("figures")
    }
}

/// Runs the program, with a log that begins anew.
fn spawn(command: &mut Command, folder: &TempDir) -> Child {
    let log = std::fs::File::create(folder.path().join("log")).expect("a file");
    command.stderr(log).spawn().expect("the program runs")
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
