//! The metrics there are: one table of names, kinds, labels and meanings.

/// What a metric does over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only rises, until the service starts again.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Counts of times, by how long they were.
    Histogram,
}

impl Kind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// Lists the metrics once, so that none can be without a name or a meaning.
macro_rules! metrics {
    ($($name:ident => $text:literal, $kind:ident, [$($label:literal),*], $help:literal;)*) => {
        /// A metric.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "the table says of each what it is")]
        pub enum Metric {
            $($name,)*
        }

        impl Metric {
            /// All there are, as they are written.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its whole name.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// What it does.
            pub fn kind(self) -> Kind {
                match self {
                    $(Self::$name => Kind::$kind,)*
                }
            }

            /// What its samples are told apart by.
            pub fn labels(self) -> &'static [&'static str] {
                match self {
                    $(Self::$name => &[$($label),*],)*
                }
            }

            /// What it means.
            pub fn help(self) -> &'static str {
                match self {
                    $(Self::$name => $help,)*
                }
            }
        }
    };
}

metrics! {
    Info => "weir_info", Gauge, ["version"], "Always 1; the label says which version runs";
    Uptime => "weir_uptime_seconds", Gauge, [], "Time since the service was started";
    Memory => "process_resident_memory_bytes", Gauge, [], "Memory that the process takes";
    Processor => "process_cpu_seconds_total", Counter, [], "Processor time that the process has used";
    Files => "process_open_fds", Gauge, [], "Files and connections that the process has open";

    Channels => "weir_channels", Gauge, ["state"], "Channels that run, by where they are in their life";
    ChannelsHealth => "weir_channels_health", Gauge, ["health"], "Channels that run, by what viewers may notice";
    ViewersNow => "weir_viewers", Gauge, ["mode"], "Viewers, by how they are served";
    ViewersDry => "weir_viewers_dry", Gauge, [], "Viewers who have run dry and have nothing to play now";
    PlayableMin => "weir_playable_seconds_min", Gauge, [], "What the viewer with least can still play; absent while nobody plays";
    Engines => "weir_engines", Gauge, ["state"], "Engines, by whether they answer";
    EngineChannels => "weir_engine_channels", Gauge, ["engine"], "Channels that an engine carries";
    EnginePlaces => "weir_engine_places", Gauge, ["engine"], "Channels that an engine may carry";
    Problems => "weir_problems", Gauge, ["severity"], "What is wrong, as the overview tells it in words";
    EventsWaiting => "weir_events_waiting", Gauge, [], "Events that wait to be told to the orchestrator";
    EventsGivenUp => "weir_events_given_up", Gauge, [], "Events that the orchestrator refused for good";
    DiskFailing => "weir_disk_failing", Gauge, [], "1 while the data folder cannot be written";
    RecordsLost => "weir_history_records_lost_total", Counter, [], "Records of what happened that will never be on the disk";

    Sessions => "weir_sessions_opened_total", Counter, [], "Sources opened";
    Failovers => "weir_failovers_total", Counter, [], "Sources that took the place of one that was lost";
    SourceFailures => "weir_source_failures_total", Counter, [], "Requests to sources that failed";
    UpstreamBytes => "weir_upstream_bytes_total", Counter, [], "Bytes of media from sources";
    ViewerBytes => "weir_viewer_bytes_total", Counter, [], "Bytes of media to viewers";
    Segments => "weir_segments_total", Counter, [], "Segments of media published";
    SegmentsLost => "weir_segments_lost_total", Counter, [], "Segments that sources listed and that could not be had";
    Gaps => "weir_gaps_total", Counter, [], "Times that something was missing";
    Retries => "weir_segment_retries_total", Counter, [], "Segments asked for again";
    Discontinuities => "weir_discontinuities_total", Counter, [], "Breaks published";
    SlateSegments => "weir_slate_segments_total", Counter, [], "Clips published in the place of media";
    Flaws => "weir_source_flaws_total", Counter, [], "Things wrong with continuous bodies";
    NotFound => "weir_segments_not_found_total", Counter, [], "Segments that viewers asked for and that were not there";
    Underruns => "weir_viewer_underruns_total", Counter, [], "Times that a viewer ran dry";
    Stalled => "weir_viewer_stalled_seconds_total", Counter, [], "Time in which viewers had nothing to play";
    Skips => "weir_viewer_skips_total", Counter, [], "Times that a viewer was too slow and was moved on to newer media";

    Requests => "weir_http_requests_total", Counter, ["route", "status"], "Requests answered, by route and class of status";
    FirstByte => "weir_http_first_byte_seconds", Histogram, ["route"], "From a request to the head of its answer";

    ChannelViewers => "weir_channel_viewers", Gauge, ["channel", "mode"], "A channel's viewers, by how they are served";
    ChannelBuffer => "weir_channel_buffer_seconds", Gauge, ["channel"], "Media that a channel holds";
    ChannelBytes => "weir_channel_buffer_bytes", Gauge, ["channel"], "Bytes that a channel holds";
    ChannelFill => "weir_channel_buffer_fill_ratio", Gauge, ["channel"], "How full a channel's buffer is, by whichever bound is nearer";
    ChannelReserve => "weir_channel_reserve_seconds", Gauge, ["channel"], "Media that has come and waits for its time";
    ChannelAge => "weir_channel_newest_age_seconds", Gauge, ["channel"], "Age of a channel's newest media";
    ChannelPlayable => "weir_channel_playable_seconds_min", Gauge, ["channel"], "What the channel's viewer with least can still play";
    ChannelUpstream => "weir_channel_upstream_bytes_total", Counter, ["channel"], "Bytes of media from the channel's sources";
    ChannelSent => "weir_channel_viewer_bytes_total", Counter, ["channel"], "Bytes of media to the channel's viewers";
    ChannelUnderruns => "weir_channel_underruns_total", Counter, ["channel"], "Times that one of the channel's viewers ran dry";
    ChannelLost => "weir_channel_segments_lost_total", Counter, ["channel"], "Segments of the channel that could not be had";
    ChannelFailovers => "weir_channel_failovers_total", Counter, ["channel"], "Sources of the channel that took the place of one that was lost";
    ChannelPeers => "weir_channel_peers", Gauge, ["channel"], "Peers of the channel's engine";
    ChannelsUnnamed => "weir_channels_unlabelled", Gauge, [], "Channels that run and have no numbers of their own here, because there are too many";

    EventsStarted => "orch_events_started_total", Counter, [], "Streams that were started";
    EventsEnded => "orch_events_ended_total", Counter, [], "Streams that ended";
    CollectErrors => "orch_collect_errors_total", Counter, [], "Statistics that engines did not give";
    StreamsActive => "orch_streams_active", Gauge, [], "Streams that run, those that other proxies reported among them";
    StreamsTotal => "orch_total_streams", Gauge, [], "Streams that run, as orch_streams_active";
    StreamsStale => "orch_stale_streams", Gauge, [], "Streams whose source gives nothing";
    Uploaded => "orch_total_uploaded_bytes", Gauge, [], "Bytes that engines gave to peers, since the service was started";
    Downloaded => "orch_total_downloaded_bytes", Gauge, [], "Bytes that engines got from peers, since the service was started";
    UploadSpeed => "orch_total_upload_speed_mbps", Gauge, [], "What engines give to peers now, in MB/s";
    DownloadSpeed => "orch_total_download_speed_mbps", Gauge, [], "What engines get from peers now, in MB/s";
    Peers => "orch_total_peers", Gauge, [], "Peers of all engines";
    EnginesHealthy => "orch_healthy_engines", Gauge, [], "Engines that answer";
    EnginesUnhealthy => "orch_unhealthy_engines", Gauge, [], "Engines that do not answer";
    EnginesUsed => "orch_used_engines", Gauge, [], "Engines that carry channels";
    EnginesExtra => "orch_extra_engines", Gauge, [], "Engines that answer and carry no channel";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_metric_has_a_name_of_its_own_that_says_what_it_does() {
        let names: BTreeSet<_> = Metric::ALL.iter().map(|metric| metric.name()).collect();
        assert_eq!(names.len(), Metric::ALL.len());
        for metric in Metric::ALL {
            let counts = metric.name().ends_with("_total");
            assert_eq!(counts, metric.kind() == Kind::Counter, "{}", metric.name());
        }
    }
}
