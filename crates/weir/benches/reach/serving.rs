//! What serving costs beside nginx: buffered segments a gigabyte, live playlists a request.

use simulator::origin::Options;
use simulator::swarm::Client;

use crate::child::Server;
use crate::load::{self, CONNECTIONS};
use crate::report::{Row, median};
use crate::stage;

/// Pairs of legs: Weir, nginx, Weir, nginx, and so on.
const PAIRS: usize = 7;

/// Segments that each connection asks for in a leg: 2 GB in all.
const SEGMENTS: usize = 64;

/// Playlists that each connection asks for in a leg.
const PLAYLISTS: usize = 1_500;

pub(crate) async fn measure() -> anyhow::Result<Vec<Row>> {
    // Ten seconds a segment: what is asked for stays in the window throughout a pair.
    let source = Options::of(stage::media(10, 1_000_000));
    let variables = [("HLS_INITIAL_BUFFER_SECONDS", "60".to_owned())];
    let (_origin, weir) = stage::with_source(source, &variables).await?;
    let nginx = Server::nginx(weir.address).await?;
    let mut client = Client::connect(weir.address).await?;
    let mut playlists = Vec::new();
    for _ in 0..CONNECTIONS {
        playlists.push(stage::enter(&mut client, "bench").await?);
    }
    let mut pairs = Pairs::default();
    for _ in 0..PAIRS {
        let mut segments = Vec::new();
        for playlist in &playlists {
            segments.push(stage::newest(&mut client, playlist).await?);
        }
        let ours = load::run(&weir, &segments, SEGMENTS).await?;
        let theirs = load::run(&nginx, &segments, SEGMENTS).await?;
        pairs.add(ours.per_gigabyte(), theirs.per_gigabyte());
    }
    let detail = format!("{}; aim 0.45", pairs.medians("s/GB", 1.0));
    let figure = "CPU time per GB of a buffered 1 MB segment, Weir / nginx";
    let mut rows = vec![Row::ratio(figure, 0.6, pairs.ratio()).told(detail)];
    let mut pairs = Pairs::default();
    for _ in 0..PAIRS {
        let ours = load::run(&weir, &playlists, PLAYLISTS).await?;
        let theirs = load::run(&nginx, &playlists, PLAYLISTS).await?;
        pairs.add(ours.per_request(), theirs.per_request());
    }
    let detail = format!("{}; aim 0.6", pairs.medians("µs", 1e6));
    let figure = "CPU time per live playlist, Weir / nginx";
    rows.push(Row::ratio(figure, 0.8, pairs.ratio()).told(detail));
    Ok(rows)
}

/// Costs of Weir and of nginx, side by side.
#[derive(Default)]
struct Pairs {
    costs: Vec<(f64, f64)>,
}

impl Pairs {
    fn add(&mut self, ours: f64, theirs: f64) {
        eprintln!(
            "  weir {ours:.3e}, nginx {theirs:.3e}: {:.3}",
            ours / theirs
        );
        self.costs.push((ours, theirs));
    }

    /// The median of the pairs' ratios: what slows the machine down for a while slows both.
    fn ratio(&self) -> f64 {
        median(self.costs.iter().map(|(ours, theirs)| ours / theirs))
    }

    fn medians(&self, unit: &str, factor: f64) -> String {
        let ours = median(self.costs.iter().map(|(ours, _)| ours * factor));
        let theirs = median(self.costs.iter().map(|(_, theirs)| theirs * factor));
        format!("{ours:.3} {unit} to {theirs:.3} {unit}, median of {PAIRS} pairs")
    }
}
