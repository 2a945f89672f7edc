//! What the lint says of Weir: nothing, whatever the source does; and of the same source without Weir: what is wrong.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use simulator::fault::{Ending, Endpoint, Http, Listing, Rule as Fault};
use simulator::lint::{Checker, Options, Report, Rule, SegmentAnswer, watch};
use simulator::media::{Marked, Media};
use simulator::origin::{self, Origin, Packaging};
use tempfile::TempDir;
use weir::app::{Service, Staged};
use weir::clock::Clock;
use weir::config::Source;

use crate::stage::{Player, Stage, eventually, fast, quick_config, within};

/// How long is watched: the faults, what Weir makes of them, and segments that leave the list for good.
const WATCHED: Duration = Duration::from_secs(8);

/// When a fault begins: the watch has its first lists by then.
const BEGINS: Duration = Duration::from_secs(2);

/// How long a fault that lasts does so.
const LASTS: Duration = Duration::from_secs(3);

/// A number that is listed a while after the beginning of the fault.
const STRUCK: u64 = 15;

/// One way for a source to be wrong.
struct Case {
    name: &'static str,
    packaging: Packaging,
    faults: Vec<Fault>,
    /// What breaks where nobody stands in between; nothing where the source may do that.
    breaks: Option<Rule>,
    /// For how long nothing comes that can be published, and what Weir needs to find that out.
    outage: Option<Duration>,
}

fn case(name: &'static str, faults: Vec<Fault>, breaks: impl Into<Option<Rule>>) -> Case {
    Case {
        name,
        packaging: Packaging::Plain,
        faults,
        breaks: breaks.into(),
        outage: None,
    }
}

/// The same, where the source gives nothing for so long that can be published.
fn pause(case: Case, seconds: u64) -> Case {
    let outage = Some(Duration::from_secs(seconds));
    Case { outage, ..case }
}

fn outage(name: &'static str, fault: impl Into<simulator::fault::Fault>, breaks: Rule) -> Case {
    let fault = Fault::new(fault).on(Endpoint::Playlist);
    // Weir finds out by itself when the source is back; how soon is not asked here.
    pause(case(name, vec![lasting(fault)], breaks), WATCHED.as_secs())
}

fn sealed(name: &'static str, packaging: Packaging, faults: Vec<Fault>) -> Case {
    Case {
        packaging,
        ..case(name, faults, None)
    }
}

/// Something that happens once.
fn once(event: Listing) -> Vec<Fault> {
    vec![Fault::new(event).after(BEGINS)]
}

fn lasting(fault: impl Into<Fault>) -> Fault {
    fault.into().after(BEGINS).lasting(LASTS)
}

/// A list that is wrong for a time.
fn spell(listing: Listing) -> Vec<Fault> {
    vec![lasting(listing)]
}

/// One segment that is wrong, whoever asks however often.
fn struck(fault: Http) -> Vec<Fault> {
    let one = Fault::new(fault).on(Endpoint::Segment);
    vec![one.segment(STRUCK)]
}

/// Numbers and media that do not go on as they should.
fn broken_rows() -> Vec<Case> {
    let untagged = Listing::Discontinuity { tagged: false };
    let tagged = Listing::Discontinuity { tagged: true };
    let hour = Duration::from_hours(1);
    vec![
        case("healthy", vec![], None),
        // A list that has fallen back may be another mirror's; Weir looks twice before it believes in a new row.
        pause(
            case("reset", once(Listing::Reset), Rule::MediaSequenceFell),
            3,
        ),
        case("jump", once(Listing::Jump(20)), Rule::Jump),
        case("hole", once(Listing::Lose(4)), Rule::TimestampJump),
        case("small hole", once(Listing::Lose(1)), Rule::TimestampJump),
        case("repeat", once(Listing::Duplicate), Rule::SameBytes),
        // What was shown is not shown again, so there is nothing until the source is where it was.
        pause(case("loop", once(Listing::Loop(5)), Rule::SameBytes), 3),
        case("rewritten", once(Listing::Rewrite), Rule::TimestampJump),
        case("unmarked jump", once(untagged), Rule::TimestampJump),
        case("marked jump", once(tagged), None),
        case("dates", once(Listing::DateBack(hour)), Rule::DateBack),
        // Which of two askers gets which mirror is a matter of luck.
        case("mirrors", spell(Listing::Flap(2)), None),
        case("false end", spell(Listing::Endlist), Rule::EndTakenBack),
    ]
}

