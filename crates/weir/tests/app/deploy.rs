//! Weir behind the reverse proxies that `deploy/` has examples for: the examples themselves are run.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use http::StatusCode;
use reqwest::{Client, Response, Url};
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::stage::{Stage, eventually, within};

/// Where the examples show Weir: under a host of its own, and under a path of another.
const PLACES: [&str; 2] = ["tv.example", "home.example/weir"];

/// Bytes after which a continuous stream has been going on for a while: some segments of the stage's.
const BYTES_WANTED: usize = 100_000;

/// A reverse proxy that runs; it ends when this is dropped.
struct Proxy {
    child: Child,
    client: Client,
    port: u16,
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

/// A port that nobody has.
fn free_port() -> u16 {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    taken.local_addr().expect("an address").port()
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
    found.unwrap_or_else(|| panic!("{name} is not there: scripts/install-tools nginx-light caddy"))
}

impl Proxy {
    /// nginx as in `deploy/nginx.conf`.
    async fn nginx(weir: SocketAddr) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let port = free_port();
        let place = folder.path().display();
        let site = example(
            "nginx.conf",
            &[
                ("listen 80;", format!("listen 127.0.0.1:{port};")),
                ("server 127.0.0.1:8000;", format!("server {weir};")),
                ("/var/cache/nginx/weir", format!("{place}/cache")),
            ],
        );
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
             events {{}}\nhttp {{ access_log off; {paths}\n{site}\n}}\n"
        );
        let path = folder.path().join("main.conf");
        fs::write(&path, main).expect("a configuration");
        let mut command = Command::new(program("nginx"));
        command.arg("-p").arg(folder.path()).arg("-c").arg(&path);
        Self::start(command, port, folder).await
    }

    /// Caddy as in `deploy/Caddyfile`.
    async fn caddy(weir: SocketAddr) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let port = free_port();
        let site = example(
            "Caddyfile",
            &[
                ("\ntv.example {", format!("\nhttp://tv.example:{port} {{")),
                (
                    "\nhome.example {",
                    format!("\nhttp://home.example:{port} {{"),
                ),
                ("127.0.0.1:8000", weir.to_string()),
                (
                    "grace_period 5s",
                    "grace_period 1s\n\tadmin off\n\tdefault_bind 127.0.0.1".to_owned(),
                ),
            ],
        );
        let path = folder.path().join("Caddyfile");
        fs::write(&path, site).expect("a configuration");
        let mut command = Command::new(program("caddy"));
        command
            .args(["run", "--adapter", "caddyfile", "--config"])
            .arg(&path);
        Self::start(command, port, folder).await
    }

    async fn start(mut command: Command, port: u16, folder: TempDir) -> Self {
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
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let client = Client::builder()
            .tls_backend_preconfigured(engine::tls().expect("TLS"))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .resolve("tv.example", address)
            .resolve("home.example", address)
            .build()
            .expect("a client");
        let mut proxy = Self {
            child,
            client,
            port,
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

    /// A path of Weir's, as it is reached in one of the places.
    fn url(&self, place: &str, path: &str) -> Url {
        let (host, prefix) = place.split_at(place.find('/').unwrap_or(place.len()));
        let text = format!("http://{host}:{}{prefix}{path}", self.port);
        Url::parse(&text).expect("an address")
    }

    async fn get(&self, url: Url) -> Response {
        let answer = within(self.client.get(url.clone()).send()).await;
        let answer = answer.expect("an answer");
        assert!(answer.status().is_success(), "{url}: {}", answer.status());
        answer
    }

    async fn text(&self, url: Url) -> String {
        let answer = self.get(url).await;
        within(answer.text()).await.expect("a text")
    }

    /// Goes in by the first channel's entry point; the address of a segment, and its bytes.
    async fn segment(&self, place: &str, id: &str) -> (Url, Vec<u8>) {
        let entry = self.url(place, &format!("/ace/manifest.m3u8?id={id}"));
        let media = link(&entry, &self.text(entry.clone()).await);
        let segment = link(&media, &self.text(media.clone()).await);
        let answer = self.get(segment.clone()).await;
        let bytes = within(answer.bytes()).await.expect("a segment");
        (segment, bytes.to_vec())
    }
}

fn is_root(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(folder).expect("a folder").uid() == 0
}

/// Where a playlist's first entry leads, as players work it out.
fn link(from: &Url, playlist: &str) -> Url {
    let entry = playlist.lines().find(|line| !line.starts_with('#'));
    from.join(entry.expect("an entry")).expect("an address")
}

async fn staged() -> Stage {
    Stage::fast(|config| config.shared_segment_urls = true).await
}

/// All that viewers and operators do, in both places.
async fn works(stage: &Stage, proxy: &Proxy) {
    for place in PLACES {
        let (segment, bytes) = proxy.segment(place, &stage.ids[0]).await;
        let path = segment.path().trim_start_matches("/weir");
        assert_eq!(stage.get(path).await.body, bytes, "{segment}");
        goes_on(proxy, place, &stage.ids[0]).await;
        shows_the_panel(proxy, place).await;
        lists_itself(proxy, place).await;
        takes_changes(proxy, place).await;
    }
}

/// A continuous stream is heard while it goes on.
async fn goes_on(proxy: &Proxy, place: &str, id: &str) {
    let mut answer = proxy
        .get(proxy.url(place, &format!("/ace/stream/{id}.ts")))
        .await;
    let mut heard = 0;
    while heard < BYTES_WANTED {
        let piece = within(answer.chunk()).await.expect("no break");
        heard += piece.expect("no end").len();
    }
}

/// The panel and what it loads are found from wherever somebody comes in.
async fn shows_the_panel(proxy: &Proxy, place: &str) {
    let mut url = proxy.url(place, "/panel");
    let moved = within(proxy.client.get(url.clone()).send())
        .await
        .expect("an answer");
    assert_eq!(moved.status(), StatusCode::TEMPORARY_REDIRECT);
    let to = moved.headers()["location"].to_str().expect("an address");
    url = url.join(to).expect("an address");
    assert_eq!(url, proxy.url(place, "/panel/"));
    let answer = within(proxy.client.get(url.clone()).send())
        .await
        .expect("an answer");
    let page = within(answer.text()).await.expect("a page");
    // Without a built panel the page says so.
    for reference in page.split("src=\"").skip(1) {
        let reference = reference.split('"').next().expect("an address");
        proxy.get(url.join(reference).expect("an address")).await;
    }
}

/// A playlist of channels leads back through the proxy.
async fn lists_itself(proxy: &Proxy, place: &str) {
    let turn = proxy.url(place, "/api/v1/playlists/rewrite");
    let id = "a".repeat(40);
    let asked = proxy.client.post(turn).body(format!("acestream://{id}\n"));
    let answer = within(asked.send()).await.expect("an answer");
    let text = within(answer.text()).await.expect("a text");
    let wanted = proxy.url(place, &format!("/ace/getstream?id={id}"));
    assert_eq!(text.trim_end(), wanted.as_str());
}

/// A page of Weir's own may change settings; it comes from where the request goes.
async fn takes_changes(proxy: &Proxy, place: &str) {
    let url = proxy.url(place, "/proxy/config?stream_timeout=61");
    let origin = url.origin().ascii_serialization();
    let asked = proxy.client.post(url).header("origin", origin);
    let answer = within(asked.send()).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn everything_works_behind_nginx_under_a_host_and_under_a_path() {
    let stage = staged().await;
    let proxy = Proxy::nginx(stage.address()).await;
    works(&stage, &proxy).await;
}

#[tokio::test]
async fn everything_works_behind_caddy_under_a_host_and_under_a_path() {
    let stage = staged().await;
    let proxy = Proxy::caddy(stage.address()).await;
    works(&stage, &proxy).await;
}

#[tokio::test]
async fn the_second_viewer_gets_a_segment_from_the_cache_of_nginx() {
    let stage = staged().await;
    let proxy = Proxy::nginx(stage.address()).await;
    let mut fetched = Vec::new();
    for place in PLACES {
        fetched.push(proxy.segment(place, &stage.ids[0]).await);
    }
    // Whatever comes from now on does not come from Weir.
    stage.weir.stop().await;
    for (segment, first) in fetched {
        let answer = proxy.get(segment).await;
        assert_eq!(within(answer.bytes()).await.expect("a segment"), first);
    }
}
