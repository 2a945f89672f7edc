//! One scrape's values, asked from their owners.

use std::sync::Arc;

use channel::{Moment, Snapshot};

use crate::clock;
use crate::figures::{self, Audience, Buffer, Health, House};
use crate::handle::Handle;
use crate::http::{App, channels, overview};
use crate::journal::Severity;
use crate::metrics::{Metric, Process, Sheet, Value};
use crate::series::Sums;

/// Channels that have numbers of their own, in the order of their names; more would be more series than a monitor
/// takes well, since ids are made up easily.
const LABELLED_MAX: usize = 200;

/// Engines that have numbers of their own.
const ENGINES_MAX: usize = 200;

/// KB/s in one MB/s, as the predecessor reckoned.
const KILO: f64 = 1024.0;

/// A channel, read once for all its numbers.
struct Read {
    handle: Arc<Handle>,
    snapshot: Arc<Snapshot>,
    audience: Audience,
    health: Health,
}

pub(super) fn all(app: &App, process: &Process) -> Sheet {
    let now = app.clock.now();
    let running = app.registry.all();
    let running: Vec<_> = running.into_iter().map(|it| read(app, it, now)).collect();
    let house = overview::house(app);
    let sums = app.series.sums(now);
    let mut sheet = Sheet::default();
    own(&mut sheet, app, process);
    of_channels(&mut sheet, &running);
    of_house(&mut sheet, app, &house);
    counted(&mut sheet, &sums);
    of_requests(&mut sheet, app);
    for channel in running.iter().take(LABELLED_MAX) {
        of_channel(&mut sheet, app, channel, now);
    }
    let unnamed = running.len().saturating_sub(LABELLED_MAX);
    sheet.set(Metric::ChannelsUnnamed, unnamed as f64);
    predecessors(&mut sheet, app, &running, &house, &sums);
    sheet
}

fn read(app: &App, handle: Arc<Handle>, now: Moment) -> Read {
    let snapshot = handle.snapshot();
    let audience = Audience::of(&handle, now);
    let course = app.series.course(&handle.key, now);
    let health = channels::health(&snapshot, &audience, &course, now);
    Read {
        handle,
        snapshot,
        audience,
        health,
    }
}

fn own(sheet: &mut Sheet, app: &App, process: &Process) {
    sheet.label(Metric::Info, [env!("CARGO_PKG_VERSION")], 1.0);
    let age = clock::wall().duration_since(app.started_at);
    sheet.set(Metric::Uptime, age.as_secs_f64());
    if let Some(memory) = process.memory {
        sheet.set(Metric::Memory, memory as f64);
    }
    if let Some(time) = process.processor {
        sheet.set(Metric::Processor, time.as_secs_f64());
    }
    if let Some(files) = process.files {
        sheet.set(Metric::Files, files as f64);
    }
}

fn of_channels(sheet: &mut Sheet, running: &[Read]) {
    let count = |is: &dyn Fn(&Read) -> bool| running.iter().filter(|it| is(it)).count() as f64;
    for state in [
        "idle",
        "starting",
        "live",
        "lingering",
        "failed",
        "stopping",
    ] {
        let channels = count(&|it| it.snapshot.phase.as_str() == state);
        sheet.label(Metric::Channels, [state], channels);
    }
    for health in Health::ALL {
        let channels = count(&|it| it.health == *health);
        sheet.label(Metric::ChannelsHealth, [health.as_str()], channels);
    }
    let sum = |of: fn(&Audience) -> usize| {
        let all = running.iter().map(|it| of(&it.audience));
        all.sum::<usize>() as f64
    };
    sheet.label(Metric::ViewersNow, ["hls"], sum(|it| it.playlists));
    sheet.label(Metric::ViewersNow, ["ts"], sum(|it| it.continuous));
    sheet.set(Metric::ViewersDry, sum(|it| it.dry));
    let least = running.iter().filter_map(|it| it.audience.playable_min);
    if let Some(least) = least.min() {
        sheet.set(Metric::PlayableMin, least.as_secs_f64());
    }
}

fn of_house(sheet: &mut Sheet, app: &App, house: &House) {
    for (state, healthy) in [("healthy", true), ("unhealthy", false)] {
        let engines = house.engines.iter().filter(|it| it.healthy == healthy);
        sheet.label(Metric::Engines, [state], engines.count() as f64);
    }
    for engine in house.engines.iter().take(ENGINES_MAX) {
        let name = [engine.name.as_str()];
        sheet.label(Metric::EngineChannels, name, engine.channels as f64);
        sheet.label(Metric::EnginePlaces, name, engine.places as f64);
    }
    let problems = figures::problems(house);
    for severity in [Severity::Warning, Severity::Error] {
        let found = problems.iter().filter(|it| it.severity == severity);
        sheet.label(Metric::Problems, [severity.as_str()], found.count() as f64);
    }
    let events = app.outbox.status();
    sheet.set(Metric::EventsWaiting, events.waiting as f64);
    sheet.set(Metric::EventsGivenUp, events.given_up as f64);
    sheet.set(Metric::DiskFailing, f64::from(u8::from(house.disk_failing)));
    let lost = app.records.history.left_out();
    sheet.set(Metric::RecordsLost, lost as f64);
}

