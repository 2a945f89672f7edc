//! From texts to values: every mistake is found and told in one go.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::{Config, LogFormat, Network, Secret, ServeArgs, Source};
use crate::journal::Retention;
use crate::selector;
use crate::settings::{CHOICES, Key, Settings, TABLE};

/// Over twice the target durations in use: a player rests that long between two requests.
const HEADERS_WAIT: Duration = Duration::from_secs(30);

/// The first players give up on a first request after ten seconds, and none survives an error (measured).
const SLATE_AFTER: Duration = Duration::from_secs(8);

/// A death is known three failures later, so within half a minute even where nobody plays, and a probe costs an engine nothing.
const PROBE_INTERVAL: Duration = Duration::from_secs(10);

/// Who is on this machine could as well read what Weir holds.
const TRUSTED_PROXIES: &str = "127.0.0.0/8,::1";

/// Reads one configuration and collects what is wrong with it.
pub(super) struct Reader<F> {
    variable: F,
    mistakes: Vec<String>,
}

impl<F: Fn(&str) -> Option<String>> Reader<F> {
    pub(super) fn new(variable: F) -> Self {
        Self {
            variable,
            mistakes: Vec::new(),
        }
    }

    pub(super) fn config(mut self, args: &ServeArgs) -> Result<Config, Vec<String>> {
        let idle = self.whole(
            "--viewer-idle (WEIR_VIEWER_IDLE_SECONDS)",
            given(args.viewer_idle.as_ref()),
            15,
            1..=300,
        );
        let memory = self.whole(
            "--channel-memory (WEIR_CHANNEL_MEMORY_MB)",
            given(args.channel_memory.as_ref()),
            256,
            16..=4096,
        );
        let connections = self.whole(
            "--connections-max (WEIR_CONNECTIONS_MAX)",
            given(args.connections_max.as_ref()),
            20_000,
            10..=1_000_000,
        );
        let (collect, history) = self.statistics();
        let shared = "--shared-segment-urls (WEIR_SHARED_SEGMENT_URLS)";
        let config = Config {
            listen: self.listen(args),
            engines: self.listed("--engines (WEIR_ENGINES)", given(args.engines.as_ref())),
            learn_engines: self.truth(
                "--learn-engines (WEIR_LEARN_ENGINES)",
                given(args.learn_engines.as_ref()),
            ),
            probe_interval: PROBE_INTERVAL,
            sources: self.sources(given(args.sources.as_ref())),
            source_hosts: self
                .listed(
                    "--source-hosts (WEIR_SOURCE_HOSTS)",
                    given(args.source_hosts.as_ref()),
                )
                .into(),
            data_dir: given(args.data_dir.as_ref()).unwrap_or("./data").into(),
            api_key: (self.variable)("API_KEY").map(Secret::new),
            orchestrator_url: self.orchestrator(),
            url_allowed: self.truth(
                "--allow-url (WEIR_ALLOW_URL)",
                given(args.allow_url.as_ref()),
            ),
            shared_segment_urls: self.truth(shared, given(args.shared_segment_urls.as_ref())),
            trusted_proxies: self.proxies(given(args.trusted_proxies.as_ref())),
            viewer_idle: Duration::from_secs(idle),
            slate_after: SLATE_AFTER,
            channel_bytes_max: usize::try_from(memory << 20).unwrap_or(usize::MAX),
            connections_max: usize::try_from(connections).unwrap_or(usize::MAX),
            headers_wait: HEADERS_WAIT,
            collect_interval: Duration::from_secs(collect),
            stats_history_max: usize::try_from(history).unwrap_or(usize::MAX),
            journal: self.journal(),
            log_format: self.log_format(given(args.log_format.as_ref())),
            settings: self.settings(),
            settings_given: self.settings_given(),
        };
        self.done(config)
    }

    fn done(self, config: Config) -> Result<Config, Vec<String>> {
        if self.mistakes.is_empty() {
            Ok(config)
        } else {
            Err(self.mistakes)
        }
    }

    /// The address and the port, on all addresses where none is named.
    fn listen(&mut self, args: &ServeArgs) -> SocketAddr {
        let bind = self.parsed(
            "--bind (WEIR_BIND)",
            given(args.bind.as_ref()),
            "an IP address",
        );
        let port = self.whole(
            "--port (APP_PORT)",
            given(args.port.as_ref()),
            8000,
            0..=65_535,
        );
        let bind = bind.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        SocketAddr::new(bind, u16::try_from(port).unwrap_or_default())
    }

