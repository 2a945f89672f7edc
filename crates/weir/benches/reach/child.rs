//! The programs under measurement: started with a wish to die with us, and ended by their own id.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use tempfile::TempDir;
use tokio::net::TcpStream;

/// Programs start within a fraction of it.
const START_TRIES: u32 = 200;

/// Between two tries.
const START_REST: Duration = Duration::from_millis(25);

/// A running server, and the folder that it works in.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    _folder: TempDir,
}

impl Server {
    /// Weir as it is built for release, with these variables.
    pub(crate) async fn weir(variables: &[(&str, String)]) -> anyhow::Result<Self> {
        Self::weir_in(tempfile::tempdir()?, variables).await
    }

    /// The same in a data folder that something has been left in.
    pub(crate) async fn weir_in(
        folder: TempDir,
        variables: &[(&str, String)],
    ) -> anyhow::Result<Self> {
        let address = free_address()?;
        let mut command = guarded(env!("CARGO_BIN_EXE_weir"));
        command
            .arg("serve")
            .current_dir(folder.path())
            .env("RUST_LOG", "warn")
            .env("WEIR_BIND", address.ip().to_string())
            .env("APP_PORT", address.port().to_string())
            .env("WEIR_DATA_DIR", folder.path())
            .env("API_KEY", "bench");
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        Self::start(command, address, folder).await
    }

    /// Debian's nginx as a cache in front of `upstream`, with its files in memory.
    pub(crate) async fn nginx(upstream: SocketAddr) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir_in("/dev/shm").context("no tmpfs at /dev/shm")?;
        let address = free_address()?;
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, nginx_conf(folder.path(), address, upstream))?;
        let mut command = guarded("/usr/sbin/nginx");
        command.arg("-p").arg(folder.path()).arg("-c").arg(&file);
        Self::start(command, address, folder).await
    }

    async fn start(
        mut command: Command,
        address: SocketAddr,
        folder: TempDir,
    ) -> anyhow::Result<Self> {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        let child = child.with_context(|| format!("{command:?} cannot be started"))?;
        let mut server = Self {
            child,
            address,
            _folder: folder,
        };
        for _ in 0..START_TRIES {
            if TcpStream::connect(address).await.is_ok() {
                return Ok(server);
            }
            if let Some(status) = server.child.try_wait()? {
                anyhow::bail!("{command:?} ended at once: {status}");
            }
            tokio::time::sleep(START_REST).await;
        }
        anyhow::bail!("{command:?} does not listen")
    }

    /// The id of the process that was started; nginx has its worker below it.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let id = self.child.id().to_string();
        // A polite signal first: nginx ends its worker, which a kill would leave behind.
        let _ = Command::new("kill").arg("-TERM").arg(id).status();
        let _ = self.child.wait();
    }
}

/// A command that ends when we do, however we end.
fn guarded(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM", program]);
    command
}

fn free_address() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?)
}

/// The usual settings of a cache for media: nothing is written to a disk, nothing is logged, and what is held is
/// not asked for again.
fn nginx_conf(folder: &Path, address: SocketAddr, upstream: SocketAddr) -> String {
    let folder = folder.display();
    format!(
        "daemon off;
worker_processes 1;
user root;
pid {folder}/pid;
error_log {folder}/error.log crit;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  tcp_nodelay on;
  keepalive_timeout 75s;
  keepalive_requests 100000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  proxy_cache_path {folder}/cache levels=1:2 keys_zone=bench:10m max_size=512m inactive=60m use_temp_path=off;
  server {{
    listen {address};
    location / {{
      proxy_pass http://{upstream};
      proxy_cache bench;
      proxy_cache_key $uri;
      proxy_cache_valid 200 60m;
      proxy_ignore_headers Cache-Control Expires;
    }}
  }}
}}
"
    )
}
