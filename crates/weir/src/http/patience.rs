//! Waits whose length is a setting: a change of it acts on those who wait already.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use crate::settings::Settings;

/// Waits, from now on, for as long as the settings say at the end of it; returns how long that was.
pub(super) async fn patience(
    mut settings: watch::Receiver<Arc<Settings>>,
    of: fn(&Settings) -> Duration,
) -> Duration {
    let mut limit = of(&settings.borrow_and_update());
    let mut end = pin!(sleep(limit));
    let begun = end.deadline() - limit;
    loop {
        tokio::select! {
            biased;
            () = end.as_mut() => return limit,
            Ok(()) = settings.changed() => {
                limit = of(&settings.borrow_and_update());
                end.as_mut().reset(begun + limit);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::Pin;

    type Wait = Pin<Box<dyn Future<Output = Duration>>>;

    fn set(seconds: u64) -> Arc<Settings> {
        Arc::new(Settings {
            stream_timeout: Duration::from_secs(seconds),
            ..Settings::default()
        })
    }

    fn wait(seconds: u64) -> (watch::Sender<Arc<Settings>>, Wait) {
        let (show, shown) = watch::channel(set(seconds));
        (show, Box::pin(patience(shown, |it| it.stream_timeout)))
    }

    async fn passes(seconds: u64, wait: &mut Wait) -> Option<Duration> {
        let time = Duration::from_secs(seconds);
        tokio::time::timeout(time, wait).await.ok()
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_lasts_as_long_as_is_set_also_when_nobody_can_change_it() {
        let (show, mut wait) = wait(20);
        drop(show);
        assert_eq!(passes(19, &mut wait).await, None);
        assert_eq!(passes(2, &mut wait).await, Some(Duration::from_secs(20)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_acts_on_a_wait_under_way_counted_from_its_beginning() {
        let (show, mut wait) = wait(20);
        assert_eq!(passes(15, &mut wait).await, None);
        show.send_replace(set(60));
        assert_eq!(passes(40, &mut wait).await, None);
        show.send_replace(set(30));
        assert_eq!(passes(1, &mut wait).await, Some(Duration::from_secs(30)));
    }
}
