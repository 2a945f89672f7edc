//! A limit around the connector that each request sets for itself; the client's own limit is the same for all.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::Notify;
use tower_layer::Layer;
use tower_service::Service;

type BoxError = Box<dyn Error + Send + Sync>;

tokio::task_local! {
    /// The request on whose behalf a connection is made. The connector runs inside the request's own poll.
    static ATTEMPT: Arc<Attempt>;
}

/// One request as its connector sees it: how long it may take, and how far it is.
pub(super) struct Attempt {
    limit: Duration,
    stage: AtomicU8,
    connected: Notify,
}

const POOLED: u8 = 0;
const CONNECTING: u8 = 1;
const CONNECTED: u8 = 2;

/// The connection took longer than its request allows.
#[derive(Debug, thiserror::Error)]
#[error("connecting took too long")]
pub(super) struct ConnectTimedOut;

impl Attempt {
    pub(super) fn new(limit: Duration) -> Arc<Attempt> {
        Arc::new(Attempt {
            limit,
            stage: AtomicU8::new(POOLED),
            connected: Notify::new(),
        })
    }

    /// Runs a request so that its connector finds this attempt.
    pub(super) fn cover<F: Future>(
        self: &Arc<Attempt>,
        request: F,
    ) -> impl Future<Output = F::Output> {
        ATTEMPT.scope(Arc::clone(self), request)
    }

    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// Whether a connection is being made right now.
    pub(super) fn is_connecting(&self) -> bool {
        self.stage.load(Ordering::Acquire) == CONNECTING
    }

    /// Whether the request went over a connection that an earlier one had left.
    pub(super) fn is_pooled(&self) -> bool {
        self.stage.load(Ordering::Acquire) == POOLED
    }

    /// Returns once the connection that was being made is there, or has failed.
    pub(super) async fn connected(&self) {
        self.connected.notified().await;
    }

    fn enter(&self, stage: u8) {
        self.stage.store(stage, Ordering::Release);
        if stage == CONNECTED {
            self.connected.notify_one();
        }
    }
}

/// Puts the limit around a client's connector.
#[derive(Clone, Copy, Debug)]
pub(super) struct ConnectLimit;

/// A connector that keeps its request's limit.
#[derive(Clone)]
pub(super) struct Limited<S>(S);

impl<S> Layer<S> for ConnectLimit {
    type Service = Limited<S>;

    fn layer(&self, connector: S) -> Limited<S> {
        Limited(connector)
    }
}

impl<S, T> Service<T> for Limited<S>
where
    S: Service<T, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, target: T) -> Self::Future {
        let connecting = self.0.call(target);
        let Ok(attempt) = ATTEMPT.try_with(Arc::clone) else {
            return Box::pin(connecting);
        };
        attempt.enter(CONNECTING);
        Box::pin(async move {
            let connected = tokio::time::timeout(attempt.limit, connecting).await;
            attempt.enter(CONNECTED);
            connected.unwrap_or_else(|_| Err(Box::new(ConnectTimedOut)))
        })
    }
}
