//! The one owner of what is saved: takes changes one after the other, and publishes what is on disk.
//!
//! Started by the composition root; it ends when nobody is left who could ask for a change.

use std::sync::Arc;
use std::time::Duration;

use store::{Saved, SettingsFile, WriteError};
use tokio::sync::{mpsc, oneshot, watch};

use super::saved::{Laid, lay, names, over};
use super::{Change, Mistake, Settings, past};
use crate::clock;
use crate::config::Config;
use crate::journal::Journal;
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
    /// The change that was to be taken back is not remembered.
    #[error(
        "there is no change {0} in the history; GET /api/v1/settings/history tells those there are"
    )]
    NoSuchChange(u64),
    /// The change that was to be taken back has been built upon.
    #[error("{} setting(s) have been changed since", .0.len())]
    ChangedAgain(Vec<Mistake>),
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

/// What is wanted.
#[derive(Clone, Debug)]
pub enum Wish {
    /// These values, whatever else is saved.
    Set(Change),
    /// These values to be all that is saved.
    Restore(Change),
    /// A change of the history to be taken back.
    TakeBack(u64),
}

/// Who wants it, as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Whoever knows the key.
    Key,
    /// There is no key.
    Anyone,
}

impl Who {
    /// The word for it in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Key => "api key",
            Self::Anyone => "anyone",
        }
    }
}

#[derive(Debug)]
struct Order {
    wish: Wish,
    who: Who,
    /// Revisions of which the settings must have one.
    expected: Option<Vec<String>>,
    answer: oneshot::Sender<Result<Arc<Settings>, NotKept>>,
}

struct Owner {
    /// The settings of the start.
    base: Settings,
    journal: Journal,
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
        config: &Config,
        journal: &Journal,
        tasks: &Tasks,
    ) -> (Self, watch::Receiver<Arc<Settings>>) {
        let laid = lay(&config.settings, &mut saved);
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
            base: config.settings.clone(),
            journal: journal.clone(),
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
        wish: Wish,
        who: Who,
        expected: Option<Vec<String>>,
    ) -> Result<Arc<Settings>, NotKept> {
        let (answer, answered) = oneshot::channel();
        let order = Order {
            wish,
            who,
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
            let kept = self.keep(&order).await;
            // Whoever has gone meanwhile reads what became of it.
            let _ = order.answer.send(kept);
        }
    }

    async fn keep(&mut self, order: &Order) -> Result<Arc<Settings>, NotKept> {
        let before = Arc::clone(&self.show.borrow());
        let revision = before.revision();
        let expected = order.expected.as_ref();
        if expected.is_some_and(|expected| !expected.contains(&revision)) {
            return Err(NotKept::Outdated { revision });
        }
        let (settings, mut saved) = self.wished(&order.wish, &before)?;
        let found = settings.contradictions();
        if !found.is_empty() {
            let mistakes = found.into_iter().map(Mistake::from).collect();
            return Err(NotKept::Contradictory(mistakes));
        }
        let steps = past::steps(&before, &self.saved.borrow(), &settings);
        let news = (!steps.is_empty()).then(|| past::news(&steps, order.who));
        if news.is_some() {
            let at = format!("{:.3}", clock::wall());
            saved.remember(at, order.who.as_str(), steps);
        }
        self.write(&saved).await?;
        self.saved.send_replace(Arc::new(saved));
        let settings = Arc::new(settings);
        self.show.send_replace(Arc::clone(&settings));
        if let Some(news) = news {
            tracing::info!("{}", news.message);
            self.journal.tell(news);
        }
        Ok(settings)
    }

    /// The settings as they are wanted, and what is to be saved for it.
    fn wished(&self, wish: &Wish, now: &Settings) -> Result<(Settings, Saved), NotKept> {
        let mut saved = Saved::clone(&self.saved.borrow());
        match wish {
            Wish::Set(change) => {
                let mut settings = now.clone();
                change.apply(&mut settings);
                change.save(&settings, &mut saved);
                Ok((settings, saved))
            }
            Wish::Restore(change) => {
                let mut settings = self.base.clone();
                change.apply(&mut settings);
                for name in names() {
                    saved.remove(name);
                }
                change.save(&settings, &mut saved);
                Ok((settings, saved))
            }
            Wish::TakeBack(number) => {
                let history = saved.history();
                let past = history.iter().find(|past| past.number == *number);
                let past = past.ok_or(NotKept::NoSuchChange(*number))?;
                past::take_back(past, now, &mut saved).map_err(NotKept::ChangedAgain)?;
                Ok((over(&self.base, &saved), saved))
            }
        }
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
