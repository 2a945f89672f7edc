//! Bodies that are not read on for a while, because enough of them waits to be shown.

use std::time::Duration;

use super::scene::{Scene, scene};
use crate::channel::Input;
use crate::pulse::{Measure, Numbers};
use crate::settings::Settings;
use crate::snapshot::Phase;
use crate::source::SourceKind;
use crate::testing::Broadcast;
use crate::time::Moment;

const FLOWING: fn(Moment) -> Measure = |now| {
    Measure::Told(Numbers {
        peers: Some(4),
        downloaded: Some(now.0.as_secs()),
        ..Numbers::default()
    })
};

/// A live channel on an engine's body, of which so many seconds came at once.
struct Stage {
    scene: Scene,
    broadcast: Broadcast,
}

impl Stage {
    fn filled(seconds: u64, settings: Settings) -> Self {
        let mut scene = scene();
        scene.settings = settings;
        scene.origin.kind = SourceKind::Session;
        scene.origin.intake = None;
        scene.origin.measure = FLOWING;
        scene.tell(Input::ViewerArrived);
        let mut stage = Self {
            scene,
            broadcast: Broadcast::default(),
        };
        for _ in 0..seconds {
            stage.gets(1);
        }
        assert_eq!(stage.scene.phase(), Phase::Live);
        stage
    }

    fn gets(&mut self, seconds: u64) {
        let pull = self.scene.reading.expect("a body is read");
        let chunks = vec![self.broadcast.seconds(seconds)];
        self.scene.tell(Input::Received { pull, chunks });
    }

    /// Whether the driver, which asks before it reads, would read on.
    fn is_read(&mut self) -> bool {
        let (now, settings) = (self.scene.now, self.scene.settings.clone());
        self.scene.channel.wants_more(now, &settings)
    }

    /// Lets time go by until it is to be read on, and says how long that took.
    fn rests(&mut self) -> Duration {
        let since = self.scene.now;
        while !self.is_read() {
            assert_eq!(
                self.scene.count("close"),
                0,
                "a body that rests was given up"
            );
            self.scene.play_for(Duration::from_millis(250));
        }
        self.scene.now.since(since)
    }
}

#[test]
fn a_body_that_rests_for_long_is_not_starving_when_it_is_read_on() {
    let mut stage = Stage::filled(70, Settings::default());
    let rested = stage.rests();
    assert!(Duration::from_secs(40) < rested, "{rested:?}");
    // It was not heard of for as long as it was not listened to.
    stage.scene.play(5);
    assert_eq!(stage.scene.count("close"), 0);
}

#[test]
fn what_a_new_session_sends_once_more_is_left_out_although_it_was_not_read_at_first() {
    let settings = Settings {
        initial_buffer: Duration::from_secs(40),
        ..Settings::default()
    };
    let mut stage = Stage::filled(80, settings);
    stage.scene.settings.initial_buffer = Duration::from_secs(20);
    let pull = stage.scene.reading.expect("a body is read");
    stage.scene.tell(Input::BodyEnded { pull, end: Ok(()) });
    let opened = stage.scene.reading.expect("another body is read");
    assert_ne!(pull, opened);
    let mut rested = Duration::ZERO;
    while !stage.is_read() {
        stage.scene.play_for(Duration::from_millis(250));
        rested += Duration::from_millis(250);
    }
    assert!(Duration::from_secs(6) < rested, "{rested:?}");
    // The new session has held forty seconds of what came before.
    stage.broadcast.back(40);
    let repeats = stage.scene.channel.counters.repeats;
    stage.gets(40);
    let left_out = stage.scene.channel.counters.repeats - repeats;
    assert!(
        18 <= left_out,
        "{left_out} pieces of two seconds were left out"
    );
}
