//! `docs/metrics.md` is written from the table of metrics, and fails to be right when it differs.

#[path = "document/written.rs"]
mod written;

use std::fmt::Write as _;

use weir::metrics::Metric;

const HEAD: &str = r#"# Metrics

Written by `make docs` from the table in `crates/weir/src/metrics/table.rs`.

`GET /metrics` answers as Prometheus reads it, in the newer text where it asks for that. Nothing is added up beside the
service: each number is asked from its owner when it is asked for, but what flowed and was counted of channels that ended is
kept. What a channel has under its own name goes when it ends. No label names a viewer.

    scrape_configs:
      - job_name: weir
        static_configs: [{ targets: ["HOST:8000"] }]

[deploy/grafana-dashboard.json](../deploy/grafana-dashboard.json) shows them, [deploy/alerts.yaml](../deploy/alerts.yaml) holds rules for what
an operator should be woken for.

How a viewer plays is reckoned from what it was handed: it is taken to begin with the first media it has, to play in
real time, and to go on as soon as it has something again. A pause looks like running dry, where the player goes on asking for
playlists meanwhile. What is shorter than 100 ms does not count, and who is silent has left, not stalled.

The first 200 channels by their keys have numbers of their own; `weir_channels_unlabelled` says how many have none.
Names with `orch_` are those that dashboards of the orchestrator before Weir ask for. Its gauges of VPNs are not among them, since Weir runs
no VPN; nor are its totals in megabytes, which `promtool check metrics` objects to and which `orch_total_uploaded_bytes / 1048576` gives.

| metric | kind | labels | meaning |
| --- | --- | --- | --- |
"#;

fn document() -> String {
    let mut text = HEAD.to_owned();
    for metric in Metric::ALL {
        let labels: Vec<_> = metric.labels().iter().map(|it| format!("`{it}`")).collect();
        let (name, kind, labels, help) = (
            metric.name(),
            metric.kind().as_str(),
            labels.join(", "),
            metric.help(),
        );
        writeln!(text, "| `{name}` | {kind} | {labels} | {help} |").expect("a string takes all");
    }
    text
}

#[test]
fn the_document_of_metrics_says_what_the_table_says() {
    written::assert_is("metrics.md", &document());
}