    /// Seconds between two readings of statistics, and how many are kept.
    fn statistics(&mut self) -> (u64, u64) {
        let collect = (self.variable)("COLLECT_INTERVAL_S");
        let collect = self.whole("COLLECT_INTERVAL_S", collect.as_deref(), 1, 1..=3600);
        let history = (self.variable)("STATS_HISTORY_MAX");
        let history = self.whole("STATS_HISTORY_MAX", history.as_deref(), 720, 1..=100_000);
        (collect, history)
    }

    fn settings(&mut self) -> Settings {
        let mut settings = Settings::default();
        for key in TABLE {
            if let Some(text) = (self.variable)(key.variable)
                && let Err(mistake) = settings.set(key, &text)
            {
                self.mistakes.push(format!("{}: {mistake}", key.variable));
            }
        }
        for choice in CHOICES {
            let Some(text) = (self.variable)(choice.variable) else {
                continue;
            };
            match choice.take(&text) {
                Ok(place) => (choice.set)(&mut settings, place),
                Err(mistake) => {
                    let variable = choice.variable;
                    self.mistakes
                        .push(format!("{variable}: {mistake} (it is {text:?})"));
                }
            }
        }
        for found in settings.contradictions() {
            let variable = Key::named(found.name).map_or(found.name, |key| key.variable);
            self.mistakes.push(format!("{variable}: {}", found.message));
        }
        settings
    }

    fn settings_given(&self) -> Vec<&'static str> {
        let keys = TABLE.iter().map(|key| (key.name, key.variable));
        let choices = CHOICES.iter().map(|choice| (choice.name, choice.variable));
        let given = keys
            .chain(choices)
            .filter(|(_, variable)| (self.variable)(variable).is_some());
        given.map(|(name, _)| name).collect()
    }

    fn sources(&mut self, text: Option<&str>) -> Vec<Source> {
        let mut sources: Vec<Source> = Vec::new();
        for entry in entries(text) {
            match source(entry) {
                Ok(source) if sources.iter().any(|other| other.name == source.name) => {
                    let name = source.name;
                    self.mistakes.push(format!(
                        "--sources (WEIR_SOURCES): the name {name:?} stands twice"
                    ));
                }
                Ok(source) => sources.push(source),
                Err(mistake) => {
                    self.mistakes
                        .push(format!("--sources (WEIR_SOURCES): {mistake}"));
                }
            }
        }
        sources
    }

    fn proxies(&mut self, text: Option<&str>) -> Arc<[Network]> {
        let text = match text.unwrap_or(TRUSTED_PROXIES) {
            "none" => None,
            text => Some(text),
        };
        let name = "--trusted-proxies (WEIR_TRUSTED_PROXIES)";
        self.listed(name, text).into()
    }

    fn journal(&mut self) -> Retention {
        let entries = (self.variable)("WEIR_EVENTS_MAX");
        let range = 1_000..=10_000_000;
        let entries = self.whole("WEIR_EVENTS_MAX", entries.as_deref(), 100_000, range);
        let days = (self.variable)("WEIR_EVENTS_DAYS");
        let days = self.whole("WEIR_EVENTS_DAYS", days.as_deref(), 30, 1..=3650);
        Retention {
            entries_max: usize::try_from(entries).unwrap_or(usize::MAX),
            age_max: Duration::from_secs(days * 24 * 3600),
        }
    }

    fn orchestrator(&mut self) -> Option<Url> {
        let text = (self.variable)("ORCHESTRATOR_URL")?;
        let url = Url::parse(text.trim()).ok().filter(is_http);
        if url.is_none() {
            self.mistakes
                .push("ORCHESTRATOR_URL must be an http or https address".into());
        }
        url
    }

    fn log_format(&mut self, text: Option<&str>) -> LogFormat {
        match text.unwrap_or("text") {
            "text" => LogFormat::Text,
            "json" => LogFormat::Json,
            other => {
                let name = "--log-format (WEIR_LOG_FORMAT)";
                self.mistakes
                    .push(format!("{name} must be text or json (it is {other:?})"));
                LogFormat::Text
            }
        }
    }

    fn truth(&mut self, name: &str, text: Option<&str>) -> bool {
        match text.map(str::to_ascii_lowercase).as_deref() {
            None | Some("false" | "0" | "no") => false,
            Some("true" | "1" | "yes") => true,
            Some(other) => {
                self.mistakes
                    .push(format!("{name} must be true or false (it is {other:?})"));
                false
            }
        }
    }

    fn whole(
        &mut self,
        name: &str,
        text: Option<&str>,
        default: u64,
        range: RangeInclusive<u64>,
    ) -> u64 {
        let Some(text) = text else {
            return default;
        };
        match text.trim().parse() {
            Ok(value) if range.contains(&value) => value,
            _ => {
                let (min, max) = (range.start(), range.end());
                self.mistakes.push(format!(
                    "{name} must be a whole number between {min} and {max} (it is {text:?})"
                ));
                default
            }
        }
    }

    fn parsed<T: FromStr>(&mut self, name: &str, text: Option<&str>, wanted: &str) -> Option<T> {
        let text = text?;
        let value = text.trim().parse().ok();
        if value.is_none() {
            self.mistakes
                .push(format!("{name} must be {wanted} (it is {text:?})"));
        }
        value
    }

    fn listed<T: FromStr<Err: std::fmt::Display>>(
        &mut self,
        name: &str,
        text: Option<&str>,
    ) -> Vec<T> {
        let mut values = Vec::new();
        for entry in entries(text) {
            match entry.parse() {
                Ok(value) => values.push(value),
                Err(error) => self.mistakes.push(format!("{name}: {error}")),
            }
        }
        values
    }
}

