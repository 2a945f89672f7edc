//! What a channel is told, and what it wants done: the whole of its dealings with the world.

use bytes::Bytes;

use crate::event::{EndReason, Event};
use crate::examine::Fit;
use crate::failure::{OpenFailure, Trouble};
use crate::numbering::Promise;
use crate::pulse::Measure;
use crate::queue::ItemId;
use crate::resource::{ResourceId, Wanted};
use crate::segment::Body;
use crate::snapshot::Snapshot;
use crate::source::{Intake, PullId, SourceKind, Where};

/// What a channel is told.
#[derive(Debug)]
pub enum Input {
    /// Somebody wants to watch.
    ViewerArrived,
    /// Nobody is there any more.
    LastViewerLeft,
    /// A source was opened.
    Opened {
        /// The pull it was opened for.
        pull: PullId,
        /// What kind of source it is.
        kind: SourceKind,
        /// How it gives its media.
        intake: Intake,
        /// The variant that was chosen, when the source offers several.
        variant: Option<hls::Variant>,
    },
    /// A source could not be opened.
    OpenFailed {
        /// The pull it was meant for.
        pull: PullId,
        /// Why.
        failure: OpenFailure,
    },
    /// The source's playlist; addresses in it are absolute.
    Polled {
        /// The pull that asked.
        pull: PullId,
        /// The list, or why there is none.
        result: Result<hls::Media, Trouble>,
    },
    /// The body of a continuous source has begun.
    BodyOpened {
        /// The pull that asked.
        pull: PullId,
    },
    /// The next bytes of it, cut anywhere.
    Received {
        /// The pull that they belong to.
        pull: PullId,
        /// The bytes, in order.
        chunks: Vec<Bytes>,
    },
    /// It has ended, or it broke off or could not be had, and why.
    BodyEnded {
        /// The pull that it belonged to.
        pull: PullId,
        /// Why, if it did not end by itself.
        end: Result<(), Trouble>,
    },
    /// A segment's bytes, examined.
    Fetched {
        /// The pull that asked.
        pull: PullId,
        /// Which one.
        item: ItemId,
        /// The media, or why there is none.
        result: Result<Fit, Trouble>,
    },
    /// A key's or an initialisation section's bytes.
    Loaded {
        /// The pull that asked.
        pull: PullId,
        /// Which one.
        resource: ResourceId,
        /// The bytes, or why there are none.
        result: Result<Body, Trouble>,
    },
    /// What came of asking an engine how the session is doing.
    Measured {
        /// The pull whose session it is.
        pull: PullId,
        /// What it said.
        measure: Measure,
        /// Whether another engine could carry the channel.
        elsewhere: bool,
    },
    /// The engine that carries the channel is to be left, while it still gives.
    MoveAway {
        /// Why; nothing if it may be stayed on after all.
        cause: Option<String>,
    },
    /// The source says of itself that it is broken or gone.
    Sick {
        /// The pull it belongs to.
        pull: PullId,
        /// What it says.
        cause: String,
    },
    /// A source was closed, or closing it took too long.
    Closed {
        /// The pull it belonged to.
        pull: PullId,
    },
    /// The moment that `deadline` named has come, or settings changed.
    Deadline,
    /// The channel is to end whoever watches.
    Stop {
        /// Why.
        reason: EndReason,
    },
}

/// What a channel wants done.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Open a source; answer with `Opened` or `OpenFailed`.
    Open {
        /// Names the pull in all that follows.
        pull: PullId,
        /// How it is to give its media, where it can be asked to give it in either way.
        intake: Intake,
        /// On which engine, where it is one's session.
        at: Where,
    },
    /// Open the source's body; answer with `BodyOpened`, then with `Received` as it comes and while
    /// `wants_more`, and at last with `BodyEnded`.
    Read {
        /// The pull it is for.
        pull: PullId,
    },
    /// Ask the engine how the session is doing; answer with `Measured`, or with `Sick`.
    Measure {
        /// The pull it is for.
        pull: PullId,
    },
    /// Get the playlist; answer with `Polled`.
    Poll {
        /// The pull it is for.
        pull: PullId,
    },
    /// Get a segment and examine it; answer with `Fetched`.
    Fetch {
        /// The pull it is for.
        pull: PullId,
        /// Which one.
        item: ItemId,
        /// What the source says of it.
        segment: Box<hls::Segment>,
    },
    /// Get a key or an initialisation section; answer with `Loaded`.
    Load {
        /// The pull it is for.
        pull: PullId,
        /// Which one.
        resource: ResourceId,
        /// What it is.
        wanted: Wanted,
    },
    /// Drop all requests of the pull and tell its source to stop; answer with `Closed`.
    Close {
        /// The pull to end.
        pull: PullId,
    },
    /// Wake viewers who follow the segment in the making: more of it has come.
    Wake,
    /// Show this to viewers.
    Publish(Box<Snapshot>),
    /// Keep, so that a next life begins behind these numbers.
    Remember(Promise),
    /// Say that this happened.
    Tell(Event),
    /// The channel is over: nothing is left of it outside.
    Finish,
}
