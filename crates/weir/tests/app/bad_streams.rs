//! Continuous streams that are not what they should be: what can be shown is shown, the rest is refused in words that
//! say why, and neither takes more memory than a good one.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;
use simulator::fault::{Endpoint, Http};
use simulator::media::{Flaw, Media};
use simulator::relay::{Framing, Options};
use weir::clock::Clock;

use crate::audience::Audience;
use crate::continuous_source::engine;
use crate::plain::media;
use crate::relayed::Relayed;
use crate::stage::Stage;

/// What a channel of the default number of segments of these streams may hold, with as much again for what is in the making.
const HELD_BYTES_MAX: u64 = 8 << 20;

fn assert_bounded(channel: &Value) {
    let held = channel["buffer_bytes"].as_u64().expect("a count");
    assert!(held < HELD_BYTES_MAX, "{channel:#}");
    let reserve = channel["reserve_seconds"].as_f64().expect("seconds");
    assert!(reserve < 15.0, "{channel:#}");
}

/// As fast as it is read.
fn rushing(media: Media) -> Options {
    Options {
        burst: u64::MAX,
        ..Options::of(media)
    }
}

/// Viewers of both kinds are refused with a status and these words, and so is who looks at the state.
async fn refused(relayed: Relayed, status: u16, why: &str) {
    for path in ["/ace/getstream?id=cam", "/ace/stream/cam.ts"] {
        let answer = relayed.get(path).await;
        let text = answer.text();
        assert_eq!(answer.status, status, "{text}");
        assert!(text.contains(why), "{text}");
    }
    let channel = relayed.channel(|it| it["state"] == "failed").await;
    let failure = channel["failure"].as_str().expect("a text");
    assert!(failure.contains(why), "{failure}");
    assert_eq!(channel["buffer_bytes"], 0, "{channel:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_shown_is_refused_with_the_reason() {
    let cases = [
        (
            rushing(media().flawed(Flaw::NoPat)),
            "none says what is in the stream",
        ),
        (
            Options::of(media().flawed(Flaw::NoPat)),
            "none says what is in the stream",
        ),
        (
            rushing(media().flawed(Flaw::Scrambled)),
            "the stream is encrypted",
        ),
        (
            Options::of(media().flawed(Flaw::NoVideo)),
            "nothing of what came could be shown",
        ),
    ];
    let meet = async |(options, why)| refused(Relayed::new(options).await, 503, why).await;
    join_all(cases.map(meet)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_gives_something_else_than_media_is_refused_with_what_it_is() {
    let json: &[u8] = b"{\"error\":\"no such channel\"}";
    let cases = [
        (Http::Html, "HTML"),
        (Http::Replace(json.into()), "JSON"),
        (Http::Replace(b"no such channel".as_slice().into()), "text"),
        (
            Http::Replace([0x5a_u8, 0, 1, 2].repeat(8_000).into()),
            "something binary",
        ),
    ];
    let meet = async |(instead, why)| {
        let relayed = Relayed::new(Options::of(media())).await;
        relayed.relay.faults().always(Endpoint::Stream, instead);
        refused(
            relayed,
            502,
            &format!("neither a playlist nor MPEG-TS, but {why}"),
        )
        .await;
    };
    join_all(cases.map(meet)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_gives_something_else_than_media_is_told_of_in_words() {
    let cases = [
        (Http::Html, "it looks like HTML"),
        (
            Http::Replace(b"[\"no\"]".as_slice().into()),
            "it looks like JSON",
        ),
        (
            Http::Replace(b"start timeout".as_slice().into()),
            "it looks like text",
        ),
        (Http::Empty, "it was empty"),
    ];
    let meet = async |(instead, why): (Http, &str)| {
        let stage = Stage::read_on(engine(), |config| {
            config.settings.hls_first_segment_timeout = Duration::from_secs(2);
        })
        .await;
        stage.engine.faults().always(Endpoint::Stream, instead);
        for path in [stage.entry(), stage.continuous()] {
            let answer = stage.get(&path).await;
            assert_eq!(answer.status, 503);
            assert!(answer.text().contains(why), "{}", answer.text());
        }
    };
    join_all(cases.map(meet)).await;
}

/// Both kinds of viewers play it; what the channel looks like then.
async fn plays(options: Options) -> (Relayed, Audience, Value) {
    let relayed = Relayed::new(options).await;
    let mut audience = relayed.audience().await;
    audience.more(6).await;
    let channel = relayed.channel(|it| it["viewers"] == 2).await;
    assert_bounded(&channel);
    (relayed, audience, channel)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_never_has_a_key_frame_is_shown_all_the_same() {
    let options = Options {
        burst: 60_000,
        ..Options::of(media().flawed(Flaw::NoKeyFrame))
    };
    let (_relayed, audience, channel) = plays(options).await;
    assert_eq!(channel["upstream"]["flaws"], 1, "{channel:#}");
    assert_eq!(channel["upstream"]["sessions"], 1, "{channel:#}");
    assert_eq!(audience.watcher.discontinuities(), 0);
    let wrong = audience.listener.wrong();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_without_a_clock_is_shown_by_the_times_of_its_frames() {
    let (_relayed, audience, channel) = plays(Options::of(media().flawed(Flaw::NoClock))).await;
    audience.assert_unbroken();
    assert_eq!(channel["upstream"]["flaws"], 0, "{channel:#}");
}

/// Somebody plays a real clip in either way; it has no marks, so it is looked at from outside.
async fn plays_clip(options: Options) -> Value {
    let relayed = Relayed::new(options).await;
    let player = relayed.player().await;
    let mut listener = relayed.listener().await;
    let first = player.poll().await;
    assert!(3 <= first.segments.len());
    listener.until(|report| 200 <= report.packets).await;
    let list = player
        .poll_until(|list| first.media_sequence + 4 <= list.media_sequence)
        .await;
    assert!(
        list.segments
            .iter()
            .all(|it| it.duration <= list.target_duration)
    );
    let wrong = listener.wrong();
    assert!(wrong.is_empty(), "{wrong:?}");
    let channel = relayed.channel(|it| it["viewers"] == 2).await;
    assert_bounded(&channel);
    assert_eq!(channel["upstream"]["sessions"], 1, "{channel:#}");
    channel
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_whose_video_does_not_come_is_played_by_its_sound() {
    let channel = plays_clip(rushing(Media::clip(0).flawed(Flaw::NoVideo))).await;
    assert_eq!(channel["upstream"]["flaws"], 1, "{channel:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_of_sound_alone_is_played_as_one() {
    let channel = plays_clip(rushing(Media::clip(0).flawed(Flaw::SoundAlone))).await;
    assert_eq!(channel["upstream"]["flaws"], 0, "{channel:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_whose_codecs_change_has_a_break_in_the_list_and_goes_on_for_both() {
    let options = Options {
        burst: 60_000,
        ..Options::of(media().changing(14, Media::clip(0)))
    };
    let relayed = Relayed::new(options).await;
    let player = relayed.player().await;
    let mut listener = relayed.listener().await;
    let breaks = |list: &hls::Media| {
        let later = list.segments.iter().skip(1);
        later.filter(|it| it.discontinuity).count()
    };
    let broken = player.poll_until(|list| 1 <= breaks(list)).await;
    let at = broken.segments.iter().skip(1).find(|it| it.discontinuity);
    let at = at.expect("a break").sequence;
    let list = player
        .poll_until(|list| list.segments.last().is_some_and(|it| at + 2 <= it.sequence))
        .await;
    assert!(breaks(&list) <= 1, "{list:#?}");
    let read = listener.report().packets + 500;
    listener.until(|report| read <= report.packets).await;
    let wrong = listener.wrong();
    assert!(wrong.is_empty(), "{wrong:?}");
    let channel = relayed.channel(|it| it["viewers"] == 2).await;
    assert_eq!(channel["upstream"]["sessions"], 1, "{channel:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn junk_and_a_status_line_before_the_media_are_passed_over() {
    let meet = async |junk: Http| {
        let stage = Stage::read_on(engine(), |_| {}).await;
        stage.engine.faults().always(Endpoint::Stream, junk.clone());
        let mut audience = Audience::of(&stage).await;
        audience.more(4).await;
        audience.assert_unbroken();
        assert_eq!(stage.engine.metrics().starts_all(), 1, "{junk:?}");
    };
    join_all([Http::Junk(5_000), Http::StatusLineInside].map(meet)).await;
}

/// Bodies that may be asked for in a second; more would be a loop that runs hot.
const STREAMS_A_SECOND_MAX: f64 = 4.0;

/// What ends after so many bytes, as often as it is asked for.
fn short(bytes: u64) -> Options {
    Options {
        framing: Framing::Length(bytes),
        ..rushing(media())
    }
}

fn assert_in_peace(relayed: &Relayed, clock: &Clock) {
    let streams = relayed.relay.metrics().streams as f64;
    let most = 4.0 + clock.now().0.as_secs_f64() * STREAMS_A_SECOND_MAX;
    assert!(streams < most, "{streams} streams");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_ends_every_few_seconds_is_asked_for_again_and_again_and_goes_on() {
    let clock = Clock::start();
    let relayed = Relayed::new(short(100_000)).await;
    let mut listener = relayed.listener().await;
    listener
        .until(|report| report.last.is_some_and(|it| 12 <= it.mark.segment))
        .await;
    listener.assert_smooth();
    assert_in_peace(&relayed, &clock);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_length_that_is_too_short_for_a_segment_is_no_reason_to_ask_in_a_hot_loop() {
    let clock = Clock::start();
    let relayed = Relayed::with(short(10_000), |config| {
        config.settings.hls_buffer_ready_timeout = Duration::from_secs(5);
    })
    .await;
    // Whether it is enough to be played depends on when the pieces come.
    let answer = relayed.get("/ace/getstream?id=cam").await;
    assert!([200, 503].contains(&answer.status.as_u16()));
    assert_in_peace(&relayed, &clock);
}
