//! On which engine a source is opened, where the channel has a wish; what it may not have, it is given without.

use std::time::Duration;

use channel::{Intake, OpenFailure, Where};
use engine::Address;

use super::{Open, Upstream};
use crate::selector::Selector;

/// How long the engine that is wished for may take to begin before another is asked.
const WISH_PATIENCE: Duration = Duration::from_secs(6);

impl Upstream {
    /// Opens a source where the channel wishes; `last` is the engine that carries it, or did.
    pub async fn open_at(
        &self,
        selector: &Selector,
        intake: Intake,
        at: Where,
        last: Option<&Address>,
    ) -> Result<Open, OpenFailure> {
        let avoid = match (at, last) {
            (Where::Anywhere, _) | (_, None) => Vec::new(),
            (Where::Again, Some(last)) => self.others(last),
            (Where::Elsewhere | Where::Beside, Some(last)) => vec![last.clone()],
        };
        if at == Where::Beside {
            return self.open(selector, intake, &avoid).await;
        }
        if !avoid.is_empty() && self.engines.has_room_besides(&avoid) {
            let wished = self.open(selector, intake, &avoid);
            if let Ok(Ok(open)) = tokio::time::timeout(WISH_PATIENCE, wished).await {
                return Ok(open);
            }
        }
        self.open(selector, intake, &[]).await
    }

    /// Whether another engine could carry a channel of this one.
    pub fn has_another(&self, engine: &Address) -> bool {
        self.engines.has_room_besides(std::slice::from_ref(engine))
    }

    fn others(&self, engine: &Address) -> Vec<Address> {
        let all = self.engines.all().into_iter();
        let all = all.map(|it| it.engine.engine);
        all.filter(|it| it != engine).collect()
    }
}
