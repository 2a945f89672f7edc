//! Sessions that were begun on engines and are not known to have been stopped: what a next start has to see to.

use std::collections::VecDeque;

/// Sessions that are kept, the newest: as many channels as there may be, each with a second one for the length of a move.
pub const SESSIONS_MAX: usize = 2_000;

/// One session, by what it takes to stop it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Where its engine answers.
    pub engine_host: String,
    /// The engine's port.
    pub engine_port: u16,
    /// Where it takes commands; no other session has it.
    pub command_url: String,
}

/// The sessions that are open, oldest first.
///
/// Invariant: there are at most `SESSIONS_MAX`.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    command_urls: VecDeque<String>,
}

impl Sessions {
    /// Those that were kept. Their order is not known any more, and does not matter: a start closes them all.
    pub(crate) fn of<'a>(kept: impl Iterator<Item = &'a Session>) -> Self {
        let command_urls = kept.map(|it| it.command_url.clone()).collect();
        Self { command_urls }
    }

    /// Takes one in; returns the one for which there is no room any more.
    pub(crate) fn open(&mut self, command_url: &str) -> Option<String> {
        self.command_urls.retain(|it| it != command_url);
        self.command_urls.push_back(command_url.to_owned());
        if SESSIONS_MAX < self.command_urls.len() {
            self.command_urls.pop_front()
        } else {
            None
        }
    }

    /// Takes one out; returns whether it was there.
    pub(crate) fn close(&mut self, command_url: &str) -> bool {
        let before = self.command_urls.len();
        self.command_urls.retain(|it| it != command_url);
        self.command_urls.len() < before
    }
}