/// Texts that are wrong.
fn broken_texts() -> Vec<Case> {
    let unnumbered = Listing::Without("#EXT-X-MEDIA-SEQUENCE".into());
    let durations = Listing::Extinf("1.4,".into());
    vec![
        case("mark", spell(Listing::Bom), Rule::Text),
        case("unknown tags", spell(Listing::UnknownTags), None),
        case("line ends", spell(Listing::Crlf), None),
        case("durations", spell(durations), Rule::Changed),
        case(
            "target",
            spell(Listing::TargetDuration(9)),
            Rule::TargetChanged,
        ),
        case("unnumbered", spell(unnumbered), Rule::MediaSequenceMissing),
    ]
}

/// Sources that give nothing for a time.
fn outages() -> Vec<Case> {
    vec![
        outage("stuck", Listing::Stall, Rule::Cadence),
        outage("no segments", Listing::Empty, Rule::WindowShort),
        outage("large", Listing::Oversized(2 << 20), Rule::Unreadable),
        outage("page", Http::Html, Rule::Unreadable),
        outage("nothing", Http::Empty, Rule::Unreadable),
        outage("503", Http::Status(503), Rule::Unavailable),
        outage("dropped", Http::Drop(Ending::Reset), Rule::Unavailable),
    ]
}

/// Segments that are none, and sources that wrap them.
fn broken_segments() -> Vec<Case> {
    let cut = Http::Truncate(1_880);
    let busy = Fault::new(Http::Status(503)).on(Endpoint::Segment);
    let busy = vec![busy.after(BEGINS).lasting(Duration::from_secs(1))];
    let rotated = once(Listing::RotateKey);
    // One segment is asked for again and again, for two target durations, before it is left out.
    let left_out = |name, fault, rule| pause(case(name, struck(fault), rule), 4);
    vec![
        left_out("cut", cut, Rule::SegmentCut),
        left_out("trimmed", Http::Trim(100), Rule::NotMedia),
        left_out("shifted", Http::Misaligned(7), Rule::NotMedia),
        left_out("page for media", Http::Html, Rule::NotMedia),
        left_out("empty", Http::Empty, Rule::NotMedia),
        left_out("gone", Http::Status(404), Rule::SegmentRefused),
        pause(case("busy", busy, Rule::SegmentRefused), 3),
        sealed("sealed", Packaging::Encrypted, rotated),
        sealed("fragmented", Packaging::Fragmented, vec![]),
        sealed("parts", Packaging::Ranges, vec![]),
    ]
}

/// What was found of a source through Weir, and of the source itself at the same time.
async fn seen(case: &Case) -> (Report, Report) {
    let media = Media::marked(Marked {
        stream: 1,
        duration: Duration::from_millis(500),
        bytes: 20_000,
    });
    let options = origin::Options {
        packaging: case.packaging,
        dates: true,
        ..origin::Options::of(media)
    };
    let origin = Origin::start(options).await.expect("an origin");
    let folder = tempfile::tempdir().expect("a folder");
    let weir = before(&origin, &folder).await;
    let through = Options {
        duration: WATCHED,
        outages: case
            .outage
            // The way in takes its time, too; until the fault is over nothing is said of pace.
            .map(|it| (Duration::ZERO, BEGINS + it))
            .into_iter()
            .collect(),
        ..Options::of(format!(
            "http://{}/ace/manifest.m3u8?id=cam",
            weir.address()
        ))
    };
    let straight = Options {
        duration: WATCHED,
        any_server: true,
        ..Options::of(origin.url())
    };
    for fault in &case.faults {
        origin.faults().add(fault.clone());
    }
    let both = async { tokio::join!(watch(&through), watch(&straight)) };
    let (through, straight) = within(both).await;
    (through.expect("a list"), straight.expect("a list"))
}

