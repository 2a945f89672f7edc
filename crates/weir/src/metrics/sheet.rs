//! One scrape: values under metrics, and the text that is made of them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::table::{Kind, Metric};

/// Times, counted by how long they were.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// All of them together, in seconds.
    pub sum: f64,
    /// How many there were up to each bound and beyond the one before.
    pub buckets: Vec<(f64, u64)>,
}

/// A sample's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number.
    Number(f64),
    /// Counts.
    Histogram(Histogram),
}

/// What a sample is told apart by: as many values as the metric has labels.
type Labels = Vec<String>;

/// The values of one scrape.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    samples: BTreeMap<Metric, Vec<(Labels, Value)>>,
}

impl Sheet {
    /// Adds a value to a metric without labels.
    pub fn set(&mut self, metric: Metric, value: f64) {
        self.label(metric, [], value);
    }

    /// Adds a value, with a value for each of the metric's labels.
    pub fn label<const N: usize>(&mut self, metric: Metric, labels: [&str; N], value: f64) {
        self.put(metric, labels, Value::Number(value));
    }

    /// Adds a value of any kind.
    pub fn put<const N: usize>(&mut self, metric: Metric, labels: [&str; N], value: Value) {
        debug_assert_eq!(metric.labels().len(), N, "{}", metric.name());
        let labels = labels.map(str::to_owned).to_vec();
        let samples = self.samples.entry(metric).or_default();
        samples.push((labels, value));
    }

    /// The text that Prometheus reads when it asks for OpenMetrics.
    pub fn open_metrics(self) -> Result<String, fmt::Error> {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Arc::new(self)));
        let mut text = String::new();
        text::encode(&mut text, &registry)?;
        Ok(text)
    }

    /// The older text, which everything reads.
    pub fn text(self) -> Result<String, fmt::Error> {
        Ok(older(&self.open_metrics()?))
    }
}

impl Collector for Sheet {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for (metric, samples) in &self.samples {
            let kind = match metric.kind() {
                Kind::Counter => MetricType::Counter,
                Kind::Gauge => MetricType::Gauge,
                Kind::Histogram => MetricType::Histogram,
            };
            // The suffix of counters is put there by the encoder.
            let name = metric.name();
            let name = name.strip_suffix("_total").unwrap_or(name);
            let mut family = encoder.encode_descriptor(name, metric.help(), None, kind)?;
            for (values, value) in samples {
                if values.is_empty() {
                    write(&mut family, metric.kind(), value)?;
                    continue;
                }
                let names = metric.labels().iter().copied();
                let labels: Vec<(&str, &str)> =
                    names.zip(values.iter().map(String::as_str)).collect();
                let mut one = family.encode_family(&labels)?;
                write(&mut one, metric.kind(), value)?;
            }
        }
        Ok(())
    }
}

fn write(encoder: &mut MetricEncoder<'_>, kind: Kind, value: &Value) -> Result<(), fmt::Error> {
    match (kind, value) {
        (Kind::Counter, Value::Number(number)) => {
            encoder.encode_counter::<NoLabelSet, f64, f64>(number, None)
        }
        (_, Value::Number(number)) => encoder.encode_gauge(number),
        (_, Value::Histogram(histogram)) => {
            let count = histogram.buckets.iter().map(|(_, count)| count).sum();
            let (sum, buckets) = (histogram.sum, &histogram.buckets);
            encoder.encode_histogram::<NoLabelSet>(sum, count, buckets, None)
        }
    }
}

/// The same in the older format, in which a counter is described under its whole name, and which has no end mark.
fn older(text: &str) -> String {
    let mut counters = std::collections::BTreeSet::new();
    for line in text.lines() {
        let name = line
            .strip_prefix("# TYPE ")
            .and_then(|rest| rest.strip_suffix(" counter"));
        counters.extend(name);
    }
    let mut out = String::with_capacity(text.len());
    for line in text.lines().filter(|line| *line != "# EOF") {
        let mut words = line.splitn(4, ' ');
        let described = match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some(what), Some(name), Some(rest)) if counters.contains(name) => {
                Some(format!("# {what} {name}_total {rest}"))
            }
            _ => None,
        };
        out.push_str(described.as_deref().unwrap_or(line));
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_described_under_its_whole_name_where_it_must_be() {
        let mut sheet = Sheet::default();
        sheet.set(Metric::Sessions, 3.0);
        sheet.label(Metric::ViewersNow, ["hls"], 2.0);
        let text = sheet.text().expect("text");
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "# HELP weir_viewers Viewers, by how they are served",
                "# TYPE weir_viewers gauge",
                "weir_viewers{mode=\"hls\"} 2.0",
                "# HELP weir_sessions_opened_total Sources opened",
                "# TYPE weir_sessions_opened_total counter",
                "weir_sessions_opened_total 3.0",
            ]
        );
    }

    #[test]
    fn what_a_label_holds_cannot_break_out_of_it() {
        let mut sheet = Sheet::default();
        sheet.label(Metric::ChannelPeers, ["a\"} 1\nb"], 1.0);
        let text = sheet.text().expect("text");
        assert!(text.contains(r#"{channel="a\"} 1\nb"} 1.0"#), "{text}");
    }

    #[test]
    fn buckets_are_told_as_sums() {
        let mut sheet = Sheet::default();
        let histogram = Histogram {
            sum: 2.5,
            buckets: vec![(0.1, 2), (1.0, 1), (f64::INFINITY, 1)],
        };
        let value = Value::Histogram(histogram);
        sheet.put(Metric::FirstByte, ["/version"], value);
        let text = sheet.text().expect("text");
        for line in [
            "weir_http_first_byte_seconds_count{route=\"/version\"} 4",
            "weir_http_first_byte_seconds_bucket{le=\"1.0\",route=\"/version\"} 3",
            "weir_http_first_byte_seconds_bucket{le=\"+Inf\",route=\"/version\"} 4",
        ] {
            assert!(text.lines().any(|it| it == line), "{line} is not in {text}");
        }
    }
}
