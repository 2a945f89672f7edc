//! The kinds of news there are: one table of words, categories and how much each matters.

/// What a kind of news is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// Channels and their streams.
    Stream,
    /// Engines.
    Engine,
    /// Viewers.
    Viewer,
    /// What operators set.
    Settings,
    /// Weir itself.
    System,
}

impl Category {
    /// All there are.
    pub const ALL: [Self; 5] = [
        Self::Stream,
        Self::Engine,
        Self::Viewer,
        Self::Settings,
        Self::System,
    ];

    /// The word for it in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Engine => "engine",
            Self::Viewer => "viewer",
            Self::Settings => "settings",
            Self::System => "system",
        }
    }
}

/// How much something matters to an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Weir deals with it, and it may be seen.
    Warning,
    /// Viewers suffer, or an operator has to act.
    Error,
}

impl Severity {
    /// The word for it in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Lists the kinds once, so that none can be left out of [`Kind::ALL`] or be without a word.
macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident => $word:literal, $category:ident, $severity:ident;)*) => {
        /// What happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind {
            $($(#[$doc])* $name,)*
        }

        impl Kind {
            /// All there are.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The word for it in answers.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }

            /// What it is about.
            pub fn category(self) -> Category {
                match self {
                    $(Self::$name => Category::$category,)*
                }
            }

            /// How much it matters.
            pub fn severity(self) -> Severity {
                match self {
                    $(Self::$name => Severity::$severity,)*
                }
            }
        }
    };
}

kinds! {
    /// A channel's first source was opened.
    StreamStarted => "stream_started", Stream, Info;
    /// A channel's life is over.
    StreamEnded => "stream_ended", Stream, Info;
    /// A channel could not be started, or could not go on.
    StreamFailed => "stream_failed", Stream, Error;
    /// Enough is held for viewers to start.
    StreamLive => "stream_live", Stream, Info;
    /// A source was given up.
    SourceLost => "source_lost", Stream, Warning;
    /// Another source has taken the place of one that was lost.
    SourceReplaced => "source_replaced", Stream, Info;
    /// Something is wrong with what a source sends.
    SourceFlawed => "source_flawed", Stream, Warning;
    /// A source began its numbers or its clock again.
    SourceRestarted => "source_restarted", Stream, Info;
    /// Segments could not be had.
    SegmentsLost => "segments_lost", Stream, Warning;
    /// Viewers are shown a clip in the place of media.
    SlateShown => "slate_shown", Stream, Warning;
    /// Media follows on the clips.
    SlateLeft => "slate_left", Stream, Info;
    /// A source shows old media again and again; its channel is refused for a while.
    LoopDetected => "loop_detected", Stream, Warning;
    /// A channel that was refused for that may be started again.
    LoopCleared => "loop_cleared", Stream, Info;
    /// An engine was added, or learnt from another proxy.
    EngineAdded => "engine_added", Engine, Info;
    /// An engine was removed.
    EngineRemoved => "engine_removed", Engine, Info;
    /// An engine gives its channels up, or does so no more.
    EngineDraining => "engine_draining", Engine, Info;
    /// An engine answers again.
    EngineHealthy => "engine_healthy", Engine, Info;
    /// An engine does not answer.
    EngineUnhealthy => "engine_unhealthy", Engine, Warning;
    /// Every engine carries as many channels as it may, and somebody wants one more.
    EnginesFull => "engines_full", Engine, Warning;
    /// Another proxy says that a stream has started.
    ReportedStarted => "reported_stream_started", Stream, Info;
    /// Another proxy says that a stream has ended.
    ReportedEnded => "reported_stream_ended", Stream, Info;
    /// Somebody began to watch.
    ViewerJoined => "viewer_joined", Viewer, Info;
    /// Somebody watches no more.
    ViewerLeft => "viewer_left", Viewer, Info;
    /// An operator changed settings.
    SettingsChanged => "settings_changed", Settings, Info;
    /// The orchestrator does not take events; they wait.
    EventsHeldBack => "events_held_back", System, Warning;
    /// The orchestrator takes events again.
    EventsResumed => "events_resumed", System, Info;
    /// The orchestrator will never take an event.
    EventGivenUp => "event_given_up", System, Error;
    /// An operator added, changed or removed a webhook.
    WebhooksChanged => "webhooks_changed", Settings, Info;
    /// A webhook does not take news; it waits.
    WebhookHeldBack => "webhook_held_back", System, Warning;
    /// A webhook takes news again.
    WebhookResumed => "webhook_resumed", System, Info;
    /// A webhook will never be sent something.
    WebhookGivenUp => "webhook_given_up", System, Error;
    /// Sent to a webhook that an operator tries; never listed.
    WebhookTested => "webhook_test", System, Info;
    /// The data folder cannot be written.
    DiskFailing => "disk_failing", System, Error;
    /// The data folder is written again.
    DiskRecovered => "disk_recovered", System, Info;
    /// Some of what happened will never be on the disk.
    RecordsLost => "records_lost", System, Warning;
    /// Weir serves.
    WeirStarted => "weir_started", System, Info;
    /// Weir was told to stop.
    WeirStopping => "weir_stopping", System, Info;
    /// Weir has stopped in order.
    WeirStopped => "weir_stopped", System, Info;
    /// The life before did not end in order; said by the next one.
    WeirCrashed => "weir_crashed", System, Warning;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_has_a_word_of_its_own() {
        let words: BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(words.len(), Kind::ALL.len());
    }
}