async fn before(origin: &Origin, folder: &TempDir) -> Service {
    let mut config = quick_config(folder);
    fast(&mut config);
    // A source that was out gives many segments at once, and then the list is long: so much is kept that what has
    // left it stays for as long again.
    config.settings.hls_max_segments = 41;
    config.sources = vec![Source {
        name: "cam".into(),
        url: origin.url().parse().expect("an address"),
    }];
    Service::start(config, Staged::default())
        .await
        .expect("a service")
}

/// Lets all cases happen at once, and says where it was not as it should.
async fn judged(cases: Vec<Case>) {
    let judge = async |case: &Case| {
        let (through, straight) = seen(case).await;
        let sees = |rule: &Rule| straight.findings.iter().any(|it| it.rule == *rule);
        let mut wrong = vec![];
        if !through.is_clean() {
            wrong.push(format!("{}: {through}", case.name));
        }
        if case.breaks.is_some_and(|rule| !sees(&rule)) {
            let rule = case.breaks;
            wrong.push(format!(
                "{}: no {rule:?} without Weir: {straight}",
                case.name
            ));
        }
        if through.segments < 6 || (case.outage.is_none() && through.fetched_again == 0) {
            wrong.push(format!("{}: too little to judge: {through}", case.name));
        }
        wrong
    };
    let wrong = join_all(cases.iter().map(judge)).await.concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_break_are_mended_or_marked() {
    judged(broken_rows()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_and_outages_of_the_source_are_its_own() {
    judged([broken_texts(), outages()].into_iter().flatten().collect()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn segments_that_are_none_are_left_out_and_marked() {
    judged(broken_segments()).await;
}

#[tokio::test]
async fn a_healthy_engine_gives_nothing_to_find() {
    let stage = Stage::fast(|_| {}).await;
    let options = Options {
        duration: WATCHED,
        ..Options::of(format!("http://{}{}", stage.address(), stage.entry()))
    };
    let report = within(watch(&options)).await.expect("a list");
    assert!(report.is_clean(), "{report}");
    assert!(0 < report.fetched_again, "{report}");
}

/// Polls and fetches, and tells the checker, until so many more segments have come.
async fn follow(checker: &mut Checker, player: &Player, clock: &Clock, count: usize) {
    let mut fetched = BTreeSet::new();
    let mut look = async || {
        let list = player.poll().await;
        checker.revision(clock.now().0, &list);
        for segment in &list.segments {
            if fetched.insert(segment.sequence) {
                let answer = player.fetch(segment).await;
                let told = SegmentAnswer {
                    status: answer.status.as_u16(),
                    declared: answer.header("content-length").parse().ok(),
                    body: &[answer.body],
                };
                checker.segment(clock.now().0, segment.sequence, &told);
            }
        }
        (count <= fetched.len()).then_some(())
    };
    eventually("so many segments", &mut look).await;
}

#[tokio::test]
async fn a_restart_of_weir_is_one_history_with_what_was_before() {
    let stage = Stage::fast(|_| {}).await;
    let player = stage.player().await;
    let (mut checker, clock) = (Checker::new(), Clock::start());
    follow(&mut checker, &player, &clock, 10).await;
    let stopped_at = clock.now().0;
    stage.weir.stop().await;
    let weir = Service::start(stage.config, Staged::default())
        .await
        .expect("a service");
    // The player keeps its address, in which only the port is another one here.
    let player = Player {
        address: weir.address(),
        ..player
    };
    player.poll().await;
    checker.outage(stopped_at, clock.now().0);
    follow(&mut checker, &player, &clock, 10).await;
    // The newest media of the source is shown again: the new life knows of no old one.
    let findings = checker.findings().iter();
    let odd: Vec<_> = findings.filter(|it| it.rule != Rule::SameBytes).collect();
    assert!(odd.is_empty(), "{odd:#?}");
}
