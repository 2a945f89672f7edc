//! All receivers at once: what an import has of them takes the place of those there are, or nothing is changed.

use std::sync::Arc;

use store::{Webhook, WebhookChange};
use url::Url;

use super::{Edit, Unchanged, WEBHOOKS_MAX, Webhooks};

impl Webhooks {
    /// Makes these all that there are. One whose address is known stays what it is, with its place in the news.
    pub async fn replace(&self, wanted: Vec<(Url, Edit)>) -> Result<(), Unchanged> {
        let _turn = self.inner.turn.acquire().await;
        if WEBHOOKS_MAX < wanted.len() {
            return Err(Unchanged::TooMany);
        }
        let ids: Vec<_> = self.receivers().keys().cloned().collect();
        let mut known: Vec<_> = ids.iter().filter_map(|id| self.known(id)).collect();
        let mut kept = Vec::with_capacity(wanted.len());
        for (url, edit) in wanted {
            let place = known.iter().position(|(it, _)| it.url == url.as_str());
            kept.push(match place.map(|place| known.swap_remove(place)) {
                Some((hook, standing)) => self.renewed(&hook, &standing, edit),
                None => self.fresh(&url, edit),
            });
        }
        let puts = kept.iter().cloned().map(WebhookChange::Put);
        let removed = |(hook, _): &(Arc<Webhook>, _)| WebhookChange::Removed {
            id: hook.id.clone(),
        };
        self.keep(puts.chain(known.iter().map(removed)).collect())
            .await?;
        for hook in kept {
            self.show(hook);
        }
        for (hook, _) in known {
            self.forget(&hook.id);
        }
        Ok(())
    }
}
