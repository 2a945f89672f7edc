//! Looks for loops: one task, which asks no engine, since their statistics are read anyway.

use channel::EndReason;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::Parts;
use crate::clock;
use crate::handle::Handle;
use crate::journal::{Kind, News};
use crate::loops::Looping;
use crate::upstream::Upstream;

/// The one task.
pub(super) struct Watch {
    pub(super) parts: Parts,
    /// Cancelled when the service ends.
    pub(super) stopping: CancellationToken,
}

impl Watch {
    /// Looks whenever it is time to, and at once when that is changed.
    pub(super) async fn run(self) {
        let mut detections = self.parts.context.records.loops.detections();
        loop {
            let detection = *detections.borrow_and_update();
            if detection.enabled {
                self.look().await;
            }
            tokio::select! {
                biased;
                () = self.stopping.cancelled() => return,
                Ok(()) = detections.changed() => {}
                () = tokio::time::sleep(detection.interval()), if detection.enabled => {}
            }
        }
    }

    async fn look(&self) {
        let now = clock::wall();
        for handle in self.parts.registry.all() {
            if let Some(behind) = self.own_is_behind(&handle, now) {
                let (looping, stream) = noted(&handle, now);
                self.note(looping, stream.as_deref(), behind);
                self.parts.registry.stop(&handle, EndReason::Looping).await;
            }
        }
        let named = self.parts.context.upstream.named();
        for stream in self.parts.context.outbox.reported() {
            let last = self.parts.context.records.statistics.newest(&stream.id);
            let live_last = last.and_then(|it| it.livepos?.newest());
            let behind = live_last.and_then(|it| self.is_behind(it, now));
            let session = Upstream::session_of(&stream, &named);
            let (Some(behind), Some(session), true) = (behind, session, stream.is_live) else {
                continue;
            };
            let looping = noted_of_other(&stream, now);
            self.note(looping, Some(&stream.id), behind);
            if let Err(error) = self.parts.context.upstream.stop_other(&session).await {
                let engine = &session.engine;
                tracing::warn!(%engine, "engine {engine} did not take the stop of a looping session: {error}");
            }
            let reason = EndReason::Looping.as_str().to_owned();
            self.parts
                .context
                .outbox
                .report_end(Some(&stream.id), None, Some(reason));
        }
    }

    fn own_is_behind(&self, handle: &Handle, now: Timestamp) -> Option<i64> {
        let stream = handle.stream();
        let stream = stream.as_ref()?;
        let stat = stream.stat.as_ref()?;
        let said = stream.session.as_ref().and_then(|it| it.is_live);
        let is_live = stat.is_live.or(said).unwrap_or(true);
        let live_last = stat.livepos?.newest().filter(|_| is_live)?;
        self.is_behind(live_last, now)
    }

    /// Seconds that the newest media is old, if that is a loop.
    fn is_behind(&self, live_last: u64, now: Timestamp) -> Option<i64> {
        let now = now.as_second();
        let looping = self
            .parts
            .context
            .records
            .loops
            .detection()
            .is_loop(live_last, now);
        looping.then(|| now.saturating_sub(live_last.cast_signed()))
    }

    /// Notes and tells that a channel loops.
    fn note(&self, looping: Looping, stream: Option<&str>, behind: i64) {
        let key = &looping.key;
        let message = format!(
            "it shows media that is {behind} s old again and again; it is stopped, and refused for now"
        );
        tracing::warn!(channel = %key, "channel {key}: {message}");
        let news = News::new(Kind::LoopDetected, message).of_channel(key, stream);
        let news = news.with("behind_seconds", behind.to_string());
        self.parts.context.journal.tell(news);
        self.parts.context.records.loops.add(looping);
    }
}

/// What a stream of ours is noted as, and its id.
fn noted(handle: &Handle, at: Timestamp) -> (Looping, Option<String>) {
    let stream = handle.stream();
    let infohash = stream.as_ref().and_then(|it| it.infohash());
    let looping = Looping {
        key: handle.key.clone(),
        infohash: infohash.map(str::to_owned),
        at,
    };
    (looping, stream.as_ref().map(|it| it.id.clone()))
}

/// What a stream of another proxy is noted as.
fn noted_of_other(stream: &ledger::Stream, at: Timestamp) -> Looping {
    let is_hash = matches!(stream.key_type.as_str(), "infohash" | "magnet");
    Looping {
        key: stream.key.clone(),
        infohash: is_hash.then(|| stream.key.clone()),
        at,
    }
}
