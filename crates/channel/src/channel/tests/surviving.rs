//! A viewer with a playhead while an engine fails: for how long it has nothing to play, by a clock that is a number.

use std::time::Duration;

use super::scene::{Scene, scene};
use crate::channel::{Effect, Input};
use crate::pulse::{Measure, Numbers};
use crate::source::{Intake, PullId};
use crate::testing::Broadcast;
use crate::time::Moment;

const STEP: Duration = Duration::from_millis(100);

/// How often a player looks at a list whose target duration is five seconds.
const LOOKS: Duration = Duration::from_millis(2_500);

/// What becomes of an engine's session.
#[derive(Clone, Copy)]
enum Blow {
    /// Its body is closed, and the engine refuses everything.
    Killed,
    /// It is silent and says that it receives nothing.
    Frozen,
    /// It is silent and answers nothing.
    Hung,
}

/// A broadcast that goes on by itself, and what has been received of it.
struct Air {
    broadcast: Broadcast,
    sent: u64,
    begun: Moment,
    /// Seconds that a session sends ahead of their time.
    ahead: u64,
}

impl Air {
    /// Some of what is there and was not received yet.
    fn receive(&mut self, scene: &mut Scene, pull: PullId) {
        let there = self.ahead + scene.now.since(self.begun).as_secs();
        if self.sent < there {
            let seconds = (there - self.sent).min(2);
            let chunks = vec![self.broadcast.seconds(seconds)];
            self.sent += seconds;
            scene.tell(Input::Received { pull, chunks });
        }
    }

    /// A new session begins so far behind with what it has held.
    fn begin_behind(&mut self, seconds: u64) {
        self.broadcast.back(seconds);
        self.sent -= seconds;
    }
}

/// A player of lists: it begins three segments behind their end.
#[derive(Default)]
struct Player {
    next: Option<u64>,
    dry_at: Moment,
    looks_at: Moment,
    stalled: Duration,
}

impl Player {
    fn look(&mut self, scene: &Scene) {
        if scene.now < self.looks_at {
            return;
        }
        self.looks_at = scene.now + LOOKS;
        let list = scene.list();
        let begin = list.segments.len() - 3;
        let next = *self.next.get_or_insert(list.segments[begin].sequence);
        for segment in list.segments.iter().filter(|it| next <= it.sequence) {
            if self.dry_at != Moment::ZERO {
                self.stalled += scene.now.since(self.dry_at);
            }
            self.dry_at = self.dry_at.max(scene.now) + segment.duration;
            self.next = Some(segment.sequence + 1);
        }
    }
}

fn told(downloaded: u64) -> Measure {
    Measure::Told(Numbers {
        peers: Some(4),
        downloaded: Some(downloaded),
        ..Numbers::default()
    })
}

/// Plays for a minute in which the engine is struck; another one needs `opening` seconds to begin. `ahead` is what the first
/// session had sent ahead of its time.
fn stalled(blow: Blow, opening: u64, ahead: u64) -> Duration {
    let mut scene = scene();
    scene.origin.intake = Some(Intake::Continuous);
    scene.origin.measure = |now| told(now.0.as_secs());
    scene.origin.elsewhere = true;
    scene.tell(Input::ViewerArrived);
    let begun = scene.now;
    let mut air = Air {
        broadcast: Broadcast::default(),
        sent: 0,
        begun,
        // The gate asks for ten seconds.
        ahead: 12 + ahead,
    };
    let mut player = Player::default();
    let first = scene.reading.expect("a body is read");
    let mut opens_at = None;
    let mut struck = false;
    while scene.now < begun + Duration::from_secs(60) {
        scene.play_for(STEP);
        let now = scene.now;
        if begun + Duration::from_secs(20) <= now && !struck {
            struck = true;
            scene.held_back = |effect| matches!(effect, Effect::Open { .. });
            strike(&mut scene, blow, first);
        }
        if !scene.waiting.is_empty() {
            let at = *opens_at.get_or_insert(now + Duration::from_secs(opening));
            if at <= now {
                scene.origin.measure = |now| told(now.0.as_secs());
                air.begin_behind(10);
                scene.release();
            }
        }
        let reading = scene.reading.expect("a body is read");
        let (wants, settings) = (scene.now, scene.settings.clone());
        if (!struck || reading != first) && scene.channel.wants_more(wants, &settings) {
            air.receive(&mut scene, reading);
        }
        if scene.has_list() {
            player.look(&scene);
        }
    }
    assert_ne!(scene.reading, Some(first), "it was never replaced");
    player.stalled
}

fn strike(scene: &mut Scene, blow: Blow, pull: PullId) {
    match blow {
        Blow::Killed => {
            scene.origin.measure = |_| Measure::Refused;
            let end = Ok(());
            scene.tell(Input::BodyEnded { pull, end });
        }
        Blow::Frozen => scene.origin.measure = |_| told(7),
        Blow::Hung => scene.origin.measure = |_| Measure::Unanswered,
    }
}

#[test]
fn who_holds_enough_notices_nothing_of_an_engine_that_fails() {
    // Ten seconds are kept back of what the first session sent ahead, and twelve are in a player.
    for opening in [1, 3] {
        for blow in [Blow::Killed, Blow::Frozen, Blow::Hung] {
            assert_eq!(stalled(blow, opening, 12), Duration::ZERO);
        }
    }
    assert_eq!(stalled(Blow::Killed, 8, 12), Duration::ZERO);
}

#[test]
fn where_nothing_is_kept_back_a_stall_is_what_opening_takes_beyond_what_players_hold() {
    assert_eq!(stalled(Blow::Killed, 3, 0), Duration::ZERO);
    let slow = stalled(Blow::Hung, 12, 0);
    let most = Duration::from_secs(5 + 12 + 5 - 8);
    assert!(Duration::ZERO < slow && slow <= most, "{slow:?}");
}
