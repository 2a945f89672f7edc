//! What an engine's statistics say of a session, in the channel's words; it judges nothing.

use channel::{Measure, Numbers};
use engine::{ApiError, FetchError, Session, Stat, StatError, Status};

/// What came of asking, or what the engine says is wrong with the session.
pub(super) fn of(session: &Session, asked: &Result<Stat, StatError>) -> Result<Measure, String> {
    match asked {
        Ok(stat) if stat.status == Some(Status::Failed) => {
            let text = stat.error_message.as_deref();
            let text = text.unwrap_or("no reason given");
            Err(format!("the engine gave up: {text}"))
        }
        Ok(stat) if is_taken_over(stat, session) => {
            Err("another player took the session over".into())
        }
        Ok(stat) => Ok(told(stat)),
        Err(error @ StatError::SessionGone) => Err(error.to_string()),
        Err(StatError::NoStatUrl) => Ok(Measure::Never),
        Err(StatError::Api(ApiError::Unreachable(error))) => Ok(match error {
            FetchError::Connect { .. } | FetchError::Lookup { .. } => Measure::Refused,
            FetchError::Timeout { .. } => Measure::Unanswered,
            _ => Measure::Nothing,
        }),
        Err(StatError::Api(_)) => Ok(Measure::Nothing),
    }
}

fn told(stat: &Stat) -> Measure {
    let collecting = match &stat.status {
        Some(Status::Downloading | Status::Failed | Status::Unknown(_)) => false,
        Some(
            Status::Idle
            | Status::Checking
            | Status::Prebuffering
            | Status::Buffering
            | Status::Waiting
            | Status::Seeking,
        ) => true,
        // The first answers of a session are empty.
        None => return Measure::Nothing,
    };
    Measure::Told(Numbers {
        collecting,
        peers: stat.peers,
        downloaded: stat.downloaded,
        newest: stat.livepos.and_then(|it| it.last_ts.or(it.live_last)),
    })
}

fn is_taken_over(stat: &Stat, session: &Session) -> bool {
    match (&stat.playback_session_id, &session.playback_session_id) {
        // Ids of one engine have one length; another one is a slip, not another session.
        (Some(now), Some(ours)) => now.len() == ours.len() && now != ours,
        _ => false,
    }
}