fn counted(sheet: &mut Sheet, sums: &Sums) {
    let counts = [
        (Metric::Sessions, sums.sessions),
        (Metric::Failovers, sums.failovers),
        (Metric::SourceFailures, sums.failures),
        (Metric::UpstreamBytes, sums.bytes_in),
        (Metric::ViewerBytes, sums.viewers.bytes_sent),
        (Metric::Segments, sums.segments),
        (Metric::SegmentsLost, sums.segments_lost),
        (Metric::Gaps, sums.gaps),
        (Metric::Retries, sums.retries),
        (Metric::Discontinuities, sums.discontinuities),
        (Metric::SlateSegments, sums.slate_segments),
        (Metric::Flaws, sums.flaws),
        (Metric::NotFound, sums.segments_404),
        (Metric::Underruns, sums.viewers.underruns),
        (Metric::Skips, sums.viewers.skips),
    ];
    for (metric, count) in counts {
        sheet.set(metric, count as f64);
    }
    sheet.set(Metric::Stalled, sums.viewers.stalled.as_secs_f64());
}

fn of_requests(sheet: &mut Sheet, app: &App) {
    for (route, timed) in app.requests.all() {
        for (status, count) in timed.statuses() {
            sheet.label(Metric::Requests, [&*route, status], count as f64);
        }
        let times = Value::Histogram(timed.times());
        sheet.put(Metric::FirstByte, [&*route], times);
    }
}

fn of_channel(sheet: &mut Sheet, app: &App, channel: &Read, now: Moment) {
    let Read {
        handle,
        snapshot,
        audience,
        ..
    } = channel;
    let key = handle.key.as_str();
    let segments_max = app.settings.borrow().hls_max_segments;
    let buffer = Buffer::of(snapshot, segments_max, app.config.channel_bytes_max);
    let newest = figures::newest_media(snapshot).map(|at| now.since(at).as_secs_f64());
    let playable = audience.playable_min.map(|it| it.as_secs_f64());
    let stream = handle.stream();
    let stat = stream.as_ref().and_then(|stream| stream.stat.as_ref());
    let peers = stat.and_then(|stat| stat.peers).map(|peers| peers as f64);
    drop(stream);
    let viewers = [("hls", audience.playlists), ("ts", audience.continuous)];
    for (mode, viewers) in viewers {
        sheet.label(Metric::ChannelViewers, [key, mode], viewers as f64);
    }
    let counters = &snapshot.counters;
    let known = [
        (Metric::ChannelBuffer, Some(buffer.media.as_secs_f64())),
        (Metric::ChannelBytes, Some(buffer.bytes as f64)),
        (Metric::ChannelFill, Some(buffer.fill())),
        (Metric::ChannelReserve, Some(buffer.reserve.as_secs_f64())),
        (Metric::ChannelAge, newest),
        (Metric::ChannelPlayable, playable),
        (Metric::ChannelUpstream, Some(counters.bytes_in as f64)),
        (Metric::ChannelSent, Some(audience.totals.bytes_sent as f64)),
        (
            Metric::ChannelUnderruns,
            Some(audience.totals.underruns as f64),
        ),
        (Metric::ChannelLost, Some(counters.segments_lost as f64)),
        (Metric::ChannelFailovers, Some(counters.failovers as f64)),
        (Metric::ChannelPeers, peers),
    ];
    for (metric, value) in known {
        if let Some(value) = value {
            sheet.label(metric, [key], value);
        }
    }
}

/// What dashboards of the predecessor ask for.
fn predecessors(sheet: &mut Sheet, app: &App, running: &[Read], house: &House, sums: &Sums) {
    let (began, ended) = app.outbox.counted();
    sheet.set(Metric::EventsStarted, began as f64);
    sheet.set(Metric::EventsEnded, ended as f64);
    sheet.set(Metric::CollectErrors, app.upstream.stat_failures() as f64);
    let is_stream = |it: &&Read| it.handle.stream().as_ref().is_some_and(|it| it.opened);
    let streams = running.iter().filter(is_stream).count() + app.outbox.reported().len();
    sheet.set(Metric::StreamsActive, streams as f64);
    sheet.set(Metric::StreamsTotal, streams as f64);
    let stale = running.iter().filter(|it| it.health == Health::Stalled);
    sheet.set(Metric::StreamsStale, stale.count() as f64);
    let sum = |of: fn(&engine::Stat) -> Option<u64>| {
        let figure = |it: &Read| it.handle.stream().as_ref()?.stat.as_ref().and_then(of);
        running.iter().filter_map(figure).sum::<u64>() as f64
    };
    sheet.set(Metric::Uploaded, sums.uploaded as f64);
    sheet.set(Metric::Downloaded, sums.downloaded as f64);
    sheet.set(Metric::UploadSpeed, sum(|stat| stat.speed_up) / KILO);
    sheet.set(Metric::DownloadSpeed, sum(|stat| stat.speed_down) / KILO);
    sheet.set(Metric::Peers, sum(|stat| stat.peers));
    let count = |is: fn(&figures::Engine) -> bool| {
        let found = house.engines.iter().filter(|it| is(it));
        found.count() as f64
    };
    sheet.set(Metric::EnginesHealthy, count(|it| it.healthy));
    sheet.set(Metric::EnginesUnhealthy, count(|it| !it.healthy));
    sheet.set(Metric::EnginesUsed, count(|it| 0 < it.channels));
    sheet.set(
        Metric::EnginesExtra,
        count(|it| it.healthy && it.channels == 0),
    );
}
