//! Reverse proxies that run with the files of `deploy/`.

use std::fs;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};

use reqwest::{Client, Response, Url};
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::stage::{Stage, eventually, within};

/// Where the examples show Weir: under a host of its own, and under a path of another.
pub(crate) const PLACES: [&str; 2] = ["tv.example", "home.example/weir"];

/// The host under which the tests' nginx tells how many requests are under way.
const FIGURES: &str = "figures.example";

/// A reverse proxy that runs; it ends when this is dropped.
pub(crate) struct Proxy {
    child: Child,
    pub(crate) client: Client,
    address: SocketAddr,
    folder: TempDir,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let id = self.child.id().to_string();
        // It ends its own children before it ends.
        let told = Command::new("kill").args(["-TERM", &id]).status();
        if told.is_ok() {
            let _ = self.child.wait();
        }
    }
}

/// An address that only this proxy has: between being found and being listened on, a port of everybody's address may
/// be given to somebody else.
fn own_address() -> SocketAddr {
    static MADE: AtomicU8 = AtomicU8::new(1);
    let [low, high, ..] = std::process::id().to_le_bytes();
    let ip = IpAddr::from([127, 64 | high, low, MADE.fetch_add(1, Ordering::Relaxed)]);
    let free = TcpListener::bind((ip, 0)).expect("a port");
    free.local_addr().expect("an address")
}

/// What asks as a viewer at `ip` would.
pub(crate) fn client(ip: [u8; 4], proxy: SocketAddr) -> Client {
    Client::builder()
        .tls_backend_preconfigured(engine::tls().expect("TLS"))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .local_address(IpAddr::from(ip))
        .resolve("tv.example", proxy)
        .resolve("home.example", proxy)
        .build()
        .expect("a client")
}

fn example(name: &str, changes: &[(&str, String)]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy");
    let mut text = fs::read_to_string(path.join(name)).expect("an example");
    for (from, to) in changes {
        assert!(text.contains(from), "{name} does not say {from:?}");
        text = text.replace(from, to);
    }
    text
}

fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    let found = places.map(|place| place.join(name)).find(|it| it.is_file());
    found.unwrap_or_else(|| {
        panic!("{name} is not there: scripts/install-tools nginx-light caddy openssl curl")
    })
}

impl Proxy {
    /// nginx as in `deploy/nginx.conf`.
    pub(crate) async fn nginx(weir: SocketAddr) -> Self {
        Self::nginx_with(weir, Vec::new()).await
    }

    /// nginx with the certificate that `deploy/nginx.conf` has lines for; and where it speaks TLS.
    pub(crate) async fn nginx_over_tls(weir: SocketAddr) -> (Self, SocketAddr) {
        let folder = tempfile::tempdir().expect("a folder");
        let (certificate, key) = certificate(folder.path());
        let address = own_address();
        let lines = vec![
            ("# listen 443 ssl;", format!("listen {address} ssl;")),
            (
                "# ssl_certificate /etc/ssl/tv.example.pem;",
                format!("ssl_certificate {};", certificate.display()),
            ),
            (
                "# ssl_certificate_key /etc/ssl/tv.example.key;",
                format!("ssl_certificate_key {};", key.display()),
            ),
        ];
        (Self::nginx_with(weir, lines).await, address)
    }

    async fn nginx_with(weir: SocketAddr, mut changes: Vec<(&str, String)>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let address = own_address();
        let place = folder.path().display();
        changes.extend([
            ("listen 80;", format!("listen {address};")),
            ("server 127.0.0.1:8000;", format!("server {weir};")),
            ("/var/cache/nginx/weir", format!("{place}/cache")),
        ]);
        let site = example("nginx.conf", &changes);
        let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let paths = paths
            .map(|it| format!("{it}_temp_path {place}/{it};"))
            .concat();
        // Its children keep to the owner of the folder where the program is run by root.
        let owner = if is_root(folder.path()) {
            "user root;"
        } else {
            ""
        };
        let main = format!(
            "{owner} daemon off; worker_processes 1; pid {place}/pid; error_log {place}/error.log;\n\
             events {{}}\nhttp {{ access_log off; {paths}\n\
             server {{ listen {address}; server_name {FIGURES}; location / {{ stub_status; }} }}\n{site}\n}}\n"
        );
        let path = folder.path().join("main.conf");
        fs::write(&path, main).expect("a configuration");
        let mut command = Command::new(program("nginx"));
        command.arg("-p").arg(folder.path()).arg("-c").arg(&path);
        Self::start(command, address, folder).await
    }

    /// Requests that nginx has read and not answered yet, the one that asks for them left out.
    pub(crate) async fn under_way(&self) -> usize {
        let url = format!("http://{}/", self.address);
        let asked = self.client.get(url).header("host", FIGURES).send();
        let text = within(async { asked.await.expect("an answer").text().await }).await;
        let text = text.expect("figures");
        let (_, writing) = text.split_once("Writing: ").expect("a figure");
        let writing = writing.split(' ').next().expect("a figure");
        writing.parse::<usize>().expect("a number") - 1
    }

    /// Caddy as in `deploy/Caddyfile`, but without certificates.
    pub(crate) async fn caddy(weir: SocketAddr) -> Self {
        Self::caddy_with(weir, "http", "").await
    }

