//! Whose turn it is to change what operators have set: an import alone, other changes beside each other. It changes
//! nothing itself.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

use super::error::Problem;

/// Longest wait for one's turn: an import whose every part a busy disk holds up, and less than callers wait for an answer.
const TURN_PATIENCE: Duration = Duration::from_secs(15);

/// How long a caller is asked to wait when its turn did not come.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Turns are given first come, first served.
#[derive(Debug, Default)]
pub struct Turns {
    set: Arc<RwLock<()>>,
}

impl Turns {
    /// For one change: until it is dropped, no import begins.
    pub(super) async fn of_change(&self) -> Result<OwnedRwLockReadGuard<()>, Problem> {
        in_time(Arc::clone(&self.set).read_owned()).await
    }

    /// For an import: until it is dropped, nothing else is changed.
    pub(super) async fn of_import(&self) -> Result<OwnedRwLockWriteGuard<()>, Problem> {
        in_time(Arc::clone(&self.set).write_owned()).await
    }
}

async fn in_time<T>(turn: impl Future<Output = T>) -> Result<T, Problem> {
    let turn = tokio::time::timeout(TURN_PATIENCE, turn).await;
    turn.map_err(|_| {
        let waited = TURN_PATIENCE.as_secs();
        let detail = format!(
            "nothing was changed, because an import is being made and was not done within {waited} s"
        );
        Problem::conflict(detail, RETRY_AFTER)
    })
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn changes_are_made_beside_each_other_and_an_import_alone() {
        let turns = Turns::default();
        let one = turns.of_change().await.expect("nobody is there");
        let other = turns.of_change().await.expect("another change is no harm");
        let refused = turns.of_import().await.expect_err("changes are being made");
        assert_eq!(refused.status(), StatusCode::CONFLICT);
        drop((one, other));
        let import = turns.of_import().await.expect("nobody is there any more");
        assert!(turns.of_change().await.is_err());
        assert!(turns.of_import().await.is_err());
        drop(import);
        turns.of_change().await.expect("the import is over");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_has_its_turn_when_the_import_before_it_is_over() {
        let turns = Turns::default();
        let import = turns.of_import().await.expect("nobody is there");
        let over = async {
            tokio::time::sleep(TURN_PATIENCE / 2).await;
            drop(import);
        };
        let (change, ()) = tokio::join!(turns.of_change(), over);
        drop(change.expect("it waited for less than its patience"));
        turns.of_import().await.expect("nobody is there any more");
    }
}