/// An option's text; an empty one, as container files leave it, is none.
fn given(option: Option<&String>) -> Option<&str> {
    option
        .map(String::as_str)
        .filter(|text| !text.trim().is_empty())
}

/// Entries stand on lines of their own, or, where there is one line, between commas: an address may
/// hold a comma, and then needs its own line.
fn entries(text: Option<&str>) -> impl Iterator<Item = &str> {
    let text = text.unwrap_or_default();
    let separator = if text.contains('\n') { '\n' } else { ',' };
    text.split(separator)
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
}

fn source(entry: &str) -> Result<Source, String> {
    // The address may hold a password, so a mistake never shows it.
    let (name, address) = entry
        .split_once('=')
        .ok_or("an entry must be name=url, and one has no '='")?;
    let name = name.trim().to_ascii_lowercase();
    if !selector::is_name(&name) {
        return Err(format!(
            "the name {name:?} must be 1 to {} of a-z, 0-9, '-' and '_', and not like an id",
            selector::NAME_BYTES_MAX
        ));
    }
    match Url::parse(address.trim()) {
        Ok(url) if is_http(&url) => Ok(Source { name, url }),
        _ => Err(format!(
            "the address of {name:?} must be an http or https address"
        )),
    }
}

fn is_http(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &ServeArgs, variables: &[(&str, &str)]) -> Result<Config, Vec<String>> {
        let find = |name: &str| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        Config::read(args, find)
    }

    #[test]
    fn nothing_set_gives_the_defaults() {
        let config = read(&ServeArgs::default(), &[]).expect("defaults");
        assert_eq!(config.listen.to_string(), "0.0.0.0:8000");
        assert_eq!(config.settings, Settings::default());
        assert!(config.engines.is_empty() && !config.url_allowed);
    }

    #[test]
    fn all_mistakes_are_told_at_once_one_sentence_each() {
        let args = ServeArgs {
            port: Some("eighty".into()),
            engines: Some("good:6878,bad".into()),
            sources: Some("News=ftp://host/x, =http://host/".into()),
            ..ServeArgs::default()
        };
        let variables = [
            ("HLS_WINDOW_SIZE", "50"),
            ("HLS_MAX_SEGMENTS", "x"),
            ("PROXY_STREAM_MODE", "DASH"),
        ];
        let mistakes = read(&args, &variables).expect_err("mistakes");
        assert_eq!(mistakes.len(), 7, "{mistakes:#?}");
        assert!(
            mistakes
                .iter()
                .any(|it| it
                    .starts_with("HLS_WINDOW_SIZE: hls_window_size must be between 3 and 20"))
        );
        assert!(mistakes.iter().any(|it| it.contains("\"eighty\"")));
        assert!(mistakes.iter().any(|it| it.contains("bad")));
    }

    #[test]
    fn an_empty_variable_is_as_good_as_none() {
        let empty = || Some(String::new());
        let args = ServeArgs {
            port: empty(),
            engines: empty(),
            allow_url: empty(),
            log_format: empty(),
            data_dir: empty(),
            ..ServeArgs::default()
        };
        let config = read(&args, &[]).expect("defaults");
        assert_eq!(config.listen.port(), 8000);
        assert_eq!(config.data_dir, std::path::Path::new("./data"));
    }

    #[test]
    fn proxies_on_this_machine_are_trusted_until_something_else_is_said() {
        let holds = |said: Option<&str>, address: &str| {
            let args = ServeArgs {
                trusted_proxies: said.map(str::to_owned),
                ..ServeArgs::default()
            };
            let config = read(&args, &[]).expect("good values");
            let address = address.parse().expect("an address");
            config.trusted_proxies.iter().any(|it| it.holds(address))
        };
        assert!(holds(None, "127.0.0.1") && holds(None, "::1") && !holds(None, "10.0.0.2"));
        assert!(holds(Some("10.0.0.0/8"), "10.0.0.2"));
        assert!(!holds(Some("10.0.0.0/8"), "127.0.0.1") && !holds(Some("none"), "127.0.0.1"));
        let args = ServeArgs {
            trusted_proxies: Some("10.0.0.1,proxy".into()),
            ..ServeArgs::default()
        };
        let mistakes = read(&args, &[]).expect_err("a mistake");
        assert!(mistakes[0].contains("WEIR_TRUSTED_PROXIES"), "{mistakes:?}");
        assert!(mistakes[0].contains("\"proxy\""), "{mistakes:?}");
    }

    #[test]
    fn contradictions_between_settings_stop_the_start() {
        let variables = [("HLS_WINDOW_SIZE", "20"), ("HLS_MAX_SEGMENTS", "10")];
        let mistakes = read(&ServeArgs::default(), &variables).expect_err("a contradiction");
        assert_eq!(
            mistakes,
            [
                "HLS_WINDOW_SIZE: hls_window_size (20) must not be greater than hls_max_segments (10)"
            ]
        );
    }

    #[test]
    fn the_eight_hls_settings_are_read_from_the_environment() {
        let variables = [
            ("HLS_MAX_SEGMENTS", "41"),
            ("HLS_INITIAL_SEGMENTS", "4"),
            ("HLS_WINDOW_SIZE", "8"),
            ("HLS_BUFFER_READY_TIMEOUT", "31"),
            ("HLS_FIRST_SEGMENT_TIMEOUT", "32"),
            ("HLS_INITIAL_BUFFER_SECONDS", "12"),
            ("HLS_MAX_INITIAL_SEGMENTS", "9"),
            ("HLS_SEGMENT_FETCH_INTERVAL", "0.75"),
        ];
        let config = read(&ServeArgs::default(), &variables).expect("good values");
        let channel = config.channel_settings(&config.settings);
        assert_eq!(
            (
                channel.segments_max,
                channel.initial_segments,
                channel.window_size
            ),
            (41, 4, 8)
        );
        assert_eq!(
            config.settings.hls_buffer_ready_timeout,
            Duration::from_secs(31)
        );
        assert_eq!(channel.first_segment_timeout, Duration::from_secs(32));
        assert_eq!(channel.initial_buffer, Duration::from_secs(12));
        assert_eq!(channel.initial_segments_max, 9);
        assert!((channel.poll_interval - 0.75).abs() < 1e-9);
    }

    #[test]
    fn a_mistake_in_a_source_never_shows_its_address() {
        let args = ServeArgs {
            sources: Some("news=gopher://user:hunter2@host/".into()),
            ..ServeArgs::default()
        };
        let mistakes = read(&args, &[]).expect_err("a mistake");
        assert!(!mistakes.concat().contains("hunter2"), "{mistakes:?}");
    }

    #[test]
    fn sources_are_read_over_several_lines() {
        let args = ServeArgs {
            sources: Some("news=http://host/a.m3u8?x=1,2\n sport = https://host/b\n".into()),
            ..ServeArgs::default()
        };
        let config = read(&args, &[]).expect("two sources");
        let names: Vec<_> = config
            .sources
            .iter()
            .map(|source| source.name.as_str())
            .collect();
        assert_eq!(names, ["news", "sport"]);
    }
}
