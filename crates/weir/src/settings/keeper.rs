//! The one owner of what is saved: takes changes one after the other, and publishes what is on disk.
//!
//! Started by the composition root; it ends when nobody is left who could ask for a change.

use std::sync::Arc;
use std::time::Duration;

use store::{Saved, SettingsFile, WriteError};
use tokio::sync::{mpsc, oneshot, watch};

use super::saved::{Laid, lay};
use super::{Change, Mistake, Settings};
use crate::tasks::Tasks;

/// Changes that may wait for the disk: more than people make, and a script can wait.
const CHANGES_MAX: usize = 64;

/// Longest wait for one's turn and for the disk; a good one needs milliseconds.
const ANSWER_PATIENCE: Duration = Duration::from_secs(20);

/// Takes changes to the one that keeps them; clones reach the same.
#[derive(Clone, Debug)]
pub struct Keeper {
    orders: mpsc::Sender<Order>,
    saved: watch::Receiver<Arc<Saved>>,
}

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum NotKept {
    /// Its values do not go with those that stay.
    #[error("{} contradiction(s)", .0.len())]
    Contradictory(Vec<Mistake>),
    /// Somebody else was first.
    #[error(
        "the settings have been changed since you read them: they are at revision \"{revision}\" now, read them again"
    )]
    Outdated {
        /// The values as they are now.
        revision: String,
    },
    /// The disk did not take it.
    #[error(transparent)]
    Unwritten(#[from] WriteError),
    /// Too many changes wait.
    #[error("{CHANGES_MAX} changes wait to be saved already, try again later")]
    Busy,
    /// Nothing is known of it.
    #[error("the disk has not answered; GET /proxy/config tells whether the change was made")]
    Unanswered,
}

#[derive(Debug)]
struct Order {
    change: Change,
    /// Revisions of which the settings must have one.
    expected: Option<Vec<String>>,
    answer: oneshot::Sender<Result<Arc<Settings>, NotKept>>,
}

struct Owner {
    file: Arc<SettingsFile>,
    saved: watch::Sender<Arc<Saved>>,
    show: watch::Sender<Arc<Settings>>,
    orders: mpsc::Receiver<Order>,
}

impl Keeper {
    /// Lays what is saved over the settings of the start, and begins to take changes.
    pub fn start(
        file: SettingsFile,
        mut saved: Saved,
        base: &Settings,
        tasks: &Tasks,
    ) -> (Self, watch::Receiver<Arc<Settings>>) {
        let laid = lay(base, &mut saved);
        let Laid {
            settings,
            ignored,
            used,
        } = laid;
        if !used.is_empty() {
            let names = used.join(", ");
            tracing::info!("saved settings win over variables: {names}");
        }
        for mistake in &ignored {
            tracing::error!("a saved setting is not used: {mistake}");
        }
        if !ignored.is_empty() {
            file.copy_aside();
        }
        let (show, shown) = watch::channel(Arc::new(settings));
        let (orders, receiver) = mpsc::channel(CHANGES_MAX);
        let owner = Owner {
            file: Arc::new(file),
            saved: watch::Sender::new(Arc::new(saved)),
            show,
            orders: receiver,
        };
        let saved = owner.saved.subscribe();
        tasks.spawn(owner.run());
        (Self { orders, saved }, shown)
    }

    /// What is saved.
    pub fn saved(&self) -> Arc<Saved> {
        Arc::clone(&self.saved.borrow())
    }

    /// Makes a change. When this returns settings, they are on the disk and in effect; with an error
    /// nothing has changed. `expected` holds the revisions that the change may build on, if it
    /// does not build on any.
    pub async fn change(
        &self,
        change: Change,
        expected: Option<Vec<String>>,
    ) -> Result<Arc<Settings>, NotKept> {
        let (answer, answered) = oneshot::channel();
        let order = Order {
            change,
            expected,
            answer,
        };
        self.orders.try_send(order).map_err(|_| NotKept::Busy)?;
        match tokio::time::timeout(ANSWER_PATIENCE, answered).await {
            Ok(Ok(kept)) => kept,
            Ok(Err(_)) | Err(_) => Err(NotKept::Unanswered),
        }
    }
}

impl Owner {
    async fn run(mut self) {
        while let Some(order) = self.orders.recv().await {
            let kept = self.keep(&order.change, order.expected.as_deref()).await;
            // Whoever has gone meanwhile reads what became of it.
            let _ = order.answer.send(kept);
        }
    }

    async fn keep(
        &mut self,
        change: &Change,
        expected: Option<&[String]>,
    ) -> Result<Arc<Settings>, NotKept> {
        let mut settings = Settings::clone(&self.show.borrow());
        let revision = settings.revision();
        if expected.is_some_and(|expected| !expected.contains(&revision)) {
            return Err(NotKept::Outdated { revision });
        }
        change.apply(&mut settings);
        let found = settings.contradictions();
        if !found.is_empty() {
            let mistakes = found.into_iter().map(Mistake::from).collect();
            return Err(NotKept::Contradictory(mistakes));
        }
        let mut saved = Saved::clone(&self.saved.borrow());
        change.save(&settings, &mut saved);
        self.write(&saved).await?;
        self.saved.send_replace(Arc::new(saved));
        let settings = Arc::new(settings);
        self.show.send_replace(Arc::clone(&settings));
        Ok(settings)
    }

    async fn write(&self, saved: &Saved) -> Result<(), NotKept> {
        let file = Arc::clone(&self.file);
        let saved = saved.clone();
        let written = tokio::task::spawn_blocking(move || file.write(&saved)).await;
        let written = written.map_err(|_| NotKept::Unanswered)?;
        if let Err(error) = &written {
            tracing::error!("a change of settings was not made: {error}");
        }
        Ok(written?)
    }
}
