//! Opens a session on an engine: claims a place, starts, and goes on to another engine where that cannot work.

use std::time::Duration;

use channel::{Intake, OpenFailure, SourceKind};
use engine::pool::Sign;
use engine::{Address, Http, Output, Selector, Session, StartError, Timeouts};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::tries::{Fault, Tries};
use super::{Open, Upstream};
use crate::engines::Hold;

/// How long a start may be unanswered before the engine is asked whether it lives: four times what one takes.
const ASK_AFTER: Duration = Duration::from_secs(2);

/// How long the answer to that may take. An engine that hangs takes for ever, one that lives some milliseconds.
const ASK_WITHIN: Duration = Duration::from_secs(3);

/// How long an engine that lives is left alone with a start while another could be tried: longer than it takes to find
/// out that there is no such content.
const LEAVE_AFTER: Duration = Duration::from_secs(6);

/// Longest wait at the end of the service for starts that nobody waits for any more, so that they can be stopped.
const LATE_PATIENCE: Duration = Duration::from_secs(6);

/// A start that ran well: a session, how it gives its media, and the place that it takes.
struct Started {
    session: Session,
    intake: Intake,
    hold: Hold,
}

type Start = oneshot::Receiver<Result<Started, StartError>>;

impl Upstream {
    pub(super) async fn open_session(
        &self,
        wanted: &Selector,
        intake: Intake,
        avoid: &[Address],
    ) -> Result<Open, OpenFailure> {
        let begun = self.clock.now().0;
        if let Some(said) = self.refusals.of(begun, wanted) {
            return Err(OpenFailure::Refused(said));
        }
        let mut tries = Tries::new(begun, avoid);
        loop {
            let claimed = if tries.is_first() {
                self.engines.claim(tries.avoid()).await
            } else {
                self.engines.claim_at_once(tries.avoid())
            };
            let hold = match claimed {
                Ok(hold) => hold,
                Err(unavailable) => return Err(tries.without(&unavailable)),
            };
            let engine = hold.engine().clone();
            tries.on(&engine);
            self.engines.swept(&engine).await;
            match self.try_on(hold, wanted, intake, &tries).await {
                Ok(started) => {
                    self.engines.succeeded(&engine);
                    if let (Selector::ContentId(id), Some(infohash)) =
                        (wanted, &started.session.infohash)
                    {
                        self.engines.learn_content(id, infohash);
                    }
                    return Ok(Open::session(started));
                }
                Err(fault) => {
                    self.blame(&engine, &fault);
                    let now = self.clock.now().0;
                    if let Some(failure) = tries.failed(now, &fault) {
                        if let Fault::Unknown(said) = &fault {
                            self.refusals.remember(now, wanted, said);
                        }
                        return Err(failure);
                    }
                }
            }
        }
    }

    /// One engine's try. An answer that is late is waited for as long as there is no better engine.
    async fn try_on(
        &self,
        hold: Hold,
        wanted: &Selector,
        intake: Intake,
        tries: &Tries,
    ) -> Result<Started, Fault> {
        let engine = hold.engine().clone();
        let begun = self.clock.now().0;
        let waited = || self.clock.now().0.saturating_sub(begun);
        let others = || self.engines.has_room_besides(tries.avoid());
        let mut start = self.begin(hold, wanted.clone(), intake);
        if let Ok(answer) = tokio::time::timeout(ASK_AFTER, answered(&mut start)).await {
            return answer;
        }
        let probe = tokio::time::timeout(ASK_WITHIN, self.http.version(&engine));
        let lives = tokio::select! {
            biased;
            answer = answered(&mut start) => return answer,
            probed = probe => matches!(probed, Ok(Ok(_))),
        };
        if !lives && others() {
            let seconds = waited().as_secs_f64();
            let said =
                format!("{engine} answered neither a start nor a probe within {seconds:.1} s");
            return Err(Fault::Silent(said));
        }
        if lives && tries.may_leave_slow() {
            let rest = LEAVE_AFTER.saturating_sub(waited());
            if let Ok(answer) = tokio::time::timeout(rest, answered(&mut start)).await {
                return answer;
            }
            if others() {
                return Err(Fault::Slow(waited()));
            }
        }
        answered(&mut start).await
    }