    /// Caddy with certificates that it makes itself, since nobody gives it any here; and where it speaks TLS.
    pub(crate) async fn caddy_over_tls(weir: SocketAddr) -> (Self, SocketAddr) {
        let proxy = Self::caddy_with(weir, "https", "\n\ttls internal").await;
        let address = proxy.address;
        (proxy, address)
    }

    async fn caddy_with(weir: SocketAddr, scheme: &str, line: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let address = own_address();
        let (ip, port) = (address.ip(), address.port());
        let site = |host: &str| format!("\n{scheme}://{host}:{port} {{{line}");
        let own = format!(
            "grace_period 1s\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n\t\
             default_bind {ip}"
        );
        let site = example(
            "Caddyfile",
            &[
                ("\ntv.example {", site("tv.example")),
                ("\nhome.example {", site("home.example")),
                ("127.0.0.1:8000", weir.to_string()),
                ("grace_period 5s", own),
            ],
        );
        let path = folder.path().join("Caddyfile");
        fs::write(&path, site).expect("a configuration");
        let mut command = Command::new(program("caddy"));
        command
            .args(["run", "--adapter", "caddyfile", "--config"])
            .arg(&path);
        Self::start(command, address, folder).await
    }

    async fn start(mut command: Command, address: SocketAddr, folder: TempDir) -> Self {
        let said = fs::File::create(folder.path().join("said")).expect("a file");
        let child = command
            .current_dir(folder.path())
            .env_clear()
            .env("HOME", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(said)
            .spawn()
            .expect("the proxy runs");
        let mut proxy = Self {
            child,
            client: client([127, 0, 0, 1], address),
            address,
            folder,
        };
        let listens = async || TcpStream::connect(address).await.ok().map(drop);
        eventually("the proxy listens", async || {
            let ended = proxy.child.try_wait().expect("its state");
            let said = fs::read_to_string(proxy.folder.path().join("said"));
            assert!(
                ended.is_none(),
                "the proxy ended: {}",
                said.unwrap_or_default()
            );
            listens().await
        })
        .await;
        proxy
    }

    /// What asks as a viewer at `ip` would.
    pub(crate) fn client_at(&self, ip: [u8; 4]) -> Client {
        client(ip, self.address)
    }

    /// A path of Weir's, as it is reached in one of the places.
    pub(crate) fn url(&self, place: &str, path: &str) -> Url {
        let (host, prefix) = place.split_at(place.find('/').unwrap_or(place.len()));
        let text = format!("http://{host}:{}{prefix}{path}", self.address.port());
        Url::parse(&text).expect("an address")
    }

    pub(crate) async fn get(&self, url: Url) -> Response {
        let answer = within(self.client.get(url.clone()).send()).await;
        let answer = answer.expect("an answer");
        assert!(answer.status().is_success(), "{url}: {}", answer.status());
        answer
    }

    pub(crate) async fn text(&self, url: Url) -> String {
        let answer = self.get(url).await;
        within(answer.text()).await.expect("a text")
    }

    /// Goes in by a channel's entry point; the address of the viewer's playlist.
    pub(crate) async fn media(&self, place: &str, id: &str) -> Url {
        let entry = self.url(place, &format!("/ace/manifest.m3u8?id={id}"));
        link(&entry, &self.text(entry.clone()).await)
    }

    /// Goes in by a channel's entry point; the address of a segment, and its bytes.
    pub(crate) async fn segment(&self, place: &str, id: &str) -> (Url, Vec<u8>) {
        let media = self.media(place, id).await;
        let segment = link(&media, &self.text(media.clone()).await);
        let answer = self.get(segment.clone()).await;
        let bytes = within(answer.bytes()).await.expect("a segment");
        (segment, bytes.to_vec())
    }
}

/// A certificate that nobody else vouches for, and its key.
fn certificate(folder: &Path) -> (PathBuf, PathBuf) {
    let files = ["certificate.pem", "key.pem"].map(|name| folder.join(name));
    let [certificate, key] = files;
    let mut command = Command::new(program("openssl"));
    command.args("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=tv.example".split(' '));
    command
        .arg("-out")
        .arg(&certificate)
        .arg("-keyout")
        .arg(&key);
    let made = command.output().expect("openssl runs");
    assert!(made.status.success(), "{made:?}");
    (certificate, key)
}

/// What is answered over TLS, whoever vouches for it; nothing while there is no certificate yet.
pub(crate) fn post_over_tls(at: SocketAddr, path: &str, body: &str) -> Option<String> {
    let (ip, port) = (at.ip(), at.port());
    let output = Command::new(program("curl"))
        .args([
            "--silent",
            "--show-error",
            "--insecure",
            "--noproxy",
            "*",
            "--max-time",
            "20",
        ])
        .arg("--resolve")
        .arg(format!("tv.example:{port}:{ip}"))
        .args(["--data-binary", body])
        .arg(format!("https://tv.example:{port}{path}"))
        .output()
        .expect("curl runs");
    let answer = String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then_some(answer)
}

fn is_root(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(folder).expect("a folder").uid() == 0
}

/// Where a playlist's first entry leads, as players work it out.
pub(crate) fn link(from: &Url, playlist: &str) -> Url {
    let entry = playlist.lines().find(|line| !line.starts_with('#'));
    from.join(entry.expect("an entry")).expect("an address")
}

/// Weir as the examples want it to be started.
pub(crate) async fn staged() -> Stage {
    Stage::fast(|config| config.shared_segment_urls = true).await
}
