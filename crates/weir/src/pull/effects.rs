//! What a channel says is to be done, done for its driver: one arm an effect. It decides nothing.

use std::sync::Arc;

use channel::{Effect, Event, Input};

use super::{Driver, numbers, tell};

impl Driver {
    pub(super) fn take(&mut self, input: Input) {
        let now = self.context.clock.now();
        for effect in self.channel.on(now, &self.limits, input) {
            self.carry_out(effect);
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Open { pull, intake, at } => self.open(pull, intake, at),
            Effect::Measure { pull } => self.measure(pull),
            Effect::Read { pull } => self.read(pull),
            Effect::Poll { pull } => self.poll(pull),
            Effect::Fetch {
                pull,
                item,
                segment,
            } => self.fetch(pull, item, segment),
            Effect::Load {
                pull,
                resource,
                wanted,
            } => self.load(pull, resource, wanted),
            Effect::Close { pull } => self.close_pull(pull),
            Effect::Wake => self.show.send_modify(|_| {}),
            Effect::Publish(snapshot) => {
                self.show.send_replace(Arc::from(snapshot));
            }
            Effect::Remember(promise) => {
                numbers::remember(&self.context.store, &self.handle.key, promise);
            }
            Effect::Tell(event) => self.tell(&event),
            Effect::Finish => self.finish(),
        }
    }

    fn tell(&mut self, event: &Event) {
        if let Event::SourceLost { cause } = event {
            self.lost.clone_from(cause);
        }
        let teller = tell::Teller {
            registry: &self.registry,
            outbox: &self.context.outbox,
            journal: &self.context.journal,
            tales: &self.context.records.tales,
            handle: &self.handle,
            left: self.left.as_ref(),
            lost: &self.lost,
        };
        teller.event(event);
    }

    /// Leaves the registry, unless somebody has come meanwhile.
    fn finish(&mut self) {
        if self.handle.viewers().close_if_empty() {
            self.registry.remove(&self.handle);
            self.finished = true;
        }
        // Whoever came has also sent word of it, and that is still to be read.
    }
}
