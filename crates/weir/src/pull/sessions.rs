//! What a next start has to know of a channel's sessions, should Weir be killed: which were begun, and which of them were stopped.

use engine::Session;

use crate::outbox::Outbox;

/// A session was begun: from now on it has to be stopped, whatever becomes of Weir.
pub(super) fn opened(outbox: &Outbox, session: Option<&Session>) {
    if let Some(session) = session
        && let Some(command_url) = &session.command_url
    {
        outbox.session_opened(ledger::Session {
            engine_host: session.engine.host.clone(),
            engine_port: session.engine.port,
            command_url: command_url.to_string(),
        });
    }
}

/// Where a session takes commands, if it takes any.
pub(super) fn command_url(session: Option<&Session>) -> Option<String> {
    Some(session?.command_url.as_ref()?.to_string())
}