    /// Starts a session in a task of its own: if nobody waits for it any more when it has begun, it is stopped, and its
    /// place is taken until then.
    fn begin(&self, hold: Hold, wanted: Selector, intake: Intake) -> Start {
        let (answer, start) = oneshot::channel();
        let starter = Starter {
            http: self.http.clone(),
            timeouts: self.timeouts(),
        };
        let stopping = self.tasks.stopping().clone();
        self.tasks.spawn(async move {
            let start = starter.start_fittingly(hold.engine(), &wanted, intake);
            let started = tokio::select! {
                biased;
                started = start => started,
                () = long_after(&stopping) => return,
            };
            let started = started.map(|(session, intake)| Started {
                session,
                intake,
                hold,
            });
            if let Err(Ok(unwanted)) = answer.send(started) {
                starter.stop(&unwanted.session).await;
            }
        });
        start
    }

    /// Notes a fault against the engine, if it is one of the engine's.
    fn blame(&self, engine: &Address, fault: &Fault) {
        match fault {
            // An engine that does not find what somebody made up is none the worse for it.
            Fault::Unknown(_) => {}
            Fault::Slow(_) => {
                let said = OpenFailure::from(fault).to_string();
                self.engines.failed(engine, Sign::Unfit, &said);
            }
            Fault::Unfit(said) => self.engines.failed(engine, Sign::Unfit, said),
            Fault::Silent(said) => self.engines.failed(engine, Sign::Silent, said),
        }
    }
}

/// What comes of a start.
async fn answered(start: &mut Start) -> Result<Started, Fault> {
    match start.await {
        Ok(Ok(started)) => Ok(started),
        Ok(Err(error)) if error.refused_content() => Err(Fault::Unknown(error.to_string())),
        Ok(Err(error)) if error.answered() => Err(Fault::Unfit(error.to_string())),
        Ok(Err(error)) => Err(Fault::Silent(error.to_string())),
        Err(_) => Err(Fault::Silent("the service is stopping".into())),
    }
}

impl Open {
    fn session(started: Started) -> Self {
        let Started {
            session,
            intake,
            hold,
        } = started;
        Self {
            kind: SourceKind::Session,
            intake,
            place: session.place(),
            variant: None,
            session: Some(session),
            first: None,
            body: None,
            hold: Some(hold),
        }
    }
}

/// Starts and stops sessions.
pub(super) struct Starter {
    pub(super) http: Http,
    pub(super) timeouts: Timeouts,
}

impl Starter {
    /// Starts a session that gives its media as is wanted, or as it can.
    async fn start_fittingly(
        &self,
        engine: &Address,
        wanted: &Selector,
        intake: Intake,
    ) -> Result<(Session, Intake), StartError> {
        let session = self.start(engine, wanted, intake).await?;
        if !session.is_encrypted || intake == Intake::Playlist {
            return Ok((session, intake));
        }
        // Engines decrypt for their playlists alone.
        self.stop(&session).await;
        let intake = Intake::Playlist;
        let session = self.start(engine, wanted, intake).await?;
        Ok((session, intake))
    }

    /// Starts a session, by the other reading of an id where an engine does not know the one.
    async fn start(
        &self,
        engine: &Address,
        wanted: &Selector,
        intake: Intake,
    ) -> Result<Session, StartError> {
        let (http, timeouts) = (&self.http, &self.timeouts);
        let output = match intake {
            Intake::Playlist => Output::Hls,
            Intake::Continuous => Output::Ts,
        };
        match http.start(engine, wanted, output, timeouts).await {
            // A bare id may be an infohash; engines take the one for the other only by name.
            Err(error) if error.refused_content() => match wanted {
                Selector::ContentId(id) => {
                    let infohash = Selector::Infohash(id.clone());
                    http.start(engine, &infohash, output, timeouts).await
                }
                _ => Err(error),
            },
            other => other,
        }
    }

    /// Ends a session; returns whether its engine took the stop.
    pub(super) async fn stop(&self, session: &Session) -> bool {
        let stopped = self.http.stop(session).await;
        if let Err(error) = &stopped {
            tracing::warn!(engine = %session.engine, "engine {} did not take the stop of a session: {error}", session.engine);
        }
        stopped.is_ok()
    }
}

/// Some time after the service was told to end.
async fn long_after(stopping: &CancellationToken) {
    stopping.cancelled().await;
    tokio::time::sleep(LATE_PATIENCE).await;
}
